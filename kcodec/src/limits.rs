//! Limits of the decoder.

/// Limits on one body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Levels of nesting, the top object included. Bounds the stack of recursive readers.
    ///
    /// Reading all of a view takes at most this many passes over its bytes.
    pub depth: u8,
}

impl Limits {
    /// Sets [`depth`](Self::depth).
    #[must_use]
    pub const fn with_depth(mut self, depth: u8) -> Self {
        self.depth = depth;
        self
    }
}

impl Default for Limits {
    /// A depth of 100: more than real messages have, and little stack.
    fn default() -> Self {
        Self { depth: 100 }
    }
}
