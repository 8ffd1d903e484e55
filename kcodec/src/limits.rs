//! What a decoder may be asked to do.

/// Bounds on one body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Levels of nesting; the top object is the first. Stops bodies that exhaust the stack.
    ///
    /// Reading a view costs at most this many passes over its bytes.
    pub depth: u8,
}

impl Default for Limits {
    /// A depth of 100, far past what people send and cheap in stack.
    fn default() -> Self {
        Self { depth: 100 }
    }
}
