//! Fetching models from a server of this machine that answers as the hub does, and as a hub may misbehave.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Path as UrlPath, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use domain::models::catalogue::{
    CatalogueError, Model, ModelCatalogue as _, Progress, ProgressSink, PullRequest,
};
use futures::StreamExt as _;
use inference::{CatalogueConfig, FolderCatalogue, HubConfig, HubToken};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::catalogue::{Noon, Patience, engine, name};
use crate::tiny;

const REVISION: &str = "0123456789abcdef0123456789abcdef01234567";
const TOKEN: &str = "hf_secret";

/// How the server treats a repository.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Manner {
    Usual,
    /// Ends the first connection in the middle of the file.
    CutsOnce,
    /// Sends the whole file, whatever part was asked for.
    Whole,
    /// Sends other bytes than it promised.
    Forges,
    /// Points to where its files lie.
    Redirects,
    /// Describes itself, but gives files only to those who accepted its licence.
    Gated,
}

struct Served {
    manner: Manner,
    files: HashMap<String, Vec<u8>>,
}

/// A request for a file.
struct Asked {
    range: Option<String>,
    authorization: Option<String>,
}

#[derive(Default)]
struct Hub {
    repositories: HashMap<String, Served>,
    /// Where redirects lead.
    elsewhere: String,
    requests: Mutex<Vec<Asked>>,
    half_came: tokio::sync::Notify,
}

impl Hub {
    fn with(mut self, repository: &str, manner: Manner, files: &[(&str, &[u8])]) -> Self {
        let files = files
            .iter()
            .map(|(path, bytes)| ((*path).to_owned(), bytes.to_vec()));
        let served = Served {
            manner,
            files: files.collect(),
        };
        self.repositories.insert(repository.to_owned(), served);
        self
    }

    async fn serve(self) -> (Arc<Self>, String) {
        let hub = Arc::new(self);
        let routes = Router::new()
            .route("/api/models/{owner}/{name}", get(describe))
            .route("/{owner}/{name}/resolve/{revision}/{*file}", get(send))
            .with_state(hub.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, routes).await });
        (hub, address)
    }

    fn ranges(&self) -> Vec<Option<String>> {
        let requests = self.requests.lock().unwrap();
        requests.iter().map(|asked| asked.range.clone()).collect()
    }
}

async fn describe(
    State(hub): State<Arc<Hub>>,
    UrlPath((owner, repository)): UrlPath<(String, String)>,
) -> Response {
    let Some(served) = hub.repositories.get(&format!("{owner}/{repository}")) else {
        return refuse(StatusCode::UNAUTHORIZED, "RepoNotFound");
    };
    let siblings: Vec<Value> = served
        .files
        .iter()
        .map(|(path, bytes)| {
            let sha256 = domain::models::Digest(Sha256::digest(bytes).into()).to_string();
            let lfs = json!({"sha256": sha256, "size": bytes.len(), "pointerSize": 134});
            json!({"rfilename": path, "size": bytes.len(), "blobId": "x", "lfs": lfs})
        })
        .chain([json!({"rfilename": "README.md", "size": 10})])
        .collect();
    axum::Json(json!({
        "id": format!("{owner}/{repository}"), "sha": REVISION, "tags": ["gguf", "license:mit"],
        "cardData": {"license": "other", "license_name": "own-licence"}, "siblings": siblings,
        "gated": if served.manner == Manner::Gated { json!("auto") } else { json!(false) },
    }))
    .into_response()
}

