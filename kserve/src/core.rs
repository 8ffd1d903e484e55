//! The state of the event loop, without the handler: connections, buffers, run queue and deadlines.
//!
//! Invariants, tested in `tests/server*.rs`:
//!
//! - A slot is on the run queue at most once and on the dirty list at most once. A flag in its link records each
//!   membership.
//! - Edge-triggered: a slot leaves the run queue only if its socket is drained, its requests are paused by
//!   backpressure, or the worker holds one of its messages. Each of these states ends with an event that puts the
//!   slot back.
//! - Between two turns the loop's receive buffer is empty, and every dirty slot is flushed before the loop polls.

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
use crate::link::{CloseReason, Flags, Inbound, Link, Phase};
use crate::listen::{Listener, Stream};
use crate::memory::Memory;
use crate::outbound::Outbound;
use crate::peer::{Peer, PeerId, Protocol};
use crate::pool::{BufferPool, MessagePool};
use crate::receive::Receive;
use crate::run_queue::RunQueue;
use crate::sender::Sender;
use crate::server::LISTENERS;
use crate::tap::Taps;
use crate::tls::Offer;
use crate::users::Users;
use crate::worker::Worker;

/// Bytes written to one peer per turn.
const WRITE_BUDGET: usize = 256 << 10;
/// Backpressure: while more than this many bytes are queued for a peer, its own requests are not read.
pub(crate) const HIGH_WATER: usize = 1 << 20;

/// The state of a server.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) poll: Poll,
    pub(crate) listeners: Vec<Listener>,
    /// TLS settings for new connections.
    pub(crate) offer: Option<Offer>,
    /// Creates the tap of each new connection.
    pub(crate) taps: Option<Taps>,
    pub(crate) links: Slab<Box<Link>>,
    pub(crate) limits: Limits,
    pub(crate) memory: Memory,
    pub(crate) users: Option<Users>,
    pub(crate) interrupt: Interrupt,
    pub(crate) sender: Sender,
    pub(crate) worker: Worker,
    pub(crate) receive: Receive,
    pub(crate) message_pool: MessagePool,
    pub(crate) buffer_pool: BufferPool,
    /// Scratch buffer in which a message is encoded.
    pub(crate) buffer: Vec<u8>,
    pub(crate) run_queue: RunQueue,
    dirty: Vec<usize>,
    /// Times at which a connection is checked. Entries are not removed early, so the check must read the
    /// connection's current state.
    pub(crate) deadlines: BinaryHeap<Reverse<(Instant, PeerId)>>,
    pub(crate) timer: Option<Timer>,
    /// How long a closing connection may take to read its queued answers.
    pub(crate) drain: Duration,
    /// Large messages are checked on this thread instead of the worker's, because a handler blocks on one.
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
    /// Registers every listener with the poll.
    pub(crate) fn register_listeners(&mut self) -> io::Result<()> {
        for (index, listener) in self.listeners.iter_mut().enumerate() {
            self.poll.registry().register(listener.source(), Token(LISTENERS + index), Interest::READABLE)?;
        }
        Ok(())
    }

    /// Replaces the listeners.
    pub(crate) fn listen(&mut self, listeners: Vec<Listener>) -> io::Result<()> {
        // Dropping the old listeners deregisters them.
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
            message_pool: MessagePool::new(),
            buffer_pool: BufferPool::default(),
            buffer: Vec::new(),
            run_queue: RunQueue::default(),
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

    /// Inserts a connection and returns its slot, or `None` if the OS refuses to poll its socket.
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
            sent_requests: VecDeque::new(),
            checked: None,
            close_reason: None,
            deadline: None,
            penalized_until: None,
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
            // Give back the capacity that many connections left behind.
            self.links.shrink_to_fit();
            self.run_queue.shrink();
            self.dirty.shrink_to_fit();
        }
    }

    /// The link of `id`, if that connection is open.
    pub(crate) fn find(&self, id: PeerId) -> Option<&Link> {
        self.links.get(id.slot).map(|link| &**link).filter(|link| link.peer.id == id && link.is_open())
    }

    /// The slot of `id`, whether that connection is open or closing.
    pub(crate) fn slot(&self, id: PeerId) -> Option<usize> {
        self.links.get(id.slot).filter(|link| link.peer.id == id).map(|_| id.slot)
    }

    /// Puts a slot on the run queue, unless it is queued already.
    pub(crate) fn enqueue(&mut self, slot: usize) {
        if let Some(link) = self.links.get_mut(slot)
            && !link.flags.queued
        {
            link.flags.queued = true;
            if link.is_handshaking() {
                // Handshakes are expensive, so a burst of them queues behind the ready peers.
                return self.run_queue.requeue(slot, link.is_penalized());
            }
            self.run_queue.ready(slot, link.is_penalized());
        }
    }

    /// Queues a slot whose turn ended with work left behind the ready slots, unless it is queued already.
    pub(crate) fn requeue(&mut self, slot: usize) {
        if let Some(link) = self.links.get_mut(slot)
            && !link.flags.queued
        {
            link.flags.queued = true;
            self.run_queue.requeue(slot, link.is_penalized());
        }
    }

    /// Takes the next slot; see [`RunQueue::next`].
    pub(crate) fn next_turn(&mut self) -> Option<usize> {
        let slot = self.run_queue.next()?;
        if let Some(link) = self.links.get_mut(slot) {
            link.flags.queued = false;
        }
        Some(slot)
    }

    /// Records that a slot's turn ended at `now` after `took`. After a long turn the slot is penalized for
    /// [`RunQueue::PENALTY`] times as long, whatever it sends meanwhile.
    pub(crate) fn record_turn(&mut self, slot: usize, took: Duration, now: Instant) {
        self.run_queue.record(took);
        if RunQueue::is_long(took)
            && let Some(link) = self.links.get_mut(slot)
        {
            link.penalized_until = now.checked_add(took * RunQueue::PENALTY);
        }
    }

    /// Puts a slot on the dirty list: it has output, or is to be closed.
    pub(crate) fn mark_dirty(&mut self, slot: usize) {
        if let Some(link) = self.links.get_mut(slot)
            && !link.flags.dirty
        {
            link.flags.dirty = true;
            self.dirty.push(slot);
        }
    }

    /// Takes the next slot of the dirty list.
    pub(crate) fn next_dirty(&mut self) -> Option<usize> {
        let slot = self.dirty.pop()?;
        if let Some(link) = self.links.get_mut(slot) {
            link.flags.dirty = false;
        }
        Some(slot)
    }

    pub(crate) fn schedule_close(&mut self, slot: usize, reason: CloseReason) {
        if let Some(link) = self.links.get_mut(slot) {
            link.close_reason.get_or_insert(reason);
            self.mark_dirty(slot);
        }
    }

    /// Writes the output queued for a peer, until the socket blocks or [`WRITE_BUDGET`] bytes are written.
    pub(crate) fn write(&mut self, slot: usize) -> Result<(), Error> {
        let Some(link) = self.links.get_mut(slot) else { return Ok(()) };
        if link.outbound.bytes() == 0 {
            // A TLS handshake may have records to write.
            return Ok(link.stream.flush()?);
        }
        let writable =
            link.outbound.write_to(&mut link.stream, WRITE_BUDGET, &mut self.buffer_pool, &mut self.worker)?;
        if writable && link.outbound.bytes() > 0 {
            self.requeue(slot);
        }
        Ok(())
    }
}
