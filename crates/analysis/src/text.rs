//! Putting text together.

use std::fmt;

/// Adds formatted text at the end.
pub(crate) trait Put {
    /// Adds `text`, as `format_args!` made it.
    fn put(&mut self, text: fmt::Arguments<'_>);
}

impl Put for String {
    fn put(&mut self, text: fmt::Arguments<'_>) {
        fmt::Write::write_fmt(self, text).expect("BUG: a string takes any text");
    }
}
