//! Text at the top: q, k after `k)`, or a system command after `\`.

use super::fault::{Fault, R};
use super::noun::Noun;
use super::vm::Vm;

impl Vm<'_> {
    /// What a text does: as a message, a line of the console, an argument of `value`.
    pub(crate) fn command(&mut self, text: &[u8]) -> R {
        let trimmed = text.trim_ascii_start();
        if let Some(command) = trimmed.strip_prefix(b"\\") {
            return self.system(command.trim_ascii_end());
        }
        self.text_value(text)
    }

    /// `\d .a`, `system "d .a"`
    pub(crate) fn system(&mut self, command: &[u8]) -> R {
        Err(Fault::nyi_of(&[b"\\", command].concat()))
    }

    /// `3 x`, `-1 x`, `h "2+2"`: a handle applied.
    pub(crate) fn apply_handle(&mut self, handle: &Noun, args: Vec<Noun>) -> R {
        let _ = (handle, args);
        Err(Fault::nyi("handles"))
    }
}
