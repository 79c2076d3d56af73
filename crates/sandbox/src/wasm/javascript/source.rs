//! Makes scripts of what people write: module syntax becomes `require`, and tests become one asynchronous function. Lines stay
//! where they are, so that errors name the right ones.

/// A program as the guest evaluates it.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Script {
    /// Its code, of as many lines as before.
    pub(super) code: String,
    /// Whether it was a module, which is strict.
    pub(super) is_module: bool,
    /// Whether it may wait at its top level.
    pub(super) may_wait: bool,
}

/// The program as a script: `import` and `export` at its top level are rewritten.
pub(super) fn script_of(program: &str) -> Script {
    let (code, is_module) = without_module_syntax(program);
    Script {
        may_wait: program.contains("await"),
        code,
        is_module,
    }
}

/// The tests as a function of `assert`, `console` and `require`; `last` is run after them.
pub(super) fn function_of(tests: &str, last: &str) -> String {
    let (code, _) = without_module_syntax(tests);
    let code = with_waiting(&code);
    format!("(async (assert, console, require) => {{{{{code}\n;{last}\n}}}})")
}

/// Whether `name` can be called: `f`, or `module.f`.
pub(super) fn is_path(name: &str) -> bool {
    !name.is_empty()
        && name.split('.').all(|part| {
            let mut characters = part.chars();
            characters
                .next()
                .is_some_and(|first| first.is_alphabetic() || "_$".contains(first))
                && characters.all(|other| other.is_alphanumeric() || "_$".contains(other))
        })
}

/// Where a line stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct LineStart {
    /// Byte at which it begins.
    at: usize,
    /// Whether a statement of the top level may begin there.
    is_statement: bool,
}

/// The beginnings of lines, with what strings, comments, templates and brackets make of them.
fn line_starts(code: &str) -> Vec<LineStart> {
    let mut scan = Scan::default();
    let mut starts = vec![LineStart {
        at: 0,
        is_statement: true,
    }];
    let bytes = code.as_bytes();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let next = bytes.get(at + 1).copied();
        at += scan.step(byte, next);
        if byte == b'\n' {
            starts.push(LineStart {
                at,
                is_statement: scan.is_at_statement(),
            });
        }
    }
    starts
}

/// What the scanner is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Inside {
    #[default]
    Code,
    Text(u8),
    Pattern {
        is_class: bool,
    },
    LineComment,
    BlockComment,
}

#[derive(Debug, Default)]
struct Scan {
    inside: Inside,
    depth: usize,
    /// Depths at which a template goes on after `${ … }`.
    templates: Vec<usize>,
    /// Whether the byte to come stands for itself, after a backslash.
    is_escaped: bool,
    /// The last byte of code that was not white space.
    last: u8,
    /// The word being read, or the last one.
    word: Vec<u8>,
}

impl Scan {
    /// Takes `byte` in; how many bytes were taken.
    fn step(&mut self, byte: u8, next: Option<u8>) -> usize {
        match self.inside {
            Inside::LineComment if byte == b'\n' => self.inside = Inside::Code,
            Inside::BlockComment if byte == b'*' && next == Some(b'/') => {
                self.inside = Inside::Code;
                return 2;
            }
            Inside::LineComment | Inside::BlockComment => {}
            Inside::Text(_) | Inside::Pattern { .. } if self.is_escaped => self.is_escaped = false,
            Inside::Text(_) | Inside::Pattern { .. } if byte == b'\\' => self.is_escaped = true,
            Inside::Text(b'`') if byte == b'$' && next == Some(b'{') => {
                self.templates.push(self.depth);
                self.depth += 1;
                self.inside = Inside::Code;
                self.last = b'{';
                return 2;
            }
            Inside::Text(mark) => {
                if byte == mark || (byte == b'\n' && mark != b'`') {
                    self.inside = Inside::Code;
                    self.last = mark;
                }
            }
            Inside::Pattern { is_class } => match byte {
                b'[' => self.inside = Inside::Pattern { is_class: true },
                b']' => self.inside = Inside::Pattern { is_class: false },
                b'/' if !is_class => {
                    self.inside = Inside::Code;
                    self.last = b')';
                }
                b'\n' => self.inside = Inside::Code,
                _ => {}
            },
            Inside::Code => return self.step_in_code(byte, next),
        }
        1
    }

