//! The command line of what reads, runs and judges code.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, Subcommand};
use domain::Language;
use domain::ask::Style;

/// Shortest and longest time a program may be given, seconds.
const TIMEOUT_S: (f64, f64) = (0.1, 10.0);

/// Most programs judged at once.
const JOBS_MAX: u16 = 64;

/// Measure a file, look through it, and describe what it does; nothing of it is run.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  codegenie analyse script.py\n  codegenie analyse lib.rs --json\n  \
        git show HEAD:lib.js | codegenie analyse - --language javascript\n\n\
        Exit code 1 when the code does not parse or a finding is an error, 0 otherwise."
)]
pub(crate) struct AnalyseArgs {
    /// File with the code; `-` reads it from standard input
    pub(crate) file: PathBuf,
    /// Language of the code [default: by the file's extension, else by the code]
    #[arg(long)]
    pub(crate) language: Option<Language>,
    /// How to explain: beginner, technical, step-by-step
    #[arg(long, default_value = "technical")]
    pub(crate) style: Style,
    /// Leave out what the code does
    #[arg(long)]
    pub(crate) no_explain: bool,
    /// Print the result as the JSON that POST /api/v1/analysis gives
    #[arg(long, conflicts_with = "no_explain")]
    pub(crate) json: bool,
}

/// Run a program in the sandbox.
#[derive(Debug, Args)]
#[command(
    after_help = "Examples:\n  codegenie run script.py\n  echo 21 | codegenie run double.py\n  \
        codegenie run solution.py --tests tests.py\n  codegenie run plot.py --figures pictures\n\n\
        The program sees no file, network or process of this machine. What is piped in is its standard input.\n\
        Exit code 0 when it ended well and all tests passed, 1 otherwise."
)]
pub(crate) struct RunArgs {
    /// File with the program; `-` reads it from standard input
    pub(crate) file: PathBuf,
    /// Language of the program [default: by the file's extension, else by the code]
    #[arg(long)]
    pub(crate) language: Option<Language>,
    /// File that the program reads as its standard input
    #[arg(long, value_name = "FILE")]
    pub(crate) stdin: Option<PathBuf>,
    /// File with tests: statements that fail, a `check` function, or `>>>` examples
    #[arg(long, value_name = "FILE")]
    pub(crate) tests: Option<PathBuf>,
    /// Time it may take, 0.1 to 10 seconds
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = parse_timeout)]
    pub(crate) timeout: Duration,
    /// Folder to save what it draws in, as figure-1.png and so on
    #[arg(long, value_name = "DIR")]
    pub(crate) figures: Option<PathBuf>,
    /// Print the outcome as the JSON that POST /api/v1/sandbox/run gives
    #[arg(long)]
    pub(crate) json: bool,
}

/// Judge solutions of the problems of HumanEval.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  codegenie judge HumanEval.jsonl.gz\n  \
        codegenie judge humanevalpack-python.jsonl --solutions buggy\n  \
        codegenie judge HumanEval.jsonl.gz --solutions samples.jsonl --json\n\n\
        A file of solutions has a line {\"task_id\": …, \"completion\": …} for each.\n\
        Exit code 0 when all passed; with `--solutions buggy`, 0 when all failed, as wrong solutions should.")]
pub(crate) struct JudgeArgs {
    /// Files in the format of HumanEval or HumanEvalPack: JSON lines, plain or gzip
    #[arg(required = true, value_name = "FILE")]
    pub(crate) files: Vec<PathBuf>,
    /// What to judge: canonical and buggy solutions are in the files; others come from a file
    #[arg(long, value_name = "canonical|buggy|FILE", default_value = "canonical")]
    pub(crate) solutions: PathBuf,
    /// Programs to run at once [default: one for each core]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=i64::from(JOBS_MAX)))]
    pub(crate) jobs: Option<u16>,
    /// Take the first N problems of each file alone
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..))]
    pub(crate) limit: Option<u32>,
    /// Print every result as JSON
    #[arg(long)]
    pub(crate) json: bool,
}

/// Look after the sandbox.
#[derive(Debug, Args)]
pub(crate) struct SandboxArgs {
    #[command(subcommand)]
    pub(crate) act: SandboxAct,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SandboxAct {
    /// Compile the sandbox's images and test its walls, ahead of the first start.
    Prepare,
}

fn parse_timeout(text: &str) -> Result<Duration, String> {
    let (least, most) = TIMEOUT_S;
    let seconds = text
        .parse()
        .ok()
        .filter(|seconds| (least..=most).contains(seconds));
    seconds
        .map(Duration::from_secs_f64)
        .ok_or_else(|| format!("use a number of seconds from {least} to {most}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_timeout_keeps_to_its_range() {
        assert_eq!(parse_timeout("0.5"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_timeout("10"), Ok(Duration::from_secs(10)));
        for wrong in ["0", "11", "-1", "NaN", "inf", "soon", ""] {
            assert!(parse_timeout(wrong).is_err(), "{wrong}");
        }
    }
}
