//! Streams a guest writes to: they keep what fits, count the rest, and never make the guest wait.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use async_trait::async_trait;
use tokio::io::AsyncWrite;
use wasmtime_wasi::cli::{IsTerminal, StdoutStream};
use wasmtime_wasi::p2::{OutputStream, Pollable, StreamResult};

/// Most bytes the guest hands over at once.
const WRITE_BYTES_MAX: usize = 64 * 1024;

/// One stream; clones are the same stream.
#[derive(Debug, Clone)]
pub(crate) struct Pipe(Arc<Mutex<Kept>>);

#[derive(Debug)]
struct Kept {
    bytes: Vec<u8>,
    bytes_max: usize,
    is_cut: bool,
    /// Where [`Pipe::take_new`] goes on.
    seen: usize,
}

impl Pipe {
    /// A stream that keeps the first `bytes_max` bytes.
    pub(crate) fn new(bytes_max: usize) -> Self {
        Self(Arc::new(Mutex::new(Kept {
            bytes: Vec::new(),
            bytes_max,
            is_cut: false,
            seen: 0,
        })))
    }

    /// What was kept as text; bytes that are not UTF-8 are replaced.
    pub(crate) fn text(&self) -> String {
        let kept = self.kept();
        let mut bytes = kept.bytes.as_slice();
        if kept.is_cut {
            bytes = without_torn_end(bytes);
        }
        String::from_utf8_lossy(bytes).into_owned()
    }

    /// Whether something was thrown away.
    pub(crate) fn is_cut(&self) -> bool {
        self.kept().is_cut
    }

    /// The kept bytes that came since this was last called.
    pub(crate) fn take_new(&self) -> Vec<u8> {
        let mut kept = self.kept();
        let new = kept.bytes.get(kept.seen..).unwrap_or_default().to_vec();
        kept.seen = kept.bytes.len();
        new
    }

    /// Writes `bytes` behind what is there.
    pub(crate) fn push(&self, bytes: &[u8]) {
        let mut kept = self.kept();
        let room = kept.bytes_max.saturating_sub(kept.bytes.len());
        let fitting = bytes.get(..room).unwrap_or(bytes);
        kept.is_cut |= fitting.len() < bytes.len();
        kept.bytes.extend_from_slice(fitting);
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// `bytes` without a character whose end was cut off.
fn without_torn_end(bytes: &[u8]) -> &[u8] {
    let start = bytes.len().saturating_sub(3);
    let torn = (start..bytes.len()).find(|&at| {
        let tail = bytes.get(at..).unwrap_or_default();
        std::str::from_utf8(tail)
            .is_err_and(|error| error.valid_up_to() == 0 && error.error_len().is_none())
    });
    bytes.get(..torn.unwrap_or(bytes.len())).unwrap_or(bytes)
}

impl IsTerminal for Pipe {
    fn is_terminal(&self) -> bool {
        false
    }
}

impl StdoutStream for Pipe {
    fn async_stream(&self) -> Box<dyn AsyncWrite + Send + Sync> {
        Box::new(self.clone())
    }

    fn p2_stream(&self) -> Box<dyn OutputStream> {
        Box::new(self.clone())
    }
}

#[async_trait]
impl Pollable for Pipe {
    async fn ready(&mut self) {}
}

impl OutputStream for Pipe {
    fn write(&mut self, bytes: bytes::Bytes) -> StreamResult<()> {
        self.push(&bytes);
        Ok(())
    }

    fn flush(&mut self) -> StreamResult<()> {
        Ok(())
    }

    fn check_write(&mut self) -> StreamResult<usize> {
        Ok(WRITE_BYTES_MAX)
    }
}

impl AsyncWrite for Pipe {
    fn poll_write(
        self: Pin<&mut Self>,
        _context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        self.push(bytes);
        Poll::Ready(Ok(bytes.len()))
    }

    fn poll_flush(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_keeps_what_fits_and_counts_the_rest() {
        let pipe = Pipe::new(5);
        pipe.push(b"abc");
        assert_eq!((pipe.text().as_str(), pipe.is_cut()), ("abc", false));
        pipe.push(b"defg");
        pipe.push(b"hij");
        assert_eq!((pipe.text().as_str(), pipe.is_cut()), ("abcde", true));
    }

    #[test]
    fn a_character_is_not_cut_in_two() {
        let pipe = Pipe::new(4);
        pipe.push("aé€".as_bytes());
        assert_eq!((pipe.text().as_str(), pipe.is_cut()), ("aé", true));
    }

    #[test]
    fn bytes_that_are_no_text_are_replaced() {
        let pipe = Pipe::new(16);
        pipe.push(b"a\xffb");
        assert_eq!(pipe.text(), "a\u{fffd}b");
    }

    #[test]
    fn new_bytes_are_given_once() {
        let pipe = Pipe::new(16);
        pipe.push(b"one");
        assert_eq!(pipe.take_new(), b"one");
        pipe.push(b"two");
        assert_eq!(pipe.take_new(), b"two");
        assert_eq!(pipe.take_new(), b"");
        assert_eq!(pipe.text(), "onetwo");
    }
}
