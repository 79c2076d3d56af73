//! What a sentence says of lines, names and languages, read from its words.

use domain::Language;

/// Words that make a sentence about something other than the code as it is.
const HYPOTHETICAL: [&str; 26] = [
    "could",
    "would",
    "might",
    "should",
    "may",
    "instead",
    "alternatively",
    "alternative",
    "consider",
    "suggest",
    "improve",
    "rename",
    "unlike",
    "similar",
    "like",
    "such",
    "example",
    "imagine",
    "suppose",
    "if",
    "other",
    "another",
    "built-in",
    "builtin",
    "not",
    "no",
];

/// Kinds of things that code gives names to.
const KINDS: [&str; 9] = [
    "function",
    "method",
    "class",
    "variable",
    "parameter",
    "argument",
    "attribute",
    "constant",
    "struct",
];

/// Names that code has without defining them.
const BUILTINS: [&str; 32] = [
    "print",
    "len",
    "range",
    "sorted",
    "sum",
    "min",
    "max",
    "map",
    "filter",
    "enumerate",
    "zip",
    "int",
    "float",
    "str",
    "list",
    "dict",
    "set",
    "tuple",
    "bool",
    "open",
    "input",
    "console",
    "log",
    "Math",
    "parseInt",
    "main",
    "std",
    "printf",
    "println",
    "self",
    "this",
    "None",
];

/// What stands behind a language's name when it says what the code is.
const CODE_NOUNS: [&str; 7] = [
    "code", "function", "program", "script", "snippet", "class", "method",
];

/// Numbers of lines given one after the other at most.
const LINES_READ_MAX: usize = 8;

pub(super) fn is_hypothetical(prose: &str) -> bool {
    let lower = prose.to_lowercase();
    let mut words = lower.split(|c: char| !(c.is_alphanumeric() || c == '-' || c == '_'));
    words.any(|word| HYPOTHETICAL.contains(&word))
}

pub(super) fn is_builtin(name: &str) -> bool {
    name.split('.')
        .next()
        .is_some_and(|head| BUILTINS.contains(&head))
}

/// Whether `name` stands in `prose` as a word of its own.
pub(super) fn has_word(prose: &str, name: &str) -> bool {
    !name.is_empty()
        && prose
            .split(|c: char| !(c.is_alphanumeric() || c == '_'))
            .any(|word| word == name)
}

/// The numbers behind “line” or “lines”.
pub(super) fn lines(prose: &str) -> Vec<u32> {
    let lower = prose.to_lowercase();
    let mut found = Vec::new();
    for (at, word) in lower.match_indices("line") {
        let begins_word = lower
            .get(..at)
            .and_then(|before| before.chars().next_back())
            .is_none_or(|c| !c.is_alphanumeric());
        let rest = lower.get(at + word.len()..).unwrap_or_default();
        let rest = rest.strip_prefix('s').unwrap_or(rest);
        if begins_word && rest.starts_with(' ') {
            found.extend(numbers(rest));
        }
    }
    found
}

/// The numbers that `text` begins with: `3`, `3 to 5`, `3–5`, `3, 4 and 5`.
fn numbers(text: &str) -> Vec<u32> {
    let mut found = Vec::new();
    let mut rest = text.trim_start();
    while found.len() < LINES_READ_MAX {
        let end = rest
            .find(|c: char| !c.is_ascii_digit())
            .unwrap_or(rest.len());
        let (digits, tail) = rest.split_at(end);
        let Ok(number) = digits.parse() else { break };
        found.push(number);
        let tail = tail.trim_start();
        let next = ["-", "–", "to ", "and ", ", ", "through "]
            .iter()
            .find_map(|mark| tail.strip_prefix(mark));
        match next {
            Some(next) => rest = next.trim_start(),
            None => break,
        }
    }
    found
}

