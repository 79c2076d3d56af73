//! Holds a model's explanation of code to the code: what is read from the syntax tree goes into the prompt, and each sentence is compared
//! with it. Only what is surely wrong counts: a name, a line, a language or a cost that the code contradicts.

mod claims;
mod cost;

use std::collections::HashSet;
use std::fmt::Write as _;

use domain::Language;
use domain::analysis::{Analysis, CodeAnalyser, FunctionMetrics};
use domain::ask::Style;

/// Functions that are told in a prompt.
const FUNCTIONS_TOLD_MAX: usize = 12;
/// Findings that are told in a prompt.
const FINDINGS_TOLD_MAX: usize = 5;

/// What is known of a piece of code.
pub(super) struct Facts {
    language: Language,
    lines: u32,
    /// Every word of the code that can be a name.
    names: HashSet<String>,
    analysis: Analysis,
}

impl Facts {
    pub(super) fn read(
        language: Language,
        code: &str,
        style: Style,
        analyser: &dyn CodeAnalyser,
    ) -> Self {
        let words = code.split(|c: char| !(c.is_alphanumeric() || c == '_'));
        Self {
            language,
            lines: u32::try_from(code.lines().count()).unwrap_or(u32::MAX),
            names: words
                .filter(|word| !word.is_empty())
                .map(str::to_owned)
                .collect(),
            analysis: analyser.analyse(language, code, style),
        }
    }

    /// The facts as lines of a prompt.
    pub(super) fn as_told(&self) -> String {
        let mut lines = vec![format!(
            "- It is {} code of {} lines.",
            self.language.title(),
            self.lines
        )];
        lines.extend(
            self.functions()
                .take(FUNCTIONS_TOLD_MAX)
                .map(function_as_told),
        );
        let errors = self.analysis.syntax_errors.iter().take(1);
        lines.extend(
            errors.map(|error| format!("- Line {} does not parse: {}", error.line, error.message)),
        );
        let mut findings: Vec<_> = self.analysis.findings.iter().collect();
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        let findings = findings.into_iter().take(FINDINGS_TOLD_MAX);
        lines.extend(
            findings.map(|finding| format!("- Line {}: {}", finding.line, finding.message)),
        );
        lines.join("\n")
    }

    /// Where the code does not parse, as sentences.
    pub(super) fn syntax_errors(&self) -> Vec<String> {
        let errors = self.analysis.syntax_errors.iter();
        errors
            .map(|error| {
                format!(
                    "Line {}, column {}: {}",
                    error.line, error.column, error.message
                )
            })
            .collect()
    }

    /// What the code contradicts in a piece of prose, as a clause; `None` when nothing.
    pub(super) fn find_contradiction(&self, prose: &str) -> Option<String> {
        // What might be, or is said of something else, is not about this code.
        if claims::is_hypothetical(prose) {
            return None;
        }
        self.wrong_line(prose)
            .or_else(|| self.wrong_language(prose))
            .or_else(|| self.wrong_name(prose))
            .or_else(|| self.wrong_cost(prose))
    }

    fn functions(&self) -> impl Iterator<Item = &FunctionMetrics> {
        self.analysis.metrics.functions.iter()
    }

    fn wrong_line(&self, prose: &str) -> Option<String> {
        let line = claims::lines(prose)
            .into_iter()
            .find(|line| *line > self.lines)?;
        Some(format!(
            "it speaks of line {line}, but the code has {} lines",
            self.lines
        ))
    }

    fn wrong_language(&self, prose: &str) -> Option<String> {
        let claimed = claims::language(prose, self.language)?;
        Some(format!(
            "it calls the code {}, but it is {}",
            claimed.title(),
            self.language.title()
        ))
    }

    fn wrong_name(&self, prose: &str) -> Option<String> {
        let (kind, name) = claims::names(prose).into_iter().find(|(_, name)| {
            let is_there = name
                .split(['.', ':', '-', '>'])
                .filter(|part| !part.is_empty())
                .all(|part| self.names.contains(part));
            !is_there && !claims::is_builtin(name)
        })?;
        Some(format!(
            "it speaks of a {kind} `{name}`, but the code has no such name"
        ))
    }

    /// Compared only where it is plain which function is meant and its cost was told from the code.
    fn wrong_cost(&self, prose: &str) -> Option<String> {
        let mut named = self.functions().filter(|function| {
            let own = function.name.rsplit('.').next().unwrap_or_default();
            claims::has_word(prose, own)
        });
        let function = match (named.next(), named.next()) {
            (Some(function), None) => function,
            (None, _) => {
                let mut all = self.functions();
                all.next().filter(|_| all.next().is_none())?
            }
            (Some(_), Some(_)) => return None,
        };
        cost::claims(prose).into_iter().find_map(|claim| {
            let (what, estimate) = if claim.is_space {
                ("space", function.space.as_deref()?)
            } else {
                ("time", function.time.as_deref()?)
            };
            let (said, known) = (cost::order(&claim.formula)?, cost::order(estimate)?);
            (said != known).then(|| {
                format!(
                    "it says that `{}` takes {} {what}, but the code shows {estimate}",
                    function.name, claim.formula
                )
            })
        })
    }
}

fn function_as_told(function: &FunctionMetrics) -> String {
    let last = function
        .line
        .saturating_add(function.lines.saturating_sub(1));
    let mut told = format!(
        "- `{}`: lines {} to {last}, {} parameter{}",
        function.name,
        function.line,
        function.parameters,
        if function.parameters == 1 { "" } else { "s" }
    );
    for (what, cost) in [("time", &function.time), ("space", &function.space)] {
        if let Some(cost) = cost {
            // Writing to a string cannot fail.
            let _ = write!(told, ", {cost} {what}");
        }
    }
    told.push('.');
    told
}
