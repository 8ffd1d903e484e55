//! How much memory the process may hold, asked before any of it is taken.

use std::fmt;

/// A bound on the bytes that the whole process holds: q's `-w`.
///
/// What is held is read from a counter of the caller's, as a rule that of its global allocator, so
/// that globals, results under way, inbound bodies and outbound queues all count. Whoever is about
/// to take memory for a peer asks [`has_room`](Self::has_room) first and fails that one request.
#[derive(Clone, Copy)]
pub struct Memory {
    limit: usize,
    held: fn() -> usize,
}

impl Memory {
    /// At most `limit` bytes, of which `held` returns how many are taken. `held` is called for every
    /// request and must be cheap.
    #[must_use]
    pub const fn new(limit: usize, held: fn() -> usize) -> Self {
        Self { limit, held }
    }

    /// No bound, and nothing is counted.
    #[must_use]
    pub const fn unbounded() -> Self {
        Self { limit: usize::MAX, held: || 0 }
    }

    /// Whether so many bytes more can be taken.
    #[must_use]
    pub fn has_room(self, bytes: usize) -> bool {
        self.limit == usize::MAX || bytes <= self.limit.saturating_sub(self.held())
    }

    /// The bound, in bytes; `usize::MAX` means none.
    #[must_use]
    pub const fn limit(self) -> usize {
        self.limit
    }

    /// Bytes taken, 0 where they are not counted.
    #[must_use]
    pub fn held(self) -> usize {
        (self.held)()
    }
}

impl Default for Memory {
    fn default() -> Self {
        Self::unbounded()
    }
}

impl fmt::Debug for Memory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Memory").field("limit", &self.limit).field("held", &self.held()).finish()
    }
}
