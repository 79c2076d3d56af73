//! Grammars as values: expressions and named rules, what can be wrong with them, and how they are written.

use std::collections::BTreeMap;
use std::fmt;

/// Most rules of a grammar, counted as llama.cpp does: a repetition is as many as it may repeat.
const RULES_MAX: usize = 20_000;
/// Longest grammar, bytes.
const GRAMMAR_BYTES_MAX: usize = 512 * 1024;
/// Most repetitions; llama.cpp takes more than 2000 for any number.
pub(super) const REPETITIONS_MAX: usize = 1999;

/// What a rule derives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Expression {
    /// This text.
    Literal(String),
    /// One character of a class, written as in GBNF with its brackets.
    Class(String),
    /// One after the other.
    Sequence(Vec<Self>),
    /// One of them; nothing at all when there are none.
    Choice(Vec<Self>),
    /// At least and, unless there is no bound, at most so many times.
    Repeat(Box<Self>, usize, Option<usize>),
    /// What the rule of this name derives.
    Rule(String),
}

impl Expression {
    pub(super) fn literal(text: impl Into<String>) -> Self {
        Self::Literal(text.into())
    }

    pub(super) fn class(class: &str) -> Self {
        Self::Class(class.to_owned())
    }

    pub(super) fn rule(name: &str) -> Self {
        Self::Rule(name.to_owned())
    }

    pub(super) fn empty() -> Self {
        Self::Sequence(Vec::new())
    }

    pub(super) fn optional(self) -> Self {
        self.repeat(0, Some(1))
    }

    pub(super) fn repeat(self, min: usize, max: Option<usize>) -> Self {
        Self::Repeat(Box::new(self), min, max)
    }

    fn write(&self, text: &mut String) {
        match self {
            Self::Literal(literal) => write_literal(literal, text),
            Self::Class(class) => text.push_str(class),
            Self::Rule(name) => text.push_str(name),
            Self::Sequence(parts) if parts.is_empty() => text.push_str("\"\""),
            Self::Sequence(parts) => {
                text.push('(');
                for (place, part) in parts.iter().enumerate() {
                    if place > 0 {
                        text.push(' ');
                    }
                    part.write(text);
                }
                text.push(')');
            }
            Self::Choice(parts) => {
                text.push('(');
                for (place, part) in parts.iter().enumerate() {
                    if place > 0 {
                        text.push_str(" | ");
                    }
                    part.write(text);
                }
                text.push(')');
            }
            Self::Repeat(part, min, max) => {
                let is_atom = matches!(**part, Self::Class(_) | Self::Rule(_));
                if !is_atom {
                    text.push('(');
                }
                part.write(text);
                if !is_atom {
                    text.push(')');
                }
                let written = match (min, max) {
                    (0, None) => "*".to_owned(),
                    (1, None) => "+".to_owned(),
                    (0, Some(1)) => "?".to_owned(),
                    (min, None) => format!("{{{min},}}"),
                    (min, Some(max)) if min == max => format!("{{{min}}}"),
                    (min, Some(max)) => format!("{{{min},{max}}}"),
                };
                text.push_str(&written);
            }
        }
    }

    /// How many rules llama.cpp makes of it: one for every pair of brackets, and one for each time something may repeat.
    fn count_rules(&self) -> usize {
        match self {
            Self::Literal(_) | Self::Class(_) | Self::Rule(_) => 0,
            Self::Sequence(parts) | Self::Choice(parts) => {
                1 + parts.iter().map(Self::count_rules).sum::<usize>()
            }
            Self::Repeat(part, min, max) => {
                let times = max.unwrap_or(*min).max(1);
                (1 + part.count_rules()).saturating_add(times)
            }
        }
    }

    /// Whether llama.cpp takes its repetitions: each times the rules of what is repeated is bounded.
    fn is_taken(&self) -> bool {
        match self {
            Self::Literal(_) | Self::Class(_) | Self::Rule(_) => true,
            Self::Sequence(parts) | Self::Choice(parts) => parts.iter().all(Self::is_taken),
            Self::Repeat(part, min, max) => {
                let times = max.unwrap_or(*min).max(1);
                let is_atom = matches!(**part, Self::Class(_) | Self::Rule(_));
                let rules = if is_atom { 1 } else { 2 + part.count_rules() };
                part.is_taken() && times.saturating_mul(rules) <= REPETITIONS_MAX
            }
        }
    }
}

/// A character by its number.
pub(super) fn code(letter: char) -> String {
    format!("\\U{:08X}", u32::from(letter))
}

fn write_literal(literal: &str, text: &mut String) {
    text.push('"');
    for letter in literal.chars() {
        match letter {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            control if control.is_control() => {
                text.push_str(&code(control));
            }
            other => text.push(other),
        }
    }
    text.push('"');
}

/// Rules by name.
#[derive(Debug, Default)]
pub(super) struct Rules {
    rules: BTreeMap<String, Expression>,
    made: usize,
}

