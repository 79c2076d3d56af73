//! The composition root: builds every service once, and gives each only what it uses.

mod models;
mod sandbox;

use std::ffi::OsString;
use std::num::NonZeroUsize;
use std::sync::Arc;

use analysis::SyntaxAnalyser;
use anyhow::Context as _;
use api::{ApiSettings, ApiState, TokenKey};
use app::accounts::{AccountService, AccountSettings};
use app::ask::{AskParts, AskService};
use app::completions::CompletionService;
use app::conversations::ConversationService;
use app::knowledge::{KnowledgeParts, KnowledgeService};
use app::models::{ModelParts, ModelService};
use app::quality::QualityService;
use app::sandbox::SandboxService;
use app::system::SystemService;
use app::tokens::TokenService;
use async_trait::async_trait;
use domain::Clock;
use domain::analysis::CodeAnalyser;
use domain::embedding::{EmbedError, Embedder, Encoded};
use domain::id::Entropy;
use domain::models::writing::Writer;
use domain::retrieval::Retriever;
use inference::{EmbedderConfig, EmbedderLimits, FolderCatalogue, LocalWriter, SupervisedEmbedder};
use retrieval::hybrid::HybridRetriever;
use retrieval::router::SemanticRouter;
use store::Store;

use crate::config::{Config, Database};
use crate::folder;
use crate::ports::{SystemClock, SystemEntropy};

pub(crate) use self::models::{at_least_one, find_budget, find_catalogue};
pub(crate) use self::sandbox::{LAUNCH_WORD, find_sandbox};
pub(crate) use ::sandbox::Proof;

/// Everything a command may use.
pub(crate) struct Wired {
    pub(crate) store: Store,
    pub(crate) accounts: Arc<AccountService>,
    pub(crate) tokens: Arc<TokenService>,
    pub(crate) ask: Arc<AskService>,
    pub(crate) completions: Arc<CompletionService>,
    pub(crate) conversations: Arc<ConversationService>,
    pub(crate) knowledge: Arc<KnowledgeService>,
    pub(crate) sandbox: Arc<SandboxService>,
    pub(crate) models: Arc<ModelService>,
    pub(crate) quality: Arc<QualityService>,
    pub(crate) system: Arc<SystemService>,
    pub(crate) analyser: Arc<dyn CodeAnalyser>,
    pub(crate) embedder: Arc<dyn Embedder>,
    pub(crate) retriever: Arc<dyn Retriever>,
    pub(crate) router: Arc<SemanticRouter>,
    /// Writes with the language models of this machine.
    pub(crate) local_writer: Arc<LocalWriter>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) entropy: Arc<dyn Entropy>,
    /// Why search goes by words alone, when it does.
    pub(crate) words_alone: Option<EmbedError>,
}

impl Wired {
    /// Ends what runs beside this program: no engine outlives it.
    pub(crate) async fn close(&self) {
        self.local_writer.close().await;
        self.store.clone().close().await;
    }

    /// Lets the sandbox get itself ready beside whatever comes next, so that the first program need not wait for it.
    pub(crate) async fn wake_sandbox(&self) {
        self.sandbox.report(false).await;
    }
}

