//! All that the loop has but the handler: the connections, the buffers, who is to be served when.
//!
//! Invariants, which the tests of `tests/server*.rs` try to break:
//!
//! - A slot is on the run queue at most once, and on the dirty list at most once: a flag in its link
//!   says so.
//! - A slot leaves the run queue only when its socket is known to be drained, its requests have to
//!   wait for the peer to read, or a message of its is with the worker; each of these ends with an
//!   event that puts it back.
//! - Between two turns nobody's input is in the loop's receive buffer, and every dirty slot has been
//!   settled before the loop polls.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};
use std::io::{self, Write};
use std::sync::Arc;
use std::time::{Duration, Instant};

use kcodec::Threshold;
use kwire::{Connection, Error};
use mio::{Interest, Poll, Token, Waker};
use slab::Slab;

use crate::interrupt::Interrupt;
use crate::limits::Limits;
use crate::link::{Doom, Flags, Inbound, Link, Phase};
use crate::listen::{Listener, Stream};
use crate::memory::Memory;
use crate::outbound::Outbound;
use crate::peer::{Peer, PeerId, Protocol};
use crate::receive::Receive;
use crate::recycle::{Recycle, Spare};
use crate::sender::Sender;
use crate::server::LISTENERS;
use crate::tap::Taps;
use crate::tls::Offer;
use crate::turns::Turns;
use crate::users::Users;
use crate::worker::Worker;

/// Bytes written to one peer before others have their turn.
const WRITTEN: usize = 256 << 10;
/// Bytes queued for a peer from which on its own requests wait until it reads.
pub(crate) const PAUSE: usize = 1 << 20;

/// The state of a server.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) poll: Poll,
    pub(crate) listeners: Vec<Listener>,
    /// TLS for connections to come.
    pub(crate) offer: Option<Offer>,
    /// What sees the bytes of connections to come.
    pub(crate) taps: Option<Taps>,
    pub(crate) links: Slab<Box<Link>>,
    pub(crate) limits: Limits,
    pub(crate) memory: Memory,
    pub(crate) users: Option<Users>,
    pub(crate) interrupt: Interrupt,
    pub(crate) sender: Sender,
    pub(crate) worker: Worker,
    pub(crate) receive: Receive,
    pub(crate) recycle: Recycle,
    pub(crate) spare: Spare,
    /// A message that is being encoded.
    pub(crate) buffer: Vec<u8>,
    pub(crate) turns: Turns,
    dirty: Vec<usize>,
    /// Moments at which a connection is to be looked at. What became of it meanwhile is not noted.
    pub(crate) deadlines: BinaryHeap<Reverse<(Instant, PeerId)>>,
    pub(crate) timer: Option<Timer>,
    /// How long a closing connection may take to read what was answered.
    pub(crate) drain: Duration,
    /// Messages are checked on this thread: somebody waits for one.
    pub(crate) inline: bool,
    pub(crate) read_only: bool,
    serial: u64,
    pub(crate) ticket: u64,
}

/// When the handler's timer fires.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Timer {
    pub(crate) period: Duration,
    pub(crate) next: Instant,
}

impl Core {
    /// Tells the OS which listeners are waited for.
    pub(crate) fn register_listeners(&mut self) -> io::Result<()> {
        for (index, listener) in self.listeners.iter_mut().enumerate() {
            self.poll.registry().register(listener.source(), Token(LISTENERS + index), Interest::READABLE)?;
        }
        Ok(())
    }

    /// Listens on other sockets from now on.
    pub(crate) fn listen(&mut self, listeners: Vec<Listener>) -> io::Result<()> {
        // Closing the old ones takes them off the OS's list.
        self.listeners = listeners;
        self.register_listeners()
    }

    pub(crate) fn new(poll: Poll, waker: Waker) -> Self {
        let waker = Arc::new(waker);
        Self {
            poll,
            listeners: Vec::new(),
            offer: None,
            taps: None,
            links: Slab::new(),
            limits: Limits::default(),
            memory: Memory::unbounded(),
            users: None,
            interrupt: Interrupt::new(Arc::clone(&waker)),
            sender: Sender::new(Arc::clone(&waker)),
            worker: Worker::new(waker),
            receive: Receive::default(),
            recycle: Recycle::new(),
            spare: Spare::default(),
            buffer: Vec::new(),
            turns: Turns::default(),
            dirty: Vec::new(),
            deadlines: BinaryHeap::new(),
            timer: None,
            drain: Duration::from_secs(5),
            inline: false,
            read_only: false,
            serial: 0,
            ticket: 0,
        }
    }

