//! Finds examples in a message that asks for code, and takes them out of its words.

use crate::literal::Literal;

use super::{Argument, EXAMPLES_MAX, Example};

/// Words of a message that asks for code. Elsewhere `f(3) == 9` may be what the message is about.
const ASKING: [&str; 9] = [
    "function",
    "write",
    "implement",
    "method",
    "create",
    "generate",
    "code",
    "program",
    "make",
];

/// Marks between a call and what it should give; longer ones first.
const MARKS: [&str; 7] = ["===", "==", "=>", "->", "→", "⇒", "="];

/// Words between a call and what it should give; longer ones first.
const WORDS: [&str; 14] = [
    "should evaluate to",
    "should return",
    "should give",
    "should be",
    "must return",
    "will return",
    "would return",
    "evaluates to",
    "returns",
    "return",
    "yields",
    "gives",
    "equals",
    "is",
];

/// Parts the examples of `text` from its other words; the text as it came when it has none.
pub(in crate::ask) fn take_examples(text: &str) -> (String, Vec<Example>) {
    let untouched = || (text.to_owned(), Vec::new());
    if !asks_for_code(text) || has_definition(text) {
        return untouched();
    }
    let mut examples = Vec::new();
    let mut words = String::with_capacity(text.len());
    let lines: Vec<&str> = text.lines().collect();
    let mut at = 0;
    let mut table = None;
    while let Some(line) = lines.get(at) {
        let below = lines.get(at + 1).copied();
        table = columns_of(line).or(table.filter(|_| line.contains('|')));
        if let Some(example) = read_row(line, table) {
            examples.push(example);
            at += 1;
        } else if let Some((example, taken, before)) = read_pair(line, below) {
            examples.push(example);
            words.push_str(before.trim_end_matches(['*', '`', ' ', '-']));
            words.push('\n');
            at += taken;
        } else if let Some((example, taken)) = read_session(line, below) {
            examples.extend(example);
            at += taken;
        } else {
            let is_table = table.is_some() && line.contains('|');
            let rest = take_calls(line, &mut examples);
            let is_used_up = rest.trim().is_empty() && !line.trim().is_empty();
            if !is_table && !is_used_up {
                words.push_str(&rest);
                words.push('\n');
            }
            at += 1;
        }
    }
    examples.truncate(EXAMPLES_MAX);
    if examples.is_empty() {
        return untouched();
    }
    (without_empty_fences(&words), examples)
}

fn asks_for_code(text: &str) -> bool {
    let lower = text.to_lowercase();
    ASKING.iter().any(|word| lower.contains(word))
}

/// Whether a message brings code of its own, whose examples are then part of it.
fn has_definition(text: &str) -> bool {
    text.lines().map(str::trim_start).any(|line| {
        let begins = |words: &[&str]| words.iter().any(|word| line.starts_with(word));
        begins(&["def ", "class ", "async def ", "import ", "#include"])
            || (begins(&["const ", "let ", "var "]) && line.contains('='))
            || (begins(&["function "]) && line.contains('{'))
            || (begins(&["from "]) && line.contains(" import "))
    })
}

/// `>>> f(3)`, with what it gives on the line below. A session's line that is not understood is taken out, too.
fn read_session(line: &str, below: Option<&str>) -> Option<(Option<Example>, usize)> {
    let typed = line.trim().strip_prefix(">>>")?.trim();
    let Some((function, arguments, length)) = read_call(typed) else {
        return Some((None, 1));
    };
    if !typed.get(length..)?.trim().is_empty() {
        return None;
    }
    let Some(expected) = below.and_then(Literal::read) else {
        return Some((None, 1));
    };
    let example = Example {
        function: Some(function),
        arguments,
        expected,
    };
    Some((Some(example), 2))
}

