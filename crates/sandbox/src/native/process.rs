//! A launched program as the host holds it: its channel, its output within bounds, and its certain end.

use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream as Socket;
use std::path::PathBuf;
use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::pipe;
use tokio::process::{Child, ChildStderr, ChildStdout, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;

use super::request::{HEADER_BYTES, Request, frame, read_header};

/// How long the launcher may take to end a program once the host has hung up, before it is killed itself.
const GRACE: Duration = Duration::from_secs(5);

/// The program that puts up the walls: this binary with the arguments that lead to [`super::launch_main`].
#[derive(Debug, Clone)]
pub struct Launcher {
    /// Its path.
    pub program: PathBuf,
    /// Its arguments.
    pub args: Vec<OsString>,
}

/// What was printed, up to a limit.
#[derive(Debug, Default)]
pub(super) struct Printed {
    /// Its beginning.
    pub(super) bytes: Vec<u8>,
    /// Whether there was more.
    pub(super) is_cut: bool,
}

/// What is left of a process.
#[derive(Debug, Default)]
pub(super) struct Remains {
    /// How the launcher ended; `None` when it was killed.
    pub(super) code: Option<u8>,
    /// Standard output.
    pub(super) stdout: Printed,
    /// Standard error.
    pub(super) stderr: Printed,
}

/// A launcher with its program. Both end when this is dropped.
pub(super) struct Process {
    channel: UnixStream,
    hang_up: Option<oneshot::Sender<()>>,
    ended: JoinHandle<Option<u8>>,
    stdout: JoinHandle<Printed>,
    news: mpsc::Sender<oneshot::Sender<Vec<u8>>>,
    stderr: JoinHandle<Printed>,
}

impl Process {
    /// Starts the launcher with `request`, and keeps `output_bytes` of each of its outputs.
    pub(super) async fn spawn(
        launcher: &Launcher,
        request: &Request,
        output_bytes: usize,
    ) -> io::Result<Self> {
        let (ours, theirs) = Socket::pair()?;
        let mut command = Command::new(&launcher.program);
        command
            .args(&launcher.args)
            .env_clear()
            .current_dir("/")
            .process_group(0)
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let mut child = command.spawn()?;
        // The command holds the other end, and the launcher must be the only one that does.
        drop(command);
        let pipe = child
            .stdout
            .take()
            .map(ChildStdout::into_owned_fd)
            .transpose()?;
        let (news, asked) = mpsc::channel(1);
        let stdout = tokio::spawn(drain(pipe, output_bytes, asked));
        let pipe = child
            .stderr
            .take()
            .map(ChildStderr::into_owned_fd)
            .transpose()?;
        let (_, nobody) = mpsc::channel(1);
        let stderr = tokio::spawn(drain(pipe, output_bytes, nobody));
        ours.set_nonblocking(true)?;
        let line = ours.try_clone()?;
        let (hang_up, hung_up) = oneshot::channel();
        let ended = tokio::spawn(keep(child, line, hung_up));
        let mut process = Self {
            channel: UnixStream::from_std(ours)?,
            hang_up: Some(hang_up),
            ended,
            stdout,
            news,
            stderr,
        };
        process.send(b'R', &serde_json::to_vec(request)?).await?;
        Ok(process)
    }

    /// Sends a frame.
    pub(super) async fn send(&mut self, kind: u8, payload: &[u8]) -> io::Result<()> {
        self.channel.write_all(&frame(kind, payload)).await
    }

    /// Says that nothing more is sent.
    pub(super) async fn finish(&mut self) -> io::Result<()> {
        self.channel.shutdown().await
    }

    /// Receives a frame with a payload of at most `payload_bytes_max`; `None` when no more come. Not to be called again after a
    /// call that was not awaited to its end.
    pub(super) async fn receive(
        &mut self,
        payload_bytes_max: usize,
    ) -> io::Result<Option<(u8, Vec<u8>)>> {
        let mut header = [0; HEADER_BYTES];
        match self.channel.read_exact(&mut header).await {
            Ok(_) => {}
            Err(error) if is_end(&error) => return Ok(None),
            Err(error) => return Err(error),
        }
        let (kind, length) = read_header(header);
        if length > payload_bytes_max {
            let why = format!("a frame of {length} bytes, where {payload_bytes_max} are the most");
            return Err(io::Error::new(io::ErrorKind::InvalidData, why));
        }
        // Grown as bytes come, so that a length alone takes no memory.
        let mut payload = Vec::new();
        let limit = u64::try_from(length).unwrap_or(u64::MAX);
        (&mut self.channel)
            .take(limit)
            .read_to_end(&mut payload)
            .await?;
        if payload.len() < length {
            return Ok(None);
        }
        Ok(Some((kind, payload)))
    }

    /// What was printed since this was last called.
    pub(super) async fn take_printed(&self) -> Vec<u8> {
        let (answer, news) = oneshot::channel();
        if self.news.send(answer).await.is_err() {
            return Vec::new();
        }
        news.await.unwrap_or_default()
    }

    /// Throws away what the program still sends, until it has ended.
    pub(super) async fn ignore(&mut self) {
        // An error is an end too.
        let _ = tokio::io::copy(&mut self.channel, &mut tokio::io::sink()).await;
    }

    /// Ends the program if it has not ended, and waits until nothing is left of it.
    pub(super) async fn end(self) -> Remains {
        self.end_after(Duration::ZERO).await
    }

    /// Gives the program some time to end by itself, ends it otherwise, and waits until nothing is left of it.
    pub(super) async fn end_after(mut self, patience: Duration) -> Remains {
        let by_itself = tokio::time::timeout(patience, &mut self.ended).await;
        let code = if let Ok(code) = by_itself {
            code
        } else {
            drop(self.hang_up.take());
            (&mut self.ended).await
        };
        self.collect(code.unwrap_or(None)).await
    }

    /// Waits until the program has ended by itself and nothing is left of it.
    pub(super) async fn wait(mut self) -> Remains {
        let code = (&mut self.ended).await;
        self.collect(code.unwrap_or(None)).await
    }

    async fn collect(self, code: Option<u8>) -> Remains {
        Remains {
            code,
            stdout: self.stdout.await.unwrap_or_default(),
            stderr: self.stderr.await.unwrap_or_default(),
        }
    }
}

fn is_end(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
    )
}

