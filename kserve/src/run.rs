//! The event loop: polls, then serves each ready peer in turns.

use std::io;
use std::time::{Duration, Instant};

use kcodec::Value;
use kwire::{Error, Login, Message, MessageType, Refused};
use mio::event::Event;
use mio::{Events, Token};

use crate::context::Context;
use crate::core::Core;
use crate::encode::{Answer, Encoder};
use crate::handler::Handler;
use crate::link::{CloseReason, Phase};
use crate::peer::{Peer, Protocol};
use crate::receive::{Next, READ_BUDGET};
use crate::reply::{Deferred, Reply};
use crate::sender::Job;
use crate::server::{LISTENERS, WAKER};

/// A running server.
pub(crate) struct Loop<'a, H> {
    pub(crate) core: Core,
    pub(crate) handler: &'a mut H,
    /// When to try accepting again.
    pub(crate) retry: Option<Instant>,
    /// No call of `on_exhausted` before this time.
    pub(crate) quiet_until: Option<Instant>,
}

/// Events taken from the OS per poll.
const EVENTS: usize = 1024;

impl<'a, H: Handler> Loop<'a, H> {
    pub(crate) const fn new(core: Core, handler: &'a mut H) -> Self {
        Self { core, handler, retry: None, quiet_until: None }
    }

    pub(crate) fn run(&mut self) -> io::Result<()> {
        self.handler.on_start(&mut Context::new(&mut self.core));
        let mut events = Events::with_capacity(EVENTS);
        while self.core.interrupt.stops() == 0 {
            self.flush_dirty();
            self.poll(&mut events, self.timeout())?;
            self.check_time();
            self.run_turns();
        }
        self.drain(&mut events)
    }

    /// Runs the turns of one round, between two polls.
    fn run_turns(&mut self) {
        self.core.run_queue.begin();
        let mut now = None;
        while self.core.interrupt.stops() == 0
            && let Some(slot) = self.core.next_turn()
        {
            now = Some(self.turn(slot, now.unwrap_or_else(Instant::now)));
        }
    }

    /// Polls for events and dispatches them.
    pub(crate) fn poll(&mut self, events: &mut Events, timeout: Option<Duration>) -> io::Result<()> {
        match self.core.poll.poll(events, timeout) {
            Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
            _ => {}
        }
        for event in events.iter() {
            match event.token() {
                WAKER => self.drain_mailbox(),
                Token(token) if token >= LISTENERS => self.accept(token - LISTENERS),
                Token(slot) => self.record_event(slot, event),
            }
        }
        Ok(())
    }

    fn record_event(&mut self, slot: usize, event: &Event) {
        if let Some(link) = self.core.links.get_mut(slot) {
            link.flags.readable |= event.is_readable();
            link.flags.hung_up |= event.is_read_closed() || event.is_error();
            self.core.enqueue(slot);
        }
    }

    /// Runs one turn of a peer: writes its output, then handles at least one message and more until the turn's time
    /// is up. Returns the end of the turn, which is the start of the next one.
    fn turn(&mut self, slot: usize, start: Instant) -> Instant {
        let mut left = READ_BUDGET;
        self.flush_slot(slot);
        let mut now = start;
        let (took, done) = loop {
            let next = self.core.next(slot, &mut left);
            if let Next::Wait | Next::Yield = next {
                if matches!(next, Next::Yield) {
                    now = Instant::now();
                }
                break (now.duration_since(start), matches!(next, Next::Wait));
            }
            self.handle(slot, next, now);
            now = Instant::now();
            let took = now.duration_since(start);
            if took >= self.core.limits.turn {
                break (took, false);
            }
        };
        self.core.record_turn(slot, took, now);
        if !done {
            self.core.requeue(slot);
        }
        self.core.stash();
        self.flush_dirty();
        now
    }

    fn handle(&mut self, slot: usize, next: Next, now: Instant) {
        match next {
            Next::Login(login) => self.log_in(slot, &login, now),
            Next::Http(request) => self.http(slot, &request, now),
            Next::Message(message) => {
                self.message(slot, &message, now);
                self.core.worker.discard(message.into_body().into());
            }
            Next::Rejected(refused) => self.reject(slot, &refused),
            Next::Full(kind, bytes) => self.refuse(slot, kind, bytes),
            Next::Failed(error) => self.fail(slot, error),
            Next::Ended => self.end(slot),
            Next::Wait | Next::Yield => {}
        }
    }

    fn peer(&self, slot: usize) -> Option<Peer> {
        self.core.links.get(slot).map(|link| link.peer.clone())
    }