/// `Input: nums = [3, 1]` with `Output: [1, 3]` behind it or on the line below.
/// Gives the lines it takes and what is before it, too.
fn read_pair<'a>(line: &'a str, below: Option<&str>) -> Option<(Example, usize, &'a str)> {
    let (begin, behind) = find_label(line, "input")?;
    let before = line.get(..begin)?;
    let joined;
    let (text, taken) = if find_label(behind, "output").is_some() {
        (behind, 1)
    } else {
        joined = format!("{behind}\n{}", below?);
        (joined.as_str(), 2)
    };
    let (end, output) = find_label(text, "output")?;
    let input = text
        .get(..end)?
        .trim()
        .trim_end_matches('*')
        .trim()
        .trim_end_matches([',', ';', '|', '.'])
        .trim_end_matches("->")
        .trim_end_matches("=>")
        .trim();
    let (expected, _) = Literal::read_prefix(output.trim_start().trim_start_matches('`'))?;
    let example = Example {
        function: None,
        arguments: read_arguments(input.trim_matches('`'))?,
        expected,
    };
    Some((example, taken, before))
}

/// Where `label` stands in `text` before a colon or an equals sign, and what is behind it.
fn find_label<'a>(text: &'a str, label: &str) -> Option<(usize, &'a str)> {
    // Labels are ASCII, so places in the small letters are places in the text.
    let lower = text.to_ascii_lowercase();
    let at = lower.find(label)?;
    let behind = text.get(at + label.len()..)?;
    let behind = behind.trim_start().trim_start_matches(['*', '`']);
    let behind = behind.strip_prefix([':', '='])?;
    Some((at, behind.trim_start_matches('*')))
}

/// The columns of a table that hold input and output, when `line` is its head.
fn columns_of(line: &str) -> Option<(usize, usize)> {
    let cells = cells_of(line)?;
    let find = |names: &[&str]| {
        cells.iter().position(|cell| {
            let cell = cell.to_lowercase();
            names.iter().any(|name| cell.contains(name))
        })
    };
    let input = find(&["input", "argument", "call"])?;
    let output = find(&["output", "expected", "result", "return"])?;
    (input != output).then_some((input, output))
}

fn read_row(line: &str, table: Option<(usize, usize)>) -> Option<Example> {
    let (input, output) = table?;
    let cells = cells_of(line)?;
    let (input, output) = (
        cells.get(input)?.trim_matches('`'),
        cells.get(output)?.trim_matches('`'),
    );
    let expected = Literal::read(output)?;
    if let Some((function, arguments, length)) = read_call(input)
        && length == input.len()
    {
        return Some(Example {
            function: Some(function),
            arguments,
            expected,
        });
    }
    Some(Example {
        function: None,
        arguments: read_arguments(input)?,
        expected,
    })
}

fn cells_of(line: &str) -> Option<Vec<&str>> {
    let line = line.trim();
    if !line.contains('|') {
        return None;
    }
    let inner = line.strip_prefix('|').unwrap_or(line);
    let inner = inner.strip_suffix('|').unwrap_or(inner);
    Some(inner.split('|').map(str::trim).collect())
}

/// Takes every `f(3) == 9` and its like out of a line; gives what is left.
fn take_calls(line: &str, examples: &mut Vec<Example>) -> String {
    let mut rest = String::with_capacity(line.len());
    let mut at = 0;
    let mut is_name = false;
    while let Some(c) = line.get(at..).and_then(|tail| tail.chars().next()) {
        // Only a whole name that is not a method's begins a call.
        let can_begin = !is_name && !rest.ends_with('.') && (c.is_alphabetic() || c == '_');
        let found = can_begin
            .then(|| line.get(at..).and_then(read_example))
            .flatten();
        if let Some((example, length)) = found {
            for word in ["assert ", "assert(", "`"] {
                if rest.ends_with(word) {
                    rest.truncate(rest.len() - word.len());
                }
            }
            examples.push(example);
            at += length;
            is_name = false;
            continue;
        }
        is_name = c.is_alphanumeric() || c == '_' || c == '$';
        rest.push(c);
        at += c.len_utf8();
    }
    let is_leftover = rest.len() < line.len() && rest.chars().all(|c| !c.is_alphanumeric());
    if is_leftover { String::new() } else { rest }
}

