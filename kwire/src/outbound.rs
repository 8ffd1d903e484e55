//! The write queue: messages not yet written, q's `.z.W`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::IoSlice;

/// The size of a handle's write queue: columns `n` and `m` of q's `-38!h`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pending {
    /// Messages not completely written.
    pub messages: usize,
    /// Bytes not yet written.
    pub bytes: usize,
}

/// Whole messages, concatenated. `bytes[..start]` is written already.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    bytes: Vec<u8>,
    start: usize,
    /// End offset of each unwritten message, counted from the first byte ever queued.
    ends: VecDeque<u64>,
    /// Total bytes queued and written over the queue's lifetime.
    queued: u64,
    written: u64,
}

/// Capacity in bytes that an empty queue keeps.
const IDLE_CAPACITY: usize = 1 << 20;

impl Outbound {
    pub(crate) fn pending(&self) -> Pending {
        Pending { messages: self.ends.len(), bytes: usize::try_from(self.queued - self.written).unwrap_or(usize::MAX) }
    }

    /// Whether all bytes are written.
    pub(crate) const fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Appends the one message that `write` writes. Appends nothing if it fails.
    pub(crate) fn append<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        // Compact only when more than half is written: the move then costs amortized O(1) per byte.
        if self.start > self.bytes.len() / 2 {
            self.bytes.drain(..self.start);
            self.start = 0;
        }
        let before = self.bytes.len();
        write(&mut self.bytes).inspect_err(|_| self.bytes.truncate(before))?;
        self.queued += (self.bytes.len() - before) as u64;
        self.ends.push_back(self.queued);
        Ok(())
    }

    /// Appends a message, or the rest of one, given in parts.
    pub(crate) fn append_parts(&mut self, parts: &[IoSlice<'_>]) {
        let Ok(()) = self.append(|out| {
            parts.iter().for_each(|part| out.extend_from_slice(part));
            Ok::<(), Infallible>(())
        });
    }

    /// The bytes to write next.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Removes `written` bytes from the front.
    pub(crate) fn advance(&mut self, written: usize) {
        self.start += written;
        debug_assert!(self.start <= self.bytes.len(), "only what was queued is written");
        if self.is_empty() {
            self.start = 0;
            self.bytes.clear();
            self.bytes.shrink_to(IDLE_CAPACITY);
        }
        self.note_written(written);
    }

    /// Discards the queue.
    pub(crate) fn clear(&mut self) {
        self.advance(self.bytes.len() - self.start);
    }
}

/// For the tokio driver, which writes from a buffer of its own.
#[cfg(feature = "tokio")]
impl Outbound {
    /// Swaps the queued bytes with `empty`, which must be an empty buffer.
    pub(crate) fn take(&mut self, empty: &mut Vec<u8>) {
        debug_assert!(empty.is_empty() && self.start == 0, "what was taken is written first");
        std::mem::swap(&mut self.bytes, empty);
    }

    /// Total bytes queued over the queue's lifetime.
    pub(crate) const fn queued(&self) -> u64 {
        self.queued
    }

    /// Total bytes written over the queue's lifetime.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }
}

impl Outbound {
    /// Counts written bytes, and removes completed messages.
    pub(crate) fn note_written(&mut self, written: usize) {
        self.written += written as u64;
        while self.ends.front().is_some_and(|&end| end <= self.written) {
            self.ends.pop_front();
        }
    }
}
