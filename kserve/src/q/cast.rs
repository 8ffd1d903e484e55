//! `$`: casts, text into values, padding; `string`.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
