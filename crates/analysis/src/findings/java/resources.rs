//! Streams, readers, sockets and connections that are opened and never closed.

use domain::analysis::Severity;

use crate::findings::names::Local;
use crate::findings::nodes::{At, Nodes};
use crate::findings::words;
use crate::findings::{Report, Rule};

const RESOURCE_LEAK: Rule = Rule {
    name: "resource-leak",
    severity: Severity::Warning,
    why: "What is opened and not closed keeps a file or a connection of the system until the program ends.",
};

const OPENING: &[&str] = &[
    "FileInputStream",
    "FileOutputStream",
    "FileReader",
    "FileWriter",
    "RandomAccessFile",
    "PrintWriter",
    "BufferedReader",
    "BufferedWriter",
    "InputStreamReader",
    "OutputStreamWriter",
    "ObjectInputStream",
    "ObjectOutputStream",
    "DataInputStream",
    "DataOutputStream",
    "BufferedInputStream",
    "BufferedOutputStream",
    "ZipFile",
    "JarFile",
    "ZipInputStream",
    "ZipOutputStream",
    "GZIPInputStream",
    "GZIPOutputStream",
    "Scanner",
    "Socket",
    "ServerSocket",
    "DatagramSocket",
];

pub(super) fn find<'n>(
    nodes: &Nodes<'_>,
    function: At<'n>,
    locals: &[Local<'n>],
    report: &mut Report,
) {
    for local in locals {
        if !local.declaration.is("local_variable_declaration") {
            continue;
        }
        let Some(value) = local.value.filter(|value| opens(*value)) else {
            continue;
        };
        let uses = local.uses(function);
        let escapes = uses.iter().any(|used| !is_plain_use(*used));
        let closes = uses.iter().any(|used| {
            used.parent()
                .and_then(words::method)
                .is_some_and(|(object, name)| object == *used && name == "close")
        });
        if !escapes && !closes {
            report.add(
                &nodes.source,
                &RESOURCE_LEAK,
                local.name.node(),
                format!(
                    "`{}` is opened by `{}` and never closed.",
                    local.name.text(),
                    value.short()
                ),
                format!(
                    "Open it in a try-with-resources: `try ({} {} = …)`.",
                    local.type_text(),
                    local.name.text()
                ),
            );
        }
    }
}

/// Whether a value is a newly opened file or connection.
fn opens(value: At<'_>) -> bool {
    match value.kind() {
        "object_creation_expression" => {
            let arguments = words::arguments(value);
            // a stream over one that somebody else has, or over memory, is theirs to close
            let fresh = arguments.first().is_some_and(|first| {
                words::is_string(*first)
                    || opens(*first)
                    || (first.is("identifier") && is_path(first.text()))
                    || (first.is("object_creation_expression") && words::callee(*first) == "File")
            });
            OPENING.contains(&words::callee(value)) && fresh
        }
        "method_invocation" => words::method(value).is_some_and(|(object, name)| {
            matches!(
                (object.text(), name),
                ("DriverManager", "getConnection")
                    | (
                        "Files",
                        "newBufferedReader"
                            | "newBufferedWriter"
                            | "newInputStream"
                            | "newOutputStream"
                    )
            ) || (matches!(object.text(), "connection" | "conn" | "con")
                && matches!(name, "prepareStatement" | "createStatement" | "prepareCall"))
        }),
        _ => false,
    }
}

fn is_path(name: &str) -> bool {
    let lower = name.to_lowercase();
    lower.contains("file")
        || lower.contains("path")
        || matches!(lower.as_str(), "host" | "hostname" | "port")
}

/// Whether a use keeps the resource here: a method called on it, or a comparison.
fn is_plain_use(used: At<'_>) -> bool {
    used.parent().is_some_and(|outer| match outer.kind() {
        "method_invocation" => used.field() == "object",
        "binary_expression" => true,
        _ => false,
    })
}
