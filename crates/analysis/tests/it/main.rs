//! The analyser from outside: explanations of sample code, numbers, findings, hostile text, renaming.

#![expect(
    clippy::unwrap_used,
    reason = "a test that cannot be set up should fail"
)]

mod explanations;
mod hostile;
mod metrics;
mod renaming;
mod rules_c_family;
mod rules_go;
mod rules_java;
mod rules_javascript;
mod rules_python;
mod rules_rust;
mod rules_sql;
mod truth;
