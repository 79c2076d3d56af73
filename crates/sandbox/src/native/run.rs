//! A run of a program: what is sent to it, what is believed of what it sends, and what it comes to.

use std::time::{Duration, Instant};

use domain::sandbox::{ErrorPlace, Figure, Limits, Program, RunOutcome, RunStatus, Tier};

use super::NativeTier;
use super::launch::BEGUN;
use super::process::{Process, Remains};
use super::request::{
    Bounds, EXIT_ERROR, EXIT_NO_WALL, EXIT_OK, EXIT_SIGNAL, Launch, Plan, Request,
};

/// Most time a program may be given.
const WALL_MAX: Duration = Duration::from_mins(2);
/// Most memory a program may be given, bytes.
const MEMORY_BYTES_MAX: u64 = 2 << 30;
/// Most output kept of a program, bytes.
const OUTPUT_BYTES_MAX: usize = 1 << 20;
/// Memory of the interpreter and its libraries, which is not the program's.
const MEMORY_BYTES_OF_PYTHON: u64 = 128 << 20;
/// Address space beyond a program's memory: what is mapped and not used, such as libraries.
const ADDRESS_BYTES_OF_PYTHON: u64 = 1 << 30;
/// The working folder's size.
const FOLDER_BYTES: u64 = 16 << 20;
const THREADS_MAX: u64 = 64;
const FILES_MAX: u64 = 128;
/// How long the walls may take to be put up, before a program's own time begins.
pub(super) const BEGIN_TIME_MAX: Duration = Duration::from_secs(10);
/// Most figures taken of a program.
const FIGURES_MAX: usize = 8;
/// Most bytes of one figure.
const FIGURE_BYTES_MAX: usize = 4 << 20;
/// What a PNG begins with (ISO/IEC 15948).
const PNG_SIGNATURE: &[u8] = b"\x89PNG\r\n\x1a\n";

const SIGKILL: u8 = EXIT_SIGNAL + 9;
const SIGXCPU: u8 = EXIT_SIGNAL + 24;
const SIGSYS: u8 = EXIT_SIGNAL + 31;

/// Frames of the harness.
const FIGURE: u8 = b'F';
const ERROR: u8 = b'E';

/// What a program says about itself. Of no weight but for its own outcome.
#[derive(Debug, Default)]
pub(super) struct Told {
    pub(super) error: Option<ToldError>,
    pub(super) figures: Vec<Figure>,
}

/// How a program says it failed.
#[derive(Debug)]
pub(super) struct ToldError {
    kind: ErrorKind,
    line: Option<u32>,
    message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ErrorKind {
    Error,
    Memory,
    Denied,
}

/// Limits within the sandbox's own.
pub(super) fn lower(limits: &Limits) -> Limits {
    Limits {
        wall: limits.wall.min(WALL_MAX),
        memory_bytes: limits.memory_bytes.min(MEMORY_BYTES_MAX),
        output_bytes: limits.output_bytes.min(OUTPUT_BYTES_MAX),
    }
}

/// What the kernel is told of `limits`.
fn bounds(limits: &Limits) -> Bounds {
    Bounds {
        data_bytes: limits.memory_bytes + MEMORY_BYTES_OF_PYTHON,
        address_bytes: limits.memory_bytes + ADDRESS_BYTES_OF_PYTHON,
        // The clock on the wall is watched from outside; this is for the case that nobody watches.
        cpu_seconds: limits.wall.as_secs() + 2,
        folder_bytes: FOLDER_BYTES,
        threads: THREADS_MAX,
        files: FILES_MAX,
    }
}

/// How a process ended that was listened to.
pub(super) struct Heard {
    pub(super) remains: Remains,
    pub(super) told: Told,
    pub(super) is_timeout: bool,
}

impl NativeTier {
    /// Starts the interpreter with `harness` behind the walls of `plan`.
    pub(super) async fn start(
        &self,
        plan: Plan,
        harness: &str,
        stdin: &str,
        limits: &Limits,
    ) -> std::io::Result<Process> {
        let interpreter = &self.ready()?.known.interpreter;
        let mut arguments = vec![interpreter.executable.to_string_lossy().into_owned()];
        // Isolated, and without `site`, whose search for packages costs more than all else: the harness is told where they are.
        let flags = [
            "-I",
            "-S",
            "-B",
            "-X",
            "utf8",
            "-X",
            "frozen_modules=on",
            "-c",
        ];
        arguments.extend(flags.map(str::to_owned));
        arguments.push(harness.to_owned());
        let request = Request::Run(Box::new(Launch {
            plan,
            view: interpreter.view.clone(),
            arguments,
            environment: self.environment(plan),
            stdin: stdin.to_owned(),
            bounds: bounds(limits),
        }));
        let mut process = Process::spawn(&self.launcher, &request, limits.output_bytes).await?;
        let paths: Vec<_> = interpreter
            .paths
            .iter()
            .map(|path| path.to_string_lossy())
            .collect();
        process.send(b'P', paths.join("\0").as_bytes()).await?;
        Ok(process)
    }

