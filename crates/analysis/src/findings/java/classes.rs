//! Classes: equals without hashCode, private members nobody uses.

use std::collections::HashMap;

use domain::analysis::Severity;

use crate::findings::nodes::{At, Nodes};
use crate::findings::{Report, Rule};

const EQUALS_WITHOUT_HASH: Rule = Rule {
    name: "equals-without-hash-code",
    severity: Severity::Warning,
    why: "Equal objects must have equal hash codes; otherwise hash maps and sets do not find them.",
};

const UNUSED_PRIVATE: Rule = Rule {
    name: "unused-private-member",
    severity: Severity::Hint,
    why: "Nothing outside can use a private member, so one that is not used inside is left over.",
};

pub(super) fn find(nodes: &Nodes<'_>, report: &mut Report) {
    let mut named: HashMap<&str, u32> = HashMap::new();
    for at in nodes
        .all()
        .filter(|at| at.is_any(&["identifier", "type_identifier"]))
    {
        *named.entry(at.text()).or_default() += 1;
    }
    for at in nodes.all() {
        match at.kind() {
            "class_body" => find_equals(nodes, at, report),
            "method_declaration" | "field_declaration" => find_unused(nodes, at, &named, report),
            _ => {}
        }
    }
}

fn find_equals(nodes: &Nodes<'_>, body: At<'_>, report: &mut Report) {
    let inherits = |class: At<'_>| {
        class
            .child("superclass")
            .is_some_and(|parent| parent.text().contains("Abstract"))
    };
    if body
        .parent()
        .is_none_or(|class| !class.is("class_declaration") || inherits(class))
    {
        return;
    }
    let method = |wanted: &str, parameters: usize| {
        body.children().find(|member| {
            member.is("method_declaration")
                && member
                    .child("name")
                    .is_some_and(|name| name.text() == wanted)
                && member
                    .child("parameters")
                    .is_some_and(|list| list.children().count() == parameters)
        })
    };
    let Some(equals) = method("equals", 1) else {
        return;
    };
    let takes_object = equals
        .child("parameters")
        .and_then(At::only)
        .and_then(|parameter| parameter.child("type"))
        .is_some_and(|kind| matches!(kind.text(), "Object" | "java.lang.Object"));
    let only_fails = equals.child("body").is_none_or(|inner| {
        inner.inside().any(|at| at.is("throw_statement"))
            || inner.text().contains("return super.equals")
            || inner.text().contains("return this ==")
            || inner.text().contains("return (this ==")
    });
    let is_static = equals
        .child_of("modifiers")
        .is_some_and(|modifiers| modifiers.text().contains("static"));
    if takes_object && !only_fails && !is_static && method("hashCode", 0).is_none() {
        let place = equals.child("name").unwrap_or(equals);
        report.add(
            &nodes.source,
            &EQUALS_WITHOUT_HASH,
            place.node(),
            "This class has equals but no hashCode.".to_owned(),
            "Override hashCode over the same fields, for example with `Objects.hash(…)`.",
        );
    }
}

fn find_unused(nodes: &Nodes<'_>, member: At<'_>, named: &HashMap<&str, u32>, report: &mut Report) {
    const SPECIAL: &[&str] = &[
        "serialVersionUID",
        "serialPersistentFields",
        "readObject",
        "writeObject",
        "readResolve",
        "writeReplace",
        "readObjectNoData",
        "main",
    ];
    let Some(modifiers) = member.child_of("modifiers") else {
        return;
    };
    let is_annotated = modifiers
        .inside()
        .any(|at| at.kind().ends_with("annotation"));
    if !modifiers.has_token("private") || modifiers.has_token("native") || is_annotated {
        return;
    }
    let declarator = member.children().find(|at| at.is("variable_declarator"));
    let name = member
        .child("name")
        .or_else(|| declarator.and_then(|declarator| declarator.child("name")));
    let Some(name) = name.filter(|name| !SPECIAL.contains(&name.text())) else {
        return;
    };
    // reflection and native code find members by their names in strings
    if named.get(name.text()) == Some(&1)
        && !nodes.source.code.contains(&format!("\"{}\"", name.text()))
        && !nodes.source.code.contains("@SuppressWarnings")
        && !nodes.source.code.contains("native ")
    {
        report.add(
            &nodes.source,
            &UNUSED_PRIVATE,
            name.node(),
            format!("`{}` is private and never used.", name.text()),
            format!("Remove `{}`, or use it where it was meant.", name.text()),
        );
    }
}
