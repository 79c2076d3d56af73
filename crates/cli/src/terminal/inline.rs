//! The part of the Markdown renderer that works within a paragraph: bold, italics and code, and breaking lines between words.

use std::io::{self, Write};

use anstyle::Style;

use super::CODE;

/// State within a paragraph.
#[derive(Debug, Default)]
pub(super) struct Inline {
    /// Columns of the terminal; `None` breaks no lines.
    width: Option<usize>,
    /// Columns that continued lines are moved in by.
    indent: usize,
    /// Columns used of the present line.
    column: usize,
    /// Spaces between the last word shown and the next.
    spaces: usize,
    /// The word under way with its styles, and its columns.
    word: Vec<u8>,
    word_columns: usize,
    base: Style,
    shown: Style,
    bold: bool,
    italic: bool,
    code: bool,
    /// Asterisks read whose meaning depends on what follows.
    stars: usize,
    previous: Option<char>,
}

impl Inline {
    pub(super) fn new(width: Option<usize>) -> Self {
        Self {
            width,
            ..Self::default()
        }
    }

    /// Begins a paragraph in `base` after `indent` columns that are written already.
    pub(super) fn begin(&mut self, base: Style, indent: usize) {
        *self = Self {
            width: self.width,
            indent,
            column: indent,
            base,
            ..Self::default()
        };
    }

    pub(super) fn take(&mut self, c: char, out: &mut dyn Write) -> io::Result<()> {
        if c == '*' && !self.code {
            self.stars += 1;
            return Ok(());
        }
        self.settle_stars(Some(c), out)?;
        if c == '`' {
            self.code = !self.code;
        } else {
            self.show(c, out)?;
        }
        self.previous = Some(c);
        Ok(())
    }

    /// Ends a line of the source; every style ends with it.
    pub(super) fn end_line(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.settle_stars(None, out)?;
        (self.bold, self.italic, self.code) = (false, false, false);
        self.change_style(Style::new())?;
        self.write_word(out)
    }

    /// Goes on with the next line of the source as a part of the same paragraph.
    pub(super) fn join_line(&mut self) {
        self.spaces = 1;
        self.previous = Some(' ');
    }

    /// Decides what the asterisks before `next` mean: they open before a word, close after one, and are themselves otherwise.
    fn settle_stars(&mut self, next: Option<char>, out: &mut dyn Write) -> io::Result<()> {
        let stars = std::mem::take(&mut self.stars);
        let follows_word = self.previous.is_some_and(|c| !c.is_whitespace());
        let precedes_word = next.is_some_and(|c| !c.is_whitespace());
        let flag = match stars {
            0 => return Ok(()),
            1 => &mut self.italic,
            2 => &mut self.bold,
            _ => return (0..stars).try_for_each(|_| self.show('*', out)),
        };
        // `2*3*4` is arithmetic: a single asterisk between two letters or digits opens nothing.
        let is_between = stars == 1
            && self.previous.is_some_and(char::is_alphanumeric)
            && next.is_some_and(char::is_alphanumeric);
        if (*flag && follows_word) || (!*flag && precedes_word && !is_between) {
            *flag = !*flag;
            return Ok(());
        }
        (0..stars).try_for_each(|_| self.show('*', out))
    }

    fn show(&mut self, c: char, out: &mut dyn Write) -> io::Result<()> {
        if c == ' ' {
            self.write_word(out)?;
            self.spaces += 1;
            return Ok(());
        }
        let mut style = if self.code { CODE } else { self.base };
        if self.bold {
            style = style.bold();
        }
        if self.italic {
            style = style.italic();
        }
        self.change_style(style)?;
        self.word_columns += 1;
        write!(self.word, "{c}")
    }

    /// Writes the word under way, on a new line when it does not fit on this one.
    fn write_word(&mut self, out: &mut dyn Write) -> io::Result<()> {
        if self.word.is_empty() {
            return Ok(());
        }
        let spaces = std::mem::take(&mut self.spaces);
        let end = self.column + spaces + self.word_columns;
        if self.column > self.indent && self.width.is_some_and(|width| end > width) {
            write!(out, "\n{:indent$}", "", indent = self.indent)?;
            self.column = self.indent + self.word_columns;
        } else {
            write!(out, "{:spaces$}", "")?;
            self.column = end;
        }
        out.write_all(&self.word)?;
        self.word.clear();
        self.word_columns = 0;
        Ok(())
    }

    fn change_style(&mut self, style: Style) -> io::Result<()> {
        if style != self.shown {
            write!(self.word, "{}{style}", self.shown.render_reset())?;
            self.shown = style;
        }
        Ok(())
    }
}