    fn log_in(&mut self, slot: usize, login: &Login, now: Instant) {
        let users = self.core.users.as_ref();
        let known = users.is_none_or(|users| users.accept(&login.user, &login.password));
        let Some(link) = self.core.links.get_mut(slot) else { return };
        link.peer.user = login.user.clone();
        link.peer.capability = link.connection.capability();
        let peer = link.peer.clone();
        if !(known && self.call(slot, now, |handler, cx| handler.on_login(cx, &peer, &login.password))) {
            return self.fail(slot, Error::Refused);
        }
        let Some(link) = self.core.links.get_mut(slot) else { return };
        let mut answer = Vec::new();
        if let Err(error) = link.connection.accept(&mut answer) {
            return self.fail(slot, error);
        }
        link.phase = Phase::Open;
        link.outbound.append(&answer, &mut self.core.buffer_pool);
        self.core.mark_dirty(slot);
        self.call(slot, now, |handler, cx| handler.on_open(cx, &peer));
    }

    fn http(&mut self, slot: usize, request: &[u8], now: Instant) {
        let Some(link) = self.core.links.get_mut(slot) else { return };
        link.peer.protocol = Protocol::Http;
        let peer = link.peer.clone();
        let response = self.call(slot, now, |handler, cx| handler.on_http(cx, &peer, request));
        let Some(link) = self.core.links.get_mut(slot) else { return };
        link.outbound.push([response.into()]);
        self.core.mark_dirty(slot);
        self.close(slot);
    }

