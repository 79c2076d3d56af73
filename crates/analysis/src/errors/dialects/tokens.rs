//! SQL cut into tokens and statements, without a grammar.

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a word of the language.
    Word,
    Number,
    /// Anything between single quotation marks or dollars.
    Text,
    /// One mark.
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
}

/// The tokens of `code`; `None` when there are more than `tokens_max`.
pub(super) fn split(code: &str, tokens_max: usize) -> Option<Vec<Token<'_>>> {
    let mut tokens = Vec::new();
    let mut start = 0;
    while let Some(rest) = code.get(start..).filter(|rest| !rest.is_empty()) {
        let (kind, length, is_closed) = next(rest);
        if let Some(kind) = kind {
            tokens.push(Token {
                kind,
                text: rest.get(..length).unwrap_or_default(),
                start,
                is_closed,
            });
        }
        if tokens.len() > tokens_max {
            return None;
        }
        start += length;
    }
    Some(tokens)
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

/// The statements, each with its semicolon. Those between `BEGIN` and `END` of a trigger or procedure belong to it.
pub(super) fn statements<'t, 'c>(tokens: &'t [Token<'c>]) -> Vec<&'t [Token<'c>]> {
    let mut statements = Vec::new();
    let mut start = 0;
    let mut depth = 0_usize;
    let mut has_body = false;
    for (index, token) in tokens.iter().enumerate() {
        if index == start {
            has_body = opens_body(tokens.get(start..).unwrap_or_default());
            depth = 0;
        }
        let is = |word: &str| token.kind == Kind::Word && token.text.eq_ignore_ascii_case(word);
        let follows_end = index > start
            && tokens
                .get(index - 1)
                .is_some_and(|before| before.text.eq_ignore_ascii_case("end"));
        if has_body && (is("begin") || is("case") && !follows_end) {
            depth += 1;
        } else if has_body && is("end") && !ends_branch(tokens.get(index + 1)) {
            depth = depth.saturating_sub(1);
        } else if token.text == ";" && depth == 0 {
            statements.extend(tokens.get(start..=index));
            start = index + 1;
        }
    }
    statements.extend(tokens.get(start..).filter(|rest| !rest.is_empty()));
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

/// Whether `END` before this token ends an `IF` or a loop.
fn ends_branch(next: Option<&Token<'_>>) -> bool {
    next.is_some_and(|next| {
        ["if", "loop", "while", "repeat"]
            .iter()
            .any(|word| next.text.eq_ignore_ascii_case(word))
    })
}
