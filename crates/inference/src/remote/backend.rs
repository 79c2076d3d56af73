//! One back end: its settings, and the requests that it gets. It is asked directly, without proxies, and never redirected: its
//! key goes to the address it was configured for and nowhere else.

use std::fmt;
use std::sync::{Arc, Mutex, Once, PoisonError};
use std::time::{Duration, Instant};

use domain::models::ModelName;
use domain::models::writing::WritingError;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use reqwest::{Client, Response, StatusCode, Url, redirect};
use tokio::time::timeout;

use super::health::{Advice, Health};
use super::wire::{self, Question};
use crate::address::{Guard, GuardedResolver};

/// Longest answer that is no stream, bytes.
const BODY_BYTES_MAX: usize = 1024 * 1024;
/// How long a list of models holds.
const MODELS_HOLD: Duration = Duration::from_mins(1);
/// Most models of a back end.
const MODELS_MAX: usize = 1000;

/// What to do when a back end is where none is expected.
const PRIVATE_ADVICE: &str = "set `allow_private` for the back end if it is meant to be there";

/// A secret of a back end. It does not print.
#[derive(Clone, PartialEq, Eq)]
pub struct ApiKey(String);

impl ApiKey {
    /// A key, as the back end's owner gave it.
    pub const fn new(key: String) -> Self {
        Self(key)
    }
}

impl fmt::Debug for ApiKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ApiKey(…)")
    }
}

/// How long a back end may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteTimeouts {
    /// Until it is connected to.
    pub connect: Duration,
    /// From the request to the first word of the answer; long prompts and loading take time.
    pub first_byte: Duration,
    /// Between two pieces of an answer.
    pub between: Duration,
    /// For all of it.
    pub total: Duration,
}

impl Default for RemoteTimeouts {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            first_byte: Duration::from_mins(2),
            between: Duration::from_secs(30),
            total: Duration::from_mins(15),
        }
    }
}

/// An OpenAI-compatible server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteBackend {
    /// Its name here: the part of its models' names before the `/`; 1 to 32 letters, digits, `_` or `-`.
    pub name: String,
    /// Such as `https://api.example.org/v1`.
    pub base_url: String,
    /// Sent with every request.
    pub api_key: Option<ApiKey>,
    /// Its models, as it calls them; when there are none, it is asked for them.
    pub models: Vec<String>,
    /// How long it may take.
    pub timeouts: RemoteTimeouts,
    /// Whether it may be on this machine or in a private network.
    pub allow_private: bool,
    /// Whether it takes more than `OpenAI`'s own server: `top_k`, `min_p`, `repeat_penalty`, and going on with a begun answer.
    pub knows_more: bool,
}

/// The settings of back ends cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the model server `{name}` cannot be used: {reason}")]
pub struct RemoteConfigError {
    /// The back end.
    pub name: String,
    /// Why not, and what to do.
    pub reason: String,
}

/// A request that came to nothing.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) error: WritingError,
    /// Whether another back end may do better.
    pub(super) is_of_back_end: bool,
}

/// A back end that is ready to be asked.
#[derive(Debug)]
pub(super) struct Backend {
    pub(super) settings: RemoteBackend,
    base: Url,
    client: Client,
    pub(super) health: Health,
    found: Mutex<Option<(Instant, Vec<String>)>>,
}

impl Backend {
    /// # Errors
    /// [`RemoteConfigError`] for a name, an address or a key that cannot be used.
    pub(super) fn new(settings: RemoteBackend) -> Result<Arc<Self>, RemoteConfigError> {
        let (base, client) = prepare(&settings).map_err(|reason| RemoteConfigError {
            name: settings.name.chars().take(64).collect(),
            reason,
        })?;
        Ok(Arc::new(Self {
            settings,
            base,
            client,
            health: Health::default(),
            found: Mutex::default(),
        }))
    }

    /// The name here of a model of this back end; `None` for names that have letters no name here may have.
    pub(super) fn local_name(&self, model: &str) -> Option<ModelName> {
        format!("{}/{model}", self.settings.name).parse().ok()
    }

    /// Its models, as it calls them, without asking it; `None` when it never told them.
    pub(super) fn known_models(&self) -> Option<Vec<String>> {
        if !self.settings.models.is_empty() {
            return Some(self.settings.models.clone());
        }
        self.last_found().map(|(_, models)| models)
    }

