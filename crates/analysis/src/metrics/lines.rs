//! Which lines hold code, which a comment and which nothing.

use tree_sitter::Node;

const CODE: u8 = 1;
const COMMENT: u8 = 2;

/// What was seen on each line.
pub(super) struct Lines {
    seen: Vec<u8>,
}

/// How many lines of each sort; together they are all lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) code: u32,
    pub(super) comment: u32,
    pub(super) blank: u32,
}

impl Lines {
    pub(super) fn new(code: &str) -> Self {
        Self {
            seen: vec![0; code.lines().count()],
        }
    }

    /// Notes that `node` is code.
    pub(super) fn code(&mut self, node: Node<'_>) {
        self.mark(node, CODE);
    }

    /// Notes that `node` is a comment.
    pub(super) fn comment(&mut self, node: Node<'_>) {
        self.mark(node, COMMENT);
    }

    fn mark(&mut self, node: Node<'_>, what: u8) {
        let (start, end) = (node.start_position(), node.end_position());
        // Some comments reach to the start of the next line.
        let last = if end.column == 0 && end.row > start.row {
            end.row - 1
        } else {
            end.row
        };
        for row in start.row..=last {
            if let Some(seen) = self.seen.get_mut(row) {
                *seen |= what;
            }
        }
    }

    /// A line with code counts as code, whatever else is on it; a line within a comment that holds nothing is blank.
    pub(super) fn count(&self, code: &str) -> Counts {
        let mut counts = Counts {
            code: 0,
            comment: 0,
            blank: 0,
        };
        for (line, seen) in code.lines().zip(&self.seen) {
            let sort = if line.trim().is_empty() {
                &mut counts.blank
            } else if *seen == COMMENT {
                &mut counts.comment
            } else {
                &mut counts.code
            };
            *sort += 1;
        }
        counts
    }
}
