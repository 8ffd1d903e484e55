//! The operations that a handler can call on the server.

use std::cell::Cell;
use std::io;
use std::time::{Duration, Instant};

use kcodec::{Body, Value};
use kwire::{Error, MessageType};

use crate::core::{Core, Timer};
use crate::encode::Answer;
use crate::limits::Limits;
use crate::link::{CloseReason, Phase};
use crate::listen::{self, Listener};
use crate::memory::Memory;
use crate::peer::{Peer, PeerId};
use crate::port::Port;
use crate::reply::Deferred;
use crate::request::Request;
use crate::sender::Sender;
use crate::users::Users;

pub use crate::wait::Event;

/// The server during a call of a handler.
///
#[doc = include_str!("context.md")]
#[derive(Debug)]
pub struct Context<'a> {
    pub(crate) core: &'a mut Core,
    pub(crate) request: Option<Request>,
}

/// Identifies an unanswered request to a peer; [`on_response`](crate::Handler::on_response) passes it back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Ticket(u64);

/// An open connection and the size of its output queue: an entry of `.z.W`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// The connection.
    pub id: PeerId,
    /// Bytes queued.
    pub bytes: usize,
    /// Messages queued, including a partly written one.
    pub messages: usize,
}

impl<'a> Context<'a> {
    /// For a call outside of any request: a timer, the console.
    pub(crate) const fn new(core: &'a mut Core) -> Self {
        Self { core, request: None }
    }

    /// For a call on behalf of a peer, starting at `now`.
    pub(crate) fn for_request(core: &'a mut Core, slot: usize, now: Instant) -> Self {
        let time = core.limits.request;
        let deadline = if time.is_zero() { None } else { now.checked_add(time) };
        let request = Request { slot, deadline, last_poll: Cell::new(now), grace_until: Cell::new(None) };
        Self { core, request: Some(request) }
    }

    /// `.z.W`: every open connection with the size of its output queue.
    pub fn handles(&self) -> impl Iterator<Item = Queue> {
        self.core.links.iter().filter(|(_, link)| link.is_open()).map(|(_, link)| Queue {
            id: link.peer.id,
            bytes: link.outbound.bytes(),
            messages: link.outbound.messages(),
        })
    }

    /// The peer of `id`, if its connection is open.
    #[must_use]
    pub fn peer(&self, id: PeerId) -> Option<&Peer> {
        self.core.find(id).map(|link| &link.peer)
    }

    /// The open connection whose handle is this number.
    ///
    /// ```
    /// use kserve::{Context, Peer};
    ///
    /// /// The user of a handle.
    /// fn user<'a>(cx: &'a Context<'_>, handle: i32) -> Option<&'a [u8]> {
    ///     cx.find(handle).and_then(|id| cx.peer(id)).map(Peer::user)
    /// }
    /// ```
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

    /// `\p 5001`: replaces the listeners; `None` stops listening. Open connections are unaffected.
    ///
    /// # Errors
    ///
    /// The OS error, for example that the address is in use; the old listeners then remain.
    pub fn listen(&mut self, port: Option<&Port>) -> io::Result<()> {
        let Some(port) = port else { return self.core.listen(Vec::new()) };
        let mut listeners = vec![port.bind()?];
        let number = listeners.iter().find_map(Listener::local_addr).map(|address| address.port());
        // Optional: listening continues without the Unix socket if its name is taken.
        listeners.extend(number.and_then(|number| listen::unix(number).ok()).unwrap_or_default());
        self.core.listen(listeners)
    }