    fn last_found(&self) -> Option<(Instant, Vec<String>)> {
        self.found
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    /// Its models, as it calls them. What it last said holds for a minute, and when it does not answer.
    pub(super) async fn models(&self) -> Vec<String> {
        if !self.settings.models.is_empty() {
            return self.settings.models.clone();
        }
        let known = self.last_found();
        if let Some((since, models)) = &known
            && since.elapsed() < MODELS_HOLD
        {
            return models.clone();
        }
        if !matches!(self.health.advice(Instant::now()), Advice::Wait(_))
            && self.check().await.is_ok()
        {
            return self.known_models().unwrap_or_default();
        }
        known.map(|(_, models)| models).unwrap_or_default()
    }

    /// Asks for its list of models, which tells whether it is there and takes the key.
    ///
    /// # Errors
    /// What is wrong.
    pub(super) async fn check(&self) -> Result<(), String> {
        let asked = async {
            let response = self
                .client
                .get(self.url("models")?)
                .send()
                .await
                .map_err(|error| plain(&error))?;
            if !response.status().is_success() {
                return Err(format!(
                    "it answers {} when asked for its models",
                    response.status()
                ));
            }
            let body = read_body(response).await?;
            wire::model_names(&body)
        };
        let limit = self.settings.timeouts.connect.saturating_mul(2);
        let result = match timeout(limit, asked).await {
            Ok(result) => result,
            Err(_) => Err("it does not say in time which models it has".to_owned()),
        };
        match result {
            Ok(mut models) => {
                models.truncate(MODELS_MAX);
                *self.found.lock().unwrap_or_else(PoisonError::into_inner) =
                    Some((Instant::now(), models));
                self.health.succeeded();
                Ok(())
            }
            Err(reason) => {
                self.health.failed(&reason, Instant::now());
                Err(reason)
            }
        }
    }

    /// Sends a question and gives back the beginning of a stream.
    pub(super) async fn ask(
        &self,
        model: &ModelName,
        question: &Question,
    ) -> Result<Response, Failure> {
        match self.health.advice(Instant::now()) {
            Advice::Ask => {}
            Advice::Wait(left) => {
                let seconds = left.as_secs() + 1;
                let reason =
                    format!("its server failed and is left alone; try again in {seconds} s");
                return Err(self.of_back_end(model, &reason));
            }
            // A server whose models are told in the settings need not have a list of them; the question itself shows how it is.
            Advice::CheckFirst if !self.settings.models.is_empty() => {}
            Advice::CheckFirst => {
                if let Err(reason) = self.check().await {
                    return Err(self.of_back_end(model, &reason));
                }
            }
        }
        let sent = async {
            self.client
                .post(self.url(question.path)?)
                .header(ACCEPT, "text/event-stream")
                .json(&question.body)
                .send()
                .await
                .map_err(|error| plain(&error))
        };
        let response = match timeout(self.settings.timeouts.first_byte, sent).await {
            Ok(Ok(response)) => response,
            Ok(Err(reason)) => return Err(self.failed(model, &reason)),
            Err(_) => return Err(self.failed(model, "it does not answer in time")),
        };
        if response.status() != StatusCode::OK {
            return Err(self.refused(model, response).await);
        }
        let is_stream = response
            .headers()
            .get(CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .is_some_and(|kind| kind.starts_with("text/event-stream"));
        if !is_stream {
            return Err(self.failed(model, "its answer is no event stream"));
        }
        Ok(response)
    }

    /// Counts a failure of this back end.
    pub(super) fn failed(&self, model: &ModelName, reason: &str) -> Failure {
        self.health.failed(reason, Instant::now());
        self.of_back_end(model, reason)
    }

    fn of_back_end(&self, model: &ModelName, reason: &str) -> Failure {
        Failure {
            error: WritingError::Failed {
                model: model.clone(),
                reason: format!("the server `{}`: {reason}", self.settings.name),
            },
            is_of_back_end: true,
        }
    }

    async fn refused(&self, model: &ModelName, response: Response) -> Failure {
        let status = response.status();
        let pause = response
            .headers()
            .get(RETRY_AFTER)
            .and_then(|value| value.to_str().ok());
        let pause = wire::retry_after(pause);
        let read = timeout(self.settings.timeouts.between, read_body(response)).await;
        let complaint = match read {
            Ok(Ok(body)) if !body.is_empty() => format!(": {}", wire::complaint(&body)),
            _ => String::new(),
        };
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => self.failed(
                model,
                &format!("it does not take the key ({status}){complaint}; check `api_key`"),
            ),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE => {
                let reason = format!("it has too much to do ({status}){complaint}");
                self.health.asked_for_pause(pause, &reason, Instant::now());
                self.of_back_end(model, &reason)
            }
            StatusCode::NOT_FOUND => self.of_back_end(
                model,
                &format!("it has no such model or no such address ({status}){complaint}"),
            ),
            status if status.is_redirection() => self.failed(
                model,
                &format!(
                    "it redirects ({status}), which is not followed; set `base_url` to where it is"
                ),
            ),
            status if status.is_client_error() => Failure {
                error: WritingError::Refused(format!(
                    "the server `{}` of the model `{model}` does not take the request ({status}){complaint}",
                    self.settings.name
                )),
                is_of_back_end: false,
            },
            _ => self.failed(model, &format!("it fails ({status}){complaint}")),
        }
    }

    fn url(&self, path: &str) -> Result<Url, String> {
        self.base
            .join(path)
            .map_err(|error| format!("its address cannot be used: {error}"))
    }
}

fn prepare(settings: &RemoteBackend) -> Result<(Url, Client), String> {
    let name = &settings.name;
    let is_name = |letter: char| letter.is_ascii_alphanumeric() || letter == '-' || letter == '_';
    if !(1..=32).contains(&name.len()) || !name.chars().all(is_name) {
        return Err("its name needs 1 to 32 letters, digits, `_` or `-`".to_owned());
    }
    let mut base = Url::parse(&settings.base_url).map_err(|error| {
        format!("`base_url` is no address ({error}); write it as https://host/v1")
    })?;
    if !matches!(base.scheme(), "http" | "https") || base.host_str().is_none() {
        return Err("`base_url` begins with http:// or https://".to_owned());
    }
    if !base.username().is_empty()
        || base.password().is_some()
        || base.query().is_some()
        || base.fragment().is_some()
    {
        return Err(
            "`base_url` has no user, `?` or `#`; the key belongs into `api_key`".to_owned(),
        );
    }
    if base.scheme() == "http" && settings.api_key.is_some() && !settings.allow_private {
        return Err("a key is not sent unencrypted through the internet; use https://".to_owned());
    }
    let guard = Guard::new(settings.allow_private, PRIVATE_ADVICE);
    guard.check_url(&base).map_err(|error| error.to_string())?;
    if !base.path().ends_with('/') {
        base.set_path(&format!("{}/", base.path()));
    }
    let mut headers = HeaderMap::new();
    if let Some(ApiKey(key)) = &settings.api_key {
        let mut value = HeaderValue::from_str(&format!("Bearer {key}"))
            .map_err(|_| "`api_key` has letters that cannot be sent".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    install_cryptography();
    let client = Client::builder()
        .default_headers(headers)
        .user_agent("codegenie")
        .redirect(redirect::Policy::none())
        .no_proxy()
        .referer(false)
        .connect_timeout(settings.timeouts.connect)
        .dns_resolver(GuardedResolver(guard))
        .build()
        .map_err(|error| format!("no connection can be prepared: {}", plain(&error)))?;
    Ok((base, client))
}

/// The library for encryption, once for the process; another part may have chosen the same one already.
fn install_cryptography() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| drop(rustls::crypto::ring::default_provider().install_default()));
}

/// Reads a bounded body.
async fn read_body(mut response: Response) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await.map_err(|error| plain(&error))? {
        if body.len() + piece.len() > BODY_BYTES_MAX {
            return Err(format!("its answer is longer than {BODY_BYTES_MAX} bytes"));
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// An error with its causes, without the address that was asked.
pub(super) fn plain(error: &reqwest::Error) -> String {
    let mut text = if error.is_connect() {
        "it cannot be reached".to_owned()
    } else if error.is_timeout() {
        "it does not answer in time".to_owned()
    } else {
        "the connection broke".to_owned()
    };
    let mut cause = std::error::Error::source(error);
    let mut last = None;
    while let Some(deeper) = cause {
        last = Some(deeper.to_string());
        cause = deeper.source();
    }
    if let Some(last) = last {
        text = format!("{text} ({last})");
    }
    text
}
