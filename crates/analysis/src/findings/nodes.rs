//! A syntax tree laid out flat, in source order: what is inside a node is a range, so looking through it needs no recursion,
//! and every look costs a step of a fixed budget. Nothing here knows a language.

use std::cell::Cell;

use tree_sitter::Node;

use super::Source;

/// Most steps the rules may take through one piece of code; ordinary code needs about thirty for each of its nodes.
const STEPS_MAX: u32 = 8_000_000;

/// Stands for "no node".
const NONE: u32 = u32::MAX;

#[derive(Debug)]
struct Entry<'s> {
    node: Node<'s>,
    kind: &'static str,
    field: &'static str,
    parent: u32,
    /// Index after the last node inside this one.
    end: u32,
    /// Named and no comment.
    counts: bool,
}

/// The nodes of a piece of code.
pub(crate) struct Nodes<'s> {
    pub(crate) source: Source<'s>,
    entries: Vec<Entry<'s>>,
    steps_left: Cell<u32>,
}

impl<'s> Nodes<'s> {
    pub(crate) fn new(source: &Source<'s>) -> Self {
        let mut entries: Vec<Entry<'s>> = Vec::new();
        let mut open: Vec<u32> = Vec::new();
        let mut cursor = source.tree.walk();
        loop {
            let node = cursor.node();
            let index = u32::try_from(entries.len()).unwrap_or(NONE);
            let kind = node.kind();
            entries.push(Entry {
                node,
                kind,
                field: cursor.field_name().unwrap_or_default(),
                parent: open.last().copied().unwrap_or(NONE),
                end: index + 1,
                counts: node.is_named() && !kind.ends_with("comment"),
            });
            if cursor.goto_first_child() {
                open.push(index);
                continue;
            }
            loop {
                if cursor.goto_next_sibling() {
                    break;
                }
                let Some(parent) = open.pop() else {
                    return Self {
                        source: *source,
                        entries,
                        steps_left: Cell::new(STEPS_MAX),
                    };
                };
                let end = u32::try_from(entries.len()).unwrap_or(NONE);
                if let Some(entry) = entries.get_mut(parent as usize) {
                    entry.end = end;
                }
                cursor.goto_parent();
            }
        }
    }

    /// The whole code.
    pub(crate) fn root(&self) -> At<'_> {
        At {
            nodes: self,
            index: 0,
        }
    }

    /// Every named node that is no comment, in source order.
    pub(crate) fn all(&self) -> impl Iterator<Item = At<'_>> {
        (0..u32::try_from(self.entries.len()).unwrap_or(NONE))
            .map(|index| At { nodes: self, index })
            .filter(|at| at.entry().counts)
    }

    /// Whether the budget was used up: what was found, or not found, cannot be relied on.
    pub(crate) fn is_spent(&self) -> bool {
        self.steps_left.get() == 0
    }

    fn spend(&self) -> bool {
        let left = self.steps_left.get();
        self.steps_left.set(left.saturating_sub(1));
        left > 0
    }
}

/// One node.
#[derive(Clone, Copy)]
pub(crate) struct At<'n> {
    nodes: &'n Nodes<'n>,
    pub(crate) index: u32,
}

impl PartialEq for At<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.index == other.index
    }
}

impl<'n> At<'n> {
    fn entry(self) -> &'n Entry<'n> {
        self.nodes
            .entries
            .get(self.index as usize)
            .expect("BUG: every index comes from the list")
    }

