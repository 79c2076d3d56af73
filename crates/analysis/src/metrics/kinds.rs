//! What the nodes of each grammar count as. The conventions are those of `crate::metrics`.

use domain::language::Language;

/// What a node counts as.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Nothing by itself.
    Plain,
    Comment,
    /// A text, one operand with all it is made of.
    Text,
    /// A statement that is one expression.
    Statement,
    /// A list of statements.
    Block,
    Parentheses,
    /// Gives its name to the functions in it.
    Class,
    Function,
    /// A function within an expression.
    Closure,
    If,
    /// Python `elif`.
    ElseIf,
    /// The word `else`.
    Else,
    /// Rust `let … else`.
    LetElse,
    Loop,
    /// A loop without a condition.
    EndlessLoop,
    Switch,
    /// The arms of a Rust `match`: one of them is taken, so the first is no decision.
    Arms,
    /// One way of a switch that is not the default.
    Case,
    /// A Python `case`, which is a default when it takes everything.
    PatternCase,
    /// `if` beside a case or in a comprehension, or the `for` of one: decides, but nests nothing.
    Decision,
    /// Decides, and breaks the flow without nesting: SQL `JOIN`.
    FlatBreak,
    /// A pattern that may have a guard.
    Guarded,
    Try,
    Catch,
    Ternary,
    /// May hold `&&` or `||`.
    Binary,
    And,
    Or,
    Coalesce,
    /// `break` or `continue`, which may have a label.
    Jump,
    Goto,
    Call,
    /// A query inside a query.
    Subquery,
}

/// What a leaf is to Halstead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Leaf {
    Operator,
    Operand,
    /// A closing bracket, which comes with its opening one.
    Nothing,
}

/// What a node of this kind counts as.
pub(super) fn kind(language: Language, name: &str, is_named: bool) -> Kind {
    if !is_named {
        return word(language, name);
    }
    match language {
        Language::Python => python(name),
        Language::JavaScript | Language::TypeScript => javascript(name),
        Language::C | Language::Cpp => c_family(name),
        Language::Rust => rust(name),
        Language::Java => java(name),
        Language::Go => go(name),
        Language::Sql => sql(name),
    }
}

/// What a leaf of this kind is.
pub(super) fn leaf(name: &str, is_named: bool) -> Leaf {
    match name {
        ")" | "]" | "}" | "end" => Leaf::Nothing,
        _ if is_named && !name.starts_with("keyword_") => Leaf::Operand,
        _ => Leaf::Operator,
    }
}

fn word(language: Language, name: &str) -> Kind {
    match name {
        "&&" | "and" => Kind::And,
        "||" | "or" => Kind::Or,
        "??" => Kind::Coalesce,
        "else" => Kind::Else,
        "case" if language != Language::Python => Kind::Case,
        _ => Kind::Plain,
    }
}

fn python(name: &str) -> Kind {
    match name {
        "comment" => Kind::Comment,
        "string" => Kind::Text,
        "expression_statement" => Kind::Statement,
        "block" | "module" => Kind::Block,
        "parenthesized_expression" => Kind::Parentheses,
        "class_definition" => Kind::Class,
        "function_definition" => Kind::Function,
        "lambda" => Kind::Closure,
        "if_statement" => Kind::If,
        "elif_clause" => Kind::ElseIf,
        "for_statement" | "while_statement" => Kind::Loop,
        "match_statement" => Kind::Switch,
        "case_clause" => Kind::PatternCase,
        "for_in_clause" | "if_clause" => Kind::Decision,
        "try_statement" => Kind::Try,
        "except_clause" => Kind::Catch,
        "conditional_expression" => Kind::Ternary,
        "boolean_operator" => Kind::Binary,
        "call" => Kind::Call,
        _ => Kind::Plain,
    }
}

fn javascript(name: &str) -> Kind {
    match name {
        "comment" | "html_comment" => Kind::Comment,
        "string" | "template_string" | "regex" => Kind::Text,
        "expression_statement" => Kind::Statement,
        "statement_block" | "program" => Kind::Block,
        "parenthesized_expression" => Kind::Parentheses,
        "class_declaration" | "class" | "abstract_class_declaration" => Kind::Class,
        "function_declaration" | "generator_function_declaration" | "method_definition" => {
            Kind::Function
        }
        "arrow_function" | "function_expression" | "generator_function" => Kind::Closure,
        "if_statement" => Kind::If,
        "for_statement" | "for_in_statement" | "while_statement" | "do_statement" => Kind::Loop,
        "switch_statement" => Kind::Switch,
        "try_statement" => Kind::Try,
        "catch_clause" => Kind::Catch,
        "ternary_expression" => Kind::Ternary,
        "binary_expression" => Kind::Binary,
        "break_statement" | "continue_statement" => Kind::Jump,
        "call_expression" => Kind::Call,
        _ => Kind::Plain,
    }
}

