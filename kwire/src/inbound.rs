//! The bytes that arrived and were not yet understood.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};

/// A receive buffer. Grows with what arrives, at most doubling, never by what a header claims, and
/// is initialized once. Small messages are copied out of it, so that one that is kept holds its own
/// size; a large one leaves with the buffer.
#[derive(Debug, Default)]
pub struct Inbound {
    /// Initialized space, of which `start..end` has arrived and was not taken.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
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
        self.compact();
        let missing = self.expected.saturating_sub(self.end);
        let room = if missing == 0 { CHUNK } else { missing.min(self.end.max(CHUNK)) };
        let until = self.end + room;
        if self.bytes.len() < until {
            self.bytes.reserve_exact(until - self.bytes.len());
            self.bytes.resize(until, 0);
        }
        // A large message gets a buffer of its own: what follows it is read later.
        let read = source.read(self.bytes.get_mut(self.end..until).unwrap_or_default())?;
        self.end += read.min(room);
        Ok(read)
    }

    /// Appends bytes that the caller read.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.compact();
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(bytes);
        self.end = self.bytes.len();
    }

    /// The bytes not yet taken.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// Number of bytes not yet taken.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether nothing is left to take.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Notes that a message of so many bytes has begun.
    pub(crate) const fn expect(&mut self, length: usize) {
        self.expected = length;
    }

    /// Takes the first `length` bytes, which are here.
    pub(crate) fn take(&mut self, length: usize) -> BytesMut {
        if self.start == 0 && self.end == length && length > CHUNK {
            let mut whole = std::mem::take(self).bytes;
            whole.truncate(length);
            return BytesMut::from(Bytes::from(whole));
        }
        let taken = self.as_bytes().get(..length).unwrap_or_default().into();
        self.skip(length);
        taken
    }

    /// Passes over the first `length` bytes.
    pub(crate) fn skip(&mut self, length: usize) {
        self.start += length.min(self.len());
        self.expected = 0;
        if self.is_empty() {
            (self.start, self.end) = (0, 0);
            if self.bytes.len() > 2 * CHUNK {
                self.bytes = Vec::new();
            }
        }
    }

    pub(crate) fn take_all(&mut self) -> Bytes {
        Bytes::copy_from_slice(std::mem::take(self).as_bytes())
    }

    /// Moves what is left to the front.
    fn compact(&mut self) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
    }
}
