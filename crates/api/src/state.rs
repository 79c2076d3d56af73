//! What the handlers share: the services, the settings, and the counters of this process.

use std::collections::BTreeSet;
use std::ops::Deref;
use std::sync::Arc;
use std::time::Duration;

use app::accounts::AccountService;
use app::ask::AskService;
use app::completions::CompletionService;
use app::conversations::ConversationService;
use app::knowledge::KnowledgeService;
use app::models::ModelService;
use app::quality::QualityService;
use app::sandbox::SandboxService;
use app::system::SystemService;
use app::tokens::TokenService;
use domain::analysis::CodeAnalyser;
use domain::{Clock, Entropy};

use crate::rate_limit::RateLimiter;
use crate::token::TokenKey;
use crate::traffic::Traffic;

/// Everything the HTTP layer is made of.
pub struct ApiState {
    /// Accounts and sessions.
    pub accounts: Arc<AccountService>,
    /// Secrets with which programs act for accounts.
    pub tokens: Arc<TokenService>,
    /// Questions and answers.
    pub ask: Arc<AskService>,
    /// Texts and vectors for programs.
    pub completions: Arc<CompletionService>,
    /// Conversations and receipts.
    pub conversations: Arc<ConversationService>,
    /// What is known.
    pub knowledge: Arc<KnowledgeService>,
    /// Runs programs that nobody trusts.
    pub sandbox: Arc<SandboxService>,
    /// Language models.
    pub models: Arc<ModelService>,
    /// How well answers did.
    pub quality: Arc<QualityService>,
    /// The state of this instance.
    pub system: Arc<SystemService>,
    /// Reads code.
    pub analyser: Arc<dyn CodeAnalyser>,
    /// Signs access tokens.
    pub token_key: TokenKey,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Makes request identifiers.
    pub entropy: Arc<dyn Entropy>,
    /// What an instance decides about HTTP.
    pub settings: ApiSettings,
}

/// What an instance decides about HTTP.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// Most bytes a request's body may have.
    pub body_bytes_max: usize,
    /// The same for the OpenAI-compatible API, whose clients send whole conversations.
    pub prompt_bytes_max: usize,
    /// How long a request may take until its answer begins.
    pub request_timeout: Duration,
    /// The same for a question, which a language model may have to answer.
    pub answer_timeout: Duration,
    /// Whether the session cookie is sent over TLS alone.
    pub cookies_secure: bool,
    /// Origins besides the server's own whose pages may use the session cookie, such as `https://genie.example.org` behind a
    /// proxy that changes the `Host` header.
    pub allowed_origins: BTreeSet<String>,
    /// Attempts to sign in, register or set up that one address may make at once.
    pub sign_in_burst: u32,
    /// Attempts that one address gets back each second.
    pub sign_in_per_second: u32,
}

impl Default for ApiSettings {
    fn default() -> Self {
        Self {
            body_bytes_max: 256 * 1024,
            prompt_bytes_max: 1024 * 1024,
            request_timeout: Duration::from_secs(30),
            answer_timeout: Duration::from_mins(10),
            cookies_secure: false,
            allowed_origins: BTreeSet::new(),
            sign_in_burst: 100,
            sign_in_per_second: 2,
        }
    }
}

/// [`ApiState`] with the counters of this process; cheap to clone.
#[derive(Clone)]
pub(crate) struct Shared(Arc<Inner>);

pub(crate) struct Inner {
    pub(crate) api: ApiState,
    pub(crate) sign_ins: RateLimiter,
    pub(crate) traffic: Traffic,
}

impl Shared {
    pub(crate) fn new(api: ApiState) -> Self {
        let sign_ins =
            RateLimiter::new(api.settings.sign_in_burst, api.settings.sign_in_per_second);
        Self(Arc::new(Inner {
            api,
            sign_ins,
            traffic: Traffic::default(),
        }))
    }
}

impl Deref for Shared {
    type Target = Inner;

    fn deref(&self) -> &Inner {
        &self.0
    }
}
