//! What calls and other expressions cost.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use domain::language::Language;

use super::{Cost, Estimate, Measure, is_literal, keep_largest};
use crate::facts::{Clause, Expr, ExprKind};
use crate::scope::Nature;
use crate::text::is_listed;

/// Calls that take the same time whatever their input, by plain name.
pub(super) const CONSTANT: &str = " len append push push_back pop add get set has print println Println printf Errorf Sprintf log abs \
    isalnum isdigit isalpha isspace isinstance ord chr int float bool range enumerate items keys values iter into_iter is_empty \
    empty isEmpty size length put containsKey contains_key insert entry or_insert or_default Some Ok Err None new Wait Done Add Lock Unlock close \
    Close New is_none is_some is_ok is_err make make_unique make_shared now zip id charAt hasOwnProperty error warn begin end \
    cbegin cend move emplace_back push_str as_str as_ref as_mut as_bytes unwrap expect unwrap_or unwrap_or_default ok_or ok_or_else map_err ok \
    cloned copied startswith endswith starts_with ends_with startsWith endsWith stream entrySet getKey getValue getOrDefault \
    then catch finally max_value min_value write writeln round super ";

/// Calls that go through their whole input once.
pub(super) const LINEAR: &str = " sum max min sorted list set dict tuple join split lower upper reversed count index any all sort \
    filter map reduce forEach slice indexOf includes contains trim lines collect strip lstrip rstrip replace find some every copy \
    reverse strlen fill accumulate unique Split Join Sort Fields ToLower to_string to_owned parse from_iter toLowerCase toUpperCase \
    max_by_key min_by_key max_by min_by split_once splitlines flatMap concat ";

/// Methods of maps and sets that find their place by hashing.
const BY_KEY: &str = " find contains has get erase emplace insert count remove add discard put containsKey contains_key entry at delete pop \
    setdefault getOrDefault get_mut ";

/// Macros that take the same time whatever surrounds them.
const PLAIN_MACROS: &str =
    " println print vec format assert assert_eq panic eprintln write writeln matches ";

/// Whether something is known of the cost of calls of this name.
pub(super) fn is_known(name: &str) -> bool {
    is_listed(CONSTANT, name) || is_listed(LINEAR, name)
}

