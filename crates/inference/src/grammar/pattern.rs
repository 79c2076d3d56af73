//! Regular expressions of schemas (ECMA-262, a part of them) as the contents of JSON strings. Only characters that stand for
//! themselves in JSON, the quotation mark and the backslash are derived; what else a pattern allows is left out.

use std::iter::Peekable;
use std::str::Chars;

use super::expression::{Expression, REPETITIONS_MAX};
use super::strings::{NOT_PLAIN, plain};

/// Groups within groups at most.
const NESTING_MAX: usize = 16;

/// What a pattern matches, anywhere in the string unless it says otherwise.
///
/// # Errors
/// What cannot be kept.
pub(super) fn contents(pattern: &str) -> Result<Expression, String> {
    let (pattern, is_begin) = match pattern.strip_prefix('^') {
        Some(rest) => (rest, true),
        None => (pattern, false),
    };
    let is_end = pattern.ends_with('$') && !pattern.ends_with("\\$");
    let pattern = if is_end {
        pattern.strip_suffix('$').unwrap_or(pattern)
    } else {
        pattern
    };
    let mut parser = Parser {
        letters: pattern.chars().peekable(),
        nesting: 0,
    };
    let alternatives = parser.alternatives()?;
    if parser.letters.peek().is_some() {
        return Err("a `)` has no `(`".to_owned());
    }
    if alternatives.len() > 1 && (is_begin || is_end) {
        // `^a|b$` means (^a)|(b$).
        return Err("put the alternatives between `^` and `$` into a group".to_owned());
    }
    let any = || plain().repeat(0, None);
    let mut parts = Vec::new();
    if !is_begin {
        parts.push(any());
    }
    parts.push(Expression::Choice(alternatives));
    if !is_end {
        parts.push(any());
    }
    Ok(Expression::Sequence(parts))
}

struct Parser<'a> {
    letters: Peekable<Chars<'a>>,
    nesting: usize,
}

impl Parser<'_> {
    fn alternatives(&mut self) -> Result<Vec<Expression>, String> {
        self.nesting += 1;
        if self.nesting > NESTING_MAX {
            return Err("its groups are nested too deep".to_owned());
        }
        let mut ways = Vec::new();
        loop {
            ways.push(self.sequence()?);
            if self.letters.next_if_eq(&'|').is_none() {
                break;
            }
        }
        self.nesting -= 1;
        Ok(ways)
    }

    fn sequence(&mut self) -> Result<Expression, String> {
        let mut parts = Vec::new();
        while let Some(letter) = self.letters.next_if(|letter| !matches!(letter, '|' | ')')) {
            let atom = self.atom(letter)?;
            parts.push(self.quantified(atom)?);
        }
        Ok(Expression::Sequence(parts))
    }

    fn atom(&mut self, letter: char) -> Result<Expression, String> {
        match letter {
            '(' => {
                if self.letters.next_if_eq(&'?').is_some() && self.letters.next() != Some(':') {
                    return Err("of groups that begin with `(?`, only `(?:` can be kept".to_owned());
                }
                let ways = self.alternatives()?;
                if self.letters.next() != Some(')') {
                    return Err("a `(` has no `)`".to_owned());
                }
                Ok(Expression::Choice(ways))
            }
            '[' => self.class(),
            '.' => Ok(plain()),
            '\\' => {
                let mut class = Class::default();
                self.escape(&mut class)?;
                class.expression(false)
            }
            '^' | '$' => Err(format!("`{letter}` can be kept at the ends only")),
            '*' | '+' | '?' | '{' | '}' | ']' => Err(format!("`{letter}` follows nothing")),
            other => {
                let mut class = Class::default();
                class.add(other, other);
                class.expression(false)
            }
        }
    }

    fn quantified(&mut self, atom: Expression) -> Result<Expression, String> {
        let (min, max) = match self.letters.peek() {
            Some('*') => (0, None),
            Some('+') => (1, None),
            Some('?') => (0, Some(1)),
            Some('{') => {
                self.letters.next();
                return self.counted(atom);
            }
            _ => return Ok(atom),
        };
        self.letters.next();
        self.refuse_second_quantifier()?;
        Ok(atom.repeat(min, max))
    }

    fn counted(&mut self, atom: Expression) -> Result<Expression, String> {
        let min = self.number()?.ok_or("`{` needs a number")?;
        let max = if self.letters.next_if_eq(&',').is_some() {
            self.number()?
        } else {
            Some(min)
        };
        if self.letters.next() != Some('}') || max.is_some_and(|max| max < min) {
            return Err("`{` needs one or two numbers in order, and `}`".to_owned());
        }
        self.refuse_second_quantifier()?;
        Ok(atom.repeat(min, max))
    }

    fn refuse_second_quantifier(&mut self) -> Result<(), String> {
        match self.letters.peek() {
            Some('*' | '+' | '?' | '{') => {
                Err("a quantifier follows another; lazy ones cannot be kept".to_owned())
            }
            _ => Ok(()),
        }
    }

    fn number(&mut self) -> Result<Option<usize>, String> {
        let mut digits = String::new();
        while let Some(digit) = self.letters.next_if(char::is_ascii_digit) {
            digits.push(digit);
        }
        if digits.is_empty() {
            return Ok(None);
        }
        digits
            .parse()
            .ok()
            .filter(|number| *number <= REPETITIONS_MAX)
            .map(Some)
            .ok_or_else(|| format!("at most {REPETITIONS_MAX} repetitions can be kept"))
    }

    fn class(&mut self) -> Result<Expression, String> {
        let mut class = Class::default();
        let is_negated = self.letters.next_if_eq(&'^').is_some();
        loop {
            let letter = self.letters.next().ok_or("a `[` has no `]`")?;
            let first = match letter {
                ']' => break,
                '\\' => self.escape(&mut class)?,
                other => Some(other),
            };
            let Some(first) = first else { continue };
            if self.letters.peek() != Some(&'-') {
                class.add(first, first);
                continue;
            }
            self.letters.next();
            match self.letters.next() {
                None => return Err("a `[` has no `]`".to_owned()),
                Some(']') => {
                    class.add(first, first);
                    class.add('-', '-');
                    break;
                }
                Some('\\') => return Err("an escape cannot end a range".to_owned()),
                Some(last) if first <= last => class.add(first, last),
                Some(_) => return Err("a range is the wrong way round".to_owned()),
            }
        }
        class.expression(is_negated)
    }

    /// Adds what an escape means to a class; a single character is returned instead when it may begin a range.
    fn escape(&mut self, class: &mut Class) -> Result<Option<char>, String> {
        let letter = self.letters.next().ok_or("a `\\` escapes nothing")?;
        match letter {
            'd' => class.add('0', '9'),
            'w' => {
                for (first, last) in [('0', '9'), ('A', 'Z'), ('a', 'z'), ('_', '_')] {
                    class.add(first, last);
                }
            }
            's' => class.add(' ', ' '),
            other if other.is_ascii_punctuation() => {
                class.add(other, other);
            }
            other => return Err(format!("`\\{other}` cannot be kept")),
        }
        Ok(None)
    }
}

