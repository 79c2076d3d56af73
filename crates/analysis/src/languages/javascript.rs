//! JavaScript, with JSX.

use super::Role;
use crate::facts::{ClassKind, Shape};

pub(super) const KEYWORDS: &str = "await break case catch class const continue debugger default delete do else enum export \
    extends false finally for function if import in instanceof let new null return static super switch this throw true try \
    typeof var void while with yield";

pub(super) fn role(kind: &str) -> Role {
    match kind {
        "import_statement" => Role::Import,
        "function_declaration" | "generator_function_declaration" | "method_definition" => {
            Role::Function
        }
        "class_declaration" | "class" => Role::Class(ClassKind::Class),
        "export_statement" | "labeled_statement" => Role::Wrapper,
        "statement_block" | "program" => Role::Block,
        "expression_statement" => Role::ExpressionStatement,
        "lexical_declaration" | "variable_declaration" => Role::Declaration,
        "assignment_expression" | "augmented_assignment_expression" => Role::Assignment,
        "update_expression" => Role::Increment,
        "if_statement" => Role::If,
        "for_in_statement" => Role::ForEach,
        "for_statement" => Role::ForCount,
        "while_statement" => Role::While,
        "do_statement" => Role::DoWhile,
        "switch_statement" => Role::Switch(true),
        "return_statement" => Role::Return,
        "throw_statement" => Role::Raise,
        "try_statement" => Role::Try,
        "break_statement" => Role::Break,
        "continue_statement" => Role::Continue,
        "identifier"
        | "this"
        | "super"
        | "property_identifier"
        | "shorthand_property_identifier"
        | "undefined" => Role::Name,
        "number" => Role::Number,
        "string" | "template_string" | "regex" => Role::Text,
        "true" => Role::True,
        "false" => Role::False,
        "null" => Role::Null,
        "call_expression" => Role::Call,
        "new_expression" => Role::New,
        "member_expression" => Role::Member,
        "subscript_expression" => Role::Index,
        "binary_expression" => Role::Binary,
        "unary_expression" => Role::Unary,
        "arrow_function" | "function_expression" | "generator_function" => Role::Lambda,
        "array" | "array_pattern" => Role::Collection(Shape::List),
        "object" | "object_pattern" => Role::Collection(Shape::Map),
        "ternary_expression" => Role::Conditional,
        "await_expression" => Role::Await,
        "yield_expression" => Role::Yield,
        "parenthesized_expression" => Role::Parentheses,
        "comment" | "empty_statement" | "hash_bang_line" => Role::Skip,
        _ => Role::Other,
    }
}
