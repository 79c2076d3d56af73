//! The models that are measured, made when they are not there yet, and the writers over them: one with memory for a single large
//! model, one with memory for a single tiny one.

use std::ffi::OsString;
use std::num::{NonZeroU32, NonZeroUsize};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use domain::models::catalogue::{ModelCatalogue, Progress, ProgressSink};
use domain::models::residence::Residence as _;
use domain::models::{AdapterName, ModelName};
use domain::time::{Clock, Timestamp};
use inference::engine::GpuLayers;
use inference::gguf;
use inference::{
    CatalogueConfig, EngineCommand, FolderCatalogue, HubConfig, LocalWriter, LocalWriterConfig,
    WriterLimits,
};
use serde_json::{Value, json};
use testmodels::{Family, Size, Weights, write_adapter, write_copy_model, write_random};

use super::asked::Texts;
use super::soak::Small;
use super::wide::widen;
use super::{Rig, copying};
use crate::bench::corpus::Corpus;
use crate::bench::report::Row;
use crate::bench::{Bench, say};

/// The large model, stored as models are when nothing else is asked for, and its twin. The first has adapters.
const LARGE: &str = "bench-large.q4_k_m";
const TWIN: &str = "bench-twin.q4_k_m";
const KIND: &str = "Q4_K_M";
/// What the large model is made from; it is removed then.
const ORIGINAL: &str = "bench-original";
const ADAPTERS: [&str; 2] = ["one", "two"];
const RANK: u32 = 16;
/// The copying model in a large shape.
const COPYING: &str = "bench-copying";
/// A family for each tiny model.
const TINY: [(&str, Family); 4] = [
    ("bench-tiny-a", Family::DeepseekCoder),
    ("bench-tiny-b", Family::Gemma),
    ("bench-tiny-c", Family::Phi3),
    ("bench-tiny-d", Family::Mistral),
];

/// Memory in which the large model has room, and its twin has none beside it.
const BUDGET_LARGE: u64 = 3 << 30;
const CONTEXT_LARGE: NonZeroU32 = NonZeroU32::new(2048).expect("BUG: it is not nought");
const PARALLEL: NonZeroU32 = NonZeroU32::new(8).expect("BUG: it is not nought");
const CONTEXT_TINY: NonZeroU32 = NonZeroU32::new(256).expect("BUG: it is not nought");
/// What room a tiny model has; two of them have none.
const TINY_SHARE: u64 = 3;

/// Models in a folder that is kept from run to run.
pub(super) struct Made {
    catalogue: Arc<FolderCatalogue>,
    corpus: Corpus,
}

impl Made {
    /// Makes what is missing.
    pub(super) fn prepare(bench: &Bench) -> anyhow::Result<Self> {
        let config = CatalogueConfig {
            models_dir: bench.made_models.clone(),
            hub: HubConfig::default(),
            engine: EngineCommand {
                program: bench.binary.clone(),
                args: vec![OsString::from("engine")],
                threads: NonZeroUsize::MIN,
            },
        };
        let made = Self {
            catalogue: Arc::new(FolderCatalogue::new(config, Arc::new(WallClock))),
            corpus: Corpus::read(&bench.repository)?,
        };
        bench.runtime.block_on(made.make_missing(&bench.work))?;
        Ok(made)
    }

    async fn make_missing(&self, work: &Path) -> anyhow::Result<()> {
        let there = self.catalogue.list_models().await?;
        let is_there = |name: &str| there.iter().any(|model| model.name.as_str() == name);
        let file = work.join("made.gguf");
        let adapters = there
            .iter()
            .find(|model| model.name.as_str() == LARGE)
            .map_or(&[][..], |model| &model.adapters);
        if !is_there(LARGE) || !is_there(TWIN) || adapters.len() < ADAPTERS.len() {
            let size = Size::Real(Weights::F16);
            write_random(Family::DeepseekCoder, size, 1, &file)?;
            self.import(&file, ORIGINAL).await?;
            for name in [LARGE, TWIN].into_iter().filter(|name| !is_there(name)) {
                self.quantise(name).await?;
            }
            self.catalogue.remove(&ORIGINAL.parse()?).await?;
            let is_added = |name: &str| adapters.iter().any(|there| there.as_str() == name);
            for (seed, name) in (10..).zip(ADAPTERS).filter(|(_, name)| !is_added(name)) {
                let adapter = work.join("adapter.gguf");
                write_adapter(&file, RANK, seed, &adapter)?;
                let (model, name) = (LARGE.parse()?, name.parse()?);
                self.catalogue.import_adapter(adapter, &model, name).await?;
            }
        }
        if !is_there(COPYING) {
            let small = work.join("small.gguf");
            write_copy_model(&small)?;
            widen(&small, &file)?;
            self.import(&file, COPYING).await?;
        }
        for (seed, (name, family)) in (20..).zip(TINY) {
            if !is_there(name) {
                write_random(family, Size::Tiny, seed, &file)?;
                self.import(&file, name).await?;
            }
        }
        Ok(())
    }

