//! Rules for JavaScript and TypeScript.

mod awaits;
mod bindings;
mod browser;
mod comparisons;
mod globals;
mod objects;
mod scopes;
mod sequences;

use super::nodes::Nodes;
use super::{Report, Source, bounds, conditions, flow, loops, operands, queries, returns};

pub(super) fn find(source: &Source<'_>, report: &mut Report) {
    let before = report.findings.len();
    let nodes = Nodes::new(source);
    let scopes = scopes::Scopes::new(&nodes);
    flow::find(&nodes, report);
    loops::find(&nodes, report);
    operands::find(&nodes, report);
    conditions::find(&nodes, report);
    returns::find(&nodes, report);
    bounds::find(&nodes, report);
    queries::find(&nodes, report);
    bindings::find(&nodes, &scopes, report);
    awaits::find(&nodes, &scopes, report);
    comparisons::find(&nodes, &scopes, report);
    objects::find(&nodes, report);
    browser::find(&nodes, report);
    sequences::find(&nodes, &scopes, report);
    if nodes.is_spent() {
        report.findings.truncate(before);
    }
}
