//! Tables of short cells, aligned by the widest cell of each column.

use std::io::{self, Write};

use super::DIM;

/// The side a column's cells stand on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    Left,
    Right,
}

/// Columns with their cells; shown when all are known.
pub(crate) struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of these columns without rows.
    pub(crate) fn new(columns: &[(&'static str, Align)]) -> Self {
        Self {
            columns: columns.to_vec(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; cells beyond the columns are not shown.
    pub(crate) fn add(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// Whether there is no row.
    pub(crate) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// Writes a dim line of names and a line for each row, without white space at the ends.
    pub(crate) fn show(&self, out: &mut dyn Write) -> io::Result<()> {
        let names: Vec<String> = self
            .columns
            .iter()
            .map(|(name, _)| (*name).to_owned())
            .collect();
        writeln!(out, "{DIM}{}{DIM:#}", self.line(&names))?;
        for row in &self.rows {
            writeln!(out, "{}", self.line(row))?;
        }
        Ok(())
    }

    fn line(&self, cells: &[String]) -> String {
        let padded = self.columns.iter().zip(cells).enumerate();
        let padded = padded.map(|(at, ((_, align), cell))| {
            let width = self.width(at);
            match align {
                Align::Left => format!("{cell:<width$}"),
                Align::Right => format!("{cell:>width$}"),
            }
        });
        let line = padded.collect::<Vec<_>>().join("  ");
        line.trim_end().to_owned()
    }

    /// Characters of the widest cell of a column, its name included.
    fn width(&self, column: usize) -> usize {
        let name = self.columns.get(column).map_or("", |(name, _)| *name);
        let cells = self.rows.iter().filter_map(|row| row.get(column));
        cells
            .map(|cell| cell.chars().count())
            .chain([name.chars().count()])
            .max()
            .unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_stand_below_each_other() {
        let mut table = Table::new(&[
            ("name", Align::Left),
            ("n", Align::Right),
            ("t", Align::Left),
        ]);
        table.add(vec!["ä".to_owned(), "1".to_owned(), "x".to_owned()]);
        table.add(vec!["longer".to_owned(), "100".to_owned(), String::new()]);
        let lines: Vec<String> = table.rows.iter().map(|row| table.line(row)).collect();
        assert_eq!(lines, ["ä         1  x", "longer  100"]);
    }
}