/// Opens the database and builds the services over it; `proof` says whether the sandbox is attacked anew when it is used.
pub(crate) async fn wire(config: &Config, proof: Proof) -> anyhow::Result<Wired> {
    let store = open_store(config).await?;
    let port = Arc::new(store.clone());
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy);
    let analyser: Arc<dyn CodeAnalyser> = Arc::new(SyntaxAnalyser::new());
    let (embedder, words_alone) = find_embedder(config).await?;
    let retriever: Arc<dyn Retriever> =
        Arc::new(HybridRetriever::new(port.clone(), embedder.clone()));
    let router = Arc::new(SemanticRouter::new(embedder.clone()));
    let sandbox = Arc::new(SandboxService::new(find_sandbox(config, proof)?));

    let catalogue = find_catalogue(config)?;
    let local = models::find_writer(config, catalogue.clone(), clock.clone())?;
    let writer = models::with_remotes(config, local.clone())?;

    let settings = account_settings(config);
    let accounts = AccountService::new(port.clone(), clock.clone(), entropy.clone(), settings);
    let ask = AskService::new(AskParts {
        router: router.clone(),
        retriever: retriever.clone(),
        analyser: analyser.clone(),
        embedder: embedder.clone(),
        conversations: port.clone(),
        sandbox: sandbox.clone(),
        writer: writer.clone(),
        models: config.models.mapping(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let knowledge = KnowledgeService::new(KnowledgeParts {
        store: port.clone(),
        embedder: embedder.clone(),
        retriever: retriever.clone(),
        analyser: analyser.clone(),
        sandbox: sandbox.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    });
    let completions = CompletionService::new(writer.clone(), embedder.clone(), entropy.clone());
    let tokens = TokenService::new(port.clone(), clock.clone(), entropy.clone());
    let models = find_models(config, catalogue, local.clone(), writer.clone());
    Ok(Wired {
        accounts: Arc::new(accounts),
        tokens: Arc::new(tokens),
        ask: Arc::new(ask),
        completions: Arc::new(completions),
        conversations: Arc::new(ConversationService::new(port.clone(), clock.clone())),
        knowledge: Arc::new(knowledge),
        sandbox,
        models: Arc::new(models),
        quality: Arc::new(QualityService::new(port.clone(), clock.clone())),
        system: Arc::new(SystemService::new(
            port.clone(),
            port,
            embedder.clone(),
            writer,
            config.models.mapping(),
        )),
        store,
        analyser,
        embedder,
        retriever,
        router,
        local_writer: local,
        clock,
        entropy,
        words_alone,
    })
}

/// What the HTTP layer is made of; `key` signs access tokens.
pub(crate) fn api_state(config: &Config, wired: &Wired, key: &[u8]) -> anyhow::Result<ApiState> {
    Ok(ApiState {
        accounts: wired.accounts.clone(),
        tokens: wired.tokens.clone(),
        ask: wired.ask.clone(),
        completions: wired.completions.clone(),
        conversations: wired.conversations.clone(),
        knowledge: wired.knowledge.clone(),
        sandbox: wired.sandbox.clone(),
        models: wired.models.clone(),
        quality: wired.quality.clone(),
        system: wired.system.clone(),
        analyser: wired.analyser.clone(),
        token_key: TokenKey::new(key).context("cannot sign access tokens")?,
        clock: wired.clock.clone(),
        entropy: wired.entropy.clone(),
        settings: ApiSettings {
            cookies_secure: config.secure_cookies.value,
            allowed_origins: config.origins.value.iter().cloned().collect(),
            ..ApiSettings::default()
        },
    })
}

/// Opens the database that the settings name.
pub(crate) async fn open_store(config: &Config) -> anyhow::Result<Store> {
    match &config.database.value {
        Database::File(path) => {
            folder::make(&config.data_dir.value)?;
            Ok(Store::open_sqlite(path).await?)
        }
        Database::Url(url) => Store::open_url(url)
            .await
            .with_context(|| format!("cannot use the database of {}", config.database.origin)),
    }
}

fn account_settings(config: &Config) -> AccountSettings {
    AccountSettings {
        admin_limit: config.admin_limit.value,
        registration_open: config.registration_open.value,
    }
}

/// Looks after the models of this machine, and lists those of other servers.
fn find_models(
    config: &Config,
    catalogue: Arc<FolderCatalogue>,
    residence: Arc<LocalWriter>,
    writer: Arc<dyn Writer>,
) -> ModelService {
    ModelService::new(ModelParts {
        catalogue,
        residence,
        writer,
        mapping: config.models.mapping(),
        clock: Arc::new(SystemClock),
    })
}

/// The encoder in a process of its own; without a model, one that says what is missing.
async fn find_embedder(config: &Config) -> anyhow::Result<(Arc<dyn Embedder>, Option<EmbedError>)> {
    let models_dir = config.models_dir.value.clone();
    // Making the model file out of the fetched one takes a second of computing.
    let found = tokio::task::spawn_blocking(move || inference::find_or_prepare_model(&models_dir))
        .await
        .context("preparing the embedding model failed")?;
    let supervised = found.and_then(|model| {
        let program = std::env::current_exe().map_err(|error| {
            EmbedError::Failed(format!("this program cannot find its own file: {error}"))
        })?;
        SupervisedEmbedder::new(EmbedderConfig {
            program,
            args: vec![OsString::from("engine")],
            model,
            threads: engine_threads(),
            limits: EmbedderLimits::default(),
        })
    });
    Ok(match supervised {
        Ok(embedder) => (Arc::new(embedder), None),
        Err(reason) => (Arc::new(NoEmbedder(reason.clone())), Some(reason)),
    })
}

/// Most threads of the embedding engine: a sentence is too little work for more.
const ENGINE_THREADS_MAX: usize = 4;

/// Half of the processors. With all of them every embedding becomes several times slower on a busy machine, because llama.cpp's
/// threads wait for each other by spinning.
fn engine_threads() -> NonZeroUsize {
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
    NonZeroUsize::new((cores / 2).min(ENGINE_THREADS_MAX)).unwrap_or(NonZeroUsize::MIN)
}

/// Stands in for the encoder where there is none: search goes on by words alone.
struct NoEmbedder(EmbedError);

#[async_trait]
impl Embedder for NoEmbedder {
    fn encoder(&self) -> &'static str {
        "none"
    }

    async fn encode(&self, texts: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        if texts.is_empty() {
            Ok(Vec::new())
        } else {
            Err(self.0.clone())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn without_an_encoder_only_nothing_can_be_embedded() {
        let embedder = NoEmbedder(EmbedError::Missing("x".to_owned()));
        assert_eq!(embedder.embed(&[]).await, Ok(Vec::new()));
        assert!(embedder.embed(&["a".to_owned()]).await.is_err());
    }
}
