//! What the names of a function hold, as far as the code shows. A name that holds different things is unknown.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "the facts have many variants; this looks for a few of them"
)]

use std::collections::{HashMap, HashSet};
use std::rc::Rc;

use domain::language::Language;

use crate::facts::{
    Class, Expr, ExprKind, Function, Program, Shape, Step, StepKind, each_step, functions,
    last_segment,
};

/// What a name holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Nature {
    List,
    Map,
    Set,
    Text,
    Number,
    Bool,
    Channel,
    Unknown,
}

/// The names in reach of one function.
#[derive(Debug)]
pub(crate) struct Scope<'a> {
    pub(crate) language: Language,
    natures: HashMap<&'a str, Nature>,
    /// Functions and classes of this code: they hide built-in ones of the same name.
    defined: Rc<HashSet<&'a str>>,
    /// The function is the body of a `with` block: what it yields to is that block.
    pub(crate) is_context_manager: bool,
}

impl<'a> Scope<'a> {
    /// The functions that `program` defines, methods not counted.
    pub(crate) fn defined(program: &Program<'a>) -> Rc<HashSet<&'a str>> {
        let names = functions(&program.body)
            .into_iter()
            .filter(|(_, function, _)| !function.is_method)
            .map(|(_, function, _)| function.name);
        Rc::new(names.collect())
    }

    /// The names of `function`, or of the statements outside of all functions; `defined` as [`Self::defined`] gives it.
    pub(crate) fn new(
        language: Language,
        program: &Program<'a>,
        function: Option<&Function<'a>>,
        class: Option<&Class<'a>>,
        defined: Rc<HashSet<&'a str>>,
    ) -> Self {
        let mut scope = Self {
            language,
            natures: HashMap::new(),
            defined,
            is_context_manager: function.is_some_and(|function| {
                function
                    .decorators
                    .iter()
                    .any(|decorator| decorator.ends_with("contextmanager"))
            }),
        };
        for field in class
            .map(|class| class.fields.as_slice())
            .unwrap_or_default()
        {
            let nature = field.type_text.as_deref().map_or(Nature::Unknown, of_type);
            scope.natures.insert(field.name, nature);
        }
        if let Some(function) = function {
            for parameter in &function.parameters {
                let nature = parameter
                    .type_text
                    .as_deref()
                    .map_or(Nature::Unknown, of_type);
                scope.natures.insert(parameter.name, nature);
            }
        }
        scope.learn(function.map_or(program.body.as_slice(), |function| function.body.as_slice()));
        scope
    }

    fn learn(&mut self, steps: &[Step<'a>]) {
        each_step(steps, &mut |step| match &step.kind {
            StepKind::Assign {
                target,
                operator: "=",
                value,
                type_text,
            } => match (&target.kind, &value.kind) {
                (
                    ExprKind::Collection { items: targets, .. },
                    ExprKind::Collection { items: values, .. },
                ) if targets.len() == values.len() => {
                    for (target, value) in targets.iter().zip(values) {
                        self.learn_one(target, self.of(value));
                    }
                }
                (ExprKind::Collection { items, .. }, _) => {
                    for item in items {
                        self.learn_one(item, Nature::Unknown);
                    }
                }
                (_, ExprKind::Collection { .. }) => {
                    let nature = type_text.and_then(|type_text| self.of_braces(type_text));
                    self.learn_one(target, nature.unwrap_or_else(|| self.of(value)));
                }
                _ => self.learn_one(target, self.of(value)),
            },
            StepKind::Declare { name, type_text } => {
                self.natures.insert(name, of_type(type_text));
            }
            StepKind::ForEach {
                target: Some(target),
                ..
            } => {
                for name in target.split(|c: char| !c.is_alphanumeric() && c != '_') {
                    self.natures.insert(name, Nature::Unknown);
                }
            }
            _ => {}
        });
    }

    /// What a value in braces makes of a variable of this type in C and C++, where the type decides it.
    fn of_braces(&self, type_text: &str) -> Option<Nature> {
        match (self.language, of_type(type_text)) {
            // The type is that of the items: `int x[] = {5}` has braces, `int x = {5}` is hardly ever written.
            (Language::C, Nature::Number) => Some(Nature::List),
            (Language::C | Language::Cpp, nature) => Some(nature),
            _ => None,
        }
    }

    fn learn_one(&mut self, target: &Expr<'a>, nature: Nature) {
        if matches!(target.kind, ExprKind::Name) {
            self.natures
                .entry(target.text)
                .and_modify(|known| {
                    if *known != nature {
                        *known = Nature::Unknown;
                    }
                })
                .or_insert(nature);
        }
    }

    /// What an expression holds.
    pub(crate) fn of(&self, value: &Expr<'_>) -> Nature {
        match &value.kind {
            ExprKind::Name => self.nature_of(value.text),
            ExprKind::Member { object, name } if matches!(object.text, "self" | "this") => {
                self.nature_of(name)
            }
            ExprKind::Number => Nature::Number,
            ExprKind::Text => Nature::Text,
            ExprKind::Bool(_) | ExprKind::Not(_) => Nature::Bool,
            ExprKind::Collection { shape, .. } | ExprKind::Comprehension { shape, .. } => {
                match shape {
                    Shape::List => Nature::List,
                    Shape::Set => Nature::Set,
                    Shape::Map => Nature::Map,
                    Shape::Tuple | Shape::Generator => Nature::Unknown,
                }
            }
            ExprKind::Call {
                callee, arguments, ..
            } => match last_segment(callee.text) {
                "make"
                    if arguments
                        .first()
                        .is_some_and(|first| first.text.starts_with("chan")) =>
                {
                    Nature::Channel
                }
                "make"
                    if arguments
                        .first()
                        .is_some_and(|first| first.text.starts_with("map")) =>
                {
                    Nature::Map
                }
                "len" => Nature::Number,
                "make" | "list" | "sorted" | "ArrayList" | "LinkedList" => Nature::List,
                "set" | "Set" | "HashSet" | "unordered_set" => Nature::Set,
                "dict" | "defaultdict" | "Counter" | "Map" | "HashMap" | "OrderedDict" => {
                    Nature::Map
                }
                "new" | "with_capacity" if callee.text.contains("HashMap") => Nature::Map,
                "new" | "with_capacity" if callee.text.contains("HashSet") => Nature::Set,
                "new" | "with_capacity" if callee.text.contains("Vec") => Nature::List,
                _ => Nature::Unknown,
            },
            _ => Nature::Unknown,
        }
    }

    /// What a name holds.
    pub(crate) fn nature_of(&self, name: &str) -> Nature {
        let plain = name
            .strip_prefix("self.")
            .or_else(|| name.strip_prefix("this."));
        self.natures
            .get(plain.unwrap_or(name))
            .copied()
            .unwrap_or(Nature::Unknown)
    }

    /// Whether this is JavaScript, with types or without.
    pub(crate) const fn is_script(&self) -> bool {
        matches!(self.language, Language::JavaScript | Language::TypeScript)
    }

    /// Whether this code defines a function of this name.
    pub(crate) fn defines(&self, name: &str) -> bool {
        self.defined.contains(name)
    }
}

fn of_type(text: &str) -> Nature {
    let plain = text
        .trim_start_matches("const ")
        .trim_start_matches('&')
        .trim_start_matches("mut ")
        .trim_end_matches(['&', ' ']);
    let head = last_segment(plain.split(['<', '[']).next().unwrap_or(plain));
    if plain.contains("chan ") {
        Nature::Channel
    } else if plain.starts_with("[]") || plain.ends_with("[]") || plain.starts_with('[') {
        Nature::List
    } else {
        match head {
            "list" | "List" | "Vec" | "vector" | "array" | "deque" | "ArrayList" | "Array"
            | "Sequence" => Nature::List,
            "dict" | "Dict" | "Map" | "HashMap" | "map" | "unordered_map" | "multimap"
            | "BTreeMap" => Nature::Map,
            "set" | "Set" | "HashSet" | "unordered_set" | "multiset" => Nature::Set,
            "str" | "String" | "string" => Nature::Text,
            "bool" | "boolean" => Nature::Bool,
            "int" | "float" | "number" | "double" | "long" | "usize" | "i32" | "i64" | "u32"
            | "u64" | "f64" | "size_t" | "char" | "short" | "unsigned" | "unsigned char"
            | "unsigned int" | "uint8_t" | "uint32_t" => Nature::Number,
            _ => Nature::Unknown,
        }
    }
}