/// Waits for the launcher, and has it end its program when the other side of `hung_up` is dropped. A task of its own, so that
/// the end is waited for even when nobody waits for the outcome.
async fn keep(mut child: Child, line: Socket, hung_up: oneshot::Receiver<()>) -> Option<u8> {
    let status = tokio::select! {
        status = child.wait() => status,
        _ = hung_up => end(&mut child, &line).await,
    };
    let code = status.ok()?.code()?;
    u8::try_from(code).ok()
}

async fn end(child: &mut Child, line: &Socket) -> io::Result<std::process::ExitStatus> {
    // Fails only when the launcher has closed its end, which is as good.
    let _ = line.shutdown(std::net::Shutdown::Both);
    if let Ok(status) = tokio::time::timeout(GRACE, child.wait()).await {
        return status;
    }
    let group = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(rustix::process::Pid::from_raw);
    if let Some(group) = group {
        // Fails only when all have ended.
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    child.wait().await
}

/// Reads to the end, and keeps the first `kept_max` bytes. Whoever asks is told what was written since the last question.
async fn drain(
    pipe: Option<OwnedFd>,
    kept_max: usize,
    mut asked: mpsc::Receiver<oneshot::Sender<Vec<u8>>>,
) -> Printed {
    let mut printed = Printed::default();
    let Some(Ok(pipe)) = pipe.map(pipe::Receiver::from_owned_fd) else {
        return printed;
    };
    let mut told = 0;
    let mut has_askers = true;
    loop {
        tokio::select! {
            is_ready = pipe.readable() => {
                let read = |buffer: &mut [u8]| pipe.try_read(buffer);
                if is_ready.is_err() || printed.sweep(kept_max, read) {
                    return printed;
                }
            },
            question = asked.recv(), if has_askers => {
                has_askers = question.is_some();
                // Whatever the reactor knows: what was written before the question is in the pipe.
                let read = |buffer: &mut [u8]| Ok(rustix::io::read(&pipe, buffer)?);
                let is_at_end = printed.sweep(kept_max, read);
                let news = printed.bytes.get(told..).unwrap_or_default().to_vec();
                told = printed.bytes.len();
                if let Some(answer) = question {
                    // Nobody may wait for it any more.
                    let _ = answer.send(news);
                }
                if is_at_end {
                    return printed;
                }
            }
        }
        tokio::task::yield_now().await;
    }
}

/// Most reads at a stretch, so that a flood leaves time for the rest.
const READS_MAX: usize = 16;

impl Printed {
    /// Keeps what there is to read; whether it was the end.
    fn sweep(
        &mut self,
        kept_max: usize,
        mut read: impl FnMut(&mut [u8]) -> io::Result<usize>,
    ) -> bool {
        let mut buffer = [0; 16 * 1024];
        for _ in 0..READS_MAX {
            match read(&mut buffer) {
                Ok(0) => return true,
                Ok(count) => {
                    let room = kept_max.saturating_sub(self.bytes.len());
                    let read = buffer.get(..count).unwrap_or_default();
                    self.bytes
                        .extend_from_slice(read.get(..room).unwrap_or(read));
                    self.is_cut |= count > room;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return error.kind() != io::ErrorKind::WouldBlock,
            }
        }
        false
    }
}
