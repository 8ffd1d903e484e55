//! Limits of the decoder.

crate::settings! {
    /// Limits on one body.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[non_exhaustive]
    pub struct Limits {
        /// Levels of nesting, the top object included. Bounds the stack of recursive readers. Real messages have few.
        ///
        /// Reading all of a view takes at most this many passes over its bytes.
        pub depth: u8 = 100, with_depth;
    }
}
