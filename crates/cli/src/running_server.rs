//! A server that runs, as a client sees it: where it is, who asks, one request, and its refusals in its own words. A session that
//! is begun here is ended here.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::Duration;

use anyhow::{Context as _, bail};
use chrono::DateTime;
use domain::{Clock as _, time::Timestamp};
use reqwest::header::{DATE, HeaderMap};
use reqwest::{Client, Method, RequestBuilder, Response, StatusCode, Url};
use serde_json::{Value, json};

use crate::args::ServerArgs;
use crate::config::{AccountConfig, Config, Secret};
use crate::ports::SystemClock;
use crate::terminal::{self, password};

/// How long a connection may take.
const CONNECT_MAX: Duration = Duration::from_secs(10);
/// How long an answer that needs no work may take.
const ANSWER_MAX: Duration = Duration::from_secs(30);
/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 4 * 1024 * 1024;

/// What a request needs for proof of who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// An API token is enough.
    Any,
    /// The server wants somebody who signed in.
    Session,
}

/// One request.
pub(crate) struct Request<'a> {
    pub(crate) method: Method,
    /// Parts of the path, as they are before they are encoded.
    pub(crate) path: &'a [&'a str],
    pub(crate) body: Option<Value>,
    pub(crate) proof: Proof,
    /// Whether the server answers only when long work is done.
    pub(crate) is_long: bool,
}

/// What the server said.
pub(crate) struct Answer {
    /// `null` when there is none.
    pub(crate) body: Value,
    /// What time it is there.
    pub(crate) now: Timestamp,
}

/// Asks the server for one thing: finds out who asks, signs in where that is needed, sends, and signs out again, also when the
/// request fails or Ctrl-C ends the wait for it.
pub(crate) async fn ask(
    args: &ServerArgs,
    config: &Config,
    request: Request<'_>,
) -> anyhow::Result<Answer> {
    let server = RunningServer::find(args, config)?;
    let credentials = choose_credentials(args, &config.account, request.proof)?;
    // Nobody types a password for a server that is not there.
    server.check_alive().await?;
    match credentials {
        Credentials::Token(token) => server.send(request, &token).await,
        Credentials::Account { email, password } => {
            let password = match password {
                Some(password) => password,
                None => Secret::new(password::ask(&email)?),
            };
            let session = server.sign_in(&email, &password).await?;
            let answer = tokio::select! {
                answer = server.send(request, &session) => answer,
                stopped = tokio::signal::ctrl_c() => {
                    stopped.context("cannot listen for Ctrl-C")?;
                    Err(anyhow::anyhow!("stopped waiting; the server may go on with it"))
                }
            };
            server.sign_out(&session).await;
            answer
        }
    }
}

/// Who asks.
enum Credentials {
    Token(Secret),
    Account {
        email: String,
        /// `None` when it is to be asked for.
        password: Option<Secret>,
    },
}

/// An address that is typed goes first, then a token where one is enough, then the address of the settings.
fn choose_credentials(
    args: &ServerArgs,
    account: &AccountConfig,
    proof: Proof,
) -> anyhow::Result<Credentials> {
    if let (None, Proof::Any, Some(token)) = (&args.email, proof, &account.token) {
        return Ok(Credentials::Token(token.value.clone()));
    }
    let set = account.email.as_ref().map(|email| email.value.clone());
    let Some(email) = args.email.clone().or(set) else {
        match proof {
            Proof::Any => bail!(
                "the server wants to know who asks; give --email, or set CODEGENIE_EMAIL, or CODEGENIE_TOKEN to an API token"
            ),
            Proof::Session => bail!(
                "the server wants an administrator to sign in, and takes no API token for this; give --email, or set CODEGENIE_EMAIL"
            ),
        }
    };
    let password = account.password.as_ref();
    Ok(Credentials::Account {
        email,
        password: password.map(|password| password.value.clone()),
    })
}

struct RunningServer {
    http: Client,
    base: Url,
}

impl RunningServer {
    /// The server of `--server`, else the one that this instance's settings start. Nothing is sent yet.
    fn find(args: &ServerArgs, config: &Config) -> anyhow::Result<Self> {
        let base = match &args.server {
            Some(text) => parse_address(text, args.plain_http)?,
            None => own_address(config.listen.value)?,
        };
        // The library for encryption, once for the process; another part may have chosen the same one already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let http = Client::builder()
            // A redirect could lead a password elsewhere.
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .connect_timeout(CONNECT_MAX)
            .user_agent(concat!("codegenie/", env!("CARGO_PKG_VERSION")))
            .build()
            .context("cannot prepare a connection")?;
        Ok(Self { http, base })
    }

