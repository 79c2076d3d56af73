//! C++: C and classes, templates, references and exceptions.

use super::{Role, c};
use crate::facts::{ClassKind, Shape};

pub(super) const KEYWORDS: &str = "alignas alignof and asm bool catch class co_await co_return co_yield concept const_cast \
    consteval constexpr constinit decltype delete dynamic_cast explicit export false friend mutable namespace new noexcept \
    not nullptr operator or private protected public reinterpret_cast requires static_assert static_cast template this \
    thread_local throw true try typeid typename using virtual wchar_t xor";

pub(super) fn role(kind: &str) -> Role {
    match kind {
        "using_declaration" => Role::Import,
        "class_specifier" => Role::Class(ClassKind::Class),
        "namespace_definition" => Role::Class(ClassKind::Namespace),
        "template_declaration" | "linkage_specification" => Role::Wrapper,
        "for_range_loop" => Role::ForEach,
        "try_statement" => Role::Try,
        "throw_statement" | "throw_expression" => Role::Raise,
        "co_return_statement" => Role::Return,
        "co_await_expression" => Role::Await,
        "this" => Role::Name,
        "qualified_identifier" | "template_function" | "template_method" => Role::Path,
        "raw_string_literal" => Role::Text,
        "new_expression" => Role::New,
        "lambda_expression" => Role::Lambda,
        "initializer_list" => Role::Collection(Shape::List),
        _ => c::role(kind),
    }
}
