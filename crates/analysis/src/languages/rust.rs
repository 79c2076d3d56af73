//! Rust.

use super::Role;
use crate::facts::{ClassKind, Shape};

pub(super) const KEYWORDS: &str = "Self as async await break const continue crate dyn else enum extern false fn for gen if \
    impl in let loop match mod move mut pub ref return self static struct super trait true type unsafe use where while \
    abstract become box do final macro override priv try typeof unsized virtual yield";

pub(super) fn role(kind: &str) -> Role {
    match kind {
        "use_declaration" | "extern_crate_declaration" => Role::Import,
        "function_item" | "function_signature_item" => Role::Function,
        "struct_item" | "union_item" => Role::Class(ClassKind::Struct),
        "enum_item" => Role::Class(ClassKind::Enum),
        "trait_item" => Role::Class(ClassKind::Trait),
        "impl_item" => Role::Class(ClassKind::Implementation),
        "type_item" => Role::Class(ClassKind::TypeAlias),
        "mod_item" => Role::Class(ClassKind::Namespace),
        "block" | "source_file" | "declaration_list" => Role::Block,
        "unsafe_block" | "async_block" => Role::Unsafe,
        "expression_statement" => Role::ExpressionStatement,
        "let_declaration"
        | "const_item"
        | "static_item"
        | "assignment_expression"
        | "compound_assignment_expr" => Role::Assignment,
        "if_expression" => Role::If,
        "for_expression" => Role::ForEach,
        "while_expression" => Role::While,
        "loop_expression" => Role::Loop,
        "match_expression" => Role::Switch(false),
        "return_expression" => Role::Return,
        "break_expression" => Role::Break,
        "continue_expression" => Role::Continue,
        "identifier" | "self" | "field_identifier" | "shorthand_field_identifier" => Role::Name,
        "integer_literal" | "float_literal" => Role::Number,
        "string_literal" | "raw_string_literal" | "char_literal" => Role::Text,
        "boolean_literal" => Role::True,
        "call_expression" => Role::Call,
        "field_expression" => Role::Member,
        "scoped_identifier" | "generic_function" => Role::Path,
        "index_expression" => Role::Index,
        "binary_expression" => Role::Binary,
        "unary_expression" => Role::Unary,
        "closure_expression" => Role::Lambda,
        "array_expression" => Role::Collection(Shape::List),
        "tuple_expression" | "tuple_pattern" => Role::Collection(Shape::Tuple),
        "await_expression" => Role::Await,
        "yield_expression" => Role::Yield,
        "try_expression" => Role::Propagate,
        "reference_expression" => Role::Reference,
        "macro_invocation" => Role::Macro,
        "parenthesized_expression" => Role::Parentheses,
        "line_comment"
        | "block_comment"
        | "attribute_item"
        | "inner_attribute_item"
        | "empty_statement"
        | ";" => Role::Skip,
        _ => Role::Other,
    }
}
