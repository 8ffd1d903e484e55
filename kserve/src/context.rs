//! What a handler may do: the server's verbs.

use std::cell::Cell;
use std::time::{Duration, Instant};

use kcodec::{Body, Value};
use kwire::blocking::{self, Options};
use kwire::{Error, Message, MessageType};
use rustix::event::{PollFlags, Timespec};

use crate::core::{Core, Timer};
use crate::encode::Answer;
use crate::interrupt::Why;
use crate::limits::Limits;
use crate::link::{Doom, Phase};
use crate::listen::{Listener, Stream};
use crate::memory::Memory;
use crate::peer::{Peer, PeerId};
use crate::receive::{Next, READ};
use crate::reply::Deferred;
use crate::sender::Sender;
use crate::users::Users;

/// The server, as a handler sees it while it is called.
#[derive(Debug)]
pub struct Context<'a> {
    pub(crate) core: &'a mut Core,
    request: Option<Request>,
}

/// A request to a peer that is not answered yet; its response names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

/// What [`Context::wait`] has received.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The response to a request.
    Response(Ticket, Message),
    /// An async message.
    Async(Message),
    /// A sync message, to be answered with [`Context::respond`].
    Sync(Message, Deferred),
}

/// An open connection and what waits to be written to it: an entry of `.z.W`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// The connection.
    pub id: PeerId,
    /// Bytes that wait.
    pub bytes: usize,
    /// Messages that wait, one that is partly written included.
    pub messages: usize,
}

/// The call that a handler is in.
#[derive(Debug)]
struct Request {
    /// Whose message it is.
    slot: usize,
    deadline: Option<Instant>,
    /// When the peer's socket was looked at last.
    looked: Cell<Instant>,
    /// Until when the request of a half-closed peer may run.
    last: Cell<Option<Instant>>,
}

/// How often a peer's socket is looked at while its request runs.
const LOOK: Duration = Duration::from_millis(10);
/// How long a request may go on after its peer has closed its end.
const HALF_CLOSED: Duration = Duration::from_secs(1);
/// How long one wait for a socket lasts before interrupts are looked for.
const SLICE: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

impl<'a> Context<'a> {
    /// For a call that no peer waits for.
    pub(crate) const fn new(core: &'a mut Core) -> Self {
        Self { core, request: None }
    }

    /// For a call on behalf of a peer, from `now` on.
    pub(crate) fn for_request(core: &'a mut Core, slot: usize, now: Instant) -> Self {
        let time = core.limits.request;
        let deadline = if time.is_zero() { None } else { now.checked_add(time) };
        let request = Request { slot, deadline, looked: Cell::new(now), last: Cell::new(None) };
        Self { core, request: Some(request) }
    }

    /// Whether, and why, this call is to end. Cheap enough to be asked every millisecond: the peer's
    /// socket is looked at only every ten.
    #[must_use]
    pub fn interrupted(&self) -> Option<Why> {
        if self.core.interrupt.stops() > 0 {
            return Some(Why::Stopping);
        }
        if self.core.interrupt.is_cancelled() {
            return Some(Why::Cancelled);
        }
        let request = self.request.as_ref()?;
        let now = Instant::now();
        if request.deadline.is_some_and(|deadline| deadline <= now) {
            return Some(Why::Deadline);
        }
        if now.duration_since(request.looked.get()) >= LOOK {
            request.looked.set(now);
            self.look(request, now);
        }
        request.last.get().filter(|last| *last <= now).map(|_| Why::HungUp)
    }

    /// Looks whether the peer is gone. One that has closed only its own end may still read.
    fn look(&self, request: &Request, now: Instant) {
        let Some(link) = self.core.links.get(request.slot) else { return };
        let seen = link.stream.wait(PollFlags::RDHUP, AT_ONCE);
        if seen.intersects(PollFlags::HUP | PollFlags::ERR) {
            request.last.set(Some(now));
        } else if seen.contains(PollFlags::RDHUP) && request.last.get().is_none() {
            request.last.set(now.checked_add(HALF_CLOSED));
        }
    }

