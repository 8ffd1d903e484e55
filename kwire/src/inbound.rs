//! The bytes that arrived and were not yet understood.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};

/// A receive buffer. Grows with what arrives, at most doubling, never by what a header claims. Small
/// messages are copied out of it, so that one that is kept holds its own size; a large one leaves
/// with the buffer, whose memory serves the next large one if nobody holds the message by then.
#[derive(Debug, Default)]
pub struct Inbound {
    /// Initialized space, of which `start..end` has arrived and was not taken.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Bytes of the message that has begun, once its header is known.
    expected: usize,
    /// The last large message's memory.
    lent: Bytes,
}

/// Bytes asked of the socket at a time while nothing larger is known to come.
pub(crate) const CHUNK: usize = 64 * 1024;
/// Bytes of a large message that are read at a time: what is initialized for a read is still in the
/// cache when the read fills it.
const PIECE: usize = 256 * 1024;
/// A message of more bytes is not held on to: an idle connection must not keep that much.
const LENT: usize = 256 << 20;

impl Inbound {
    /// Reads once from `source` and returns how many bytes came, 0 at the end of the stream.
    ///
    /// # Errors
    ///
    /// What `source` reports, `WouldBlock` included.
    pub fn read_from(&mut self, source: &mut impl Read) -> io::Result<usize> {
        let until = self.end + self.make_room();
        if self.bytes.len() < until {
            self.bytes.resize(until, 0);
        }
        // A large message gets a buffer of its own: what follows it is read later.
        let read = source.read(self.bytes.get_mut(self.end..until).unwrap_or_default())?;
        self.end += read.min(until - self.end);
        Ok(read)
    }

    /// Makes room for what comes next and returns how many bytes of it to read.
    fn make_room(&mut self) -> usize {
        self.compact();
        let missing = self.expected.saturating_sub(self.end);
        let room = if missing == 0 { CHUNK } else { missing.min(self.end.clamp(CHUNK, PIECE)) };
        if self.bytes.capacity() - self.end < room {
            let more = room.max(missing.min(self.end));
            self.bytes.reserve_exact(self.end + more - self.bytes.len());
        }
        room
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
    pub(crate) fn expect(&mut self, length: usize) {
        if self.expected != length && length > self.bytes.capacity() {
            self.reclaim();
        }
        self.expected = length;
    }

    /// Notes a message whose memory may serve again.
    pub(crate) fn lend(&mut self, message: &Bytes) {
        if (CHUNK..=LENT).contains(&message.len()) {
            self.lent = message.clone();
        }
    }

    /// Moves to the last large message's memory, if nobody else holds it.
    fn reclaim(&mut self) {
        let Ok(mut memory) = std::mem::take(&mut self.lent).try_into_mut() else { return };
        memory.clear();
        let mut bytes = Vec::from(memory);
        if bytes.capacity() > self.bytes.capacity() {
            bytes.extend_from_slice(self.as_bytes());
            (self.start, self.end) = (0, bytes.len());
            self.bytes = bytes;
        }
    }

    /// Takes the first `length` bytes, which are here.
    pub(crate) fn take(&mut self, length: usize) -> BytesMut {
        if self.start == 0 && self.end == length && length > CHUNK {
            let mut whole = std::mem::take(&mut self.bytes);
            (self.end, self.expected) = (0, 0);
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
