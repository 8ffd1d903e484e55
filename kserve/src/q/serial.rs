//! Values as bytes and as text: `-8! -9! -18! -22! -3!`.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
