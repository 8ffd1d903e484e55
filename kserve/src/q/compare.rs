//! Comparison: `= <> < > <= >=`, `not`, `null`.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
