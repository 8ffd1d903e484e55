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
    written: usize,
    /// Where each message ends, counted from the first byte that was ever queued.
    ends: VecDeque<u64>,
    /// Bytes that were ever queued before `bytes`.
    before: u64,
}

/// A buffer that was larger is given back when it is empty.
const KEPT: usize = 1 << 20;

impl Outbound {
    pub(crate) fn pending(&self) -> Pending {
        Pending { messages: self.ends.len(), bytes: self.bytes.len() - self.written }
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.written == self.bytes.len()
    }

    /// Appends the one message that `write` writes; nothing if it fails.
    pub(crate) fn append<E>(&mut self, write: impl FnOnce(&mut Vec<u8>) -> Result<(), E>) -> Result<(), E> {
        // Written bytes are dropped once they are the larger part, so that moving the rest is paid for.
        if self.written > self.bytes.len() / 2 {
            self.bytes.drain(..self.written);
            self.before += self.written as u64;
            self.written = 0;
        }
        let start = self.bytes.len();
        write(&mut self.bytes).inspect_err(|_| self.bytes.truncate(start))?;
        self.ends.push_back(self.before + self.bytes.len() as u64);
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
        self.bytes.get(self.written..).unwrap_or_default()
    }

    /// Notes that so many bytes were written.
    pub(crate) fn advance(&mut self, written: usize) {
        self.written += written;
        debug_assert!(self.written <= self.bytes.len(), "only what was queued is written");
        let reached = self.total_written();
        while self.ends.front().is_some_and(|&end| end <= reached) {
            self.ends.pop_front();
        }
        if self.is_empty() {
            self.clear();
        }
    }

    /// Forgets what is queued.
    pub(crate) fn clear(&mut self) {
        self.before += self.bytes.len() as u64;
        self.written = 0;
        self.bytes.clear();
        self.ends.clear();
        self.bytes.shrink_to(KEPT);
    }

    /// Bytes that were ever queued.
    pub(crate) fn total(&self) -> u64 {
        self.before + self.bytes.len() as u64
    }

    /// Bytes that were ever written, or forgotten.
    pub(crate) fn total_written(&self) -> u64 {
        self.before + self.written as u64
    }
}
