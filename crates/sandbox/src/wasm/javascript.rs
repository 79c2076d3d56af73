//! Programs in JavaScript, run by `QuickJS`. The program and its tests share an instance; what decides lives in a realm of it that is
//! frozen and that no name leads to, and the built-ins that tests rely on are compared with what they were.

pub(in crate::wasm) mod reactor;
mod source;
mod verdict;

use std::fmt;
use std::sync::Arc;

use domain::sandbox::{
    IoCase, Judgement, Program, RunOutcome, RunStatus, TESTS_MAX, TestResult, Tests,
};

use self::reactor::{Ended, Reactor, difference, push_texts};
use super::engine::{Busy, WasmEngine};
use super::image::ImageError;
use super::room::Bounds;

/// The image's name.
pub(crate) const IMAGE: &str = "javascript";

/// Bits of a request; see the guest's source.
const IS_STRICT: u32 = 1;
const MAY_WAIT: u32 = 2;

/// `QuickJS`, ready to be started any number of times.
#[derive(Clone)]
pub(crate) struct JavaScriptGuest {
    reactor: Reactor,
}

impl fmt::Debug for JavaScriptGuest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter
            .debug_struct("JavaScriptGuest")
            .finish_non_exhaustive()
    }
}

impl JavaScriptGuest {
    /// Compiles or loads the image.
    pub(crate) async fn new(engine: &Arc<WasmEngine>) -> Result<Self, ImageError> {
        let reactor = Reactor::new(engine, IMAGE).await?;
        Ok(Self { reactor })
    }

    /// Runs `program` until nothing is left to do. Timers do not sleep: the clock jumps to the next one, which counts as time used.
    pub(crate) async fn run(&self, program: &Program) -> RunOutcome {
        match self.start(program, None).await {
            Ok(ended) => finish(&ended),
            Err(busy) => RunOutcome::unavailable(busy.to_string()),
        }
    }

    /// Judges `program` by `tests`: each line that asserts something is a test.
    pub(crate) async fn judge(&self, program: &Program, tests: &Tests) -> Judgement {
        match tests {
            Tests::Asserts(code) => self.judge_by(program, code, "").await,
            Tests::Check { code, entry_point } if source::is_path(entry_point) => {
                let last = format!("await check({entry_point});");
                self.judge_by(program, code, &last).await
            }
            Tests::Check { entry_point, .. } => {
                Judgement::unavailable(format!("`{entry_point}` is not the name of a function"))
            }
            Tests::Doctests => Judgement::unavailable(
                "JavaScript has no docstrings with examples; give tests that assert instead",
            ),
            Tests::Io(cases) => self.judge_output(program, cases).await,
        }
    }

    async fn start(&self, program: &Program, tests: Option<&str>) -> Result<Ended, Busy> {
        let script = source::script_of(&program.code);
        let mut flags = 0;
        if script.is_module {
            flags |= IS_STRICT;
        }
        if script.may_wait {
            flags |= MAY_WAIT;
        }
        let request = |bounds: &Bounds| {
            let waiting_ms = u32::try_from(bounds.wall.as_millis()).unwrap_or(u32::MAX);
            let memory = u32::try_from(bounds.memory_bytes).unwrap_or(u32::MAX);
            let head = [u32::from(tests.is_some()), waiting_ms, memory, flags];
            let mut request: Vec<u8> = head.iter().flat_map(|word| word.to_le_bytes()).collect();
            let texts = [&script.code, &program.stdin, tests.unwrap_or_default()];
            push_texts(&mut request, &texts);
            request
        };
        self.reactor.run(program.limits, request).await
    }

    async fn judge_by(&self, program: &Program, tests: &str, last: &str) -> Judgement {
        let function = source::function_of(tests, last);
        match self.start(program, Some(&function)).await {
            Ok(ended) => verdict::judgement(&ended, tests),
            Err(busy) => Judgement::unavailable(busy.to_string()),
        }
    }

    /// Runs the program once for each case and compares what it prints.
    async fn judge_output(&self, program: &Program, cases: &[IoCase]) -> Judgement {
        let mut tests = Vec::new();
        let mut last = RunOutcome::unavailable("there was no input to run the program with");
        let mut left = program.limits.wall;
        for (at, case) in cases.iter().take(TESTS_MAX).enumerate() {
            let mut run = program.clone();
            run.stdin.clone_from(&case.stdin);
            run.limits.wall = left;
            last = self.run(&run).await;
            left = left.saturating_sub(last.duration);
            let failure = if last.status == RunStatus::Ok {
                difference(&last.stdout, &case.stdout)
            } else {
                let error = last.error.as_ref().map(|error| error.message.clone());
                let why = error.or_else(|| last.reason.clone());
                Some(why.unwrap_or_else(|| "it ended with an error".to_owned()))
            };
            tests.push(TestResult {
                name: format!("input {}", at + 1),
                failure,
            });
            if last.status != RunStatus::Ok {
                break;
            }
        }
        Judgement {
            is_complete: tests.len() == cases.len() && last.status == RunStatus::Ok,
            run: last,
            tests,
        }
    }
}

/// The outcome of a run; an exit code is an error, and so is running out of stack where the interpreter did not notice.
fn finish(ended: &Ended) -> RunOutcome {
    let mut outcome = ended.outcome();
    let code = ended.find('X').map_or(0, |record| record.line);
    if code != 0 && outcome.status == RunStatus::Ok {
        outcome.status = RunStatus::Error;
    }
    if code != 0 && outcome.status == RunStatus::Error {
        outcome.reason = Some(format!("the program ended itself with exit code {code}"));
    }
    outcome
}

#[cfg(test)]
mod tests;
