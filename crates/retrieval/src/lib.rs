//! Finding what is known and deciding what is asked: an exact vector index, hybrid search with calibrated scores, and the
//! router. No SQL and no model is here; both come through the ports of `domain`.
#![warn(missing_docs)]

pub mod calibration;
pub mod evidence;
pub mod hybrid;
pub mod index;
mod kernel;
pub mod router;
pub mod terms;
#[cfg(test)]
mod testing;