    /// Takes in a connection and returns its slot; `None` if the OS does not poll it.
    pub(crate) fn insert(&mut self, mut stream: Stream, mut connection: Connection) -> Option<usize> {
        if !stream.is_local() {
            connection.set_compression(Some(Threshold::default()));
        }
        let entry = self.links.vacant_entry();
        let slot = entry.key();
        stream.register(self.poll.registry(), Token(slot)).ok()?;
        self.serial += 1;
        let id = PeerId { serial: self.serial, slot };
        let peer = Peer {
            id,
            user: bytes::Bytes::new(),
            address: stream.peer_ip(),
            capability: connection.capability(),
            protocol: Protocol::Ipc,
            outgoing: false,
        };
        self.deadlines.extend(connection.deadline().map(|deadline| Reverse((deadline, id))));
        entry.insert(Box::new(Link {
            peer,
            stream,
            phase: if connection.is_open() { Phase::Open } else { Phase::Login },
            connection,
            inbound: Inbound::default(),
            outbound: Outbound::default(),
            answers: VecDeque::new(),
            asked: VecDeque::new(),
            checked: None,
            doom: None,
            deadline: None,
            rests: None,
            flags: Flags { readable: true, ..Flags::default() },
        }));
        Some(slot)
    }

    pub(crate) fn remove(&mut self, slot: usize) {
        if let Some(mut link) = self.links.try_remove(slot) {
            link.stream.end();
            link.outbound.discard(&mut self.worker);
            self.worker.discard(std::mem::take(&mut link.inbound.bytes).into());
        }
        if self.links.is_empty() {
            // What a crowd has left behind.
            self.links.shrink_to_fit();
            self.turns.shrink();
            self.dirty.shrink_to_fit();
        }
    }

    /// An open connection of that name.
    pub(crate) fn find(&self, id: PeerId) -> Option<&Link> {
        self.links.get(id.slot).map(|link| &**link).filter(|link| link.peer.id == id && link.is_open())
    }

    /// The slot of a connection of that name, open or not.
    pub(crate) fn slot(&self, id: PeerId) -> Option<usize> {
        self.links.get(id.slot).filter(|link| link.peer.id == id).map(|_| id.slot)
    }

    /// Puts a slot on the run queue, unless it is there.
    pub(crate) fn enqueue(&mut self, slot: usize) {
        if let Some(link) = self.links.get_mut(slot)
            && !link.flags.queued
        {
            link.flags.queued = true;
            if link.is_handshaking() {
                // Work for each of a crowd would hold up those that are ready.
                return self.turns.put_off(slot, link.is_resting());
            }
            self.turns.ready(slot, link.is_resting());
        }
    }

    /// Puts a slot whose turn is over behind the others that are not done, unless it is queued.
    pub(crate) fn put_off(&mut self, slot: usize) {
        if let Some(link) = self.links.get_mut(slot)
            && !link.flags.queued
        {
            link.flags.queued = true;
            self.turns.put_off(slot, link.is_resting());
        }
    }

    /// Takes the next slot as [`Turns::next`] does.
    pub(crate) fn next_turn(&mut self) -> Option<usize> {
        let slot = self.turns.next()?;
        if let Some(link) = self.links.get_mut(slot) {
            link.flags.queued = false;
        }
        Some(slot)
    }

    /// Notes how long a slot's turn took, which ended `now`. After a long one it stands behind others
    /// for many times as long, whatever it sends meanwhile.
    pub(crate) fn note_turn(&mut self, slot: usize, took: Duration, now: Instant) {
        self.turns.note(took);
        if Turns::is_long(took)
            && let Some(link) = self.links.get_mut(slot)
        {
            link.rests = now.checked_add(took.saturating_mul(Turns::REST));
        }
    }

    /// Notes that a slot has something to write, or is to be closed.
    pub(crate) fn touch(&mut self, slot: usize) {
        if let Some(link) = self.links.get_mut(slot)
            && !link.flags.dirty
        {
            link.flags.dirty = true;
            self.dirty.push(slot);
        }
    }

    /// Takes a slot that was [touched](Self::touch).
    pub(crate) fn next_dirty(&mut self) -> Option<usize> {
        let slot = self.dirty.pop()?;
        if let Some(link) = self.links.get_mut(slot) {
            link.flags.dirty = false;
        }
        Some(slot)
    }

    pub(crate) fn doom(&mut self, slot: usize, doom: Doom) {
        if let Some(link) = self.links.get_mut(slot) {
            link.doom.get_or_insert(doom);
            self.touch(slot);
        }
    }

    /// Writes what waits for a peer, as far as its socket takes it and its turn allows.
    pub(crate) fn write(&mut self, slot: usize) -> Result<(), Error> {
        let Some(link) = self.links.get_mut(slot) else { return Ok(()) };
        if link.outbound.bytes() == 0 {
            // A handshake writes too.
            return Ok(link.stream.flush()?);
        }
        let willing = link.outbound.write_to(&mut link.stream, WRITTEN, &mut self.spare, &mut self.worker)?;
        if willing && link.outbound.bytes() > 0 {
            self.put_off(slot);
        }
        Ok(())
    }
}
