//! Asking the hub: addresses, redirects, the token, and its refusals in words. The token goes to the hub alone, and a redirect is
//! followed only to where files of the hub are known to lie.

use std::fmt;
use std::time::Duration;

use domain::models::catalogue::CatalogueError;
use reqwest::header::{AUTHORIZATION, HeaderValue, LOCATION, RANGE};
use reqwest::{Response, StatusCode, Url};
use serde::Deserialize;

use super::HubConfig;
use super::wanted::RemoteFile;
use crate::address::{Guard, GuardedResolver, RefusedAddress};

/// How long a connection may take.
const CONNECT_LIMIT: Duration = Duration::from_secs(15);
/// How long the hub may be silent.
const SILENCE_LIMIT: Duration = Duration::from_mins(1);
/// Redirects that are followed.
const REDIRECTS_MAX: usize = 5;
/// Longest description of a repository that is read.
const INFO_BYTES_MAX: usize = 8 << 20;
/// Whose files the hub keeps under these names and the names below them.
const FILE_HOSTS: [&str; 2] = ["huggingface.co", "hf.co"];

/// What to do when a server is where none is expected.
const PRIVATE_ADVICE: &str = "if it is a mirror that is meant to be there, set its address as `hub_endpoint` or in `hub_file_hosts`";

/// An access token of the hub. Not printed.
#[derive(Clone)]
pub struct HubToken(String);

impl HubToken {
    /// A token as the hub gave it.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Debug for HubToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("HubToken")
    }
}

/// Why something did not come.
pub(super) enum Interruption {
    /// The next attempt may do better.
    Cut(CatalogueError),
    Final(CatalogueError),
}

impl From<Interruption> for CatalogueError {
    fn from(interruption: Interruption) -> Self {
        match interruption {
            Interruption::Cut(error) | Interruption::Final(error) => error,
        }
    }
}

/// Asks one hub.
pub(super) struct Client {
    http: reqwest::Client,
    guard: Guard,
    endpoint: Url,
    file_hosts: Vec<Url>,
    token: Option<HeaderValue>,
}

/// What the hub says of a repository (`GET /api/models/{repository}`).
#[derive(Deserialize)]
pub(super) struct Info {
    sha: Option<String>,
    #[serde(default)]
    tags: Vec<String>,
    #[serde(rename = "cardData")]
    card: Option<Card>,
    #[serde(default)]
    siblings: Vec<Sibling>,
}

/// The part of a repository's description that people write.
#[derive(Deserialize)]
struct Card {
    license: Option<OneOrMany>,
    license_name: Option<String>,
}

#[derive(Deserialize)]
#[serde(untagged)]
enum OneOrMany {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Sibling {
    rfilename: String,
    size: Option<u64>,
    lfs: Option<LargeFile>,
}

#[derive(Deserialize)]
struct LargeFile {
    #[serde(alias = "oid")]
    sha256: Option<String>,
    size: Option<u64>,
}

impl Info {
    /// The version of the repository that this is said of.
    pub(super) fn revision(&self) -> &str {
        self.sha
            .as_deref()
            .filter(|sha| !sha.is_empty() && sha.bytes().all(|byte| byte.is_ascii_hexdigit()))
            .unwrap_or("main")
    }

    /// The licence, as its publisher names it.
    pub(super) fn licence(&self) -> Option<String> {
        let card = self.card.as_ref();
        let named = card.and_then(|card| match &card.license {
            Some(OneOrMany::One(licence)) => Some(licence.clone()),
            Some(OneOrMany::Many(licences)) => Some(licences.join(", ")),
            None => None,
        });
        // A licence of the publisher's own is called `other` and has its name beside it.
        let named = match (named, card.and_then(|card| card.license_name.clone())) {
            (Some(other), Some(own)) if other == "other" => Some(own),
            (named, _) => named,
        };
        let tag = || {
            self.tags
                .iter()
                .find_map(|tag| tag.strip_prefix("license:"))
        };
        named
            .filter(|text| !text.is_empty())
            .or_else(|| tag().map(str::to_owned))
    }