impl<'a> Estimate<'_, 'a> {
    /// What an expression costs that is worked out as often as `around` says.
    pub(super) fn expression(&mut self, expression: &Expr<'a>, around: &Cost) {
        match &expression.kind {
            ExprKind::Comprehension {
                shape,
                element,
                clauses,
            } => {
                let is_kept = *shape != crate::facts::Shape::Generator;
                self.comprehension(element, clauses, is_kept, around);
                return;
            }
            ExprKind::Choice(step) | ExprKind::Assignment(step) => {
                self.steps(std::slice::from_ref(step), around);
                return;
            }
            // A sort key is called once for each item, which the cost of sorting covers.
            ExprKind::Keyword { value, .. } => {
                if let ExprKind::Lambda { body, .. } = &value.kind {
                    self.expression(body, around);
                    return;
                }
            }
            _ => {}
        }
        self.part(expression, around);
        for part in expression.parts() {
            self.expression(part, around);
        }
    }

    /// What one part costs, what lies inside of it not counted.
    fn part(&mut self, part: &Expr<'a>, around: &Cost) {
        match &part.kind {
            ExprKind::Call {
                callee, arguments, ..
            } => {
                if let Some(cost) = self.call(part, callee, arguments, around) {
                    self.consider(&cost);
                }
            }
            ExprKind::Binary {
                operator: "in" | "not in",
                right,
                ..
            } => match self.scope.of(right) {
                Nature::Map | Nature::Set => self.assumes_hashing = true,
                _ if !around.sizes.is_empty() && !is_literal(right) => {
                    self.linear_calls.push(format!("in {}", right.text));
                }
                _ => {}
            },
            ExprKind::Index { object, .. } if self.scope.of(object) == Nature::Map => {
                self.assumes_hashing = true;
            }
            ExprKind::Lambda { .. } => self.has_callback = true,
            ExprKind::Slice {
                object: Some(object),
            } => self.slice(part, object, around),
            ExprKind::Yield(Some(inner))
                if part.text.starts_with("yield from") || part.text.starts_with("yield*") =>
            {
                self.hands_out_all(inner, around);
            }
            ExprKind::Text => self
                .unknown_calls
                .extend(interpolated_calls(part.text).filter(|name| !is_listed(CONSTANT, name))),
            ExprKind::Macro { name } if !is_listed(PLAIN_MACROS, name) => {
                self.unknown_calls.push((*name).to_owned());
            }
            _ => {}
        }
    }

    /// A slice of Python is a copy; elsewhere it only looks at a part.
    fn slice(&mut self, part: &Expr<'a>, object: &Expr<'a>, around: &Cost) {
        if self.scope.language != Language::Python || has_fixed_bounds(part, object) {
            return;
        }
        if !around.is_constant() {
            self.linear_calls.push("a slice".to_owned());
            return;
        }
        match self.size_of(object, Measure::Items) {
            Some(size) => self.consider(&Cost {
                sizes: vec![size],
                logs: 0,
                line: 0,
            }),
            None => self.unknown_calls.push(part.text.to_owned()),
        }
    }

    /// `yield from` goes through everything.
    fn hands_out_all(&mut self, inner: &Expr<'a>, around: &Cost) {
        let is_known = match inner.called() {
            Some(name) => !self.scope.defines(name) && is_known(name),
            None => !matches!(inner.kind, ExprKind::Comprehension { .. }),
        };
        if is_known && !super::loops::is_fixed(inner) {
            let mut cost = around.clone();
            cost.sizes.push(self.size_of_iterable(inner));
            self.consider(&cost);
        }
    }

    fn call(
        &mut self,
        part: &Expr<'a>,
        callee: &Expr<'a>,
        arguments: &[Expr<'a>],
        around: &Cost,
    ) -> Option<Cost> {
        let Some(name) = part.called() else {
            if matches!(callee.kind, ExprKind::Index { .. }) {
                self.unknown_calls.push(callee.text.to_owned());
            }
            return None;
        };
        let is_pair = matches!(name, "max" | "min") && arguments.len() > 1;
        if name == self.function.name || is_pair || is_of_one_item(part) {
            return None;
        }
        if self.scope.defines(name) {
            self.unknown_calls.push(name.to_owned());
            return None;
        }
        if let ExprKind::Member { object, .. } = &callee.kind
            && is_listed(BY_KEY, name)
            && matches!(self.scope.of(object), Nature::Map | Nature::Set)
        {
            self.assumes_hashing = true;
            return None;
        }
        let is_variant =
            self.scope.language == Language::Rust && name.starts_with(char::is_uppercase);
        if is_variant || is_listed(CONSTANT, name) {
            return None;
        }
        // Without arguments this waits for a thread, which says nothing about how long.
        let waits =
            matches!(name, "join" | "Join") && arguments.is_empty() && !self.scope.is_script();
        if waits || !is_listed(LINEAR, name) {
            self.unknown_calls.push(name.to_owned());
            return None;
        }
        if arguments.first().is_some_and(is_literal) && matches!(callee.kind, ExprKind::Name) {
            return None;
        }
        if !around.is_constant() {
            if let Some(size) = self.scanned(name, callee, arguments) {
                let mut cost = around.clone();
                cost.sizes.push(size);
                cost.line = 0;
                return Some(cost);
            }
            self.linear_calls.push(name.to_owned());
            return None;
        }
        let Some(size) = self.size_of_input(name, callee, arguments) else {
            let is_of_literal =
                matches!(&callee.kind, ExprKind::Member { object, .. } if is_literal(object));
            if !is_of_literal
                && (!arguments.is_empty() || matches!(callee.kind, ExprKind::Member { .. }))
            {
                self.unknown_calls.push(name.to_owned());
            }
            return None;
        };
        let sorts = usize::from(matches!(name, "sorted" | "sort" | "Sort"));
        Some(Cost {
            sizes: vec![size],
            logs: sorts,
            line: 0,
        })
    }

    /// What a method goes through is its object, what a function goes through is its argument.
    fn size_of_input(
        &self,
        name: &str,
        callee: &Expr<'a>,
        arguments: &[Expr<'a>],
    ) -> Option<super::Size> {
        let of_arguments = || {
            arguments
                .iter()
                .find_map(|argument| self.size_of(argument, Measure::Items))
        };
        match &callee.kind {
            ExprKind::Member { .. } if matches!(name, "join" | "Join") => of_arguments(),
            // `strings.Split(text, ",")`, `Arrays.sort(items)`: the object is a package or a class.
            ExprKind::Member { object, .. }
                if self.scope.language == Language::Go
                    || object.text.starts_with(char::is_uppercase) =>
            {
                self.size_of(object, Measure::Items).or_else(of_arguments)
            }
            ExprKind::Member { object, .. } => self.size_of(object, Measure::Items),
            _ => of_arguments(),
        }
    }

    fn comprehension(
        &mut self,
        element: &[Expr<'a>],
        clauses: &[Clause<'a>],
        is_kept: bool,
        around: &Cost,
    ) {
        let mut cost = around.clone();
        for clause in clauses {
            self.expression(&clause.iterable, &cost);
            if !super::loops::is_fixed(&clause.iterable) {
                let size = self.size_of_iterable(&clause.iterable);
                cost.sizes.push(size);
            }
            for condition in &clause.conditions {
                self.expression(condition, &cost);
            }
        }
        if is_kept && cost.sizes.len() > around.sizes.len() {
            keep_largest(&mut self.grown, &cost);
        }
        self.consider(&cost);
        for part in element {
            self.expression(part, &cost);
        }
    }

    /// The size of a parameter that a call inside of a loop goes through as a whole.
    fn scanned(
        &self,
        name: &str,
        callee: &Expr<'a>,
        arguments: &[Expr<'a>],
    ) -> Option<super::Size> {
        let whole = match (&callee.kind, arguments) {
            (ExprKind::Member { object, .. }, _)
                if matches!(name, "count" | "index" | "includes" | "indexOf") =>
            {
                object
            }
            (ExprKind::Name, [only]) if matches!(name, "sum" | "max" | "min" | "any" | "all") => {
                only
            }
            _ => return None,
        };
        let is_whole =
            matches!(whole.kind, ExprKind::Name) && self.function.has_parameter(whole.text);
        is_whole
            .then(|| self.size_of(whole, Measure::Items))
            .flatten()
    }
}

/// A method of one item, such as `text[i].lower()`: as cheap as the item is small.
fn is_of_one_item(call: &Expr<'_>) -> bool {
    matches!(&call.kind, ExprKind::Call { callee, .. } if matches!(&callee.kind,
        ExprKind::Member { object, name: "lower" | "upper" } if matches!(object.kind, ExprKind::Index { .. })))
}

/// Whether a slice has at most as many items as a number that is written in it.
pub(super) fn has_fixed_bounds(slice: &Expr<'_>, object: &Expr<'_>) -> bool {
    let bounds = slice.text.get(object.text.len()..).unwrap_or_default();
    let bounds = bounds.trim_matches(|c: char| matches!(c, '[' | ']') || c.is_whitespace());
    let number = |text: &str| text.trim().parse::<i64>().ok();
    match bounds.split_once(':') {
        Some((start, end)) => match (number(start), number(end)) {
            (None, Some(end)) => start.trim().is_empty() && end >= 0,
            (Some(start), None) => end.trim().is_empty() && start < 0,
            (Some(start), Some(end)) => (start < 0) == (end < 0),
            (None, None) => false,
        },
        None => false,
    }
}

/// What is called inside of a text that has values put into it: `f"{sorted(xs)}"`.
fn interpolated_calls(text: &str) -> impl Iterator<Item = String> + '_ {
    let quote = text.find(['"', '\'', '`']).unwrap_or(0);
    let prefix = text.get(..quote).unwrap_or_default();
    let is_template = text.starts_with('`') || prefix.contains(['f', 'F']);
    let parts = text.split('{').skip(1).filter(move |_| is_template);
    parts.flat_map(|part| {
        let part = part.split('}').next().unwrap_or(part);
        let mut called: Vec<String> = part
            .match_indices('(')
            .filter_map(|(at, _)| {
                let before = part.get(..at)?;
                let name = before
                    .rsplit(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()?;
                (!name.is_empty()).then(|| name.to_owned())
            })
            .collect();
        if called.is_empty() && part.contains(" for ") {
            called.push(part.to_owned());
        }
        called
    })
}
