//! The encoder against its published reference, and the supervisor against processes that die, hang or cannot start.
//! They run the real engine on the real model; without the model they fail and say how to get it.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot set up its case fails"
)]

mod catalogue;
mod convert;
mod damage;
mod engine;
mod golden;
mod hub;
mod local_writer;
mod published;
mod supervision;
mod tiny;
mod writing;

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use inference::{EmbedderConfig, EmbedderLimits, SupervisedEmbedder, find_or_prepare_model};

/// The engine that these tests start.
const ENGINE: &str = env!("CARGO_BIN_EXE_engine");
/// Nothing here takes this long unless it hangs.
const PATIENCE: Duration = Duration::from_mins(1);

/// The encoder's GGUF file.
fn model() -> PathBuf {
    #[expect(
        clippy::disallowed_methods,
        reason = "only the caller knows where the models of a test run are"
    )]
    let folder = std::env::var("CODEGENIE_MODELS_DIR").map_or_else(
        |_| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../models"),
        PathBuf::from,
    );
    find_or_prepare_model(&folder).unwrap_or_else(|error| {
        panic!(
            "these tests need the embedding model ({error}): run `scripts/fetch-embedding-model.sh models` in the \
             repository's root, or set CODEGENIE_MODELS_DIR to a folder that has it"
        )
    })
}

fn config(model: &Path) -> EmbedderConfig {
    EmbedderConfig {
        program: ENGINE.into(),
        args: Vec::new(),
        model: model.to_owned(),
        threads: NonZeroUsize::MIN,
        limits: EmbedderLimits::default(),
    }
}

fn embedder() -> SupervisedEmbedder {
    SupervisedEmbedder::new(config(&model())).unwrap()
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// For unit vectors.
fn cosine(left: &[f32], right: &[f32]) -> f64 {
    assert_eq!(left.len(), right.len());
    left.iter()
        .zip(right)
        .map(|(left, right)| f64::from(*left) * f64::from(*right))
        .sum()
}

fn send_signal(signal: &str, pid: u32) {
    assert!(
        Command::new("kill")
            .args([signal, &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

/// Gives other tasks their turn until `is_done` says so.
async fn wait_until(is_done: impl Fn() -> bool) {
    let begin = Instant::now();
    while !is_done() {
        assert!(begin.elapsed() < PATIENCE, "waited in vain");
        tokio::task::yield_now().await;
    }
}
