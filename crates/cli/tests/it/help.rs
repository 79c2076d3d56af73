//! What `--help` says, and how wrong usage ends.

use crate::program::Home;

#[test]
fn the_help_of_every_command_is_as_committed() {
    let home = Home::new();
    for words in [
        "",
        "serve",
        "ask",
        "chat",
        "explain",
        "analyse",
        "run",
        "judge",
        "teach",
        "index",
        "index humaneval",
        "users",
        "users create",
        "users list",
        "users role",
        "users reset-password",
        "users token",
        "replay",
        "models",
        "models list",
        "models pull",
        "models import",
        "models adapter",
        "models quantise",
        "models remove",
        "models prepare",
        "models ps",
        "models load",
        "models unload",
        "models pin",
        "models unpin",
        "sandbox",
        "sandbox prepare",
        "config",
        "doctor",
        "openapi",
    ] {
        let args: Vec<&str> = words.split_whitespace().chain(["--help"]).collect();
        let ran = home.run(&args).done();
        assert_eq!(ran.err, "", "{words}");
        let name = if words.is_empty() {
            "codegenie".to_owned()
        } else {
            words.replace(' ', "-")
        };
        insta::assert_snapshot!(name, ran.out);
    }
}

#[test]
fn wrong_usage_ends_with_2_and_touches_nothing() {
    let home = Home::new();
    for args in [
        &[][..],
        &["sing"],
        &["ask"],
        &["serve", "--port", "1"],
        &["users", "role", "--email", "a@b.org"],
    ] {
        let ran = home.run(args).refused_as_usage();
        assert!(ran.err.contains("Usage: codegenie"), "{ran:?}");
    }
    assert!(!home.data().exists());
}

#[test]
fn the_version_is_told() {
    assert!(
        Home::new()
            .run(&["--version"])
            .done()
            .out
            .starts_with("codegenie 0.")
    );
}