async fn send(
    State(hub): State<Arc<Hub>>,
    UrlPath((owner, repository, revision, file)): UrlPath<(String, String, String, String)>,
    headers: HeaderMap,
) -> Response {
    let text = |name| Some(headers.get(name)?.to_str().unwrap().to_owned());
    let range = text(header::RANGE);
    let attempt = {
        let mut requests = hub.requests.lock().unwrap();
        requests.push(Asked {
            range: range.clone(),
            authorization: text(header::AUTHORIZATION),
        });
        requests.len()
    };
    let Some(served) = hub.repositories.get(&format!("{owner}/{repository}")) else {
        return refuse(StatusCode::NOT_FOUND, "RepoNotFound");
    };
    assert!([REVISION, "main"].contains(&revision.as_str()));
    let bytes = served.files[&file].clone();
    let from = range.map_or(0, |range| {
        let first = range
            .strip_prefix("bytes=")
            .unwrap()
            .strip_suffix('-')
            .unwrap();
        first.parse::<usize>().unwrap()
    });
    match served.manner {
        Manner::Gated if text(header::AUTHORIZATION).is_none() => {
            refuse(StatusCode::UNAUTHORIZED, "GatedRepo")
        }
        Manner::Redirects => {
            let place = format!("{}/{owner}/{repository}/resolve/main/{file}", hub.elsewhere);
            (StatusCode::FOUND, [(header::LOCATION, place)]).into_response()
        }
        Manner::CutsOnce if attempt == 1 => {
            let half = Bytes::copy_from_slice(&bytes[..bytes.len() / 2]);
            // Cut only after the half has come, else it may never be sent.
            let cut = async move {
                hub.half_came.notified().await;
                Err(std::io::Error::other("cut"))
            };
            let pieces = futures::stream::iter([Ok(half)]).chain(futures::stream::once(cut));
            Body::from_stream(pieces).into_response()
        }
        Manner::Forges => {
            let mut forged = bytes;
            forged[100] ^= 1;
            forged.into_response()
        }
        Manner::Whole => bytes.into_response(),
        Manner::Usual | Manner::CutsOnce | Manner::Gated if from == 0 => bytes.into_response(),
        Manner::Usual | Manner::CutsOnce | Manner::Gated => {
            let range = format!("bytes {from}-{}/{}", bytes.len() - 1, bytes.len());
            let rest = bytes[from..].to_vec();
            (
                StatusCode::PARTIAL_CONTENT,
                [(header::CONTENT_RANGE, range)],
                rest,
            )
                .into_response()
        }
    }
}

fn refuse(status: StatusCode, code: &'static str) -> Response {
    (status, [("x-error-code", code)]).into_response()
}

fn tiny_bytes() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("tiny.gguf");
    tiny::write_model(&path, 1);
    fs::read(&path).unwrap()
}

fn catalogue(models_dir: &Path, hub: HubConfig) -> FolderCatalogue {
    let config = CatalogueConfig {
        models_dir: models_dir.to_owned(),
        hub,
        engine: engine(),
    };
    FolderCatalogue::new(config, Arc::new(Noon))
}

fn at(endpoint: &str) -> HubConfig {
    HubConfig {
        endpoint: endpoint.to_owned(),
        ..HubConfig::default()
    }
}

async fn pull(catalogue: &FolderCatalogue, repository: &str) -> Result<Model, CatalogueError> {
    pull_with(catalogue, repository, &Patience::endless()).await
}

async fn pull_with(
    catalogue: &FolderCatalogue,
    repository: &str,
    sink: &dyn ProgressSink,
) -> Result<Model, CatalogueError> {
    let request = PullRequest {
        repository: repository.to_owned(),
        file: None,
        name: None,
    };
    catalogue.pull(&request, sink).await
}

/// Parts of files that were not fetched whole.
fn parts(models: &Path) -> Vec<u64> {
    let entries = fs::read_dir(models.join("language/.partial")).unwrap();
    let entries = entries.map(Result::unwrap);
    let parts = entries.filter(|entry| entry.path().extension().is_some_and(|end| end == "part"));
    parts.map(|entry| entry.metadata().unwrap().len()).collect()
}

#[tokio::test]
async fn a_model_is_fetched_checked_and_listed() {
    let bytes = tiny_bytes();
    let files: &[(&str, &[u8])] = &[("own.Q8_0.gguf", b"other"), ("Own.Q4_K_M.gguf", &bytes)];
    let (hub, address) = Hub::default()
        .with("a/own-GGUF", Manner::Usual, files)
        .serve()
        .await;
    let models = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path(), at(&address));
    let model = pull(&catalogue, "a/own-GGUF").await.unwrap();
    assert_eq!(model.name.as_str(), "own.q4_k_m");
    assert_eq!(model.source, "hub:a/own-GGUF/Own.Q4_K_M.gguf");
    assert_eq!(model.licence.as_deref(), Some("own-licence"));
    assert_eq!(model.size_bytes, bytes.len() as u64);
    assert_eq!(catalogue.list_models().await.unwrap(), [model]);
    assert_eq!(parts(models.path()), Vec::<u64>::new());
    // A second time nothing is fetched.
    let again = pull(&catalogue, "a/own-GGUF").await;
    assert_eq!(again, Err(CatalogueError::Taken(name("own.q4_k_m"))));
    assert_eq!(hub.ranges(), [None]);
}

