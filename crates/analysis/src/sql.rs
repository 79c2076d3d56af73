//! Explains SQL: what each statement reads, keeps, groups, returns or changes, in the order the database does it.

mod columns;
mod conditions;
mod query;
mod sets;

use domain::ask::Style;
use tree_sitter::{Node, Tree};

use crate::parse;
use crate::render::wording::{code, join};
use crate::text::Put;
use query::{Part, named};

/// Most statements that are told.
const STATEMENTS_MAX: usize = 30;

/// One statement, told.
struct Statement {
    title: String,
    line: u32,
    parts: Vec<Part>,
}

/// The explanation of `source`, whose tree is `tree`, in `style`, without syntax errors.
pub(crate) fn explain(source: &str, tree: Option<&Tree>, style: Style) -> String {
    let Some(tree) = tree else {
        return "This SQL could not be read.".to_owned();
    };
    let mut statements = Vec::new();
    for child in named(tree.root_node()) {
        if child.kind() == "statement" && statements.len() < STATEMENTS_MAX {
            statements.push(statement(source, child));
        }
    }
    if statements.is_empty() {
        return "No SQL statement could be read in this text.".to_owned();
    }
    match style {
        Style::Beginner => beginner(&statements),
        Style::Technical => technical(&statements),
        Style::StepByStep => step_by_step(&statements),
    }
}

fn statement(source: &str, node: Node<'_>) -> Statement {
    let line = parse::line(node);
    let first = named(node)
        .into_iter()
        .find(|child| !matches!(child.kind(), "cte" | "keyword_with" | "keyword_recursive"));
    let (title, parts) = match first.map(|first| (first.kind(), first)) {
        Some(("select" | "set_operation", _)) => ("A query".to_owned(), query::parts(source, node)),
        Some(("insert", inner)) => (
            format!("Adds rows to {}", target(source, inner)),
            insert(source, inner),
        ),
        Some(("update", inner)) => (
            format!("Changes rows of {}", target(source, inner)),
            update(source, inner),
        ),
        Some(("delete", _)) => (
            format!("Deletes rows from {}", target(source, node)),
            delete(source, node),
        ),
        Some(("create_table", inner)) => (
            format!("Creates the table {}", target(source, inner)),
            create_table(source, inner),
        ),
        Some((kind, inner)) => {
            let what = kind.replace('_', " ");
            let text = format!("runs {}", code(parse::text(source, inner)));
            (
                format!("A statement: {what}"),
                vec![Part::new(
                    parse::line(inner),
                    "STATEMENT",
                    text,
                    parse::text(source, inner),
                )],
            )
        }
        None => ("An empty statement".to_owned(), Vec::new()),
    };
    Statement { title, line, parts }
}

/// The table a statement works on.
fn target(source: &str, node: Node<'_>) -> String {
    let mut found = None;
    parse::walk(node, |inner| {
        if inner.kind() == "object_reference" && found.is_none() {
            found = Some(code(parse::text(source, inner)));
        }
        found.is_none()
    });
    found.unwrap_or_else(|| "a table".to_owned())
}

fn insert(source: &str, node: Node<'_>) -> Vec<Part> {
    let lists: Vec<Node<'_>> = named(node)
        .into_iter()
        .filter(|child| child.kind() == "list")
        .collect();
    let has_columns = lists
        .first()
        .is_some_and(|first| named(*first).iter().all(|child| child.kind() == "column"));
    let mut parts = Vec::new();
    if let Some(columns) = lists.first().filter(|_| has_columns) {
        let names: Vec<String> = named(*columns)
            .into_iter()
            .map(|column| code(parse::text(source, column)))
            .collect();
        parts.push(Part::new(
            parse::line(*columns),
            "COLUMNS",
            format!(
                "fills the column{} {}",
                if names.len() == 1 { "" } else { "s" },
                join(&names, "and")
            ),
            parse::text(source, *columns),
        ));
    }
    let rows = lists.len() - usize::from(has_columns);
    if rows > 0 {
        let shown: Vec<String> = lists
            .iter()
            .skip(usize::from(has_columns))
            .take(3)
            .map(|row| code(parse::text(source, *row)))
            .collect();
        let more = if rows > 3 { " and more" } else { "" };
        let first = lists
            .get(usize::from(has_columns))
            .map_or(1, |row| parse::line(*row));
        parts.push(Part::new(
            first,
            "VALUES",
            format!(
                "adds {rows} row{}: {}{more}",
                if rows == 1 { "" } else { "s" },
                join(&shown, "and")
            ),
            "",
        ));
    } else {
        parts.push(Part::new(
            parse::line(node),
            "SELECT",
            "takes the rows from the query that follows".to_owned(),
            parse::text(source, node),
        ));
    }
    parts
}