    fn step_in_code(&mut self, byte: u8, next: Option<u8>) -> usize {
        match (byte, next) {
            (b'/', Some(b'/')) => {
                self.inside = Inside::LineComment;
                return 2;
            }
            (b'/', Some(b'*')) => {
                self.inside = Inside::BlockComment;
                return 2;
            }
            (b'/', _) if self.may_begin_pattern() => {
                self.inside = Inside::Pattern { is_class: false };
            }
            (b'"' | b'\'' | b'`', _) => self.inside = Inside::Text(byte),
            (b'(' | b'[' | b'{', _) => self.depth += 1,
            (b')' | b']' | b'}', _) => {
                self.depth = self.depth.saturating_sub(1);
                if byte == b'}' && self.templates.last() == Some(&self.depth) {
                    self.templates.pop();
                    self.inside = Inside::Text(b'`');
                    return 1;
                }
            }
            _ => {}
        }
        let is_word = byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80;
        if is_word {
            if !is_word_byte(self.last) || self.word.len() > 16 {
                self.word.clear();
            }
            self.word.push(byte);
        }
        if !byte.is_ascii_whitespace() {
            self.last = byte;
        } else if is_word_byte(self.last) && byte != b'\n' {
            // The next word is another one.
            self.last = b' ';
        }
        1
    }

    fn may_begin_pattern(&self) -> bool {
        let after_word = is_word_byte(self.last) || self.last == b' ';
        if after_word {
            let words: [&[u8]; 7] = [
                b"return", b"typeof", b"case", b"in", b"of", b"void", b"await",
            ];
            return words.contains(&self.word.as_slice());
        }
        !matches!(self.last, b')' | b']' | b'}' | b'"' | b'\'' | b'`')
    }

    fn is_at_statement(&self) -> bool {
        self.inside == Inside::Code && self.depth == 0 && !b"=+-*/%&|^<>?:,.!~".contains(&self.last)
    }
}

fn is_word_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'$' || byte >= 0x80
}

/// `code` with `import` and `export` at the top level rewritten, and whether there were any.
fn without_module_syntax(code: &str) -> (String, bool) {
    let mut out = String::with_capacity(code.len());
    let mut is_module = false;
    let mut done = 0;
    for start in line_starts(code) {
        if !start.is_statement || start.at < done {
            continue;
        }
        let rest = code.get(start.at..).unwrap_or_default();
        let Some((used, text)) = rewrite_import(rest).or_else(|| rewrite_export(rest)) else {
            continue;
        };
        is_module = true;
        out.push_str(code.get(done..start.at).unwrap_or_default());
        let lines = |text: &str| text.matches('\n').count();
        let taken = rest.get(..used).unwrap_or_default();
        let missing = lines(taken).saturating_sub(lines(&text));
        out.push_str(&text);
        out.push_str(&"\n".repeat(missing));
        done = start.at + used;
    }
    out.push_str(code.get(done..).unwrap_or_default());
    (out, is_module)
}

/// For a text that begins with an import: its length, and what stands for it.
fn rewrite_import(text: &str) -> Option<(usize, String)> {
    let rest = text.strip_prefix("import")?;
    if !rest.starts_with([' ', '{', '"', '\'', '*']) {
        return None;
    }
    let open = rest.find(['"', '\''])?;
    let mark = rest.get(open..=open)?;
    let name_end = rest.get(open + 1..)?.find(mark)? + open + 1;
    let module = rest.get(open + 1..name_end)?;
    let names = rest.get(..open)?.trim();
    let used = "import".len() + name_end + 1;
    if module.contains(['\n', '\\']) || names.contains([';', '(', '=']) {
        return None;
    }
    let required = format!("require('{module}')");
    let Some(names) = names.strip_suffix("from") else {
        return names.is_empty().then_some((used, format!("{required};")));
    };
    let (alone, braced) = match names.split_once('{') {
        Some((alone, braced)) => (alone, braced.trim_end().strip_suffix('}')?),
        None => (names, ""),
    };
    let mut parts = Vec::new();
    for name in alone
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
    {
        let name = name.strip_prefix("* as ").unwrap_or(name).trim();
        parts.push(format!("{name} = {required}"));
    }
    let names: Vec<_> = braced
        .split(',')
        .map(str::trim)
        .filter(|name| !name.is_empty())
        .map(|name| match name.split_once(" as ") {
            Some((name, own)) => format!("{}: {}", name.trim(), own.trim()),
            None => name.to_owned(),
        })
        .collect();
    if !names.is_empty() {
        parts.push(format!("{{ {} }} = {required}", names.join(", ")));
    }
    Some((used, format!("const {};", parts.join(", "))))
}

