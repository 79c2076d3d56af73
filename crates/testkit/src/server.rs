//! A whole server on a free port of this machine: the real router, services, analyser, search and an in-memory SQLite
//! database, with a clock that tests set and without an embedding model, so that search goes by words.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU32, AtomicU64, Ordering};

use analysis::SyntaxAnalyser;
use api::{ApiSettings, ApiState, TokenKey};
use app::accounts::{AccountService, AccountSettings, Registration};
use app::ask::{AskParts, AskService, ModelMapping, NoWriter};
use app::completions::CompletionService;
use app::conversations::ConversationService;
use app::knowledge::{KnowledgeParts, KnowledgeService};
use app::models::{ModelParts, ModelService, NoModels};
use app::quality::QualityService;
use app::sandbox::{NoSandbox, SandboxService};
use app::system::SystemService;
use app::tokens::TokenService;
use async_trait::async_trait;
use domain::accounts::{Password, Role};
use domain::embedding::{EmbedError, Embedder, Encoded};
use domain::models::catalogue::ModelCatalogue;
use domain::models::residence::Residence;
use domain::models::writing::Writer;
use domain::sandbox::Sandbox;
use domain::{Clock, Entropy, Timestamp};
use reqwest::{Method, RequestBuilder};
use retrieval::hybrid::HybridRetriever;
use retrieval::router::SemanticRouter;
use serde_json::{Value, json};
use store::Store;

/// The moment at which every test begins: 2026-11-20T10:00:00Z.
const BEGINNING_MS: i64 = 1_795_168_800_000;

/// A clock that stands still until it is moved.
#[derive(Debug)]
pub struct TestClock(AtomicI64);

impl TestClock {
    /// Moves on by `seconds`.
    pub fn advance(&self, seconds: i64) {
        self.0.fetch_add(seconds * 1000, Ordering::SeqCst);
    }
}

impl Default for TestClock {
    fn default() -> Self {
        Self(AtomicI64::new(BEGINNING_MS))
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.0.load(Ordering::SeqCst))
    }
}

/// Bytes that look random and are the same in every run (`SplitMix64`).
#[derive(Debug, Default)]
pub struct TestEntropy(AtomicU64);

impl Entropy for TestEntropy {
    fn fill(&self, bytes: &mut [u8]) {
        for piece in bytes.chunks_mut(8) {
            let state = self.0.fetch_add(0x9e37_79b9_7f4a_7c15, Ordering::SeqCst);
            let mixed = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let random = (mixed ^ (mixed >> 31)).to_le_bytes();
            piece
                .iter_mut()
                .zip(random)
                .for_each(|(byte, random)| *byte = random);
        }
    }
}

/// An encoder that is not there, as on a machine where no embedding model was fetched.
#[derive(Debug)]
pub struct MissingEmbedder;

#[async_trait]
impl Embedder for MissingEmbedder {
    fn encoder(&self) -> &'static str {
        "missing"
    }

    async fn encode(&self, _texts: &[String]) -> Result<Vec<Encoded>, EmbedError> {
        Err(EmbedError::Missing("tests run without one".to_owned()))
    }
}

/// What a server runs beside itself.
struct Engines {
    sandbox: Arc<dyn Sandbox>,
    writer: Arc<dyn Writer>,
    embedder: Arc<dyn Embedder>,
    catalogue: Arc<dyn ModelCatalogue>,
    residence: Arc<dyn Residence>,
}

impl Engines {
    fn models(&self, clock: Arc<dyn Clock>) -> ModelParts {
        ModelParts {
            catalogue: self.catalogue.clone(),
            residence: self.residence.clone(),
            writer: self.writer.clone(),
            mapping: ModelMapping::default(),
            clock,
        }
    }

    fn absent() -> Self {
        Self {
            sandbox: Arc::new(NoSandbox::new("left out in these tests")),
            writer: Arc::new(NoWriter),
            embedder: Arc::new(MissingEmbedder),
            catalogue: Arc::new(NoModels),
            residence: Arc::new(NoModels),
        }
    }
}

/// A running server; it stops when it is dropped.
pub struct TestServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// Its clock.
    pub clock: Arc<TestClock>,
    /// Its accounts, for what is done at the machine itself.
    pub accounts: Arc<AccountService>,
    /// Its knowledge.
    pub knowledge: Arc<KnowledgeService>,
    /// Its database.
    pub store: Store,
    client: reqwest::Client,
    people: AtomicU32,
    serving: tokio::task::JoinHandle<()>,
}

