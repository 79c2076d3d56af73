//! One engine process as the server sees it: start it, ask it, end it. Whether to start another is decided by the worker.

use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use domain::embedding::Encoded;

use super::EmbedderConfig;
use crate::engine::frame::{self, Reply};
use crate::engine::{EmbedArgs, EngineArgs};
use crate::supervision::engine_environment;

/// A started process whose model is not loaded yet.
pub(super) struct StartingEngine {
    child: Reaped,
    socket: UnixStream,
}

/// A process that answers.
pub(super) struct Engine {
    child: Reaped,
    socket: UnixStream,
    dimensions: usize,
    next_id: u64,
}

/// Why a question got no vectors.
pub(super) enum AskError {
    /// The engine is alive and says why not.
    Refused(String),
    /// The engine is gone, silent or talks nonsense; this value must be dropped.
    Dead(String),
}

/// A child that is ended and waited for when dropped, so that no process and no zombie stays.
struct Reaped(Child);

impl Drop for Reaped {
    fn drop(&mut self) {
        // Both fail only when the child has been waited for already.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

impl StartingEngine {
    /// Starts the process. It gets its socket as standard input, none of the server's environment (which may hold secrets),
    /// and its own process group, so that Ctrl-C reaches the server first.
    pub(super) fn spawn(config: &EmbedderConfig) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        let args = EngineArgs::Embed(EmbedArgs {
            model: config.model.clone(),
            threads: config.threads,
        });
        let child = Command::new(&config.program)
            .args(&config.args)
            .args(args.to_args())
            .env_clear()
            .envs(engine_environment(config.threads))
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::inherit())
            .process_group(0)
            .spawn()?;
        Ok(Self {
            child: Reaped(child),
            socket,
        })
    }

    pub(super) fn pid(&self) -> u32 {
        self.child.0.id()
    }

    /// A second handle, to end a wait from another thread.
    pub(super) fn try_clone_socket(&self) -> io::Result<UnixStream> {
        self.socket.try_clone()
    }

    /// Waits until the model is loaded.
    ///
    /// # Errors
    /// The reason, in the engine's words where it has some.
    pub(super) fn finish(
        mut self,
        start_limit: Duration,
        answer_limit: Duration,
    ) -> Result<Engine, String> {
        let mut wait = || {
            self.socket.set_read_timeout(Some(start_limit))?;
            let reply = frame::read_reply(&mut self.socket)?;
            self.socket.set_read_timeout(Some(answer_limit))?;
            self.socket.set_write_timeout(Some(answer_limit))?;
            Ok(reply)
        };
        match wait() {
            Ok(Some(Reply::Ready { dimensions })) if dimensions > 0 => Ok(Engine {
                child: self.child,
                socket: self.socket,
                dimensions: dimensions as usize,
                next_id: 0,
            }),
            Ok(Some(Reply::Broken { reason })) => Err(reason),
            Ok(Some(Reply::Ready { .. } | Reply::Vectors { .. } | Reply::Refused { .. })) => {
                Err("the engine process spoke out of turn".to_owned())
            }
            Ok(None) => Err("the engine process ended while it loaded the model".to_owned()),
            Err(error) => Err(describe(&error, start_limit)),
        }
    }
}

impl Engine {
    /// Whether the process has not ended.
    pub(super) fn is_alive(&mut self) -> bool {
        matches!(self.child.0.try_wait(), Ok(None))
    }

    /// One vector per text.
    pub(super) fn ask(
        &mut self,
        texts: &[&str],
        limit: Duration,
    ) -> Result<Vec<Encoded>, AskError> {
        let id = self.next_id;
        self.next_id = self.next_id.wrapping_add(1);
        let dead = |error: io::Error| AskError::Dead(describe(&error, limit));
        frame::write_request(&mut self.socket, id, texts).map_err(dead)?;
        match frame::read_reply(&mut self.socket).map_err(dead)? {
            Some(Reply::Vectors {
                id: answered,
                texts: encoded,
            }) if answered == id && self.fits(texts, &encoded) => Ok(encoded),
            Some(Reply::Refused {
                id: answered,
                reason,
            }) if answered == id => Err(AskError::Refused(reason)),
            Some(Reply::Broken { reason }) => Err(AskError::Dead(reason)),
            Some(Reply::Vectors { .. } | Reply::Refused { .. } | Reply::Ready { .. }) => {
                Err(AskError::Dead(
                    "the engine process gave an answer that does not fit the question".to_owned(),
                ))
            }
            None => Err(AskError::Dead("the engine process ended".to_owned())),
        }
    }

    fn fits(&self, texts: &[&str], answer: &[Encoded]) -> bool {
        answer.len() == texts.len()
            && answer.iter().all(|Encoded { vector, .. }| {
                vector.len() == self.dimensions && vector.iter().all(|number| number.is_finite())
            })
    }
}

fn describe(error: &io::Error, limit: Duration) -> String {
    if matches!(
        error.kind(),
        io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut
    ) {
        format!("the engine process did not answer within {limit:?}")
    } else {
        format!("the engine process is gone ({error})")
    }
}
