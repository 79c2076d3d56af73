//! Numbers about code: lines, complexity, nesting, maintainability. Estimates of time and space come from `complexity`.
//!
//! Cyclomatic: 1, and 1 for each `if`, loop with a condition, `case` that is no default, `catch`, conditional expression, `&&`,
//! `||` and `??`, for each `for` and `if` of a comprehension, each arm of a Rust `match` after the first, each guard, each `?` of
//! Rust; of SQL for each `WHEN`, `WHERE`, `HAVING`, join and set operation. `finally` and `else` decide nothing.
//! Cognitive: as its paper has it. A closure counts for the function it is in; what has a name of its own counts alone.

mod frames;
mod halstead;
mod kinds;
mod lines;
mod names;
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "of the many kinds of nodes each rule counts a few"
)]
mod walk;

use domain::analysis::{FunctionMetrics, Metrics};
use domain::language::Language;
use tree_sitter::Tree;

use crate::complexity::Estimated;
use frames::Frame;
use halstead::Unit;

/// Most functions whose numbers are told.
const FUNCTIONS_MAX: usize = 2_000;

/// Measures `code`, whose tree is `tree`; `estimates` are those of its functions.
pub(crate) fn measure(
    language: Language,
    code: &str,
    tree: &Tree,
    estimates: Vec<Estimated>,
) -> Metrics {
    let walked = walk::walk(language, code, tree);
    let counts = walked.lines.count(code);
    let outside = &walked.outside;
    let outside_counts = walked.functions.is_empty() || outside.decisions > 0;
    let mut cyclomatic = if outside_counts {
        outside.cyclomatic()
    } else {
        0
    };
    let mut cognitive = outside.cognitive();
    let mut nesting = outside.nesting_max;
    for frame in &walked.functions {
        cyclomatic = cyclomatic.saturating_add(frame.cyclomatic());
        cognitive = cognitive.saturating_add(frame.cognitive());
        nesting = nesting.max(frame.nesting_max);
    }
    Metrics {
        lines: counts.code + counts.comment + counts.blank,
        code_lines: counts.code,
        comment_lines: counts.comment,
        blank_lines: counts.blank,
        cyclomatic,
        cognitive,
        nesting,
        maintainability: halstead::maintainability(&units(&walked, counts.code)),
        functions: functions(walked.functions, estimates),
    }
}

/// What the maintainability is the mean of: each function, and what is outside of them.
fn units(walked: &walk::Walked<'_>, code_lines: u32) -> Vec<Unit> {
    let mut units: Vec<Unit> = walked.functions.iter().map(Frame::unit).collect();
    if !walked.outside.halstead.is_empty() {
        let inside: u32 = walked
            .functions
            .iter()
            .filter(|frame| !frame.is_inner)
            .map(|frame| frame.lines)
            .fold(0, u32::saturating_add);
        units.push(Unit {
            lines: code_lines.saturating_sub(inside),
            ..walked.outside.unit()
        });
    }
    units
}

fn functions(frames: Vec<Frame<'_>>, estimates: Vec<Estimated>) -> Vec<FunctionMetrics> {
    let mut estimates: Vec<Option<Estimated>> = estimates.into_iter().map(Some).collect();
    let mut functions: Vec<FunctionMetrics> = frames
        .into_iter()
        .map(|frame| {
            let last = frame.line.saturating_add(frame.lines).saturating_sub(1);
            let of_frame = |estimated: &Option<Estimated>| {
                estimated.as_ref().is_some_and(|estimated| {
                    estimated.name == frame.plain_name
                        && (estimated.line..=estimated.end_line).contains(&frame.line)
                        && (frame.line..=last).contains(&estimated.end_line)
                })
            };
            let estimated = estimates
                .iter()
                .position(of_frame)
                .and_then(|at| estimates.get_mut(at))
                .and_then(Option::take);
            let (time, space, reason) = estimated.map_or((None, None, None), |estimated| {
                (estimated.time, estimated.space, estimated.reason)
            });
            FunctionMetrics {
                cyclomatic: frame.cyclomatic(),
                cognitive: frame.cognitive(),
                nesting: frame.nesting_max,
                line: frame.line,
                lines: frame.lines,
                parameters: frame.parameters,
                name: frame.name,
                time,
                space,
                reason,
            }
        })
        .collect();
    functions.truncate(FUNCTIONS_MAX);
    functions
}
