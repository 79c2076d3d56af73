//! Rules about names: undefined, read before they are bound, unused, and hiding built-in ones.

use std::collections::HashSet;

use ruff_python_ast::Expr;

use super::builtins::{find_import, find_own_word, is_builtin, is_common};
use super::rules;
use super::scopes::{Binding, BindingKind, Reference, Scope, ScopeKind, Usage, Variable};
use super::{Findings, Module};

/// Most names that a misspelt one is compared with.
const CANDIDATES_MAX: usize = 2_000;

/// Most undefined names for which a similar one is looked for.
const MISSPELT_MAX: usize = 20;

pub(super) fn check(module: &Module<'_>, findings: &mut Findings) {
    check_undefined(module, findings);
    let type_words = type_comment_words(module.code);
    for (index, scope) in module.scopes.list.iter().enumerate() {
        let mut variables: Vec<_> = scope.variables.iter().collect();
        variables.sort_by_key(|(name, _)| **name);
        for (name, variable) in variables {
            check_unbound(module, findings, scope, name, variable);
            check_unused_variable(module, findings, scope, name, variable);
            check_unused_import(module, findings, scope, (name, variable), &type_words);
            check_shadow(module, findings, (index, scope), name, variable);
        }
    }
}

fn check_undefined(module: &Module<'_>, findings: &mut Findings) {
    let scopes = &module.scopes;
    if scopes.has_star || scopes.is_dynamic {
        return;
    }
    let mut told: HashSet<(usize, &str)> = HashSet::new();
    for index in &scopes.unresolved {
        let Some(reference) = scopes.references.get(*index) else {
            continue;
        };
        let name = reference.name;
        if reference.is_quiet || is_builtin(name) || !told.insert((reference.scope, name)) {
            continue;
        }
        let fix = undefined_fix(module, reference, told.len() <= MISSPELT_MAX);
        let message = format!("`{name}` is used here but nothing defines it.");
        findings.add(&rules::UNDEFINED_NAME, &reference.at, message, fix);
    }
}

fn undefined_fix(module: &Module<'_>, reference: &Reference<'_>, guess: bool) -> String {
    let name = reference.name;
    if name == "self" {
        return "Add `self` as the first parameter of the method.".to_owned();
    }
    if let Some(import) = find_import(name) {
        return format!("Add `{import}` at the top.");
    }
    if let Some(own) = find_own_word(name) {
        return format!("Write `{own}`.");
    }
    if let Some(known) = guess.then(|| find_similar(module, reference)).flatten() {
        return format!("Write `{known}` if that is what is meant, or define `{name}` first.");
    }
    format!("Define `{name}` before this line, import it, or correct its spelling.")
}

/// A visible name that differs from the one used by a letter or two.
fn find_similar<'m>(module: &'m Module<'_>, reference: &Reference<'_>) -> Option<&'m str> {
    let name = reference.name;
    if name.len() < 3 {
        return None;
    }
    let mut candidates: Vec<&str> = Vec::new();
    let mut at = reference.scope;
    loop {
        let scope = module.scopes.list.get(at)?;
        candidates.extend(scope.variables.keys().copied());
        if at == 0 {
            break;
        }
        at = scope.parent;
    }
    candidates.extend(super::builtins::BUILTINS.iter().copied());
    candidates.truncate(CANDIDATES_MAX);
    candidates
        .into_iter()
        .filter(|candidate| candidate.len().abs_diff(name.len()) <= 2)
        .map(|candidate| (distance(candidate, name), candidate))
        .filter(|(distance, _)| *distance <= if name.len() < 5 { 1 } else { 2 })
        .min()
        .map(|(_, candidate)| candidate)
}