    fn environment(&self, plan: Plan) -> Vec<String> {
        let folder = if plan.has_namespaces {
            super::namespaces::WORK
        } else {
            "/"
        };
        let font_list = self
            .ready()
            .ok()
            .and_then(|ready| ready.known.interpreter.view.font_list.as_deref());
        let settings = match font_list.and_then(std::path::Path::parent) {
            Some(fonts) if !plan.has_namespaces => fonts.to_string_lossy().into_owned(),
            Some(_) | None => super::FONT_FOLDER.to_owned(),
        };
        let mut environment = vec![
            "PATH=/nonexistent".to_owned(),
            format!("HOME={folder}"),
            format!("MPLCONFIGDIR={settings}"),
        ];
        let fixed = [
            "LANG=C.UTF-8",
            "MPLBACKEND=module://codegenie_figures",
            "MALLOC_ARENA_MAX=1",
            "OMP_NUM_THREADS=1",
            "OPENBLAS_NUM_THREADS=1",
            "MKL_NUM_THREADS=1",
        ];
        environment.extend(fixed.map(str::to_owned));
        environment
    }

    /// Runs a program to its end.
    pub(super) async fn run_program(&self, program: &Program) -> RunOutcome {
        let limits = lower(&program.limits);
        let permit = self.permits.acquire().await;
        let begun = Instant::now();
        let heard = match self.listen(&program.code, &program.stdin, &limits).await {
            Ok(heard) => heard,
            Err(error) => {
                return RunOutcome::unavailable(format!(
                    "the program could not be started: {error}"
                ));
            }
        };
        drop(permit);
        outcome(heard, &limits, begun.elapsed())
    }

    async fn listen(&self, code: &str, stdin: &str, limits: &Limits) -> std::io::Result<Heard> {
        let plan = self.ready()?.plan;
        let mut process = self.start(plan, super::HARNESS, stdin, limits).await?;
        // Fails when a wall could not be put up; the launcher's exit code then says so.
        let _ = process.send(b'C', code.as_bytes()).await;
        let mut told = Told::default();
        let mut deadline = tokio::time::Instant::now() + BEGIN_TIME_MAX;
        let mut has_begun = false;
        let is_timeout = loop {
            let frame = tokio::select! {
                biased;
                () = tokio::time::sleep_until(deadline) => break true,
                frame = process.receive(FIGURE_BYTES_MAX) => frame,
            };
            match frame {
                Ok(Some((BEGUN, _))) if !has_begun => {
                    has_begun = true;
                    deadline = tokio::time::Instant::now() + limits.wall;
                }
                Ok(Some((kind, payload))) => told.hear(kind, payload),
                Ok(None) => break false,
                // No honest harness sends it; what follows cannot be understood.
                Err(_) => {
                    break tokio::time::timeout_at(deadline, process.ignore())
                        .await
                        .is_err();
                }
            }
        };
        let remains = if is_timeout {
            process.end().await
        } else {
            process.wait().await
        };
        Ok(Heard {
            remains,
            told,
            is_timeout,
        })
    }
}

impl Told {
    fn hear(&mut self, kind: u8, payload: Vec<u8>) {
        match kind {
            FIGURE if self.figures.len() < FIGURES_MAX && payload.starts_with(PNG_SIGNATURE) => {
                self.figures.push(Figure { png: payload });
            }
            ERROR => self.error = ToldError::read(&payload),
            _ => {}
        }
    }
}

impl ToldError {
    pub(super) fn new(
        is_memory: bool,
        is_denied: bool,
        line: Option<u32>,
        message: String,
    ) -> Self {
        let kind = match (is_memory, is_denied) {
            (true, _) => ErrorKind::Memory,
            (false, true) => ErrorKind::Denied,
            (false, false) => ErrorKind::Error,
        };
        Self {
            kind,
            line,
            message,
        }
    }

