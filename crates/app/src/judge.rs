//! Judging whole files of problems: HumanEval (Chen et al. 2021, arXiv 2107.03374) and HumanEvalPack (Muennighoff et al. 2023,
//! arXiv 2308.07124), with the solutions they bring or with completions of a model. Done at the machine itself.

mod problems;

use std::collections::HashMap;
use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use domain::Language;
use domain::sandbox::{Judgement, Limits, Program, RunStatus, Sandbox, Tier};
use futures::StreamExt;

use crate::sandbox::read_tests;

pub use problems::{Completion, JudgeFileError, Problem, read_completions, read_problems};

/// Most programs judged at once.
pub const PARALLEL_MAX: usize = 64;

/// Which solutions are judged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Solutions {
    /// The right ones that the file brings.
    Canonical,
    /// The wrong ones that a HumanEvalPack file brings.
    Buggy,
    /// A model's; a problem may have several.
    Completions(Vec<Completion>),
}

/// How to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JudgeSettings {
    /// Programs judged at once, 1 to [`PARALLEL_MAX`], else the nearest.
    pub parallel: usize,
    /// What each may use.
    pub limits: Limits,
}

impl Default for JudgeSettings {
    /// One for each core, with the usual limits.
    fn default() -> Self {
        Self {
            parallel: std::thread::available_parallelism().map_or(1, NonZeroUsize::get),
            limits: Limits::default(),
        }
    }
}

/// Nothing was judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeError {
    /// A problem brings no wrong solution.
    #[error("problem `{task_id}` has no buggy_solution; take a HumanEvalPack file")]
    NoBuggySolution {
        /// The problem.
        task_id: String,
    },
    /// A completion is for a problem that the file does not have.
    #[error(
        "a completion is for `{task_id}`, which is not among the problems; take the file it was made for"
    )]
    UnknownProblem {
        /// What it says it is for.
        task_id: String,
    },
    /// There is nothing to judge.
    #[error("there is no solution to judge")]
    NoSolution,
}

/// How far judging has come.
#[derive(Debug, Clone, Copy)]
pub struct JudgeProgress<'a> {
    /// Solutions judged.
    pub done: usize,
    /// Solutions in all.
    pub total: usize,
    /// The one just judged; in the order they end.
    pub latest: &'a ProblemResult,
}

/// What came of one solution.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProblemResult {
    /// The problem.
    pub task_id: String,
    /// Which solution of the problem, from 0.
    pub sample: u32,
    /// Its language.
    pub language: Language,
    /// Whether every test passed.
    pub passed: bool,
    /// The first thing that went wrong.
    pub failure: Option<String>,
    /// How the program ended.
    pub status: RunStatus,
    /// The tier that ran it.
    pub tier: Option<Tier>,
    /// Time it took.
    pub duration: Duration,
}

/// What came of all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JudgeReport {
    /// Each solution, in the order of the file; those that were not judged are missing.
    pub results: Vec<ProblemResult>,
    /// Solutions that passed.
    pub passed: usize,
    /// Solutions that failed.
    pub failed: usize,
    /// Solutions that could not be run here.
    pub not_run: usize,
    /// Time from start to end.
    pub duration: Duration,
    /// Whether all were judged.
    pub is_complete: bool,
}

/// One solution of one problem.
struct Candidate<'a> {
    problem: &'a Problem,
    solution: &'a str,
    sample: u32,
}

