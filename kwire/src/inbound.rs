//! The bytes that arrived and were not yet understood.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};

use crate::header::Header;

/// A receive buffer. Grows with what arrives, at most doubling, never by what a header claims; a
/// message leaves it without being copied.
#[derive(Debug, Default)]
pub struct Inbound {
    bytes: BytesMut,
    /// Bytes of the message that has begun, once its header is known.
    expected: usize,
}

/// Bytes asked of the socket at a time while nothing larger is known to come.
const CHUNK: usize = 64 * 1024;

impl Inbound {
    /// Reads once from `source` and returns how many bytes came, 0 at the end of the stream.
    ///
    /// # Errors
    ///
    /// What `source` reports, `WouldBlock` included.
    pub fn read_from(&mut self, source: &mut impl Read) -> io::Result<usize> {
        let have = self.bytes.len();
        let missing = self.expected.saturating_sub(have);
        let room = missing.clamp(CHUNK.min(missing.max(1)), have.max(CHUNK));
        let room = if missing == 0 { CHUNK } else { room };
        self.bytes.resize(have + room, 0);
        let (_, space) = self.bytes.split_at_mut(have);
        let read = source.read(space);
        self.bytes.truncate(have + read.as_ref().map_or(0, |&read| read.min(room)));
        read
    }

    /// Appends bytes that the caller read.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// The bytes not yet taken.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Number of bytes not yet taken.
    #[must_use]
    pub fn len(&self) -> usize {
        self.bytes.len()
    }

    /// Whether nothing is left to take.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    pub(crate) fn header(&self) -> Option<[u8; Header::LEN]> {
        self.bytes.first_chunk().copied()
    }

    /// Takes the first `length` bytes, if they are here; if not, notes that they are to come.
    pub(crate) fn take(&mut self, length: usize) -> Option<BytesMut> {
        if self.bytes.len() < length {
            self.expected = length;
            return None;
        }
        self.expected = 0;
        let taken = self.bytes.split_to(length);
        if self.bytes.is_empty() {
            // An idle connection holds no buffer.
            self.bytes = BytesMut::new();
        }
        Some(taken)
    }

    pub(crate) fn take_all(&mut self) -> Bytes {
        std::mem::take(&mut self.bytes).freeze()
    }
}
