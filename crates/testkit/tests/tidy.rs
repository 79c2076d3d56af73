//! Keeps the tree as ARCHITECTURE.md and STYLE.md describe it.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

/// The only dependencies between our crates; development dependencies are free.
const EDGES: [(&str, &[&str]); 13] = [
    ("domain", &[]),
    ("app", &["domain"]),
    ("store", &["domain"]),
    ("retrieval", &["domain"]),
    ("inference", &["domain", "kernels"]),
    ("kernels", &[]),
    ("analysis", &["domain"]),
    ("sandbox", &["domain"]),
    ("api", &["app", "domain"]),
    (
        "cli",
        &[
            "analysis",
            "api",
            "app",
            "domain",
            "inference",
            "retrieval",
            "sandbox",
            "store",
        ],
    ),
    (
        "testkit",
        &[
            "api",
            "app",
            "analysis",
            "domain",
            "inference",
            "retrieval",
            "sandbox",
            "store",
            "testmodels",
        ],
    ),
    ("testmodels", &["inference"]),
    (
        "xtask",
        &[
            "analysis",
            "app",
            "domain",
            "inference",
            "retrieval",
            "sandbox",
            "store",
            "testkit",
            "testmodels",
        ],
    ),
];

/// Lines a source file may have before its tests.
const FILE_LINES_MAX: usize = 500;

/// Bytes a committed file may have.
const FILE_BYTES_MAX: u64 = 400 * 1024;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../..")
        .canonicalize()
        .unwrap()
}

fn output(command: &mut Command) -> String {
    let output = command.current_dir(root()).output().unwrap();
    assert!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}

fn tracked_files() -> Vec<String> {
    output(Command::new("git").args(["ls-files"]))
        .lines()
        .map(str::to_owned)
        .collect()
}

fn extension(path: &str) -> &str {
    path.rsplit_once('.').map_or("", |(_, extension)| extension)
}

fn read(path: &str) -> String {
    std::fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn crates_depend_on_each_other_only_as_drawn() {
    let metadata = output(Command::new(env!("CARGO")).args([
        "metadata",
        "--no-deps",
        "--format-version",
        "1",
    ]));
    let metadata: serde_json::Value = serde_json::from_str(&metadata).unwrap();
    let allowed: BTreeMap<&str, BTreeSet<&str>> = EDGES
        .iter()
        .map(|(name, edges)| (*name, edges.iter().copied().collect()))
        .collect();
    for package in metadata["packages"].as_array().unwrap() {
        let name = package["name"].as_str().unwrap();
        let edges = allowed
            .get(name)
            .unwrap_or_else(|| panic!("crate `{name}` is not drawn in ARCHITECTURE.md and here"));
        for dependency in package["dependencies"].as_array().unwrap() {
            let target = dependency["name"].as_str().unwrap();
            let is_ours =
                dependency["path"].is_string() && dependency["kind"].as_str() != Some("dev");
            assert!(
                !is_ours || edges.contains(target),
                "`{name}` may not depend on `{target}`"
            );
        }
    }
}

#[test]
fn the_map_names_every_crate_and_every_path_it_names_exists() {
    let map = read("ARCHITECTURE.md");
    for (name, _) in EDGES {
        assert!(
            map.contains(&format!("\n{name} ")),
            "ARCHITECTURE.md does not draw `{name}`"
        );
    }
    for path in map.split('`').skip(1).step_by(2) {
        let is_path =
            path.contains('/') && !path.starts_with('/') && !path.contains(['<', ' ', ':', '*']);
        assert!(
            !is_path || root().join(path).exists() || path == "models/",
            "ARCHITECTURE.md names `{path}`, which does not exist"
        );
    }
}

#[test]
fn source_files_stay_small() {
    let is_source = |path: &String| match extension(path) {
        "rs" => path.contains("/src/"),
        extension => ["svelte", "ts"].contains(&extension),
    };
    let generated = ["web/src/lib/api/schema.ts"];
    let too_long: Vec<String> = tracked_files()
        .into_iter()
        .filter(|path| {
            is_source(path) && !generated.contains(&path.as_str()) && root().join(path).exists()
        })
        .filter_map(|path| {
            let text = read(&path);
            let lines = text
                .split("#[cfg(test)]\nmod tests")
                .next()
                .unwrap_or_default()
                .lines()
                .count();
            (lines > FILE_LINES_MAX).then(|| format!("{path}: {lines}"))
        })
        .collect();
    assert!(
        too_long.is_empty(),
        "longer than {FILE_LINES_MAX} lines: {too_long:#?}"
    );
}

#[test]
fn no_large_file_is_committed() {
    let large: Vec<String> = tracked_files()
        .into_iter()
        .filter(|path| path != "Cargo.lock")
        .filter(|path| {
            std::fs::metadata(root().join(path)).is_ok_and(|file| file.len() > FILE_BYTES_MAX)
        })
        .collect();
    assert!(
        large.is_empty(),
        "larger than {FILE_BYTES_MAX} bytes: {large:#?}"
    );
}

#[test]
fn rust_files_say_what_they_hold() {
    let silent: Vec<String> = tracked_files()
        .into_iter()
        .filter(|path| {
            extension(path) == "rs" && !path.contains("/samples/") && root().join(path).exists()
        })
        .filter(|path| !read(path).trim_start().starts_with("//!"))
        .collect();
    assert!(
        silent.is_empty(),
        "without a first line of //!: {silent:#?}"
    );
}

#[test]
fn every_decision_is_in_the_list() {
    let list = read("docs/adr/README.md");
    for path in tracked_files() {
        let Some(name) = path
            .strip_prefix("docs/adr/")
            .filter(|name| *name != "README.md")
        else {
            continue;
        };
        assert!(
            list.contains(name),
            "docs/adr/README.md does not list {name}"
        );
    }
}
