//! Values as people write them in examples: read from Python, JavaScript or JSON, written for Python or JavaScript.
//!
//! Only what was understood whole is written again, so no text of a person's becomes code unseen.

use std::fmt::Write as _;

use domain::Language;

/// Deepest nesting read.
const DEPTH_MAX: usize = 32;

/// A value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Literal {
    /// `None`, `null`, `undefined`.
    Null,
    Bool(bool),
    /// A decimal number as it was written.
    Number(String),
    Text(String),
    List(Vec<Literal>),
    Tuple(Vec<Literal>),
    Set(Vec<Literal>),
    Map(Vec<(Literal, Literal)>),
}

impl Literal {
    /// The value `text` begins with, and how many bytes it takes.
    pub(crate) fn read_prefix(text: &str) -> Option<(Self, usize)> {
        let mut reader = Reader { text, at: 0 };
        let value = reader.value(0)?;
        Some((value, reader.at))
    }

    /// The value that `text` is, white space around it aside.
    pub(crate) fn read(text: &str) -> Option<Self> {
        let text = text.trim();
        let (value, length) = Self::read_prefix(text)?;
        (length == text.len()).then_some(value)
    }

    /// Whether it is a number with a fraction, which is compared with a tolerance.
    pub(crate) fn is_fraction(&self) -> bool {
        matches!(self, Self::Number(number) if number.contains(['.', 'e', 'E']))
    }

    /// The value in code of `language`; `None` when it cannot be written there.
    pub(crate) fn write(&self, language: Language) -> Option<String> {
        let is_python = match language {
            Language::Python => true,
            Language::JavaScript | Language::TypeScript => false,
            Language::Cpp
            | Language::C
            | Language::Sql
            | Language::Rust
            | Language::Java
            | Language::Go => return None,
        };
        let mut code = String::new();
        self.write_to(&mut code, is_python)?;
        Some(code)
    }

    fn write_to(&self, code: &mut String, is_python: bool) -> Option<()> {
        match self {
            Self::Null => code.push_str(if is_python { "None" } else { "null" }),
            Self::Bool(true) => code.push_str(if is_python { "True" } else { "true" }),
            Self::Bool(false) => code.push_str(if is_python { "False" } else { "false" }),
            Self::Number(number) => code.push_str(number),
            Self::Text(text) => write_text(code, text),
            Self::List(values) => write_values(code, ["[", "]"], values, is_python)?,
            Self::Tuple(values) if !is_python => {
                write_values(code, ["[", "]"], values, is_python)?;
            }
            Self::Tuple(values) => {
                let end = if values.len() == 1 { ",)" } else { ")" };
                write_values(code, ["(", end], values, is_python)?;
            }
            Self::Set(values) if !is_python => {
                write_values(code, ["new Set([", "])"], values, is_python)?;
            }
            Self::Set(values) if values.is_empty() => code.push_str("set()"),
            Self::Set(values) => write_values(code, ["{", "}"], values, is_python)?,
            Self::Map(entries) => {
                code.push('{');
                for (index, (key, value)) in entries.iter().enumerate() {
                    if index > 0 {
                        code.push_str(", ");
                    }
                    // An object's keys are texts and numbers.
                    if !is_python && !matches!(key, Self::Text(_) | Self::Number(_)) {
                        return None;
                    }
                    key.write_to(code, is_python)?;
                    code.push_str(": ");
                    value.write_to(code, is_python)?;
                }
                code.push('}');
            }
        }
        Some(())
    }
}

fn write_values(
    code: &mut String,
    [begin, end]: [&str; 2],
    values: &[Literal],
    is_python: bool,
) -> Option<()> {
    code.push_str(begin);
    for (index, value) in values.iter().enumerate() {
        if index > 0 {
            code.push_str(", ");
        }
        value.write_to(code, is_python)?;
    }
    code.push_str(end);
    Some(())
}

