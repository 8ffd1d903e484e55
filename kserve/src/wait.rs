//! Operations that block on one peer. No other peer is served meanwhile.

use std::time::{Duration, Instant};

use kwire::blocking::{self, Options};
use kwire::{Error, Message, MessageType, OutOfTurn};
use rustix::event::{PollFlags, Timespec};

use crate::context::{Context, Ticket};
use crate::link::CloseReason;
use crate::listen::Stream;
use crate::peer::PeerId;
use crate::receive::{Next, READ_BUDGET};
use crate::reply::Deferred;

/// A message received by [`Context::wait`].
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// The response to a request.
    Response(Ticket, Message),
    /// An async message.
    Async(Message),
    /// A sync message. The caller must answer it with [`Context::respond`] or [`Context::defer`].
    Sync(Message, Deferred),
}

/// How long one poll blocks before interrupts are checked.
const SLICE: Timespec = Timespec { tv_sec: 0, tv_nsec: 10_000_000 };

impl Context<'_> {
    /// `neg[h][]`: blocks until all output of the peer is written. No peer is served meanwhile.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after `timeout` or if this call is [interrupted](Self::interrupted), [`Error::Failed`]
    /// if the connection is not open, [`Error::Io`] for an OS error.
    pub fn flush(&mut self, id: PeerId, timeout: Duration) -> Result<(), Error> {
        let deadline = Instant::now().checked_add(timeout);
        loop {
            self.core.find(id).ok_or(Error::Failed)?;
            self.core.collect();
            self.core.write(id.slot)?;
            let link = self.core.find(id).ok_or(Error::Failed)?;
            if link.outbound.bytes() == 0 {
                return Ok(());
            }
            self.check_wait(deadline)?;
            let wanted = if link.outbound.is_held() { PollFlags::empty() } else { PollFlags::OUT };
            link.stream.wait(wanted, SLICE);
        }
    }

    fn check_wait(&self, deadline: Option<Instant>) -> Result<(), Error> {
        let late = deadline.is_some_and(|deadline| deadline <= Instant::now());
        if late || self.interrupted().is_some() { Err(Error::TimedOut) } else { Ok(()) }
    }

    /// `hopen`: connects and logs in. Takes every form of address that `hopen` takes. The connection then is a peer
    /// like any other. No peer is served meanwhile.
    ///
    /// # Errors
    ///
    /// As [`kwire::blocking::Handle::open`]; [`Error::TimedOut`] after `timeout`, or at the time limit of this
    /// call; [`Error::Crowded`] if the limit on connections is reached.
    pub fn connect(&mut self, address: &str, timeout: Duration) -> Result<PeerId, Error> {
        if self.core.links.len() >= self.core.limits.peers {
            return Err(Error::Crowded);
        }
        let deadline = self.request.as_ref().and_then(|request| request.deadline);
        let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
        let timeout = timeout.min(left.unwrap_or(Duration::MAX));
        let options = Options::default().with_timeout(Some(timeout)).with_limits(self.core.limits.wire);
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

    /// Writes the output of one peer and blocks until its next message, as q does in `h"…"` and `h[]`. No other
    /// peer is served meanwhile. A caller that waits for a response must call this repeatedly, and handle the
    /// messages that come before it.
    ///
    /// ```
    /// use std::time::Duration;
    ///
    /// use kcodec::Body;
    /// use kserve::{Context, Event};
    /// use kwire::Error;
    ///
    /// /// Asks another server, as `` h:hopen`:db:5001; h query `` in a handler does.
    /// fn ask(cx: &mut Context<'_>, address: &str, query: &str, is_busy: bool) -> Result<Body, Error> {
    ///     let to = cx.connect(address, Duration::from_secs(1))?;
    ///     let ticket = cx.request(to, query)?;
    ///     cx.flush(to, Duration::from_secs(1))?;
    ///     while cx.interrupted().is_none() {
    ///         match cx.wait(to, Duration::from_secs(10))? {
    ///             Event::Response(found, message) if found == ticket => return Ok(message.into_body()),
    ///             Event::Sync(_, deferred) if is_busy => cx.respond(deferred, Err("busy")),
    ///             Event::Sync(_, deferred) => cx.defer(deferred), // for a later `cx.answer`
    ///             _ => {}
    ///         }
    ///     }
    ///     cx.close(to);
    ///     Err(Error::TimedOut)
    /// }
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`] after `timeout` or if this call is [interrupted](Self::interrupted). All other errors
    /// close the connection: the reason why a message was refused, or [`Error::Failed`] if the connection is not
    /// open or the peer closed it.
    pub fn wait(&mut self, id: PeerId, timeout: Duration) -> Result<Event, Error> {
        let deadline = Instant::now().checked_add(timeout);
        self.core.inline = true;
        let event = self.wait_inline(id, deadline);
        self.core.inline = false;
        // Messages after this one are handled in later turns.
        self.core.enqueue(id.slot);
        event
    }

    fn wait_inline(&mut self, id: PeerId, deadline: Option<Instant>) -> Result<Event, Error> {
        loop {
            self.core.find(id).ok_or(Error::Failed)?;
            self.core.write(id.slot)?;
            self.core.collect();
            let error = match self.core.next(id.slot, &mut { READ_BUDGET }) {
                Next::Message(message) => return self.event(id, message),
                Next::Yield => {
                    self.check_wait(deadline)?;
                    continue;
                }
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
            let reason = Error::from(OutOfTurn::FailedInWait);
            self.core.schedule_close(id.slot, CloseReason::Error(reason));
            return Err(error);
        }
    }

    /// Blocks for at most one [`SLICE`] on a peer's socket.
    fn wait_for(&mut self, id: PeerId) {
        let Some(link) = self.core.links.get_mut(id.slot) else { return };
        let writes =
            if link.outbound.bytes() > 0 && !link.outbound.is_held() { PollFlags::OUT } else { PollFlags::empty() };
        // While the worker holds a message nothing is read, so only the timeout applies.
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
                let ticket = link.sent_requests.pop_front().ok_or(Error::Failed)?;
                Ok(Event::Response(ticket, message))
            }
        }
    }
}
