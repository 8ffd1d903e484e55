//! Text: `like ss ssr sv vs lower trim md5` and their like.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