/// Somebody with an account, signed in.
#[derive(Debug, Clone)]
pub struct Person {
    /// Identity of the account.
    pub id: String,
    /// Address to sign in with.
    pub email: String,
    /// Access token.
    pub token: String,
}

/// The password of every [`Person`].
pub const PASSWORD: &str = "Correct horse 9 battery";

impl TestServer {
    /// Starts a server with ordinary settings.
    pub async fn start() -> Self {
        Self::start_with(ApiSettings::default(), AccountSettings::default()).await
    }

    /// Starts a server with these settings.
    pub async fn start_with(settings: ApiSettings, accounts: AccountSettings) -> Self {
        Self::start_on(
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            settings,
            accounts,
        )
        .await
    }

    /// Starts a server with ordinary settings that runs programs in `sandbox`; the other servers run none.
    pub async fn start_with_sandbox(sandbox: Arc<dyn Sandbox>) -> Self {
        Self::begin(
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ApiSettings::default(),
            AccountSettings::default(),
            Engines {
                sandbox,
                ..Engines::absent()
            },
        )
        .await
    }

    /// Starts a server with ordinary settings, these language models and this encoder; the other servers have none.
    pub async fn start_with_writer_and_encoder(
        writer: Arc<dyn Writer>,
        embedder: Arc<dyn Embedder>,
    ) -> Self {
        Self::begin(
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ApiSettings::default(),
            AccountSettings::default(),
            Engines {
                writer,
                embedder,
                ..Engines::absent()
            },
        )
        .await
    }

    /// Starts a server with ordinary settings that looks after these models; the other servers have none.
    pub async fn start_with_models<T>(models: Arc<T>) -> Self
    where
        T: ModelCatalogue + Residence + Writer + 'static,
    {
        Self::begin(
            SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            ApiSettings::default(),
            AccountSettings::default(),
            Engines {
                writer: models.clone(),
                catalogue: models.clone(),
                residence: models,
                ..Engines::absent()
            },
        )
        .await
    }

    /// Starts a server at this address.
    pub async fn start_on(
        address: SocketAddr,
        settings: ApiSettings,
        accounts: AccountSettings,
    ) -> Self {
        Self::begin(address, settings, accounts, Engines::absent()).await
    }

    async fn begin(
        address: SocketAddr,
        settings: ApiSettings,
        accounts: AccountSettings,
        engines: Engines,
    ) -> Self {
        let store = Store::open_in_memory()
            .await
            .expect("an in-memory database opens");
        let clock = Arc::new(TestClock::default());
        let state = assemble(&store, &clock, settings, accounts, engines);
        let (accounts, knowledge) = (state.accounts.clone(), state.knowledge.clone());
        let listener = tokio::net::TcpListener::bind(address)
            .await
            .expect("a port of this machine is free");
        let address = listener
            .local_addr()
            .expect("a bound socket has an address");
        let service = api::router(state).into_make_service_with_connect_info::<SocketAddr>();
        let serving = tokio::spawn(async move {
            axum::serve(listener, service)
                .await
                .expect("serving does not fail");
        });
        // Clients are built with TLS even where none is spoken; a second installation is refused and harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .build();
        let client = client.expect("a client without TLS always builds");
        Self {
            address,
            clock,
            accounts,
            knowledge,
            store,
            client,
            people: AtomicU32::new(0),
            serving,
        }
    }

