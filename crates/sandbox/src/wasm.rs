//! The tier for ordinary programs: interpreters compiled to WebAssembly. `engine` is what they share, `python`, `javascript`
//! and `sql` are the guests.

mod engine;
mod image;
mod javascript;
mod pipes;
mod python;
mod room;
mod sql;
