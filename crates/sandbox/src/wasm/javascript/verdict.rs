//! Makes a judgement of what the guest noted while the tests ran. Nothing here comes from what the program printed.

use domain::sandbox::{Judgement, RunStatus, TESTS_MAX, TestResult};

use super::reactor::{Ended, Record};

/// Most characters of a test's name.
const NAME_CHARS_MAX: usize = 200;

/// The judgement of a run by `tests`. Records: `S` the tests began, `P` and `F` an assertion held or failed at a line, `U` an error
/// nobody caught at a line of the tests, `B` a built-in was replaced, `C` the last line was
/// reached, `H` it never will be.
pub(super) fn judgement(ended: &Ended, tests: &str) -> Judgement {
    let mut run = ended.outcome();
    let has_begun = ended.find('S').is_some();
    let mut found = by_line(&ended.records, tests);
    let is_fault_of_tests = has_begun && run.status == RunStatus::Error;
    if is_fault_of_tests {
        // The program itself ended well; a call of the tests did not.
        let error = ended.find('E').map(|record| record.text.as_str());
        if let Some(error) = error
            && !found.iter().any(|test| test.failure.is_some())
        {
            found.push(TestResult {
                name: ended
                    .find('U')
                    .map_or_else(|| "the tests".to_owned(), |at| name_of(tests, at.line)),
                failure: Some(error.to_owned()),
            });
        }
        if ended.find('X').is_none() {
            run.status = RunStatus::Ok;
        }
        if ended.find('F').is_some() {
            run.error = None;
        }
    }
    if ended.find('H').is_some() {
        found.push(TestResult {
            name: "the tests as a whole".to_owned(),
            failure: Some("they wait for a promise that is never settled".to_owned()),
        });
    } else if let Some(exit) = ended.find('X').filter(|_| ended.find('C').is_none()) {
        run.status = RunStatus::Error;
        run.reason = Some(format!(
            "the program ended itself with exit code {} before its tests were done",
            exit.line
        ));
    }
    if let Some(replaced) = ended.find('B') {
        run.status = RunStatus::Ok;
        found.insert(
            0,
            TestResult {
                name: "the built-ins".to_owned(),
                failure: Some(format!(
                    "the program replaced {}, so its tests cannot be trusted",
                    replaced.text
                )),
            },
        );
    }
    let is_complete = ended.find('C').is_some() && ended.find('E').is_none();
    // Tests may throw instead of asserting; then reaching their end is the test.
    if is_complete && found.is_empty() && tests.contains("throw") {
        found.push(TestResult {
            name: "the tests as a whole".to_owned(),
            failure: None,
        });
    }
    Judgement {
        run,
        tests: found,
        is_complete,
    }
}

/// One result for each line that asserted something, in the order they were first reached. A line that failed once has failed.
fn by_line(records: &[Record], tests: &str) -> Vec<TestResult> {
    let mut lines: Vec<u32> = Vec::new();
    let mut results: Vec<TestResult> = Vec::new();
    for record in records
        .iter()
        .filter(|record| matches!(record.kind, 'P' | 'F'))
    {
        let failure = (record.kind == 'F').then(|| record.text.clone());
        if let Some(at) = lines.iter().position(|&line| line == record.line) {
            if let Some(result) = results.get_mut(at)
                && result.failure.is_none()
            {
                result.failure = failure;
            }
        } else if results.len() < TESTS_MAX || failure.is_some() {
            lines.push(record.line);
            results.push(TestResult {
                name: name_of(tests, record.line),
                failure,
            });
        }
    }
    if results.len() > TESTS_MAX {
        let extra = results.split_off(TESTS_MAX - 1);
        results.extend(extra.into_iter().find(|result| result.failure.is_some()));
    }
    results
}

/// The statement at a line of the tests, on one line.
fn name_of(tests: &str, line: u32) -> String {
    let Some(at) = (line as usize).checked_sub(1) else {
        return "an assertion".to_owned();
    };
    let mut name = String::new();
    for text in tests.lines().skip(at) {
        if !name.is_empty() {
            name.push(' ');
        }
        name.push_str(text.trim());
        let open = name.matches('(').count();
        if name.matches(')').count() >= open || name.len() > 4 * NAME_CHARS_MAX {
            break;
        }
    }
    name.chars().take(NAME_CHARS_MAX).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(kind: char, line: u32, text: &str) -> Record {
        Record {
            kind,
            line,
            text: text.to_owned(),
        }
    }

    #[test]
    fn a_line_is_one_test_and_fails_once_for_all() {
        let tests = "for (const x of xs)\n  assert(x);\nassert.equal(\n  1,\n  2);\n";
        let records = [
            record('P', 2, ""),
            record('F', 2, "no"),
            record('P', 2, ""),
            record('P', 3, ""),
        ];
        let found = by_line(&records, tests);
        let told: Vec<_> = found
            .iter()
            .map(|test| (test.name.as_str(), test.failure.as_deref()))
            .collect();
        assert_eq!(
            told,
            [("assert(x);", Some("no")), ("assert.equal( 1, 2);", None)]
        );
    }

    #[test]
    fn tests_are_bounded_and_no_failure_is_lost() {
        let many = u32::try_from(TESTS_MAX).unwrap() + 50;
        let mut records: Vec<_> = (1..=many).map(|line| record('P', line, "")).collect();
        records.push(record('F', many + 1, "late"));
        let found = by_line(&records, "");
        assert_eq!(found.len(), TESTS_MAX);
        assert!(found.iter().any(|test| test.failure.is_some()));
        assert_eq!(name_of("", 0), "an assertion");
    }
}
