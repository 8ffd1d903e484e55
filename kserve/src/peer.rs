//! Describes the other end of a connection.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use kcodec::Capability;

/// Identifies a connection. Never reused while the server runs, unlike q's handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId {
    pub(crate) serial: u64,
    pub(crate) slot: usize,
}

impl PeerId {
    /// For a connection that was refused before it got a slot.
    pub(crate) const NONE: Self = Self { serial: 0, slot: usize::MAX };

    /// A small number like q's handles, from 4. Reused after a close. 0 for a connection over the limit.
    #[must_use]
    pub fn handle(self) -> i32 {
        i32::try_from(self.slot.saturating_add(FIRST)).unwrap_or(0)
    }

    /// The slot that belongs to a handle's number.
    pub(crate) fn slot_of(handle: i32) -> Option<usize> {
        usize::try_from(handle).ok()?.checked_sub(FIRST)
    }
}

/// The lowest handle, as in q: lower descriptors are in use.
const FIRST: usize = 4;

/// Prints the handle.
impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle().fmt(f)
    }
}

/// The protocol of a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Protocol {
    /// kdb+ IPC.
    Ipc,
    /// One HTTP request.
    Http,
}

/// A snapshot of the connection that a handler is called for: q's `.z.w`, `.z.u`, `.z.a`. Cheap to clone.
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
    /// `.z.w`: identifies the connection.
    #[must_use]
    pub const fn id(&self) -> PeerId {
        self.id
    }

    /// `.z.u`: the user of the login; empty for a connection that this server opened.
    #[must_use]
    pub fn user(&self) -> &[u8] {
        &self.user
    }

    /// `.z.a`: the peer's IP address; `None` over a Unix socket.
    #[must_use]
    pub const fn address(&self) -> Option<IpAddr> {
        self.address
    }

    /// The capability that the peer announced: which types and sizes it can read.
    #[must_use]
    pub const fn capability(&self) -> Capability {
        self.capability
    }

    /// The protocol of the connection.
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
