//! JSON: `.j.j .j.k`.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