    /// The address of `path` on this server.
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// A request nobody is signed in for.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, self.url(path))
    }

    /// A request by `person`.
    pub fn request_as(&self, person: &Person, method: Method, path: &str) -> RequestBuilder {
        self.request(method, path).bearer_auth(&person.token)
    }

    /// A GET by `person`; gives status and JSON (null when the body is not JSON).
    pub async fn get(&self, person: &Person, path: &str) -> (u16, Value) {
        read(self.request_as(person, Method::GET, path)).await
    }

    /// A POST of `body` by `person`.
    pub async fn post(&self, person: &Person, path: &str, body: &Value) -> (u16, Value) {
        read(self.request_as(person, Method::POST, path).json(body)).await
    }

    /// Makes an account of `role` at the machine and signs in to it over HTTP.
    pub async fn sign_in_as(&self, role: Role) -> Person {
        let number = self.people.fetch_add(1, Ordering::SeqCst);
        let username = format!("{role}-{number}");
        let email = format!("{username}@example.org");
        let registration = Registration {
            email: email.clone(),
            username,
            password: Password::typed(PASSWORD),
            role,
        };
        self.accounts
            .create_locally(registration)
            .await
            .expect("a new account can be created");
        self.sign_in(&email).await
    }

    /// Signs in once more to an account made by [`Self::sign_in_as`].
    pub async fn sign_in(&self, email: &str) -> Person {
        let body = json!({"email": email, "password": PASSWORD});
        let (status, answer) =
            read(self.request(Method::POST, "/api/v1/auth/login").json(&body)).await;
        assert_eq!(status, 200, "{answer}");
        let text = |value: &Value| {
            value
                .as_str()
                .expect("the answer to a login holds text")
                .to_owned()
        };
        Person {
            id: text(&answer["user"]["id"]),
            email: email.to_owned(),
            token: text(&answer["access_token"]),
        }
    }

    /// A program of `person`, with an API token of its own.
    pub async fn token_of(&self, person: &Person) -> Person {
        let body = json!({"name": "program"});
        let (status, answer) = self.post(person, "/api/v1/tokens", &body).await;
        assert_eq!(status, 201, "{answer}");
        let token = answer["token"].as_str();
        Person {
            token: token.expect("a new token is told").to_owned(),
            ..person.clone()
        }
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

/// Sends a request; gives status and JSON (null when the body is not JSON).
pub async fn read(request: RequestBuilder) -> (u16, Value) {
    let response = request.send().await.expect("the server answers");
    let status = response.status().as_u16();
    let body = response.bytes().await.expect("the answer is whole");
    (status, serde_json::from_slice(&body).unwrap_or(Value::Null))
}

fn make_key(entropy: &TestEntropy) -> [u8; TokenKey::BYTES_MIN] {
    let mut key = [0_u8; TokenKey::BYTES_MIN];
    entropy.fill(&mut key);
    key
}

fn assemble(
    store: &Store,
    clock: &Arc<TestClock>,
    settings: ApiSettings,
    accounts: AccountSettings,
    engines: Engines,
) -> ApiState {
    let models = Arc::new(ModelService::new(engines.models(clock.clone())));
    let (writer, embedder) = (engines.writer, engines.embedder);
    let rows = Arc::new(store.clone());
    let clock = clock.clone();
    let entropy = Arc::new(TestEntropy::default());
    let analyser = Arc::new(SyntaxAnalyser::new());
    let retriever = Arc::new(HybridRetriever::new(rows.clone(), embedder.clone()));
    let key = make_key(&entropy);
    let sandbox = Arc::new(SandboxService::new(engines.sandbox));
    let ask = AskParts {
        router: Arc::new(SemanticRouter::new(embedder.clone())),
        retriever: retriever.clone(),
        analyser: analyser.clone(),
        sandbox: sandbox.clone(),
        writer: writer.clone(),
        models: ModelMapping::default(),
        embedder: embedder.clone(),
        conversations: rows.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    };
    let knowledge = KnowledgeParts {
        store: rows.clone(),
        embedder: embedder.clone(),
        retriever,
        analyser: analyser.clone(),
        sandbox: sandbox.clone(),
        clock: clock.clone(),
        entropy: entropy.clone(),
    };
    ApiState {
        accounts: Arc::new(AccountService::new(
            rows.clone(),
            clock.clone(),
            entropy.clone(),
            accounts,
        )),
        tokens: Arc::new(TokenService::new(
            rows.clone(),
            clock.clone(),
            entropy.clone(),
        )),
        ask: Arc::new(AskService::new(ask)),
        completions: Arc::new(CompletionService::new(
            writer.clone(),
            embedder.clone(),
            entropy.clone(),
        )),
        conversations: Arc::new(ConversationService::new(rows.clone(), clock.clone())),
        knowledge: Arc::new(KnowledgeService::new(knowledge)),
        sandbox,
        models,
        quality: Arc::new(QualityService::new(rows.clone(), clock.clone())),
        system: Arc::new(SystemService::new(
            rows.clone(),
            rows,
            embedder,
            writer,
            ModelMapping::default(),
        )),
        analyser,
        token_key: TokenKey::new(&key).expect("these bytes are random enough"),
        clock,
        entropy,
        settings,
    }
}