#[tokio::test]
async fn a_model_of_the_product_is_fetched_by_its_name() {
    let bytes = tiny_bytes();
    let files: &[(&str, &[u8])] = &[("phi-2.Q4_K_M.gguf", &bytes), ("phi-2.Q8_0.gguf", b"other")];
    let hub = Hub::default().with("TheBloke/phi-2-GGUF", Manner::Usual, files);
    let (_, address) = hub.serve().await;
    let models = tempfile::tempdir().unwrap();
    let model = pull(&catalogue(models.path(), at(&address)), "phi-2")
        .await
        .unwrap();
    assert_eq!(model.name, name("phi-2"));
}

#[tokio::test]
async fn a_connection_that_was_cut_goes_on_where_it_ended() {
    let bytes = tiny_bytes();
    let files: &[(&str, &[u8])] = &[("own.gguf", &bytes)];
    let (hub, address) = Hub::default()
        .with("a/own", Manner::CutsOnce, files)
        .serve()
        .await;
    let models = tempfile::tempdir().unwrap();
    let sink = TellsWhenSomethingCame(hub.clone());
    let catalogue = catalogue(models.path(), at(&address));
    let model = pull_with(&catalogue, "a/own", &sink).await.unwrap();
    assert_eq!(model.size_bytes, bytes.len() as u64);
    let range = format!("bytes={}-", bytes.len() / 2);
    assert_eq!(hub.ranges(), [None, Some(range)]);
}

#[tokio::test]
async fn a_cancelled_download_is_kept_and_goes_on() {
    for manner in [Manner::Usual, Manner::Whole] {
        let bytes = tiny_bytes();
        let files: &[(&str, &[u8])] = &[("own.gguf", &bytes)];
        let (hub, address) = Hub::default().with("a/own", manner, files).serve().await;
        let models = tempfile::tempdir().unwrap();
        let catalogue = catalogue(models.path(), at(&address));
        let cancelled = pull_with(&catalogue, "a/own", &CancelsAtFirstBytes).await;
        assert_eq!(cancelled, Err(CatalogueError::Cancelled));
        let kept = parts(models.path());
        assert!(kept.len() == 1 && kept[0] > 0, "{kept:?}");
        assert_eq!(catalogue.list_models().await.unwrap(), Vec::new());
        let model = pull(&catalogue, "a/own").await.unwrap();
        assert_eq!(model.size_bytes, bytes.len() as u64);
        if kept[0] < bytes.len() as u64 {
            assert_eq!(hub.ranges()[1], Some(format!("bytes={}-", kept[0])));
        }
        assert_eq!(parts(models.path()), Vec::<u64>::new());
    }
}

/// Tells the server once something came.
struct TellsWhenSomethingCame(Arc<Hub>);

impl ProgressSink for TellsWhenSomethingCame {
    fn report(&self, progress: Progress) -> bool {
        if progress.done > 0 {
            self.0.half_came.notify_one();
        }
        true
    }
}

/// Cancels once something came.
struct CancelsAtFirstBytes;

impl ProgressSink for CancelsAtFirstBytes {
    fn report(&self, progress: Progress) -> bool {
        progress.done == 0
    }
}

#[tokio::test]
async fn what_has_the_wrong_checksum_is_refused_and_deleted() {
    let bytes = tiny_bytes();
    let files: &[(&str, &[u8])] = &[("own.gguf", &bytes)];
    let (_, address) = Hub::default()
        .with("a/own", Manner::Forges, files)
        .serve()
        .await;
    let models = tempfile::tempdir().unwrap();
    let catalogue = catalogue(models.path(), at(&address));
    for _ in 0..2 {
        let refused = pull(&catalogue, "a/own").await.unwrap_err().to_string();
        assert!(refused.contains("its checksum is"), "{refused}");
        assert_eq!(parts(models.path()), Vec::<u64>::new());
    }
    assert_eq!(catalogue.list_models().await.unwrap(), Vec::new());
}

#[tokio::test]
async fn what_is_no_model_is_refused_and_deleted() {
    let files: &[(&str, &[u8])] = &[("own.gguf", b"GGUF is how it begins")];
    let (_, address) = Hub::default()
        .with("a/own", Manner::Usual, files)
        .serve()
        .await;
    let models = tempfile::tempdir().unwrap();
    let refused = pull(&catalogue(models.path(), at(&address)), "a/own").await;
    assert!(
        matches!(refused, Err(CatalogueError::Invalid(_))),
        "{refused:?}"
    );
    assert_eq!(parts(models.path()), Vec::<u64>::new());
}

