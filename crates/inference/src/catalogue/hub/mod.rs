//! Fetching models from the Hugging Face hub, or from a server that answers like it: what a repository holds, which file of it is
//! wanted, and the way of that file to this machine.

mod client;
mod download;
mod proxy;
mod wanted;

pub use client::HubToken;
pub(crate) use download::check_space;
pub use proxy::HubProxy;

use domain::models::Digest;
use domain::models::catalogue::{CatalogueError, Progress, ProgressSink, PullRequest};

use super::folder::{Folder, check_name};
use super::import::check_free;
use client::Client;
use download::{Download, Part};
use wanted::Wanted;

/// The hub.
const ENDPOINT: &str = "https://huggingface.co";

/// How the hub is reached.
#[derive(Debug, Clone)]
pub struct HubConfig {
    /// Address of the hub or of a mirror, such as `https://huggingface.co`. A plain `http` address is used when it is given, and
    /// so is one of this machine or a private network.
    pub endpoint: String,
    /// Other addresses whose files the hub may point to, such as `https://cdn.example.org`. Those of the Hugging Face hub are
    /// known without being listed.
    pub file_hosts: Vec<String>,
    /// Proves who asks; sent to `endpoint` alone.
    pub token: Option<HubToken>,
    /// The proxies of this network.
    pub proxy: HubProxy,
    /// Whether nothing is fetched at all.
    pub is_offline: bool,
}

impl Default for HubConfig {
    /// The Hugging Face hub, without a token.
    fn default() -> Self {
        Self {
            endpoint: ENDPOINT.to_owned(),
            file_hosts: Vec::new(),
            token: None,
            proxy: HubProxy::default(),
            is_offline: false,
        }
    }
}

/// A file that was fetched whole and has the checksum that the hub told.
pub(crate) struct Fetched {
    pub(crate) part: Part,
    pub(crate) digest: Digest,
    pub(crate) name: domain::models::ModelName,
    pub(crate) licence: Option<String>,
    /// Such as `hub:TheBloke/phi-2-GGUF/phi-2.Q4_K_M.gguf`.
    pub(crate) source: String,
}

/// Fetches the file that is wanted, going on where an earlier attempt ended.
///
/// # Errors
/// [`CatalogueError::Invalid`] when the request cannot be understood or several files could be meant, [`CatalogueError::Hub`] when
/// the hub refuses or has no such file, [`CatalogueError::Io`] when the disk is too small, [`CatalogueError::Cancelled`].
pub(crate) async fn fetch(
    config: &HubConfig,
    folder: &Folder,
    request: &PullRequest,
    sink: &dyn ProgressSink,
) -> Result<Fetched, CatalogueError> {
    let wanted = Wanted::read(request)?;
    if let Some(name) = &wanted.name {
        check_free(folder, name)?;
    }
    if config.is_offline {
        return Err(CatalogueError::Hub(
            "this instance is offline, so nothing is fetched; import a file with `codegenie models import`, or change the \
             setting `offline`"
                .to_owned(),
        ));
    }
    let client = Client::new(config)?;
    tell(sink, format!("asking for {}", wanted.repository), 0, None)?;
    let info = client.get_info(&wanted.repository).await?;
    let licence = info.licence();
    let file = wanted.choose(&info.files())?;
    let name = match wanted.name {
        Some(name) => name,
        None => wanted::name_after(&file.path)?,
    };
    check_name(&name)?;
    check_free(folder, &name)?;
    let digest = file.checksum(&wanted.repository)?;
    let url = client.file_url(&wanted.repository, info.revision(), &file.path)?;
    let shown = licence.as_deref().unwrap_or("not named");
    let stage = format!("downloading {} (licence: {shown})", file.path);
    let part = Part::open(folder, digest)?;
    tell(sink, stage.as_str(), 0, Some(file.size_bytes))?;
    let download = Download {
        client: &client,
        url: &url,
        size_bytes: file.size_bytes,
        repository: &wanted.repository,
        file: &file.path,
        stage: &stage,
    };
    let part = download.run(part, sink).await?;
    Ok(Fetched {
        part,
        digest,
        name,
        licence,
        source: format!("hub:{}/{}", wanted.repository, file.path),
    })
}

/// Tells how far it is; an error when that cancelled it.
fn tell(
    sink: &dyn ProgressSink,
    stage: impl Into<String>,
    done: u64,
    total: Option<u64>,
) -> Result<(), CatalogueError> {
    let stage = stage.into();
    if sink.report(Progress { stage, done, total }) {
        Ok(())
    } else {
        Err(CatalogueError::Cancelled)
    }
}
