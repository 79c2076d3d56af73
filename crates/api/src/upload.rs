//! A file in the body of a request, taken piece by piece: bounded by how long it is silent, not by its length.

use std::time::Duration;

use async_trait::async_trait;
use axum::body::Body;
use domain::models::catalogue::Arriving;
use http_body_util::BodyExt as _;

/// How long a file that is sent may be silent.
const SILENCE_LIMIT: Duration = Duration::from_mins(1);

/// The body of a request, piece by piece.
pub(crate) struct BodyPieces(Body);

impl BodyPieces {
    pub(crate) fn new(body: Body) -> Self {
        Self(body)
    }
}

#[async_trait]
impl Arriving for BodyPieces {
    async fn next(&mut self) -> Option<Result<Vec<u8>, String>> {
        loop {
            let Ok(frame) = tokio::time::timeout(SILENCE_LIMIT, self.0.frame()).await else {
                return Some(Err(format!("nothing came for {SILENCE_LIMIT:?}")));
            };
            match frame? {
                // Trailers say nothing here.
                Ok(frame) => {
                    if let Ok(piece) = frame.into_data() {
                        return Some(Ok(piece.into()));
                    }
                }
                Err(_) => return Some(Err("the connection was closed".to_owned())),
            }
        }
    }
}