#[tokio::test]
async fn a_gated_model_is_explained_and_comes_with_a_token() {
    let bytes = tiny_bytes();
    let files: &[(&str, &[u8])] = &[("own.gguf", &bytes)];
    let (hub, address) = Hub::default()
        .with("a/own", Manner::Gated, files)
        .serve()
        .await;
    let models = tempfile::tempdir().unwrap();
    let refused = pull(&catalogue(models.path(), at(&address)), "a/own").await;
    let refused = refused.unwrap_err().to_string();
    assert!(
        refused.contains(&format!("accept the licence at {address}/a/own")),
        "{refused}"
    );
    assert!(refused.contains("CODEGENIE_HUB_TOKEN"), "{refused}");
    let config = HubConfig {
        token: Some(HubToken::new(TOKEN)),
        ..at(&address)
    };
    assert!(!format!("{config:?}").contains(TOKEN));
    pull(&catalogue(models.path(), config), "a/own")
        .await
        .unwrap();
    let requests = hub.requests.lock().unwrap();
    assert_eq!(
        requests.last().unwrap().authorization.as_deref(),
        Some("Bearer hf_secret")
    );
}

#[tokio::test]
async fn an_absent_repository_is_named() {
    let (_, address) = Hub::default().serve().await;
    let models = tempfile::tempdir().unwrap();
    let refused = pull(&catalogue(models.path(), at(&address)), "a/own").await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("no repository a/own"), "{refused}");
}

#[tokio::test]
async fn a_redirect_is_followed_to_known_places_alone_and_without_the_token() {
    let bytes = tiny_bytes();
    let files: &[(&str, &[u8])] = &[("own.gguf", &bytes)];
    let (elsewhere, other) = Hub::default()
        .with("a/own", Manner::Usual, files)
        .serve()
        .await;
    let hub = Hub {
        elsewhere: other.clone(),
        ..Hub::default()
    };
    let (hub, address) = hub.with("a/own", Manner::Redirects, files).serve().await;
    let models = tempfile::tempdir().unwrap();
    let mut config = HubConfig {
        token: Some(HubToken::new(TOKEN)),
        ..at(&address)
    };
    let refused = pull(&catalogue(models.path(), config.clone()), "a/own").await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("hub_file_hosts"), "{refused}");
    assert!(elsewhere.requests.lock().unwrap().is_empty());
    config.file_hosts = vec![other];
    pull(&catalogue(models.path(), config), "a/own")
        .await
        .unwrap();
    let there = elsewhere.requests.lock().unwrap();
    assert_eq!(there.len(), 1);
    assert_eq!(
        there[0].authorization, None,
        "the token went to another host"
    );
    assert!(
        hub.requests
            .lock()
            .unwrap()
            .iter()
            .all(|request| request.authorization.is_some())
    );
}

#[tokio::test]
async fn an_instance_that_is_offline_asks_nobody() {
    let (hub, address) = Hub::default()
        .with("a/own", Manner::Usual, &[])
        .serve()
        .await;
    let models = tempfile::tempdir().unwrap();
    let config = HubConfig {
        is_offline: true,
        ..at(&address)
    };
    let refused = pull(&catalogue(models.path(), config), "a/own").await;
    assert!(refused.unwrap_err().to_string().contains("offline"));
    assert!(hub.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn a_file_that_the_disk_has_no_room_for_is_not_begun() {
    let routes = Router::new().route(
        "/api/models/{owner}/{name}",
        get(async || {
            let lfs = json!({"sha256": "00".repeat(32), "size": u64::MAX / 2});
            axum::Json(json!({"siblings": [{"rfilename": "own.gguf", "lfs": lfs}]}))
        }),
    );
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let models = tempfile::tempdir().unwrap();
    let refused = pull(&catalogue(models.path(), at(&address)), "a/own").await;
    let refused = refused.unwrap_err().to_string();
    assert!(refused.contains("the disk is too full"), "{refused}");
}

#[tokio::test]
async fn addresses_that_lead_nowhere_are_explained() {
    let models = tempfile::tempdir().unwrap();
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", nobody.local_addr().unwrap());
    drop(nobody);
    let refused = pull(&catalogue(models.path(), at(&address)), "a/own").await;
    assert!(
        refused
            .unwrap_err()
            .to_string()
            .contains("cannot be reached")
    );
    for wrong in ["ftp://x", "x", "https://user:word@x"] {
        let refused = pull(&catalogue(models.path(), at(wrong)), "a/own").await;
        let refused = refused.unwrap_err().to_string();
        assert!(refused.contains("not the address of a hub"), "{refused}");
    }
}
