//! The encoder of the product's own engine, with a file that keeps its vectors between runs, and the arguments that name both.

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Context, Result};
use async_trait::async_trait;
use domain::embedding::{EmbedError, Embedder, Encoded};
use inference::{EmbedderConfig, EmbedderLimits, SupervisedEmbedder, find_or_prepare_model};

/// What the command line names.
#[derive(Debug, Default)]
pub(crate) struct Arguments {
    /// `--engine`: the program of which `engine` is a subcommand.
    engine: PathBuf,
    /// `--models`: the folder of the encoder's file.
    models: PathBuf,
    /// `--cache`: where vectors are kept between runs.
    cache: Option<PathBuf>,
    /// `--humaneval`: a file to import beside the library.
    pub(crate) humaneval: Option<PathBuf>,
    /// `--questions`: the file to be measured with.
    pub(crate) questions: Option<PathBuf>,
    /// `--write`: replace the numbers in the source.
    pub(crate) write: bool,
}

impl Arguments {
    pub(crate) fn read() -> Result<Self> {
        let mut read = Self::default();
        let mut arguments = std::env::args().skip(1);
        while let Some(name) = arguments.next() {
            if name == "--write" {
                read.write = true;
                continue;
            }
            let value = arguments.next().map(PathBuf::from);
            let value = value.with_context(|| format!("{name} needs a value"))?;
            match name.as_str() {
                "--engine" => read.engine = value,
                "--models" => read.models = value,
                "--cache" => read.cache = Some(value),
                "--humaneval" => read.humaneval = Some(value),
                "--questions" => read.questions = Some(value),
                _ => anyhow::bail!("{name} is no option; see the top of the example"),
            }
        }
        Ok(read)
    }

    /// The engine, not yet started.
    pub(crate) fn engine(&self) -> Result<SupervisedEmbedder> {
        let model = find_or_prepare_model(&self.models)
            .with_context(|| format!("the encoder in {}", self.models.display()))?;
        Ok(SupervisedEmbedder::new(EmbedderConfig {
            program: self.engine.clone(),
            args: vec!["engine".into()],
            model,
            threads: NonZeroUsize::MIN,
            limits: EmbedderLimits::default(),
        })?)
    }

    pub(crate) fn cached(&self) -> Result<CachedEncoder> {
        CachedEncoder::open(self.engine()?, self.cache.as_deref())
    }
}

/// The engine, asked only for texts it has not been asked for before.
pub(crate) struct CachedEncoder {
    engine: SupervisedEmbedder,
    vectors: Mutex<HashMap<String, Vec<f32>>>,
    file: Option<PathBuf>,
}

impl CachedEncoder {
    fn open(engine: SupervisedEmbedder, file: Option<&Path>) -> Result<Self> {
        let mut vectors = HashMap::new();
        if let Some(file) = file.filter(|file| file.exists()) {
            let bytes = std::fs::read(file)?;
            let kept: (String, HashMap<String, Vec<f32>>) = serde_json::from_slice(&bytes)
                .with_context(|| format!("{} holds no vectors", file.display()))?;
            if kept.0 == engine.encoder() {
                vectors = kept.1;
            }
        }
        Ok(Self {
            engine,
            vectors: Mutex::new(vectors),
            file: file.map(Path::to_owned),
        })
    }

    /// Keeps the vectors for the next run.
    pub(crate) fn save(&self) -> Result<()> {
        if let Some(file) = &self.file {
            let kept = (self.engine.encoder(), &*self.held());
            std::fs::write(file, serde_json::to_vec(&kept)?)?;
        }
        Ok(())
    }

    fn held(&self) -> MutexGuard<'_, HashMap<String, Vec<f32>>> {
        self.vectors.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Embedder for CachedEncoder {
    fn encoder(&self) -> &str {
        self.engine.encoder()
    }

    async fn encode(&self, texts: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        let missing: Vec<String> = {
            let held = self.held();
            let missing = texts.iter().filter(|text| !held.contains_key(*text));
            missing.cloned().collect()
        };
        for chunk in missing.chunks(16) {
            let made = self.engine.embed(chunk).await?;
            self.held().extend(chunk.iter().cloned().zip(made));
        }
        let held = self.held();
        Ok(texts
            .iter()
            .filter_map(|text| held.get(text).cloned())
            .map(|vector| Encoded { vector, tokens: 0 })
            .collect())
    }
}

/// For what must do without.
pub(crate) struct NoEncoder;

#[async_trait]
impl Embedder for NoEncoder {
    fn encoder(&self) -> &'static str {
        "none"
    }

    async fn encode(&self, _: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        Err(EmbedError::Missing("left out on purpose".into()))
    }
}