    /// `\\E`: whether new connections may or must use TLS.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn tls(&self) -> Option<crate::Tls> {
        self.core.offer.as_ref().map(|offer| offer.tls)
    }

    /// `.z.e`: the TLS session of a connection, with its cipher and the peer's certificates. `None` if the
    /// connection is plain or closed.
    ///
    /// ```
    /// use kserve::{Context, Peer, Tls};
    ///
    /// /// Whether the peer's certificate is known, on a server that requires TLS.
    /// fn is_known(cx: &Context<'_>, peer: &Peer, certificate: &[u8]) -> bool {
    ///     let Some(session) = cx.session(peer.id()) else { return cx.tls() != Some(Tls::Required) };
    ///     session.certificates().first().is_some_and(|found| found.as_ref() == certificate)
    /// }
    /// ```
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn session(&self, id: PeerId) -> Option<&kwire::tls::Session> {
        self.core.links.get(id.slot).filter(|link| link.peer.id == id)?.stream.session()
    }

    /// `neg[h]x`: queues an async message, which is written after this call returns.
    ///
    /// # Errors
    ///
    /// [`Error::Unsendable`] if the peer cannot read the value, [`Error::Full`] if memory is short,
    /// [`Error::Failed`] if the connection is not open or its queue is over the limit.
    pub fn send<'v>(&mut self, to: PeerId, value: impl Into<Value<'v>>) -> Result<(), Error> {
        self.core.send(to, MessageType::Async, value.into())
    }

    /// Like [`send`](Self::send), but shares a large body instead of copying it.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn send_body(&mut self, to: PeerId, body: &Body) -> Result<(), Error> {
        self.core.send_body(to, MessageType::Async, body)
    }

    /// `-25!(handles;x)`: encodes once, at the lowest capability of the open peers in `to`, and queues the same
    /// bytes to each. Closed connections are skipped.
    ///
    /// ```
    /// use kcodec::{Body, Value};
    /// use kserve::{Context, PeerId, Queue};
    /// use kwire::Error;
    ///
    /// /// Sends rows to the subscribers. Those with more than 64 MiB queued are closed.
    /// fn publish(cx: &mut Context<'_>, to: &[PeerId], rows: Value<'_>) -> Result<(), Error> {
    ///     let slow = cx.handles().filter(|queue: &Queue| queue.bytes > 64 << 20 && to.contains(&queue.id));
    ///     for queue in slow.collect::<Vec<_>>() {
    ///         cx.close(queue.id);
    ///     }
    ///     cx.broadcast(to, &[Value::symbol("upd"), Value::symbol("trade"), rows])
    /// }
    ///
    /// /// Sends a new subscriber the rows so far.
    /// fn catch_up(cx: &mut Context<'_>, to: PeerId, rows: &Body) -> Result<(), Error> {
    ///     cx.send_body(to, rows)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Unsendable`] if one of them cannot read the value, [`Error::Full`] if memory is short. On an error
    /// no peer receives the message.
    pub fn broadcast<'v>(&mut self, to: &[PeerId], value: impl Into<Value<'v>>) -> Result<(), Error> {
        let value = value.into();
        self.core.broadcast(to, |mut encoder| {
            encoder.try_value(value)?;
            Ok(encoder.written())
        })
    }

    /// Like [`broadcast`](Self::broadcast), but shares a large body instead of copying it.
    ///
    /// # Errors
    ///
    /// As [`broadcast`](Self::broadcast).
    pub fn broadcast_body(&mut self, to: &[PeerId], body: &Body) -> Result<(), Error> {
        self.core.broadcast(to, |encoder| encoder.try_body(body))
    }

    /// `hclose`: closes a connection after this call returns. Its queued output is dropped, and
    /// [`on_close`](crate::Handler::on_close) is not called.
    pub fn close(&mut self, id: PeerId) {
        if self.core.find(id).is_some() {
            self.core.schedule_close(id.slot, CloseReason::Close);
        }
    }

    /// `\t`: calls [`on_timer`](crate::Handler::on_timer) every `period`; `None` or zero stops the timer.
    pub fn set_timer(&mut self, period: Option<Duration>) {
        let next = |period| Some(Timer { period, next: Instant::now().checked_add(period)? });
        self.core.timer = period.filter(|period| !period.is_zero()).and_then(next);
    }

    /// The timer's period; `None` if no timer is set.
    #[must_use]
    pub fn timer(&self) -> Option<Duration> {
        self.core.timer.map(|timer| timer.period)
    }

    /// Queues a sync message. [`on_response`](crate::Handler::on_response) or [`wait`](Self::wait) receives the
    /// response.
    ///
    /// ```
    /// use std::collections::HashMap;
    ///
    /// use kserve::{Context, Deferred, Handler, Peer, PeerId, Reply, Ticket};
    /// use kwire::{Error, Message};
    ///
    /// /// Passes queries to another server, and its responses to the callers.
    /// struct Proxy {
    ///     backend: PeerId, // of `Context::connect`
    ///     waiting: HashMap<Ticket, Deferred>,
    /// }
    ///
    /// impl Handler for Proxy {
    ///     fn on_sync(&mut self, cx: &mut Context<'_>, _peer: &Peer, query: &Message, reply: Reply<'_>) {
    ///         match cx.request(self.backend, query.value()) {
    ///             Ok(ticket) => drop(self.waiting.insert(ticket, reply.defer())),
    ///             Err(error) => reply.error(&error.to_string()),
    ///         }
    ///     }
    ///
    ///     fn on_response(&mut self, cx: &mut Context<'_>, _: &Peer, id: Ticket, answer: Result<&Message, &Error>) {
    ///         if let Some(caller) = self.waiting.remove(&id) {
    ///             cx.answer(caller, answer.map(Message::body).map_err(|_| "backend lost"));
    ///         }
    ///     }
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send).
    pub fn request<'v>(&mut self, to: PeerId, value: impl Into<Value<'v>>) -> Result<Ticket, Error> {
        self.core.send(to, MessageType::Sync, value.into())?;
        let ticket = Ticket(self.core.next_ticket());
        if let Some(link) = self.core.links.get_mut(to.slot) {
            link.sent_requests.push_back(ticket);
        }
        Ok(ticket)
    }

    /// Answers a sync message that [`wait`](Self::wait) returned, with a body or the text of an error. The caller
    /// must answer each of them, in their order.
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

    /// `-30!`: sends a [deferred](crate::Reply::defer) answer, a body or the text of an error. Returns `false` if
    /// the request was answered already or its connection is closed.
    ///
    /// ```
    /// use kcodec::Body;
    /// use kserve::{Context, Deferred, Handler, Peer, Reply};
    /// use kwire::Message;
    ///
    /// /// A sync caller waits for the next async message of any peer.
    /// #[derive(Default)]
    /// struct Next(Vec<Deferred>);
    ///
    /// impl Handler for Next {
    ///     fn on_sync(&mut self, cx: &mut Context<'_>, peer: &Peer, _message: &Message, reply: Reply<'_>) {
    ///         match cx.oldest_deferred(peer.id()) {
    ///             Some(_) => reply.error("one at a time"),
    ///             None => self.0.push(reply.defer()),
    ///         }
    ///     }
    ///
    ///     fn on_async(&mut self, cx: &mut Context<'_>, peer: &Peer, message: &Message) {
    ///         let body: &Body = message.body();
    ///         let answered = self.0.drain(..).filter(|&deferred| cx.answer(deferred, Ok(body))).count();
    ///         cx.send(peer.id(), answered as i64).ok();
    ///     }
    ///
    ///     fn on_close(&mut self, _cx: &mut Context<'_>, peer: &Peer) {
    ///         self.0.retain(|deferred| deferred.id() != peer.id());
    ///     }
    /// }
    /// ```
    pub fn answer(&mut self, deferred: Deferred, answer: Result<&Body, &str>) -> bool {
        self.core.answer(deferred, |encoder| match answer {
            Ok(body) => encoder.body(body),
            Err(text) => encoder.error(text),
        })
    }

    /// The oldest deferred answer that is pending on a connection: what `-30!` addresses by handle.
    #[must_use]
    pub fn oldest_deferred(&self, id: PeerId) -> Option<Deferred> {
        let link = self.core.links.get(id.slot).filter(|link| link.peer.id == id && link.phase != Phase::Closing)?;
        let pending = link.answers.iter().find(|answer| answer.ready.is_none())?;
        Some(Deferred { id, ticket: pending.ticket })
    }

    /// The bound on the process's memory.
    #[must_use]
    pub const fn memory(&self) -> Memory {
        self.core.memory
    }

    /// The server's limits.
    #[must_use]
    pub const fn limits(&self) -> &Limits {
        &self.core.limits
    }

    /// `\T`: sets the time limit of a request, starting with the next one. Zero means no limit.
    pub const fn set_request_limit(&mut self, limit: Duration) {
        self.core.limits.request = limit;
    }

    /// `-b`: whether this call must not change state. The handler must enforce it.
    #[must_use]
    pub const fn is_read_only(&self) -> bool {
        self.core.read_only
    }

    /// Sets what [`is_read_only`](Self::is_read_only) returns during this call.
    pub const fn set_read_only(&mut self, read_only: bool) {
        self.core.read_only = read_only;
    }

    /// Replaces the password file for future logins: `\u`.
    pub fn set_users(&mut self, users: Option<Users>) {
        self.core.users = users;
    }

    /// Returns a handle that sends from other threads.
    #[must_use]
    pub fn sender(&self) -> Sender {
        self.core.sender.clone()
    }

    /// `exit`: stops the server after this call returns.
    pub fn stop(&mut self) {
        self.core.interrupt.stop();
    }
}
