//! Java.

use super::Role;
use crate::facts::{ClassKind, Shape};

pub(super) const KEYWORDS: &str = "abstract assert boolean break byte case catch char class const continue default do double \
    else enum extends false final finally float for goto if implements import instanceof int interface long native new null \
    package private protected public return short static strictfp super switch synchronized this throw throws transient true \
    try void volatile while";

pub(super) fn role(kind: &str) -> Role {
    match kind {
        "import_declaration" => Role::Import,
        "method_declaration" | "constructor_declaration" | "compact_constructor_declaration" => {
            Role::Function
        }
        "class_declaration" | "record_declaration" => Role::Class(ClassKind::Class),
        "interface_declaration" => Role::Class(ClassKind::Interface),
        "enum_declaration" => Role::Class(ClassKind::Enum),
        "labeled_statement" => Role::Wrapper,
        "block" | "program" | "constructor_body" | "class_body" => Role::Block,
        "expression_statement" => Role::ExpressionStatement,
        "local_variable_declaration" => Role::Declaration,
        "assignment_expression" => Role::Assignment,
        "update_expression" => Role::Increment,
        "if_statement" => Role::If,
        "enhanced_for_statement" => Role::ForEach,
        "for_statement" => Role::ForCount,
        "while_statement" => Role::While,
        "do_statement" => Role::DoWhile,
        "switch_expression" => Role::Switch(true),
        "return_statement" => Role::Return,
        "yield_statement" => Role::Give,
        "throw_statement" => Role::Raise,
        "try_statement" | "try_with_resources_statement" => Role::Try,
        "break_statement" => Role::Break,
        "continue_statement" => Role::Continue,
        "assert_statement" => Role::Assert,
        "identifier" | "this" | "super" => Role::Name,
        "decimal_integer_literal" | "decimal_floating_point_literal" | "hex_integer_literal" => {
            Role::Number
        }
        "string_literal" | "character_literal" => Role::Text,
        "true" => Role::True,
        "false" => Role::False,
        "null_literal" => Role::Null,
        "method_invocation" => Role::Call,
        "object_creation_expression" => Role::New,
        "field_access" => Role::Member,
        "array_access" => Role::Index,
        "binary_expression" => Role::Binary,
        "unary_expression" => Role::Unary,
        "lambda_expression" => Role::Lambda,
        "array_initializer" => Role::Collection(Shape::List),
        "ternary_expression" => Role::Conditional,
        "parenthesized_expression" => Role::Parentheses,
        "line_comment" | "block_comment" | "package_declaration" | ";" => Role::Skip,
        _ => Role::Other,
    }
}