/// Edits between two words (Levenshtein, with swaps of neighbours).
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().collect(), other.chars().collect());
    let width = other.len() + 1;
    let mut before: Vec<usize> = Vec::new();
    let mut above: Vec<usize> = (0..width).collect();
    for (row, letter) in one.iter().enumerate() {
        let mut line = vec![row + 1];
        for (column, second) in other.iter().enumerate() {
            let get = |list: &[usize], at: usize| list.get(at).copied().unwrap_or(usize::MAX / 2);
            let mut best = (get(&above, column) + usize::from(letter != second))
                .min(get(&above, column + 1) + 1)
                .min(get(&line, column) + 1);
            let is_swap = row > 0
                && column > 0
                && one.get(row - 1) == Some(second)
                && other.get(column - 1) == Some(letter);
            if is_swap {
                best = best.min(get(&before, column - 1) + 1);
            }
            line.push(best);
        }
        before = std::mem::replace(&mut above, line);
    }
    above.last().copied().unwrap_or(usize::MAX)
}

/// `count += 1` in a function where `count` is a global variable.
fn check_unbound(
    module: &Module<'_>,
    findings: &mut Findings,
    scope: &Scope<'_>,
    name: &str,
    variable: &Variable<'_>,
) {
    if scope.kind != ScopeKind::Function || variable.is_shared || scope.is_open {
        return;
    }
    let only_augmented = variable
        .bindings
        .iter()
        .all(|binding| matches!(binding.kind, BindingKind::Augmented(_)));
    let Some(binding) = variable.bindings.first().filter(|_| only_augmented) else {
        return;
    };
    let outer = module.scopes.find(scope.parent, name);
    let (word, message) = match outer {
        Some((0, _)) => (
            "global",
            format!(
                "`{name}` is changed here, which makes it local to the function, before it has a value; the `{name}` outside is another variable."
            ),
        ),
        Some(_) => (
            "nonlocal",
            format!(
                "`{name}` is changed here, which makes it local to the inner function, before it has a value."
            ),
        ),
        None => {
            let message = format!("`{name}` is changed here but never has a first value.");
            let fix = format!("Give `{name}` a value before this line.");
            findings.add(&rules::UNBOUND_LOCAL, &binding.at, message, fix);
            return;
        }
    };
    let fix = format!(
        "Write `{word} {name}` at the start of the function, or pass `{name}` in and return it."
    );
    findings.add(&rules::UNBOUND_LOCAL, &binding.at, message, fix);
}

fn check_unused_variable(
    module: &Module<'_>,
    findings: &mut Findings,
    scope: &Scope<'_>,
    name: &str,
    variable: &Variable<'_>,
) {
    let is_local = scope.kind == ScopeKind::Function && !scope.is_open && !variable.is_shared;
    if !is_local || name.starts_with('_') || !variable.uses.is_empty() {
        return;
    }
    if module.scopes.mentioned.contains(name) {
        return;
    }
    let mut plain = None;
    for binding in &variable.bindings {
        match binding.kind {
            BindingKind::Assigned(_) => plain = plain.or(Some((binding, "assigned"))),
            BindingKind::Except => plain = plain.or(Some((binding, "caught"))),
            BindingKind::Augmented(_) => {}
            BindingKind::Declared
            | BindingKind::Unpacked
            | BindingKind::Loop
            | BindingKind::With
            | BindingKind::Parameter
            | BindingKind::Import { .. }
            | BindingKind::Function(_)
            | BindingKind::Class(_)
            | BindingKind::Type => return,
        }
    }
    if let Some((binding, verb)) = plain {
        let message = format!("`{name}` is {verb} but never read.");
        let fix = if verb == "caught" {
            format!("Remove `as {name}`, or use `{name}` in the report of the error.")
        } else {
            format!("Remove `{name}`, or use it where it was meant to be used.")
        };
        findings.add(&rules::UNUSED_VARIABLE, &binding.at, message, fix);
    }
}

