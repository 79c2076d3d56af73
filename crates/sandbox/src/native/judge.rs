//! Judging: the program in one process, its tests in another, and this host between them. What passed is what the tests'
//! process says; the program has no way to that process but the answers it gives.

use std::time::{Duration, Instant};

use domain::sandbox::{
    IoCase, Judgement, Limits, Program, RunOutcome, RunStatus, TESTS_MAX, TestResult, Tests,
};
use serde::Deserialize;
use serde_json::{Value, json};

use super::NativeTier;
use super::launch::BEGUN;
use super::process::Process;
use super::run::{BEGIN_TIME_MAX, Heard, Told, ToldError, lower, outcome};

/// Most bytes of one message between a program and its tests.
const MESSAGE_BYTES_MAX: usize = 16 << 20;
/// How long a program that says nothing more may take to end by itself.
const PATIENCE: Duration = Duration::from_millis(500);
/// Most bytes kept of a test's name or failure.
const FINDING_BYTES_MAX: usize = 2 * 1024;

/// The parts of the judge, in the order they need each other. All but two are those of the WebAssembly tier.
const MODULES: [(&str, &str); 9] = [
    ("codegenie", ""),
    (
        "codegenie.wire",
        include_str!("../../guests/python/codegenie/wire.py"),
    ),
    (
        "codegenie.port",
        include_str!("../../guests/python/codegenie/port.py"),
    ),
    (
        "codegenie.bridge",
        include_str!("../../guests/python/codegenie/bridge.py"),
    ),
    (
        "codegenie.program",
        include_str!("../../guests/python/codegenie/program.py"),
    ),
    (
        "codegenie.names",
        include_str!("../../guests/python/codegenie/names.py"),
    ),
    (
        "codegenie.judge",
        include_str!("../../guests/python/codegenie/judge.py"),
    ),
    (
        "codegenie.arrays",
        include_str!("../../guests/native/arrays.py"),
    ),
    (
        "codegenie.seat",
        include_str!("../../guests/native/seat.py"),
    ),
];

/// Frames between the host and the two processes.
const MODULES_FRAME: u8 = b'M';
const LOAD: u8 = b'L';
const LOADED: u8 = b'R';
const JOB: u8 = b'J';
const MESSAGE: u8 = b'X';
const PRINTED: u8 = b'W';
const GONE: u8 = b'G';
const FINDING: u8 = b'T';
const DONE: u8 = b'Z';

/// What the program's process says of loading it.
#[derive(Debug, Deserialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
enum Loaded {
    Ok {
        #[serde(default)]
        names: Vec<String>,
    },
    Exit {
        code: i32,
    },
    Error {
        line: Option<u32>,
        message: String,
        memory: bool,
        denied: bool,
    },
}

/// What the tests' process says of one test.
#[derive(Debug, Deserialize)]
struct Finding {
    at: usize,
    name: String,
    failure: Option<String>,
}

/// How a conversation ended.
enum End {
    /// The tests came to their end; whether every one was reached.
    Done(bool),
    /// The program's process ended, or said what no honest one says, before its tests did.
    ProgramGone,
    /// The program could not be loaded.
    NotLoaded(Loaded),
    /// The tests' process ended before it was done.
    TestsGone,
    /// The time was up.
    Timeout,
}

/// The two processes.
struct Bench {
    program: Process,
    tests: Process,
    found: Vec<TestResult>,
}

impl NativeTier {
    /// Judges `program` by `tests`.
    pub(super) async fn judge_program(&self, program: &Program, tests: &Tests) -> Judgement {
        let job = match tests {
            Tests::Asserts(code) => json!({ "kind": "asserts", "tests": code }),
            Tests::Check { code, entry_point } => {
                json!({ "kind": "check", "tests": code, "entry_point": entry_point })
            }
            Tests::Doctests => json!({ "kind": "doctests", "program": program.code }),
            Tests::Io(cases) => return self.judge_output(program, cases).await,
        };
        let permit = self.permits.acquire().await;
        let judged = self.judge_apart(program, job).await;
        drop(permit);
        judged.unwrap_or_else(|error| {
            Judgement::unavailable(format!("the program could not be judged: {error}"))
        })
    }

