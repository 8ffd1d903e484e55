//! The connections of a server, and what a handler may do with them.

use std::fmt;
use std::net::IpAddr;

use bytes::Bytes;
use kcodec::{Capability, Threshold, Value};
use kwire::{Connection, Error, Inbound, MessageType};
use slab::Slab;

use crate::limits::Limits;
use crate::listen::Stream;
use crate::outbound::Outbound;

/// A connection's name for as long as the server runs: never reused, unlike q's handles.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId {
    serial: u64,
    slot: usize,
}

impl PeerId {
    pub(crate) const fn slot(self) -> usize {
        self.slot
    }

    /// A small number in the manner of q's handles, from 4 on. Reused after a close.
    #[must_use]
    pub fn handle(self) -> i32 {
        i32::try_from(self.slot.saturating_add(4)).unwrap_or(i32::MAX)
    }
}

/// The handle's number.
impl fmt::Display for PeerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.handle().fmt(f)
    }
}

/// Why a connection is to be closed.
#[derive(Debug)]
pub(crate) enum Doom {
    /// The handler wants it.
    Close,
    Error(Error),
}

/// One connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) id: PeerId,
    pub(crate) stream: Stream,
    pub(crate) connection: Connection,
    pub(crate) inbound: Inbound,
    pub(crate) outbound: Outbound,
    pub(crate) user: Bytes,
    pub(crate) address: Option<IpAddr>,
    /// Why the connection is to be closed, once it is.
    pub(crate) doom: Option<Doom>,
    /// Whether the login was accepted, so that the handler must hear of the end.
    pub(crate) opened: bool,
    /// Whether the link is on the list of those with something to write.
    dirty: bool,
}

impl Link {
    /// Queues a message that [`kwire::encode`] wrote.
    fn post(&mut self, kind: MessageType, message: Bytes, limit: usize) -> Result<(), Error> {
        let compressed = self.connection.post(kind, &message)?;
        self.push(compressed.map_or(message, Bytes::from), limit);
        Ok(())
    }

    fn push(&mut self, bytes: Bytes, limit: usize) {
        let queued = self.outbound.bytes();
        if queued > 0 && queued + bytes.len() > limit {
            let bytes = (queued + bytes.len()) as u64;
            let over = Error::TooLarge { what: "outbound queue", bytes, limit: limit as u64 };
            self.doom = Some(Doom::Error(over));
        } else {
            self.outbound.push(bytes);
        }
    }
}

/// All connections of a server.
#[derive(Debug, Default)]
pub(crate) struct Peers {
    links: Slab<Link>,
    serial: u64,
    queued: usize,
    /// Slots with something to write, or to be closed.
    dirty: Vec<usize>,
}

impl Peers {
    pub(crate) fn new(limits: &Limits) -> Self {
        Self { queued: limits.queued, ..Self::default() }
    }

    pub(crate) fn len(&self) -> usize {
        self.links.len()
    }

    /// Makes room for a connection and returns its slot.
    pub(crate) fn insert(&mut self, stream: Stream, mut connection: Connection) -> usize {
        self.serial += 1;
        if !stream.is_local() {
            connection.set_compression(Some(Threshold::default()));
        }
        let entry = self.links.vacant_entry();
        let slot = entry.key();
        entry.insert(Link {
            id: PeerId { serial: self.serial, slot },
            address: stream.peer_ip(),
            stream,
            connection,
            inbound: Inbound::default(),
            outbound: Outbound::default(),
            user: Bytes::new(),
            doom: None,
            opened: false,
            dirty: false,
        });
        slot
    }

    pub(crate) fn get_mut(&mut self, slot: usize) -> Option<&mut Link> {
        self.links.get_mut(slot)
    }

    pub(crate) fn remove(&mut self, slot: usize) -> Option<Link> {
        self.links.try_remove(slot)
    }

    /// Takes a slot that has something to write or is to be closed.
    pub(crate) fn next_dirty(&mut self) -> Option<usize> {
        let slot = self.dirty.pop()?;
        if let Some(link) = self.links.get_mut(slot) {
            link.dirty = false;
        }
        Some(slot)
    }

    /// The slots of all connections.
    pub(crate) fn slots(&self) -> Vec<usize> {
        self.links.iter().map(|(slot, _)| slot).collect()
    }