/// Judges solutions of `problems`, several at once. After each, `progress` is told; when it breaks, judging ends and the report
/// holds what was done. Dropping the future ends it at once.
pub async fn judge(
    sandbox: &dyn Sandbox,
    problems: &[Problem],
    solutions: &Solutions,
    settings: JudgeSettings,
    progress: &mut (dyn FnMut(JudgeProgress<'_>) -> ControlFlow<()> + Send),
) -> Result<JudgeReport, JudgeError> {
    let began = Instant::now();
    let candidates = choose(problems, solutions)?;
    let total = candidates.len();
    let mut running = futures::stream::iter(candidates.into_iter().enumerate())
        .map(async |(index, candidate)| {
            (index, judge_one(sandbox, &candidate, settings.limits).await)
        })
        .buffer_unordered(settings.parallel.clamp(1, PARALLEL_MAX));
    let mut judged: Vec<(usize, ProblemResult)> = Vec::with_capacity(total);
    while let Some((index, result)) = running.next().await {
        let done = judged.len() + 1;
        let told = progress(JudgeProgress {
            done,
            total,
            latest: &result,
        });
        judged.push((index, result));
        if told.is_break() {
            break;
        }
    }
    drop(running);
    judged.sort_by_key(|(index, _)| *index);
    let results: Vec<ProblemResult> = judged.into_iter().map(|(_, result)| result).collect();
    let passed = results.iter().filter(|result| result.passed).count();
    let not_run = results
        .iter()
        .filter(|result| result.status == RunStatus::Unavailable)
        .count();
    Ok(JudgeReport {
        passed,
        not_run,
        failed: results.len() - passed - not_run,
        is_complete: results.len() == total,
        results,
        duration: began.elapsed(),
    })
}

fn choose<'a>(
    problems: &'a [Problem],
    solutions: &'a Solutions,
) -> Result<Vec<Candidate<'a>>, JudgeError> {
    let first = |problem, solution| Candidate {
        problem,
        solution,
        sample: 0,
    };
    let candidates: Vec<Candidate<'a>> =
        match solutions {
            Solutions::Canonical => problems
                .iter()
                .map(|problem| first(problem, &problem.canonical))
                .collect(),
            Solutions::Buggy => problems
                .iter()
                .map(|problem| match &problem.buggy {
                    Some(solution) => Ok(first(problem, solution)),
                    None => Err(JudgeError::NoBuggySolution {
                        task_id: problem.task_id.clone(),
                    }),
                })
                .collect::<Result<_, _>>()?,
            Solutions::Completions(completions) => {
                let known: HashMap<&str, &Problem> = problems
                    .iter()
                    .map(|problem| (problem.task_id.as_str(), problem))
                    .collect();
                let mut samples: HashMap<&str, u32> = HashMap::new();
                completions
                    .iter()
                    .map(|completion| {
                        let task_id = completion.task_id.as_str();
                        let problem = known.get(task_id).copied().ok_or_else(|| {
                            JudgeError::UnknownProblem {
                                task_id: task_id.to_owned(),
                            }
                        })?;
                        let next = samples.entry(task_id).or_default();
                        let sample = *next;
                        *next += 1;
                        Ok(Candidate {
                            problem,
                            solution: &completion.completion,
                            sample,
                        })
                    })
                    .collect::<Result<_, _>>()?
            }
        };
    if candidates.is_empty() {
        return Err(JudgeError::NoSolution);
    }
    Ok(candidates)
}

async fn judge_one(
    sandbox: &dyn Sandbox,
    candidate: &Candidate<'_>,
    limits: Limits,
) -> ProblemResult {
    let began = Instant::now();
    let problem = candidate.problem;
    let program = Program {
        limits,
        ..Program::new(problem.language, problem.program_with(candidate.solution))
    };
    let tests = read_tests(
        problem.language,
        &program.code,
        &problem.tests,
        Some(&problem.entry_point),
    );
    let judgement = match tests {
        Ok(tests) => sandbox.judge(&program, &tests).await,
        Err(reason) => Judgement::unavailable(reason.to_string()),
    };
    ProblemResult {
        task_id: problem.task_id.clone(),
        sample: candidate.sample,
        language: problem.language,
        passed: judgement.passed(),
        failure: judgement.failure(),
        status: judgement.run.status,
        tier: judgement.run.tier,
        duration: began.elapsed(),
    }
}
