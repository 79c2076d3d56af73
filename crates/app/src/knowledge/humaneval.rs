//! Reads HumanEval files: JSON lines, plain or gzip (Chen et al. 2021, arXiv 2107.03374).
//!
//! A file is read whole before anything is stored: one bad line refuses all of it.

use std::io::Read;

use domain::Language;
use domain::analysis::CodeAnalyser;
use domain::knowledge::{ItemBody, TaskBody};
use serde::Deserialize;

use super::draft::{Draft, fingerprint};

/// Most bytes a file may have after decompression.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;

/// Most lines a file may have.
const LINES_MAX: usize = 100_000;

const FORMAT: &str = "humaneval-1";

/// A file was refused; nothing of it was stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HumanEvalError {
    /// A line is wrong.
    #[error("line {line}: {reason}; nothing was indexed")]
    Line {
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
    /// The file as a whole is wrong.
    #[error("{0}; nothing was indexed")]
    File(String),
}

#[derive(Deserialize)]
struct Row {
    task_id: String,
    prompt: String,
    entry_point: String,
    canonical_solution: String,
    test: String,
}

/// Reads the bytes of a file, unpacking gzip when its magic number is there.
pub fn read_humaneval(
    bytes: &[u8],
    analyser: &dyn CodeAnalyser,
) -> Result<Vec<Draft>, HumanEvalError> {
    let mut drafts: Vec<Draft> = Vec::new();
    let mut keys = std::collections::HashSet::new();
    read_json_lines(bytes, &mut |line| {
        let draft = read_line(line, analyser)?;
        if !keys.insert(draft.key.clone()) {
            return Err(format!("task `{}` is in the file twice", draft.key));
        }
        drafts.push(draft);
        Ok(())
    })?;
    if drafts.is_empty() {
        return Err(HumanEvalError::File("it holds no task".into()));
    }
    Ok(drafts)
}

/// Gives the lines of a file that are not blank to `read`, unpacking gzip when its magic number is there; ends at the first line
/// that `read` refuses.
pub(crate) fn read_json_lines(
    bytes: &[u8],
    read: &mut dyn FnMut(&str) -> Result<(), String>,
) -> Result<(), HumanEvalError> {
    let text = unpack(bytes)?;
    for (index, line) in text.split(|byte| *byte == b'\n').enumerate() {
        let failed = |reason: String| HumanEvalError::Line {
            line: index + 1,
            reason,
        };
        if index >= LINES_MAX {
            return Err(HumanEvalError::File(format!(
                "it has more than {LINES_MAX} lines"
            )));
        }
        let line = std::str::from_utf8(line).map_err(|_| failed("is not UTF-8".into()))?;
        if !line.trim().is_empty() {
            read(line).map_err(failed)?;
        }
    }
    Ok(())
}

fn unpack(bytes: &[u8]) -> Result<Vec<u8>, HumanEvalError> {
    if !bytes.starts_with(&[0x1f, 0x8b]) {
        return if bytes.len() as u64 > FILE_BYTES_MAX {
            Err(too_large())
        } else {
            Ok(bytes.to_vec())
        };
    }
    let mut text = Vec::new();
    let mut reader = flate2::read::MultiGzDecoder::new(bytes).take(FILE_BYTES_MAX + 1);
    reader.read_to_end(&mut text).map_err(|error| {
        HumanEvalError::File(format!("its gzip data is broken or cut off: {error}"))
    })?;
    if text.len() as u64 > FILE_BYTES_MAX {
        Err(too_large())
    } else {
        Ok(text)
    }
}

fn too_large() -> HumanEvalError {
    HumanEvalError::File(format!(
        "it is larger than {} MiB",
        FILE_BYTES_MAX / 1024 / 1024
    ))
}

fn read_line(line: &str, analyser: &dyn CodeAnalyser) -> Result<Draft, String> {
    let row: Row =
        serde_json::from_str(line).map_err(|error| format!("is not a HumanEval task: {error}"))?;
    if row.task_id.trim().is_empty() || row.task_id.len() > 100 {
        return Err("its task_id must have 1 to 100 characters".into());
    }
    if [
        &row.task_id,
        &row.prompt,
        &row.entry_point,
        &row.canonical_solution,
        &row.test,
    ]
    .iter()
    .any(|text| text.contains('\0'))
    {
        return Err(format!("task `{}` contains a NUL character", row.task_id));
    }
    let code = format!("{}{}", row.prompt, row.canonical_solution);
    if let Some(error) = analyser.find_syntax_errors(Language::Python, &code).first() {
        return Err(format!(
            "the solution of `{}` does not parse at its line {}: {}",
            row.task_id,
            error.line,
            error.clause()
        ));
    }
    if !code.contains(&format!("def {}(", row.entry_point)) {
        return Err(format!(
            "`{}` does not define its entry point `{}`",
            row.task_id, row.entry_point
        ));
    }
    let description = describe(&row.prompt, &row.entry_point);
    Ok(Draft {
        key: format!("humaneval/{}", row.task_id),
        title: sentence_from_name(&row.entry_point),
        description,
        phrasings: Vec::new(),
        fingerprint: fingerprint(&[
            FORMAT,
            &row.prompt,
            &row.canonical_solution,
            &row.test,
            &row.entry_point,
        ]),
        body: ItemBody::Task(TaskBody {
            language: Language::Python,
            code,
            tests: Some(format!(
                "{}\ncheck({})\n",
                row.test.trim_end(),
                row.entry_point
            )),
            entry_point: Some(row.entry_point),
            verified: false,
        }),
    })
}

