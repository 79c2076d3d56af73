//! What leaves a loop.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use crate::facts::{Expr, ExprKind, Step, StepKind, each_expression};

/// Calls that do not come back.
const LAST_CALLS: &str =
    " exit _exit quit abort panic Fatal Fatalf Fatalln Exit Goexit bail terminate throw ";

/// Macros of Rust that end the function.
const LAST_MACROS: &str =
    " panic todo unreachable unimplemented bail anyhow::bail ensure assert assert_eq ";

/// Whether something written in the body of a loop leaves it before its time.
pub(crate) fn leaves_loop(body: &[Step<'_>], language: Language) -> bool {
    scan(body, true, language)
}

/// Whether a body calls anything, which may end it with an error.
pub(crate) fn has_calls(body: &[Step<'_>]) -> bool {
    let mut has = false;
    each_expression(body, &mut |part| {
        has |= matches!(
            part.kind,
            ExprKind::Call { .. } | ExprKind::Macro { .. } | ExprKind::Await(_)
        );
    });
    has
}

/// `is_own` says whether a plain `break` leaves the loop that is asked about.
fn scan(steps: &[Step<'_>], is_own: bool, language: Language) -> bool {
    steps.iter().any(|step| {
        let leaves = match &step.kind {
            StepKind::Return { .. }
            | StepKind::Raise(_)
            | StepKind::Assert(_)
            | StepKind::Unreadable
            | StepKind::Break { label: Some(_), .. }
            | StepKind::Continue { label: Some(_) } => true,
            StepKind::Break { label: None, .. } => is_own,
            StepKind::Other(text) => text.starts_with("goto"),
            _ => false,
        };
        let is_choice = matches!(step.kind, StepKind::Switch { .. })
            && !matches!(language, Language::Rust | Language::Python);
        let is_own = is_own && !step.is_loop() && !is_choice;
        leaves
            || step
                .expressions()
                .into_iter()
                .any(|expression| leaves_from(expression, is_own, language))
            || step
                .blocks()
                .into_iter()
                .any(|block| scan(block, is_own, language))
    })
}

fn leaves_from(expression: &Expr<'_>, is_own: bool, language: Language) -> bool {
    let mut leaves = false;
    expression.each(&mut |part| {
        leaves |= match &part.kind {
            ExprKind::Propagate(_) => true,
            ExprKind::Choice(step) => scan(std::slice::from_ref(step), is_own, language),
            ExprKind::Macro { name } => is_listed(LAST_MACROS, name),
            _ => part
                .called()
                .is_some_and(|name| is_listed(LAST_CALLS, name)),
        };
    });
    leaves
}

fn is_listed(list: &str, name: &str) -> bool {
    list.split_ascii_whitespace().any(|known| known == name)
}
