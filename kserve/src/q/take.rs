//! Parts of lists: `# _`, `sublist cut rotate reverse`.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