fn check_unused_import(
    module: &Module<'_>,
    findings: &mut Findings,
    scope: &Scope<'_>,
    (name, variable): (&str, &Variable<'_>),
    type_words: &HashSet<&str>,
) {
    let is_place = matches!(scope.kind, ScopeKind::Module | ScopeKind::Function);
    let scopes = &module.scopes;
    if !is_place || !variable.uses.is_empty() || name.starts_with('_') {
        return;
    }
    let is_hidden = scope.is_open || scopes.is_dynamic || scopes.mentioned.contains(name);
    if is_hidden || type_words.contains(name) {
        return;
    }
    // A module of imports alone passes them on.
    if scope.kind == ScopeKind::Module && passes_names_on(module) {
        return;
    }
    let mut first: Option<&Binding<'_>> = None;
    for binding in &variable.bindings {
        match binding.kind {
            BindingKind::Import { is_guarded: false } => first = first.or(Some(binding)),
            _ => return,
        }
    }
    if let Some(binding) = first {
        let message = format!("`{name}` is imported but never used.");
        findings.add(
            &rules::UNUSED_IMPORT,
            &binding.at,
            message,
            format!("Remove the import of `{name}`."),
        );
    }
}

fn passes_names_on(module: &Module<'_>) -> bool {
    module.body.iter().all(|statement| {
        statement.is_import_stmt()
            || statement.is_import_from_stmt()
            || statement
                .as_expr_stmt()
                .is_some_and(|line| line.value.is_string_literal_expr())
            || statement.is_try_stmt()
            || statement.is_assign_stmt()
            || statement.is_if_stmt()
    })
}

/// The words of comments `# type: …`.
fn type_comment_words(code: &str) -> HashSet<&str> {
    code.split("# type:")
        .skip(1)
        .flat_map(|rest| {
            let line = rest.split('\n').next().unwrap_or_default();
            line.split(|letter: char| !letter.is_alphanumeric() && letter != '_')
        })
        .collect()
}

fn check_shadow(
    module: &Module<'_>,
    findings: &mut Findings,
    (index, scope): (usize, &Scope<'_>),
    name: &str,
    variable: &Variable<'_>,
) {
    if !is_common(name) || matches!(scope.kind, ScopeKind::Class | ScopeKind::TypeParameters) {
        return;
    }
    let mut first = None;
    for binding in &variable.bindings {
        let value = match binding.kind {
            BindingKind::Assigned(value) => Some(value),
            BindingKind::Parameter | BindingKind::Loop | BindingKind::With => None,
            // Whoever defines or imports it means to replace it.
            _ => return,
        };
        // `range = xrange` and `input = stream.read` put another function in its place.
        let is_function = value.is_some_and(|value| match value {
            Expr::Name(source) => {
                is_called(module, variable) || !is_element(module, index, source.id.as_str())
            }
            _ => matches!(value, Expr::Attribute(_) | Expr::Lambda(_)),
        });
        if is_function {
            return;
        }
        first = first.or(Some(binding));
    }
    let Some(binding) = first else {
        return;
    };
    let is_called = module
        .scopes
        .uses(variable)
        .find(|reference| reference.usage == Usage::Called);
    let is_value = variable.bindings.iter().all(|binding| match binding.kind {
        BindingKind::Assigned(value) => module.kind(index, value).is_some(),
        _ => false,
    });
    let fix = format!("Choose another name, such as `{name}_` or one that says what it holds.");
    if let Some(call) = is_called.filter(|_| is_value) {
        let message = format!(
            "`{name}` is called here, but it was given another value before and is no longer the built-in `{name}`."
        );
        findings.add(&rules::CALLED_SHADOW, &call.at, message, fix);
    } else {
        let message = format!("`{name}` hides the built-in `{name}`.");
        findings.add(&rules::SHADOWED_BUILTIN, &binding.at, message, fix);
    }
}

/// Whether a name is that of a loop or a parameter, and never called: a value, and no function.
fn is_element(module: &Module<'_>, scope: usize, name: &str) -> bool {
    let Some(variable) = module.scopes.find_variable(scope, name) else {
        return false;
    };
    variable
        .bindings
        .iter()
        .all(|binding| matches!(binding.kind, BindingKind::Loop | BindingKind::Parameter))
        && !is_called(module, variable)
}

fn is_called(module: &Module<'_>, variable: &Variable<'_>) -> bool {
    let mut uses = module.scopes.uses(variable);
    uses.any(|reference| reference.usage == Usage::Called)
}

#[cfg(test)]
mod tests {
    use super::distance;

    #[test]
    fn distances_count_edits_and_swaps() {
        assert_eq!(distance("count", "count"), 0);
        assert_eq!(distance("cuont", "count"), 1);
        assert_eq!(distance("lenght", "length"), 1);
        assert_eq!(distance("total", "totals"), 1);
        assert_eq!(distance("", "abc"), 3);
    }
}
