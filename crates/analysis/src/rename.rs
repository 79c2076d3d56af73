//! Renames a definition and what refers to it, by the syntax tree: never in texts or comments, never a member of another object.

#![expect(
    clippy::wildcard_enum_match_arm,
    reason = "a few roles decide, whatever the others are"
)]

use domain::language::Language;
use tree_sitter::Node;

use crate::languages::{Role, is_identifier, is_keyword, role};
use crate::{CODE_BYTES_MAX, parse};

/// `code` with `from` called `to`; see [`domain::analysis::CodeAnalyser::rename`].
pub(crate) fn rename(language: Language, code: &str, from: &str, to: &str) -> Option<String> {
    if from == to
        || code.len() > CODE_BYTES_MAX
        || !is_identifier(language, to)
        || is_keyword(language, from)
    {
        return None;
    }
    let tree = parse::parse(language, code)?;
    let mut uses = Vec::new();
    let mut is_taken = false;
    let mut is_taken_member = false;
    parse::walk(tree.root_node(), |node| {
        if is_name(node) {
            let text = parse::text(code, node);
            if text == to {
                let kind = kind_of_use(language, code, node);
                let is_member = matches!(kind, UseKind::OwnMember | UseKind::OtherMember);
                is_taken |= !is_member;
                is_taken_member |= is_member;
            }
            if text == from {
                uses.push(Use::read(language, code, node));
            }
        }
        true
    });
    if is_taken {
        return None;
    }
    let chosen = choose(&uses)?;
    let is_of_members = chosen.iter().all(|used| used.kind != UseKind::Definition);
    if is_taken_member && is_of_members {
        return None;
    }
    let mut changed = String::with_capacity(code.len() + to.len() * chosen.len());
    let mut position = 0;
    for used in chosen {
        changed.push_str(code.get(position..used.start)?);
        if used.is_shorthand {
            changed.push_str(from);
            changed.push_str(": ");
        }
        changed.push_str(to);
        position = used.start + from.len();
    }
    changed.push_str(code.get(position..)?);
    let had_error = tree.root_node().has_error();
    let has_error = parse::parse(language, &changed)?.root_node().has_error();
    (had_error || !has_error).then_some(changed)
}

