//! The part of the Markdown renderer that works within a line: bold, italics and code, character by character.

use std::io::{self, Write};

use anstyle::Style;

use super::CODE;

/// State within a line.
#[derive(Debug, Default)]
pub(super) struct Inline {
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
    /// Begins a line in `base`.
    pub(super) fn begin_line(&mut self, base: Style) {
        *self = Self {
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

    /// Ends the line; every style ends with it.
    pub(super) fn end_line(&mut self, out: &mut dyn Write) -> io::Result<()> {
        self.settle_stars(None, out)?;
        (self.bold, self.italic, self.code) = (false, false, false);
        self.base = Style::new();
        self.change_style(Style::new(), out)
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
        let mut style = if self.code { CODE } else { self.base };
        if self.bold {
            style = style.bold();
        }
        if self.italic {
            style = style.italic();
        }
        self.change_style(style, out)?;
        write!(out, "{c}")
    }

    fn change_style(&mut self, style: Style, out: &mut dyn Write) -> io::Result<()> {
        if style != self.shown {
            write!(out, "{}{style}", self.shown.render_reset())?;
            self.shown = style;
        }
        Ok(())
    }
}
