//! Where items are: `in within bin where distinct group`, and sets.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
