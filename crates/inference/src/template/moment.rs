//! Dates as text, as C's `strftime` writes them in English. All in coordinated universal time.

use std::fmt::Write as _;

use domain::time::Timestamp;

const MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];
/// 1970-01-01 was a Thursday.
const DAYS: [&str; 7] = [
    "Thursday",
    "Friday",
    "Saturday",
    "Sunday",
    "Monday",
    "Tuesday",
    "Wednesday",
];
const DAY_SECONDS: i64 = 86_400;
/// Years that can be told; beyond them the first or last is.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

/// Writes `moment` in a form such as `%d %b %Y`. Letters of the form that are not known stay as they are.
pub(super) fn format(moment: Timestamp, form: &str) -> String {
    let days = moment.seconds().div_euclid(DAY_SECONDS);
    let second = moment.seconds().rem_euclid(DAY_SECONDS);
    let (year, month, day) = date_of(days);
    let month_name = pick(&MONTHS, month - 1);
    let day_name = pick(&DAYS, days.rem_euclid(7));
    let short = |name: &'static str| name.get(..3).unwrap_or(name);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let mut text = String::with_capacity(form.len());
    let mut letters = form.chars();
    while let Some(letter) = letters.next() {
        if letter != '%' {
            text.push(letter);
            continue;
        }
        let written = match letters.next() {
            Some('Y') => write!(text, "{year:04}"),
            Some('y') => write!(text, "{:02}", year % 100),
            Some('m') => write!(text, "{month:02}"),
            Some('d') => write!(text, "{day:02}"),
            Some('B') => write!(text, "{month_name}"),
            Some('b') => write!(text, "{}", short(month_name)),
            Some('A') => write!(text, "{day_name}"),
            Some('a') => write!(text, "{}", short(day_name)),
            Some('H') => write!(text, "{hour:02}"),
            Some('M') => write!(text, "{minute:02}"),
            Some('S') => write!(text, "{second:02}"),
            Some('%') | None => write!(text, "%"),
            Some(other) => write!(text, "%{other}"),
        };
        written.expect("BUG: a String can be written to");
    }
    text
}

fn pick(names: &[&'static str], place: i64) -> &'static str {
    usize::try_from(place)
        .ok()
        .and_then(|place| names.get(place))
        .copied()
        .unwrap_or_default()
}

/// Year, month (1 to 12) and day (1 to 31) of a day counted from 1970-01-01, in the Gregorian calendar.
fn date_of(days: i64) -> (i64, i64, i64) {
    let year_days = |year: i64| {
        let before = year - 1;
        // Days from 0001-01-01 to the first of January of `year`.
        365 * before + before / 4 - before / 100 + before / 400
    };
    let since = days.saturating_add(year_days(1970));
    // A year has 365.2425 days; the guess is off by one at most.
    let guess = (since.saturating_mul(400) / 146_097 + 1).clamp(*YEARS.start(), *YEARS.end());
    let year = if since < year_days(guess) {
        guess - 1
    } else if since >= year_days(guess + 1) {
        guess + 1
    } else {
        guess
    }
    .clamp(*YEARS.start(), *YEARS.end());
    let is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let mut day = (since - year_days(year)).clamp(0, 364 + i64::from(is_leap));
    let february = 28 + i64::from(is_leap);
    let lengths = [31, february, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let mut month = 1;
    for length in lengths {
        if day < length {
            break;
        }
        day -= length;
        month += 1;
    }
    (year, month, day + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_moments_are_written_as_strftime_does() {
        let form = "%A %a %d %B %b %Y %y %m %H:%M:%S %% %q %";
        for (seconds, expected) in [
            (0, "Thursday Thu 01 January Jan 1970 70 01 00:00:00 % %q %"),
            (
                951_827_696,
                "Tuesday Tue 29 February Feb 2000 00 02 12:34:56 % %q %",
            ),
            (
                1_735_689_599,
                "Tuesday Tue 31 December Dec 2024 24 12 23:59:59 % %q %",
            ),
            (
                -1,
                "Wednesday Wed 31 December Dec 1969 69 12 23:59:59 % %q %",
            ),
        ] {
            assert_eq!(
                format(Timestamp::from_millis(seconds * 1000), form),
                expected
            );
        }
    }

    #[test]
    fn every_day_of_four_centuries_follows_the_one_before() {
        let mut before = date_of(-1);
        for day in 0..146_097 {
            let (year, month, number) = date_of(day);
            let follows = match (month - before.1, number) {
                (0, number) => year == before.0 && number == before.2 + 1,
                (1, 1) => year == before.0 && before.2 >= 28,
                (-11, 1) => year == before.0 + 1 && before.2 == 31,
                _ => false,
            };
            assert!(follows, "{before:?} {year} {month} {number}");
            before = (year, month, number);
        }
        assert_eq!(before, (2369, 12, 31));
    }

    #[test]
    fn the_ends_of_time_are_written_too() {
        for millis in [i64::MIN, i64::MAX] {
            assert!(!format(Timestamp::from_millis(millis), "%Y-%m-%d").is_empty());
        }
    }
}
