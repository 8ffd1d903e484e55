//! Arithmetic: `+ - * % & | ^`, `div mod xbar`, `neg abs floor` and their like.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];
