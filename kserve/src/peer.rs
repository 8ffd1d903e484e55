//! Who is at the other end of a connection.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use kcodec::Capability;

/// A connection's name for as long as the server runs: never reused, unlike q's handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId {
    pub(crate) serial: u64,
    pub(crate) slot: usize,
}

impl PeerId {
    /// The name of a connection that was refused before it had a slot.
    pub(crate) const NONE: Self = Self { serial: 0, slot: usize::MAX };

    /// A small number in the manner of q's handles, from 4 on. Reused after a close. 0 for a
    /// connection that was one too many.
    #[must_use]
    pub fn handle(self) -> i32 {
        i32::try_from(self.slot.saturating_add(FIRST)).unwrap_or(0)
    }

    /// The slot that a handle's number stands for.
    pub(crate) fn slot_of(handle: i32) -> Option<usize> {
        usize::try_from(handle).ok()?.checked_sub(FIRST)
    }
}

/// The number of the first handle: q's first descriptors are taken.
const FIRST: usize = 4;

/// The handle's number.
impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle().fmt(f)
    }
}

/// What a connection speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// kdb+ IPC.
    Ipc,
    /// One HTTP request.
    Http,
}

/// The connection that a handler is called for, as it was then: q's `.z.w`, `.z.u`, `.z.a`. Cheap
/// to clone.
#[derive(Debug, Clone)]
pub struct Peer {
    pub(crate) id: PeerId,
    pub(crate) user: Bytes,
    pub(crate) address: Option<IpAddr>,
    pub(crate) capability: Capability,
    pub(crate) protocol: Protocol,
    pub(crate) outgoing: bool,
}

impl Peer {
    /// `.z.w`: the connection.
    #[must_use]
    pub const fn id(&self) -> PeerId {
        self.id
    }

    /// `.z.u`: the user of the login; empty for a connection that this server opened.
    #[must_use]
    pub fn user(&self) -> &[u8] {
        &self.user
    }

    /// `.z.a`: where the peer is; `None` over a Unix socket.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// What the peer can read.
    #[must_use]
    pub const fn capability(&self) -> Capability {
        self.capability
    }

    /// What the connection speaks.
    #[must_use]
    pub const fn protocol(&self) -> Protocol {
        self.protocol
    }

    /// Whether this server opened the connection, with [`Context::connect`](crate::Context::connect).
    #[must_use]
    pub const fn is_outgoing(&self) -> bool {
        self.outgoing
    }
}
