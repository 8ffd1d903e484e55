//! Bounds the memory of the process; checked before memory is taken.

use std::fmt;

/// A bound on the bytes that the whole process holds: q's `-w`.
///
/// The caller provides the counter, usually that of its global allocator, so that variables, intermediate results,
/// inbound bodies and outbound queues all count. Code that takes memory for a peer must call
/// [`has_room`](Self::has_room) first, and fail only that request if it returns `false`.
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use kserve::Memory;
///
/// static HELD: AtomicUsize = AtomicUsize::new(0); // counted by the global allocator
///
/// let memory = Memory::new(1000, || HELD.load(Ordering::Relaxed)); // for `Server::with_memory`
/// HELD.store(600, Ordering::Relaxed);
/// assert_eq!((memory.held(), memory.limit()), (600, 1000));
/// assert!(memory.has_room(400) && !memory.has_room(401) && Memory::unbounded().has_room(1 << 40));
/// ```
#[derive(Clone, Copy)]
pub struct Memory {
    limit: usize,
    held: fn() -> usize,
}

impl Memory {
    /// At most `limit` bytes. `held` returns how many are allocated; it is called for every request and must be
    /// cheap.
    #[must_use]
    pub const fn new(limit: usize, held: fn() -> usize) -> Self {
        Self { limit, held }
    }

    /// No bound; nothing is counted.
    #[must_use]
    pub const fn unbounded() -> Self {
        Self { limit: usize::MAX, held: || 0 }
    }

    /// Whether another `bytes` bytes can be taken.
    #[must_use]
    pub fn has_room(self, bytes: usize) -> bool {
        self.limit == usize::MAX || bytes <= self.limit.saturating_sub(self.held())
    }

    /// The bound, in bytes; `usize::MAX` means none.
    #[must_use]
    pub const fn limit(self) -> usize {
        self.limit
    }

    /// Bytes allocated; 0 if they are not counted.
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
