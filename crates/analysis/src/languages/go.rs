//! Go.

use super::Role;
use crate::facts::{ClassKind, Shape};

pub(super) const KEYWORDS: &str = "break case chan const continue default defer else fallthrough for func go goto if import \
    interface map package range return select struct switch type var";

pub(super) fn role(kind: &str) -> Role {
    match kind {
        "import_declaration" => Role::Import,
        "function_declaration" | "method_declaration" => Role::Function,
        "type_spec" | "type_alias" => Role::Class(ClassKind::TypeAlias),
        "type_declaration" | "labeled_statement" => Role::Wrapper,
        "block" | "source_file" | "statement_list" => Role::Block,
        "expression_statement" => Role::ExpressionStatement,
        "var_declaration" | "const_declaration" => Role::Declaration,
        "short_var_declaration" | "assignment_statement" => Role::Assignment,
        "inc_statement" | "dec_statement" => Role::Increment,
        "if_statement" => Role::If,
        "for_statement" => Role::GoFor,
        "expression_switch_statement" | "type_switch_statement" | "select_statement" => {
            Role::Switch(false)
        }
        "return_statement" => Role::Return,
        "break_statement" => Role::Break,
        "continue_statement" => Role::Continue,
        "defer_statement" => Role::Defer,
        "go_statement" => Role::Spawn,
        "send_statement" => Role::Send,
        "identifier" | "field_identifier" | "package_identifier" => Role::Name,
        "int_literal" | "float_literal" => Role::Number,
        "interpreted_string_literal" | "raw_string_literal" | "rune_literal" => Role::Text,
        "true" => Role::True,
        "false" => Role::False,
        "nil" => Role::Null,
        "call_expression" => Role::Call,
        "selector_expression" => Role::Member,
        "index_expression" => Role::Index,
        "slice_expression" => Role::Slice,
        "binary_expression" => Role::Binary,
        "unary_expression" => Role::Unary,
        "func_literal" => Role::Lambda,
        "expression_list" => Role::Collection(Shape::Tuple),
        "parenthesized_expression" => Role::Parentheses,
        "comment" | "package_clause" | "empty_statement" | "\n" | ";" => Role::Skip,
        _ => Role::Other,
    }
}
