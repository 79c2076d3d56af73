//! TypeScript: JavaScript and types.

use super::{Role, javascript};
use crate::facts::ClassKind;

pub(super) const KEYWORDS: &str = "interface implements package private protected public";

pub(super) fn role(kind: &str) -> Role {
    match kind {
        "interface_declaration" => Role::Class(ClassKind::Interface),
        "enum_declaration" => Role::Class(ClassKind::Enum),
        "type_alias_declaration" => Role::Class(ClassKind::TypeAlias),
        "abstract_class_declaration" => Role::Class(ClassKind::Class),
        "internal_module" | "module" => Role::Class(ClassKind::Namespace),
        "function_signature" | "abstract_method_signature" | "method_signature" => Role::Function,
        "non_null_expression" | "as_expression" | "satisfies_expression" => Role::Parentheses,
        _ => javascript::role(kind),
    }
}
