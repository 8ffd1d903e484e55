//! Items from those before: `sums deltas mavg fills prev` and their like.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
