//! A process that does one piece of work on a model's file, as this side sees it: start it, listen to it, and end it. A mistake of
//! llama.cpp, or a file made to provoke one, ends that process and nothing else.

use std::ffi::OsString;
use std::io::{self, Read as _};
use std::num::NonZeroUsize;
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, Command, Stdio};
use std::time::Duration;

use domain::models::catalogue::CatalogueError;
use rustix::event::{PollFd, PollFlags, Timespec, poll};

use super::watch::Reporter;
use crate::engine::task::frame::{TaskReport, read_report, write_text};
use crate::engine::{EngineArgs, QuantKind, Task, TaskArgs};

/// libgomp's busy-waiting, in loop turns: free on an idle machine, and half the time of its default on a busy one.
const GOMP_SPINCOUNT: &str = "10000";
/// How often it is looked whether the work is to stop, nanoseconds.
const LOOK_NS: i64 = 200_000_000;
/// Looks without a word after which the process counts as hung: ten minutes. One large tensor is seconds of work.
const SILENT_LOOKS_MAX: u32 = 3000;
/// How long a message that began may take to come whole.
const MESSAGE_LIMIT: Duration = Duration::from_secs(10);
/// Bytes of the last words of a process that died.
const LAST_WORDS_BYTES_MAX: usize = 2000;

/// How processes that work on model files are started.
#[derive(Debug, Clone)]
pub struct EngineCommand {
    /// The program that becomes an engine: the server's own file.
    pub program: PathBuf,
    /// Arguments that come before those of [`EngineArgs`]: the name of the hidden subcommand.
    pub args: Vec<OsString>,
    /// Threads of a process.
    pub threads: NonZeroUsize,
}

impl EngineCommand {
    /// Loads the model, with the adapter where one is given, and computes one step.
    ///
    /// # Errors
    /// [`CatalogueError::Invalid`] when llama.cpp cannot use the file.
    pub(crate) fn check(
        &self,
        model: &Path,
        adapter: Option<&Path>,
        reporter: &Reporter,
    ) -> Result<(), CatalogueError> {
        let task = Task::Check {
            adapter: adapter.map(Path::to_owned),
        };
        let path = adapter.unwrap_or(model);
        let report = self.run(task, model, None, ("trying it out", reporter))?;
        expect_done(path, &report)
    }

    /// Writes a smaller copy of `model` to `out`.
    pub(crate) fn quantise(
        &self,
        model: &Path,
        out: &Path,
        kind: QuantKind,
        reporter: &Reporter,
    ) -> Result<(), CatalogueError> {
        let task = Task::Quantise {
            out: out.to_owned(),
            kind,
        };
        let report = self.run(task, model, None, ("quantising", reporter))?;
        expect_done(model, &report)
    }

    /// Perplexity of `text`, lower is better.
    pub(crate) fn perplexity(
        &self,
        model: &Path,
        text: &str,
        reporter: &Reporter,
    ) -> Result<f64, CatalogueError> {
        let watched = ("measuring perplexity", reporter);
        let report = self.run(Task::Perplexity, model, Some(text), watched)?;
        if let TaskReport::Perplexity { value, .. } = report {
            Ok(value)
        } else {
            Err(refusal(model, &report))
        }
    }

    fn run(
        &self,
        task: Task,
        model: &Path,
        text: Option<&str>,
        (stage, reporter): (&str, &Reporter),
    ) -> Result<TaskReport, CatalogueError> {
        let args = EngineArgs::Task(TaskArgs {
            task,
            model: model.to_owned(),
            threads: self.threads,
        });
        let failed = |error: io::Error| {
            let program = self.program.display();
            CatalogueError::Io(format!(
                "{program} cannot be started to look at a model: {error}"
            ))
        };
        let mut process = Process::spawn(self, &args).map_err(failed)?;
        if let Some(text) = text {
            // When it died already, listening tells more.
            let _ = write_text(&mut process.socket, text);
        }
        process.listen(model, stage, reporter)
    }
}

fn expect_done(path: &Path, report: &TaskReport) -> Result<(), CatalogueError> {
    if *report == TaskReport::Done {
        Ok(())
    } else {
        Err(refusal(path, report))
    }
}

