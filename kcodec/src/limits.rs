//! Limits of the decoder.

crate::settings! {
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
        /// Levels of nesting, the top object included. Bounds the stack of recursive readers. Real messages have few.
        ///
        /// Reading all of a view takes at most this many passes over its bytes.
        pub depth: u8 = 100, with_depth;
    }
}