    async fn check_alive(&self) -> anyhow::Result<()> {
        let request = self.http.get(self.url(&["health", "live"]));
        self.exchange(request.timeout(ANSWER_MAX)).await?;
        Ok(())
    }

    async fn sign_in(&self, email: &str, password: &Secret) -> anyhow::Result<Secret> {
        let body = json!({"email": email, "password": password.reveal()});
        let request = self.http.post(self.url(&["api", "v1", "auth", "login"]));
        let request = request.json(&body).timeout(ANSWER_MAX);
        let answer = self.exchange(request).await?;
        match answer.body["access_token"].as_str() {
            Some(token) => Ok(Secret::new(token)),
            None => bail!(
                "{} gave no session; is it a CodeGenie server?",
                self.shown()
            ),
        }
    }

    /// Ends a session. A failure is told and changes nothing: the session ends by itself.
    async fn sign_out(&self, session: &Secret) {
        let request = self.http.post(self.url(&["api", "v1", "auth", "logout"]));
        let request = request.bearer_auth(session.reveal()).timeout(ANSWER_MAX);
        if let Err(error) = self.exchange(request).await {
            terminal::note(&format!(
                "could not sign out, so the session stays until it ends by itself: {error:#}"
            ));
        }
    }

    async fn send(&self, request: Request<'_>, proof: &Secret) -> anyhow::Result<Answer> {
        let mut builder = self.http.request(request.method, self.url(request.path));
        builder = builder.bearer_auth(proof.reveal());
        if let Some(body) = &request.body {
            builder = builder.json(body);
        }
        if !request.is_long {
            builder = builder.timeout(ANSWER_MAX);
        }
        self.exchange(builder).await
    }

    async fn exchange(&self, request: RequestBuilder) -> anyhow::Result<Answer> {
        let response = request.send().await.map_err(|error| self.failed(&error))?;
        let status = response.status();
        let now = time_there(response.headers());
        let text = read(response)
            .await
            .with_context(|| format!("cannot read the answer of {}", self.shown()))?;
        let body: Option<Value> = if text.is_empty() {
            Some(Value::Null)
        } else {
            serde_json::from_slice(&text).ok()
        };
        match body {
            Some(body) if status.is_success() => Ok(Answer { body, now }),
            Some(body) => Err(self.refused(status, &body)),
            // A live server answers `/health/live` in JSON.
            None => bail!(
                "{} answered {status} and no JSON; is it a CodeGenie server?",
                self.shown()
            ),
        }
    }

    fn refused(&self, status: StatusCode, body: &Value) -> anyhow::Error {
        match body["detail"].as_str() {
            Some(detail) => anyhow::anyhow!("{detail}"),
            None => anyhow::anyhow!(
                "{} answered {status}; is it a CodeGenie server?",
                self.shown()
            ),
        }
    }

    fn failed(&self, error: &reqwest::Error) -> anyhow::Error {
        let place = self.shown();
        if error.is_connect() {
            let cause = last_cause(error);
            anyhow::anyhow!(
                "no server answers at {place} ({cause}); start one with `codegenie serve`, or say where it is with --server URL"
            )
        } else if error.is_timeout() {
            anyhow::anyhow!("{place} did not answer in time; try again")
        } else {
            let cause = last_cause(error);
            anyhow::anyhow!("the connection to {place} broke ({cause}); try again")
        }
    }

    /// The address without the slash at its end.
    fn shown(&self) -> &str {
        self.base.as_str().trim_end_matches('/')
    }

    fn url(&self, path: &[&str]) -> Url {
        let mut url = self.base.clone();
        url.path_segments_mut()
            .expect("BUG: http addresses have paths")
            .clear()
            .extend(path);
        url
    }
}

fn last_cause(error: &reqwest::Error) -> String {
    let mut last: &dyn std::error::Error = error;
    while let Some(deeper) = last.source() {
        last = deeper;
    }
    last.to_string()
}