    /// Queues bytes that are no message: the answer to a login.
    pub(crate) fn push(&mut self, slot: usize, bytes: Vec<u8>) {
        let limit = self.queued;
        self.with(slot, |link| link.push(bytes.into(), limit));
    }

    pub(crate) fn post(&mut self, slot: usize, kind: MessageType, message: Bytes) -> Result<(), Error> {
        let limit = self.queued;
        self.with(slot, |link| link.post(kind, message, limit)).unwrap_or(Err(Error::Failed))
    }

    fn with<T>(&mut self, slot: usize, change: impl FnOnce(&mut Link) -> T) -> Option<T> {
        let link = self.links.get_mut(slot)?;
        let done = change(link);
        if !link.dirty {
            link.dirty = true;
            self.dirty.push(slot);
        }
        Some(done)
    }

    fn find(&self, id: PeerId) -> Option<&Link> {
        self.links.get(id.slot).filter(|link| link.id == id && link.doom.is_none())
    }
}

/// The connection that a handler is called for, and through it all others: q's `.z.w`, `.z.u`,
/// `.z.a`, `.z.W`.
#[derive(Debug)]
pub struct Peer<'a> {
    peers: &'a mut Peers,
    id: PeerId,
}

impl<'a> Peer<'a> {
    pub(crate) const fn new(peers: &'a mut Peers, id: PeerId) -> Self {
        Self { peers, id }
    }

    fn link(&self) -> Option<&Link> {
        self.peers.links.get(self.id.slot)
    }

    /// `.z.w`: the connection.
    #[must_use]
    pub const fn id(&self) -> PeerId {
        self.id
    }

    /// `.z.u`: the user of the login.
    #[must_use]
    pub fn user(&self) -> &[u8] {
        self.link().map(|link| &link.user[..]).unwrap_or_default()
    }

    /// `.z.a`: where the peer is; `None` over a Unix socket.
    #[must_use]
    pub fn address(&self) -> Option<IpAddr> {
        self.link()?.address
    }

    /// What the peer can read.
    #[must_use]
    pub fn capability(&self) -> Capability {
        self.link().map_or(Capability::BASE, |link| link.connection.capability())
    }

    /// `.z.W`: every open connection and the bytes that wait to be written to it.
    pub fn handles(&self) -> impl Iterator<Item = (PeerId, usize)> {
        let open = |link: &&Link| link.connection.is_open() && link.doom.is_none();
        self.peers.links.iter().map(|(_, link)| link).filter(open).map(|link| (link.id, link.outbound.bytes()))
    }

    /// `neg[.z.w]x`: queues an async message to this peer.
    ///
    /// # Errors
    ///
    /// [`Error::Unsendable`] if the peer cannot read the value, [`Error::Failed`] if it is not open.
    pub fn send<'v>(&mut self, value: impl Into<Value<'v>>) -> Result<(), Error> {
        self.broadcast(&[self.id], value)
    }

    /// `-25!(handles;x)`: encodes once, at the lowest capability among the open peers of `to`, and
    /// queues the same bytes to each. Peers that have gone are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::Unsendable`] if one of them cannot read the value; then none gets it.
    pub fn broadcast<'v>(&mut self, to: &[PeerId], value: impl Into<Value<'v>>) -> Result<(), Error> {
        let open = |id: &&PeerId| self.peers.find(**id).is_some_and(|link| link.connection.is_open());
        let to: Vec<PeerId> = to.iter().filter(open).copied().collect();
        let capabilities = to.iter().filter_map(|id| Some(self.peers.find(*id)?.connection.capability()));
        let Some(lowest) = capabilities.min() else { return Ok(()) };
        let mut message = Vec::new();
        kwire::encode(MessageType::Async, value.into(), lowest, &mut message)?;
        let message = Bytes::from(message);
        to.iter().try_for_each(|id| self.peers.post(id.slot, MessageType::Async, message.clone()))
    }

    /// `hclose`: closes a connection after this call; what its socket does not take at once is
    /// discarded, and [`on_close`](crate::Handler::on_close) is not called.
    pub fn close(&mut self, id: PeerId) {
        if self.peers.find(id).is_some() {
            self.peers.with(id.slot, |link| link.doom = Some(Doom::Close));
        }
    }
}