fn refusal(path: &Path, report: &TaskReport) -> CatalogueError {
    let reason = match report {
        TaskReport::Failed { reason } => reason.as_str(),
        TaskReport::Progress { .. } | TaskReport::Done | TaskReport::Perplexity { .. } => {
            "the process that looked at it gave no answer to the question"
        }
    };
    CatalogueError::Invalid(format!("{}: {reason}", path.display()))
}

/// A running process; it is ended and waited for when this is dropped.
struct Process {
    child: Child,
    socket: UnixStream,
    /// Reads what the process writes as errors, so that it never waits for that.
    errors: Option<std::thread::JoinHandle<String>>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // Both fail only when it has been waited for already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// Starts it. It gets its socket as standard input, none of this program's environment (which may hold secrets), and its own
    /// process group, so that Ctrl-C reaches this program first.
    fn spawn(command: &EngineCommand, args: &EngineArgs) -> io::Result<Self> {
        let (socket, theirs) = UnixStream::pair()?;
        socket.set_read_timeout(Some(MESSAGE_LIMIT))?;
        socket.set_write_timeout(Some(MESSAGE_LIMIT))?;
        let mut child = Command::new(&command.program)
            .args(&command.args)
            .args(args.to_args())
            .env_clear()
            .env("GOMP_SPINCOUNT", GOMP_SPINCOUNT)
            .env("OMP_NUM_THREADS", command.threads.to_string())
            // Else a failed assertion looks for a debugger.
            .env("GGML_NO_BACKTRACE", "1")
            .stdin(Stdio::from(OwnedFd::from(theirs)))
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn()?;
        let errors = child
            .stderr
            .take()
            .map(|stderr| std::thread::spawn(move || read_last_words(stderr)));
        Ok(Self {
            child,
            socket,
            errors,
        })
    }

    /// Passes on how far it is until it ends.
    fn listen(
        &mut self,
        model: &Path,
        stage: &str,
        reporter: &Reporter,
    ) -> Result<TaskReport, CatalogueError> {
        let mut silent_looks = 0;
        loop {
            if reporter.is_cancelled() {
                return Err(CatalogueError::Cancelled);
            }
            let is_speaking = self
                .is_speaking()
                .map_err(|error| self.died(model, &error.to_string()))?;
            if !is_speaking {
                silent_looks += 1;
                if silent_looks >= SILENT_LOOKS_MAX {
                    return Err(self.died(model, "it was silent for too long"));
                }
                continue;
            }
            silent_looks = 0;
            match read_report(&mut self.socket) {
                Ok(Some(TaskReport::Progress { done, total })) => {
                    reporter.report(stage, done, Some(total))?;
                }
                Ok(Some(report)) => return Ok(report),
                Ok(None) => return Err(self.died(model, "it ended without a word")),
                Err(error) => return Err(self.died(model, &error.to_string())),
            }
        }
    }

    /// Waits a moment for a message.
    fn is_speaking(&self) -> io::Result<bool> {
        let mut sockets = [PollFd::new(&self.socket, PollFlags::IN)];
        let moment = Timespec {
            tv_sec: 0,
            tv_nsec: LOOK_NS,
        };
        match poll(&mut sockets, Some(&moment)) {
            Ok(count) => Ok(count > 0),
            Err(rustix::io::Errno::INTR) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// What to say of a model on which the process died.
    fn died(&mut self, model: &Path, reason: &str) -> CatalogueError {
        let _ = self.child.kill();
        let status = self.child.wait();
        let words = self.errors.take().and_then(|thread| thread.join().ok());
        let words = words.unwrap_or_default();
        let last = words.lines().rev().find(|line| !line.trim().is_empty());
        let told = match (last, status) {
            (Some(line), _) => line.trim().to_owned(),
            (None, Ok(status)) => format!("{reason}, {status}"),
            (None, Err(_)) => reason.to_owned(),
        };
        CatalogueError::Invalid(format!(
            "{}: llama.cpp gave up on it ({told}); the file is damaged, or this machine has too little memory for it",
            model.display()
        ))
    }
}

/// The end of what a process writes as errors.
fn read_last_words(mut stderr: ChildStderr) -> String {
    let mut last = Vec::new();
    let mut piece = [0; 4096];
    while let Ok(count) = stderr.read(&mut piece) {
        if count == 0 {
            break;
        }
        last.extend_from_slice(&piece[..count]);
        let surplus = last.len().saturating_sub(LAST_WORDS_BYTES_MAX);
        last.drain(..surplus);
    }
    String::from_utf8_lossy(&last).into_owned()
}