/// Kind and name of what is called by both, such as “the function `f`” or “the `f` function”.
pub(super) fn names(prose: &str) -> Vec<(&'static str, String)> {
    let parts: Vec<&str> = prose.split('`').collect();
    let mut found = Vec::new();
    // Every other part stands between back-ticks; a last one without its closing tick does not count.
    for at in (1..parts.len().saturating_sub(1)).step_by(2) {
        let (Some(before), Some(quoted), Some(after)) =
            (parts.get(at - 1), parts.get(at), parts.get(at + 1))
        else {
            continue;
        };
        let name = quoted.split('(').next().unwrap_or_default().trim();
        let is_name = name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name
                .chars()
                .all(|c| c.is_alphanumeric() || matches!(c, '_' | '.' | ':'));
        let last = before.trim_end().rsplit(' ').next().unwrap_or_default();
        let next = after.trim_start().split(' ').next().unwrap_or_default();
        let next = next.trim_end_matches(|c: char| !c.is_alphanumeric());
        let is_kind = |word: &str, kind: &str| word.eq_ignore_ascii_case(kind);
        let kind = KINDS
            .into_iter()
            .find(|kind| is_kind(last, kind) || (after.starts_with(' ') && is_kind(next, kind)));
        if let Some(kind) = kind.filter(|_| is_name) {
            found.push((kind, name.to_owned()));
        }
    }
    found
}

/// The language that a sentence says the code is in, when it is not `own` or one that is hardly told from it.
pub(super) fn language(prose: &str, own: Language) -> Option<Language> {
    let is_kin = |other: Language| {
        matches!(
            (own, other),
            (Language::JavaScript, Language::TypeScript)
                | (Language::TypeScript, Language::JavaScript)
                | (Language::C, Language::Cpp)
                | (Language::Cpp, Language::C)
        )
    };
    let words: Vec<&str> = prose
        .split(|c: char| c.is_whitespace() || matches!(c, ',' | '.' | '`' | '*' | ';'))
        .filter(|word| !word.is_empty())
        .collect();
    if words.contains(&own.title()) {
        return None;
    }
    // SQL is spoken of in code of every language that asks a database.
    let others = Language::ALL
        .into_iter()
        .filter(|other| *other != own && *other != Language::Sql && !is_kin(*other));
    let mut others = others.filter(|other| {
        words.iter().enumerate().any(|(at, word)| {
            let next = words.get(at + 1).copied().unwrap_or_default();
            let before = at.checked_sub(1).and_then(|at| words.get(at)).copied();
            let before_that = at.checked_sub(2).and_then(|at| words.get(at)).copied();
            let is_written = before == Some("in") && before_that == Some("written");
            *word == other.title() && (CODE_NOUNS.contains(&next) || is_written)
        })
    });
    others.next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_lines_are_read() {
        assert_eq!(
            lines("On line 12 and Lines 3 to 5, then lines 7–9."),
            [12, 3, 5, 7, 9]
        );
        assert_eq!(lines("lines 1, 2 and 4"), [1, 2, 4]);
        assert!(lines("Two lines of code in a pipeline 7 long; lined 4").is_empty());
    }

    #[test]
    fn names_count_with_their_kind_alone() {
        assert_eq!(
            names("The function `f(x)` uses the `total` variable and `g`."),
            [
                ("function", "f".to_owned()),
                ("variable", "total".to_owned())
            ]
        );
        assert!(names("It calls `f` in a function; `a + b` function").is_empty());
    }

    #[test]
    fn a_language_counts_when_the_code_is_said_to_be_in_it() {
        let claimed = |prose| language(prose, Language::Python);
        assert_eq!(
            claimed("This JavaScript function adds."),
            Some(Language::JavaScript)
        );
        assert_eq!(claimed("It is written in Java."), Some(Language::Java));
        for prose in [
            "This Python function is like a Java method.",
            "Java has no such thing.",
            "Go through the code.",
            "The SQL code selects rows.",
        ] {
            assert_eq!(claimed(prose), None, "{prose}");
        }
        assert_eq!(language("This C code", Language::Cpp), None);
    }

    #[test]
    fn what_might_be_is_no_claim() {
        assert!(is_hypothetical("You could use the function `sum`."));
        assert!(is_hypothetical("For example, call it twice."));
        assert!(!is_hypothetical("The function `total` adds the prices."));
    }
}
