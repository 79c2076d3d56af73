//! Names that nothing uses.

use domain::analysis::Severity;

use super::{At, Report, Source, count_word};
use crate::findings::Rule;

const UNUSED_VARIABLE: Rule = Rule {
    name: "unused-variable",
    severity: Severity::Hint,
    why: "A value that nothing reads is a leftover, or another one is read by mistake.",
};

const UNUSED_IMPORT: Rule = Rule {
    name: "unused-import",
    severity: Severity::Hint,
    why: "It says that something is needed here which is not.",
};

/// What can be imported without being a trait, whose methods may be in use without its name.
const PLAIN_IMPORTS: &[&str] = &[
    "HashMap",
    "HashSet",
    "BTreeMap",
    "BTreeSet",
    "VecDeque",
    "BinaryHeap",
    "Rc",
    "Arc",
    "Mutex",
    "RwLock",
    "RefCell",
    "Cell",
    "Path",
    "PathBuf",
    "Duration",
    "Instant",
    "File",
    "Ordering",
    "PhantomData",
];

pub(super) fn find(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    match at.kind() {
        "let_declaration" => variable(source, at, report),
        "use_declaration" => import(source, at, report),
        _ => {}
    }
}

fn variable(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let Some(name) = at.child("pattern").filter(|name| name.is("identifier")) else {
        return;
    };
    let Some(block) = at.parent().filter(|block| block.is("block")) else {
        return;
    };
    if name.text().starts_with('_') || count_word(block.text(), name.text()) > 1 {
        return;
    }
    report.add(
        source,
        &UNUSED_VARIABLE,
        name.node(),
        format!("Nothing reads `{}`.", name.text()),
        format!("Remove it, or call it `_{}`.", name.text()),
    );
}

fn import(source: &Source<'_>, at: At<'_>, report: &mut Report) {
    let is_top = at.parent().is_some_and(|parent| parent.is("source_file"));
    if !is_top || at.child_of("visibility_modifier").is_some() || source.code.contains("include!") {
        return;
    }
    for name in at.inside() {
        if name.is("identifier")
            && PLAIN_IMPORTS.contains(&name.text())
            && name
                .parent()
                .is_some_and(|parent| !parent.is("use_as_clause"))
            && count_word(source.code, name.text()) == 1
        {
            report.add(
                source,
                &UNUSED_IMPORT,
                name.node(),
                format!("Nothing uses `{}`.", name.text()),
                "Remove it.",
            );
        }
    }
}
