//! What the words of a message say about its intent and field, without any model. Plain lists and a few rules.

mod vocabulary;

use crate::terms::words;

use vocabulary::{DATA_SCIENCE, PROGRAMMING};

/// A verb that asks for code when it opens a request.
const GENERATE_VERBS: &[&str] = &[
    "add",
    "build",
    "calculate",
    "code",
    "compute",
    "convert",
    "count",
    "create",
    "delete",
    "develop",
    "draw",
    "extract",
    "filter",
    "find",
    "fix",
    "flatten",
    "generate",
    "get",
    "group",
    "implement",
    "insert",
    "list",
    "make",
    "merge",
    "parse",
    "plot",
    "print",
    "program",
    "read",
    "refactor",
    "remove",
    "rename",
    "replace",
    "return",
    "reverse",
    "rewrite",
    "script",
    "select",
    "sort",
    "split",
    "swap",
    "translate",
    "turn",
    "update",
    "validate",
    "write",
];

/// A word that names a piece of code.
const ARTEFACTS: &[&str] = &[
    "class",
    "code",
    "component",
    "decorator",
    "dockerfile",
    "func",
    "function",
    "function",
    "helper",
    "html",
    "impl",
    "implementation",
    "method",
    "module",
    "oneliner",
    "program",
    "query",
    "regex",
    "script",
    "snippet",
    "struct",
    "template",
    "wrapper",
];

/// A word that asks for an explanation wherever it stands.
const EXPLAIN_WORDS: &[&str] = &[
    "clarify",
    "compare",
    "compared",
    "concept",
    "confuse",
    "confused",
    "confuses",
    "confusing",
    "describe",
    "diff",
    "difference",
    "dummies",
    "eli5",
    "explain",
    "explained",
    "explaining",
    "explanation",
    "idea",
    "intuition",
    "meaning",
    "means",
    "pros",
    "purpose",
    "tradeoff",
    "tradeoffs",
    "understand",
    "versus",
    "vs",
    "why",
];

/// Openings that ask for an explanation.
const EXPLAIN_OPENINGS: &[&[&str]] = &[
    &["what", "is"],
    &["what", "are"],
    &["what", "does"],
    &["what", "do"],
    &["what", "s"],
    &["whats"],
    &["what", "happens"],
    &["how", "does"],
    &["how", "do"],
    &["how", "come"],
    &["how", "is"],
    &["how", "are"],
    &["when"],
    &["why"],
    &["which"],
    &["tell", "me", "about"],
    &["teach", "me"],
    &["is", "it"],
    &["should", "i"],
    &["i", "don", "t", "get"],
    &["i", "dont", "get"],
    &["i", "don", "t", "know", "what"],
    &["does"],
    &["do", "i"],
    &["are"],
    &["what", "exactly"],
];

/// Openings that ask for code though they begin like a question.
const GENERATE_OPENINGS: &[&[&str]] = &[
    &["how", "to"],
    &["how", "do", "i"],
    &["how", "can", "i"],
    &["how", "would", "i"],
    &["i", "need"],
    &["i", "want"],
    &["need"],
    &["want"],
    &["give", "me"],
    &["show", "me", "code"],
];

/// Words of talk that is about nothing CodeGenie does.
const CHAT: &[&str] = &[
    "bye", "cool", "goodbye", "great", "haha", "hello", "hey", "hi", "hmm", "lol", "morning",
    "nice", "no", "ok", "okay", "please", "sorry", "sure", "thank", "thanks", "thx", "yeah", "yep",
    "yes",
];

/// Numbers between 0 and 1 that the words of a message yield.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Cues {
    /// A request for code: 1 for a verb that opens it, less for a piece of code named.
    pub(super) generate: f32,
    /// A request for an explanation.
    pub(super) explain: f32,
    /// Part of the words that are small talk.
    pub(super) chat: f32,
    /// How much it speaks of programming.
    pub(super) programming: f32,
    /// How much it looks like code or data: brackets, arrows, operators.
    pub(super) notation: f32,
    /// How much it speaks of data science.
    pub(super) data_science: f32,
    /// Longer messages say more: 1 from twelve words on.
    pub(super) length: f32,
}

