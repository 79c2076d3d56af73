//! Taking a model's file while it arrives, such as over HTTP: it is written and hashed piece by piece, and checked at its end.

use std::io::Write as _;

use domain::models::ModelName;
use domain::models::catalogue::{Arriving, CatalogueError, Model};
use domain::time::Timestamp;
use sha2::{Digest as _, Sha256};
use tokio::sync::mpsc;

use super::Shelf;
use super::folder::io_error;
use super::hub::check_space;
use super::import::{Arrival, check_free, settle};
use super::manifest::Origin;
use super::records::read_description;
use super::watch::Reporter;
use super::watch::run_blocking;

/// Pieces that wait to be written.
const WAITING_MAX: usize = 8;
/// Bytes after which the space on the disk is looked at again.
const LOOK_BYTES: u64 = 64 << 20;
/// Where a model came from that was sent here.
const SENT: &str = "upload";

enum Piece {
    Bytes(Vec<u8>),
    End,
}

/// Takes what arrives as the weights of a new model.
pub(crate) async fn receive_model(
    shelf: Shelf,
    pieces: &mut dyn Arriving,
    size_bytes: Option<u64>,
    name: ModelName,
    now: Timestamp,
) -> Result<Model, CatalogueError> {
    let (sender, receiver) = mpsc::channel(WAITING_MAX);
    let writing = run_blocking(move || write(&shelf, receiver, size_bytes, &name, now));
    let sending = async move {
        while let Some(piece) = pieces.next().await {
            let piece = piece.map_err(|reason| {
                CatalogueError::Invalid(format!(
                    "the file did not arrive whole: {reason}; send it again"
                ))
            })?;
            // The writer went away with an error of its own.
            if sender.send(Piece::Bytes(piece)).await.is_err() {
                return Ok(());
            }
        }
        // Without this the writer knows that something is missing.
        let _ = sender.send(Piece::End).await;
        Ok(())
    };
    let (sent, written) = tokio::join!(sending, writing);
    sent.and(written)
}

fn write(
    Shelf { records, engine }: &Shelf,
    mut receiver: mpsc::Receiver<Piece>,
    size_bytes: Option<u64>,
    name: &ModelName,
    now: Timestamp,
) -> Result<Model, CatalogueError> {
    check_free(records.folder(), name)?;
    let mut staged = records.folder().stage()?;
    let path = staged.path().to_owned();
    check_space(&path, size_bytes.unwrap_or_default())?;
    let mut hasher = Sha256::new();
    let (mut done, mut looked_at) = (0_u64, 0_u64);
    loop {
        match receiver.blocking_recv() {
            Some(Piece::Bytes(bytes)) => {
                hasher.update(&bytes);
                let written = staged.file().write_all(&bytes);
                written.map_err(|error| io_error(&path, &error))?;
                done += bytes.len() as u64;
                if done - looked_at > LOOK_BYTES {
                    looked_at = done;
                    check_space(&path, 0)?;
                }
            }
            Some(Piece::End) => break,
            None => return Err(CatalogueError::Cancelled),
        }
    }
    let synced = staged.file().sync_all();
    synced.map_err(|error| io_error(&path, &error))?;
    let description = read_description(&path).map_err(|error| hide_path(error, &path))?;
    let checked = engine.check(&path, None, &Reporter::silent());
    checked.map_err(|error| hide_path(error, &path))?;
    let arrival = Arrival {
        staged,
        digest: domain::models::Digest(hasher.finalize().into()),
        description,
        origin: Origin {
            source: SENT.to_owned(),
            licence: None,
            added_at_ms: now.millis(),
        },
    };
    settle(records, name, arrival, now)
}

/// Whoever sends a file does not know what it is called here, and need not.
fn hide_path(error: CatalogueError, path: &std::path::Path) -> CatalogueError {
    if let CatalogueError::Invalid(text) = error {
        CatalogueError::Invalid(text.replace(&path.display().to_string(), "the file"))
    } else {
        error
    }
}
