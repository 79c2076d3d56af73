//! Makes the folder of the guests' images, so that the crate builds before they are made.
//!
//! The images are made by `make guests`; without them the WebAssembly tier says that they are missing.

use std::path::Path;

fn main() -> std::io::Result<()> {
    let built = Path::new(env!("CARGO_MANIFEST_DIR")).join("guests/built");
    std::fs::create_dir_all(&built)?;
    println!("cargo:rerun-if-changed={}", built.display());
    Ok(())
}
