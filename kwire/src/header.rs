//! The 8-byte message header.

use kcodec::Compression;

use crate::error::{Malformed, Reason};

/// The byte order of a message's lengths and body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ByteOrder {
    /// 0 on the wire.
    Big,
    /// 1 on the wire.
    Little,
}

/// The type of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum MessageType {
    /// Processed without a response: `neg[h]x`.
    Async = 0,
    /// Answered with a response: `h x`.
    Sync = 1,
    /// The response to a sync message.
    Response = 2,
}

/// A message's header.
///
/// ```
/// use kwire::{ByteOrder, Header, MessageType};
///
/// let bytes = [1, 1, 0, 0, 17, 0, 0, 0]; // little-endian, sync, plain, 17 bytes
/// let header = Header::parse(bytes)?;
/// assert_eq!((header.order, header.kind, header.compression), (ByteOrder::Little, MessageType::Sync, None));
/// assert_eq!((header.length - Header::LEN as u64, header.to_bytes()), (9, bytes));
/// # Ok::<(), kwire::Malformed>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// Byte order of the lengths and the body.
    pub order: ByteOrder,
    /// The message type.
    pub kind: MessageType,
    /// The body's compression; `None` if it is plain.
    pub compression: Option<Compression>,
    /// Length of the whole message as sent, in bytes, header included. At most 40 bits.
    pub length: u64,
}

impl Header {
    /// Length of a header in bytes.
    pub const LEN: usize = 8;
    /// The smallest message: a header and an object of two bytes.
    const SMALLEST: u64 = 10;

    /// Parses a header. Byte 3 holds bits 32 to 39 of the length.
    ///
    /// # Errors
    ///
    /// [`Malformed`] for an unknown byte order, message type or compression, and for a length under 10.
    pub fn parse(bytes: [u8; Self::LEN]) -> Result<Self, Malformed> {
        let [order, kind, compression, high, low @ ..] = bytes;
        let fail = |at, reason| Err(Malformed { at, reason });
        let (order, low) = match order {
            0 => (ByteOrder::Big, u32::from_be_bytes(low)),
            1 => (ByteOrder::Little, u32::from_le_bytes(low)),
            other => return fail(0, Reason::ByteOrder(other)),
        };
        let kind = match kind {
            0 => MessageType::Async,
            1 => MessageType::Sync,
            2 => MessageType::Response,
            other => return fail(1, Reason::MessageType(other)),
        };
        let compression = match compression {
            0 => None,
            1 => Some(Compression::Short),
            2 => Some(Compression::Long),
            other => return fail(2, Reason::Compression(other)),
        };
        let length = u64::from(high) << 32 | u64::from(low);
        if length < Self::SMALLEST {
            return fail(4, Reason::Length(length));
        }
        Ok(Self { order, kind, compression, length })
    }

    /// The length as a `usize`, saturating on 32-bit targets.
    pub(crate) fn len(&self) -> usize {
        usize::try_from(self.length).unwrap_or(usize::MAX)
    }

    /// The header's bytes. A length over 40 bits is truncated; no caller in this crate builds one.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; Self::LEN] {
        let [a, b, c, d, high, ..] = self.length.to_le_bytes();
        let (order, [a, b, c, d]) = match self.order {
            ByteOrder::Big => (0, [d, c, b, a]),
            ByteOrder::Little => (1, [a, b, c, d]),
        };
        let compression = match self.compression {
            None => 0,
            Some(compression) => compression as u8,
        };
        [order, self.kind as u8, compression, high, a, b, c, d]
    }
}
