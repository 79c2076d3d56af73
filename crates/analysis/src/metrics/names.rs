//! What functions and classes are called, and what they take.

use domain::language::Language;
use tree_sitter::Node;

use crate::parse::text;

/// What a function without a name is called.
const NAMELESS: &str = "<anonymous>";

/// Deepest declarator that is looked into: `int (*f(void))(int)`.
const DECLARATORS_MAX: usize = 32;

/// A function's name.
pub(super) struct Named<'a> {
    /// With its class.
    pub(super) full: String,
    pub(super) plain: &'a str,
    /// What may stand before the name in a call to itself.
    pub(super) own_prefixes: Vec<String>,
}

fn children(node: Node<'_>) -> Vec<Node<'_>> {
    let mut cursor = node.walk();
    node.named_children(&mut cursor)
        .filter(|child| !child.is_extra())
        .collect()
}

/// The name of a class, or of the type that methods are written for.
pub(super) fn class<'a>(code: &'a str, node: Node<'_>) -> Option<&'a str> {
    let name = match node.kind() {
        // Java: a class without a name, written where it is made.
        "object_creation_expression" => {
            let mut cursor = node.walk();
            let has_body = node
                .named_children(&mut cursor)
                .any(|child| child.kind() == "class_body");
            if !has_body {
                return None;
            }
            node.child_by_field_name("type")
        }
        "impl_item" => node.child_by_field_name("type"),
        _ => node.child_by_field_name("name"),
    };
    Some(plain_type(text(code, name?)))
}

/// `Stack` of `&mut Stack<T>`.
fn plain_type(written: &str) -> &str {
    let plain = written.trim_start_matches(['*', '&', ' ']);
    plain.split(['<', '[', '\n']).next().unwrap_or(plain).trim()
}

/// The name of a function, method, view or common table expression; `None` for one without a body.
pub(super) fn function<'a>(
    language: Language,
    code: &'a str,
    node: Node<'_>,
    class: Option<&'a str>,
) -> Option<Named<'a>> {
    if language == Language::Sql {
        let name = children(node)
            .into_iter()
            .find(|child| matches!(child.kind(), "object_reference" | "identifier"))?;
        return Some(named(language, None, text(code, name), Vec::new()));
    }
    node.child_by_field_name("body")?;
    let name = match language {
        Language::C | Language::Cpp => declared_name(node)?,
        Language::Python
        | Language::JavaScript
        | Language::TypeScript
        | Language::Rust
        | Language::Java
        | Language::Go
        | Language::Sql => node.child_by_field_name("name")?,
    };
    let written = text(code, name);
    let written = match name.kind() {
        "operator_cast" => written.split('(').next().unwrap_or(written).trim(),
        _ => written,
    };
    match language {
        Language::Cpp => match written.rsplit_once("::") {
            Some((owner, plain)) => Some(named(language, Some(owner), plain, Vec::new())),
            None => Some(named(language, class, written, Vec::new())),
        },
        Language::Go => {
            let receiver = node
                .child_by_field_name("receiver")
                .and_then(|list| children(list).into_iter().next());
            let Some(receiver) = receiver else {
                return Some(named(language, None, written, Vec::new()));
            };
            let owner = receiver.child_by_field_name("type");
            let variable = receiver.child_by_field_name("name");
            let own = variable.map_or_else(Vec::new, |name| vec![format!("{}.", text(code, name))]);
            let owner = owner.map(|owner| plain_type(text(code, owner)));
            Some(named(language, owner, written, own))
        }
        Language::Python
        | Language::JavaScript
        | Language::TypeScript
        | Language::C
        | Language::Rust
        | Language::Java
        | Language::Sql => Some(named(language, class, written, Vec::new())),
    }
}

/// The name inside a C declarator.
fn declared_name(node: Node<'_>) -> Option<Node<'_>> {
    let mut current = node.child_by_field_name("declarator")?;
    for _ in 0..DECLARATORS_MAX {
        // `operator bool` is a name with a type in it.
        if current.kind() == "operator_cast" {
            break;
        }
        let inner = current.child_by_field_name("declarator").or_else(|| {
            // References and brackets name no field.
            let holds_one = current.kind().ends_with("_declarator");
            children(current).pop().filter(|_| holds_one)
        });
        match inner {
            Some(inner) => current = inner,
            None => break,
        }
    }
    Some(current)
}

fn named<'a>(
    language: Language,
    class: Option<&str>,
    plain: &'a str,
    mut own_prefixes: Vec<String>,
) -> Named<'a> {
    let between = if matches!(language, Language::Rust | Language::Cpp) {
        "::"
    } else {
        "."
    };
    let Some(class) = class else {
        own_prefixes.push(String::new());
        return Named {
            full: plain.to_owned(),
            plain,
            own_prefixes,
        };
    };
    own_prefixes.extend(["self.", "this.", "this->", "Self::", "cls."].map(str::to_owned));
    own_prefixes.push(format!("{class}{between}"));
    if matches!(language, Language::Java | Language::Cpp) {
        own_prefixes.push(String::new());
    }
    Named {
        full: format!("{class}{between}{plain}"),
        plain,
        own_prefixes,
    }
}

