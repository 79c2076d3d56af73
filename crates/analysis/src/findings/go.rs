//! Rules for Go.

mod concurrency;
mod errors;
mod resources;
mod values;

use super::nodes::Nodes;
use super::{
    Report, Source, bounds, conditions, flow, loops, names, operands, queries, returns, unused,
};

pub(super) fn find(source: &Source<'_>, report: &mut Report) {
    let before = report.findings.len();
    let nodes = Nodes::new(source);
    flow::find(&nodes, report);
    loops::find(&nodes, report);
    operands::find(&nodes, report);
    conditions::find(&nodes, report);
    returns::find(&nodes, report);
    bounds::find(&nodes, report);
    queries::find(&nodes, report);
    concurrency::find(&nodes, report);
    for function in names::outer_functions(&nodes) {
        let locals = names::locals(function);
        errors::find(&nodes, function, report);
        resources::find(&nodes, function, &locals, report);
        values::find(&nodes, function, &locals, report);
        unused::find(&nodes, function, &locals, report);
    }
    if nodes.is_spent() {
        report.findings.truncate(before);
    }
}