/// Double quotes and the escapes that both languages have.
fn write_text(code: &mut String, text: &str) {
    code.push('"');
    for c in text.chars() {
        match c {
            '"' => code.push_str("\\\""),
            '\\' => code.push_str("\\\\"),
            '\n' => code.push_str("\\n"),
            '\r' => code.push_str("\\r"),
            '\t' => code.push_str("\\t"),
            '\u{2028}' | '\u{2029}' => {
                // Writing to a string cannot fail.
                let _ = write!(code, "\\u{:04x}", u32::from(c));
            }
            c if c.is_control() => {
                let _ = write!(code, "\\u{:04x}", u32::from(c));
            }
            c => code.push(c),
        }
    }
    code.push('"');
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn skip_space(&mut self) {
        let rest = self.rest();
        self.at += rest.len() - rest.trim_start().len();
    }

    fn eat(&mut self, mark: char) -> bool {
        self.skip_space();
        let is_there = self.rest().starts_with(mark);
        if is_there {
            self.at += mark.len_utf8();
        }
        is_there
    }

    fn value(&mut self, depth: usize) -> Option<Literal> {
        if depth > DEPTH_MAX {
            return None;
        }
        match self.rest().chars().next()? {
            '[' => self.values(']', depth).map(|(list, _)| Literal::List(list)),
            '(' => self.values(')', depth).map(|(mut values, has_comma)| {
                match (values.len(), has_comma) {
                    (1, false) => values.remove(0),
                    _ => Literal::Tuple(values),
                }
            }),
            '{' => self.braces(depth),
            '"' | '\'' => self.quoted(),
            c if c.is_ascii_digit() || c == '-' || c == '+' || c == '.' => self.number(),
            c if c.is_ascii_alphabetic() => self.word(),
            _ => None,
        }
    }

    /// Values up to `end`, and whether one was followed by a comma.
    fn values(&mut self, end: char, depth: usize) -> Option<(Vec<Literal>, bool)> {
        self.at += 1;
        let mut values = Vec::new();
        let mut has_comma = false;
        while !self.eat(end) {
            values.push(self.value(depth + 1)?);
            if self.eat(',') {
                has_comma = true;
                self.skip_space();
            } else if self.eat(end) {
                break;
            } else {
                return None;
            }
        }
        Some((values, has_comma))
    }

    fn braces(&mut self, depth: usize) -> Option<Literal> {
        self.at += 1;
        let mut values = Vec::new();
        let mut entries = Vec::new();
        while !self.eat('}') {
            let key = self.value(depth + 1)?;
            if self.eat(':') {
                self.skip_space();
                entries.push((key, self.value(depth + 1)?));
            } else {
                values.push(key);
            }
            if self.eat(',') {
                self.skip_space();
            } else if self.eat('}') {
                break;
            } else {
                return None;
            }
        }
        match (values.is_empty(), entries.is_empty()) {
            (true, _) => Some(Literal::Map(entries)),
            (false, true) => Some(Literal::Set(values)),
            (false, false) => None,
        }
    }

    fn quoted(&mut self) -> Option<Literal> {
        let rest = self.rest();
        let mut letters = rest.char_indices();
        let (_, quote) = letters.next()?;
        let mut text = String::new();
        while let Some((at, c)) = letters.next() {
            match c {
                _ if c == quote => {
                    self.at += at + 1;
                    return Some(Literal::Text(text));
                }
                '\n' => return None,
                '\\' => text.push(match letters.next()?.1 {
                    'n' => '\n',
                    't' => '\t',
                    'r' => '\r',
                    '0' => '\0',
                    same @ ('\\' | '\'' | '"') => same,
                    'x' => hex_letter(&mut letters, 2)?,
                    'u' => hex_letter(&mut letters, 4)?,
                    _ => return None,
                }),
                c => text.push(c),
            }
        }
        None
    }

    fn number(&mut self) -> Option<Literal> {
        let rest = self.rest();
        let unsigned = rest.strip_prefix('+').unwrap_or(rest);
        let sign = if unsigned.starts_with('-') { "-" } else { "" };
        let body = unsigned.strip_prefix('-').unwrap_or(unsigned);
        let count = |text: &str| text.bytes().take_while(u8::is_ascii_digit).count();
        let whole = count(body);
        let mut length = whole;
        let after = body.get(whole..).unwrap_or_default();
        if let Some(fraction) = after.strip_prefix('.') {
            let digits = count(fraction);
            // A full stop behind a whole number ends a sentence.
            if digits > 0 {
                length += 1 + digits;
            } else if whole == 0 {
                return None;
            }
        }
        let after = body.get(length..).unwrap_or_default();
        if let Some(exponent) = after.strip_prefix(['e', 'E']) {
            let signed = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
            let digits = count(signed);
            if digits > 0 {
                length += 1 + (exponent.len() - signed.len()) + digits;
            }
        }
        let digits = body.get(..length)?;
        let is_octal = whole > 1 && digits.starts_with('0');
        if length == 0 || is_octal {
            return None;
        }
        self.at += (rest.len() - body.len()) + length;
        Some(Literal::Number(format!("{sign}{digits}")))
    }

    fn word(&mut self) -> Option<Literal> {
        let rest = self.rest();
        let end = rest
            .find(|c: char| !(c.is_alphanumeric() || c == '_'))
            .unwrap_or(rest.len());
        let word = rest.get(..end)?;
        let value = match word {
            "None" | "null" | "undefined" => Literal::Null,
            "True" | "true" => Literal::Bool(true),
            "False" | "false" => Literal::Bool(false),
            "set" if rest.starts_with("set()") => {
                self.at += "set()".len();
                return Some(Literal::Set(Vec::new()));
            }
            _ => return None,
        };
        self.at += end;
        Some(value)
    }
}

