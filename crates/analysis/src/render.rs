//! Explanations as Markdown. What the code says comes from `facts`; here it is put into one of three styles.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

mod beginner;
mod edges;
pub(crate) mod narrate;
mod phrases;
mod step_by_step;
mod technical;
pub(crate) mod wording;

use std::collections::HashSet;
use std::rc::Rc;

use domain::analysis::SyntaxError;
use domain::ask::Style;
use domain::language::Language;

use crate::facts::{Class, ClassKind, Expr, Function, Program, Step, StepKind, functions};
use crate::scope::Scope;
use crate::text::Put;
use crate::{Parsed, sql};
use narrate::Told;
pub(crate) use phrases::{capital, class_title, class_word, imperative, lines, third_person};
use wording::code;

/// Most functions that are told in full.
pub(crate) const FUNCTIONS_MAX: usize = 24;

/// Most lines of one walk through a body.
pub(crate) const TOLD_MAX: usize = 120;

/// The explanation of `parsed` in `style`.
pub(crate) fn explain(parsed: &Parsed<'_>, style: Style) -> String {
    let Parsed {
        language,
        code,
        tree,
        program,
        errors,
    } = parsed;
    if code.trim().is_empty() {
        return "There is no code to explain.".to_owned();
    }
    let mut text = if *language == Language::Sql {
        sql::explain(code, tree.as_ref(), style)
    } else {
        if program.body.is_empty() && errors.is_empty() {
            return format!(
                "# What this code does\n\nThis is {} code with nothing but comments: there is nothing to run.",
                language.title()
            );
        }
        let view = View {
            language: *language,
            program,
            defined: Scope::defined(program),
            lines: code.lines().count(),
        };
        match style {
            Style::Beginner => beginner::render(&view),
            Style::Technical => technical::render(&view),
            Style::StepByStep => step_by_step::render(&view),
        }
    };
    if !errors.is_empty() {
        text.push_str(&errors_section(errors));
    }
    text.trim_end().replace("\n\n\n", "\n\n")
}

fn errors_section(errors: &[SyntaxError]) -> String {
    let mut text = "\n## What does not parse\n\n".to_owned();
    for error in errors {
        text.put(format_args!(
            "- Line {}, column {}: {}\n",
            error.line, error.column, error.message
        ));
    }
    text.push_str(
        "\nThe explanation covers what could be read; near these places it may leave things out.\n",
    );
    text
}

/// What a renderer is given.
pub(crate) struct View<'s, 'a> {
    pub(crate) language: Language,
    pub(crate) program: &'s Program<'a>,
    /// The functions that the program defines.
    pub(crate) defined: Rc<HashSet<&'a str>>,
    pub(crate) lines: usize,
}

/// A function with what surrounds it.
pub(crate) struct Shown<'s, 'a> {
    pub(crate) class: Option<&'s Class<'a>>,
    pub(crate) function: &'s Function<'a>,
    pub(crate) step: &'s Step<'a>,
    pub(crate) scope: Scope<'a>,
}

impl<'s, 'a> View<'s, 'a> {
    pub(crate) fn functions(&self) -> Vec<Shown<'s, 'a>> {
        functions(&self.program.body)
            .into_iter()
            .take(FUNCTIONS_MAX)
            .map(|(class, function, step)| Shown {
                class,
                function,
                step,
                scope: Scope::new(
                    self.language,
                    self.program,
                    Some(function),
                    class,
                    Rc::clone(&self.defined),
                ),
            })
            .collect()
    }

    pub(crate) fn classes(&self) -> Vec<(&'s Class<'a>, &'s Step<'a>)> {
        let mut found = Vec::new();
        collect_classes(&self.program.body, &mut found);
        found
    }

    pub(crate) fn imports(&self) -> Vec<&'a str> {
        self.program
            .body
            .iter()
            .filter_map(|step| match &step.kind {
                StepKind::Import(text) => Some(*text),
                _ => None,
            })
            .collect()
    }

    /// The statements outside of definitions.
    pub(crate) fn main_steps(&self) -> Vec<Told> {
        let scope = Scope::new(
            self.language,
            self.program,
            None,
            None,
            Rc::clone(&self.defined),
        );
        let mut told = Vec::new();
        for step in &self.program.body {
            if !matches!(
                step.kind,
                StepKind::Function(_) | StepKind::Class(_) | StepKind::Import(_)
            ) {
                told.extend(scope.narrate(std::slice::from_ref(step)));
            }
        }
        told
    }
}

fn collect_classes<'s, 'a>(steps: &'s [Step<'a>], found: &mut Vec<(&'s Class<'a>, &'s Step<'a>)>) {
    for step in steps {
        if let StepKind::Class(class) = &step.kind {
            if class.kind != ClassKind::Implementation || !class.bases.is_empty() {
                found.push((class, step));
            }
            collect_classes(&class.body, found);
        }
    }
}

/// The statement that a context manager is used with.
pub(crate) const fn with_word(function: &Function<'_>) -> &'static str {
    if function.is_async {
        "`async with`"
    } else {
        "`with`"
    }
}

/// What a statement makes the function return.
pub(crate) fn returned<'a>(shown: &Shown<'_, 'a>, kind: &StepKind<'a>) -> Option<String> {
    match kind {
        StepKind::Return {
            value: Some(value), ..
        }
        | StepKind::Break {
            value: Some(value),
            is_result: true,
            ..
        } => Some(result(shown, value)),
        StepKind::Return { results, .. } if !results.is_empty() => {
            Some(narrate::actions::named_results(results))
        }
        _ => None,
    }
}

/// A result as a noun phrase; as code when its words would run together in a list.
pub(crate) fn result<'a>(shown: &Shown<'_, 'a>, value: &Expr<'a>) -> String {
    let text = shown.scope.noun(value);
    let words: String = text.split('`').step_by(2).collect();
    let is_chain = text.starts_with("the result of a chain");
    if !is_chain && (words.contains(" if ") || words.contains(", ")) && value.text.len() < 60 {
        code(value.text)
    } else {
        text
    }
}

impl Shown<'_, '_> {
    /// `Stack.push`, or just the name.
    pub(crate) fn full_name(&self) -> String {
        let between = match self.scope.language {
            Language::Rust | Language::Cpp => "::",
            _ => ".",
        };
        let class = self
            .class
            .filter(|class| class.kind != ClassKind::Namespace)
            .map(|class| class.name.to_owned());
        match class.or_else(|| self.function.owner.clone()) {
            Some(owner) if owner == self.function.name => {
                format!("the constructor of {}", code(&owner))
            }
            Some(owner) => code(&format!("{owner}{between}{}", self.function.name)),
            None => code(self.function.name),
        }
    }
}

/// Writes a walk as a nested list of at most `left` lines. Whether it was cut, which the list then says.
pub(crate) fn write_walk(
    told: &[Told],
    depth: usize,
    numbered: bool,
    show: &dyn Fn(&Told) -> String,
    left: &mut usize,
    out: &mut String,
) -> bool {
    let indent = if numbered { "   " } else { "  " }.repeat(depth);
    for (index, one) in told.iter().enumerate() {
        if *left == 0 {
            out.put(format_args!(
                "{indent}- … and more that is not told here.\n"
            ));
            return true;
        }
        *left -= 1;
        let mark = if numbered {
            format!("{}.", index + 1)
        } else {
            "-".to_owned()
        };
        out.put(format_args!("{indent}{mark} {}\n", show(one)));
        if depth < 7 && write_walk(&one.inner, depth + 1, numbered, show, left, out) {
            return true;
        }
    }
    false
}
