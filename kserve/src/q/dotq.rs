//! The namespace `.Q`, as far as clients ask for it.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
