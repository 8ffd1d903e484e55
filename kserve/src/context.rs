//! What a handler may do: the server's verbs.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use kcodec::{Body, Value};
use kwire::{Error, MessageType};

use crate::core::{Core, Timer};
use crate::encode::Answer;
use crate::limits::Limits;
use crate::link::{Doom, Phase};
use crate::listen::{self, Listener};
use crate::memory::Memory;
use crate::peer::{Peer, PeerId};
use crate::port::Port;
use crate::reply::Deferred;
use crate::request::Request;
use crate::sender::Sender;
use crate::users::Users;

pub use crate::wait::Event;

/// The server, as a handler sees it while it is called.
#[derive(Debug)]
pub struct Context<'a> {
    pub(crate) core: &'a mut Core,
    pub(crate) request: Option<Request>,
}

/// A request to a peer that is not answered yet; its response names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

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

    /// `\p 5001`: listens there from now on, and no longer where it did; `None` nowhere. Open
    /// connections stay.
    ///
    /// # Errors
    ///
    /// The OS error, for example that the address is in use; then nothing has changed.
    pub fn listen(&mut self, port: Option<&Port>) -> io::Result<()> {
        let Some(port) = port else { return self.core.listen(Vec::new()) };
        let mut listeners = vec![port.bind()?];
        let number = listeners.iter().find_map(Listener::local_addr).map(|address| address.port());
        // The Unix socket is beside the point where its name is taken.
        listeners.extend(number.and_then(|number| listen::unix(number).ok()).unwrap_or_default());
        self.core.listen(listeners)
    }

    /// `\\E`: whether connections to come may be TLS, or must be.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(&self) -> Option<crate::Tls> {
        self.core.offer.as_ref().map(|offer| offer.tls)
    }

    /// `.z.e`: the TLS session of a connection, with what was agreed on and the peer's certificates;
    /// `None` if it is plain, or gone.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn session(&self, id: PeerId) -> Option<&kwire::tls::Session> {
        self.core.links.get(id.slot).filter(|link| link.peer.id == id)?.stream.session()
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