    pub(super) fn files(&self) -> Vec<RemoteFile> {
        let file = |sibling: &Sibling| RemoteFile {
            path: sibling.rfilename.clone(),
            size_bytes: sibling
                .lfs
                .as_ref()
                .and_then(|lfs| lfs.size)
                .or(sibling.size)
                .unwrap_or_default(),
            sha256: sibling.lfs.as_ref().and_then(|lfs| lfs.sha256.clone()),
        };
        self.siblings.iter().map(file).collect()
    }
}

impl Client {
    /// A client; opens no connection.
    pub(super) fn new(config: &HubConfig) -> Result<Self, CatalogueError> {
        // The ring of the process: somebody else may have set it, and then it is the same.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let endpoint = parse_address(&config.endpoint)?;
        let file_hosts: Vec<Url> = config
            .file_hosts
            .iter()
            .map(|address| parse_address(address))
            .collect::<Result<_, _>>()?;
        let (proxies, proxy_hosts) = config.proxy.prepare()?;
        let guard = guard(config, &endpoint, &file_hosts, proxy_hosts);
        let http = reqwest::Client::builder()
            .no_proxy()
            .dns_resolver(GuardedResolver(guard.clone()))
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(CONNECT_LIMIT)
            .read_timeout(SILENCE_LIMIT)
            .user_agent(concat!("codegenie/", env!("CARGO_PKG_VERSION")));
        let http = proxies
            .into_iter()
            .fold(http, reqwest::ClientBuilder::proxy)
            .build()
            .map_err(|error| CatalogueError::Hub(format!("no connection can be made: {error}")))?;
        let mut token = config
            .token
            .as_ref()
            .map(|token| HeaderValue::from_str(&format!("Bearer {}", token.0)))
            .transpose()
            .map_err(|_| {
                CatalogueError::Invalid(
                    "the hub's token has characters that no token has; set it again".to_owned(),
                )
            })?;
        if let Some(token) = &mut token {
            token.set_sensitive(true);
        }
        Ok(Self {
            http,
            guard,
            endpoint,
            file_hosts,
            token,
        })
    }

    /// What the hub says of a repository.
    pub(super) async fn get_info(&self, repository: &str) -> Result<Info, CatalogueError> {
        let mut url = self.address(&["api", "models"], repository, &[])?;
        url.set_query(Some("blobs=true"));
        let mut response = self.get(&url, 0).await?;
        if !response.status().is_success() {
            return Err(self.refusal(&response, repository, None));
        }
        let mut body = Vec::new();
        while let Some(piece) = response
            .chunk()
            .await
            .map_err(|error| self.unreachable(&error))?
        {
            body.extend_from_slice(&piece);
            if body.len() > INFO_BYTES_MAX {
                return Err(CatalogueError::Hub(format!(
                    "what the hub says of {repository} is too long to be read"
                )));
            }
        }
        serde_json::from_slice(&body).map_err(|error| {
            CatalogueError::Hub(format!(
                "{} does not answer like the hub ({error}); check the setting `hub_endpoint`",
                self.host()
            ))
        })
    }

    /// Where a file of a repository is.
    pub(super) fn file_url(
        &self,
        repository: &str,
        revision: &str,
        file: &str,
    ) -> Result<Url, CatalogueError> {
        let file: Vec<&str> = ["resolve", revision]
            .into_iter()
            .chain(file.split('/'))
            .collect();
        self.address(&[], repository, &file)
    }

    fn address(
        &self,
        before: &[&str],
        repository: &str,
        after: &[&str],
    ) -> Result<Url, CatalogueError> {
        let mut url = self.endpoint.clone();
        {
            let mut segments = url.path_segments_mut().map_err(|()| {
                CatalogueError::Invalid(format!("{} cannot be the address of a hub", self.endpoint))
            })?;
            segments.pop_if_empty();
            segments
                .extend(before)
                .extend(repository.split('/'))
                .extend(after);
        }
        Ok(url)
    }

    /// Asks for an address, from byte `from` on, and follows redirects to where they may lead.
    pub(super) async fn get(&self, url: &Url, from: u64) -> Result<Response, Interruption> {
        let mut url = url.clone();
        for _ in 0..=REDIRECTS_MAX {
            let checked = self.guard.check_url(&url);
            checked.map_err(|refused| Interruption::Final(refusal_of(&refused)))?;
            let mut request = self.http.get(url.clone());
            if let Some(token) = self
                .token
                .as_ref()
                .filter(|_| is_same_origin(&url, &self.endpoint))
            {
                request = request.header(AUTHORIZATION, token.clone());
            }
            if from > 0 {
                request = request.header(RANGE, format!("bytes={from}-"));
            }
            let sent = request.send().await;
            let response = sent.map_err(|error| self.interrupted(&error))?;
            if !response.status().is_redirection() {
                return Ok(response);
            }
            url = self.follow(&url, &response).map_err(Interruption::Final)?;
        }
        Err(Interruption::Final(CatalogueError::Hub(format!(
            "{} sends from one address to the next without end",
            self.host()
        ))))
    }

