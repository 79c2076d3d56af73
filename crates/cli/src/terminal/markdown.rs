//! Shows Markdown on a terminal while it arrives, piece by piece. It knows what answers are made of (headings, lists, quotes,
//! bold, italics, code); anything else is shown as it is written.

use std::io::{self, Write};

use super::inline::Inline;
use super::{BOLD, CODE, DIM, is_printable};

/// Characters of the line above and below code.
const RULE_CHARS: usize = 40;

/// A renderer of one text.
#[derive(Debug)]
pub(crate) struct Markdown {
    place: Place,
    inline: Inline,
    /// Whether a paragraph is under way that the next line may go on with.
    is_open: bool,
}

/// Where in the text the next character stands.
#[derive(Debug)]
enum Place {
    /// At the start of a line whose kind is not certain yet; holds what was read of it.
    LineStart(String),
    /// Within a line of text.
    Line,
    /// At the start of a line of code that may be the closing fence; holds what was read of it.
    CodeLineStart(String),
    /// Within a line of code.
    CodeLine,
}

/// What the start of a line means.
enum LineKind<'a> {
    /// More characters are needed to tell.
    Unclear,
    /// A heading; the rest is its text.
    Heading(&'a str),
    /// A list entry: its indentation and its text.
    Bullet(&'a str, &'a str),
    /// A quotation; the rest is its text.
    Quote(&'a str),
    /// A line that stays a line of its own: a numbered entry, a row of a table.
    Own(&'a str),
    /// Ordinary text, which goes on with the line before.
    Text(&'a str),
}

impl Markdown {
    /// A renderer for a terminal of so many columns; `None` breaks no lines.
    pub(crate) fn new(columns: Option<usize>) -> Self {
        let (place, inline) = (Place::LineStart(String::new()), Inline::new(columns));
        Self {
            place,
            inline,
            is_open: false,
        }
    }

    /// Shows the next piece.
    pub(crate) fn push(&mut self, piece: &str, out: &mut dyn Write) -> io::Result<()> {
        for c in piece.chars().filter(|c| is_printable(*c)) {
            self.take(c, out)?;
        }
        out.flush()
    }

    /// Shows what is still held back and ends the last line.
    pub(crate) fn finish(mut self, out: &mut dyn Write) -> io::Result<()> {
        let is_at_start = matches!(&self.place, Place::LineStart(held) | Place::CodeLineStart(held) if held.is_empty());
        if !is_at_start {
            self.take('\n', out)?;
        }
        self.close_paragraph(out)?;
        if matches!(self.place, Place::CodeLineStart(_)) {
            write_rule("", out)?;
        }
        out.flush()
    }

    fn take(&mut self, c: char, out: &mut dyn Write) -> io::Result<()> {
        match &mut self.place {
            Place::LineStart(held) if c == '\n' => {
                let held = std::mem::take(held);
                self.end_unclear_line(&held, out)
            }
            Place::LineStart(held) => {
                held.push(c);
                let held = held.clone();
                self.begin_line(&held, out)
            }
            Place::Line if c == '\n' => {
                self.place = Place::LineStart(String::new());
                self.is_open = true;
                self.inline.end_line(out)
            }
            Place::Line => self.inline.take(c, out),
            Place::CodeLineStart(held) if c == '\n' => {
                let held = std::mem::take(held);
                if held.trim_start().starts_with("```") {
                    self.place = Place::LineStart(String::new());
                    return write_rule("", out);
                }
                writeln!(out, "{CODE}{held}{CODE:#}")
            }
            Place::CodeLineStart(held) => {
                held.push(c);
                if "```".starts_with(held.trim_start()) || held.trim() == "```" {
                    return Ok(());
                }
                write!(out, "{CODE}{held}")?;
                self.place = Place::CodeLine;
                Ok(())
            }
            Place::CodeLine if c == '\n' => {
                self.place = Place::CodeLineStart(String::new());
                writeln!(out, "{CODE:#}")
            }
            Place::CodeLine => write!(out, "{c}"),
        }
    }

    /// Starts showing a line as soon as its kind is certain.
    fn begin_line(&mut self, held: &str, out: &mut dyn Write) -> io::Result<()> {
        let kind = kind_of(held);
        if let LineKind::Unclear = kind {
            return Ok(());
        }
        self.place = Place::Line;
        if let (LineKind::Text(text), true) = (&kind, self.is_open) {
            self.is_open = false;
            self.inline.join_line();
            return text
                .trim_start()
                .chars()
                .try_for_each(|c| self.inline.take(c, out));
        }
        self.close_paragraph(out)?;
        let plain = anstyle::Style::new();
        let text = match kind {
            LineKind::Unclear => return Ok(()),
            LineKind::Heading(text) => {
                self.inline.begin(BOLD.underline(), 0);
                text
            }
            LineKind::Bullet(indent, text) => {
                self.inline.begin(plain, indent.len() + 2);
                write!(out, "{indent}• ")?;
                text
            }
            LineKind::Quote(text) => {
                self.inline.begin(DIM, 2);
                write!(out, "{DIM}│ {DIM:#}")?;
                text
            }
            LineKind::Own(text) | LineKind::Text(text) => {
                self.inline.begin(plain, 0);
                text
            }
        };
        text.chars().try_for_each(|c| self.inline.take(c, out))
    }

    /// A line ended before its kind was certain: an empty line, a fence, a rule, or a few odd characters.
    fn end_unclear_line(&mut self, held: &str, out: &mut dyn Write) -> io::Result<()> {
        self.close_paragraph(out)?;
        let trimmed = held.trim();
        if let Some(info) = trimmed.strip_prefix("```") {
            self.place = Place::CodeLineStart(String::new());
            return write_rule(info.trim_start_matches('`').trim(), out);
        }
        let is_rule = trimmed.len() >= 3
            && ["-", "*", "_"]
                .iter()
                .any(|mark| trimmed.replace(mark, "").is_empty());
        if is_rule {
            return writeln!(out, "{DIM}{}{DIM:#}", "─".repeat(RULE_CHARS));
        }
        writeln!(out, "{held}")
    }

    fn close_paragraph(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if std::mem::take(&mut self.is_open) {
            out.write_all(b"\n")
        } else {
            Ok(())
        }
    }
}

fn kind_of(held: &str) -> LineKind<'_> {
    let text = held.trim_start_matches(' ');
    let indent = held.strip_suffix(text).unwrap_or_default();
    let Some(first) = text.chars().next() else {
        return LineKind::Unclear;
    };
    match first {
        '#' => heading_or_text(held, text),
        '`' if "```".starts_with(text) || text.starts_with("```") => LineKind::Unclear,
        '-' | '*' | '+' => match text.get(1..) {
            Some("") | None => LineKind::Unclear,
            Some(rest) => match rest.strip_prefix(' ') {
                Some("") => LineKind::Unclear,
                Some(entry) => LineKind::Bullet(indent, entry),
                // Three or more of them may be a rule.
                None if text.chars().all(|c| c == first) => LineKind::Unclear,
                None => LineKind::Text(held),
            },
        },
        '>' => match text.get(1..) {
            Some("") | None => LineKind::Unclear,
            Some(rest) => LineKind::Quote(rest.strip_prefix(' ').unwrap_or(rest)),
        },
        '|' => LineKind::Own(held),
        '0'..='9' => match text.trim_start_matches(|c: char| c.is_ascii_digit()) {
            "" | "." | ")" => LineKind::Unclear,
            rest if rest.starts_with(". ") || rest.starts_with(") ") => LineKind::Own(held),
            _ => LineKind::Text(held),
        },
        _ => LineKind::Text(held),
    }
}

fn heading_or_text<'a>(held: &'a str, text: &'a str) -> LineKind<'a> {
    let after = text.trim_start_matches('#');
    match after.strip_prefix(' ') {
        Some("") => LineKind::Unclear,
        Some(title) if text.len() - after.len() <= 6 => LineKind::Heading(title),
        None if after.is_empty() => LineKind::Unclear,
        Some(_) | None => LineKind::Text(held),
    }
}

fn write_rule(info: &str, out: &mut dyn Write) -> io::Result<()> {
    let label = if info.is_empty() {
        String::new()
    } else {
        format!("── {info} ")
    };
    let rest = RULE_CHARS.saturating_sub(label.chars().count());
    writeln!(out, "{DIM}{label}{}{DIM:#}", "─".repeat(rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SAMPLE: &str = "# Title *x*\n\nSome **bold** and *slanted* `a*b` text, 2 * 3 * 4, snake_case.\n\n- one\n  - two\n1. three\n> said\n---\n```python\ndef f(*a):\n    return '`'\n```\nend";

    fn render(pieces: &[&str]) -> String {
        let mut out = Vec::new();
        let mut markdown = Markdown::new(None);
        for piece in pieces {
            markdown.push(piece, &mut out).unwrap();
        }
        markdown.finish(&mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn the_marks_go_and_the_text_stays() {
        let rule = "─".repeat(RULE_CHARS);
        let top = format!("── python {}", "─".repeat(RULE_CHARS - 10));
        let expected = format!(
            "Title x\n\nSome bold and slanted a*b text, 2 * 3 * 4, snake_case.\n\n• one\n  • two\n1. three\n│ said\n{rule}\n{top}\ndef f(*a):\n    return '`'\n{rule}\nend\n"
        );
        assert_eq!(plain(&render(&[SAMPLE])), expected);
    }

    #[test]
    fn any_cut_into_pieces_gives_the_same() {
        let whole = render(&[SAMPLE]);
        let letters: Vec<String> = SAMPLE.chars().map(String::from).collect();
        assert_eq!(
            render(&letters.iter().map(String::as_str).collect::<Vec<_>>()),
            whole
        );
        for at in 0..=SAMPLE.len() {
            if let Some((head, tail)) = SAMPLE.split_at_checked(at) {
                assert_eq!(render(&[head, tail]), whole, "cut at {at}");
            }
        }
    }

    #[test]
    fn text_is_shown_before_its_line_ends() {
        let mut out = Vec::new();
        Markdown::new(None).push("Hello wor", &mut out).unwrap();
        assert_eq!(plain(&String::from_utf8(out).unwrap()), "Hello");
    }

    #[test]
    fn paragraphs_are_broken_between_words_and_code_is_not() {
        let mut out = Vec::new();
        let mut markdown = Markdown::new(Some(12));
        let text = "one two three\nfour\n\n- alpha `be ta` gamma\n1. x\n\n```\na long line of code\n```\nan-endless-word it is";
        markdown.push(text, &mut out).unwrap();
        markdown.finish(&mut out).unwrap();
        let shown = plain(&String::from_utf8(out).unwrap()).replace(&"─".repeat(RULE_CHARS), "--");
        assert_eq!(
            shown,
            "one two\nthree four\n\n• alpha be\n  ta gamma\n1. x\n\n--\na long line of code\n--\nan-endless-word\nit is\n"
        );
    }

    #[test]
    fn nothing_of_odd_text_is_lost_and_code_cannot_reach_the_terminal() {
        assert_eq!(plain(&render(&["a ** b"])), "a ** b\n");
        assert_eq!(plain(&render(&["unclosed **bold"])), "unclosed bold\n");
        assert_eq!(plain(&render(&["5 * x *"])), "5 * x *\n");
        assert_eq!(
            plain(&render(&["#hash\n####### seven\n-"])),
            "#hash ####### seven\n-\n"
        );
        assert_eq!(plain(&render(&["``` \nx"])).lines().nth(1), Some("x"));
        assert!(!render(&["```\n\u{1b}]0;title\u{7}\n```"]).contains('\u{7}'));
        assert_eq!(render(&[]), "");
    }

    #[test]
    fn styles_end_with_their_line() {
        for line in ["**open", "# head", "`code", "> quote", "*open"] {
            let shown = render(&[line]);
            let last = shown.rfind("\u{1b}[").and_then(|at| shown.get(at..));
            assert_eq!(
                last.map(str::trim_end),
                Some("\u{1b}[0m"),
                "{line}: {shown:?}"
            );
        }
    }
}
