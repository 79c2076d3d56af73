//! Integers and numbers, with bounds.

use super::expression::Expression;

/// Digits before the point at most; numbers of so many are exact everywhere.
const DIGITS_MAX: usize = 15;
/// The largest magnitude that is written.
const MAGNITUDE_MAX: u64 = 999_999_999_999_999;

/// Bounds of an integer, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct Range {
    pub(super) min: Option<i64>,
    pub(super) max: Option<i64>,
}

/// Digits after the point.
fn fraction() -> Expression {
    Expression::Sequence(vec![
        Expression::literal("."),
        Expression::class("[0-9]").repeat(1, Some(DIGITS_MAX)),
    ])
}

/// Zeros after the point.
fn no_fraction() -> Expression {
    Expression::Sequence(vec![
        Expression::literal("."),
        Expression::class("[0]").repeat(1, Some(DIGITS_MAX)),
    ])
}

/// The integers of a range; `None` when there are none.
pub(super) fn integer(range: Range) -> Option<Expression> {
    let (positive, negative) = magnitudes(range);
    let mut ways = Vec::new();
    if let Some((low, high)) = negative {
        ways.push(negated(between(low, high)));
    }
    if let Some((low, high)) = positive {
        ways.push(between(low, high));
    }
    (!ways.is_empty()).then_some(Expression::Choice(ways))
}

/// The numbers of a range; `None` when there are none.
pub(super) fn number(range: Range) -> Option<Expression> {
    if range == Range::default() {
        return Some(any_number());
    }
    let (positive, negative) = magnitudes(range);
    let mut ways = Vec::new();
    if let Some((low, high)) = negative {
        ways.push(negated(with_fraction(low, high, range.min.is_none())));
        if low == 1 && range.max.is_none_or(|max| max >= 0) {
            // Between -1 and 0.
            let part = Expression::Sequence(vec![Expression::literal("0"), fraction()]);
            ways.push(negated(part));
        }
    }
    if let Some((low, high)) = positive {
        ways.push(with_fraction(low, high, range.max.is_none()));
    }
    (!ways.is_empty()).then_some(Expression::Choice(ways))
}

fn any_number() -> Expression {
    Expression::Sequence(vec![
        Expression::literal("-").optional(),
        between(0, MAGNITUDE_MAX),
        fraction().optional(),
        Expression::Sequence(vec![
            Expression::class("[eE]"),
            Expression::class("[-+]").optional(),
            Expression::class("[0-9]").repeat(1, Some(2)),
        ])
        .optional(),
    ])
}

/// Magnitudes of the numbers from 0 on, and of those below 0.
#[expect(
    clippy::type_complexity,
    reason = "two ranges, each of which may be empty"
)]
fn magnitudes(range: Range) -> (Option<(u64, u64)>, Option<(u64, u64)>) {
    let min = range.min.unwrap_or(i64::MIN);
    let max = range.max.unwrap_or(i64::MAX);
    let positive = (max >= 0).then(|| {
        let low = u64::try_from(min).unwrap_or(0);
        (low, max.unsigned_abs().min(MAGNITUDE_MAX))
    });
    let negative = (min < 0).then(|| {
        let low = if max < 0 { max.unsigned_abs() } else { 1 };
        (low, min.unsigned_abs().min(MAGNITUDE_MAX))
    });
    let filled = |range: &(u64, u64)| range.0 <= range.1;
    (positive.filter(filled), negative.filter(filled))
}

fn negated(magnitude: Expression) -> Expression {
    Expression::Sequence(vec![Expression::literal("-"), magnitude])
}

/// The numbers from `low` to `high`; beyond `high` by a fraction when it is no bound.
fn with_fraction(low: u64, high: u64, is_open: bool) -> Expression {
    if is_open {
        return Expression::Sequence(vec![between(low, high), fraction().optional()]);
    }
    let last = Expression::Sequence(vec![
        Expression::literal(high.to_string()),
        no_fraction().optional(),
    ]);
    if low == high {
        return last;
    }
    let below = Expression::Sequence(vec![between(low, high - 1), fraction().optional()]);
    Expression::Choice(vec![below, last])
}

/// The integers from `low` to `high`, both included, without leading zeros.
fn between(low: u64, high: u64) -> Expression {
    let mut ways = Vec::new();
    let mut from = low;
    while from <= high {
        let digits = from.to_string().len();
        let longest = 10_u64
            .checked_pow(u32::try_from(digits).unwrap_or(u32::MAX))
            .map_or(u64::MAX, |power| power - 1);
        let to = high.min(longest);
        if digits > 1 && from == longest / 10 + 1 && to == longest {
            // All numbers of so many digits, and, when nothing is in the way, of more.
            let more = high.to_string().len();
            let is_full = high == MAGNITUDE_MAX;
            let most = if is_full { more } else { digits };
            ways.push(Expression::Sequence(vec![
                Expression::class("[1-9]"),
                Expression::class("[0-9]").repeat(digits - 1, Some(most - 1)),
            ]));
            if is_full {
                break;
            }
        } else {
            ways.push(same_length(&digits_of(from), &digits_of(to)));
        }
        match to.checked_add(1) {
            Some(next) => from = next,
            None => break,
        }
    }
    Expression::Choice(ways)
}

fn digits_of(number: u64) -> Vec<u8> {
    number
        .to_string()
        .bytes()
        .map(|digit| digit - b'0')
        .collect()
}

/// The numbers between two of the same length.
fn same_length(low: &[u8], high: &[u8]) -> Expression {
    let (Some((&first, low_rest)), Some((&last, high_rest))) =
        (low.split_first(), high.split_first())
    else {
        return Expression::empty();
    };
    if low_rest.iter().all(|digit| *digit == 0) && high_rest.iter().all(|digit| *digit == 9) {
        return Expression::Sequence(vec![digit(first, last), any_digits(low_rest.len())]);
    }
    if first == last {
        return Expression::Sequence(vec![digit(first, first), same_length(low_rest, high_rest)]);
    }
    let nines = vec![9; low_rest.len()];
    let zeros = vec![0; low_rest.len()];
    let mut ways = vec![Expression::Sequence(vec![
        digit(first, first),
        same_length(low_rest, &nines),
    ])];
    if first + 1 < last {
        ways.push(Expression::Sequence(vec![
            digit(first + 1, last - 1),
            any_digits(low_rest.len()),
        ]));
    }
    ways.push(Expression::Sequence(vec![
        digit(last, last),
        same_length(&zeros, high_rest),
    ]));
    Expression::Choice(ways)
}

fn digit(from: u8, to: u8) -> Expression {
    Expression::Class(format!("[{from}-{to}]"))
}

fn any_digits(count: usize) -> Expression {
    if count == 0 {
        Expression::empty()
    } else {
        Expression::class("[0-9]").repeat(count, Some(count))
    }
}