    /// `.z.W`: every open connection and what waits to be written to it.
    pub fn handles(&self) -> impl Iterator<Item = Queue> {
        self.core.links.iter().filter(|(_, link)| link.is_open()).map(|(_, link)| Queue {
            id: link.peer.id,
            bytes: link.outbound.bytes(),
            messages: link.outbound.messages(),
        })
    }

    /// The open connection of that name.
    #[must_use]
    pub fn peer(&self, id: PeerId) -> Option<&Peer> {
        self.core.find(id).map(|link| &link.peer)
    }

    /// The open connection with that handle.
    #[must_use]
    pub fn find(&self, handle: i32) -> Option<PeerId> {
        let link = self.core.links.get(PeerId::slot_of(handle)?)?;
        link.is_open().then_some(link.peer.id)
    }

    /// The TCP port that the server listens on: `\p`.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        self.core.listeners.iter().find_map(Listener::local_addr).map(|address| address.port())
    }

    /// `neg[h]x`: queues an async message. It is written after this call.
    ///
    /// # Errors
    ///
    /// [`Error::Unsendable`] if the peer cannot read the value, [`Error::Full`] if there is no
    /// memory for it, [`Error::Failed`] if the connection is not open or its queue over the limit.
    pub fn send<'v>(&mut self, to: PeerId, value: impl Into<Value<'v>>) -> Result<(), Error> {
        self.core.send(to, MessageType::Async, value.into())
    }

    /// Like [`send`](Self::send), without copying a large body.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_body(&mut self, to: PeerId, body: &Body) -> Result<(), Error> {
        self.core.send_body(to, MessageType::Async, body)
    }

    /// `-25!(handles;x)`: encodes once, at the lowest capability among the open peers of `to`, and
    /// queues the same bytes to each. Peers that have gone are passed over.
    ///
    /// # Errors
    ///
    /// [`Error::Unsendable`] if one of them cannot read the value, [`Error::Full`] if there is no
    /// memory for it; then none gets it.
    pub fn broadcast<'v>(&mut self, to: &[PeerId], value: impl Into<Value<'v>>) -> Result<(), Error> {
        let value = value.into();
        self.core.broadcast(to, |mut encoder| {
            encoder.try_value(value)?;
            Ok(encoder.written())
        })
    }

    /// Like [`broadcast`](Self::broadcast), without copying a large body.
    ///
    /// # Errors
    ///
    /// As [`broadcast`](Self::broadcast).
    pub fn broadcast_body(&mut self, to: &[PeerId], body: &Body) -> Result<(), Error> {
        self.core.broadcast(to, |encoder| encoder.try_body(body))
    }

    /// `neg[h][]`: waits until everything queued for the peer is written. Nobody is served
    /// meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after `timeout` or when this call is [interrupted](Self::interrupted),
    /// [`Error::Failed`] if the connection is not open, [`Error::Io`].
    pub fn flush(&mut self, id: PeerId, timeout: Duration) -> Result<(), Error> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            self.core.find(id).ok_or(Error::Failed)?;
            self.core.write(id.slot)?;
            let link = self.core.find(id).ok_or(Error::Failed)?;
            if link.outbound.bytes() == 0 {
                return Ok(());
            }
            self.check_wait(deadline)?;
            self.core.find(id).map(|link| link.stream.wait(PollFlags::OUT, SLICE));
        }
    }

    fn check_wait(&self, deadline: Option<Instant>) -> Result<(), Error> {
        let late = deadline.is_some_and(|deadline| deadline <= Instant::now());
        if late || self.interrupted().is_some() { Err(Error::TimedOut) } else { Ok(()) }
    }

    /// `hclose`: closes a connection after this call; what is queued for it is discarded, and
    /// [`on_close`](crate::Handler::on_close) is not called.
    pub fn close(&mut self, id: PeerId) {
        if self.core.find(id).is_some() {
            self.core.doom(id.slot, Doom::Close);
        }
    }

    /// `\t`: calls [`on_timer`](crate::Handler::on_timer) every `period` from now on; `None` or zero
    /// ends that.
    pub fn set_timer(&mut self, period: Option<Duration>) {
        let next = |period| Some(Timer { period, next: Instant::now().checked_add(period)? });
        self.core.timer = period.filter(|period| !period.is_zero()).and_then(next);
    }

    /// The timer's period.
    #[must_use]
    pub fn timer(&self) -> Option<Duration> {
        self.core.timer.map(|timer| timer.period)
    }

    /// `hopen`: connects and logs in, in every form of address that `hopen` takes. The connection is
    /// then a peer like any other. Nobody is served meanwhile.
    ///
    /// # Errors
    ///
    /// As [`kwire::blocking::Handle::open`]; [`Error::TimedOut`] after `timeout`, or when this call
    /// has had its time; [`Error::Crowded`] if there is no room for a further connection.
    pub fn connect(&mut self, address: &str, timeout: Duration) -> Result<PeerId, Error> {
        if self.core.links.len() >= self.core.limits.peers {
            return Err(Error::Crowded);
        }
        let deadline = self.request.as_ref().and_then(|request| request.deadline);
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout = timeout.min(left.unwrap_or(Duration::MAX));
        let options = Options { timeout: Some(timeout), limits: self.core.limits.wire, ..Options::default() };
        let connected = blocking::connect(address, &options)?;
        let stream = Stream::from_blocking(connected.stream)?;
        let Some(slot) = self.core.insert(stream, connected.connection) else { return Err(Error::Crowded) };
        let link = self.core.links.get_mut(slot).ok_or(Error::Failed)?;
        link.inbound.bytes = connected.inbound.as_bytes().to_vec();
        link.peer.outgoing = true;
        let id = link.peer.id;
        self.core.enqueue(slot);
        Ok(id)
    }

    /// Queues a sync message. Its response comes to [`on_response`](crate::Handler::on_response), or
    /// to [`wait`](Self::wait).
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn request<'v>(&mut self, to: PeerId, value: impl Into<Value<'v>>) -> Result<Ticket, Error> {
        self.core.send(to, MessageType::Sync, value.into())?;
        let ticket = Ticket(self.core.next_ticket());
        if let Some(link) = self.core.links.get_mut(to.slot) {
            link.asked.push_back(ticket);
        }
        Ok(ticket)
    }

    /// Writes what is queued for one peer and waits for the next message from it, as q does in
    /// `h"…"` and `h[]`. Nobody else is served meanwhile. Whoever waits for a response calls this
    /// until it is there, and serves what comes before it.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after `timeout` or when this call is [interrupted](Self::interrupted).
    /// Anything else ends the connection: what the message was refused for, [`Error::Failed`] if it
    /// is not open, or was closed by the peer.
    pub fn wait(&mut self, id: PeerId, timeout: Duration) -> Result<Event, Error> {
        let deadline = Instant::now().checked_add(timeout);
        self.core.inline = true;
        let event = self.wait_inline(id, deadline);
        self.core.inline = false;
        // What came behind the message has its turn later.
        self.core.enqueue(id.slot);
        event
    }

    fn wait_inline(&mut self, id: PeerId, deadline: Option<Instant>) -> Result<Event, Error> {
        loop {
            self.core.find(id).ok_or(Error::Failed)?;
            self.core.write(id.slot)?;
            self.core.collect();
            let error = match self.core.next(id.slot, &mut { READ }) {
                Next::Message(message) => return self.event(id, message),
                Next::Yield => continue,
                Next::Wait => {
                    self.check_wait(deadline)?;
                    self.wait_for(id);
                    continue;
                }
                Next::Failed(error) => error,
                Next::Rejected(refused) => refused.error,
                Next::Full(_, bytes) => Error::Full(bytes),
                Next::Ended | Next::Login(_) | Next::Http(_) => Error::Failed,
            };
            let told = Error::OutOfTurn("failed while its message was waited for");
            self.core.doom(id.slot, Doom::Error(told));
            return Err(error);
        }
    }

    /// Waits a moment for a peer's socket.
    fn wait_for(&mut self, id: PeerId) {
        let Some(link) = self.core.links.get_mut(id.slot) else { return };
        let writes = if link.outbound.bytes() > 0 { PollFlags::OUT } else { PollFlags::empty() };
        // With a message at the worker nothing is read, so only its time is to be waited for.
        let reads = if link.flags.checking { PollFlags::empty() } else { PollFlags::IN };
        if !link.stream.wait(reads | writes, SLICE).is_empty() {
            link.flags.readable = true;
        }
    }

    fn event(&mut self, id: PeerId, message: Message) -> Result<Event, Error> {
        match message.kind() {
            MessageType::Async => Ok(Event::Async(message)),
            MessageType::Sync => {
                let ticket = self.core.next_ticket();
                Ok(Event::Sync(message, Deferred { id, ticket }))
            }
            MessageType::Response => {
                let link = self.core.links.get_mut(id.slot).ok_or(Error::Failed)?;
                let ticket = link.asked.pop_front().ok_or(Error::Failed)?;
                Ok(Event::Response(ticket, message))
            }
        }
    }

    /// Answers a sync message that [`wait`](Self::wait) returned, with a body or an error's text.
    /// Each must be answered, in their order.
    pub fn respond(&mut self, to: Deferred, answer: Result<&Body, &str>) {
        let Some(link) = self.core.find(to.id) else { return };
        let capability = link.connection.capability();
        let answer = self.core.encode(MessageType::Response, capability, |encoder| match answer {
            Ok(body) => encoder.body(body),
            Err(text) => encoder.error(text),
        });
        self.core.respond(to, answer);
    }

    /// Defers the answer to a sync message that [`wait`](Self::wait) returned.
    pub fn defer(&mut self, to: Deferred) {
        self.core.respond(to, Answer::Deferred);
    }

    /// `-30!`: gives an answer that was [deferred](crate::Reply::defer), a body or an error's text.
    /// Returns whether it was still owed.
    pub fn answer(&mut self, deferred: Deferred, answer: Result<&Body, &str>) -> bool {
        self.core.answer(deferred, |encoder| match answer {
            Ok(body) => encoder.body(body),
            Err(text) => encoder.error(text),
        })
    }

    /// The oldest answer that a connection is owed and that was deferred: what `-30!` means when it
    /// names a handle alone.
    #[must_use]
    pub fn owed(&self, id: PeerId) -> Option<Deferred> {
        let link = self.core.links.get(id.slot).filter(|link| link.peer.id == id && link.phase != Phase::Closing)?;
        let owed = link.answers.iter().find(|owed| owed.ready.is_none())?;
        Some(Deferred { id, ticket: owed.ticket })
    }

    /// The bound on memory.
    #[must_use]
    pub const fn memory(&self) -> Memory {
        self.core.memory
    }

    /// The server's bounds.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.core.limits
    }

    /// Sets how long a request may take, from the next one on: `\T`. Zero means for ever.
    pub const fn set_request_limit(&mut self, limit: Duration) {
        self.core.limits.request = limit;
    }

    /// Whether this call may not change anything: `-b`. It is for the handler to heed.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.core.read_only
    }

    /// Sets what [`is_read_only`](Self::is_read_only) tells.
    pub const fn set_read_only(&mut self, read_only: bool) {
        self.core.read_only = read_only;
    }

    /// Replaces the password file for logins to come: `\u`.
    pub fn set_users(&mut self, users: Option<Users>) {
        self.core.users = users;
    }

    /// What sends from other threads.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.core.sender.clone()
    }

    /// Stops the server after this call: `exit`.
    pub fn stop(&mut self) {
        self.core.interrupt.stop();
    }
}
