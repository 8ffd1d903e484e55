//! `?[t;c;b;a]` and `![t;c;b;a]`: what q-sql means.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
