//! `?[t;c;b;a]`: what `select` and `exec` mean.

use super::fault::{Fault, R};
use super::noun::Noun;
use super::verb::Verb;
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[];

impl Vm<'_> {
    pub(crate) fn functional_select(&mut self, _args: Vec<Noun>) -> R {
        Err(Fault::nyi("functional select"))
    }
}
