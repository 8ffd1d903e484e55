//! `!`: dicts, keyed tables, and the numbered functions.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
