//! Random numbers: `rand`, `x?y` of a number.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
