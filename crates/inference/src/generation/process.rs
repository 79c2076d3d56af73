//! One engine process as the server sees it: start it, pass orders and reports, notice when it dies or falls silent, end it.
//! Whether to start another is decided by the planner.

use std::collections::HashMap;
use std::ffi::OsString;
use std::io;
use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::UnixStream;
use tokio::net::unix::{OwnedReadHalf, OwnedWriteHalf};
use tokio::process::{Child, Command};
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

use super::message::Message;
use super::planner::Ticket;
use super::route::Route;
use crate::engine::frame::FRAME_BYTES_MAX;
use crate::engine::generator::frame::{
    Order, ReadyReport, Report, WriteOrder, read_report, write_order,
};
use crate::engine::{EngineArgs, WriteArgs};
use crate::supervision::engine_environment;

/// Reports that are read ahead of being passed on.
const REPORTS_AHEAD_MAX: usize = 64;
/// How long a process that closed its connection may take to end.
const FAREWELL_MAX: Duration = Duration::from_secs(1);
/// Number in reports about texts that are counted; tickets are far below.
const COUNT_IDS_FROM: u64 = 1 << 63;

/// What an engine is started with.
#[derive(Debug, Clone)]
pub(super) struct Launch {
    pub(super) program: PathBuf,
    /// Arguments that come before the engine's own.
    pub(super) args: Vec<OsString>,
    pub(super) write_args: WriteArgs,
    /// Longest time to load the model.
    pub(super) start_max: Duration,
    /// Longest time without a report while there is work.
    pub(super) silence_max: Duration,
}

/// What an engine is told. Each request sends at most two: it begins, and it is cancelled. When the sender is dropped, the
/// process is ended.
#[derive(Debug)]
pub(super) enum Instruction {
    Write(Box<WriteOrder>, Route),
    Cancel(Ticket),
    Count(String, oneshot::Sender<u32>),
}

/// What an engine's task tells of it. After [`News::Failed`] or [`News::Gone`] nothing follows, and no process is left.
#[derive(Debug)]
pub(super) enum News {
    /// The model is loaded.
    Ready(ReadyReport),
    /// The process could not load the model; `is_final` when it said why itself, so that another attempt would fail alike.
    Failed { reason: String, is_final: bool },
    /// A request was answered, whichever way.
    Ended(Ticket),
    /// The process ended: for the reason given, or because it was told to.
    Gone(Option<String>),
}

/// Where an engine's task sends its news.
#[derive(Debug, Clone)]
pub(super) struct Herald {
    pub(super) number: u64,
    pub(super) mailbox: mpsc::WeakUnboundedSender<Message>,
}

impl Herald {
    fn tell(&self, news: News) {
        if let Some(mailbox) = self.mailbox.upgrade() {
            // Fails only when nobody is left who cares.
            let _ = mailbox.send(Message::News(self.number, news));
        }
    }
}

/// Starts a process and its task, which tells its news until the process is gone. The process gets its socket as standard input,
/// none of the server's environment (which may hold secrets), and its own process group, so that Ctrl-C reaches the server
/// first. It ends by itself when the server does, because the socket closes then. (The kernel's signal on the parent's death
/// is no help: it comes when the *thread* ends that started the process.)
///
/// # Errors
/// The program cannot be started.
pub(super) fn spawn(
    launch: &Launch,
    herald: Herald,
) -> io::Result<(u32, mpsc::UnboundedSender<Instruction>)> {
    let (ours, theirs) = std::os::unix::net::UnixStream::pair()?;
    ours.set_nonblocking(true)?;
    let child = Command::new(&launch.program)
        .args(&launch.args)
        .args(EngineArgs::Write(launch.write_args.clone()).to_args())
        .env_clear()
        .envs(engine_environment(launch.write_args.threads))
        .stdin(Stdio::from(OwnedFd::from(theirs)))
        .stdout(Stdio::null())
        .stderr(Stdio::inherit())
        .process_group(0)
        .kill_on_drop(true)
        .spawn()?;
    let pid = child.id().unwrap_or_default();
    let (source, sink) = UnixStream::from_std(ours)?.into_split();
    let (report_sender, reports) = mpsc::channel(REPORTS_AHEAD_MAX);
    let (orders, order_receiver) = mpsc::unbounded_channel();
    tokio::spawn(read_reports(source, report_sender));
    tokio::spawn(write_orders(sink, order_receiver));
    let (sender, instructions) = mpsc::unbounded_channel();
    let task = EngineTask {
        child,
        herald,
        silence_max: launch.silence_max,
        instructions,
        reports,
        orders,
        routes: HashMap::new(),
        counts: HashMap::new(),
        next_count: COUNT_IDS_FROM,
        heard: Instant::now(),
    };
    let watcher = task.herald.clone();
    let running = tokio::spawn(task.run(launch.start_max));
    tokio::spawn(async move {
        // The process was ended with its task; nobody may wait for news of it for ever.
        if running.await.is_err() {
            let reason = "the task of its engine ended".to_owned();
            watcher.tell(News::Gone(Some(reason)));
        }
    });
    Ok((pid, sender))
}

