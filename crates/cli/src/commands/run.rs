//! `codegenie run`: a program in the sandbox, without a server. Its output is this command's output; what is said about it
//! goes to standard error.

use std::io::{self, Read as _, Write};
use std::path::Path;
use std::process::ExitCode;

use analysis::SyntaxAnalyser;
use anyhow::{Context as _, bail};
use app::sandbox::{Runner, SandboxService, read_tests};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use domain::sandbox::{
    Figure, Judgement, Limits, PROGRAM_BYTES_MAX, Program, RunOutcome, RunStatus, Tests, Tier,
};
use serde_json::{Value, json};

use super::analyse::told_language;
use super::source_file;
use crate::args::RunArgs;
use crate::config::Config;
use crate::terminal::{self, DIM, WRONG, note, printable};
use crate::wire;

pub(super) async fn run(args: RunArgs, config: &Config) -> anyhow::Result<ExitCode> {
    let (program, tests) = read_program(&args)?;
    let service = SandboxService::new(wire::find_sandbox(config, wire::Proof::Recent)?);
    let ended = match tests {
        None => Ended::Run(service.run(Runner::Local, program).await?),
        Some(tests) => Ended::Judged(service.judge(Runner::Local, program, tests).await?),
    };
    let outcome = ended.outcome();
    if let Some(folder) = &args.figures {
        save(&outcome.figures, folder)?;
    }
    if args.json {
        terminal::print_json(&ended.to_json())?;
    } else {
        show_output(outcome)?;
        show_facts(&ended, args.figures.as_deref(), &mut terminal::stderr())?;
    }
    Ok(ExitCode::from(u8::from(!ended.is_good())))
}

fn read_program(args: &RunArgs) -> anyhow::Result<(Program, Option<Tests>)> {
    let code = source_file::read(&args.file)?;
    let language = told_language(&args.file, args.language, &code, &SyntaxAnalyser::new())?;
    let tests = args.tests.as_deref().map(source_file::read).transpose()?;
    let tests = tests.map(|text| read_tests(language, &code, &text, None));
    let program = Program {
        language,
        stdin: read_input(args)?,
        code,
        limits: Limits {
            wall: args.timeout,
            ..Limits::default()
        },
    };
    Ok((program, tests.transpose()?))
}

/// What the program reads: the file that was named, else what is piped in, unless that is the program itself.
fn read_input(args: &RunArgs) -> anyhow::Result<String> {
    let is_stdin = |path: &Path| path.as_os_str() == "-";
    let (name, bytes) = match &args.stdin {
        Some(path) if is_stdin(path) && is_stdin(&args.file) => bail!(
            "standard input cannot be both the program and its input; give one of them in a file"
        ),
        Some(path) if !is_stdin(path) => {
            let read = std::fs::File::open(path).and_then(read_bounded);
            let name = source_file::shown(path);
            (
                name.clone(),
                read.with_context(|| format!("cannot read {name}"))?,
            )
        }
        None if is_stdin(&args.file) || terminal::is_stdin_terminal() => return Ok(String::new()),
        Some(_) | None => {
            let read = read_bounded(io::stdin().lock());
            (
                "standard input".to_owned(),
                read.context("cannot read standard input")?,
            )
        }
    };
    if bytes.len() > PROGRAM_BYTES_MAX {
        bail!(
            "{name} is larger than 64 KiB, which is all that a program may read; give a part of it"
        );
    }
    String::from_utf8(bytes).map_err(|_| anyhow::anyhow!("{name} is not text in UTF-8"))
}

fn read_bounded(source: impl io::Read) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let bytes_max = u64::try_from(PROGRAM_BYTES_MAX).unwrap_or(u64::MAX);
    source.take(bytes_max + 1).read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// What came of the program.
enum Ended {
    Run(RunOutcome),
    Judged(Judgement),
}

impl Ended {
    fn outcome(&self) -> &RunOutcome {
        match self {
            Self::Run(outcome) => outcome,
            Self::Judged(judgement) => &judgement.run,
        }
    }

    fn is_good(&self) -> bool {
        match self {
            Self::Run(outcome) => outcome.status == RunStatus::Ok,
            Self::Judged(judgement) => judgement.passed(),
        }
    }

    /// The status, where a test that failed counts as an error of the program.
    fn status(&self) -> RunStatus {
        let status = self.outcome().status;
        if status == RunStatus::Ok && !self.is_good() {
            RunStatus::Error
        } else {
            status
        }
    }

    /// Why the program was stopped or not run, or why its tests did not reach their end.
    fn reason(&self) -> Option<String> {
        let outcome = self.outcome();
        let unfinished = match self {
            Self::Judged(judgement) if outcome.error.is_none() => judgement
                .tests
                .iter()
                .all(|test| test.failure.is_none())
                .then(|| judgement.failure())
                .flatten(),
            Self::Judged(_) | Self::Run(_) => None,
        };
        outcome.reason.clone().or(unfinished)
    }

