//! Many items into one: `sum avg min max dev wavg` and their like.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
