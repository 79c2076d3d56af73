//! What looks wrong in code that was pasted, told with its explanation.

use std::cmp::Reverse;
use std::fmt::Write as _;

use domain::analysis::Finding;

/// Most findings that are told with an explanation; the analysis tells all.
const FINDINGS_TOLD_MAX: usize = 6;

/// A section about what looks wrong, the gravest first; empty when nothing does.
pub(super) fn worth_a_look(findings: &[Finding]) -> String {
    if findings.is_empty() {
        return String::new();
    }
    let mut gravest: Vec<&Finding> = findings.iter().collect();
    gravest.sort_by_key(|finding| Reverse(finding.severity));
    let mut section = "\n\n## Worth a look\n".to_owned();
    for finding in gravest.iter().take(FINDINGS_TOLD_MAX) {
        let Finding {
            line,
            rule,
            message,
            why,
            fix,
            ..
        } = finding;
        // Writing to a string cannot fail.
        let _ = write!(
            section,
            "\n- **Line {line}** (`{rule}`): {message} {why} {fix}"
        );
    }
    if let Some(left_out @ 1..) = findings.len().checked_sub(FINDINGS_TOLD_MAX) {
        let _ = write!(section, "\n- And {left_out} more of less weight.");
    }
    section
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::analysis::Severity;

    fn finding(line: u32, severity: Severity) -> Finding {
        Finding {
            rule: "bare-except",
            severity,
            line,
            column: 1,
            message: "This catches everything.".to_owned(),
            why: "It hides mistakes.",
            fix: "Name the exception.".to_owned(),
        }
    }

    #[test]
    fn the_gravest_comes_first() {
        let told = worth_a_look(&[finding(1, Severity::Hint), finding(9, Severity::Error)]);
        assert_eq!(
            told,
            "\n\n## Worth a look\n\n- **Line 9** (`bare-except`): This catches everything. It hides mistakes. Name the exception.\
             \n- **Line 1** (`bare-except`): This catches everything. It hides mistakes. Name the exception."
        );
    }

    #[test]
    fn nothing_is_told_of_clean_code() {
        assert_eq!(worth_a_look(&[]), "");
    }

    #[test]
    fn what_is_left_out_is_counted() {
        let told = worth_a_look(&vec![finding(1, Severity::Hint); 8]);
        assert_eq!(told.matches("**Line 1**").count(), FINDINGS_TOLD_MAX);
        assert!(told.ends_with("- And 2 more of less weight."), "{told}");
    }
}