/// The name of a closure that is all there is to a name: `const add = (a, b) => a + b`. Only JavaScript makes its functions
/// that way; elsewhere a closure with a name is a part of the function that it is in.
pub(super) fn bound<'a>(language: Language, code: &'a str, node: Node<'_>) -> Option<&'a str> {
    if let Some(name) = node.child_by_field_name("name") {
        return Some(text(code, name));
    }
    if !matches!(language, Language::JavaScript | Language::TypeScript) {
        return None;
    }
    holder_name(code, node)
}

fn holder_name<'a>(code: &'a str, node: Node<'_>) -> Option<&'a str> {
    let parent = node.parent()?;
    let name = match parent.kind() {
        "variable_declarator"
        | "public_field_definition"
        | "init_declarator"
        | "var_spec"
        | "let_declaration" => {
            let named = ["name", "declarator", "pattern"];
            named
                .into_iter()
                .find_map(|field| parent.child_by_field_name(field))
        }
        "field_definition" => parent.child_by_field_name("property"),
        "pair" => parent.child_by_field_name("key"),
        "assignment" | "assignment_expression" => parent.child_by_field_name("left"),
        "expression_list" => {
            return holder_name(code, parent);
        }
        _ => None,
    }?;
    let written = text(code, name);
    let plain = written.rsplit('.').next().unwrap_or(written);
    let is_name = plain
        .chars()
        .all(|c| c.is_alphanumeric() || matches!(c, '_' | '$' | '#'));
    (is_name && !plain.is_empty()).then_some(plain)
}

/// The name of a closure that stands for itself.
pub(super) fn of_closure<'a>(
    language: Language,
    class: Option<&str>,
    bound: Option<&'a str>,
) -> Named<'a> {
    match bound {
        Some(plain) => named(language, class, plain, Vec::new()),
        None => Named {
            full: NAMELESS.to_owned(),
            plain: NAMELESS,
            own_prefixes: Vec::new(),
        },
    }
}

/// Parameters that a caller gives.
pub(super) fn parameters(language: Language, code: &str, node: Node<'_>, is_method: bool) -> u32 {
    if node.child_by_field_name("parameter").is_some() {
        return 1;
    }
    let list = match language {
        Language::C | Language::Cpp => declarator_parameters(node),
        Language::Sql => children(node)
            .into_iter()
            .find(|child| child.kind() == "function_arguments"),
        Language::Python
        | Language::JavaScript
        | Language::TypeScript
        | Language::Rust
        | Language::Java
        | Language::Go => node.child_by_field_name("parameters"),
    };
    let Some(list) = list else { return 0 };
    if list.kind() == "identifier" {
        return 1;
    }
    let mut count = 0_usize;
    for (index, child) in children(list).into_iter().enumerate() {
        let written = text(code, child);
        let own = written.split([':', '=', ' ']).next().unwrap_or(written);
        let is_receiver = match language {
            Language::Python => is_method && index == 0 && matches!(own, "self" | "cls" | "mcs"),
            Language::JavaScript | Language::TypeScript => own == "this",
            Language::C
            | Language::Cpp
            | Language::Rust
            | Language::Java
            | Language::Go
            | Language::Sql => matches!(child.kind(), "self_parameter" | "receiver_parameter"),
        };
        let is_mark = child.kind().ends_with("_separator")
            || child.kind() == "attribute_item"
            || child.is_error()
            || (written == "void" && matches!(language, Language::C | Language::Cpp));
        if is_receiver || is_mark {
            continue;
        }
        let mut cursor = child.walk();
        let names = if language == Language::Go {
            child.children_by_field_name("name", &mut cursor).count()
        } else {
            1
        };
        count += names.max(1);
    }
    u32::try_from(count).unwrap_or(u32::MAX)
}

fn declarator_parameters(node: Node<'_>) -> Option<Node<'_>> {
    let mut current = node.child_by_field_name("declarator")?;
    for _ in 0..DECLARATORS_MAX {
        if let Some(parameters) = current.child_by_field_name("parameters") {
            return Some(parameters);
        }
        current = current
            .child_by_field_name("declarator")
            .or_else(|| children(current).pop())?;
    }
    None
}

/// Whether a Python `case` is the default.
pub(super) fn takes_everything(code: &str, node: Node<'_>) -> bool {
    let parts = children(node);
    let has_guard = node.child_by_field_name("guard").is_some();
    let first = parts.first().map_or("", |first| text(code, *first));
    first == "_" && !has_guard
}

/// Whether `break` or `continue` says which loop.
pub(super) fn has_label(node: Node<'_>) -> bool {
    let mut cursor = node.walk();
    node.named_children(&mut cursor).any(|child| {
        matches!(
            child.kind(),
            "statement_identifier" | "identifier" | "label_name" | "label"
        ) && (child.kind() != "identifier" || node.kind().ends_with("_statement"))
    })
}

/// The name of what a Go, Python, Rust or C closure is kept in, when nothing is around it.
pub(super) fn holder<'a>(code: &'a str, node: Node<'_>) -> Option<&'a str> {
    holder_name(code, node)
}
