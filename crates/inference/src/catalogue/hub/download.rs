//! One file on its way to this machine: it grows beside the models under the name of its checksum, so that the next attempt goes
//! on where this one ended, whatever ended it.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use domain::models::Digest;
use domain::models::catalogue::{CatalogueError, ProgressSink};
use reqwest::header::CONTENT_RANGE;
use reqwest::{Response, StatusCode, Url};
use tokio::io::AsyncWriteExt as _;

use super::super::folder::{Folder, io_error};
use super::super::records::hash_file;
use super::super::watch::{run_blocking, run_watched};
use super::client::{Client, Interruption};
use super::tell;

/// Attempts in a row without a single new byte.
const ATTEMPTS_MAX: u32 = 4;
/// Wait before the second attempt without a new byte; doubles each time.
const WAIT: Duration = Duration::from_millis(500);
/// Space on the disk that is left to others.
const RESERVE_BYTES: u64 = 64 << 20;

/// A file that is not complete, with the right to write it.
pub(crate) struct Part {
    path: PathBuf,
    digest: Digest,
    /// Locked while it is open.
    _lock: File,
}

impl Part {
    /// The part of the file with this checksum, new or from an earlier attempt.
    ///
    /// # Errors
    /// [`CatalogueError::Invalid`] while another process fetches the same file.
    pub(super) fn open(folder: &Folder, digest: Digest) -> Result<Self, CatalogueError> {
        let lock_path = folder.make_locks()?.join(format!("{digest}.part.lock"));
        let folder = folder.make_partial()?;
        let lock = File::create(&lock_path).map_err(|error| io_error(&lock_path, &error))?;
        match lock.try_lock() {
            Ok(()) => {}
            Err(fs::TryLockError::WouldBlock) => {
                return Err(CatalogueError::Invalid(
                    "this file is being fetched already; wait for that to end".to_owned(),
                ));
            }
            Err(fs::TryLockError::Error(error)) => return Err(io_error(&lock_path, &error)),
        }
        Ok(Self {
            path: folder.join(format!("{digest}.part")),
            digest,
            _lock: lock,
        })
    }

    pub(crate) fn path(&self) -> &Path {
        &self.path
    }

    /// Deletes what was fetched.
    pub(crate) fn discard(self) -> Result<(), CatalogueError> {
        match fs::remove_file(&self.path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                Err(io_error(&self.path, &error))
            }
            _ => Ok(()),
        }
    }

    fn size_bytes(&self) -> Result<u64, CatalogueError> {
        match fs::symlink_metadata(&self.path) {
            Ok(metadata) if metadata.is_file() => Ok(metadata.len()),
            Ok(_) => Err(CatalogueError::Invalid(format!(
                "{} is not a regular file; remove it",
                self.path.display()
            ))),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
            Err(error) => Err(io_error(&self.path, &error)),
        }
    }
}

/// What is fetched from where.
pub(super) struct Download<'a> {
    pub(super) client: &'a Client,
    pub(super) url: &'a Url,
    pub(super) size_bytes: u64,
    pub(super) repository: &'a str,
    pub(super) file: &'a str,
    /// What is told while it comes.
    pub(super) stage: &'a str,
}

