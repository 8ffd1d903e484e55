//! Lists out of lists: `,`, `raze cross flip`.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