/// The example that `text` begins with, and its length.
fn read_example(text: &str) -> Option<(Example, usize)> {
    let (function, arguments, length) = read_call(text)?;
    let behind = text.get(length..)?;
    let after = behind.trim_start().trim_start_matches('`').trim_start();
    let after = after.strip_prefix("# ").unwrap_or(after).trim_start();
    let (value_at, is_word) = MARKS
        .iter()
        .find_map(|mark| after.strip_prefix(mark).map(|rest| (rest, false)))
        .or_else(|| {
            WORDS.iter().find_map(|word| {
                let rest = after.strip_prefix(word)?;
                rest.starts_with(char::is_whitespace)
                    .then_some((rest, true))
            })
        })?;
    let value_at = value_at.trim_start().trim_start_matches('`');
    let (expected, value_length) = Literal::read_prefix(value_at)?;
    let tail = value_at.get(value_length..)?;
    if !ends_here(tail, is_word) {
        return None;
    }
    let quoted = usize::from(tail.starts_with('`'));
    let example = Example {
        function: Some(function),
        arguments,
        expected,
    };
    Some((example, text.len() - tail.len() + quoted))
}

/// Whether a value ends where it was read to: `9 + 1` and `9 times` go on.
fn ends_here(tail: &str, is_word: bool) -> bool {
    if tail.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '(' || c == '[') {
        return false;
    }
    let next = tail.trim_start_matches([' ', '\t']);
    let goes_on = next.starts_with(['+', '-', '*', '/', '%', '<', '>', '=', '&', '^'])
        && !next.starts_with("->")
        && !next.starts_with("=>");
    if goes_on {
        return false;
    }
    let is_prose = next.starts_with(char::is_alphabetic);
    let joins = [
        "and", "or", "but", "while", "whereas", "because", "for", "when", "if",
    ]
    .iter()
    .any(|word| {
        next.strip_prefix(word)
            .is_some_and(|rest| !rest.starts_with(char::is_alphanumeric))
    });
    !(is_word && is_prose) || joins
}

