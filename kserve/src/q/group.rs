//! Rows by group, and aggregates over groups in one pass.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
