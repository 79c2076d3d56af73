//! Looking after language models from the command line.

use serde_json::Value;

use crate::program::Home;

/// A model of a few thousand random weights.
fn write_model(home: &Home) -> String {
    let path = home.path().join("tiny.gguf");
    let family = testmodels::Family::DeepseekCoder;
    testmodels::write_random(family, testmodels::Size::Tiny, 1, &path).unwrap();
    path.to_str().unwrap().to_owned()
}

#[test]
fn a_model_is_imported_shrunk_listed_and_removed() {
    let home = Home::new();
    let empty = home.run(&["models", "list"]).done();
    assert!(empty.out.contains("codegenie models pull"), "{empty:?}");
    let file = write_model(&home);
    let import = ["models", "import", &file, "--name", "own"];
    let imported = home.run(&import).done();
    assert!(
        imported.out.starts_with("imported `own`: llama F32"),
        "{imported:?}"
    );
    let again = home.run(&import).failed();
    assert!(
        again.err.contains("there is a model `own` already"),
        "{again:?}"
    );

    let shrunk = home
        .run(&["models", "quantise", "own", "--kind", "Q8_0", "--json"])
        .done();
    let shrunk: Value = serde_json::from_str(&shrunk.out).unwrap();
    assert_eq!(shrunk["model"]["name"], "own.q8_0");
    assert!(shrunk["size_after_bytes"].as_u64() < shrunk["size_before_bytes"].as_u64());
    assert_eq!(shrunk["perplexity_before"], Value::Null);

    let listed = home.run(&["models", "list", "--json"]).done();
    let listed: Value = serde_json::from_str(&listed.out).unwrap();
    let names: Vec<_> = listed
        .as_array()
        .unwrap()
        .iter()
        .map(|model| &model["name"])
        .collect();
    assert_eq!(names, ["own", "own.q8_0"]);
    let table = home.run(&["models", "list"]).done();
    assert!(table.out.contains("own.q8_0"), "{table:?}");

    home.run(&["models", "remove", "own"]).done();
    let twice = home.run(&["models", "remove", "own"]).failed();
    assert!(twice.err.contains("there is no model `own`"), "{twice:?}");
}

#[test]
fn a_published_folder_is_imported_with_its_adapter() {
    let home = Home::new();
    let family = testmodels::Family::Mistral;
    let [folder, adapter] = ["published", "style"].map(|name| home.path().join(name));
    std::fs::create_dir(&folder).unwrap();
    std::fs::create_dir(&adapter).unwrap();
    testmodels::write_published(family, 1, &folder).unwrap();
    testmodels::write_published_adapter(family, 4, 1, &adapter).unwrap();
    let misplaced = home
        .run(&["models", "import", "style", "--name", "own"])
        .failed();
    assert!(
        misplaced.err.contains("`codegenie models adapter`"),
        "{misplaced:?}"
    );
    let imported = home
        .run(&["models", "import", "published", "--name", "own"])
        .done();
    assert!(
        imported.out.starts_with("imported `own`: llama F32"),
        "{imported:?}"
    );
    let add = [
        "models", "adapter", "style", "--model", "own", "--name", "house",
    ];
    for _ in 0..2 {
        let added = home.run(&add).done();
        assert_eq!(added.out, "the model `own` has the adapter `house`\n");
    }
    let listed = home.run(&["models", "list", "--json"]).done().json();
    assert_eq!(listed[0]["adapters"], serde_json::json!(["house"]));
}

#[test]
fn what_cannot_be_done_fails_with_a_sentence() {
    let home = Home::new();
    let broken = home.write("broken.gguf", b"GGUF");
    let broken = broken.to_str().unwrap();
    let refused = home
        .run(&["models", "import", broken, "--name", "own"])
        .failed();
    assert!(
        refused.err.contains("not a usable GGUF file"),
        "{refused:?}"
    );
    let unknown = home.run(&["models", "quantise", "own"]).failed();
    assert!(
        unknown.err.contains("there is no model `own`"),
        "{unknown:?}"
    );
    let mut offline = home.command(&["models", "pull", "phi-2"]);
    let offline = crate::program::finish(
        offline
            .env("CODEGENIE_OFFLINE", "yes")
            .stdin(std::process::Stdio::piped()),
        "",
    );
    let offline = offline.failed();
    assert!(
        offline.err.contains("this instance is offline"),
        "{offline:?}"
    );
    home.run(&["models", "import", broken]).refused_as_usage();
    home.run(&["models", "pull", "phi-2", "--name", "../x"])
        .refused_as_usage();
}
