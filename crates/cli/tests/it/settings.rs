//! Settings, the data folder, `config`, `doctor`, `models` and `openapi`.

use std::os::unix::fs::PermissionsExt as _;

use crate::program::{Home, Server, finish};

#[test]
fn the_settings_that_hold_are_shown_without_secrets() {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(
        home.data().join("codegenie.toml"),
        "listen = \"127.0.0.1:7000\"\nregistration = \"closed\"\n",
    )
    .unwrap();
    let mut command = home.command(&["config"]);
    command.env("DATABASE_URL", "postgres://ada:s3cret@db.example.org/genie");
    let ran = finish(command.stdin(std::process::Stdio::piped()), "").done();
    assert!(
        ran.out.contains("127.0.0.1:7000 (codegenie.toml listen)"),
        "{ran:?}"
    );
    assert!(
        ran.out.contains("closed (codegenie.toml registration)"),
        "{ran:?}"
    );
    assert!(
        ran.out
            .contains("postgres://ada:…@db.example.org/genie (environment DATABASE_URL)"),
        "{ran:?}"
    );
    assert!(!ran.out.contains("s3cret"), "{ran:?}");
    assert_eq!(
        home.run(&["config", "--json"]).done().json()["listen"]["value"],
        "127.0.0.1:7000"
    );
}

#[test]
fn a_misspelt_setting_is_refused_with_its_line() {
    let home = Home::new();
    std::fs::create_dir_all(home.data()).unwrap();
    std::fs::write(
        home.data().join("codegenie.toml"),
        "# mine\nlissten = \"127.0.0.1:7000\"\n",
    )
    .unwrap();
    let ran = home.run(&["serve"]).failed();
    assert!(
        ran.err
            .contains("codegenie.toml: line 2: `lissten` is not a setting"),
        "{ran:?}"
    );
}

#[test]
fn the_data_folder_belongs_to_its_owner_and_an_open_key_is_refused() {
    let home = Home::new();
    let server = Server::start(&home);
    let mode = |name: &str| {
        std::fs::metadata(home.data().join(name))
            .unwrap()
            .permissions()
            .mode()
            & 0o777
    };
    assert_eq!(
        (mode(""), mode("token.key"), mode("codegenie.db")),
        (0o700, 0o600, 0o600)
    );
    server.kill();
    std::fs::set_permissions(
        home.data().join("token.key"),
        std::fs::Permissions::from_mode(0o640),
    )
    .unwrap();
    let ran = home.run(&["serve", "--listen", "127.0.0.1:0"]).failed();
    assert!(ran.err.contains("can be read by others"), "{ran:?}");
}

#[test]
fn the_doctor_says_what_is_missing_and_changes_nothing() {
    let home = Home::new();
    let ran = home.run(&["doctor"]);
    assert_eq!(ran.code, 1, "{ran:?}");
    assert!(
        ran.out.contains("missing  data folder") && ran.out.contains("missing  embedding model"),
        "{ran:?}"
    );
    assert!(!home.data().exists());

    home.create_user("admin", "ada").done();
    home.run(&["ask", "hello"]).done();
    let found = home.run(&["doctor", "--json"]).json();
    let ok = |name: &str| {
        found
            .as_array()
            .unwrap()
            .iter()
            .any(|row| row["name"] == name && row["ok"] == true)
    };
    for name in ["data folder", "database", "administrator", "library"] {
        assert!(ok(name), "{name}: {found}");
    }
    assert!(!ok("embedding model"), "{found}");
}

#[test]
fn preparing_models_needs_the_fetched_files() {
    let ran = Home::new().run(&["models", "prepare"]).failed();
    assert!(ran.err.contains("no embedding model"), "{ran:?}");
}

#[test]
fn the_openapi_document_is_printed() {
    let home = Home::new();
    let document = home.run(&["openapi"]).done().json();
    assert_eq!(document["openapi"], "3.1.0");
    assert!(document["paths"]["/api/v1/ask"].is_object());
    assert!(!home.data().exists());
}