fn hex_letter(letters: &mut std::str::CharIndices<'_>, digits: usize) -> Option<char> {
    let mut code = 0;
    for _ in 0..digits {
        code = code * 16 + letters.next()?.1.to_digit(16)?;
    }
    char::from_u32(code)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn values_are_written_for_each_language() {
        let check = |text: &str, python: &str, script: &str| {
            let value = Literal::read(text).unwrap_or_else(|| panic!("{text}"));
            assert_eq!(value.write(Language::Python).as_deref(), Some(python));
            assert_eq!(value.write(Language::JavaScript).as_deref(), Some(script));
            assert_eq!(value.write(Language::Rust), None);
        };
        check("true", "True", "true");
        check("None", "None", "null");
        check("-3.50e2", "-3.50e2", "-3.50e2");
        check("'it\\'s'", "\"it's\"", "\"it's\"");
        check("[1, 'a', [],]", "[1, \"a\", []]", "[1, \"a\", []]");
        check("(1,)", "(1,)", "[1]");
        check("(1)", "1", "1");
        check("()", "()", "[]");
        check("{1, 2}", "{1, 2}", "new Set([1, 2])");
        check("set()", "set()", "new Set([])");
        check("{}", "{}", "{}");
        check(
            "{'a': [True], 2: (1, 2)}",
            "{\"a\": [True], 2: (1, 2)}",
            "{\"a\": [true], 2: [1, 2]}",
        );
    }

    #[test]
    fn what_is_not_a_value_is_refused() {
        for text in [
            "",
            "x",
            "[1",
            "1 + 1",
            "007",
            "f(1)",
            "'a",
            "{1: 2, 3}",
            "-",
            ".",
            "__import__('os')",
            "[x]",
            "nan",
            "'a' 'b'",
        ] {
            assert_eq!(Literal::read(text), None, "{text}");
        }
        assert_eq!(Literal::read(&"[".repeat(10_000)), None);
    }

    #[test]
    fn a_sentence_may_go_on_behind_a_value() {
        let (value, length) = Literal::read_prefix("9. Then").unwrap();
        assert_eq!((value, length), (Literal::Number("9".into()), 1));
    }

    proptest! {
        #[test]
        fn any_text_is_read_without_panic(text in "\\PC{0,60}") {
            let _ = Literal::read_prefix(&text);
        }

        #[test]
        fn what_is_written_reads_back(text in "[\\[\\](){}0-9a'\",.: \\\\-]{0,24}") {
            if let Some(value) = Literal::read(&text) {
                let written = value.write(Language::Python).unwrap();
                prop_assert_eq!(Literal::read(&written), Some(value));
            }
        }
    }
}