    async fn judge_apart(&self, program: &Program, job: Value) -> std::io::Result<Judgement> {
        let limits = lower(&program.limits);
        let begun = Instant::now();
        let plan = self.ready()?.plan;
        let sources: Vec<_> = MODULES
            .iter()
            .flat_map(|(name, code)| [*name, *code])
            .collect();
        let sources = sources.join("\0");
        // Both start at once; neither knows of the other.
        let (first, second) = tokio::join!(
            self.start(plan, super::HARNESS, &program.stdin, &limits),
            self.start(plan, super::HARNESS, "", &limits),
        );
        let mut bench = Bench {
            program: first?,
            tests: second?,
            found: Vec::new(),
        };
        bench
            .program
            .send(MODULES_FRAME, sources.as_bytes())
            .await?;
        bench.tests.send(MODULES_FRAME, sources.as_bytes()).await?;
        bench.program.send(LOAD, program.code.as_bytes()).await?;
        let end = if bench.begin().await {
            tokio::time::timeout(limits.wall, bench.converse(job))
                .await
                .unwrap_or(End::Timeout)
        } else {
            End::Timeout
        };
        Ok(bench.close(end, &limits, begun).await)
    }

    /// Runs the program once for each case and compares what it prints.
    async fn judge_output(&self, program: &Program, cases: &[IoCase]) -> Judgement {
        let mut judgement = Judgement::unavailable("there was no input to run the program with");
        let mut left = program.limits.wall;
        for (at, case) in cases.iter().take(TESTS_MAX).enumerate() {
            let mut one = program.clone();
            one.stdin.clone_from(&case.stdin);
            one.limits.wall = left;
            let run = self.run_program(&one).await;
            left = left.saturating_sub(run.duration);
            let failure = match run.status {
                RunStatus::Ok => difference(&run.stdout, &case.stdout),
                RunStatus::Error
                | RunStatus::Timeout
                | RunStatus::Memory
                | RunStatus::Denied
                | RunStatus::Unavailable => Some(why(&run)),
            };
            let is_ok = run.status == RunStatus::Ok;
            judgement.run = run;
            judgement.tests.push(TestResult {
                name: format!("input {}", at + 1),
                failure,
            });
            if !is_ok {
                break;
            }
        }
        judgement.is_complete =
            judgement.run.status == RunStatus::Ok && judgement.tests.len() == cases.len();
        judgement
    }
}

impl Bench {
    /// Waits until both processes are behind their walls.
    async fn begin(&mut self) -> bool {
        let both = async {
            matches!(self.program.receive(0).await, Ok(Some((BEGUN, _))))
                && matches!(self.tests.receive(0).await, Ok(Some((BEGUN, _))))
        };
        tokio::time::timeout(BEGIN_TIME_MAX, both)
            .await
            .unwrap_or(false)
    }

    async fn converse(&mut self, mut job: Value) -> End {
        let Some(report) = self.hear_program(LOADED).await else {
            return End::ProgramGone;
        };
        let names = match serde_json::from_slice(&report) {
            Ok(Loaded::Ok { names }) => names,
            Ok(failed @ (Loaded::Exit { .. } | Loaded::Error { .. })) => {
                return End::NotLoaded(failed);
            }
            Err(_) => return End::ProgramGone,
        };
        job["names"] = json!(names);
        // What was printed while the program was loaded is none of the tests' output.
        drop(self.program.take_printed().await);
        if self
            .tests
            .send(JOB, job.to_string().as_bytes())
            .await
            .is_err()
        {
            return End::TestsGone;
        }
        let mut is_gone = false;
        loop {
            match self.tests.receive(MESSAGE_BYTES_MAX).await {
                Ok(Some((FINDING, finding))) => self.find(&finding),
                Ok(Some((MESSAGE, message))) => {
                    is_gone |= !self.carry(&message, is_gone).await;
                }
                Ok(Some((DONE, _))) if is_gone => return End::ProgramGone,
                Ok(Some((DONE, told))) => return End::Done(is_complete(&told)),
                Ok(Some(_)) => {}
                Ok(None) | Err(_) => return End::TestsGone,
            }
        }
    }

    /// Carries a message to the program and what it says next to the tests. Whether the program is still there.
    async fn carry(&mut self, message: &[u8], is_gone: bool) -> bool {
        let mut answer = None;
        if !is_gone && self.program.send(MESSAGE, message).await.is_ok() {
            answer = self.hear_program(MESSAGE).await;
        }
        let printed = self.program.take_printed().await;
        // When the tests are not there, receiving from them says so.
        if !printed.is_empty() {
            let _ = self.tests.send(PRINTED, &printed).await;
        }
        let _ = match &answer {
            Some(answer) => self.tests.send(MESSAGE, answer).await,
            None => self.tests.send(GONE, b"the program has ended").await,
        };
        answer.is_some()
    }

    /// The program's next frame of a kind; `None` when there is none.
    async fn hear_program(&mut self, kind: u8) -> Option<Vec<u8>> {
        match self.program.receive(MESSAGE_BYTES_MAX).await {
            Ok(Some((heard, payload))) if heard == kind => Some(payload),
            Ok(_) | Err(_) => None,
        }
    }