/// One place where the name is written.
struct Use {
    start: usize,
    kind: UseKind,
    /// The functions around it, innermost last, by their first byte.
    scopes: Vec<usize>,
    /// `{ name }` stands for `{ name: name }`.
    is_shorthand: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum UseKind {
    /// Defines a function, class, variable or parameter.
    Definition,
    /// Defines a method or a field.
    MemberDefinition,
    Reference,
    /// A member of `self` or `this`.
    OwnMember,
    /// A member of anything else, or the name of an argument.
    OtherMember,
    /// The name comes from elsewhere.
    Import,
    /// `global` and `nonlocal`: the name is not local here.
    Outer,
}

fn is_name(node: Node<'_>) -> bool {
    let kind = node.kind();
    node.child_count() == 0
        && (kind.ends_with("identifier")
            || kind == "identifier_pattern"
            || kind == "shorthand_property_identifier_pattern")
}

/// The uses that mean the first definition, in order; `None` when there is none or a member cannot be told apart.
fn choose(uses: &[Use]) -> Option<Vec<&Use>> {
    if uses.iter().any(|used| used.kind == UseKind::Import) {
        return None;
    }
    // A definition in a function that declares the name `global` is the outer one.
    let outer_scopes: Vec<usize> = uses
        .iter()
        .filter(|used| used.kind == UseKind::Outer)
        .filter_map(|used| used.scopes.last().copied())
        .collect();
    let home = |used: &Use| -> Vec<usize> {
        let mut scopes = used.scopes.clone();
        while scopes
            .last()
            .is_some_and(|scope| outer_scopes.contains(scope))
        {
            scopes.pop();
        }
        scopes
    };
    let definitions: Vec<Vec<usize>> = uses
        .iter()
        .filter(|used| used.kind == UseKind::Definition)
        .map(home)
        .collect();
    let Some(chosen) = definitions
        .iter()
        .min_by_key(|scopes| scopes.len())
        .cloned()
    else {
        let is_member = uses
            .iter()
            .any(|used| used.kind == UseKind::MemberDefinition);
        let is_clear = uses
            .iter()
            .all(|used| matches!(used.kind, UseKind::MemberDefinition | UseKind::OwnMember));
        return (is_member && is_clear).then(|| uses.iter().collect());
    };
    let resolves_to_chosen = |used: &&Use| -> bool {
        if !matches!(
            used.kind,
            UseKind::Definition | UseKind::Reference | UseKind::Outer
        ) {
            return false;
        }
        let scopes = home(used);
        let innermost = definitions
            .iter()
            .filter(|definition| scopes.starts_with(definition))
            .max_by_key(|definition| definition.len());
        innermost.is_some_and(|definition| *definition == chosen)
    };
    Some(uses.iter().filter(resolves_to_chosen).collect())
}

impl Use {
    fn read(language: Language, code: &str, node: Node<'_>) -> Self {
        let kind = kind_of_use(language, code, node);
        let mut scopes = Vec::new();
        let mut above = node.parent();
        while let Some(parent) = above {
            let is_scope = matches!(
                role(language, parent.kind()),
                Role::Function | Role::Lambda | Role::Comprehension(_)
            );
            // The name of a function belongs to the scope around it, as do the decorators and the first iterable.
            let is_own_name = kind == UseKind::Definition && names_definition(parent, node);
            if is_scope && !is_own_name {
                scopes.push(parent.start_byte());
            }
            above = parent.parent();
        }
        scopes.reverse();
        let is_shorthand = matches!(
            node.kind(),
            "shorthand_property_identifier"
                | "shorthand_property_identifier_pattern"
                | "shorthand_field_identifier"
        ) || node
            .parent()
            .is_some_and(|parent| parent.kind() == "shorthand_field_initializer");
        Self {
            start: node.start_byte(),
            kind,
            scopes,
            is_shorthand,
        }
    }
}

/// Whether `node` is the name of the function or class `definition`.
fn names_definition(definition: Node<'_>, node: Node<'_>) -> bool {
    if definition.child_by_field_name("name") == Some(node) {
        return true;
    }
    let mut current = definition.child_by_field_name("declarator");
    while let Some(declarator) = current {
        if declarator == node {
            return true;
        }
        if declarator.kind() == "function_declarator"
            && declarator.child_by_field_name("declarator") != Some(node)
        {
            return false;
        }
        current = declarator.child_by_field_name("declarator");
    }
    false
}

fn kind_of_use(language: Language, code: &str, node: Node<'_>) -> UseKind {
    let Some(parent) = node.parent() else {
        return UseKind::Reference;
    };
    let is_field = |name: &str| parent.child_by_field_name(name) == Some(node);
    let parent_role = role(language, parent.kind());
    if parent_role == Role::Member
        && (is_field("attribute") || is_field("property") || is_field("field"))
    {
        let object = ["object", "argument", "operand", "value"]
            .iter()
            .find_map(|name| parent.child_by_field_name(name));
        let is_own = object
            .is_some_and(|object| matches!(parse::text(code, object), "self" | "this" | "cls"));
        return if is_own {
            UseKind::OwnMember
        } else {
            UseKind::OtherMember
        };
    }
    if language == Language::Sql {
        return sql_use(parent, node);
    }
    match parent.kind() {
        "keyword_argument" if is_field("name") => return UseKind::OtherMember,
        "method_invocation" if is_field("name") => {
            let object = parent.child_by_field_name("object");
            let is_own = object.is_none_or(|object| parse::text(code, object) == "this");
            return if is_own {
                UseKind::OwnMember
            } else {
                UseKind::OtherMember
            };
        }
        "global_statement" | "nonlocal_statement" => return UseKind::Outer,
        "pair" | "pair_pattern" | "field_initializer" | "keyed_element"
            if is_field("key") || is_field("field") || is_field("name") =>
        {
            return UseKind::OtherMember;
        }
        "scoped_identifier" | "scoped_type_identifier" | "qualified_identifier"
            if is_field("name") =>
        {
            return UseKind::OtherMember;
        }
        _ => {}
    }
    if is_inside_import(language, node) {
        return UseKind::Import;
    }
    if is_member_definition(language, node) {
        return UseKind::MemberDefinition;
    }
    if is_definition(language, node) {
        UseKind::Definition
    } else {
        UseKind::Reference
    }
}

fn sql_use(parent: Node<'_>, node: Node<'_>) -> UseKind {
    let is_alias = parent.child_by_field_name("alias") == Some(node);
    let is_created = parent.kind() == "object_reference"
        && parent
            .parent()
            .is_some_and(|outer| matches!(outer.kind(), "create_table" | "create_view"));
    if is_alias || is_created || parent.kind() == "cte" {
        UseKind::Definition
    } else if parent.kind() == "object_reference" {
        UseKind::Reference
    } else if parent.kind() == "field" && parent.named_child_count() == 1 {
        // A bare column: the alias of a result may be meant only where results are sorted or filtered by it.
        let is_result_alias = parent
            .parent()
            .is_some_and(|outer| outer.kind() == "order_target");
        if is_result_alias {
            UseKind::Reference
        } else {
            UseKind::OtherMember
        }
    } else {
        UseKind::OtherMember
    }
}

fn is_inside_import(language: Language, node: Node<'_>) -> bool {
    let mut above = node.parent();
    for _ in 0..8 {
        match above {
            Some(parent) if role(language, parent.kind()) == Role::Import => return true,
            Some(parent) => above = parent.parent(),
            None => return false,
        }
    }
    false
}

fn is_member_definition(language: Language, node: Node<'_>) -> bool {
    let Some(parent) = node.parent() else {
        return false;
    };
    if matches!(
        parent.kind(),
        "field_declaration"
            | "public_field_definition"
            | "field_definition"
            | "property_signature"
            | "method_definition"
            | "method_signature"
            | "method_elem"
            | "enum_variant"
    ) {
        return parent.child_by_field_name("type") != Some(node);
    }
    if language == Language::Go && parent.kind() == "method_declaration" {
        return true;
    }
    let mut definition = parent;
    for _ in 0..6 {
        if names_definition(definition, node) && role(language, definition.kind()) == Role::Function
        {
            let mut above = definition.parent();
            if above.is_some_and(|outer| role(language, outer.kind()) == Role::Decorated) {
                above = above.and_then(|outer| outer.parent());
            }
            let holder = above.and_then(|list| list.parent());
            return holder
                .is_some_and(|holder| matches!(role(language, holder.kind()), Role::Class(_)));
        }
        match definition.parent() {
            Some(outer) => definition = outer,
            None => return false,
        }
    }
    false
}

/// Whether a name is being defined here: it is, or lies in the pattern of, the defining field of its statement.
fn is_definition(language: Language, node: Node<'_>) -> bool {
    let mut below = node;
    let mut above = node.parent();
    for _ in 0..8 {
        let Some(parent) = above else { return false };
        let is_field = |name: &str| {
            let mut cursor = parent.walk();
            parent
                .children_by_field_name(name, &mut cursor)
                .any(|child| child == below)
        };
        match role(language, parent.kind()) {
            Role::Function | Role::Class(_) => {
                return names_definition(parent, node)
                    || parent.kind() == "type_definition" && is_field("declarator");
            }
            Role::Lambda => return is_field("parameter") || is_field("parameters"),
            Role::Assignment => {
                let creates = language == Language::Python
                    || !matches!(
                        parent.kind(),
                        "assignment_expression"
                            | "assignment_statement"
                            | "compound_assignment_expr"
                            | "augmented_assignment_expression"
                    );
                return creates && (is_field("left") || is_field("pattern") || is_field("name"));
            }
            Role::ForEach => {
                return is_field("left")
                    || is_field("pattern")
                    || is_field("name")
                    || is_field("declarator");
            }
            Role::Member | Role::Index | Role::Call | Role::Block => return false,
            _ => {}
        }
        match parent.kind() {
            "variable_declarator"
            | "var_spec"
            | "const_spec"
            | "parameter"
            | "required_parameter"
            | "optional_parameter"
            | "parameter_declaration"
            | "formal_parameter"
            | "init_declarator"
            | "declaration"
            | "optional_parameter_declaration" => {
                return is_field("name") || is_field("pattern") || is_field("declarator");
            }
            "default_parameter" | "typed_default_parameter" | "catch_formal_parameter" => {
                return is_field("name");
            }
            "typed_parameter" => return !is_field("type"),
            "parameters"
            | "formal_parameters"
            | "lambda_parameters"
            | "closure_parameters"
            | "inferred_parameters" => return true,
            "for_in_clause" | "range_clause" => return is_field("left"),
            "as_pattern_target" | "except_clause" | "catch_clause" => {
                return parent.kind() != "except_clause";
            }
            "type" | "type_annotation" => return false,
            _ => {}
        }
        below = parent;
        above = parent.parent();
    }
    false
}
