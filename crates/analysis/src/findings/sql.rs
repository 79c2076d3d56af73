//! Rules for SQL.

use super::{Report, Source};

pub(super) fn find(_source: &Source<'_>, _report: &mut Report) {}
