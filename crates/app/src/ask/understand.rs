//! First step: take a message apart into its words, its code, and what it says about language and names.

use domain::Language;
use domain::analysis::CodeAnalyser;
use domain::ask::Question;

use super::examples::{Example, take_examples};
use super::receipt::{Facts, fact};

/// Lines of a message tried as the beginning of pasted code.
const CODE_STARTS_TRIED: usize = 12;

/// A message taken apart.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Understood {
    /// The words, code taken out; may be empty.
    pub(super) words: String,
    /// The code pasted or given.
    pub(super) code: Option<PastedCode>,
    /// The language asked for, in a field or in words.
    pub(super) language: Option<Language>,
    /// The name wanted for the function.
    pub(super) name: Option<String>,
    /// Examples of what the code should do.
    pub(super) examples: Vec<Example>,
}

/// Code of the user's.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PastedCode {
    /// The code.
    pub(super) text: String,
    /// Its language, when it was named or could be told.
    pub(super) language: Option<Language>,
}

impl Understood {
    pub(super) fn facts(&self) -> Facts {
        let mut facts = vec![fact("words", self.words.split_whitespace().count())];
        if let Some(code) = &self.code {
            facts.push(fact("code_lines", code.text.lines().count()));
            facts.push(fact(
                "code_language",
                code.language.map_or("unknown", Language::name),
            ));
        }
        if let Some(language) = self.language {
            facts.push(fact("language", language));
        }
        if let Some(name) = &self.name {
            facts.push(fact("name", name));
        }
        if !self.examples.is_empty() {
            facts.push(fact("examples", self.examples.len()));
        }
        facts
    }
}

pub(super) fn understand(question: &Question, analyser: &dyn CodeAnalyser) -> Understood {
    let text = question.text.as_str();
    let (words, code, examples) = if let Some(code) = &question.code {
        let code = PastedCode {
            text: code.as_str().to_owned(),
            language: None,
        };
        (text.to_owned(), Some(code), Vec::new())
    } else {
        // Examples come out first: they look like code, but are not code to be explained.
        let (text, examples) = take_examples(text);
        let (words, code) = split_code(&text, analyser);
        (words, code, examples)
    };
    let words = if question
        .code
        .as_ref()
        .is_some_and(|code| code.as_str() == text)
    {
        String::new()
    } else {
        words
    };
    let language = question.language.or_else(|| language_in(&words));
    let code = code.map(|code| PastedCode {
        language: code
            .language
            .or(question.language)
            .or_else(|| analyser.detect_language(&code.text)),
        text: code.text,
    });
    let name = name_in(&words);
    Understood {
        words,
        code,
        language,
        name,
        examples,
    }
}

/// The question as it is kept: with the code that came in a field of its own.
pub(super) fn as_written(question: &Question) -> String {
    let text = question.text.as_str();
    match &question.code {
        Some(code) if code.as_str() != text => {
            let fence = question.language.map_or("", Language::name);
            format!("{text}\n\n```{fence}\n{}\n```", code.as_str().trim_end())
        }
        _ => text.to_owned(),
    }
}

fn split_code(text: &str, analyser: &dyn CodeAnalyser) -> (String, Option<PastedCode>) {
    split_fenced(text)
        .or_else(|| split_bare(text, analyser))
        .map_or_else(
            || (text.trim().to_owned(), None),
            |(words, code)| (words, Some(code)),
        )
}

/// Code between two lines of three back-ticks; several blocks are joined, the last one may be open.
fn split_fenced(text: &str) -> Option<(String, PastedCode)> {
    let mut words = String::new();
    let mut code = String::new();
    let mut language = None;
    let mut is_code = false;
    for line in text.lines() {
        if let Some(info) = line.trim_start().strip_prefix("```") {
            if !is_code && language.is_none() {
                language = info.trim().parse().ok();
            }
            is_code = !is_code;
        } else {
            let target = if is_code { &mut code } else { &mut words };
            target.push_str(line);
            target.push('\n');
        }
    }
    let has_code = !code.trim().is_empty();
    has_code.then(|| {
        (
            words.trim().to_owned(),
            PastedCode {
                text: code,
                language,
            },
        )
    })
}

/// Code pasted without a fence: the longest tail of the message that parses without an error.
fn split_bare(text: &str, analyser: &dyn CodeAnalyser) -> Option<(String, PastedCode)> {
    let lines: Vec<&str> = text.lines().collect();
    (0..lines.len().min(CODE_STARTS_TRIED)).find_map(|start| {
        let (before, tail) = lines.split_at(start);
        let tail = tail.join("\n");
        let is_paragraph_start = start == 0
            || lines.len() > start + 1
            || before.last().is_some_and(|line| line.trim().ends_with(':'));
        if !is_paragraph_start || !looks_like_code(&tail) {
            return None;
        }
        let language = analyser.detect_language(&tail)?;
        // Prose that happens to parse (SQL and Python take many words) has no punctuation of code.
        let errors = analyser.find_syntax_errors(language, &tail);
        let words = before.join("\n").trim().to_owned();
        let is_code = errors.is_empty()
            || (words.is_empty() && errors.len() <= 2 && tail.lines().count() > 2);
        is_code.then_some((
            words,
            PastedCode {
                text: tail,
                language: Some(language),
            },
        ))
    })
}

