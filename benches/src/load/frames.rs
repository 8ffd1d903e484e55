//! Message boundaries in a stream of bytes, without buffering the messages.

use kwire::{Header, Malformed, MessageType};

/// Bytes kept of each message: the header, a type byte and an atom of 8 bytes.
const KEPT: usize = Header::LEN + 9;
const ERROR: u8 = 0x80;
const LONG: u8 = 0xf9;

/// A cursor over the messages of one connection.
#[derive(Debug, Default)]
pub struct Frames {
    head: [u8; KEPT],
    have: usize,
    left: u64,
}

/// The first bytes of a complete message.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a>(&'a [u8]);

impl Frames {
    /// Calls `each` for every message that ends in `bytes`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for a malformed header. The stream must not be fed further.
    pub fn feed(&mut self, mut bytes: &[u8], mut each: impl FnMut(Frame<'_>)) -> Result<(), Malformed> {
        while !bytes.is_empty() {
            if self.have < Header::LEN {
                let (taken, rest) = bytes.split_at(bytes.len().min(Header::LEN - self.have));
                self.keep(taken);
                bytes = rest;
                if let Some(head) = self.head[..self.have].first_chunk() {
                    self.left = Header::parse(*head)?.length - Header::LEN as u64;
                }
                continue;
            }
            let (taken, rest) = bytes.split_at(self.left.min(bytes.len() as u64) as usize);
            self.keep(&taken[..taken.len().min(KEPT - self.have)]);
            self.left -= taken.len() as u64;
            bytes = rest;
            if self.left == 0 {
                each(Frame(&self.head[..self.have]));
                self.have = 0;
            }
        }
        Ok(())
    }

    fn keep(&mut self, bytes: &[u8]) {
        self.head[self.have..][..bytes.len()].copy_from_slice(bytes);
        self.have += bytes.len();
    }
}

impl Frame<'_> {
    /// Whether the message has this type.
    #[must_use]
    pub fn is(self, kind: MessageType) -> bool {
        self.0[1] == kind as u8
    }

    /// Whether the body is an error. `false` for a compressed message.
    #[must_use]
    pub fn is_error(self) -> bool {
        self.0[2] == 0 && self.0[Header::LEN] == ERROR
    }

    /// The value, if the body is an uncompressed little-endian long atom.
    #[must_use]
    pub fn long(self) -> Option<i64> {
        let item = self.0.get(Header::LEN + 1..)?.try_into().ok()?;
        (self.0[0] == 1 && self.0[2] == 0 && self.0[Header::LEN] == LONG).then(|| i64::from_le_bytes(item))
    }
}