/// For a text that begins with an export: its length, and what stands for it.
fn rewrite_export(text: &str) -> Option<(usize, String)> {
    let rest = text.strip_prefix("export")?;
    if let Some(value) = rest.strip_prefix(" default ") {
        let mut words = value.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        let first = words.next().unwrap_or_default();
        let second = words.next().unwrap_or_default();
        let is_named = matches!(first, "function" | "class" | "async") && !second.is_empty();
        let put = if is_named {
            ""
        } else {
            "module.exports.default = "
        };
        return Some(("export default ".len(), put.to_owned()));
    }
    let trimmed = rest.trim_start();
    if rest.len() > trimmed.len() {
        let declared = ["const ", "let ", "var ", "function", "class ", "async "];
        if declared.iter().any(|word| trimmed.starts_with(word)) {
            return Some((text.len() - trimmed.len(), String::new()));
        }
    }
    if trimmed.starts_with(['{', '*']) {
        let end = trimmed.find('}').map_or(0, |at| at + 1);
        let line_end = trimmed.get(end..)?.find(['\n', ';']).map(|at| at + end);
        let left = line_end.map_or(0, |at| trimmed.len() - at);
        return Some((text.len() - left, String::new()));
    }
    None
}

/// Waits for the asynchronous functions that tests call on a line of their own, since what happens in them is part of the tests.
fn with_waiting(code: &str) -> String {
    let mut out = String::with_capacity(code.len() + 64);
    let mut done = 0;
    for start in line_starts(code) {
        let rest = code.get(start.at..).unwrap_or_default();
        let name: &str = rest.split('(').next().unwrap_or_default();
        let is_called = rest.starts_with("(async ")
            || rest.starts_with("(async(")
            || (is_path(name) && !name.contains('.') && is_async_function(code, name));
        if start.is_statement && is_called {
            out.push_str(code.get(done..start.at).unwrap_or_default());
            out.push_str("await ");
            done = start.at;
        }
    }
    out.push_str(code.get(done..).unwrap_or_default());
    out
}

fn is_async_function(code: &str, name: &str) -> bool {
    [
        format!("async function {name}("),
        format!("{name} = async "),
        format!("{name} = async("),
    ]
    .iter()
    .any(|text| code.contains(text.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rewritten(code: &str) -> String {
        let script = script_of(code);
        assert_eq!(
            script.code.matches('\n').count(),
            code.matches('\n').count(),
            "lines moved: {}",
            script.code
        );
        script.code
    }

    #[test]
    fn imports_become_requires() {
        for (code, expected) in [
            (
                "import assert from 'node:assert';",
                "const assert = require('node:assert');;",
            ),
            (
                "import * as util from \"util\"",
                "const util = require('util');",
            ),
            (
                "import fs, { a, b as c } from 'fs';",
                "const fs = require('fs'), { a, b: c } = require('fs');;",
            ),
            ("import 'x';", "require('x');;"),
            (
                "import {\n  a,\n} from 'm';\na",
                "const { a } = require('m');\n\n;\na",
            ),
        ] {
            assert_eq!(rewritten(code), expected);
            assert!(script_of(code).is_module);
        }
    }

    #[test]
    fn exports_become_plain() {
        for (code, expected) in [
            ("export const a = 1;", "const a = 1;"),
            ("export default function f() {}", "function f() {}"),
            ("export default class A {}", "class A {}"),
            ("export default f;", "module.exports.default = f;"),
            (
                "export default () => 1;",
                "module.exports.default = () => 1;",
            ),
            ("f();\nexport { f, g };\ng()", "f();\n;\ng()"),
            ("export async function f() {}", "async function f() {}"),
        ] {
            assert_eq!(rewritten(code), expected);
        }
    }

    #[test]
    fn what_only_looks_like_module_syntax_stays() {
        for code in [
            "const a = `\nimport x from 'y'\n`;",
            "/*\nexport default 1\n*/",
            "const t = 'a\\\nimport b from \"c\"';",
            "import('x').then(f)",
            "function f() {\nexport_all();\n}",
            "const r = /[/`]/;\nconst s = `${`\nimport a from 'b'`}`;",
            "important('x')",
        ] {
            assert_eq!(script_of(code).code, code);
            assert!(!script_of(code).is_module, "{code}");
        }
    }

    #[test]
    fn tests_wait_for_what_they_start() {
        let function = function_of("(async () => {\n  f();\n})();", "");
        assert!(function.contains("{{await (async"), "{function}");
        let function = function_of("async function main() {}\nmain();\nother();", "");
        assert!(function.contains("\nawait main();\nother();"), "{function}");
        let function = function_of("const x =\n(async () => 1)();", "check(f)");
        assert!(!function.contains("await (async"), "{function}");
        assert!(function.ends_with(";check(f)\n}})"), "{function}");
    }

    #[test]
    fn a_path_is_names_only() {
        assert!(is_path("f") && is_path("Solution.f_$1"));
        for name in ["", "f()", "a b", "1a", "a.", "f;g"] {
            assert!(!is_path(name), "{name}");
        }
    }
}
