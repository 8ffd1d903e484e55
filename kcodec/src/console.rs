//! The console form, as q's `.Q.s` gives it.

use crate::value::Value;

/// The size that output is cut to, as `\c` sets it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Console {
    /// Lines.
    pub rows: usize,
    /// Characters of a line.
    pub columns: usize,
}

impl Default for Console {
    /// 25 lines of 80 characters.
    fn default() -> Self {
        Self { rows: 25, columns: 80 }
    }
}

/// The value as q's console shows it, each line ended by a newline.
#[must_use]
pub fn console(value: Value<'_>, _console: Console) -> String {
    value.to_string()
}