    /// Three lines: kind, line of the program or 0, message.
    fn read(payload: &[u8]) -> Option<Self> {
        let text = String::from_utf8_lossy(payload.get(..4096).unwrap_or(payload)).into_owned();
        let mut lines = text.splitn(3, '\n');
        let kind = match lines.next()? {
            "memory" => ErrorKind::Memory,
            "denied" => ErrorKind::Denied,
            _ => ErrorKind::Error,
        };
        let line = lines.next()?.parse().ok().filter(|&line| line > 0);
        let message = lines.next()?.lines().next()?.to_owned();
        Some(Self {
            kind,
            line,
            message,
        })
    }
}

/// What a run comes to. Only the launcher's exit code, which the program cannot reach, tells success.
pub(super) fn outcome(heard: Heard, limits: &Limits, duration: Duration) -> RunOutcome {
    let Heard {
        remains,
        told,
        is_timeout,
    } = heard;
    let stderr = String::from_utf8_lossy(&remains.stderr.bytes).into_owned();
    let (status, reason) = if is_timeout {
        (RunStatus::Timeout, Some(out_of_time(limits)))
    } else {
        judge_end(remains.code, told.error.as_ref(), limits, &stderr)
    };
    let error = match told.error {
        Some(ToldError {
            line: Some(line),
            message,
            ..
        }) if status != RunStatus::Ok && !is_timeout => Some(ErrorPlace { line, message }),
        Some(_) | None => None,
    };
    if status == RunStatus::Unavailable {
        return RunOutcome::unavailable(reason.unwrap_or_default());
    }
    RunOutcome {
        status,
        tier: Some(Tier::Native),
        stdout: String::from_utf8_lossy(&remains.stdout.bytes).into_owned(),
        stderr,
        is_cut: remains.stdout.is_cut || remains.stderr.is_cut,
        error,
        figures: told.figures,
        duration,
        reason,
    }
}

fn out_of_time(limits: &Limits) -> String {
    format!(
        "the program was ended after {:.1} s; give it less to do, or look for a loop that does not end",
        limits.wall.as_secs_f64()
    )
}

fn judge_end(
    code: Option<u8>,
    error: Option<&ToldError>,
    limits: &Limits,
    stderr: &str,
) -> (RunStatus, Option<String>) {
    let memory = || {
        let mebibytes = limits.memory_bytes >> 20;
        Some(format!(
            "the program wanted more than its {mebibytes} MiB of memory; have it keep less at once"
        ))
    };
    match code {
        Some(EXIT_OK) => (RunStatus::Ok, None),
        Some(EXIT_ERROR) => match error {
            Some(told) if told.kind == ErrorKind::Memory => (RunStatus::Memory, memory()),
            Some(told) if told.kind == ErrorKind::Denied => {
                let reason = format!(
                    "the program tried what is not allowed here ({}); programs have the files of their own folder, and no \
                     network, no other processes",
                    told.message
                );
                (RunStatus::Denied, Some(reason))
            }
            Some(_) | None => (RunStatus::Error, None),
        },
        Some(EXIT_NO_WALL) => {
            let why = stderr.lines().next().unwrap_or("no reason was given");
            let reason = format!("the program was not run, because it could not be kept in: {why}");
            (RunStatus::Unavailable, Some(reason))
        }
        Some(SIGXCPU) => (RunStatus::Timeout, Some(out_of_time(limits))),
        Some(SIGSYS) => {
            let reason = "the program made a system call that is not allowed here".to_owned();
            (RunStatus::Denied, Some(reason))
        }
        // Nothing in the sandbox sends it; the system does, when its memory is short.
        Some(SIGKILL) => (RunStatus::Memory, memory()),
        None => {
            let reason = "the process that keeps the program in was ended from outside; run the program again";
            (RunStatus::Error, Some(reason.to_owned()))
        }
        Some(_) => (RunStatus::Error, None),
    }
}

#[cfg(test)]
mod tests {
    use super::super::process::Printed;
    use super::*;

    fn heard(code: Option<u8>, told: Told) -> Heard {
        Heard {
            remains: Remains {
                code,
                stdout: Printed::default(),
                stderr: Printed::default(),
            },
            told,
            is_timeout: false,
        }
    }

    fn told(payload: &[u8]) -> Told {
        let mut told = Told::default();
        told.hear(ERROR, payload.to_vec());
        told
    }

    fn status(code: Option<u8>, payload: &[u8]) -> RunStatus {
        outcome(
            heard(code, told(payload)),
            &Limits::default(),
            Duration::ZERO,
        )
        .status
    }

    #[test]
    fn only_the_launcher_tells_success() {
        assert_eq!(status(Some(EXIT_OK), b"error\n3\nNo: no"), RunStatus::Ok);
        assert_eq!(
            status(Some(EXIT_ERROR), b"ok\n0\nall is well"),
            RunStatus::Error
        );
        assert_eq!(
            status(Some(EXIT_ERROR), b"memory\n1\nMemoryError"),
            RunStatus::Memory
        );
        assert_eq!(
            status(Some(EXIT_ERROR), b"denied\n1\nPermissionError"),
            RunStatus::Denied
        );
        assert_eq!(status(Some(SIGXCPU), b""), RunStatus::Timeout);
        assert_eq!(status(Some(SIGKILL), b""), RunStatus::Memory);
        assert_eq!(status(Some(EXIT_NO_WALL), b""), RunStatus::Unavailable);
    }

    #[test]
    fn what_a_program_says_is_bounded_and_never_fatal() {
        let mut told = Told::default();
        for payload in [
            &b""[..],
            b"\n",
            b"error",
            b"error\nx\n",
            b"\xff\xfe\n9\n\xff",
            b"error\n-4\nm",
        ] {
            told.hear(ERROR, payload.to_vec());
        }
        told.hear(FIGURE, b"not a picture".to_vec());
        assert!(told.figures.is_empty());
        for _ in 0..20 {
            told.hear(FIGURE, PNG_SIGNATURE.to_vec());
        }
        assert_eq!(told.figures.len(), FIGURES_MAX);
    }

    #[test]
    fn an_error_has_its_place() {
        let outcome = outcome(
            heard(
                Some(EXIT_ERROR),
                told(b"error\n3\nZeroDivisionError: division by zero"),
            ),
            &Limits::default(),
            Duration::ZERO,
        );
        let place = outcome.error.unwrap();
        assert_eq!(
            (place.line, place.message.as_str()),
            (3, "ZeroDivisionError: division by zero")
        );
    }
}
