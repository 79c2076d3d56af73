//! Tells the language of code by what its grammars accept and by words only some languages use. Prose has no language.

use domain::language::Language;

use crate::parse;

/// Bytes that are looked at: enough to tell, few enough to parse nine times.
pub(crate) const BYTES_MAX: usize = 8 * 1024;

/// Evidence a language needs before it is named.
const SCORE_MIN: f32 = 1.8;

/// Share of the text that may lie inside parse errors.
const ERROR_SHARE_MAX: f32 = 0.4;

/// Evidence that even prose full of code words does not reach: such text may be broken code.
const STRONG_EVIDENCE: f32 = 5.0;

/// What broken code has to keep of its evidence, and the share that may be wrong.
const BROKEN_SCORE_MIN: f32 = 0.5;
const BROKEN_ERROR_SHARE_MAX: f32 = 0.8;

/// Where a cue has to stand.
#[derive(Clone, Copy)]
enum At {
    /// At the start of a line, after indentation.
    Start,
    Anywhere,
    /// At the end of a line.
    End,
}

type Cue = (At, &'static str, f32);

const PYTHON: &[Cue] = &[
    (At::Start, "def ", 3.0),
    (At::Start, "from ", 0.6),
    (At::Start, "import ", 0.8),
    (At::Start, "elif ", 3.0),
    (At::Start, "except", 2.0),
    (At::Start, "async def ", 4.0),
    (At::Start, "@", 0.5),
    (At::End, ":", 1.0),
    (At::Anywhere, "self.", 1.5),
    (At::Anywhere, "None", 1.5),
    (At::Anywhere, "True", 1.0),
    (At::Anywhere, "False", 1.0),
    (At::Anywhere, " not in ", 1.5),
    (At::Anywhere, "len(", 0.8),
    (At::Anywhere, "print(", 1.2),
    (At::Anywhere, "lambda ", 2.0),
    (At::Anywhere, "range(", 1.5),
    (At::Start, "return ", 0.4),
    (At::Anywhere, "\"\"\"", 1.5),
    (At::Anywhere, ".append(", 1.0),
    (At::Anywhere, " for ", 0.3),
    (At::Anywhere, "__", 1.0),
    (At::End, ";", -1.5),
    (At::End, "{", -1.5),
    (At::End, "}", -1.0),
    (At::Anywhere, " = ", 0.5),
    (At::Anywhere, "sorted(", 1.0),
    (At::Start, "raise ", 2.0),
    (At::Anywhere, "pd.", 1.0),
    (At::Anywhere, "np.", 1.0),
    (At::Anywhere, " and ", 0.3),
    (At::Start, "with ", 0.4),
    (At::Start, "yield ", 1.0),
];
const JAVASCRIPT: &[Cue] = &[
    (At::Start, "function ", 3.0),
    (At::Start, "async function ", 4.0),
    (At::Start, "const ", 1.8),
    (At::Start, "let ", 1.2),
    (At::Start, "var ", 1.2),
    (At::Anywhere, "=>", 2.0),
    (At::Anywhere, "===", 3.0),
    (At::Anywhere, "!==", 3.0),
    (At::Anywhere, "console.", 4.0),
    (At::Anywhere, "require(", 3.0),
    (At::Start, "export ", 3.0),
    (At::Anywhere, "Math.", 1.5),
    (At::Anywhere, "document.", 2.5),
    (At::Anywhere, "this.", 0.8),
    (At::Anywhere, ".length", 0.8),
    (At::Anywhere, "await ", 0.6),
    (At::Anywhere, "undefined", 2.0),
    (At::Anywhere, "null", 0.4),
    (At::Anywhere, ".push(", 0.8),
    (At::Anywhere, " from '", 3.0),
    (At::Anywhere, " from \"", 3.0),
    (At::End, ";", 0.4),
    (At::Anywhere, "typeof ", 2.0),
    (At::Anywhere, "JSON.", 2.5),
    (At::Anywhere, "function(", 2.5),
    (At::Anywhere, "function (", 2.5),
    (At::Anywhere, "${", 2.0),
    (At::Anywhere, ":=", -3.0),
    (At::Anywhere, "#include", -5.0),
    (At::Anywhere, "let mut ", -4.0),
    (At::Start, "constructor(", 2.5),
    (At::Start, "} catch (", 0.5),
];
const TYPESCRIPT_ONLY: &[Cue] = &[
    (At::Anywhere, ": number", 3.0),
    (At::Anywhere, ": string", 3.0),
    (At::Anywhere, ": boolean", 3.0),
    (At::Anywhere, "): void", 3.0),
    (At::Anywhere, ": any", 2.0),
    (At::Start, "interface ", 2.0),
    (At::Start, "export interface ", 4.0),
    (At::Start, "type ", 1.5),
    (At::Anywhere, "readonly ", 3.0),
    (At::Anywhere, " as const", 3.0),
    (At::Anywhere, ": Promise<", 4.0),
    (At::Anywhere, "[]): ", 3.0),
    (At::Anywhere, ": Array<", 3.0),
    (At::Anywhere, "Record<", 2.0),
    (At::Start, "enum ", 0.8),
    (At::Anywhere, "implements ", 0.5),
    (At::Start, "export type ", 4.0),
    (At::Anywhere, "unknown", 0.5),
];
const C: &[Cue] = &[
    (At::Start, "#include", 3.0),
    (At::Anywhere, ".h>", 2.0),
    (At::Anywhere, "printf(", 2.0),
    (At::Anywhere, "malloc(", 2.5),
    (At::Anywhere, "int main(", 2.5),
    (At::Start, "struct ", 1.0),
    (At::Anywhere, "->", 0.8),
    (At::Anywhere, "NULL", 2.0),
    (At::Anywhere, "char *", 2.0),
    (At::Anywhere, "int *", 2.0),
    (At::Anywhere, "sizeof", 1.5),
    (At::Start, "int ", 1.2),
    (At::Start, "void ", 1.0),
    (At::Start, "char ", 1.2),
    (At::Start, "double ", 0.8),
    (At::Start, "float ", 0.8),
    (At::Start, "size_t ", 1.5),
    (At::Start, "unsigned ", 1.5),
    (At::Start, "static ", 0.5),
    (At::Start, "typedef ", 3.0),
    (At::Start, "#define", 3.0),
    (At::End, ";", 0.3),
    (At::Anywhere, "scanf(", 2.5),
    (At::Start, "bool ", 0.8),
    (At::Start, "long ", 0.8),
    (At::Anywhere, "System.", -4.0),
    (At::Start, "import ", -3.0),
    (At::Anywhere, "String ", -1.5),
    (At::Start, "public ", -2.5),
    (At::Anywhere, "(int ", 0.6),
    (At::Anywhere, "fn ", -2.0),
    (At::Anywhere, "=>", -2.0),
];
const CPP_ONLY: &[Cue] = &[
    (At::Anywhere, "std::", 3.0),
    (At::Anywhere, "<vector>", 4.0),
    (At::Anywhere, "<iostream>", 4.0),
    (At::Anywhere, "<string>", 3.0),
    (At::Start, "using ", 2.0),
    (At::Anywhere, "vector<", 2.5),
    (At::Anywhere, "cout", 3.0),
    (At::Start, "public:", 3.0),
    (At::Start, "private:", 3.0),
    (At::Start, "template", 3.0),
    (At::Anywhere, "nullptr", 3.0),
    (At::Start, "auto ", 1.5),
    (At::Anywhere, "(auto ", 2.0),
    (At::Start, "string ", 2.0),
    (At::Anywhere, "bits/stdc++", 4.0),
    (At::Anywhere, "map<", 1.0),
    (At::Anywhere, "const string&", 2.0),
    (At::Anywhere, "::", 0.8),
    (At::Start, "class ", 1.0),
    (At::Anywhere, ".push_back(", 2.5),
    (At::Start, "namespace ", 2.0),
    (At::Anywhere, ".size()", 0.8),
    (At::Anywhere, "virtual ", 2.0),
    (At::Anywhere, "string s", 1.0),
    (At::Anywhere, "& ", 0.3),
];
const RUST: &[Cue] = &[
    (At::Start, "fn ", 4.0),
    (At::Start, "pub ", 2.0),
    (At::Anywhere, "let mut ", 4.0),
    (At::Start, "let ", 1.0),
    (At::Start, "impl", 2.5),
    (At::Start, "use ", 1.5),
    (At::Anywhere, "println!", 4.0),
    (At::Anywhere, "&str", 2.5),
    (At::Anywhere, "Vec<", 2.0),
    (At::Anywhere, ".iter()", 2.0),
    (At::Anywhere, "&mut ", 2.5),
    (At::Anywhere, "Some(", 1.5),
    (At::Anywhere, "Ok(", 1.5),
    (At::Anywhere, "::new(", 1.0),
    (At::Anywhere, "i32", 1.5),
    (At::Anywhere, "usize", 2.0),
    (At::Start, "#[", 3.0),
    (At::Start, "match ", 1.0),
    (At::Anywhere, ".unwrap()", 2.5),
    (At::Anywhere, " => ", 0.6),
    (At::Anywhere, "vec![", 3.0),
    (At::Anywhere, ".collect", 1.5),
    (At::Anywhere, "-> ", 0.8),
    (At::Anywhere, "===", -4.0),
    (At::Start, "mod ", 1.5),
    (At::Anywhere, "?;", 2.0),
    (At::Start, "struct ", 0.8),
    (At::Anywhere, "console.", -4.0),
    (At::Anywhere, "u64", 1.0),
    (At::Start, "enum ", 0.8),
];
const JAVA: &[Cue] = &[
    (At::Start, "public ", 2.0),
    (At::Start, "private ", 1.5),
    (At::Start, "protected ", 1.5),
    (At::Start, "import java", 5.0),
    (At::Anywhere, "System.out", 4.0),
    (At::Anywhere, "public class ", 3.0),
    (At::Anywhere, "static void main", 3.0),
    (At::Start, "@Override", 4.0),
    (At::Anywhere, "String ", 1.5),
    (At::Anywhere, "List<", 1.0),
    (At::Anywhere, "ArrayList", 2.0),
    (At::Anywhere, " throws ", 2.0),
    (At::Anywhere, "final ", 0.8),
    (At::Anywhere, "new ", 0.4),
    (At::Start, "class ", 0.8),
    (At::End, ";", 0.3),
    (At::Anywhere, "Integer", 1.0),
    (At::Start, "package ", 0.5),
    (At::Anywhere, ".equals(", 2.0),
    (At::Start, "int ", 0.8),
    (At::Anywhere, ".length()", 1.0),
    (At::Anywhere, "boolean ", 1.5),
    (At::Anywhere, "std::", -4.0),
    (At::Start, "#include", -5.0),
    (At::Anywhere, ": number", -3.0),
    (At::Anywhere, ": string", -3.0),
    (At::Start, "static ", 0.8),
    (At::Anywhere, "function ", -3.0),
];
const GO: &[Cue] = &[
    (At::Start, "package ", 3.0),
    (At::Start, "func ", 4.0),
    (At::Anywhere, ":=", 3.0),
    (At::Anywhere, "fmt.", 3.0),
    (At::Anywhere, "nil", 1.5),
    (At::Anywhere, "chan ", 2.0),
    (At::Anywhere, "go func", 3.0),
    (At::Start, "defer ", 2.5),
    (At::Start, "import (", 3.0),
    (At::Anywhere, "[]int", 1.5),
    (At::Anywhere, "[]string", 2.0),
    (At::Anywhere, "make(", 1.0),
    (At::Anywhere, " range ", 1.5),
    (At::Start, "type ", 0.8),
    (At::Anywhere, "strings.", 1.5),
    (At::End, ";", -0.5),
    (At::Anywhere, "append(", 0.5),
    (At::Anywhere, "map[string]", 2.5),
    (At::Anywhere, "struct {", 1.0),
    (At::Start, "go ", 0.5),
];
const SQL: &[Cue] = &[
    (At::Start, "select ", 2.5),
    (At::Anywhere, " from ", 1.0),
    (At::Start, "from ", 1.0),
    (At::Start, "insert into ", 4.0),
    (At::Start, "update ", 1.5),
    (At::Start, "delete from ", 4.0),
    (At::Start, "create table ", 4.0),
    (At::Start, "create view ", 4.0),
    (At::Start, "create index ", 4.0),
    (At::Start, "create unique index ", 4.0),
    (At::Start, "alter table ", 4.0),
    (At::Start, "drop table ", 4.0),
    (At::Start, "with ", 0.8),
    (At::Start, "where ", 1.0),
    (At::Anywhere, "group by ", 2.0),
    (At::Anywhere, "order by ", 1.5),
    (At::Anywhere, " join ", 1.5),
    (At::Start, "left join ", 2.0),
    (At::Start, "join ", 1.5),
    (At::Anywhere, "select *", 1.5),
    (At::Anywhere, " set ", 0.8),
    (At::Anywhere, "varchar", 2.0),
    (At::Anywhere, "primary key", 2.0),
    (At::Anywhere, "{", -2.0),
    (At::Anywhere, "values", 0.8),
    (At::Start, "select", 0.6),
];

/// The language of `code`; `None` when nothing speaks for one.
pub(crate) fn detect(code: &str) -> Option<Language> {
    if code.trim().is_empty() {
        return None;
    }
    let mut best: Option<(Language, f32)> = None;
    for language in Language::ALL {
        let evidence = evidence(language, code);
        if evidence < SCORE_MIN || best.is_some_and(|(_, score)| evidence <= score) {
            continue;
        }
        let error_share = error_share(language, code);
        let score = evidence * (1.0 - error_share) - 3.0 * error_share;
        let is_better = best.is_none_or(|(_, other)| score > other);
        let (score_min, share_max) = if evidence >= STRONG_EVIDENCE {
            (BROKEN_SCORE_MIN, BROKEN_ERROR_SHARE_MAX)
        } else {
            (SCORE_MIN, ERROR_SHARE_MAX)
        };
        if error_share <= share_max && score >= score_min && is_better {
            best = Some((language, score));
        }
    }
    best.map(|(language, _)| language)
}

/// How much the words of `code` speak for `language`. A cue counts three times at most: long code proves no more than short.
fn evidence(language: Language, code: &str) -> f32 {
    match language {
        Language::Python => cues(PYTHON, code),
        Language::JavaScript => cues(JAVASCRIPT, code),
        Language::TypeScript => with_dialect(cues(JAVASCRIPT, code), cues(TYPESCRIPT_ONLY, code)),
        Language::Cpp => with_dialect(cues(C, code), cues(CPP_ONLY, code)),
        Language::C => cues(C, code),
        Language::Sql => cues(SQL, &code.to_lowercase()),
        Language::Rust => cues(RUST, code),
        Language::Java => cues(JAVA, code),
        Language::Go => cues(GO, code),
    }
}

/// A language that contains another one needs words of its own.
fn with_dialect(shared: f32, own: f32) -> f32 {
    if own > 0.9 {
        shared.max(0.0) + own
    } else {
        shared - 0.5
    }
}

fn cues(cues: &[Cue], code: &str) -> f32 {
    cues.iter()
        .map(|&(at, cue, weight)| {
            let found = code
                .lines()
                .filter(|line| match at {
                    At::Start => line.trim_start().starts_with(cue),
                    At::Anywhere => line.contains(cue),
                    At::End => line.trim_end().ends_with(cue),
                })
                .take(3)
                .count();
            match found {
                0 => 0.0,
                1 => weight,
                2 => weight * 1.4,
                _ => weight * 1.7,
            }
        })
        .sum()
}

/// Share of `code`, 0 to 1, that lies inside parse errors.
#[expect(
    clippy::cast_precision_loss,
    reason = "the text has at most a few thousand bytes"
)]
fn error_share(language: Language, code: &str) -> f32 {
    let Some(tree) = parse::parse(language, code) else {
        return 1.0;
    };
    let root = tree.root_node();
    if !root.has_error() {
        return 0.0;
    }
    let mut wrong = 0_usize;
    parse::walk(root, |node| {
        if node.is_missing() {
            wrong += 2;
        } else if node.is_error() {
            wrong += node.byte_range().len().max(1);
            return false;
        }
        node.has_error()
    });
    (wrong as f32 / code.trim().len().max(1) as f32).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_code_is_told() {
        for (code, language) in [
            ("print(\"hello\")\nx = len([1, 2])", Language::Python),
            ("squares = [x * x for x in range(10)]", Language::Python),
            ("const a = [1, 2].map((x) => x * 2);", Language::JavaScript),
            ("console.log('hi')", Language::JavaScript),
            (
                "function add(a: number, b: number): number { return a + b; }",
                Language::TypeScript,
            ),
            ("SELECT name FROM users WHERE age > 3", Language::Sql),
            ("delete from notes where id = 4;", Language::Sql),
            ("fn main() { println!(\"hi\"); }", Language::Rust),
            (
                "func add(a int, b int) int {\n\treturn a + b\n}",
                Language::Go,
            ),
            (
                "#include <stdio.h>\nint main(void) { return 0; }",
                Language::C,
            ),
            ("std::vector<int> v; v.push_back(1);", Language::Cpp),
            (
                "public class A { public static void main(String[] args) { System.out.println(1); } }",
                Language::Java,
            ),
        ] {
            assert_eq!(detect(code), Some(language), "{code}");
        }
    }

    #[test]
    fn prose_is_no_language() {
        for text in [
            "",
            "   \n\t",
            "How do I reverse a list in Python?",
            "Write a function that returns the largest number.",
            "Let me know if the function works, and select the best one from the list.",
            "Explain recursion to me like I am five: what is it, and when do I use it?",
            "With love, from me to you.",
            "The import of this package is great; for example, it is fast.",
            "¿Qué es una función?",
        ] {
            assert_eq!(detect(text), None, "{text}");
        }
    }
}