struct EngineTask {
    child: Child,
    herald: Herald,
    silence_max: Duration,
    instructions: mpsc::UnboundedReceiver<Instruction>,
    reports: mpsc::Receiver<io::Result<Report>>,
    /// Frames to send; as many as there are instructions.
    orders: mpsc::UnboundedSender<Vec<u8>>,
    routes: HashMap<u64, Route>,
    counts: HashMap<u64, oneshot::Sender<u32>>,
    next_count: u64,
    /// When the last report came, or work began.
    heard: Instant,
}

/// Why a loaded engine's task ends.
enum End {
    Told,
    Died(String),
}

impl EngineTask {
    async fn run(mut self, start_max: Duration) {
        let last = match self.wait_until_ready(start_max).await {
            Err(news) => news,
            Ok(report) => {
                self.herald.tell(News::Ready(report));
                match self.serve().await {
                    End::Told => News::Gone(None),
                    End::Died(reason) => News::Gone(Some(reason)),
                }
            }
        };
        let ended = self.end_process().await;
        let last = match (last, ended) {
            (News::Gone(Some(reason)), Some(status)) => {
                News::Gone(Some(format!("{reason} ({status})")))
            }
            (News::Failed { reason, is_final }, Some(status)) if !is_final => News::Failed {
                reason: format!("{reason} ({status})"),
                is_final,
            },
            (last, _) => last,
        };
        self.herald.tell(last);
    }

    async fn wait_until_ready(&mut self, start_max: Duration) -> Result<ReadyReport, News> {
        let failed = |reason: String, is_final| Err(News::Failed { reason, is_final });
        let report = tokio::select! {
            report = self.reports.recv() => report,
            instruction = self.instructions.recv() => match instruction {
                None => return Err(News::Gone(None)),
                Some(_) => return failed("BUG: it was given work before it was ready".to_owned(), false),
            },
            () = tokio::time::sleep(start_max) => {
                return failed(format!("its engine did not load it within {start_max:?}"), false);
            }
        };
        match report {
            Some(Ok(Report::Ready(report))) => Ok(report),
            Some(Ok(Report::Broken { reason })) => failed(reason, true),
            Some(Ok(
                Report::Started { .. }
                | Report::Reading { .. }
                | Report::Text { .. }
                | Report::Finished(_)
                | Report::Refused { .. }
                | Report::Counted { .. },
            )) => failed("its engine spoke out of turn".to_owned(), false),
            Some(Err(error)) => failed(
                format!("the connection to its engine broke: {error}"),
                false,
            ),
            None => failed(
                "its engine ended while it loaded the model".to_owned(),
                false,
            ),
        }
    }

    async fn serve(&mut self) -> End {
        loop {
            let is_busy = !self.routes.is_empty() || !self.counts.is_empty();
            let deadline = self.heard + self.silence_max;
            tokio::select! {
                instruction = self.instructions.recv() => match instruction {
                    Some(instruction) => self.follow(instruction),
                    None => return End::Told,
                },
                report = self.reports.recv() => {
                    self.heard = Instant::now();
                    match report {
                        Some(Ok(report)) => {
                            if let Err(reason) = self.pass_on(report) {
                                return End::Died(reason);
                            }
                        }
                        Some(Err(error)) => {
                            return End::Died(format!("the connection to its engine broke: {error}"));
                        }
                        None => return End::Died("its engine ended".to_owned()),
                    }
                }
                () = tokio::time::sleep_until(deadline), if is_busy => {
                    let limit = self.silence_max;
                    return End::Died(format!("its engine said nothing for {limit:?}"));
                }
            }
        }
    }

    fn follow(&mut self, instruction: Instruction) {
        if self.routes.is_empty() && self.counts.is_empty() {
            self.heard = Instant::now();
        }
        match instruction {
            Instruction::Write(order, route) => {
                let id = order.id;
                match self.send(&Order::Write(order)) {
                    Ok(()) => {
                        self.routes.insert(id, route);
                    }
                    Err(error) => {
                        route.refuse(format!("the request cannot be sent to its engine: {error}"));
                        self.herald.tell(News::Ended(Ticket(id)));
                    }
                }
            }
            Instruction::Cancel(Ticket(id)) => {
                self.routes.remove(&id);
                // Fits in a frame; when the engine has gone, its report of that is on its way.
                let _ = self.send(&Order::Cancel { id });
            }
            Instruction::Count(text, reply) => {
                let id = self.next_count;
                self.next_count = self.next_count.wrapping_add(1).max(COUNT_IDS_FROM);
                // When the text is too long for a frame, `reply` is dropped, which says that nobody knows.
                if self.send(&Order::Count { id, text }).is_ok() {
                    self.counts.insert(id, reply);
                }
            }
        }
    }

