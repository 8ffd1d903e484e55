//! Messages that wait to be written: q's `.z.W`.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::io::IoSlice;

/// What a handle has queued: q's `-38!h`, columns `n` and `m`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Pending {
    /// Messages of which not all bytes are written.
    pub messages: usize,
    /// Bytes not written.
    pub bytes: usize,
}

/// Whole messages end to end, of which a front is written.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    bytes: Vec<u8>,
    start: usize,
    /// Where each message that is not written ends, counted from the first byte ever queued.
    ends: VecDeque<u64>,
    /// Bytes ever queued, and ever written.
    queued: u64,
    written: u64,
}

/// A buffer that was larger is given back when it is empty.
const KEPT: usize = 1 << 20;

impl Outbound {
    pub(crate) fn pending(&self) -> Pending {
        Pending { messages: self.ends.len(), bytes: usize::try_from(self.queued - self.written).unwrap_or(usize::MAX) }
    }

    /// Whether nothing is left to write.
    pub(crate) const fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Appends the one message that `write` writes; nothing if it fails.
    pub(crate) fn append<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        // Written bytes are dropped once they are the larger part, so that moving the rest is paid for.
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

    /// Appends a message, or what is left of one, that is there in parts.
    pub(crate) fn append_parts(&mut self, parts: &[IoSlice<'_>]) {
        let Ok(()) = self.append(|out| {
            parts.iter().for_each(|part| out.extend_from_slice(part));
            Ok::<(), Infallible>(())
        });
    }

    /// What is to be written next.
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    /// Passes over bytes that were written.
    pub(crate) fn advance(&mut self, written: usize) {
        self.start += written;
        debug_assert!(self.start <= self.bytes.len(), "only what was queued is written");
        if self.is_empty() {
            self.start = 0;
            self.bytes.clear();
            self.bytes.shrink_to(KEPT);
        }
        self.note_written(written);
    }

    /// Forgets what is queued.
    pub(crate) fn clear(&mut self) {
        self.advance(self.bytes.len() - self.start);
    }
}

/// For a writer that takes the bytes away to write them.
#[cfg(feature = "tokio")]
impl Outbound {
    /// Exchanges what is to be written for `empty`, an empty buffer.
    pub(crate) fn take(&mut self, empty: &mut Vec<u8>) {
        debug_assert!(empty.is_empty() && self.start == 0, "what was taken is written first");
        std::mem::swap(&mut self.bytes, empty);
    }

    /// Bytes ever queued.
    pub(crate) const fn queued(&self) -> u64 {
        self.queued
    }

    /// Bytes ever written.
    pub(crate) const fn written(&self) -> u64 {
        self.written
    }
}

impl Outbound {
    /// Counts bytes that were written.
    pub(crate) fn note_written(&mut self, written: usize) {
        self.written += written as u64;
        while self.ends.front().is_some_and(|&end| end <= self.written) {
            self.ends.pop_front();
        }
    }
}