/// A bounded body.
async fn read(mut response: Response) -> anyhow::Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(piece) = response.chunk().await? {
        if body.len() + piece.len() > ANSWER_BYTES_MAX {
            bail!("it is longer than {ANSWER_BYTES_MAX} bytes");
        }
        body.extend_from_slice(&piece);
    }
    Ok(body)
}

/// What time the server says it is, else what time it is here: its moments are compared with its own clock.
fn time_there(headers: &HeaderMap) -> Timestamp {
    let told = headers.get(DATE).and_then(|value| value.to_str().ok());
    let told = told.and_then(|text| DateTime::parse_from_rfc2822(text).ok());
    told.map_or_else(
        || SystemClock.now(),
        |moment| Timestamp::from_millis(moment.timestamp_millis()),
    )
}

/// An address as it was typed. Whoever is on the way reads what is not encrypted, so that is only for this machine unless
/// `plain_http` says otherwise.
fn parse_address(text: &str, plain_http: bool) -> anyhow::Result<Url> {
    let wrong = || {
        anyhow::anyhow!(
            "`{text}` is not the address of a server; write for example https://genie.example.org or http://127.0.0.1:8501"
        )
    };
    let url = Url::parse(text.trim()).map_err(|_| wrong())?;
    if !url.username().is_empty() || url.password().is_some() {
        bail!(
            "the address of a server has no user and no password in it; use --email and CODEGENIE_PASSWORD"
        );
    }
    let is_bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
    match url.scheme() {
        "https" if is_bare => Ok(url),
        "http" if is_bare && (plain_http || is_this_machine(&url)) => Ok(url),
        "http" if is_bare => bail!(
            "{text} is not encrypted, so whoever is on the way could read the password; use https://, \
             or add --plain-http where you trust the network"
        ),
        _ => Err(wrong()),
    }
}

fn is_this_machine(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    match bare.parse::<IpAddr>() {
        Ok(address) => address.to_canonical().is_loopback(),
        Err(_) => host.eq_ignore_ascii_case("localhost"),
    }
}

/// Where the server of this instance listens. That is an address of this machine, so what is sent there stays here.
fn own_address(listen: SocketAddr) -> anyhow::Result<Url> {
    if listen.port() == 0 {
        bail!("the settings let the server take any free port; say where it is with --server URL");
    }
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip @ (IpAddr::V4(_) | IpAddr::V6(_)) => ip,
    };
    let address = SocketAddr::new(ip, listen.port());
    Url::parse(&format!("http://{address}")).context("cannot use the address of the settings")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_goes_unencrypted_to_this_machine_alone() {
        for text in [
            "https://genie.example.org",
            "https://10.0.0.5:8501/",
            "http://127.0.0.1:8501",
            "http://localhost:8501",
            "http://[::1]:8501",
            "http://127.9.9.9",
        ] {
            assert!(parse_address(text, false).is_ok(), "{text}");
        }
        for text in [
            "http://genie.example.org",
            "http://10.0.0.5:8501",
            "http://localhost.example.org",
            "http://0.0.0.0:8501",
        ] {
            let refused = parse_address(text, false).unwrap_err().to_string();
            assert!(refused.contains("--plain-http"), "{text}: {refused}");
            assert!(parse_address(text, true).is_ok(), "{text}");
        }
    }

    #[test]
    fn what_is_no_address_is_refused() {
        for text in [
            "",
            "genie",
            "localhost:8501",
            "127.0.0.1:8501",
            "ftp://localhost",
            "https://genie.example.org/api",
            "https://genie.example.org/?x",
            "file:///etc/passwd",
        ] {
            let refused = parse_address(text, true).unwrap_err().to_string();
            assert!(refused.contains("is not the address"), "{text}: {refused}");
        }
        let refused = parse_address("https://ada:s3cret@genie.example.org", false);
        let refused = refused.unwrap_err().to_string();
        assert!(!refused.contains("s3cret"), "{refused}");
    }

    #[test]
    fn where_the_server_listens_everywhere_it_is_asked_here() {
        let shown = |text: &str| own_address(text.parse().unwrap()).map(|url| url.to_string());
        assert_eq!(shown("0.0.0.0:8501").unwrap(), "http://127.0.0.1:8501/");
        assert_eq!(shown("[::]:9000").unwrap(), "http://[::1]:9000/");
        assert_eq!(shown("192.168.1.5:80").unwrap(), "http://192.168.1.5/");
        assert!(shown("127.0.0.1:0").is_err());
    }
}