    fn send(&self, order: &Order) -> io::Result<()> {
        let mut frame = Vec::new();
        write_order(&mut frame, order)?;
        // Fails when the engine has gone, which is reported by itself.
        let _ = self.orders.send(frame);
        Ok(())
    }

    /// Gives a report to whom it concerns; nobody when the request was cancelled. An error when the engine gives up.
    fn pass_on(&mut self, report: Report) -> Result<(), String> {
        match report {
            Report::Started {
                id,
                prompt_tokens,
                reused_tokens,
            } => {
                if let Some(route) = self.routes.get_mut(&id) {
                    route.start(prompt_tokens, reused_tokens);
                }
            }
            Report::Reading { .. } => {}
            Report::Text { id, text, tokens } => {
                if let Some(route) = self.routes.get(&id) {
                    route.write(&text, tokens);
                }
            }
            Report::Finished(report) => {
                if let Some(route) = self.routes.remove(&report.id) {
                    let ticket = Ticket(report.id);
                    route.finish(&report);
                    self.herald.tell(News::Ended(ticket));
                }
            }
            Report::Refused { id, refusal } => {
                if let Some(route) = self.routes.remove(&id) {
                    route.refuse_by_engine(refusal);
                    self.herald.tell(News::Ended(Ticket(id)));
                } else {
                    self.counts.remove(&id);
                }
            }
            Report::Counted { id, tokens } => {
                if let Some(reply) = self.counts.remove(&id) {
                    // Whoever asked may have gone.
                    let _ = reply.send(tokens);
                }
            }
            Report::Broken { reason } => return Err(reason),
            Report::Ready(_) => return Err("its engine spoke out of turn".to_owned()),
        }
        Ok(())
    }

    /// Ends the process, whatever it does; says how it ended when it did so by itself.
    async fn end_process(&mut self) -> Option<ExitStatus> {
        // Its end of the socket closes a moment before it can be waited for.
        if self.reports.is_closed()
            && let Ok(Ok(status)) = tokio::time::timeout(FAREWELL_MAX, self.child.wait()).await
        {
            return Some(status);
        }
        // Fails only when the process has just ended.
        let _ = self.child.start_kill();
        if let Err(error) = self.child.wait().await {
            tracing::error!(%error, "the end of an engine process cannot be told");
        }
        None
    }
}

/// Passes reports on until the engine goes. Waits while the other end is behind, so memory is bounded.
async fn read_reports(mut source: OwnedReadHalf, reports: mpsc::Sender<io::Result<Report>>) {
    loop {
        let report = match read_frame(&mut source).await {
            Ok(None) => return,
            Ok(Some(frame)) => match read_report(&mut frame.as_slice()) {
                Ok(None) => return,
                Ok(Some(report)) => Ok(report),
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        let is_last = report.is_err();
        if reports.send(report).await.is_err() || is_last {
            return;
        }
    }
}

/// A whole frame with its length; `None` when the engine has gone.
async fn read_frame(source: &mut OwnedReadHalf) -> io::Result<Option<Vec<u8>>> {
    let mut frame = vec![0; 4];
    if !fill(source, &mut frame).await? {
        return Ok(None);
    }
    let length = frame
        .iter()
        .rev()
        .fold(0, |length, byte| (length << 8) | u32::from(*byte));
    if length > FRAME_BYTES_MAX {
        // The reader of frames words the refusal.
        return Ok(Some(frame));
    }
    frame.resize(4 + length as usize, 0);
    let is_whole = fill(source, &mut frame[4..]).await?;
    Ok(is_whole.then_some(frame))
}

/// False when the engine has gone: a process that was killed ends anywhere in a frame, and with orders unread.
async fn fill(source: &mut OwnedReadHalf, buffer: &mut [u8]) -> io::Result<bool> {
    match source.read_exact(buffer).await {
        Ok(_) => Ok(true),
        Err(error)
            if matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset
            ) =>
        {
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

async fn write_orders(mut sink: OwnedWriteHalf, mut orders: mpsc::UnboundedReceiver<Vec<u8>>) {
    while let Some(frame) = orders.recv().await {
        // Fails when the engine has gone, which the reading side reports.
        if sink.write_all(&frame).await.is_err() {
            return;
        }
    }
}