impl Rules {
    /// Adds or replaces the rule of this name.
    pub(super) fn name(&mut self, name: &str, expression: Expression) {
        self.rules.insert(name.to_owned(), expression);
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.rules.contains_key(name)
    }

    /// Adds a rule under a new name, unless the expression is as short as a name.
    pub(super) fn add(&mut self, kind: &str, expression: Expression) -> Expression {
        if let Expression::Rule(_) | Expression::Class(_) = expression {
            return expression;
        }
        let name = self.reserve(kind);
        self.name(&name, expression);
        Expression::Rule(name)
    }

    /// A new name. Underscores are not used: llama.cpp makes names of its own with them.
    pub(super) fn reserve(&mut self, kind: &str) -> String {
        self.made += 1;
        format!("{kind}-{}", self.made)
    }

    /// Looks for what llama.cpp would refuse or never finish with.
    ///
    /// # Errors
    /// What is wrong, for people.
    pub(super) fn check(&self, root: &Expression) -> Result<(), String> {
        let all = || self.rules.values().chain([root]);
        if all().map(Expression::count_rules).sum::<usize>() > RULES_MAX
            || !all().all(Expression::is_taken)
        {
            return Err("the schema allows more repetitions than a grammar can have".to_owned());
        }
        let finite = self.find_growing(|expression, known| can_end(expression, known));
        if !can_end(root, &|name| finite.has(name)) {
            return Err("it refers to itself so that no text of it ever ends".to_owned());
        }
        let nullable = self.find_growing(|expression, known| can_be_empty(expression, known));
        for name in self.rules.keys() {
            if self.begins_with_itself(name, &nullable) {
                return Err("it refers to itself with nothing in between".to_owned());
            }
        }
        Ok(())
    }

    /// The rules for which `holds`, given those for which it holds already, until there are no more.
    fn find_growing(&self, holds: impl Fn(&Expression, &dyn Fn(&str) -> bool) -> bool) -> Known {
        let mut known = Known::default();
        loop {
            let new: Vec<String> = self
                .rules
                .iter()
                .filter(|(name, rule)| !known.has(name) && holds(rule, &|name| known.has(name)))
                .map(|(name, _)| name.clone())
                .collect();
            if new.is_empty() {
                return known;
            }
            known.0.extend(new);
        }
    }

    fn begins_with_itself(&self, name: &str, nullable: &Known) -> bool {
        let mut seen = Known::default();
        let mut waiting = Vec::new();
        if let Some(rule) = self.rules.get(name) {
            first_rules(rule, nullable, &mut waiting);
        }
        while let Some(next) = waiting.pop() {
            if next == name {
                return true;
            }
            if seen.0.insert(next.clone())
                && let Some(rule) = self.rules.get(&next)
            {
                first_rules(rule, nullable, &mut waiting);
            }
        }
        false
    }
}

/// Names of rules.
#[derive(Debug, Default)]
struct Known(std::collections::BTreeSet<String>);

impl Known {
    fn has(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

fn can_end(expression: &Expression, known: &dyn Fn(&str) -> bool) -> bool {
    match expression {
        Expression::Literal(_) | Expression::Class(_) => true,
        Expression::Rule(name) => known(name),
        Expression::Sequence(parts) => parts.iter().all(|part| can_end(part, known)),
        Expression::Choice(parts) => parts.iter().any(|part| can_end(part, known)),
        Expression::Repeat(part, min, _) => *min == 0 || can_end(part, known),
    }
}

fn can_be_empty(expression: &Expression, known: &dyn Fn(&str) -> bool) -> bool {
    match expression {
        Expression::Literal(text) => text.is_empty(),
        Expression::Class(_) => false,
        Expression::Rule(name) => known(name),
        Expression::Sequence(parts) => parts.iter().all(|part| can_be_empty(part, known)),
        Expression::Choice(parts) => parts.iter().any(|part| can_be_empty(part, known)),
        Expression::Repeat(part, min, _) => *min == 0 || can_be_empty(part, known),
    }
}

/// The rules whose text may come first.
fn first_rules(expression: &Expression, nullable: &Known, found: &mut Vec<String>) {
    match expression {
        Expression::Literal(_) | Expression::Class(_) => {}
        Expression::Rule(name) => found.push(name.clone()),
        Expression::Choice(parts) => {
            for part in parts {
                first_rules(part, nullable, found);
            }
        }
        Expression::Sequence(parts) => {
            for part in parts {
                first_rules(part, nullable, found);
                if !can_be_empty(part, &|name| nullable.has(name)) {
                    break;
                }
            }
        }
        Expression::Repeat(part, ..) => first_rules(part, nullable, found),
    }
}

impl fmt::Display for Rules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (name, rule) in &self.rules {
            let mut text = String::new();
            rule.write(&mut text);
            writeln!(f, "{name} ::= {text}")?;
        }
        Ok(())
    }
}

impl Rules {
    /// Whether the grammar is too long to be handed on.
    pub(super) fn is_too_long(&self) -> bool {
        self.rules.len() > RULES_MAX || self.to_string().len() > GRAMMAR_BYTES_MAX
    }
}