    /// The JSON of `POST /api/v1/sandbox/run`.
    fn to_json(&self) -> Value {
        let outcome = self.outcome();
        let figures = outcome.figures.iter();
        json!({
            "status": self.status().name(),
            "tier": outcome.tier.map(Tier::name),
            "stdout": outcome.stdout,
            "stderr": outcome.stderr,
            "truncated": outcome.is_cut,
            "duration_ms": terminal::milliseconds(outcome.duration),
            "error": outcome.error.as_ref().map(|error| json!({"line": error.line, "message": error.message})),
            "figures": figures.map(|figure| BASE64.encode(&figure.png)).collect::<Vec<_>>(),
            "reason": self.reason(),
            "tests": match self {
                Self::Run(_) => Value::Null,
                Self::Judged(judgement) => tests_to_json(judgement),
            },
        })
    }
}

fn tests_to_json(judgement: &Judgement) -> Value {
    let tests = &judgement.tests;
    let results = tests
        .iter()
        .map(|test| json!({"name": test.name, "failure": test.failure}));
    json!({
        "passed": judgement.passed(),
        "total": tests.len(),
        "failed": tests.iter().filter(|test| test.failure.is_some()).count(),
        "complete": judgement.is_complete,
        "results": results.collect::<Vec<_>>(),
    })
}

/// What the program printed: as it is in a pipe, without what a terminal would obey on a terminal.
fn show_output(outcome: &RunOutcome) -> io::Result<()> {
    let mut out = io::stdout().lock();
    if terminal::is_stdout_terminal() {
        out.write_all(printable(&outcome.stdout).as_bytes())?;
    } else {
        out.write_all(outcome.stdout.as_bytes())?;
    }
    out.flush()?;
    let mut errors = io::stderr().lock();
    if terminal::is_stderr_terminal() {
        errors.write_all(printable(&outcome.stderr).as_bytes())?;
    } else {
        errors.write_all(outcome.stderr.as_bytes())?;
    }
    if !outcome.stderr.is_empty() && !outcome.stderr.ends_with('\n') {
        errors.write_all(b"\n")?;
    }
    Ok(())
}

/// What is to be said about it: the tests, why it was stopped, what it drew, how long it took and where it ran.
fn show_facts(ended: &Ended, figures: Option<&Path>, out: &mut dyn Write) -> io::Result<()> {
    let outcome = ended.outcome();
    if outcome.is_cut {
        writeln!(out, "{DIM}the output was longer and was cut{DIM:#}")?;
    }
    if let Ended::Judged(judgement) = ended {
        show_tests(judgement, out)?;
    }
    if let Some(reason) = ended.reason() {
        let word = match outcome.status {
            RunStatus::Unavailable => "not run",
            RunStatus::Timeout | RunStatus::Memory | RunStatus::Denied => "stopped",
            RunStatus::Ok | RunStatus::Error => "failed",
        };
        writeln!(out, "{WRONG}{word}{WRONG:#}: {}", printable(&reason))?;
    }
    let drawn = outcome.figures.len();
    if let Some(folder) = figures.filter(|_| drawn > 0) {
        writeln!(
            out,
            "{DIM}saved {} in {}{DIM:#}",
            pictures(drawn),
            folder.display()
        )?;
    } else if drawn > 0 {
        writeln!(
            out,
            "{DIM}it drew {}; save them with --figures DIR{DIM:#}",
            pictures(drawn)
        )?;
    }
    if let Some(tier) = outcome.tier {
        writeln!(
            out,
            "{DIM}ran in {} in the {} sandbox{DIM:#}",
            terminal::short_duration(outcome.duration),
            terminal::tier_title(tier)
        )?;
    }
    Ok(())
}

fn show_tests(judgement: &Judgement, out: &mut dyn Write) -> io::Result<()> {
    let tests = &judgement.tests;
    for test in tests {
        if let Some(failure) = &test.failure {
            let (name, failure) = (printable(&test.name), printable(failure));
            writeln!(out, "{WRONG}failed{WRONG:#}  {name}: {failure}")?;
        }
    }
    let passed = tests.iter().filter(|test| test.failure.is_none()).count();
    writeln!(out, "{passed} of {} tests passed", tests.len())
}

fn pictures(count: usize) -> String {
    if count == 1 {
        "1 picture".to_owned()
    } else {
        format!("{count} pictures")
    }
}

/// Saves what was drawn as `figure-1.png` and so on; files of these names are written over.
fn save(figures: &[Figure], folder: &Path) -> anyhow::Result<()> {
    if figures.is_empty() {
        note("it drew nothing");
        return Ok(());
    }
    std::fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the folder {}", folder.display()))?;
    for (at, figure) in figures.iter().enumerate() {
        let path = folder.join(format!("figure-{}.png", at + 1));
        std::fs::write(&path, &figure.png)
            .with_context(|| format!("cannot write {}", path.display()))?;
    }
    Ok(())
}
