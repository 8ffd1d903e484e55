//! What a decoder may be asked to do.

/// Bounds on one body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Levels of nesting; the top object is the first. Stops bodies that exhaust the stack.
    ///
    /// Reading a view costs at most this many passes over its bytes.
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
    /// A depth of 100, far past what people send and cheap in stack.
    fn default() -> Self {
        Self { depth: 100 }
    }
}
