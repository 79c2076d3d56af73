//! C.

use super::Role;
use crate::facts::{ClassKind, Shape};

pub(super) const KEYWORDS: &str = "auto break case char const continue default do double else enum extern float for goto if \
    inline int long register restrict return short signed sizeof static struct switch typedef union unsigned void volatile \
    while _Bool _Complex _Imaginary";

pub(super) fn role(kind: &str) -> Role {
    match kind {
        "preproc_include" => Role::Import,
        "function_definition" => Role::Function,
        "struct_specifier" | "union_specifier" => Role::Class(ClassKind::Struct),
        "enum_specifier" => Role::Class(ClassKind::Enum),
        "type_definition" => Role::Class(ClassKind::TypeAlias),
        "preproc_ifdef" | "preproc_if" | "labeled_statement" => Role::Wrapper,
        "compound_statement" | "translation_unit" => Role::Block,
        "expression_statement" => Role::ExpressionStatement,
        "declaration" => Role::Declaration,
        "assignment_expression" => Role::Assignment,
        "update_expression" => Role::Increment,
        "if_statement" => Role::If,
        "for_statement" => Role::ForCount,
        "while_statement" => Role::While,
        "do_statement" => Role::DoWhile,
        "switch_statement" => Role::Switch(true),
        "return_statement" => Role::Return,
        "break_statement" => Role::Break,
        "continue_statement" => Role::Continue,
        "identifier" | "field_identifier" => Role::Name,
        "number_literal" => Role::Number,
        "string_literal" | "concatenated_string" | "char_literal" => Role::Text,
        "true" => Role::True,
        "false" => Role::False,
        "null" => Role::Null,
        "call_expression" => Role::Call,
        "field_expression" => Role::Member,
        "subscript_expression" => Role::Index,
        "binary_expression" => Role::Binary,
        "unary_expression" => Role::Unary,
        "pointer_expression" => Role::Reference,
        "initializer_list" => Role::Collection(Shape::List),
        "conditional_expression" => Role::Conditional,
        "parenthesized_expression" => Role::Parentheses,
        "comment" | ";" => Role::Skip,
        _ => Role::Other,
    }
}
