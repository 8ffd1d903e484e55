//! Values as bytes and as text: `-8! -9! -18! -22! -3!`.

use super::verb::Verb;

pub(crate) static VERBS: &[Verb] = &[];

impl super::vm::Vm<'_> {
    /// `-n!x`
    pub(crate) fn bang_minus(&mut self, number: i64, x: super::noun::Noun) -> super::fault::R {
        let _ = x;
        Err(super::fault::Fault::nyi_of(format!("{number}!").as_bytes()))
    }
}