    fn find(&mut self, finding: &[u8]) {
        let Ok(finding) = serde_json::from_slice::<Finding>(finding) else {
            return;
        };
        let test = TestResult {
            name: cut(finding.name),
            failure: finding.failure.map(cut),
        };
        let has_room = self.found.len() < TESTS_MAX;
        match self.found.get_mut(finding.at) {
            Some(known) => *known = test,
            None if has_room => self.found.push(test),
            // Beyond the bound only a failure is of interest, and it must not be lost.
            None if test.failure.is_some() => {
                self.found.pop();
                self.found.push(test);
            }
            None => {}
        }
    }

    /// Ends both processes, and says what came of it.
    async fn close(self, end: End, limits: &Limits, begun: Instant) -> Judgement {
        let Self {
            program,
            tests,
            found,
        } = self;
        // It may be that it only said nonsense, so it is not waited for much longer.
        let patience = match end {
            End::ProgramGone => PATIENCE,
            End::Done(_) | End::NotLoaded(_) | End::TestsGone | End::Timeout => Duration::ZERO,
        };
        let (remains, _) = tokio::join!(program.end_after(patience), tests.end());
        let code = remains.code;
        let mut heard = Heard {
            remains,
            told: Told::default(),
            is_timeout: matches!(end, End::Timeout),
        };
        let mut early = None;
        heard.remains.code = Some(match &end {
            End::Done(_) | End::Timeout => 0,
            End::TestsGone => {
                early = Some("the tests ended their own process before they were done".to_owned());
                1
            }
            End::NotLoaded(Loaded::Error { .. }) => 1,
            End::NotLoaded(Loaded::Exit { code }) => {
                early = Some(format!(
                    "the program ended itself with exit code {code} before its tests were done"
                ));
                1
            }
            End::NotLoaded(Loaded::Ok { .. }) | End::ProgramGone => {
                early = Some("the program ended itself before its tests were done".to_owned());
                code.filter(|&code| code > 1).unwrap_or(1)
            }
        });
        let is_complete = matches!(end, End::Done(true));
        if let End::NotLoaded(Loaded::Error {
            line,
            message,
            memory,
            denied,
        }) = end
        {
            heard.told.error = Some(ToldError::new(memory, denied, line, cut(message)));
        }
        let mut run = outcome(heard, limits, begun.elapsed());
        run.reason = run.reason.or(early);
        Judgement {
            run,
            tests: found,
            is_complete,
        }
    }
}

fn cut(mut text: String) -> String {
    text.truncate(text.floor_char_boundary(FINDING_BYTES_MAX));
    text
}

/// What the tests say at their end: whether every one was reached.
fn is_complete(told: &[u8]) -> bool {
    serde_json::from_slice::<Value>(told).is_ok_and(|told| told["complete"] == json!(true))
}

/// Why a run did not end well, as one line.
fn why(run: &RunOutcome) -> String {
    match (&run.error, &run.reason) {
        (Some(error), _) => format!("line {}: {}", error.line, error.message),
        (None, Some(reason)) => reason.clone(),
        (None, None) => "the program failed".to_owned(),
    }
}

/// How `got` differs from `wanted`; `None` when it does not, white space at the ends of lines and of the whole aside.
fn difference(got: &str, wanted: &str) -> Option<String> {
    fn lines(text: &str) -> Vec<&str> {
        text.trim_end().lines().map(str::trim_end).collect()
    }
    let (got, wanted) = (lines(got), lines(wanted));
    let at = (0..got.len().max(wanted.len())).find(|&at| got.get(at) != wanted.get(at))?;
    let shown = |lines: &[&str]| {
        lines
            .get(at)
            .map_or_else(|| "nothing".to_owned(), |line| format!("{line:.200?}"))
    };
    Some(format!(
        "line {}: expected {}, got {}",
        at + 1,
        shown(&wanted),
        shown(&got)
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_names_the_line_and_both_sides() {
        assert_eq!(difference("1 \n2\n\n", "1\n2"), None);
        assert_eq!(
            difference("1\n3\n", "1\n2\n").as_deref(),
            Some(r#"line 2: expected "2", got "3""#)
        );
        assert_eq!(
            difference("1", "1\n2").as_deref(),
            Some(r#"line 2: expected "2", got nothing"#)
        );
    }

    #[test]
    fn only_the_word_complete_completes() {
        assert!(is_complete(br#"{"complete": true}"#));
        for told in [
            &b""[..],
            b"true",
            br#"{"complete": "true"}"#,
            br#"{"complete": false}"#,
        ] {
            assert!(!is_complete(told));
        }
    }
}
