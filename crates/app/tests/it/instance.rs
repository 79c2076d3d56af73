//! A whole instance below HTTP: real store, analyser, retriever and router; no embedding model, so it goes by words.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use analysis::SyntaxAnalyser;
use app::accounts::{AccountService, AccountSettings, Registration};
use app::ask::{AskParts, AskService, Asker, ModelMapping, NoWriter};
use app::conversations::ConversationService;
use app::knowledge::{KnowledgeParts, KnowledgeService};
use app::quality::QualityService;
use app::sandbox::{NoSandbox, SandboxService};
use app::tokens::TokenService;
use async_trait::async_trait;
use domain::accounts::{Password, Principal, Proof, Role};
use domain::ask::{Answered, Mode, Question, Style};
use domain::embedding::{EmbedError, Embedder, Encoded};
use domain::id::{Entropy, SessionId};
use domain::models::writing::Writer;
use domain::sandbox::Sandbox;
use domain::{Clock, Text, Timestamp};
use retrieval::hybrid::HybridRetriever;
use retrieval::router::SemanticRouter;
use store::Store;

pub(crate) struct Instance {
    pub(crate) accounts: AccountService,
    pub(crate) ask: AskService,
    pub(crate) conversations: ConversationService,
    pub(crate) knowledge: KnowledgeService,
    pub(crate) quality: QualityService,
    pub(crate) tokens: TokenService,
    pub(crate) clock: Arc<TestClock>,
}

impl Instance {
    /// An instance with the library and no accounts.
    pub(crate) async fn new() -> Self {
        let absent = NoSandbox::new("left out in these tests");
        Self::with_sandbox(Arc::new(absent)).await
    }

    /// The same, with this sandbox.
    pub(crate) async fn with_sandbox(sandbox: Arc<dyn Sandbox>) -> Self {
        Self::with_writer(sandbox, Arc::new(NoWriter)).await
    }

    /// The same, with this sandbox and these language models.
    pub(crate) async fn with_writer(sandbox: Arc<dyn Sandbox>, writer: Arc<dyn Writer>) -> Self {
        Self::with_models(sandbox, writer, ModelMapping::default()).await
    }

    /// The same, with these language models for the tasks.
    pub(crate) async fn with_models(
        sandbox: Arc<dyn Sandbox>,
        writer: Arc<dyn Writer>,
        models: ModelMapping,
    ) -> Self {
        let sandbox = Arc::new(SandboxService::new(sandbox));
        let store = Arc::new(Store::open_in_memory().await.unwrap());
        let clock = Arc::new(TestClock(AtomicI64::new(1_700_000_000_000)));
        let entropy = Arc::new(Counting(AtomicU64::new(1)));
        let embedder = Arc::new(NoEncoder);
        let analyser = Arc::new(SyntaxAnalyser::new());
        let retriever = Arc::new(HybridRetriever::new(store.clone(), embedder.clone()));
        let knowledge = KnowledgeService::new(KnowledgeParts {
            store: store.clone(),
            embedder: embedder.clone(),
            retriever: retriever.clone(),
            analyser: analyser.clone(),
            sandbox: sandbox.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        });
        knowledge.import_library(&mut |_| ()).await.unwrap();
        let ask = AskService::new(AskParts {
            router: Arc::new(SemanticRouter::new(embedder.clone())),
            retriever,
            analyser,
            sandbox,
            writer,
            models,
            embedder,
            conversations: store.clone(),
            clock: clock.clone(),
            entropy: entropy.clone(),
        });
        Self {
            tokens: TokenService::new(store.clone(), clock.clone(), entropy.clone()),
            accounts: AccountService::new(
                store.clone(),
                clock.clone(),
                entropy,
                AccountSettings::default(),
            ),
            ask,
            conversations: ConversationService::new(store.clone(), clock.clone()),
            quality: QualityService::new(store, clock.clone()),
            knowledge,
            clock,
        }
    }

    /// Somebody signed in.
    pub(crate) async fn sign_in(&self, name: &str, role: Role) -> Principal {
        let registration = registration(name, role);
        self.accounts
            .create_locally(registration.clone())
            .await
            .unwrap();
        let (_, session) = self
            .accounts
            .log_in(&registration.email, &registration.password)
            .await
            .unwrap();
        self.accounts
            .authenticate(session.id)
            .await
            .unwrap()
            .unwrap()
    }

    pub(crate) async fn answer(&self, who: &Principal, question: Question) -> Answered {
        self.ask
            .ask(Asker::Account(who), question, None)
            .await
            .unwrap()
    }
}

/// The session somebody signed in with.
pub(crate) fn session_of(principal: &Principal) -> SessionId {
    match principal.proof {
        Proof::Session(session) => session,
        other @ (Proof::Token(_) | Proof::Machine) => panic!("no session: {other:?}"),
    }
}

pub(crate) fn registration(name: &str, role: Role) -> Registration {
    Registration {
        email: format!("{name}@example.org"),
        username: name.to_owned(),
        password: Password::typed("correct horse 9"),
        role,
    }
}

pub(crate) fn question(text: &str) -> Question {
    Question {
        text: Text::new(text).unwrap(),
        code: None,
        mode: Mode::Auto,
        language: None,
        style: Style::Beginner,
        model: None,
        max_new_tokens: None,
        temperature: None,
        seed: None,
        conversation: None,
        replaces: None,
    }
}

/// Stands still until a test moves it.
pub(crate) struct TestClock(pub(crate) AtomicI64);

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::Relaxed))
    }
}

struct Counting(AtomicU64);

impl Entropy for Counting {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(8) {
            let next = self.0.fetch_add(1, Ordering::Relaxed).to_be_bytes();
            chunk.copy_from_slice(&next[8 - chunk.len()..]);
        }
    }
}

struct NoEncoder;

#[async_trait]
impl Embedder for NoEncoder {
    fn encoder(&self) -> &'static str {
        "none"
    }

    async fn encode(&self, _: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        Err(EmbedError::Missing("left out in these tests".into()))
    }
}
