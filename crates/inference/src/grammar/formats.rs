//! Strings of well-known formats. Where a format cannot be kept to the letter, less is derived, never more.

use super::expression::Expression;
use super::numbers::{self, Range};

/// The strings of a format; `None` when it is not known.
pub(super) fn format(name: &str) -> Option<Expression> {
    Some(match name {
        "date" => date(),
        "time" => time(),
        "date-time" => Expression::Sequence(vec![date(), literal("T"), time()]),
        "uuid" => uuid(),
        "ipv4" => ipv4(),
        "email" => email(),
        _ => return None,
    })
}

fn literal(text: &str) -> Expression {
    Expression::literal(text)
}

/// One of some pairs of digits, each given by its classes.
fn two(classes: &[(&str, &str)]) -> Expression {
    let ways = classes.iter().map(|(tens, ones)| {
        Expression::Sequence(vec![Expression::class(tens), Expression::class(ones)])
    });
    Expression::Choice(ways.collect())
}

/// The 29th of February depends on the year, and is left out.
fn date() -> Expression {
    let one_of =
        |texts: &[&str]| Expression::Choice(texts.iter().map(|text| literal(text)).collect());
    let day_28 = || two(&[("[0]", "[1-9]"), ("[1]", "[0-9]"), ("[2]", "[0-8]")]);
    let day_30 = || Expression::Choice(vec![day_28(), literal("29"), literal("30")]);
    let day_31 = Expression::Choice(vec![day_30(), literal("31")]);
    let month_31 = one_of(&["01", "03", "05", "07", "08", "10", "12"]);
    let month_30 = one_of(&["04", "06", "09", "11"]);
    Expression::Sequence(vec![
        Expression::class("[0-9]").repeat(4, Some(4)),
        literal("-"),
        Expression::Choice(vec![
            Expression::Sequence(vec![month_31, literal("-"), day_31]),
            Expression::Sequence(vec![month_30, literal("-"), day_30()]),
            Expression::Sequence(vec![literal("02-"), day_28()]),
        ]),
    ])
}

fn time() -> Expression {
    let hour = || two(&[("[01]", "[0-9]"), ("[2]", "[0-3]")]);
    let sixty = || two(&[("[0-5]", "[0-9]")]);
    let fraction = Expression::Sequence(vec![
        literal("."),
        Expression::class("[0-9]").repeat(1, Some(9)),
    ]);
    let offset = Expression::Sequence(vec![
        Expression::class("[-+]"),
        hour(),
        literal(":"),
        sixty(),
    ]);
    Expression::Sequence(vec![
        hour(),
        literal(":"),
        sixty(),
        literal(":"),
        sixty(),
        fraction.optional(),
        Expression::Choice(vec![literal("Z"), offset]),
    ])
}

fn uuid() -> Expression {
    let hex = |count| Expression::class("[0-9a-fA-F]").repeat(count, Some(count));
    let mut parts = vec![hex(8)];
    for count in [4, 4, 4, 12] {
        parts.extend([literal("-"), hex(count)]);
    }
    Expression::Sequence(parts)
}

fn ipv4() -> Expression {
    let byte = numbers::integer(Range {
        min: Some(0),
        max: Some(255),
    })
    .expect("BUG: there are numbers from 0 to 255");
    let next = Expression::Sequence(vec![literal("."), byte.clone()]);
    Expression::Sequence(vec![byte, next.repeat(3, Some(3))])
}

fn email() -> Expression {
    let word = || Expression::class("[a-zA-Z0-9_]").repeat(1, Some(20));
    let letters = || Expression::class("[a-z0-9]").repeat(1, Some(20));
    let dotted = Expression::Sequence(vec![Expression::class("[-+.]"), word()]);
    let more = Expression::Sequence(vec![literal("-"), letters()]);
    let label = Expression::Sequence(vec![letters(), more.optional()]);
    let domain = Expression::Sequence(vec![label, literal(".")]);
    Expression::Sequence(vec![
        word(),
        dotted.repeat(0, Some(2)),
        literal("@"),
        domain.repeat(1, Some(4)),
        Expression::class("[a-z]").repeat(2, Some(20)),
    ])
}
