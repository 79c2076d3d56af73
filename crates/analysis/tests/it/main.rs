//! The analyser from outside: explanations of sample code, hostile text, renaming.

mod explanations;
mod hostile;
mod renaming;