fn update(source: &str, node: Node<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    let condition = named(node)
        .into_iter()
        .find(|child| child.kind() == "where");
    parts.push(which_rows(source, node, condition, "changes"));
    for child in named(node) {
        if child.kind() == "assignment"
            && let (Some(left), Some(right)) = (
                child.child_by_field_name("left"),
                child.child_by_field_name("right"),
            )
        {
            let text = format!(
                "sets {} to {}",
                code(parse::text(source, left)),
                code(parse::text(source, right))
            );
            parts.push(Part::new(
                parse::line(child),
                "SET",
                text,
                parse::text(source, child),
            ));
        }
    }
    parts
}

fn delete(source: &str, node: Node<'_>) -> Vec<Part> {
    let from = named(node).into_iter().find(|child| child.kind() == "from");
    let condition = from.and_then(|from| {
        named(from)
            .into_iter()
            .find(|child| child.kind() == "where")
    });
    vec![which_rows(source, node, condition, "deletes")]
}

fn which_rows(source: &str, node: Node<'_>, condition: Option<Node<'_>>, verb: &str) -> Part {
    match condition.and_then(|condition| {
        condition
            .child_by_field_name("predicate")
            .map(|predicate| (condition, predicate))
    }) {
        Some((condition, predicate)) => Part::new(
            parse::line(condition),
            "WHERE",
            format!(
                "{verb} only the rows where {}",
                conditions::condition(source, predicate)
            ),
            parse::text(source, predicate),
        ),
        None => Part::new(
            parse::line(node),
            "WHERE",
            format!("{verb} **every** row of the table, because there is no `WHERE`"),
            "",
        ),
    }
}

fn create_table(source: &str, node: Node<'_>) -> Vec<Part> {
    let mut parts = Vec::new();
    let definitions = named(node)
        .into_iter()
        .find(|child| child.kind() == "column_definitions");
    for column in definitions.map(named).unwrap_or_default() {
        let text = parse::text(source, column);
        if column.kind() != "column_definition" {
            parts.push(Part::new(
                parse::line(column),
                "CONSTRAINT",
                format!("keeps the rule {}", code(text)),
                text,
            ));
            continue;
        }
        let name = column
            .child_by_field_name("name")
            .map(|name| parse::text(source, name))
            .unwrap_or_default();
        let type_text = column
            .child_by_field_name("type")
            .map(|kind| parse::text(source, kind))
            .unwrap_or_default();
        let upper = text.to_uppercase();
        let mut rules = Vec::new();
        for (word, meaning) in [
            ("PRIMARY KEY", "which identifies the row"),
            ("NOT NULL", "which must be given"),
            ("UNIQUE", "which no two rows share"),
            ("REFERENCES", "which refers to another table"),
        ] {
            if upper.contains(word) {
                rules.push(meaning.to_owned());
            }
        }
        if let Some(at) = upper.find("DEFAULT ") {
            let default: String = text
                .get(at + 8..)
                .unwrap_or_default()
                .split([' ', ',', '\n'])
                .next()
                .unwrap_or_default()
                .to_owned();
            rules.push(format!("which is {} unless given", code(&default)));
        }
        let rules = if rules.is_empty() {
            String::new()
        } else {
            format!(", {}", join(&rules, "and"))
        };
        parts.push(Part::new(
            parse::line(column),
            "COLUMN",
            format!(
                "has the column {} of type {}{rules}",
                code(name),
                code(type_text)
            ),
            text,
        ));
    }
    parts
}