impl Download<'_> {
    /// Fetches what is missing and checks the whole.
    pub(super) async fn run(
        &self,
        part: Part,
        sink: &dyn ProgressSink,
    ) -> Result<Part, CatalogueError> {
        if part.size_bytes()? > self.size_bytes {
            truncate(part.path())?;
        }
        check_space(part.path(), self.size_bytes - part.size_bytes()?)?;
        let mut attempts = 0;
        loop {
            let before = part.size_bytes()?;
            tell(sink, self.stage, before, Some(self.size_bytes))?;
            if before == self.size_bytes {
                break;
            }
            match self.receive(&part, before, sink).await {
                Ok(()) => {}
                Err(Interruption::Final(error)) => return Err(error),
                Err(Interruption::Cut(error)) => {
                    attempts = if part.size_bytes()? > before {
                        1
                    } else {
                        attempts + 1
                    };
                    if attempts >= ATTEMPTS_MAX {
                        return Err(error);
                    }
                    tracing::warn!(%error, "a download was cut off; it goes on");
                    if attempts > 1 {
                        tokio::time::sleep(WAIT * 2_u32.pow(attempts - 2)).await;
                    }
                }
            }
        }
        self.check(part, sink).await
    }

    /// Receives until the connection ends.
    async fn receive(
        &self,
        part: &Part,
        from: u64,
        sink: &dyn ProgressSink,
    ) -> Result<(), Interruption> {
        let mut response = self.client.get(self.url, from).await?;
        let mut done = match self.begin(&response, from)? {
            Begin::At(done) => done,
            Begin::Anew => {
                truncate(part.path()).map_err(Interruption::Final)?;
                return Err(Interruption::Cut(CatalogueError::Hub(
                    "what is here does not fit what the hub sends; try again".to_owned(),
                )));
            }
        };
        let failed = |error: &io::Error| Interruption::Final(io_error(part.path(), error));
        let mut options = tokio::fs::OpenOptions::new();
        let file = options.create(true).append(true).open(part.path()).await;
        let mut file = file.map_err(|error| failed(&error))?;
        if done == 0 {
            file.set_len(0).await.map_err(|error| failed(&error))?;
        }
        loop {
            let piece = match response.chunk().await {
                Ok(Some(piece)) => piece,
                Ok(None) => break,
                Err(error) => {
                    file.flush().await.map_err(|error| failed(&error))?;
                    return Err(Interruption::Cut(self.client.unreachable(&error)));
                }
            };
            done += piece.len() as u64;
            if done > self.size_bytes {
                break;
            }
            file.write_all(&piece)
                .await
                .map_err(|error| failed(&error))?;
            let told = tell(sink, self.stage, done, Some(self.size_bytes));
            if let Err(cancelled) = told {
                file.flush().await.map_err(|error| failed(&error))?;
                return Err(Interruption::Final(cancelled));
            }
        }
        file.flush().await.map_err(|error| failed(&error))?;
        if done > self.size_bytes {
            truncate(part.path()).map_err(Interruption::Final)?;
            return Err(Interruption::Final(CatalogueError::Hub(format!(
                "{} in {} is longer than the hub said; try again later",
                self.file, self.repository
            ))));
        }
        if done < self.size_bytes {
            return Err(Interruption::Cut(CatalogueError::Hub(format!(
                "the connection ended after {done} of {} bytes; try again, it goes on from there",
                self.size_bytes
            ))));
        }
        Ok(())
    }

    fn begin(&self, response: &Response, from: u64) -> Result<Begin, Interruption> {
        let status = response.status();
        if status == StatusCode::RANGE_NOT_SATISFIABLE && from > 0 {
            return Ok(Begin::Anew);
        }
        if status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS {
            return Err(Interruption::Cut(self.refusal(response)));
        }
        if !status.is_success() {
            return Err(Interruption::Final(self.refusal(response)));
        }
        if status != StatusCode::PARTIAL_CONTENT {
            // The whole file comes, whatever was asked for.
            return Ok(Begin::At(0));
        }
        let range = response.headers().get(CONTENT_RANGE);
        let begin = range
            .and_then(|value| value.to_str().ok())
            .and_then(|text| text.strip_prefix("bytes "))
            .and_then(|text| text.split('-').next())
            .and_then(|text| text.trim().parse::<u64>().ok());
        if begin == Some(from) {
            Ok(Begin::At(from))
        } else {
            Ok(Begin::Anew)
        }
    }

    fn refusal(&self, response: &Response) -> CatalogueError {
        self.client
            .refusal(response, self.repository, Some(self.file))
    }

    async fn check(&self, part: Part, sink: &dyn ProgressSink) -> Result<Part, CatalogueError> {
        let path = part.path().to_owned();
        let found = run_watched(sink, move |reporter| hash_file(&path, reporter)).await?;
        if found == part.digest {
            return Ok(part);
        }
        let expected = part.digest;
        run_blocking(move || part.discard()).await?;
        Err(CatalogueError::Hub(format!(
            "what came is not {} in {}: its checksum is {}…, the hub says {}…; it was deleted, try again",
            self.file,
            self.repository,
            found.short(),
            expected.short()
        )))
    }
}

/// Where the bytes of an answer belong.
enum Begin {
    At(u64),
    /// Nowhere; the next attempt begins with the first byte.
    Anew,
}

fn truncate(path: &Path) -> Result<(), CatalogueError> {
    File::create(path)
        .map(drop)
        .map_err(|error| io_error(path, &error))
}

/// Refuses what the disk has no room for.
pub(crate) fn check_space(path: &Path, needed_bytes: u64) -> Result<(), CatalogueError> {
    let folder = path.parent().unwrap_or(Path::new("."));
    let free = super::super::folder::free_bytes(folder)?;
    if needed_bytes.saturating_add(RESERVE_BYTES) <= free {
        return Ok(());
    }
    Err(CatalogueError::Io(format!(
        "{}: the disk is too full: {needed_bytes} bytes are needed and {RESERVE_BYTES} are left to others, but {free} are free; \
         free some space and try again",
        folder.display()
    )))
}
