//! One table per language: what the node kinds of its grammar mean, its keywords and how it spells a few things. How the
//! tables are used is in `build`.

mod c;
mod cpp;
mod go;
mod java;
mod javascript;
mod python;
mod rust;
mod sql;
mod typescript;

use domain::language::Language;

use crate::facts::{ClassKind, Shape};

/// What a node is, whatever its grammar calls it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    // statements
    Import,
    Function,
    Class(ClassKind),
    /// Wraps one statement: `export`, templates, labels.
    Wrapper,
    Decorated,
    /// A list of statements.
    Block,
    ExpressionStatement,
    /// Variables declared with declarator children.
    Declaration,
    Assignment,
    Increment,
    If,
    ForEach,
    ForCount,
    /// Go's one `for`.
    GoFor,
    While,
    DoWhile,
    Loop,
    Switch(bool),
    Return,
    /// Gives a `switch` its value.
    Give,
    Raise,
    Try,
    With,
    Break,
    Continue,
    Pass,
    Assert,
    Delete,
    Defer,
    Spawn,
    Send,
    Unsafe,
    // expressions
    Name,
    Number,
    Text,
    True,
    False,
    Null,
    Call,
    New,
    Keyword,
    Member,
    Path,
    Index,
    Slice,
    Binary,
    Compare,
    Unary,
    Lambda,
    Comprehension(Shape),
    Collection(Shape),
    Conditional,
    Await,
    Yield,
    Propagate,
    Reference,
    Macro,
    Parentheses,
    /// Not a statement and not worth telling: comments, punctuation.
    Skip,
    Other,
}

/// What a node kind means in a language.
pub(crate) fn role(language: Language, kind: &str) -> Role {
    match language {
        Language::Python => python::role(kind),
        Language::JavaScript => javascript::role(kind),
        Language::TypeScript => typescript::role(kind),
        Language::Cpp => cpp::role(kind),
        Language::C => c::role(kind),
        Language::Sql => Role::Other,
        Language::Rust => rust::role(kind),
        Language::Java => java::role(kind),
        Language::Go => go::role(kind),
    }
}

/// Words of a language that cannot be names, separated by spaces.
fn keywords(language: Language) -> &'static str {
    match language {
        Language::Python => python::KEYWORDS,
        Language::JavaScript => javascript::KEYWORDS,
        Language::TypeScript => typescript::KEYWORDS,
        Language::Cpp => cpp::KEYWORDS,
        Language::C => c::KEYWORDS,
        Language::Sql => sql::KEYWORDS,
        Language::Rust => rust::KEYWORDS,
        Language::Java => java::KEYWORDS,
        Language::Go => go::KEYWORDS,
    }
}

/// Whether `word` cannot be a name.
pub(crate) fn is_keyword(language: Language, word: &str) -> bool {
    let found = |word: &str| {
        keywords(language)
            .split_whitespace()
            .any(|keyword| keyword == word)
    };
    match language {
        Language::Sql => found(&word.to_ascii_lowercase()),
        Language::Cpp => found(word) || c::KEYWORDS.split_whitespace().any(|k| k == word),
        Language::TypeScript => {
            found(word) || javascript::KEYWORDS.split_whitespace().any(|k| k == word)
        }
        Language::Python
        | Language::JavaScript
        | Language::C
        | Language::Rust
        | Language::Java
        | Language::Go => found(word),
    }
}

/// Whether `word` can be a name.
pub(crate) fn is_identifier(language: Language, word: &str) -> bool {
    let dollar = matches!(
        language,
        Language::JavaScript | Language::TypeScript | Language::Java
    );
    let ascii_only = matches!(language, Language::C | Language::Sql);
    let is_letter = |c: char| {
        c == '_'
            || (dollar && c == '$')
            || if ascii_only {
                c.is_ascii_alphabetic()
            } else {
                c.is_alphabetic()
            }
    };
    let mut letters = word.chars();
    let starts_well = letters.next().is_some_and(is_letter);
    let follows_well = letters.all(|c| is_letter(c) || c.is_ascii_digit());
    starts_well && follows_well && word != "_" && word.len() <= 255 && !is_keyword(language, word)
}
