//! A client that is signed in.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use serde_json::{Value, json};

use super::server::{EMAIL, PASSWORD};

/// How long the library may take to be embedded before the benchmarks go on.
const VECTORS_WAIT_MAX: Duration = Duration::from_mins(4);
/// How long one call may take.
const CALL_MAX: Duration = Duration::from_mins(1);

/// A client with an access token.
pub(crate) struct Session {
    client: reqwest::Client,
    base: String,
    token: String,
}

impl Session {
    /// Signs in as the administrator of the benchmarks.
    pub(crate) async fn sign_in(address: SocketAddr) -> anyhow::Result<Self> {
        // Clients are built with TLS even where none is spoken; a second installation is refused and harmless.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let client = reqwest::Client::builder()
            .no_proxy()
            .timeout(CALL_MAX)
            .build()?;
        let base = format!("http://{address}");
        let login = client
            .post(format!("{base}/api/v1/auth/login"))
            .json(&json!({"email": EMAIL, "password": PASSWORD}))
            .send()
            .await?;
        let login = json_of(login).await?;
        let token = login.get("access_token").and_then(Value::as_str);
        let token = token.context("signing in gave no access token")?.to_owned();
        Ok(Self {
            client,
            base,
            token,
        })
    }

    /// The same account on a server at another address.
    pub(crate) fn at(&self, address: SocketAddr) -> Self {
        Self {
            client: self.client.clone(),
            base: format!("http://{address}"),
            token: self.token.clone(),
        }
    }

    pub(crate) fn client(&self) -> &reqwest::Client {
        &self.client
    }

    pub(crate) fn get(&self, path: &str) -> reqwest::RequestBuilder {
        self.client
            .get(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> reqwest::RequestBuilder {
        self.client
            .post(format!("{}{path}", self.base))
            .bearer_auth(&self.token)
            .json(body)
    }

    /// Waits until every item has vectors; gives the encoder's name and whether it works.
    pub(crate) async fn wait_for_vectors(&self) -> anyhow::Result<(String, bool)> {
        let began = Instant::now();
        loop {
            let status = json_of(self.get("/api/v1/system/status").send().await?).await?;
            let encoder = status
                .get("encoder")
                .context("the status names no encoder")?;
            // Only the library has concepts; until they are there its import is still to come.
            let concepts = status
                .pointer("/knowledge/concepts")
                .and_then(Value::as_u64);
            let has_library = concepts.context("the status does not say what is known")? > 0;
            let works = encoder
                .get("available")
                .and_then(Value::as_bool)
                .unwrap_or(false);
            let name = encoder
                .get("name")
                .and_then(Value::as_str)
                .unwrap_or("none")
                .to_owned();
            if has_library && !works {
                return Ok((name, false));
            }
            let missing = status
                .pointer("/knowledge/unembedded")
                .and_then(Value::as_u64);
            if missing.context("the status does not say what lacks vectors")? == 0 && has_library {
                return Ok((name, true));
            }
            anyhow::ensure!(
                began.elapsed() < VECTORS_WAIT_MAX,
                "the library was not embedded in four minutes"
            );
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// The body of a successful answer.
pub(crate) async fn json_of(response: reqwest::Response) -> anyhow::Result<Value> {
    let status = response.status();
    let url = response.url().path().to_owned();
    let text = response.text().await?;
    anyhow::ensure!(
        status.is_success(),
        "{url} answered {status}: {}",
        text.chars().take(200).collect::<String>()
    );
    serde_json::from_str(&text).with_context(|| format!("{url} answered no JSON"))
}
