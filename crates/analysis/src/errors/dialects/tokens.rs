//! SQL cut into tokens and statements, without a grammar.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a word of the language.
    Word,
    Number,
    /// Anything between single quotation marks or dollars.
    Text,
    /// A place for a value that the program fills in: `:name`, `%s`, `%(name)s`.
    Parameter,
    /// One mark, or `::`.
    Mark,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Token<'c> {
    pub(super) kind: Kind,
    pub(super) text: &'c str,
    /// Its first byte.
    pub(super) start: usize,
    /// Whether what a quotation mark opened is closed.
    pub(super) is_closed: bool,
    /// Whether it is the first of its line.
    pub(super) starts_line: bool,
}

/// The tokens of `code`; `None` when there are more than `tokens_max`.
pub(super) fn split(code: &str, tokens_max: usize) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    let mut starts_line = true;
    while let Some(rest) = code.get(start..).filter(|rest| !rest.is_empty()) {
        let (kind, length, is_closed) = parameter(rest, tokens.last()).map_or_else(
            || next(rest),
            |length| (Some(Kind::Parameter), length, true),
        );
        if let Some(kind) = kind {
            tokens.push(Token {
                kind,
                text: rest.get(..length).unwrap_or_default(),
                start,
                is_closed,
                starts_line,
            });
            starts_line = false;
        } else {
            starts_line |= rest.get(..length).unwrap_or_default().contains('\n');
        }
        if tokens.len() > tokens_max {
            return None;
        }
        start += length;
    }
    Some(tokens)
}

/// Words after which `%s` is a value; after other words it is a remainder.
const BEFORE_VALUES: &[&str] = &[
    "and",
    "between",
    "by",
    "else",
    "from",
    "ilike",
    "in",
    "into",
    "is",
    "join",
    "like",
    "limit",
    "not",
    "offset",
    "on",
    "or",
    "returning",
    "select",
    "set",
    "table",
    "then",
    "top",
    "update",
    "values",
    "when",
    "where",
];

/// The length of the parameter that `rest` begins with.
fn parameter(rest: &str, before: Option<&Token<'_>>) -> Option<usize> {
    let is_word = |c: char| c.is_alphanumeric() || c == '_';
    let name_length = |name: &str| name.find(|c: char| !is_word(c)).unwrap_or(name.len());
    if let Some(name) = rest.strip_prefix(':') {
        let is_name = name.starts_with(|first: char| first.is_alphabetic() || first == '_');
        return is_name.then(|| 1 + name_length(name));
    }
    let rest = rest.strip_prefix('%')?;
    let follows_value = before.is_some_and(|before| match before.kind {
        Kind::Word => !BEFORE_VALUES
            .iter()
            .any(|word| before.text.eq_ignore_ascii_case(word)),
        Kind::Mark => matches!(before.text, ")" | "]"),
        Kind::Number | Kind::Text | Kind::Parameter => true,
    });
    let name = match rest.strip_prefix('(') {
        Some(name) => {
            let length = name_length(name);
            name.get(length..)?.strip_prefix(")s")?;
            length + 2
        }
        None => 0,
    };
    let end = rest.get(name..)?.strip_prefix('s')?;
    (!follows_value && !end.starts_with(is_word)).then_some(name + 2)
}

/// The kind of what `rest` begins with, its length in bytes, and whether it is closed. Blanks and comments have no kind.
fn next(rest: &str) -> (Option<Kind>, usize, bool) {
    let is_word = |c: char| c.is_alphanumeric() || c == '_' || c == '$';
    let Some(first) = rest.chars().next() else {
        return (None, 1, true);
    };
    if first.is_whitespace() {
        return (None, first.len_utf8(), true);
    }
    if rest.starts_with("--") {
        return (None, rest.find('\n').unwrap_or(rest.len()), true);
    }
    if rest.starts_with("/*") {
        return (
            None,
            rest.find("*/").map_or(rest.len(), |end| end + 2),
            true,
        );
    }
    if rest.starts_with("::") {
        return (Some(Kind::Mark), 2, true);
    }
    match first {
        '\'' => quoted(rest, Kind::Text, '\''),
        '"' | '`' => quoted(rest, Kind::Word, first),
        '$' => dollars(rest).unwrap_or((Some(Kind::Mark), 1, true)),
        first if first.is_ascii_digit() => {
            let length = rest.find(|c: char| !is_word(c) && c != '.');
            (Some(Kind::Number), length.unwrap_or(rest.len()), true)
        }
        first if is_word(first) => {
            let length = rest.find(|c: char| !is_word(c));
            (Some(Kind::Word), length.unwrap_or(rest.len()), true)
        }
        first => (Some(Kind::Mark), first.len_utf8(), true),
    }
}