    fn follow(&self, from: &Url, response: &Response) -> Result<Url, CatalogueError> {
        let location = response.headers().get(LOCATION);
        let location = location.and_then(|value| value.to_str().ok());
        let target = location
            .and_then(|location| from.join(location).ok())
            .ok_or_else(|| {
                CatalogueError::Hub(format!("{} redirects to no address", self.host()))
            })?;
        let host = target.host_str().unwrap_or_default();
        let is_known_host = FILE_HOSTS.iter().any(|known| {
            host == *known
                || host
                    .strip_suffix(known)
                    .is_some_and(|front| front.ends_with('.'))
        });
        let is_allowed = is_same_origin(&target, &self.endpoint)
            || (target.scheme() == "https" && is_known_host && target.port().is_none())
            || self
                .file_hosts
                .iter()
                .any(|known| is_same_origin(&target, known));
        if is_allowed {
            return Ok(target);
        }
        Err(CatalogueError::Hub(format!(
            "{} points to {}://{host}, where no file of the hub is expected, so nothing was fetched; if that is right, add it to \
             the setting `hub_file_hosts`",
            self.host(),
            target.scheme()
        )))
    }

    /// What a refusal means and what to do about it.
    pub(super) fn refusal(
        &self,
        response: &Response,
        repository: &str,
        file: Option<&str>,
    ) -> CatalogueError {
        let status = response.status();
        let code = response.headers().get("x-error-code");
        let code = code
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default();
        let page = self.address(&[], repository, &[]);
        let page = page.map_or_else(|_| repository.to_owned(), |url| url.to_string());
        let is_refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        CatalogueError::Hub(if code == "GatedRepo" || (is_refused && file.is_some()) {
            let token = if self.token.is_some() {
                "the token in use has not done so"
            } else {
                "then set CODEGENIE_HUB_TOKEN to an access token of your account there"
            };
            format!(
                "{repository} is given only to those who accept its licence: accept the licence at {page}, {token}"
            )
        } else if code == "EntryNotFound" || (status == StatusCode::NOT_FOUND && file.is_some()) {
            let file = file.unwrap_or_default();
            format!("the repository {repository} has no file `{file}` any more; look at {page}")
        } else if code == "RepoNotFound" || is_refused || status == StatusCode::NOT_FOUND {
            format!(
                "there is no repository {repository}, or it is not public; check its name, or set CODEGENIE_HUB_TOKEN to a token \
                 that may see it"
            )
        } else if status == StatusCode::TOO_MANY_REQUESTS {
            format!("{} wants fewer requests; try again in a while", self.host())
        } else {
            format!(
                "{} answers with status {status}; try again later",
                self.host()
            )
        })
    }

    /// What a request means that was not answered.
    fn interrupted(&self, error: &reqwest::Error) -> Interruption {
        match find_refused(error) {
            Some(refused) => Interruption::Final(refusal_of(refused)),
            None => Interruption::Cut(self.unreachable(error)),
        }
    }

    /// What a connection that failed means.
    pub(super) fn unreachable(&self, error: &reqwest::Error) -> CatalogueError {
        let reason = innermost(error);
        CatalogueError::Hub(format!(
            "{} cannot be reached ({reason}); check the network and try again",
            self.host()
        ))
    }

    fn host(&self) -> &str {
        self.endpoint.host_str().unwrap_or("the hub")
    }
}

fn parse_address(text: &str) -> Result<Url, CatalogueError> {
    let url = Url::parse(text.trim()).ok();
    let url = url.filter(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
    });
    url.ok_or_else(|| {
        CatalogueError::Invalid(format!(
            "`{text}` is not the address of a hub; write it like https://huggingface.co"
        ))
    })
}

