//! Makes sure that there is a web app to embed: until `make web` has built the real one, a page that says so.

use std::path::Path;
use std::{fs, io};

const PLACEHOLDER: &str = r#"<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="generator" content="CodeGenie placeholder">
    <title>CodeGenie</title>
    <style>
      body { font: 1rem/1.6 system-ui, sans-serif; max-width: 38rem; margin: 15vh auto; padding: 0 1rem; }
      code { background: #8883; padding: 0.1em 0.3em; border-radius: 0.2em; }
    </style>
  </head>
  <body>
    <h1>CodeGenie is running</h1>
    <p>The web app has not been built yet. Run <code>make web</code> in the source folder, then start the server again.</p>
    <p>The REST API and the command line work without it: see <a href="/openapi.json">the API description</a>.</p>
  </body>
</html>
"#;

fn main() -> io::Result<()> {
    let folder = Path::new("../../web/build");
    let page = folder.join("index.html");
    if !page.exists() {
        fs::create_dir_all(folder)?;
        fs::write(&page, PLACEHOLDER)?;
    }
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-changed={}", folder.display());
    Ok(())
}
