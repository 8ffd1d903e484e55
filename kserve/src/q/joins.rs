//! Joins: `lj ij uj aj ej pj wj`.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
