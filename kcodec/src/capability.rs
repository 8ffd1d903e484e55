//! The capability byte of a connection, and the limits of each capability.

use crate::kind::Kind;

/// Items of the longest vector that all releases can read.
pub(crate) const LONGEST: u32 = 0x7fff_fffe;

/// What both peers of a connection can read: the capability byte negotiated at login.
///
/// ```
/// use kcodec::{Capability, ErrorKind, Timestamp, Value};
///
/// let peer = Capability::new(0); // the byte of its login
/// assert_eq!((peer, peer.byte(), peer.compresses()), (Capability::BASE, 0, false));
/// let (now, mut body) = (Value::from(Timestamp(0)), Vec::new());
/// let refused = now.encode_for(peer, &mut body).unwrap_err();
/// assert_eq!(refused.kind, ErrorKind::Unsupported);
/// assert_eq!(now.encoded_len(Capability::GUID)?, 9);
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Capability(u8);

impl Capability {
    /// kdb+ before 2.6: no compression, timestamps, timespans or guids.
    pub const BASE: Self = Self(0);
    /// kdb+ 3.0: guids, messages up to 2 GiB. The default of KX's C library.
    pub const GUID: Self = Self(3);
    /// kdb+ 3.4: messages up to 1 TiB and vectors past 2^31 items.
    pub const MAX: Self = Self(6);

    /// The capability of a byte received from a peer; at most [`MAX`](Self::MAX).
    #[must_use]
    pub const fn new(byte: u8) -> Self {
        if byte > 6 { Self::MAX } else { Self(byte) }
    }

    /// The byte on the wire.
    #[must_use]
    pub const fn byte(self) -> u8 {
        self.0
    }

    /// Whether the peer can read compressed messages.
    #[must_use]
    pub const fn compresses(self) -> bool {
        self.0 >= 1
    }

    /// Whether the peer can read the kind.
    pub(crate) const fn has(self, kind: Kind) -> bool {
        match kind {
            Kind::Guid => self.0 >= 3,
            Kind::Timestamp | Kind::Timespan => self.0 >= 1,
            _ => true,
        }
    }

    /// Bytes of the longest body, without the header.
    pub(crate) const fn body(self) -> u64 {
        match self.0 {
            0..=4 => 0x7fff_fff7,
            _ => 0xff_ffff_fff7,
        }
    }

    /// Items of the longest vector.
    pub(crate) const fn items(self) -> u64 {
        match self.0 {
            0..=5 => LONGEST as u64,
            _ => 0xff_ffff_ffff,
        }
    }
}