/// Ranges of characters.
#[derive(Default)]
struct Class(Vec<(char, char)>);

impl Class {
    fn add(&mut self, first: char, last: char) {
        self.0.push((first, last));
    }

    fn expression(&self, is_negated: bool) -> Result<Expression, String> {
        let has = |letter: char| {
            let is_in = |(first, last): &(char, char)| (*first..=*last).contains(&letter);
            self.0.iter().any(is_in) != is_negated
        };
        let mut ways = Vec::new();
        if is_negated {
            let ranges: String = self
                .0
                .iter()
                .map(|(first, last)| range(*first, *last))
                .collect();
            ways.push(Expression::Class(format!("[^{NOT_PLAIN}{ranges}]")));
        } else {
            let ranges: String = self
                .0
                .iter()
                .flat_map(|(first, last)| plain_parts(*first, *last))
                .collect();
            if !ranges.is_empty() {
                ways.push(Expression::Class(format!("[{ranges}]")));
            }
        }
        for (letter, written) in [('"', "\\\""), ('\\', "\\\\")] {
            if has(letter) {
                ways.push(Expression::literal(written));
            }
        }
        if ways.is_empty() {
            return Err("a class has no character that can be written".to_owned());
        }
        Ok(Expression::Choice(ways))
    }
}

/// A range without the characters that do not stand for themselves in a JSON string.
fn plain_parts(first: char, last: char) -> Vec<String> {
    let gaps = [
        ('\0', '\u{1f}'),
        ('"', '"'),
        ('\\', '\\'),
        ('\u{7f}', '\u{7f}'),
    ];
    let mut parts = vec![(u32::from(first), u32::from(last))];
    for (from, to) in gaps.map(|(from, to)| (u32::from(from), u32::from(to))) {
        parts = parts
            .into_iter()
            .flat_map(|(first, last)| {
                if last < from || first > to {
                    return vec![(first, last)];
                }
                let mut rest = Vec::new();
                if first < from {
                    rest.push((first, from - 1));
                }
                if last > to {
                    rest.push((to + 1, last));
                }
                rest
            })
            .collect();
    }
    parts
        .into_iter()
        .map(|(first, last)| format!("\\U{first:08X}-\\U{last:08X}"))
        .collect()
}

fn range(first: char, last: char) -> String {
    format!("\\U{:08X}-\\U{:08X}", u32::from(first), u32::from(last))
}
