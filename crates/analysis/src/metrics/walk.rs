//! One walk through a tree that counts everything. Without recursion: trees of hostile text are deep.

use domain::language::Language;
use tree_sitter::{Node, Tree};

use super::frames::Frame;
use super::kinds::{self, Kind, Leaf};
use super::lines::Lines;
use super::names;
use crate::parse;

/// What a walk has counted.
pub(super) struct Walked<'a> {
    pub(super) lines: Lines,
    pub(super) outside: Frame<'a>,
    /// In the order they start.
    pub(super) functions: Vec<Frame<'a>>,
}

/// A node that the walk is in.
struct Level {
    kind: Kind,
    /// Children met, comments not counted.
    seen: u32,
    /// The last child was the word `else`.
    after_else: bool,
    /// Belongs to a chain of `&&` and `||`.
    is_logical: bool,
    undo: Undo,
}

/// What ends with a node.
#[derive(Default)]
struct Undo {
    function: bool,
    class: bool,
    chain: bool,
    nesting: u32,
    depth: u32,
}

struct Walk<'a> {
    language: Language,
    code: &'a str,
    kinds: Vec<(Kind, Leaf)>,
    lines: Lines,
    levels: Vec<Level>,
    /// Around the present place, the outermost first; never empty.
    frames: Vec<Frame<'a>>,
    done: Vec<Frame<'a>>,
    /// `None` for a function: what lies in it is no part of the class around.
    classes: Vec<Option<&'a str>>,
    /// The last operator of each chain of `&&` and `||` around the present place.
    chains: Vec<Option<Kind>>,
}

/// Walks through all of `tree`.
pub(super) fn walk<'a>(language: Language, code: &'a str, tree: &Tree) -> Walked<'a> {
    let grammar = tree.language();
    let count = u16::try_from(grammar.node_kind_count()).unwrap_or(u16::MAX);
    let kinds = (0..count)
        .map(|id| {
            let name = grammar.node_kind_for_id(id).unwrap_or_default();
            let is_named = grammar.node_kind_is_named(id);
            (
                kinds::kind(language, name, is_named),
                kinds::leaf(name, is_named),
            )
        })
        .collect();
    let mut walk = Walk {
        language,
        code,
        kinds,
        lines: Lines::new(code),
        levels: Vec::new(),
        frames: vec![Frame::default()],
        done: Vec::new(),
        classes: Vec::new(),
        chains: Vec::new(),
    };
    walk.all(tree.root_node());
    let outside = walk.frames.swap_remove(0);
    Walked {
        lines: walk.lines,
        outside,
        functions: {
            walk.done.sort_by_key(|frame| frame.start);
            walk.done
        },
    }
}