/// The words of the docstring of `entry_point`, without its examples.
fn describe(prompt: &str, entry_point: &str) -> String {
    let from_function = prompt
        .split_once(&format!("def {entry_point}("))
        .map_or(prompt, |(_, rest)| rest);
    let docstring = ["\"\"\"", "'''"]
        .iter()
        .filter_map(|quote| {
            from_function
                .split_once(quote)
                .map(|(before, rest)| (before.len(), rest, *quote))
        })
        .min_by_key(|(position, _, _)| *position)
        .map_or("", |(_, rest, quote)| {
            rest.split(quote).next().unwrap_or(rest)
        });
    let is_example = |line: &str| {
        let line = line.trim_start().to_lowercase();
        line.starts_with(">>>")
            || line.starts_with("example")
            || line.starts_with("for example")
            || line.starts_with("[input/output]")
            || line.starts_with(&format!("{}(", entry_point.to_lowercase()))
    };
    let words: Vec<_> = docstring
        .lines()
        .take_while(|line| !is_example(line))
        .flat_map(str::split_whitespace)
        .collect();
    if words.is_empty() {
        sentence_from_name(entry_point)
    } else {
        words.join(" ")
    }
}

/// `has_close_elements` → `Has close elements`.
fn sentence_from_name(name: &str) -> String {
    let words = name.replace('_', " ");
    let mut letters = words.trim().chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::analysis::{Analysis, Explanation, SyntaxError};
    use domain::ask::Style;
    use proptest::prelude::*;

    /// Accepts all code but what says `broken`.
    struct Lenient;
    impl CodeAnalyser for Lenient {
        fn detect_language(&self, _: &str) -> Option<Language> {
            None
        }
        fn find_syntax_errors(&self, _: Language, code: &str) -> Vec<SyntaxError> {
            let error = SyntaxError {
                line: 3,
                column: 1,
                message: "nonsense".into(),
            };
            code.contains("broken")
                .then_some(error)
                .into_iter()
                .collect()
        }
        fn explain(&self, language: Language, _: &str, _: Style) -> Explanation {
            Explanation {
                language,
                markdown: String::new(),
                syntax_errors: Vec::new(),
            }
        }
        fn analyse(&self, _: Language, _: &str, _: Style) -> Analysis {
            unreachable!("reading a file analyses nothing")
        }
        fn rename(&self, _: Language, _: &str, _: &str, _: &str) -> Option<String> {
            None
        }
    }

    fn line(id: &str, solution: &str) -> String {
        serde_json::json!({
            "task_id": id, "entry_point": "add_two", "canonical_solution": solution,
            "prompt": "def helper(x):\n    \"\"\"not this\"\"\"\n\ndef add_two(a, b):\n    '''Add two\n    numbers.\n    >>> add_two(1, 2)\n    3\n    '''\n",
            "test": "def check(candidate):\n    assert candidate(1, 2) == 3\n",
        })
        .to_string()
    }

    fn gzip(text: &str) -> Vec<u8> {
        use std::io::Write;
        let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        encoder.finish().unwrap()
    }

    #[test]
    fn plain_and_gzip_give_the_same_tasks() {
        let text = format!(
            "{}\n\n{}\n",
            line("HumanEval/0", "    return a + b\n"),
            line("HumanEval/1", "    return b + a\n")
        );
        let plain = read_humaneval(text.as_bytes(), &Lenient).unwrap();
        assert_eq!(plain, read_humaneval(&gzip(&text), &Lenient).unwrap());
        assert_eq!(plain.len(), 2);
        assert_eq!(plain[0].key, "humaneval/HumanEval/0");
        assert_eq!(plain[0].title, "Add two");
        assert_eq!(plain[0].description, "Add two numbers.");
        assert_ne!(plain[0].fingerprint, plain[1].fingerprint);
    }

    #[test]
    fn a_bad_line_is_named_by_its_number() {
        let good = line("HumanEval/0", "    return 1\n");
        let refused = |text: String| {
            read_humaneval(text.as_bytes(), &Lenient)
                .unwrap_err()
                .to_string()
        };
        assert!(
            refused(format!("{good}\n{{\"task_id\": 7}}\n"))
                .starts_with("line 2: is not a HumanEval task:")
        );
        assert_eq!(
            refused(format!("{good}\n\n{}", line("HumanEval/9", "    broken"))),
            "line 3: the solution of `HumanEval/9` does not parse at its line 3: nonsense; nothing was indexed"
        );
        assert!(
            refused(format!("{good}\n{good}"))
                .starts_with("line 2: task `humaneval/HumanEval/0` is in the file twice")
        );
        assert_eq!(
            refused("\n\n".into()),
            "it holds no task; nothing was indexed"
        );
    }

    #[test]
    fn cut_off_gzip_and_other_encodings_are_refused() {
        let whole = gzip(&line("HumanEval/0", "    return 1\n").repeat(50));
        let cut = read_humaneval(&whole[..whole.len() / 2], &Lenient).unwrap_err();
        assert!(
            cut.to_string()
                .starts_with("its gzip data is broken or cut off"),
            "{cut}"
        );
        let latin = read_humaneval(b"{\"task_id\": \"\xe9\"}", &Lenient).unwrap_err();
        assert_eq!(
            latin.to_string(),
            "line 1: is not UTF-8; nothing was indexed"
        );
    }

    proptest! {
        #[test]
        fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..400)) {
            let _ = read_humaneval(&bytes, &Lenient);
        }
    }
}
