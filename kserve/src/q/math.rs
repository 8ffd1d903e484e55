//! Functions of floats: `sqrt exp log sin`, `xexp xlog` and their like.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
