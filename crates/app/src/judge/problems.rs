//! Reads files of problems and of completions: JSON lines, plain or gzip. A file is read whole; one bad line refuses all of it.

use std::collections::HashSet;

use domain::Language;
use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::knowledge::{HumanEvalError, read_json_lines};

/// A file was refused; nothing of it was judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum JudgeFileError {
    /// A line is wrong.
    #[error("line {line}: {reason}; nothing was judged")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The file as a whole is wrong.
    #[error("{0}; nothing was judged")]
    File(String),
}

impl From<HumanEvalError> for JudgeFileError {
    fn from(error: HumanEvalError) -> Self {
        match error {
            HumanEvalError::Line { line, reason } => Self::Line { line, reason },
            HumanEvalError::File(reason) => Self::File(reason),
        }
    }
}

/// A problem with the solutions and tests its file brings.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its name, such as `HumanEval/0` or `JavaScript/0`.
    pub task_id: String,
    /// The language, told by the name.
    pub language: Language,
    /// What a solution is put behind.
    pub prompt: String,
    /// A solution that is right.
    pub canonical: String,
    /// A solution that is wrong in one place.
    pub buggy: Option<String>,
    /// The tests.
    pub tests: String,
    /// The function under test.
    pub entry_point: String,
}

impl Problem {
    /// The program with `solution`: behind the prompt, or in the prompt's place when it defines the function itself.
    pub fn program_with(&self, solution: &str) -> String {
        let is_whole = self.language == Language::Python
            && solution
                .lines()
                .any(|line| line.starts_with(&format!("def {}(", self.entry_point)));
        if is_whole {
            // Imports and helpers of the prompt still hold; the function defined last counts.
            let head = self
                .prompt
                .split_once(&format!("def {}(", self.entry_point))
                .map_or("", |(head, _)| head);
            format!("{head}{solution}")
        } else {
            format!("{}{solution}", self.prompt)
        }
    }
}

/// A model's solution of a problem.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct Completion {
    /// The problem.
    pub task_id: String,
    /// What goes behind its prompt, or the whole function.
    pub completion: String,
}

#[derive(Deserialize)]
struct Row {
    task_id: String,
    prompt: String,
    canonical_solution: String,
    #[serde(default)]
    buggy_solution: Option<String>,
    test: String,
    entry_point: String,
}

/// Reads a HumanEval or HumanEvalPack file.
pub fn read_problems(bytes: &[u8]) -> Result<Vec<Problem>, JudgeFileError> {
    let mut names = HashSet::new();
    let problems = read_lines(bytes, "problem", |row: Row| {
        if !names.insert(row.task_id.clone()) {
            return Err(format!("problem `{}` is in the file twice", row.task_id));
        }
        problem_from(row)
    })?;
    if problems.is_empty() {
        return Err(JudgeFileError::File("it holds no problem".to_owned()));
    }
    Ok(problems)
}

/// Reads a file of completions, `{"task_id": …, "completion": …}` a line.
pub fn read_completions(bytes: &[u8]) -> Result<Vec<Completion>, JudgeFileError> {
    let completions = read_lines(bytes, "completion", Ok)?;
    if completions.is_empty() {
        return Err(JudgeFileError::File("it holds no completion".to_owned()));
    }
    Ok(completions)
}

fn read_lines<R: DeserializeOwned, T>(
    bytes: &[u8],
    what: &str,
    mut read: impl FnMut(R) -> Result<T, String>,
) -> Result<Vec<T>, JudgeFileError> {
    let mut rows = Vec::new();
    read_json_lines(bytes, &mut |line| {
        let row =
            serde_json::from_str(line).map_err(|error| format!("is not a {what}: {error}"))?;
        rows.push(read(row)?);
        Ok(())
    })?;
    Ok(rows)
}

fn problem_from(row: Row) -> Result<Problem, String> {
    let family = row.task_id.split('/').next().unwrap_or_default();
    let language = match family {
        "HumanEval" => Language::Python,
        other => other.parse().map_err(|_| {
            format!(
                "the name `{}` does not begin with HumanEval/ or a language",
                row.task_id
            )
        })?,
    };
    // `console.assert` only prints; the sandbox's `assert` fails.
    let tests = if language == Language::JavaScript {
        row.test.replace("console.assert(", "assert(")
    } else {
        row.test
    };
    Ok(Problem {
        task_id: row.task_id,
        language,
        prompt: row.prompt,
        canonical: row.canonical_solution,
        buggy: row.buggy_solution,
        tests,
        entry_point: row.entry_point,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn line(task_id: &str) -> String {
        json!({
            "task_id": task_id, "prompt": "import os\n\ndef one():\n", "canonical_solution": "    return 1\n",
            "buggy_solution": "    return 2\n", "test": "def check(one):\n    assert one() == 1\n\ncheck(one)",
            "entry_point": "one", "signature": "ignored"
        })
        .to_string()
    }

    #[test]
    fn problems_of_both_kinds_are_read() {
        let text = format!("{}\n{}\n\n", line("HumanEval/0"), line("JavaScript/0"));
        let problems = read_problems(text.as_bytes()).unwrap();
        assert_eq!(
            problems
                .iter()
                .map(|problem| problem.language)
                .collect::<Vec<_>>(),
            [Language::Python, Language::JavaScript]
        );
        let [first, _] = problems.as_slice() else {
            panic!("{problems:?}")
        };
        assert_eq!(
            first.program_with("    return 3\n"),
            "import os\n\ndef one():\n    return 3\n"
        );
        assert_eq!(
            first.program_with("def one():\n    return 3\n"),
            "import os\n\ndef one():\n    return 3\n"
        );
    }

    #[test]
    fn bad_files_are_refused_with_the_line() {
        let twice = format!("{0}\n{0}\n", line("HumanEval/0"));
        let unknown = line("Klingon/0");
        for (text, expected) in [
            (
                twice.as_str(),
                "line 2: problem `HumanEval/0` is in the file twice",
            ),
            (
                unknown.as_str(),
                "line 1: the name `Klingon/0` does not begin",
            ),
            ("{}", "line 1: is not a problem: missing field"),
            ("", "it holds no problem"),
        ] {
            let refused = read_problems(text.as_bytes()).unwrap_err().to_string();
            assert!(refused.starts_with(expected), "{refused}");
        }
        assert!(read_completions(b"{\"task_id\": 1}").is_err());
        let read = read_completions(b"{\"task_id\": \"HumanEval/0\", \"completion\": \"x\"}");
        assert_eq!(read.unwrap().len(), 1);
    }
}
