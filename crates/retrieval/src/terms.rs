//! The words that matter in a question about code: identifiers taken apart, endings cut, synonyms brought together, and a
//! weight for each by how much it tells. No search here.

mod vocabulary;

use std::collections::HashSet;
use std::sync::LazyLock;

use domain::Language;

use vocabulary::{ASKING, COMMON, FOREIGN, STOP, SYNONYMS};

/// Terms taken from one text at most; the rest of a longer one says little about what is asked.
const TERMS_MAX: usize = 64;

/// Weight of a word that any question about code may hold, such as `list`, against 1 for one that tells more.
const COMMON_WEIGHT: f32 = 0.45;

/// Weight of a word that only says that code or an answer is wanted, such as `function`.
const ASKING_WEIGHT: f32 = 0.1;

/// A word brought to its plain form.
#[derive(Debug, Clone, PartialEq)]
pub struct Term {
    /// Lower case, ending cut, synonym replaced.
    pub text: String,
    /// How much it tells, above 0 and at most 1.
    pub weight: f32,
    /// Whether it names something particular of the field, such as `huffman` or `oauth`: an item without it is another thing.
    pub is_specialist: bool,
}

/// Plain forms of the words that name something particular.
static SPECIALIST: LazyLock<HashSet<String>> = LazyLock::new(|| {
    let list = include_str!("terms/specialist.txt");
    list.split_whitespace().map(plain_form).collect()
});

/// The distinct terms of a text in the order they come; stop words and names of languages are left out.
pub fn find_terms(text: &str) -> Vec<Term> {
    let mut terms: Vec<Term> = Vec::new();
    for word in words(text) {
        if STOP.contains(&word.as_str()) || names_language(&word).is_some() {
            continue;
        }
        let text = plain_form(&word);
        let term = Term {
            weight: weight_of(&word),
            is_specialist: SPECIALIST.contains(&text),
            text,
        };
        if !terms.iter().any(|held| held.text == term.text) {
            terms.push(term);
        }
        if terms.len() == TERMS_MAX {
            break;
        }
    }
    terms
}

/// The plain form of every word in the first `bytes_max` bytes of a text.
pub fn list_forms(text: &str, bytes_max: usize) -> HashSet<String> {
    let text = text.get(..text.floor_char_boundary(bytes_max));
    let words = words(text.unwrap_or_default());
    words.iter().map(|word| plain_form(word)).collect()
}

/// Whether a question names a programming language that no item can be in.
pub fn names_foreign_language(text: &str) -> bool {
    words(text)
        .iter()
        .any(|word| FOREIGN.contains(&word.as_str()))
}

/// The words worth handing to a full-text search, as written, identifiers also in parts.
pub fn search_words(text: &str) -> String {
    let mut chosen: Vec<String> = Vec::new();
    for word in words(text) {
        let telling = !STOP.contains(&word.as_str()) && !ASKING.contains(&word.as_str());
        if telling && !chosen.contains(&word) {
            chosen.push(word);
        }
        if chosen.len() == TERMS_MAX {
            break;
        }
    }
    chosen.join(" ")
}

/// The words of a text in lower case; `snake_case` and `camelCase` come in parts.
pub fn words(text: &str) -> Vec<String> {
    let text = text.replace("C++", "cpp").replace("c++", "cpp");
    text.split(|c: char| !c.is_alphanumeric())
        .flat_map(split_camel_case)
        .filter(|word| !word.is_empty())
        .collect()
}

/// The identifiers of a text as written: runs of letters, digits and `_` that hold a `_` or a capital after a small letter.
pub fn identifiers(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| !c.is_alphanumeric() && c != '_')
        .filter(|word| {
            let inner = word.trim_matches('_');
            inner.contains('_') || split_camel_case(inner).len() > 1
        })
}

/// The programming language a question names. `go` and `c` are ordinary words, so they count after `in`, `with`, `using`
/// or `for` only, at the end of what is said about them.
pub fn find_language(text: &str) -> Option<Language> {
    let words = words(text);
    words.iter().enumerate().find_map(|(at, word)| {
        names_language(word).or_else(|| {
            let before = at.checked_sub(1).and_then(|before| words.get(before));
            let introduced =
                before.is_some_and(|word| ["in", "using", "with", "for"].contains(&word.as_str()));
            match word.as_str() {
                "go" if introduced => Some(Language::Go),
                "c" if introduced => Some(Language::C),
                _ => None,
            }
        })
    })
}

/// The language a single unmistakable word names.
fn names_language(word: &str) -> Option<Language> {
    match word {
        "python" | "python3" | "py" => Some(Language::Python),
        "javascript" | "js" | "node" | "nodejs" => Some(Language::JavaScript),
        "typescript" | "ts" => Some(Language::TypeScript),
        "cpp" => Some(Language::Cpp),
        "sql" | "sqlite" | "postgresql" => Some(Language::Sql),
        "rust" => Some(Language::Rust),
        "java" => Some(Language::Java),
        "golang" => Some(Language::Go),
        _ => None,
    }
}

fn weight_of(word: &str) -> f32 {
    if ASKING.contains(&word) {
        ASKING_WEIGHT
    } else if COMMON.contains(&word) || COMMON.contains(&cut_plural(word)) {
        COMMON_WEIGHT
    } else {
        1.0
    }
}

