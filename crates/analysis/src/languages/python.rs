//! Python.

use super::Role;
use crate::facts::{ClassKind, Shape};

pub(super) const KEYWORDS: &str = "False None True and as assert async await break class continue def del elif else except \
    finally for from global if import in is lambda nonlocal not or pass raise return try while with yield";

pub(super) fn role(kind: &str) -> Role {
    match kind {
        "import_statement" | "import_from_statement" | "future_import_statement" => Role::Import,
        "function_definition" => Role::Function,
        "class_definition" => Role::Class(ClassKind::Class),
        "decorated_definition" => Role::Decorated,
        "block" | "module" => Role::Block,
        "expression_statement" => Role::ExpressionStatement,
        "assignment" | "augmented_assignment" | "named_expression" => Role::Assignment,
        "if_statement" => Role::If,
        "for_statement" => Role::ForEach,
        "while_statement" => Role::While,
        "match_statement" => Role::Switch(false),
        "return_statement" => Role::Return,
        "raise_statement" => Role::Raise,
        "try_statement" => Role::Try,
        "with_statement" => Role::With,
        "break_statement" => Role::Break,
        "continue_statement" => Role::Continue,
        "pass_statement" => Role::Pass,
        "assert_statement" => Role::Assert,
        "delete_statement" => Role::Delete,
        "identifier" => Role::Name,
        "integer" | "float" => Role::Number,
        "string" | "concatenated_string" => Role::Text,
        "true" => Role::True,
        "false" => Role::False,
        "none" => Role::Null,
        "call" => Role::Call,
        "keyword_argument" => Role::Keyword,
        "attribute" => Role::Member,
        "subscript" => Role::Index,
        "slice" => Role::Slice,
        "binary_operator" | "boolean_operator" => Role::Binary,
        "comparison_operator" => Role::Compare,
        "not_operator" | "unary_operator" => Role::Unary,
        "lambda" => Role::Lambda,
        "list_comprehension" => Role::Comprehension(Shape::List),
        "set_comprehension" => Role::Comprehension(Shape::Set),
        "dictionary_comprehension" => Role::Comprehension(Shape::Map),
        "generator_expression" => Role::Comprehension(Shape::Generator),
        "list" | "list_pattern" => Role::Collection(Shape::List),
        "tuple" | "pattern_list" | "expression_list" | "tuple_pattern" => {
            Role::Collection(Shape::Tuple)
        }
        "set" => Role::Collection(Shape::Set),
        "dictionary" => Role::Collection(Shape::Map),
        "conditional_expression" => Role::Conditional,
        "await" => Role::Await,
        "yield" => Role::Yield,
        "parenthesized_expression" => Role::Parentheses,
        "comment" => Role::Skip,
        _ => Role::Other,
    }
}
