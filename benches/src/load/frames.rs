//! Where messages end in a stream of bytes, without keeping them.

use kwire::{Header, Malformed, MessageType};

/// Bytes kept of each message: the header, and an atom of eight bytes with its type.
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

/// A whole message's first bytes.
#[derive(Debug, Clone, Copy)]
pub struct Frame<'a>(&'a [u8]);

impl Frames {
    /// Calls `each` for every message that ends in `bytes`.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for a header that is none; the stream cannot be followed after it.
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
    /// Whether it is of this type.
    #[must_use]
    pub fn is(self, kind: MessageType) -> bool {
        self.0[1] == kind as u8
    }

    /// Whether its body is an error; not known of a compressed one.
    #[must_use]
    pub fn is_error(self) -> bool {
        self.0[2] == 0 && self.0[Header::LEN] == ERROR
    }

    /// The long that it holds, if it is a little-endian long atom.
    #[must_use]
    pub fn long(self) -> Option<i64> {
        let item = self.0.get(Header::LEN + 1..)?.try_into().ok()?;
        (self.0[0] == 1 && self.0[2] == 0 && self.0[Header::LEN] == LONG).then(|| i64::from_le_bytes(item))
    }
}