    async fn import(&self, file: &Path, name: &str) -> anyhow::Result<()> {
        say(&format!("  {name}"));
        let name = name.parse()?;
        self.catalogue
            .import(file.to_owned(), name, &Unheard)
            .await?;
        Ok(())
    }

    async fn quantise(&self, name: &str) -> anyhow::Result<()> {
        say(&format!("  {name}"));
        let (original, name) = (ORIGINAL.parse()?, name.parse()?);
        self.catalogue
            .quantise(&original, KIND, name, None, &Unheard)
            .await?;
        Ok(())
    }

    /// A writer with memory for one large model, which is loaded.
    pub(super) fn open_large(&self, bench: &Bench) -> anyhow::Result<Rig> {
        let model: ModelName = LARGE.parse()?;
        let threads = std::thread::available_parallelism()?;
        let config = config(bench, BUDGET_LARGE, CONTEXT_LARGE, threads);
        bench.runtime.block_on(async {
            let files = self.catalogue.find_files(&model).await?;
            let rig = Rig {
                writer: Arc::new(self.writer(config)),
                twin: TWIN.parse()?,
                adapters: ADAPTERS
                    .iter()
                    .map(|name| name.parse::<AdapterName>())
                    .collect::<Result<_, _>>()?,
                shape: format!("1.3B (deepseek-coder), {KIND}, random weights"),
                file: files.weights,
                threads: threads.get(),
                texts: Texts::new(self.corpus.prose().to_vec()),
                model,
            };
            rig.writer.load(&rig.model).await?;
            Ok(rig)
        })
    }

    /// An answer that repeats its source.
    pub(super) fn measure_copying(&self, bench: &Bench) -> anyhow::Result<Vec<Row>> {
        let threads = std::thread::available_parallelism()?;
        let config = config(bench, BUDGET_LARGE, CONTEXT_LARGE, threads);
        let model = COPYING.parse()?;
        bench.runtime.block_on(async {
            let writer = Arc::new(self.writer(config));
            let rows = copying::measure(writer.clone(), &model).await;
            writer.close().await;
            rows
        })
    }

    /// A writer with memory for one of the tiny models.
    pub(super) fn open_small(&self, bench: &Bench) -> anyhow::Result<Small> {
        let models = TINY
            .iter()
            .map(|(name, _)| name.parse())
            .collect::<Result<Vec<ModelName>, _>>()?;
        let one = NonZeroUsize::MIN;
        bench.runtime.block_on(async {
            let mut needed = 0;
            for model in &models {
                // What each takes is known when it has been loaded.
                let config = config(bench, BUDGET_LARGE, CONTEXT_TINY, one);
                let writer = self.writer(config);
                writer.load(model).await?;
                needed = writer.ledger().await.used_bytes.max(needed);
                writer.close().await;
            }
            let budget = needed * TINY_SHARE / 2;
            let mut config = config(bench, budget, CONTEXT_TINY, one);
            // So that models take turns often.
            config.limits.wait = Duration::from_millis(20);
            Ok(Small {
                writer: Arc::new(self.writer(config)),
                models: models.into(),
            })
        })
    }

    fn writer(&self, config: LocalWriterConfig) -> LocalWriter {
        LocalWriter::new(config, self.catalogue.clone(), Arc::new(WallClock))
    }

    /// The shape of the large model in the words of transformers.
    pub(super) fn transformers_shape(file: &Path) -> anyhow::Result<Value> {
        let header = gguf::read_header(file)?;
        let number = |name: &str| {
            let found = header.find_u32(&format!("llama.{name}"));
            found.with_context(|| format!("the model has no {name}"))
        };
        let tokens = header
            .tensors
            .iter()
            .find(|it| it.name == "token_embd.weight");
        let tokens = tokens
            .and_then(|it| it.shape.get(1))
            .context("it has no tokens")?;
        Ok(json!({
            "vocab_size": tokens,
            "hidden_size": number("embedding_length")?,
            "intermediate_size": number("feed_forward_length")?,
            "num_hidden_layers": number("block_count")?,
            "num_attention_heads": number("attention.head_count")?,
            "num_key_value_heads": number("attention.head_count_kv")?,
            "max_position_embeddings": CONTEXT_LARGE.get(),
        }))
    }
}

fn config(
    bench: &Bench,
    budget_bytes: u64,
    context_tokens: NonZeroU32,
    threads: NonZeroUsize,
) -> LocalWriterConfig {
    LocalWriterConfig {
        program: bench.binary.clone(),
        args: vec![OsString::from("engine")],
        budget_bytes,
        context_tokens,
        parallel_max: PARALLEL,
        threads,
        gpu_layers: GpuLayers::Most(0),
        limits: WriterLimits {
            keep_alive: Duration::from_hours(1),
            ..WriterLimits::default()
        },
    }
}

/// Nobody watches how far importing has come.
struct Unheard;

impl ProgressSink for Unheard {
    fn report(&self, _: Progress) -> bool {
        true
    }
}

/// The wall clock; what is told of models depends on it, no figure does.
struct WallClock;

impl Clock for WallClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "a clock has to read the time somewhere"
    )]
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(chrono::Utc::now().timestamp_millis())
    }
}