/// `name(values)` at the beginning of `text`: the name, the arguments, the length.
fn read_call(text: &str) -> Option<(String, Vec<Argument>, usize)> {
    let end = text.find(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'))?;
    let (name, rest) = text.split_at(end);
    let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_' || c == '$');
    let inside = rest.strip_prefix('(').filter(|_| is_name)?;
    let (arguments, length) = read_list(inside, Some(')'))?;
    Some((name.to_owned(), arguments, end + 1 + length))
}

/// Values separated by commas, each with a name or without, that make up all of `text`.
fn read_arguments(text: &str) -> Option<Vec<Argument>> {
    let (arguments, length) = read_list(text, None)?;
    let is_whole = text.get(length..)?.trim().is_empty();
    // A pair's names are those of its own writer, so only the places count.
    (is_whole && !arguments.is_empty()).then(|| {
        arguments
            .into_iter()
            .map(|(_, value)| (None, value))
            .collect()
    })
}

/// Values separated by commas up to `end`, and how many bytes they take with it.
fn read_list(text: &str, end: Option<char>) -> Option<(Vec<Argument>, usize)> {
    let mut values = Vec::new();
    let mut rest = text;
    loop {
        rest = rest.trim_start();
        if let Some(end) = end
            && let Some(tail) = rest.strip_prefix(end)
        {
            return Some((values, text.len() - tail.len()));
        }
        let (name, value_at) = split_argument_name(rest);
        let (value, length) = Literal::read_prefix(value_at)?;
        values.push((name, value));
        rest = value_at.get(length..)?.trim_start();
        if let Some(tail) = rest.strip_prefix(',') {
            rest = tail;
        } else if end.is_none() {
            return Some((values, text.len() - rest.len()));
        } else if !end.is_some_and(|end| rest.starts_with(end)) {
            return None;
        }
    }
}

/// `nums = [1]` parted; text without a name as it is.
fn split_argument_name(text: &str) -> (Option<String>, &str) {
    let end = text
        .find(|c: char| !(c.is_ascii_alphanumeric() || c == '_'))
        .unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    match rest.trim_start().strip_prefix('=') {
        Some(value) if is_name && !value.starts_with('=') => {
            (Some(name.to_owned()), value.trim_start())
        }
        _ => (None, text),
    }
}

/// The text without fences that hold nothing, and without blank lines at its ends.
fn without_empty_fences(text: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for line in text.lines() {
        let is_end = line.trim() == "```";
        let opens = |kept: &[&str]| {
            let fences = kept
                .iter()
                .filter(|line| line.trim_start().starts_with("```"))
                .count();
            fences % 2 == 1
        };
        if is_end && opens(&kept) {
            while kept.last().is_some_and(|line| line.trim().is_empty()) {
                kept.pop();
            }
            if kept
                .last()
                .is_some_and(|line| line.trim_start().starts_with("```"))
            {
                kept.pop();
                continue;
            }
        }
        kept.push(line);
    }
    kept.join("\n").trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use domain::Language;
    use proptest::prelude::*;

    /// Words and examples, written as `name(arguments) is expected`.
    fn taken(text: &str) -> (String, Vec<String>) {
        let (words, examples) = take_examples(text);
        let show = |value: &Literal| value.write(Language::Python).unwrap();
        let examples = examples
            .iter()
            .map(|example| {
                let arguments: Vec<_> = example
                    .arguments
                    .iter()
                    .map(|(name, value)| match name {
                        Some(name) => format!("{name}={}", show(value)),
                        None => show(value),
                    })
                    .collect();
                format!(
                    "{}({}) is {}",
                    example.function.as_deref().unwrap_or("?"),
                    arguments.join(", "),
                    show(&example.expected)
                )
            })
            .collect();
        (words, examples)
    }

    #[test]
    fn examples_are_found_however_they_are_written() {
        for tail in [
            "f(3) == 9",
            "assert f(3) == 9",
            "`f(3) == 9`",
            "`f(3)` returns `9`.",
            "f(3) -> 9",
            "f(3) = 9",
            "f(3) => 9",
            "f(3) should return 9.",
            "f(3) gives 9",
            "f(3) is 9",
            "\n>>> f(3)\n9",
            "\n```python\n>>> f(3)\n9\n```",
            "\n```\nassert f(3) == 9\n```",
            "\n| call | expected |\n|---|---|\n| `f(3)` | 9 |\n",
        ] {
            let (words, examples) = taken(&format!("write a function that squares {tail}"));
            assert_eq!(examples, ["f(3) is 9"], "{tail}");
            assert_eq!(
                words.trim_end_matches(['.', ' ']),
                "write a function that squares",
                "{tail}"
            );
        }
    }

    #[test]
    fn several_examples_and_kinds_of_value_are_found() {
        let (words, examples) = taken(
            "write a function like f([1, 2], k=1) == [2, 1] and g('a') returns None, and f() == {'a': 1.5}",
        );
        assert_eq!(
            examples,
            [
                "f([1, 2], k=1) is [2, 1]",
                "g(\"a\") is None",
                "f() is {\"a\": 1.5}"
            ]
        );
        assert_eq!(words, "write a function like  and , and");
    }

    #[test]
    fn pairs_of_input_and_output_are_found() {
        for text in [
            "Input: nums = [3, 1], k = 2\nOutput: [1, 3]",
            "input: [3, 1], 2 output: [1, 3]",
            "**Input:** `[3, 1], 2`\n**Output:** `[1, 3]`",
            "| input | output |\n| --- | --- |\n| [3, 1], 2 | [1, 3] |",
        ] {
            let (words, examples) = taken(&format!("write a function that sorts\n{text}"));
            assert_eq!(examples, ["?([3, 1], 2) is [1, 3]"], "{text}");
            assert_eq!(words, "write a function that sorts", "{text}");
        }
        let (words, examples) = taken("Write a function that doubles, input: 2, output: 4");
        assert_eq!(examples, ["?(2) is 4"]);
        assert_eq!(words, "Write a function that doubles,");
    }

    #[test]
    fn what_is_not_an_example_stays() {
        for text in [
            "why is f(3) == 9 true?",
            "write a function f(x) that returns x",
            "write a function where f(3) is 3 times larger",
            "write a function so that f(3) == 9 + g(1)",
            "write code for list.index(3) == 9",
            "write a function f(x) == x * x",
            "make this faster:\ndef f(x):\n    return x\nassert f(3) == 9",
            "write a function that reads input: a file, and output: a table",
        ] {
            assert_eq!(taken(text), (text.to_owned(), Vec::new()), "{text}");
        }
    }

    #[test]
    fn no_more_are_kept_than_may() {
        let many = "f(1) == 1\n".repeat(EXAMPLES_MAX + 5);
        let (_, examples) = take_examples(&format!("write a function\n{many}"));
        assert_eq!(examples.len(), EXAMPLES_MAX);
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "(write |f\\(|\\)|[0-9'\"|`=>\\n -]|input:|output:|é){0,40}") {
            let _ = take_examples(&text);
        }
    }
}