impl<'a> Walk<'a> {
    fn all(&mut self, root: Node<'_>) {
        let mut cursor = root.walk();
        loop {
            if self.enter(cursor.node()) {
                if cursor.goto_first_child() {
                    continue;
                }
                self.leave();
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return;
                }
                self.leave();
            }
        }
    }

    fn frame(&mut self) -> &mut Frame<'a> {
        self.frames
            .last_mut()
            .expect("BUG: the outermost frame is never popped by a node")
    }

    fn kind_of(&self, node: Node<'_>) -> (Kind, Leaf) {
        self.kinds
            .get(usize::from(node.kind_id()))
            .copied()
            .unwrap_or((Kind::Plain, Leaf::Nothing))
    }

    /// Counts a node. Whether its children are to be walked; then [`Self::leave`] must follow.
    fn enter(&mut self, node: Node<'_>) -> bool {
        let (kind, leaf) = self.kind_of(node);
        if kind == Kind::Comment {
            self.lines.comment(node);
            return false;
        }
        let (parent, is_first, after_else, in_logical) = match self.levels.last_mut() {
            Some(parent) => {
                parent.seen += 1;
                let after_else = std::mem::take(&mut parent.after_else);
                parent.after_else =
                    kind == Kind::Else && !matches!(parent.kind, Kind::Ternary | Kind::LetElse);
                let is_first = parent.seen == 1;
                (parent.kind, is_first, after_else, parent.is_logical)
            }
            None => (Kind::Plain, true, false, false),
        };
        if after_else && kind != Kind::If {
            self.frame().break_flat();
        }
        let mut level = Level {
            kind,
            seen: 0,
            after_else: false,
            is_logical: false,
            undo: Undo::default(),
        };
        match kind {
            Kind::Text => return self.text(node, is_first && self.is_documentation(parent), level),
            Kind::Class => self.class(node, &mut level.undo),
            Kind::Function | Kind::Closure => self.function(node, kind, &mut level.undo),
            Kind::Binary | Kind::Parentheses => self.logical(node, in_logical, &mut level),
            Kind::And | Kind::Or if in_logical => self.operator(kind),
            Kind::Call if self.is_own_call(node) => self.frame().calls_itself = true,
            _ => self.structure(node, kind, after_else, &mut level.undo),
        }
        if node.child_count() == 0 {
            self.leaf(node, leaf);
        }
        self.levels.push(level);
        true
    }

    fn leave(&mut self) {
        let Some(Level { undo, .. }) = self.levels.pop() else {
            return;
        };
        if undo.function && self.frames.len() > 1 {
            self.done.extend(self.frames.pop());
        } else {
            let frame = self.frame();
            frame.nesting -= undo.nesting;
            frame.depth -= undo.depth;
        }
        if undo.class {
            self.classes.pop();
        }
        if undo.chain {
            self.chains.pop();
        }
    }

    fn leaf(&mut self, node: Node<'_>, leaf: Leaf) {
        if node.byte_range().is_empty() {
            return;
        }
        self.lines.code(node);
        match leaf {
            Leaf::Operator => self.frame().halstead.operator(node.kind_id()),
            Leaf::Operand => {
                let text = parse::text(self.code, node);
                self.frame().halstead.operand(text);
            }
            Leaf::Nothing => {}
        }
    }

    /// A text is one operand; only what is set into it is walked.
    fn text(&mut self, node: Node<'_>, is_documentation: bool, level: Level) -> bool {
        if is_documentation {
            self.lines.comment(node);
            return false;
        }
        self.lines.code(node);
        let text = parse::text(self.code, node);
        self.frame().halstead.operand(text);
        let has_inserts = matches!(
            self.language,
            Language::Python | Language::JavaScript | Language::TypeScript
        ) && text.contains('{');
        if has_inserts {
            self.levels.push(level);
        }
        has_inserts
    }

    /// Whether a text that stands first in a statement documents what it is in.
    fn is_documentation(&self, parent: Kind) -> bool {
        let around = self.levels.iter().nth_back(1);
        self.language == Language::Python
            && parent == Kind::Statement
            && around.is_some_and(|block| block.kind == Kind::Block && block.seen == 1)
    }

    fn class(&mut self, node: Node<'_>, undo: &mut Undo) {
        if let Some(name) = names::class(self.code, node) {
            self.classes.push(Some(name));
            undo.class = true;
        }
    }

    fn function(&mut self, node: Node<'_>, kind: Kind, undo: &mut Undo) {
        let is_inner = self.frames.len() > 1;
        let bound = if kind == Kind::Closure {
            names::bound(self.language, self.code, node)
        } else {
            None
        };
        if kind == Kind::Closure && is_inner && bound.is_none() {
            self.frame().depth += 1;
            undo.depth = 1;
            return;
        }
        let class = self.classes.last().copied().flatten();
        let named = match kind {
            Kind::Closure => {
                let bound = bound.or_else(|| names::holder(self.code, node));
                Some(names::of_closure(self.language, class, bound))
            }
            _ => names::function(self.language, self.code, node, class),
        };
        let Some(named) = named else { return };
        let line = parse::line(node);
        self.frames.push(Frame {
            name: named.full,
            plain_name: named.plain,
            own_prefixes: named.own_prefixes,
            start: node.start_byte(),
            line,
            lines: parse::end_line(node).saturating_sub(line) + 1,
            parameters: names::parameters(self.language, self.code, node, class.is_some()),
            is_inner,
            ..Frame::default()
        });
        self.classes.push(None);
        undo.function = true;
        undo.class = true;
    }

    /// A binary expression belongs to a chain of logical operators when it has one itself; brackets do not end a chain.
    fn logical(&mut self, node: Node<'_>, in_logical: bool, level: &mut Level) {
        level.is_logical = match level.kind {
            Kind::Parentheses => in_logical,
            _ => match node.child_by_field_name("operator") {
                Some(operator) => matches!(self.kind_of(operator).0, Kind::And | Kind::Or),
                // A chain of Rust conditions has no such field.
                None => node.kind() == "let_chain",
            },
        };
        if level.kind == Kind::Binary
            && node
                .child_by_field_name("operator")
                .is_some_and(|operator| self.kind_of(operator).0 == Kind::Coalesce)
        {
            self.frame().decisions += 1;
        }
        if level.is_logical && !in_logical {
            self.chains.push(None);
            level.undo.chain = true;
        }
    }

    /// `&&` or `||`: one decision; a break of the flow where the operator changes.
    fn operator(&mut self, kind: Kind) {
        let is_new = self
            .chains
            .last_mut()
            .is_some_and(|last| last.replace(kind) != Some(kind));
        let frame = self.frame();
        frame.decisions += 1;
        if is_new {
            frame.break_flat();
        }
    }

    fn is_own_call(&self, node: Node<'_>) -> bool {
        let Some(frame) = self.frames.last() else {
            return false;
        };
        let Some(name) = node
            .child_by_field_name("function")
            .or_else(|| node.child_by_field_name("name"))
        else {
            return false;
        };
        let before = node
            .child_by_field_name("object")
            .map_or("", |object| parse::text(self.code, object));
        let text = parse::text(self.code, name);
        let Some(prefix) = text.strip_suffix(frame.plain_name) else {
            return false;
        };
        !frame.plain_name.is_empty()
            && frame.own_prefixes.iter().any(|own| {
                if before.is_empty() {
                    own == prefix
                } else {
                    prefix.is_empty() && own.strip_suffix('.') == Some(before)
                }
            })
    }

    fn structure(&mut self, node: Node<'_>, kind: Kind, after_else: bool, undo: &mut Undo) {
        let decides = match kind {
            Kind::If
            | Kind::ElseIf
            | Kind::Loop
            | Kind::Case
            | Kind::Decision
            | Kind::FlatBreak
            | Kind::Catch => 1,
            Kind::Ternary => i64::from(self.language != Language::Sql),
            Kind::PatternCase => i64::from(!names::takes_everything(self.code, node)),
            Kind::LetElse => i64::from(node.child_by_field_name("alternative").is_some()),
            Kind::Guarded => i64::from(node.child_by_field_name("condition").is_some()),
            Kind::Arms => -i64::from(node.named_child_count() > 0),
            _ => 0,
        };
        let is_flat = match kind {
            Kind::If => after_else,
            Kind::ElseIf | Kind::FlatBreak | Kind::Goto => true,
            Kind::Jump => names::has_label(node),
            _ => false,
        };
        let is_nested = match kind {
            Kind::If => !after_else,
            Kind::Loop
            | Kind::EndlessLoop
            | Kind::Switch
            | Kind::Catch
            | Kind::Ternary
            | Kind::Subquery => true,
            Kind::LetElse => decides > 0,
            _ => false,
        };
        let nests = match kind {
            Kind::If => !after_else,
            Kind::Loop | Kind::EndlessLoop | Kind::Switch | Kind::Try | Kind::Subquery => true,
            _ => false,
        };
        let frame = self.frame();
        frame.decisions += decides;
        if is_flat {
            frame.break_flat();
        }
        if is_nested {
            frame.break_here();
            frame.depth += 1;
            undo.depth = 1;
        }
        if nests {
            frame.nesting += 1;
            frame.nesting_max = frame.nesting_max.max(frame.nesting);
            undo.nesting = 1;
        }
    }
}