    /// Calls a handler on behalf of a peer. The call can be interrupted.
    fn call<T>(&mut self, slot: usize, now: Instant, call: impl FnOnce(&mut H, &mut Context<'_>) -> T) -> T {
        self.core.interrupt.begin();
        let done = call(self.handler, &mut Context::for_request(&mut self.core, slot, now));
        self.core.interrupt.end();
        self.core.read_only = false;
        done
    }

    /// Evaluates a line of the console. It can be cancelled like a request, but has no time limit.
    fn line(&mut self, line: &[u8]) {
        self.core.interrupt.begin();
        self.handler.on_line(&mut Context::new(&mut self.core), line);
        self.core.interrupt.end();
    }

    fn message(&mut self, slot: usize, message: &Message, now: Instant) {
        let Some(peer) = self.peer(slot) else { return };
        match message.kind() {
            MessageType::Async => self.call(slot, now, |handler, cx| handler.on_async(cx, &peer, message)),
            MessageType::Sync => self.answer(&peer, message, now),
            MessageType::Response => {
                let ticket = self.core.links.get_mut(slot).and_then(|link| link.sent_requests.pop_front());
                if let Some(ticket) = ticket {
                    self.call(slot, now, |handler, cx| handler.on_response(cx, &peer, ticket, Ok(message)));
                }
            }
        }
    }

    fn answer(&mut self, peer: &Peer, message: &Message, now: Instant) {
        let mut answer = Answer::None;
        let mut buffer = std::mem::take(&mut self.core.buffer);
        buffer.clear();
        let deferred = Deferred { id: peer.id, ticket: self.core.next_ticket() };
        let (kind, memory) = (MessageType::Response, self.core.memory);
        let encoder = Encoder { kind, capability: peer.capability, memory, buffer: &mut buffer };
        let reply = Reply { encoder, answer: &mut answer, deferred };
        self.call(peer.id.slot, now, |handler, cx| handler.on_sync(cx, peer, message, reply));
        self.core.buffer = buffer;
        if matches!(answer, Answer::None) {
            answer = self.core.encode(kind, peer.capability, |encoder| encoder.value(Value::NULL));
        }
        self.core.respond(deferred, answer);
    }

    /// Answers a message that does not fit into memory with `wsfull`.
    fn refuse(&mut self, slot: usize, kind: MessageType, bytes: u64) {
        let Some(peer) = self.peer(slot) else { return };
        if kind != MessageType::Sync {
            return self.fail(slot, Error::Full(bytes));
        }
        let deferred = Deferred { id: peer.id, ticket: self.core.next_ticket() };
        let answer = self.core.encode(MessageType::Response, peer.capability, |encoder| encoder.error("wsfull"));
        self.core.respond(deferred, answer);
    }

    /// Flushes every dirty slot: writes output and closes the connections scheduled for it.
    pub(crate) fn flush_dirty(&mut self) {
        while let Some(slot) = self.core.next_dirty() {
            self.flush_slot(slot);
        }
    }

    pub(crate) fn flush_slot(&mut self, slot: usize) {
        let Some(link) = self.core.links.get_mut(slot) else { return };
        let closing = link.phase == Phase::Closing;
        match link.close_reason.take() {
            Some(CloseReason::Close) => return self.core.remove(slot),
            Some(CloseReason::Error(error)) => return self.abort(slot, &error),
            None => {}
        }
        match self.core.write(slot) {
            Ok(()) if closing => self.linger(slot),
            Ok(()) => {}
            Err(_) if closing => self.core.remove(slot),
            Err(error) => self.abort(slot, &error),
        }
    }

    /// Closes a connection after a malformed or oversized message.
    fn reject(&mut self, slot: usize, refused: &Refused) {
        let Some(peer) = self.peer(slot) else { return };
        let cx = &mut Context::new(&mut self.core);
        self.handler.on_bad_message(cx, &peer, &refused.bytes, &refused.error);
        self.close(slot);
    }

    /// Closes a connection after any other error. Pending answers are written if the socket still works.
    pub(crate) fn fail(&mut self, slot: usize, error: Error) {
        let Some(peer) = self.peer(slot) else { return };
        let hopeless = match error {
            Error::Io(_) | Error::Refused | Error::TimedOut => true,
            #[cfg(feature = "tls")]
            Error::Tls(_) => true,
            _ => false,
        };
        if hopeless {
            return self.abort(slot, &error);
        }
        self.handler.on_error(&mut Context::new(&mut self.core), &peer, &error);
        self.close(slot);
    }

    /// Closes a connection at once; queued output is dropped.
    fn abort(&mut self, slot: usize, error: &Error) {
        let Some(link) = self.core.links.get_mut(slot) else { return };
        let peer = link.peer.clone();
        if link.phase != Phase::Closing {
            self.handler.on_error(&mut Context::new(&mut self.core), &peer, error);
            self.notify_close(slot);
        }
        self.core.remove(slot);
    }

    /// Handles end of input: closes the connection once all its requests are answered.
    fn end(&mut self, slot: usize) {
        let Some(link) = self.core.links.get_mut(slot) else { return };
        if !link.answers.is_empty() {
            return;
        }
        match link.connection.handle_end(link.inbound.as_bytes()) {
            Ok(()) => self.close(slot),
            // The open requests to this peer are failed one by one.
            Err(_) if !link.sent_requests.is_empty() => self.close(slot),
            Err(error) => self.fail(slot, error),
        }
    }

    /// Notifies the handler, then keeps the connection until its output is written.
    pub(crate) fn close(&mut self, slot: usize) {
        let was_open = self.core.links.get(slot).is_some_and(|link| link.phase == Phase::Open);
        self.notify_close(slot);
        let Some(link) = self.core.links.get_mut(slot) else { return };
        if !was_open && link.outbound.bytes() == 0 {
            // A connection that never logged in has no answers to read.
            self.core.remove(slot);
        } else if link.close_reason.is_none() {
            self.core.begin_closing(slot);
            self.core.mark_dirty(slot);
        }
    }

    /// Calls `on_close` for an open connection, and fails its open requests.
    fn notify_close(&mut self, slot: usize) {
        let Some(link) = self.core.links.get_mut(slot) else { return };
        let (phase, peer, tickets) = (link.phase, link.peer.clone(), std::mem::take(&mut link.sent_requests));
        link.connection.abort();
        link.phase = Phase::Closing;
        if phase != Phase::Open {
            return;
        }
        let now = Instant::now();
        for ticket in tickets {
            self.call(slot, now, |handler, cx| handler.on_response(cx, &peer, ticket, Err(&Error::Failed)));
        }
        self.call(slot, now, |handler, cx| handler.on_close(cx, &peer));
    }

    /// Handles the results of the worker and the jobs of the senders.
    fn drain_mailbox(&mut self) {
        self.core.collect();
        for job in self.core.sender.take() {
            match job {
                // If one of the peers cannot read the message, none receives it.
                Job::Publish(to, body) => drop(self.core.broadcast(&to, |encoder| encoder.try_body(&body))),
                Job::Answer(deferred, answer) => {
                    self.core.answer(deferred, |encoder| match &answer {
                        Ok(body) => encoder.body(body),
                        Err(text) => encoder.error(text),
                    });
                }
                Job::Users(users) => self.core.users = users,
                #[cfg(feature = "tls")]
                Job::Tls(config) => {
                    if let Some(offer) = &mut self.core.offer {
                        offer.config = config;
                    }
                }
                Job::Line(line) => self.line(&line),
            }
        }
    }
}