/// A cheap look for the marks of code, before a parser is asked.
fn looks_like_code(text: &str) -> bool {
    let marks = [
        "(", "{", ";", "=", "=>", "->", "::", "def ", "fn ", "func ", "class ", "import ",
        "#include", "return ",
    ];
    let found = marks.iter().filter(|mark| text.contains(*mark)).count();
    let upper = text.trim_start().to_uppercase();
    let is_sql = [
        "SELECT ", "INSERT ", "UPDATE ", "DELETE ", "CREATE ", "WITH ",
    ]
    .iter()
    .any(|word| upper.starts_with(word));
    found >= 2 || is_sql
}

/// The language named in words. `go`, `c` and `rust` count only behind `in`, `using` or as `golang`, being ordinary words too.
pub(super) fn language_in(words: &str) -> Option<Language> {
    let lower = words.to_lowercase();
    let tokens: Vec<&str> = lower
        .split(|c: char| !(c.is_alphanumeric() || c == '+' || c == '#'))
        .filter(|token| !token.is_empty())
        .collect();
    tokens.iter().enumerate().find_map(|(index, token)| {
        let follows_preposition = index > 0
            && matches!(
                tokens.get(index - 1),
                Some(&("in" | "using" | "with" | "into" | "to"))
            );
        let is_subject = matches!(
            tokens.get(index + 1),
            Some(
                &("function"
                    | "program"
                    | "code"
                    | "query"
                    | "class"
                    | "struct"
                    | "method"
                    | "script"
                    | "snippet")
            )
        );
        match *token {
            "python" | "python3" | "py" => Some(Language::Python),
            "javascript" | "js" | "nodejs" => Some(Language::JavaScript),
            "typescript" | "ts" => Some(Language::TypeScript),
            "c++" | "cpp" => Some(Language::Cpp),
            "sql" | "sqlite" | "postgresql" | "mysql" => Some(Language::Sql),
            "java" => Some(Language::Java),
            "golang" => Some(Language::Go),
            "node" | "go" | "c" | "rust" if follows_preposition || is_subject => token.parse().ok(),
            _ => None,
        }
    })
}

/// The name in `called foo`, `named foo`, `function foo(`.
fn name_in(words: &str) -> Option<String> {
    let tokens: Vec<&str> = words.split_whitespace().collect();
    tokens.windows(2).find_map(|pair| {
        let [word, next] = pair else { return None };
        let is_cue = matches!(word.to_lowercase().as_str(), "called" | "named" | "name");
        let is_call = matches!(
            word.to_lowercase().as_str(),
            "function" | "method" | "def" | "fn"
        ) && next.contains('(');
        let quoted = next.split('(').next().unwrap_or_default();
        let name = quoted.trim_matches(|c: char| !(c.is_alphanumeric() || c == '_'));
        let is_identifier = name.len() >= 2
            && name.len() <= 64
            && name.starts_with(|c: char| c.is_alphabetic() || c == '_')
            && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        let is_marked = next.starts_with('`')
            || name.contains('_')
            || name.chars().any(char::is_uppercase)
            || is_call
            || word.eq_ignore_ascii_case("called")
            || word.eq_ignore_ascii_case("named");
        ((is_cue || is_call) && is_identifier && is_marked).then(|| name.to_owned())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_language_is_read_from_words_but_not_from_ordinary_ones() {
        let check = |words: &str, expected: Option<Language>| {
            assert_eq!(language_in(words), expected, "{words}");
        };
        check("write a python function", Some(Language::Python));
        check("Binary search in C++, please", Some(Language::Cpp));
        check("and in go?", Some(Language::Go));
        check("a rust function that parses", Some(Language::Rust));
        check("go through a list", None);
        check("option c is better", None);
        check("remove rust from metal", None);
        check("an sql query for duplicates", Some(Language::Sql));
    }

    #[test]
    fn a_wanted_name_is_read() {
        let check = |words: &str, expected: Option<&str>| {
            assert_eq!(name_in(words).as_deref(), expected, "{words}");
        };
        check(
            "write a function called spin_list that rotates",
            Some("spin_list"),
        );
        check("a function named `turn`", Some("turn"));
        check("write function rotate(items)", Some("rotate"));
        check("write a function that rotates", None);
        check("sort by the name of people", None);
    }

    #[test]
    fn fenced_code_is_taken_out() {
        let (words, code) = split_fenced("what does this do?\n```py\nx = 1\n```\nthanks").unwrap();
        assert_eq!(words, "what does this do?\nthanks");
        assert_eq!(
            code,
            PastedCode {
                text: "x = 1\n".into(),
                language: Some(Language::Python)
            }
        );
        assert_eq!(split_fenced("no code here"), None);
    }
}