fn c_family(name: &str) -> Kind {
    match name {
        "comment" => Kind::Comment,
        "string_literal" | "raw_string_literal" | "char_literal" | "system_lib_string" => {
            Kind::Text
        }
        "expression_statement" => Kind::Statement,
        "compound_statement" | "translation_unit" => Kind::Block,
        "parenthesized_expression" => Kind::Parentheses,
        "class_specifier" | "struct_specifier" | "union_specifier" => Kind::Class,
        "function_definition" => Kind::Function,
        "lambda_expression" => Kind::Closure,
        "if_statement" => Kind::If,
        "for_statement" | "for_range_loop" | "while_statement" | "do_statement" => Kind::Loop,
        "switch_statement" => Kind::Switch,
        "try_statement" | "seh_try_statement" => Kind::Try,
        "catch_clause" | "seh_except_clause" => Kind::Catch,
        "conditional_expression" => Kind::Ternary,
        "binary_expression" => Kind::Binary,
        "goto_statement" => Kind::Goto,
        "call_expression" => Kind::Call,
        _ => Kind::Plain,
    }
}

fn rust(name: &str) -> Kind {
    match name {
        "line_comment" | "block_comment" => Kind::Comment,
        "string_literal" | "raw_string_literal" | "char_literal" => Kind::Text,
        "expression_statement" => Kind::Statement,
        "block" | "source_file" => Kind::Block,
        "parenthesized_expression" => Kind::Parentheses,
        "impl_item" | "trait_item" => Kind::Class,
        "function_item" => Kind::Function,
        "closure_expression" => Kind::Closure,
        "if_expression" => Kind::If,
        "let_declaration" => Kind::LetElse,
        "for_expression" | "while_expression" => Kind::Loop,
        "loop_expression" => Kind::EndlessLoop,
        "match_expression" => Kind::Switch,
        "match_block" => Kind::Arms,
        "match_arm" => Kind::Case,
        "match_pattern" => Kind::Guarded,
        "try_expression" => Kind::Decision,
        "binary_expression" | "let_chain" => Kind::Binary,
        "break_expression" | "continue_expression" => Kind::Jump,
        "call_expression" => Kind::Call,
        _ => Kind::Plain,
    }
}

fn java(name: &str) -> Kind {
    match name {
        "line_comment" | "block_comment" => Kind::Comment,
        "string_literal" | "character_literal" => Kind::Text,
        "expression_statement" => Kind::Statement,
        "block" | "program" | "constructor_body" => Kind::Block,
        "parenthesized_expression" => Kind::Parentheses,
        "class_declaration"
        | "record_declaration"
        | "enum_declaration"
        | "interface_declaration"
        | "object_creation_expression" => Kind::Class,
        "method_declaration" | "constructor_declaration" | "compact_constructor_declaration" => {
            Kind::Function
        }
        "lambda_expression" => Kind::Closure,
        "if_statement" => Kind::If,
        "for_statement" | "enhanced_for_statement" | "while_statement" | "do_statement" => {
            Kind::Loop
        }
        "switch_expression" => Kind::Switch,
        "guard" => Kind::Decision,
        "try_statement" | "try_with_resources_statement" => Kind::Try,
        "catch_clause" => Kind::Catch,
        "ternary_expression" => Kind::Ternary,
        "binary_expression" => Kind::Binary,
        "break_statement" | "continue_statement" => Kind::Jump,
        "method_invocation" => Kind::Call,
        _ => Kind::Plain,
    }
}

fn go(name: &str) -> Kind {
    match name {
        "comment" => Kind::Comment,
        "interpreted_string_literal" | "raw_string_literal" | "rune_literal" => Kind::Text,
        "expression_statement" => Kind::Statement,
        "block" | "source_file" | "statement_list" => Kind::Block,
        "parenthesized_expression" => Kind::Parentheses,
        "function_declaration" | "method_declaration" => Kind::Function,
        "func_literal" => Kind::Closure,
        "if_statement" => Kind::If,
        "for_statement" => Kind::Loop,
        "expression_switch_statement" | "type_switch_statement" | "select_statement" => {
            Kind::Switch
        }
        "binary_expression" => Kind::Binary,
        "break_statement" | "continue_statement" => Kind::Jump,
        "goto_statement" => Kind::Goto,
        "call_expression" => Kind::Call,
        _ => Kind::Plain,
    }
}

fn sql(name: &str) -> Kind {
    match name {
        "comment" | "marginalia" => Kind::Comment,
        "literal" => Kind::Text,
        "program" | "function_body" => Kind::Block,
        "parenthesized_expression" => Kind::Parentheses,
        "create_function" | "create_view" | "create_materialized_view" | "cte" => Kind::Function,
        "case" => Kind::Ternary,
        "keyword_when" | "where" | "keyword_having" | "filter_expression" => Kind::Decision,
        "join" | "cross_join" | "lateral_join" | "lateral_cross_join" | "keyword_union"
        | "keyword_except" | "keyword_intersect" => Kind::FlatBreak,
        "subquery" => Kind::Subquery,
        "binary_expression" => Kind::Binary,
        "keyword_and" => Kind::And,
        "keyword_or" => Kind::Or,
        _ => Kind::Plain,
    }
}
