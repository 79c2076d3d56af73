//! Fields that several requests and answers share: text, identifiers, numbers in a range, moments.
//!
//! In schemas, text that must say something has the pattern `^[^\u0000]*[^\s\u0000][^\u0000]*$`, and text that may be
//! blank `^[^\u0000]*$`.

use std::fmt::Display;
use std::str::FromStr;
use std::time::Duration;

use chrono::{DateTime, SecondsFormat};
use domain::{Text, Timestamp};
use serde::{Deserialize, Deserializer};

use crate::problem::Problem;

/// Text that is not blank, has no NUL, and is at most `MAX` bytes.
#[derive(Debug, Clone)]
pub(crate) struct TextField<const MAX: usize>(pub(crate) Text<MAX>);

impl<'de, const MAX: usize> Deserialize<'de> for TextField<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Text::new(text)
            .map(Self)
            .map_err(|reason| serde::de::Error::custom(format_args!("this field {reason}")))
    }
}

/// Text that may be blank but has no NUL and is at most `MAX` bytes.
#[derive(Debug, Clone, Default)]
pub(crate) struct PlainField<const MAX: usize>(pub(crate) String);

impl<'de, const MAX: usize> Deserialize<'de> for PlainField<MAX> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        if text.len() > MAX {
            let refusal = format_args!(
                "this field is {} bytes long; shorten it to at most {MAX} bytes",
                text.len()
            );
            return Err(serde::de::Error::custom(refusal));
        }
        if text.contains('\0') {
            return Err(serde::de::Error::custom(
                "this field contains a NUL character; remove it",
            ));
        }
        Ok(Self(text))
    }
}

/// A value written as text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Parsed<T>(pub(crate) T);

impl<'de, T: FromStr<Err: Display>> Deserialize<'de> for Parsed<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        parsed(deserializer).map(Self)
    }
}

pub(crate) fn parsed<'de, D: Deserializer<'de>, T: FromStr<Err: Display>>(
    deserializer: D,
) -> Result<T, D::Error> {
    String::deserialize(deserializer)?
        .parse()
        .map_err(serde::de::Error::custom)
}

/// Passes a number that is between `min` and `max`.
pub(crate) fn in_range<T: PartialOrd + Display + Copy>(
    field: &str,
    value: T,
    min: T,
    max: T,
) -> Result<T, Problem> {
    if (min..=max).contains(&value) {
        Ok(value)
    } else {
        Err(Problem::invalid(
            field,
            format!("{value} is out of range; use {min} to {max}"),
        ))
    }
}

/// A moment as RFC 3339 in UTC, to the millisecond.
pub(crate) fn rfc3339(moment: Timestamp) -> String {
    DateTime::from_timestamp_millis(moment.millis())
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// A duration in milliseconds, to the microsecond.
pub(crate) fn milliseconds(duration: Duration) -> f64 {
    (duration.as_secs_f64() * 1e6).round() / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_utc_to_the_millisecond() {
        assert_eq!(
            rfc3339(Timestamp::from_millis(1_700_000_000_123)),
            "2023-11-14T22:13:20.123Z"
        );
        assert_eq!(
            rfc3339(Timestamp::from_millis(i64::MAX)),
            "1970-01-01T00:00:00.000Z"
        );
    }

    #[test]
    fn numbers_keep_to_their_range_and_nan_is_in_none() {
        assert_eq!(in_range("n", 3, 1, 3), Ok(3));
        assert!(in_range("n", 0, 1, 3).is_err());
        assert!(in_range("t", f32::NAN, 0.0, 2.0).is_err());
    }
}