fn plain_form(word: &str) -> String {
    let stem = stem(word);
    SYNONYMS
        .iter()
        .find(|(from, _)| *from == word || *from == cut_plural(word))
        .map_or(stem, |(_, to)| self::stem(to))
}

/// Splits before a capital that follows a small letter or digit, and before the last capital of a run that a small letter
/// follows: `parseHTTPHeader` gives `parse`, `http`, `header`.
fn split_camel_case(word: &str) -> Vec<String> {
    let chars: Vec<char> = word.chars().collect();
    let mut parts = Vec::new();
    let mut part = String::new();
    for (at, c) in chars.iter().enumerate() {
        let after_small = at > 0 && (chars[at - 1].is_lowercase() || chars[at - 1].is_numeric());
        let before_small = at > 0
            && chars[at - 1].is_uppercase()
            && chars.get(at + 1).is_some_and(|next| next.is_lowercase());
        if c.is_uppercase() && (after_small || before_small) {
            parts.push(std::mem::take(&mut part));
        }
        part.extend(c.to_lowercase());
    }
    parts.push(part);
    parts
}

fn cut_plural(word: &str) -> &str {
    let kept = ["ss", "us", "is"].iter().any(|end| word.ends_with(end));
    if kept || word.len() < 4 {
        return word;
    }
    word.strip_suffix('s').unwrap_or(word)
}

/// Cuts English endings so that forms of a word meet; what is left need not be a word.
fn stem(word: &str) -> String {
    if let Some(stem) = word.strip_suffix("ies").filter(|stem| stem.len() >= 2) {
        return format!("{stem}y");
    }
    let singular = ["sses", "xes", "ches", "shes", "zes"]
        .iter()
        .find(|end| word.ends_with(*end))
        .and_then(|_| word.strip_suffix("es"))
        .unwrap_or_else(|| cut_plural(word));
    let bare = ["ing", "ed"].iter().find_map(|end| {
        singular
            .strip_suffix(end)
            .filter(|stem| stem.len() >= 3 && stem.contains(['a', 'e', 'i', 'o', 'u', 'y']))
    });
    let bare = bare.map_or(singular, undouble);
    bare.strip_suffix('e')
        .filter(|stem| stem.len() >= 3)
        .unwrap_or(bare)
        .to_owned()
}

/// `stopp` becomes `stop`; `call` stays.
fn undouble(stem: &str) -> &str {
    let mut ends = stem.chars().rev();
    match (ends.next(), ends.next()) {
        (Some(last), Some(before)) if last == before && !"lsz".contains(last) => {
            stem.strip_suffix(last).unwrap_or(stem)
        }
        _ => stem,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(text: &str) -> Vec<String> {
        find_terms(text).into_iter().map(|term| term.text).collect()
    }

    #[test]
    fn identifiers_come_in_parts() {
        assert_eq!(
            words("parseHTTPHeader of read_csv2"),
            ["parse", "http", "header", "of", "read", "csv2"]
        );
        assert_eq!(
            identifiers("use has_close_elements or toSnakeCase, not Python").collect::<Vec<_>>(),
            ["has_close_elements", "toSnakeCase"]
        );
    }

    #[test]
    fn forms_and_synonyms_of_a_word_meet() {
        assert_eq!(texts("reversing strings"), texts("reverse a string"));
        assert_eq!(texts("the largest value"), texts("maximum values"));
        assert_eq!(texts("stopped queries"), texts("stop query"));
        assert_ne!(texts("class"), texts("clas"));
    }

    #[test]
    fn words_that_only_ask_tell_little() {
        let terms = find_terms("please write a function that finds a palindrome in a list");
        let weight = |text: &str| {
            terms
                .iter()
                .find(|term| term.text == text)
                .map(|t| t.weight)
        };
        assert_eq!(weight("palindrom"), Some(1.0));
        assert!(weight("list").unwrap() < 1.0);
        assert!(weight("function").unwrap() < weight("list").unwrap());
        assert_eq!(weight("a"), None);
    }

    #[test]
    fn words_of_the_field_are_told_from_others() {
        let terms = find_terms("huffman codes for my grandmother");
        let special: Vec<bool> = terms.iter().map(|term| term.is_specialist).collect();
        assert_eq!(special, [true, false, false]);
        assert!(names_foreign_language("quicksort in Haskell"));
        assert!(!names_foreign_language("quicksort in rust"));
    }

    #[test]
    fn a_language_is_found_where_it_is_meant() {
        assert_eq!(find_language("binary search in C++"), Some(Language::Cpp));
        assert_eq!(find_language("a queue in go"), Some(Language::Go));
        assert_eq!(find_language("go through a list"), None);
        assert_eq!(find_language("vitamin c"), None);
    }

    #[test]
    fn odd_text_is_read_without_harm() {
        for text in [
            "",
            "   ",
            "\u{0}",
            "ẞ İ ǅ",
            "é_é",
            "👍🏽",
            "___",
            "ss",
            "ies",
            "ing",
        ] {
            assert!(find_terms(text).len() <= 4, "{text:?}");
        }
        assert_eq!(find_terms(&"word1 ".repeat(100_000)).len(), 1);
        let many: Vec<String> = (0..1000).map(|n| format!("w{n}")).collect();
        assert_eq!(find_terms(&many.join(" ")).len(), TERMS_MAX);
    }
}
