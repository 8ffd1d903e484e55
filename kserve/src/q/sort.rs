//! Order: `asc iasc rank`, and the attributes that claim one.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
