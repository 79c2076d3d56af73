//! Work on the file of a model that ends by itself, in a process of its own: trying it out, making a smaller copy of it, and
//! measuring how well it foretells a text. The process tells how far it is, and ends at once when the server goes.

mod check;
pub(crate) mod frame;
mod perplexity;
mod quantise;

use std::ffi::OsString;
use std::io::Read as _;
use std::num::NonZeroUsize;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;

use super::EngineError;
use super::args::Flags;
use frame::{TaskReport, write_report};

pub use quantise::QuantKind;

/// `check`, `quantise` or `perplexity`, then `--model FILE --threads N` and what belongs to the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TaskArgs {
    /// What is to be done.
    pub task: Task,
    /// The GGUF file.
    pub model: PathBuf,
    /// Threads for the computation; more than 512 count as 512.
    pub threads: NonZeroUsize,
}

/// What is to be done with a model's file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Task {
    /// Load it, with an adapter where one is given, and compute one step.
    Check {
        /// The GGUF file of a LoRA adapter.
        adapter: Option<PathBuf>,
    },
    /// Write a smaller copy.
    Quantise {
        /// The file that is written.
        out: PathBuf,
        /// How its numbers are stored.
        kind: QuantKind,
    },
    /// Measure its perplexity of the text that the server sends.
    Perplexity,
}

impl TaskArgs {
    /// Whether `role` is one of these tasks.
    pub(super) fn is_role(role: &str) -> bool {
        ["check", "quantise", "perplexity"].contains(&role)
    }

    /// Takes the arguments of a role for which [`Self::is_role`] is true.
    pub(super) fn take(role: &str, flags: &mut Flags) -> Result<Self, EngineError> {
        let task = match role {
            "check" => {
                let mut adapters = flags.take_all("--adapter");
                let adapter = adapters.pop().map(PathBuf::from);
                if !adapters.is_empty() {
                    return Err(EngineError::Usage("--adapter is given twice".to_owned()));
                }
                Task::Check { adapter }
            }
            "quantise" => Task::Quantise {
                out: flags.take("--out")?.into(),
                kind: flags.take_number("--kind")?,
            },
            _ => Task::Perplexity,
        };
        Ok(Self {
            task,
            model: flags.take("--model")?.into(),
            threads: flags.take_number("--threads")?,
        })
    }

    pub(super) fn to_args(&self) -> Vec<OsString> {
        let mut args: Vec<OsString> = match &self.task {
            Task::Check { adapter: None } => vec!["check".into()],
            Task::Check {
                adapter: Some(path),
            } => vec!["check".into(), "--adapter".into(), path.clone().into()],
            Task::Quantise { out, kind } => vec![
                "quantise".into(),
                "--out".into(),
                out.clone().into(),
                "--kind".into(),
                kind.name().into(),
            ],
            Task::Perplexity => vec!["perplexity".into()],
        };
        args.extend([
            "--model".into(),
            self.model.clone().into(),
            "--threads".into(),
            self.threads.to_string().into(),
        ]);
        args
    }
}

/// Does the task and tells the server what came of it.
pub(super) fn run(args: &TaskArgs, socket: &mut UnixStream) -> Result<(), EngineError> {
    let text = match args.task {
        Task::Perplexity => frame::read_text(socket).map_err(EngineError::Connection)?,
        Task::Check { .. } | Task::Quantise { .. } => String::new(),
    };
    end_with_the_server(socket).map_err(EngineError::Connection)?;
    let done = match &args.task {
        Task::Check { adapter } => check::run(args, adapter.as_deref(), socket),
        Task::Quantise { out, kind } => quantise::run(args, out, *kind, socket),
        Task::Perplexity => perplexity::run(args, &text, socket),
    };
    let report = match done {
        Ok(report) => report,
        Err(reason) => TaskReport::Failed { reason },
    };
    write_report(socket, &report).map_err(EngineError::Connection)
}

/// Ends this process when the server closes the connection: llama.cpp offers no way to stop in the middle of this work.
fn end_with_the_server(socket: &UnixStream) -> std::io::Result<()> {
    let mut socket = socket.try_clone()?;
    std::thread::Builder::new()
        .name("server-watch".to_owned())
        .spawn(move || {
            let mut byte = [0];
            // The server says nothing more, so whatever comes is the end.
            let _ = socket.read(&mut byte);
            leave();
        })?;
    Ok(())
}

#[expect(
    clippy::exit,
    reason = "the computing thread cannot be stopped, and nobody waits for what it computes"
)]
fn leave() -> ! {
    std::process::exit(1)
}

/// llama.cpp, without its log.
fn start_backend() -> Result<LlamaBackend, String> {
    let mut backend = LlamaBackend::init().map_err(|error| error.to_string())?;
    backend.void_logs();
    Ok(backend)
}

/// Loads the weights, telling how far that is.
fn load(backend: &LlamaBackend, path: &Path, socket: &UnixStream) -> Result<LlamaModel, String> {
    let mut socket = socket.try_clone().map_err(|error| error.to_string())?;
    let mut told = 0;
    let params = LlamaModelParams::default()
        .with_n_gpu_layers(0)
        .with_progress_callback(move |share| {
            #[expect(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "a share of 100 between 0 and 100"
            )]
            let percent = (share.clamp(0.0, 1.0) * 100.0) as u64;
            if percent > told {
                told = percent;
                let report = TaskReport::Progress {
                    done: percent,
                    total: 100,
                };
                return write_report(&mut socket, &report).is_ok();
            }
            true
        });
    LlamaModel::load_from_file(backend, path, &params)
        .map_err(|_| "llama.cpp cannot load it".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::EngineArgs;

    #[test]
    fn arguments_come_back() {
        let tasks = [
            Task::Check { adapter: None },
            Task::Check {
                adapter: Some("a b.gguf".into()),
            },
            Task::Quantise {
                out: "out.gguf".into(),
                kind: QuantKind::Q4KM,
            },
            Task::Perplexity,
        ];
        for task in tasks {
            let args = EngineArgs::Task(TaskArgs {
                task,
                model: "m.gguf".into(),
                threads: NonZeroUsize::MIN,
            });
            assert_eq!(EngineArgs::parse(args.to_args()).unwrap(), args);
        }
    }

    #[test]
    fn wrong_arguments_are_refused() {
        for wrong in [
            &["quantise", "--model", "m", "--threads", "1"][..],
            &[
                "quantise",
                "--model",
                "m",
                "--threads",
                "1",
                "--out",
                "o",
                "--kind",
                "Q9",
            ],
            &["check", "--model", "m", "--threads", "1", "--out", "o"],
            &[
                "check",
                "--model",
                "m",
                "--threads",
                "1",
                "--adapter",
                "a",
                "--adapter",
                "b",
            ],
            &["perplexity", "--threads", "1"],
        ] {
            let parsed = EngineArgs::parse(wrong.iter().map(OsString::from));
            assert!(matches!(parsed, Err(EngineError::Usage(_))), "{wrong:?}");
        }
    }
}
