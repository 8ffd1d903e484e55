//! Tables: `cols meta xkey xasc insert upsert` and their like.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
