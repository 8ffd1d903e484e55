//! The receive buffer: bytes that have arrived and are not yet parsed.

use std::io::{self, Read};

use bytes::{Bytes, BytesMut};

/// A receive buffer. It grows with the bytes that arrive, at most doubling, and never by the length that a header
/// claims. Small messages are copied out, so that a message which is kept holds only its own size. A large message
/// takes the buffer with it; the allocation is reused for the next large message if the last reference to it is gone by
/// then.
///
/// ```
/// let mut socket: &[u8] = b"ann:secret\x06\0"; // anything that is `Read`
/// let mut inbound = kwire::Inbound::default();
/// while inbound.read_from(&mut socket)? > 0 {}
/// inbound.extend(b"more"); // bytes that the caller has read
/// assert_eq!((inbound.len(), inbound.is_empty(), &inbound.as_bytes()[12..]), (16, false, &b"more"[..]));
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Inbound {
    /// Initialized memory; `start..end` holds the bytes that have arrived and are not consumed.
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Length in bytes of the message being received, once its header is known.
    expected: usize,
    /// A reference to the last large message, whose memory may be reused.
    spare: Bytes,
}

/// Bytes per read unless a larger message is expected.
pub(crate) const CHUNK: usize = 64 * 1024;
/// Most bytes per read of a large message. The piece is initialized just before the read, so it is still in the cache
/// when the read fills it.
const PIECE: usize = 256 * 1024;
/// Larger messages are not kept for reuse, to bound the memory of an idle connection.
const MAX_SPARE: usize = 256 << 20;

impl Inbound {
    /// Reads once from `source`. Returns the number of bytes read, 0 at the end of the stream.
    ///
    /// # Errors
    ///
    /// The error of `source`, `WouldBlock` included.
    pub fn read_from(&mut self, source: &mut impl Read) -> io::Result<usize> {
        let until = self.end + self.make_room();
        if self.bytes.len() < until {
            self.bytes.resize(until, 0);
        }
        // A read never goes past the end of a large message, so that the message has the buffer to itself.
        let read = source.read(self.bytes.get_mut(self.end..until).unwrap_or_default())?;
        self.end += read.min(until - self.end);
        Ok(read)
    }

    /// Reserves capacity for the next read. Returns the number of bytes to read.
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

    /// Appends bytes that the caller has read.
    pub fn extend(&mut self, bytes: &[u8]) {
        self.compact();
        self.bytes.truncate(self.end);
        self.bytes.extend_from_slice(bytes);
        self.end = self.bytes.len();
    }

    /// The bytes not yet consumed.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..self.end).unwrap_or_default()
    }

    /// The number of bytes not yet consumed.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.end - self.start
    }

    /// Whether all bytes are consumed.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.start == self.end
    }

    /// Records that a message of `length` bytes has begun.
    pub(crate) fn expect(&mut self, length: usize) {
        if self.expected != length && length > self.bytes.capacity() {
            self.reclaim();
        }
        self.expected = length;
    }

    /// Keeps a reference to a message's memory for reuse.
    pub(crate) fn keep_spare(&mut self, message: &Bytes) {
        if (CHUNK..=MAX_SPARE).contains(&message.len()) {
            self.spare = message.clone();
        }
    }

    /// Switches to the last large message's memory if this is the only reference and its capacity is larger.
    fn reclaim(&mut self) {
        let Ok(mut memory) = std::mem::take(&mut self.spare).try_into_mut() else { return };
        memory.clear();
        let mut bytes = Vec::from(memory);
        if bytes.capacity() > self.bytes.capacity() {
            bytes.extend_from_slice(self.as_bytes());
            (self.start, self.end) = (0, bytes.len());
            self.bytes = bytes;
        }
    }

    /// Consumes and returns the first `length` bytes. The caller must have checked that they have arrived.
    pub(crate) fn take(&mut self, length: usize) -> BytesMut {
        if self.start == 0 && self.end == length && length > CHUNK {
            let mut whole = std::mem::take(&mut self.bytes);
            (self.end, self.expected) = (0, 0);
            whole.truncate(length);
            return BytesMut::from(Bytes::from(whole));
        }
        debug_assert!(length <= self.len(), "the caller has checked that the message is complete");
        let taken = self.as_bytes().get(..length).unwrap_or_default().into();
        self.skip(length);
        taken
    }

    /// Consumes the first `length` bytes.
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

    /// Moves the unconsumed bytes to the front.
    fn compact(&mut self) {
        if self.start > 0 {
            self.bytes.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.end - self.start);
        }
    }
}