    pub(crate) fn node(self) -> Node<'n> {
        self.entry().node
    }

    pub(crate) fn kind(self) -> &'static str {
        self.entry().kind
    }

    pub(crate) fn field(self) -> &'static str {
        self.entry().field
    }

    pub(crate) fn is(self, kind: &str) -> bool {
        self.entry().kind == kind
    }

    pub(crate) fn is_any(self, kinds: &[&str]) -> bool {
        kinds.contains(&self.entry().kind)
    }

    pub(crate) fn text(self) -> &'n str {
        self.nodes.source.text(self.entry().node)
    }

    /// The text on one line, cut to what fits into a message.
    pub(crate) fn short(self) -> String {
        let mut words = String::new();
        for word in self.text().split_whitespace() {
            if !words.is_empty() {
                words.push(' ');
            }
            words.push_str(word);
            if words.len() > 60 {
                let mut cut = crate::parse::cut(&words, 60).to_owned();
                cut.push('…');
                return cut;
            }
        }
        words
    }

    /// Line it begins on, from 0.
    pub(crate) fn row(self) -> usize {
        self.node().start_position().row
    }

    /// Line it ends on, from 0.
    pub(crate) fn end_row(self) -> usize {
        self.node().end_position().row
    }

    pub(crate) fn parent(self) -> Option<At<'n>> {
        let parent = self.entry().parent;
        (parent != NONE && self.nodes.spend()).then_some(At {
            nodes: self.nodes,
            index: parent,
        })
    }

    /// Everything around it, from the inside out.
    pub(crate) fn ancestors(self) -> impl Iterator<Item = At<'n>> {
        std::iter::successors(self.parent(), |at| at.parent())
    }

    /// All children, with punctuation and comments.
    pub(crate) fn tokens(self) -> impl Iterator<Item = At<'n>> {
        let end = self.entry().end;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            if next >= end || !self.nodes.spend() {
                return None;
            }
            let at = At {
                nodes: self.nodes,
                index: next,
            };
            next = at.entry().end;
            Some(at)
        })
    }

    /// Named children without comments.
    pub(crate) fn children(self) -> impl Iterator<Item = At<'n>> {
        self.tokens().filter(|at| at.entry().counts)
    }

    /// The child in a field.
    pub(crate) fn child(self, field: &str) -> Option<At<'n>> {
        self.tokens().find(|at| at.entry().field == field)
    }

    /// The first named child of a kind.
    pub(crate) fn child_of(self, kind: &str) -> Option<At<'n>> {
        self.tokens().find(|at| at.is(kind))
    }

    pub(crate) fn nth(self, position: usize) -> Option<At<'n>> {
        self.children().nth(position)
    }

    pub(crate) fn only(self) -> Option<At<'n>> {
        let mut children = self.children();
        let first = children.next()?;
        children.next().is_none().then_some(first)
    }

    /// Every named node inside, in source order, without comments.
    pub(crate) fn inside(self) -> impl Iterator<Item = At<'n>> {
        let nodes = self.nodes;
        (self.index + 1..self.entry().end)
            .map_while(move |index| nodes.spend().then_some(At { nodes, index }))
            .filter(|at| at.entry().counts)
    }

    /// Itself, then every named node inside.
    pub(crate) fn with_inside(self) -> impl Iterator<Item = At<'n>> {
        std::iter::once(self).chain(self.inside())
    }

    /// Every named node inside that is of the same function.
    pub(crate) fn inside_function(
        self,
        functions: &'static [&'static str],
    ) -> impl Iterator<Item = At<'n>> {
        let nodes = self.nodes;
        let end = self.entry().end;
        let mut next = self.index + 1;
        std::iter::from_fn(move || {
            while next < end && nodes.spend() {
                let at = At { nodes, index: next };
                if at.is_any(functions) {
                    next = at.entry().end;
                } else {
                    next += 1;
                    if at.entry().counts {
                        return Some(at);
                    }
                }
            }
            None
        })
    }

    /// Whether `other` is this node or inside of it.
    pub(crate) fn holds(self, other: At<'_>) -> bool {
        other.index >= self.index && other.index < self.entry().end
    }

    /// Whether `other` begins after the end of this node.
    pub(crate) fn is_before(self, other: At<'_>) -> bool {
        other.index >= self.entry().end
    }

    /// The named sibling after it.
    pub(crate) fn next(self) -> Option<At<'n>> {
        let parent = self.parent()?;
        parent.children().find(|at| at.index > self.index)
    }

    /// Whether a token stands among its children.
    pub(crate) fn has_token(self, token: &str) -> bool {
        self.tokens().any(|at| at.is(token))
    }

    /// Whether a comment stands anywhere inside.
    pub(crate) fn has_comment(self) -> bool {
        (self.index + 1..self.entry().end)
            .map_while(|index| {
                self.nodes.spend().then_some(At {
                    nodes: self.nodes,
                    index,
                })
            })
            .any(|at| at.kind().ends_with("comment"))
    }

    /// The operator of an expression: `==`, `+=`, `!`.
    pub(crate) fn operator(self) -> &'static str {
        self.child("operator").map_or("", At::kind)
    }

    /// Without the parentheses around it.
    pub(crate) fn bare(self) -> At<'n> {
        let mut at = self;
        while at.is_any(&["parenthesized_expression", "condition_clause"]) {
            match at.only() {
                Some(only) => at = only,
                None => break,
            }
        }
        at
    }

    /// The expression around it and its parentheses.
    pub(crate) fn outer(self) -> Option<At<'n>> {
        self.ancestors()
            .find(|at| !at.is_any(&["parenthesized_expression", "condition_clause"]))
    }

    /// Both sides of a binary expression with its operator.
    pub(crate) fn sides(self) -> Option<(At<'n>, &'static str, At<'n>)> {
        if !self.is("binary_expression") {
            return None;
        }
        Some((
            self.child("left")?.bare(),
            self.operator(),
            self.child("right")?.bare(),
        ))
    }

    /// The nearest function around it, by the kinds given.
    pub(crate) fn function(self, functions: &[&str]) -> Option<At<'n>> {
        self.ancestors().find(|at| at.is_any(functions))
    }

    /// The language it is written in.
    pub(crate) fn language(self) -> domain::language::Language {
        self.nodes.source.language
    }
}
