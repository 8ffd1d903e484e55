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
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kwire::{Connection, Error};
use mio::{Interest, Poll, Token, Waker};
use slab::Slab;

use crate::encode::{Answer, Encoder, Shared};
use crate::interrupt::Interrupt;
use crate::limits::Limits;
use crate::link::{Doom, Flags, Inbound, Link, Owed, Phase};
use crate::listen::{Listener, Stream};
use crate::memory::Memory;
use crate::outbound::{Outbound, SMALL};
use crate::peer::{Peer, PeerId, Protocol};
use crate::receive::Receive;
use crate::recycle::{Recycle, Spare};
use crate::reply::Deferred;
use crate::sender::Sender;
use crate::server::LISTENERS;
use crate::users::Users;
use crate::worker::Worker;
use kcodec::{Body, Capability, Threshold, Value};
use kwire::MessageType;

/// Bytes written to one peer before others have their turn.
const WRITTEN: usize = 1 << 20;
/// Messages of so many bytes are never compressed.
const PLAIN: usize = 2000;
/// Bytes queued for a peer from which on its own requests wait until it reads.
pub(crate) const PAUSE: usize = 1 << 20;

/// The state of a server.
#[derive(Debug)]
pub(crate) struct Core {
    pub(crate) poll: Poll,
    pub(crate) listeners: Vec<Listener>,
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
    /// The run queue: slots of which an event was told.
    pub(crate) ready: VecDeque<usize>,
    /// Those whose turn was over before they were done. One of them has its turn after all that are
    /// ready: who asks little does not wait for all who ask much.
    pub(crate) busy: VecDeque<usize>,
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
    ticket: u64,
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
            ready: VecDeque::new(),
            busy: VecDeque::new(),
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
            flags: Flags { readable: true, ..Flags::default() },
        }));
        Some(slot)
    }

    pub(crate) fn remove(&mut self, slot: usize) {
        self.links.try_remove(slot);
        if self.links.is_empty() {
            // What a crowd has left behind.
            self.links.shrink_to_fit();
            self.ready.shrink_to_fit();
            self.busy.shrink_to_fit();
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
            self.ready.push_back(slot);
        }
    }

    /// Puts a slot whose turn is over behind the others that are not done, unless it is queued.
    pub(crate) fn put_off(&mut self, slot: usize) {
        if let Some(link) = self.links.get_mut(slot)
            && !link.flags.queued
        {
            link.flags.queued = true;
            self.busy.push_back(slot);
        }
    }

    /// Takes the slots whose turns come before the next poll: `count` that are ready, then one that
    /// was put off.
    pub(crate) fn next_ready(&mut self, count: &mut usize) -> Option<usize> {
        let slot = match count.checked_sub(1) {
            Some(less) => {
                *count = less;
                self.ready.pop_front()?
            }
            None => self.busy.pop_front()?,
        };
        if let Some(link) = self.links.get_mut(slot) {
            link.flags.queued = false;
        }
        Some(slot)
    }

    /// Whether nobody's turn has come.
    pub(crate) fn is_idle(&self) -> bool {
        self.ready.is_empty() && self.busy.is_empty()
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
            return Ok(());
        }
        let willing = link.outbound.write_to(&mut link.stream, WRITTEN, &mut self.spare, &mut self.worker)?;
        if willing && link.outbound.bytes() > 0 {
            self.put_off(slot);
        }
        Ok(())
    }

    /// Whether a further message may be queued. One that falls behind is doomed, but only after a
    /// write was tried.
    fn may_queue(&mut self, slot: usize) -> bool {
        let limit = self.limits.queued;
        let over = |core: &Self| core.links.get(slot).is_some_and(|link| link.outbound.bytes() > limit);
        if !over(self) {
            return true;
        }
        let error = match self.write(slot) {
            Ok(()) if !over(self) => return true,
            Ok(()) => {
                let bytes = self.links.get(slot).map_or(0, |link| link.outbound.bytes()) as u64;
                Error::TooLarge { what: "outbound queue", bytes, limit: limit as u64 }
            }
            Err(error) => error,
        };
        self.doom(slot, Doom::Error(error));
        false
    }

    /// Queues a message that is shared, or in parts.
    pub(crate) fn post(&mut self, slot: usize, kind: MessageType, message: &mut Shared) -> Result<(), Error> {
        if !self.may_queue(slot) {
            return Err(Error::Failed);
        }
        let link = self.links.get_mut(slot).ok_or(Error::Failed)?;
        link.connection.note_sent(kind)?;
        link.outbound.push(message.parts(link.connection.compression()));
        self.touch(slot);
        Ok(())
    }

    /// Queues a message from the loop's buffer.
    fn post_buffer(&mut self, slot: usize, kind: MessageType, message: &[u8]) -> Result<(), Error> {
        let compresses = |link: &Link| link.connection.compression().is_some() && message.len() > PLAIN;
        if message.len() >= SMALL || self.links.get(slot).is_some_and(|link| compresses(link)) {
            return self.post(slot, kind, &mut Shared::new(vec![message.to_vec().into()]));
        }
        if !self.may_queue(slot) {
            return Err(Error::Failed);
        }
        let link = self.links.get_mut(slot).ok_or(Error::Failed)?;
        if link.outbound.bytes() > PAUSE && !self.memory.has_room(message.len()) {
            return Err(Error::Full(message.len() as u64));
        }
        link.connection.note_sent(kind)?;
        link.outbound.append(message, &mut self.spare);
        self.touch(slot);
        Ok(())
    }

    /// Encodes a message for one peer and queues it.
    pub(crate) fn send(&mut self, id: PeerId, kind: MessageType, value: Value<'_>) -> Result<(), Error> {
        let capability = self.find(id).ok_or(Error::Failed)?.connection.capability();
        self.encode(kind, capability, |mut encoder| {
            encoder.try_value(value)?;
            Ok(encoder.written())
        })
        .and_then(|answer| self.post_answer(id.slot, kind, answer))
    }

    /// Queues a body for one peer, shared if it is large.
    pub(crate) fn send_body(&mut self, id: PeerId, kind: MessageType, body: &Body) -> Result<(), Error> {
        let capability = self.find(id).ok_or(Error::Failed)?.connection.capability();
        self.encode(kind, capability, |encoder| encoder.try_body(body))
            .and_then(|answer| self.post_answer(id.slot, kind, answer))
    }

    fn post_answer(&mut self, slot: usize, kind: MessageType, answer: Answer) -> Result<(), Error> {
        match answer {
            Answer::Parts(parts) => self.post(slot, kind, &mut Shared::new(parts)),
            _ => self.with_buffer(|core, buffer| core.post_buffer(slot, kind, buffer)),
        }
    }

    /// Runs `encode` over the emptied buffer.
    pub(crate) fn encode<T>(
        &mut self,
        kind: MessageType,
        capability: Capability,
        encode: impl FnOnce(Encoder<'_>) -> T,
    ) -> T {
        self.buffer.clear();
        encode(Encoder { kind, capability, memory: self.memory, buffer: &mut self.buffer })
    }

    fn with_buffer<T>(&mut self, run: impl FnOnce(&mut Self, &[u8]) -> T) -> T {
        let buffer = std::mem::take(&mut self.buffer);
        let done = run(self, &buffer);
        self.buffer = buffer;
        done
    }

    /// Sends one async message to all open peers among `to`, encoded once.
    pub(crate) fn broadcast(
        &mut self,
        to: &[PeerId],
        encode: impl FnOnce(Encoder<'_>) -> Result<Answer, Error>,
    ) -> Result<(), Error> {
        let capabilities = to.iter().filter_map(|&id| Some(self.find(id)?.connection.capability()));
        let Some(lowest) = capabilities.min() else { return Ok(()) };
        let kind = MessageType::Async;
        let parts = match self.encode(kind, lowest, encode)? {
            Answer::Parts(parts) => parts,
            _ => vec![bytes::Bytes::copy_from_slice(&self.buffer)],
        };
        let mut message = Shared::new(parts);
        for &id in to {
            if self.find(id).is_some() {
                // Who falls behind is doomed, and hears of it when the slot is settled.
                let _ = self.post(id.slot, kind, &mut message);
            }
        }
        Ok(())
    }

    /// A name for an answer that may come later.
    pub(crate) const fn next_ticket(&mut self) -> u64 {
        self.ticket += 1;
        self.ticket
    }

    /// Answers the sync message for which `deferred` stands: at once, or in its place behind
    /// answers that are still owed.
    pub(crate) fn respond(&mut self, deferred: Deferred, answer: Answer) {
        let slot = deferred.id.slot;
        let Some(link) = self.links.get(slot).filter(|link| link.peer.id == deferred.id) else { return };
        if link.answers.is_empty() && !matches!(answer, Answer::Deferred) {
            if let Err(error) = self.post_answer(slot, MessageType::Response, answer) {
                self.doom(slot, Doom::Error(error));
            }
            return;
        }
        let (ready, deadline) = match answer {
            Answer::Deferred => (None, Instant::now().checked_add(self.limits.deferred)),
            Answer::Parts(parts) => (Some(Shared::new(parts)), None),
            _ => (Some(Shared::new(vec![bytes::Bytes::copy_from_slice(&self.buffer)])), None),
        };
        self.deadlines.extend(deadline.map(|deadline| Reverse((deadline, deferred.id))));
        if let Some(link) = self.links.get_mut(slot) {
            link.answers.push_back(Owed { ticket: deferred.ticket, deadline, ready });
        }
    }

    /// Gives an answer that was deferred; whether it was still owed.
    pub(crate) fn answer(&mut self, deferred: Deferred, encode: impl FnOnce(Encoder<'_>) -> Answer) -> bool {
        let slot = deferred.id.slot;
        let owed = |owed: &&mut Owed| owed.ticket == deferred.ticket && owed.ready.is_none();
        let Some(link) = self.links.get_mut(slot).filter(|link| link.peer.id == deferred.id) else { return false };
        if link.answers.iter_mut().find(owed).is_none() {
            return false;
        }
        let capability = link.connection.capability();
        let message = match self.encode(MessageType::Response, capability, encode) {
            Answer::Parts(parts) => Shared::new(parts),
            _ => Shared::new(vec![bytes::Bytes::copy_from_slice(&self.buffer)]),
        };
        if let Some(owed) = self.links.get_mut(slot).and_then(|link| link.answers.iter_mut().find(owed)) {
            owed.ready = Some(message);
        }
        self.release(slot);
        true
    }

    /// Queues the answers that no longer have to wait for one before them.
    fn release(&mut self, slot: usize) {
        while let Some(link) = self.links.get_mut(slot)
            && let Some(mut message) = link.answers.front_mut().and_then(|owed| owed.ready.take())
        {
            link.answers.pop_front();
            if let Err(error) = self.post(slot, MessageType::Response, &mut message) {
                self.doom(slot, Doom::Error(error));
            }
        }
        // It may have waited for this to be read from again, or to be closed.
        self.enqueue(slot);
    }

    /// Answers what was deferred for too long.
    pub(crate) fn expire_answers(&mut self, slot: usize, now: Instant) {
        let late = |owed: &&Owed| owed.ready.is_none() && owed.deadline.is_some_and(|deadline| deadline <= now);
        while let Some(link) = self.links.get(slot)
            && let Some(owed) = link.answers.iter().find(late)
        {
            let deferred = Deferred { id: link.peer.id, ticket: owed.ticket };
            self.answer(deferred, |encoder| encoder.error("timeout"));
        }
    }
}
