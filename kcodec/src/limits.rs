//! Limits of the decoder.

/// Limits on one body.
///
/// ```
/// use kcodec::{ErrorKind, Limits, Value};
///
/// let nested = kcodec::parse("(1;(2;`a))")?;
/// let limits = Limits::default().with_depth(1);
/// let error = Value::decode_with(nested.as_bytes(), limits).unwrap_err();
/// assert_eq!((limits.depth, error.kind), (1, ErrorKind::Depth));
/// # Ok::<(), kcodec::Error>(())
/// ```
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