/// Reads the cues of a message.
pub(super) fn read_cues(message: &str) -> Cues {
    let words = words(message);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let request = skip_courtesy(&words);
    let holds = |list: &[&str]| words.iter().filter(|word| list.contains(word)).count();
    let opens = |openings: &[&[&str]]| openings.iter().any(|opening| request.starts_with(opening));
    let explains = holds(EXPLAIN_WORDS) > 0;
    let generates = opens(GENERATE_OPENINGS);
    Cues {
        generate: strongest(&[
            (
                request
                    .first()
                    .is_some_and(|word| GENERATE_VERBS.contains(word)),
                1.0,
            ),
            (holds(&["write", "implement", "implementation"]) > 0, 0.8),
            (generates, 0.6),
            (holds(ARTEFACTS) > 0, 0.5),
        ]),
        explain: strongest(&[
            (explains, 1.0),
            (opens(EXPLAIN_OPENINGS) && !generates, 0.8),
            (message.trim_end().ends_with('?'), 0.3),
        ]),
        chat: part(holds(CHAT), words.len().max(1)),
        programming: part(
            holds(PROGRAMMING) + usize::from(find_notation(message) > 1),
            3,
        ),
        notation: part(find_notation(message), 3),
        data_science: part(holds(DATA_SCIENCE), 2),
        length: part(words.len(), 12),
    }
}

/// What is left after greetings and courtesies such as `can you please`.
fn skip_courtesy<'a, 'b>(words: &'a [&'b str]) -> &'a [&'b str] {
    const COURTESY: &[&str] = &[
        "can", "could", "hello", "hey", "hi", "just", "kindly", "me", "now", "ok", "please", "pls",
        "so", "u", "well", "will", "would", "you",
    ];
    let skipped = words
        .iter()
        .take_while(|word| COURTESY.contains(word))
        .count();
    words.get(skipped..).unwrap_or_default()
}

/// Kinds of notation found that prose does not have.
fn find_notation(message: &str) -> usize {
    const NOTATION: &[&str] = &[
        "->", "=>", "==", "()", "[]", "{}", "::", "[", "{", "<-", "_", ";\n", "\">", "</", "://",
    ];
    NOTATION
        .iter()
        .filter(|mark| message.contains(**mark))
        .count()
}

fn strongest(rules: &[(bool, f32)]) -> f32 {
    rules
        .iter()
        .filter(|(holds, _)| *holds)
        .map(|(_, strength)| *strength)
        .fold(0.0, f32::max)
}

/// `count / whole`, at most 1.
#[expect(clippy::cast_precision_loss, reason = "counts of words are small")]
fn part(count: usize, whole: usize) -> f32 {
    (count as f32 / whole as f32).min(1.0)
}

/// Whether a message leans on what was said before: `and in rust?`, `shorter please`, `why?`.
pub(super) fn is_follow_up(message: &str) -> bool {
    const OPENINGS: &[&str] = &[
        "again", "also", "and", "another", "but", "instead", "longer", "more", "now", "or", "same",
        "shorter", "simpler", "faster", "then", "without", "with", "in", "using", "why", "how",
        "what", "ok",
    ];
    const POINTERS: &[&str] = &[
        "again", "else", "example", "instead", "it", "longer", "more", "one", "previous", "same",
        "second", "shorter", "simpler", "that", "them", "these", "this", "those", "too", "version",
        "above",
    ];
    let words = words(message);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let request = skip_courtesy(&words);
    if words.is_empty() || words.len() > 8 {
        return false;
    }
    let opens = request.first().is_some_and(|word| OPENINGS.contains(word));
    let points = words.iter().any(|word| POINTERS.contains(word));
    let is_bare_question = opens && request.len() <= 1;
    is_bare_question
        || (opens && words.len() <= 5 && !is_full_question(request))
        || (points && words.len() <= 7)
}

/// `what is recursion` stands on its own; `what about rust` does not.
fn is_full_question(request: &[&str]) -> bool {
    const VERBS: &[&str] = &[
        "is", "are", "does", "do", "s", "can", "to", "happens", "come",
    ];
    match request {
        ["what" | "how" | "why" | "now", second, ..] => VERBS.contains(second),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_and_questions_are_told_apart() {
        let write = read_cues("could you please write a parser");
        assert!(write.generate > write.explain);
        let explain = read_cues("what is a closure?");
        assert!(explain.explain > explain.generate);
        let how_to = read_cues("how to trim a string in c++");
        assert!(how_to.generate > how_to.explain);
    }

    #[test]
    fn follow_ups_lean_on_what_was_said() {
        for message in [
            "and in rust?",
            "shorter please",
            "why?",
            "what about java",
            "make it faster",
            "explain that",
        ] {
            assert!(is_follow_up(message), "{message}");
        }
        for message in [
            "what is recursion",
            "how does a stack work",
            "write a parser for csv",
            "hello",
            "",
        ] {
            assert!(!is_follow_up(message), "{message}");
        }
    }

    #[test]
    fn cues_stay_within_their_range() {
        for message in [
            "",
            "?",
            &"explain [](){} -> ".repeat(500),
            "mean mean mean means",
        ] {
            let cues = read_cues(message);
            for value in [
                cues.generate,
                cues.explain,
                cues.chat,
                cues.programming,
                cues.notation,
                cues.data_science,
                cues.length,
            ] {
                assert!((0.0..=1.0).contains(&value), "{message}: {cues:?}");
            }
        }
    }
}