/// The first sentence: how many statements there are, and what a single one does.
fn summary(statements: &[Statement]) -> String {
    let [only] = statements else {
        return format!(
            "This is SQL with {} statements, which run one after the other.",
            statements.len()
        );
    };
    if only.title != "A query" {
        return format!("This is one SQL statement. It {}.", lower(&only.title));
    }
    let has = |clause: &str| {
        only.parts
            .iter()
            .any(|part| part.clause == clause && part.depth == 0)
    };
    let joins = only
        .parts
        .iter()
        .filter(|part| part.clause == "JOIN" && part.depth == 0)
        .count();
    let mut steps = Vec::new();
    if has("WITH RECURSIVE") {
        steps.push("follows rows from one to the next in rounds".to_owned());
    }
    steps.push(match joins {
        0 => "reads rows".to_owned(),
        1 => "brings rows of two sources together".to_owned(),
        more => format!("brings rows of {} sources together", more + 1),
    });
    for (clause, step) in [
        (
            "SET OPERATION",
            "puts the results of several queries together",
        ),
        ("WHERE", "keeps some of the rows"),
        ("GROUP BY", "puts them into groups"),
        ("ORDER BY", "sorts the result"),
        ("LIMIT", "keeps at most a given number of rows of it"),
    ] {
        if has(clause) {
            steps.push(step.to_owned());
        }
    }
    format!(
        "This is one SQL query, which reads data and changes nothing: it {}.",
        join(&steps, "and")
    )
}

/// A title inside a sentence.
fn lower(title: &str) -> String {
    let mut letters = title.chars();
    match letters.next() {
        Some(first) => first.to_lowercase().chain(letters).collect(),
        None => String::new(),
    }
}

fn beginner(statements: &[Statement]) -> String {
    let mut out = format!("# What this SQL does\n\n{}\n", summary(statements));
    let mut words: Vec<(&str, &str)> = Vec::new();
    for (index, statement) in statements.iter().enumerate() {
        let number = if statements.len() > 1 {
            format!("{}. ", index + 1)
        } else {
            String::new()
        };
        out.put(format_args!("\n## {number}{}\n\n", statement.title));
        for part in &statement.parts {
            out.put(format_args!(
                "{}- It {}.\n",
                "  ".repeat(part.depth),
                part.text
            ));
            words.extend(part.words());
        }
    }
    words.sort_unstable();
    words.dedup();
    if !words.is_empty() {
        out.push_str("\n## Words to know\n\n");
        for (word, meaning) in words {
            out.put(format_args!("- **{word}**: {meaning}.\n"));
        }
    }
    out
}

fn technical(statements: &[Statement]) -> String {
    let mut out = format!(
        "# Technical description\n\nSQL, {} statement{}.\n",
        statements.len(),
        if statements.len() == 1 { "" } else { "s" }
    );
    for statement in statements {
        out.put(format_args!(
            "\n## {} (line {})\n\n| Clause | Line | Code |\n|---|---|---|\n",
            statement.title, statement.line
        ));
        for part in &statement.parts {
            let shown = if part.source.is_empty() {
                "—".to_owned()
            } else {
                code(&part.source).replace('|', "\\|")
            };
            out.put(format_args!(
                "| {}{} | {} | {shown} |\n",
                "› ".repeat(part.depth),
                part.clause,
                part.line
            ));
        }
        let notes: Vec<String> = statement.parts.iter().filter_map(Part::note).collect();
        if !notes.is_empty() {
            out.push_str("\n**Notes**\n\n");
            for note in notes {
                out.put(format_args!("- {note}\n"));
            }
        }
    }
    out.push_str("\nClauses are listed in the order they take effect. How long they take depends on the tables' sizes and indexes, which cannot be told from the code.\n");
    out
}

fn step_by_step(statements: &[Statement]) -> String {
    let mut out = "# Step by step: this SQL\n\nThe database follows the logical order below, which differs from the order of writing.\n".to_owned();
    for statement in statements {
        out.put(format_args!(
            "\n## {} (line {})\n\n",
            statement.title, statement.line
        ));
        let mut counters = [0_usize; 8];
        for part in &statement.parts {
            let depth = part.depth.min(7);
            counters[depth] += 1;
            for deeper in counters.iter_mut().skip(depth + 1) {
                *deeper = 0;
            }
            out.put(format_args!(
                "{}{}. (line {}) `{}`: {}.\n",
                "   ".repeat(depth),
                counters[depth],
                part.line,
                part.clause,
                part.text
            ));
        }
    }
    out
}