/// A text up to its closing mark; two marks are one inside it, which makes it two texts here.
fn quoted(rest: &str, kind: Kind, mark: char) -> (Option<Kind>, usize, bool) {
    match rest.get(1..).and_then(|inner| inner.find(mark)) {
        Some(end) => (Some(kind), end + 2, true),
        None => (Some(Kind::Text), rest.len(), false),
    }
}

/// A text between `$$` or `$tag$`.
fn dollars(rest: &str) -> Option<(Option<Kind>, usize, bool)> {
    let inner = rest.get(1..)?;
    let end = inner.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    let is_tag = inner.get(end..)?.starts_with('$')
        && !inner.starts_with(|first: char| first.is_ascii_digit());
    let tag = rest.get(..end + 2).filter(|_| is_tag)?;
    match rest.get(tag.len()..)?.find(tag) {
        Some(end) => Some((Some(Kind::Text), end + 2 * tag.len(), true)),
        None => Some((Some(Kind::Text), rest.len(), false)),
    }
}

/// The tokens of one statement, with its semicolon.
#[derive(Debug, Clone, Copy)]
pub(super) struct Statement<'t, 'c> {
    pub(super) tokens: &'t [Token<'c>],
    /// The `BEGIN` that no `END` closes.
    pub(super) open: Option<&'t Token<'c>>,
}

/// The statements. Those between `BEGIN` and `END` of a trigger or procedure belong to it.
pub(super) fn statements<'t, 'c>(tokens: &'t [Token<'c>]) -> Vec<Statement<'t, 'c>> {
    let mut statements = Vec::new();
    let mut start = 0;
    let mut open: Vec<&Token<'c>> = Vec::new();
    let mut has_body = false;
    for (index, token) in tokens.iter().enumerate() {
        if index == start {
            has_body = opens_body(tokens.get(start..).unwrap_or_default());
        }
        let is = |word: &str| token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word);
        let follows_end = index > start
            && tokens
                .get(index - 1)
                .is_some_and(|before| before.text.eq_ignore_ascii_case("end"));
        let is_block = is("begin") && !begins_transaction(tokens.get(index + 1));
        if has_body && (is_block || is("case") && !follows_end) {
            open.push(token);
        } else if has_body && is("end") && !ends_branch(tokens.get(index + 1)) {
            open.pop();
        } else if token.text == ";" && open.is_empty() {
            let tokens = tokens.get(start..=index).unwrap_or_default();
            statements.push(Statement { tokens, open: None });
            start = index + 1;
        }
    }
    if let Some(tokens) = tokens.get(start..).filter(|rest| !rest.is_empty()) {
        let open = open.first().copied();
        statements.push(Statement { tokens, open });
    }
    statements
}

/// Whether a statement creates something that holds statements.
fn opens_body(tokens: &[Token<'_>]) -> bool {
    let is = |token: &Token<'_>, word: &str| token.text.eq_ignore_ascii_case(word);
    tokens.first().is_some_and(|first| is(first, "create"))
        && tokens
            .iter()
            .take(5)
            .any(|token| is(token, "trigger") || is(token, "procedure"))
}

/// Whether `BEGIN` before this token begins a transaction and no block.
fn begins_transaction(next: Option<&Token<'_>>) -> bool {
    is_any(next, &["transaction", "tran", "work", ";"])
}

/// Whether `END` before this token ends an `IF` or a loop.
fn ends_branch(next: Option<&Token<'_>>) -> bool {
    is_any(next, &["if", "loop", "while", "repeat"])
}

fn is_any(token: Option<&Token<'_>>, words: &[&str]) -> bool {
    token.is_some_and(|token| {
        words
            .iter()
            .any(|word| token.text.eq_ignore_ascii_case(word))
    })
}
