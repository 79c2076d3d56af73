//! Strings, and values of which nothing is known.

use super::expression::{Expression, Rules};
use super::numbers::{self, Range};

/// Characters of a string that stand for themselves, as the inside of a class.
pub(super) const NOT_PLAIN: &str = "\\\"\\\\\\x00-\\x1F\\x7F";

/// A character that stands for itself.
pub(super) fn plain() -> Expression {
    Expression::Class(format!("[^{NOT_PLAIN}]"))
}

/// White space between the parts of a value. Bounded: a model that is asked to stop likes to write spaces for ever.
pub(super) fn space(rules: &mut Rules) -> Expression {
    shared(rules, "ws", |_| {
        let line = Expression::Sequence(vec![
            Expression::literal("\n"),
            Expression::class("[ ]").repeat(0, Some(20)),
        ]);
        Expression::Choice(vec![Expression::literal(" "), line]).optional()
    })
}

/// A character of a string. Halves of surrogate pairs are left out: characters beyond the basic plane are written as they are.
fn character(rules: &mut Rules) -> Expression {
    shared(rules, "char", |_| {
        let hex = || Expression::class("[0-9a-fA-F]");
        let code = Expression::Choice(vec![
            Expression::Sequence(vec![
                Expression::class("[0-9a-cA-CefEF]"),
                hex().repeat(3, Some(3)),
            ]),
            Expression::Sequence(vec![
                Expression::class("[dD]"),
                Expression::class("[0-7]"),
                hex().repeat(2, Some(2)),
            ]),
        ]);
        let escape = Expression::Choice(vec![
            Expression::class("[\\\"\\\\/bfnrt]"),
            Expression::Sequence(vec![Expression::literal("u"), code]),
        ]);
        Expression::Choice(vec![
            plain(),
            Expression::Sequence(vec![Expression::literal("\\"), escape]),
        ])
    })
}

/// A string of so many characters.
pub(super) fn string(rules: &mut Rules, min: usize, max: Option<usize>) -> Expression {
    let letters = character(rules).repeat(min, max);
    quoted(letters)
}

/// A string with these contents, which are written as JSON already.
pub(super) fn quoted(contents: Expression) -> Expression {
    Expression::Sequence(vec![
        Expression::literal("\""),
        contents,
        Expression::literal("\""),
    ])
}

/// Any string.
pub(super) fn any_string(rules: &mut Rules) -> Expression {
    shared(rules, "string", |rules| string(rules, 0, None))
}

/// Any value.
pub(super) fn any_value(rules: &mut Rules) -> Expression {
    if !rules.has("value") {
        // Named first: objects and arrays hold values.
        rules.name("value", Expression::empty());
        let ways = vec![
            any_object(rules),
            any_array(rules),
            any_string(rules),
            shared(rules, "number", |_| {
                numbers::number(Range::default()).unwrap_or(Expression::literal("0"))
            }),
            Expression::literal("true"),
            Expression::literal("false"),
            Expression::literal("null"),
        ];
        rules.name("value", Expression::Choice(ways));
    }
    Expression::rule("value")
}

/// Any object.
pub(super) fn any_object(rules: &mut Rules) -> Expression {
    shared(rules, "object", |rules| {
        let ws = space(rules);
        let value = any_value(rules);
        let pair = Expression::Sequence(vec![
            any_string(rules),
            Expression::literal(":"),
            ws.clone(),
            value,
            ws.clone(),
        ]);
        let pairs = list(rules, pair, 0, None);
        braced("{", &ws, pairs, "}")
    })
}

fn any_array(rules: &mut Rules) -> Expression {
    shared(rules, "array", |rules| {
        let ws = space(rules);
        let value = any_value(rules);
        let item = Expression::Sequence(vec![value, ws.clone()]);
        let items = list(rules, item, 0, None);
        braced("[", &ws, items, "]")
    })
}

/// Between brackets.
pub(super) fn braced(open: &str, ws: &Expression, inside: Expression, close: &str) -> Expression {
    Expression::Sequence(vec![
        Expression::literal(open),
        ws.clone(),
        inside,
        Expression::literal(close),
    ])
}

/// So many items with commas between; an item ends with its own white space.
pub(super) fn list(
    rules: &mut Rules,
    item: Expression,
    min: usize,
    max: Option<usize>,
) -> Expression {
    if max == Some(0) {
        return Expression::empty();
    }
    let ws = space(rules);
    let next = Expression::Sequence(vec![Expression::literal(","), ws, item.clone()]);
    // A rule by itself may be repeated more often than a group.
    let next = rules.add("next", next);
    let more = next.repeat(min.saturating_sub(1), max.map(|max| max - 1));
    let filled = rules.add("items", Expression::Sequence(vec![item, more]));
    if min == 0 { filled.optional() } else { filled }
}

/// The rule of this name, made when it is first needed.
fn shared(
    rules: &mut Rules,
    name: &str,
    make: impl FnOnce(&mut Rules) -> Expression,
) -> Expression {
    if !rules.has(name) {
        // Named first, for rules that need each other.
        rules.name(name, Expression::empty());
        let expression = make(rules);
        rules.name(name, expression);
    }
    Expression::rule(name)
}