/// Servers of the settings may be on this machine or in a private network; the hub and where it sends to may not, whatever the
/// DNS says.
fn guard(
    config: &HubConfig,
    endpoint: &Url,
    file_hosts: &[Url],
    mut private_hosts: Vec<String>,
) -> Guard {
    let is_configured = config.endpoint != HubConfig::default().endpoint;
    let configured = is_configured.then_some(endpoint);
    let hosts = configured.into_iter().chain(file_hosts);
    private_hosts.extend(hosts.filter_map(|url| url.host_str().map(str::to_owned)));
    Guard::with_private_hosts(private_hosts, PRIVATE_ADVICE)
}

fn refusal_of(refused: &RefusedAddress) -> CatalogueError {
    CatalogueError::Hub(format!("{refused}; nothing was fetched"))
}

/// The refusal of an address, when an error is because of that.
fn find_refused<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a RefusedAddress> {
    let mut causes = std::iter::successors(Some(error), |error| error.source());
    causes.find_map(|cause| cause.downcast_ref::<RefusedAddress>())
}

fn is_same_origin(left: &Url, right: &Url) -> bool {
    left.origin() == right.origin()
}

fn innermost(error: &dyn std::error::Error) -> String {
    let mut inner = error;
    while let Some(source) = inner.source() {
        inner = source;
    }
    inner.to_string()
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    use tokio::net::TcpListener;

    use super::super::HubProxy;
    use super::*;

    fn client(config: &HubConfig) -> Client {
        Client::new(config).unwrap()
    }

    async fn refused(client: &Client, url: &str) -> String {
        match client.get(&Url::parse(url).unwrap(), 0).await {
            Err(Interruption::Final(error)) => error.to_string(),
            Err(Interruption::Cut(error)) => panic!("it would be tried again: {error}"),
            Ok(response) => panic!("{response:?}"),
        }
    }

    #[tokio::test]
    async fn a_name_that_leads_to_this_machine_is_not_followed_unless_it_is_configured() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let usual = client(&HubConfig::default());
        for host in ["localhost", "127.0.0.1", "[::1]", "169.254.169.254"] {
            let text = refused(&usual, &format!("http://{host}:{port}/a")).await;
            assert!(text.contains("is not used"), "{host}: {text}");
        }
        let text = refused(&usual, &format!("http://localhost:{port}/a")).await;
        assert!(text.contains("hub_endpoint"), "{text}");
        assert!(
            futures::FutureExt::now_or_never(listener.accept()).is_none(),
            "nobody connected"
        );

        let mirror = client(&HubConfig {
            endpoint: format!("http://localhost:{port}"),
            ..HubConfig::default()
        });
        let answer = async {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut begin = [0; 3];
            stream.read_exact(&mut begin).await.unwrap();
            let answer = b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n";
            stream.write_all(answer).await.unwrap();
        };
        let url = Url::parse(&format!("http://localhost:{port}/a")).unwrap();
        let (response, ()) = tokio::join!(mirror.get(&url, 0), answer);
        assert_eq!(response.ok().unwrap().status(), StatusCode::NO_CONTENT);
    }

    #[tokio::test]
    async fn a_proxy_is_asked_for_what_is_not_excepted() {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let proxy = format!("http://{}", listener.local_addr().unwrap());
        let config = HubConfig {
            endpoint: "http://hub.example".to_owned(),
            proxy: HubProxy {
                http: Some(proxy.clone()),
                https: Some(proxy),
                except: "127.0.0.1".to_owned(),
            },
            ..HubConfig::default()
        };
        let client = client(&config);
        let ask = async |url: &str| {
            let url = Url::parse(url).unwrap();
            let heard = async {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut begin = vec![0; 32];
                stream.read_exact(&mut begin).await.unwrap();
                String::from_utf8(begin).unwrap()
            };
            // The proxy hangs up without an answer.
            let (answer, heard) = tokio::join!(client.get(&url, 0), heard);
            assert!(matches!(answer, Err(Interruption::Cut(_))));
            heard
        };
        let heard = ask("http://hub.example/a/file.gguf").await;
        assert!(
            heard.starts_with("GET http://hub.example/a/file"),
            "{heard}"
        );
        // An encrypted connection goes through, and the proxy resolves the name.
        let heard = ask("https://huggingface.co/a/file.gguf").await;
        assert!(heard.starts_with("CONNECT huggingface.co:443 "), "{heard}");
    }
}
