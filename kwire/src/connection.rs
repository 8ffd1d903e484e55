//! One end of a conversation as a sans-I/O state machine: received bytes in, events and bytes to send out.

use std::time::Instant;

use bytes::Bytes;
use kcodec::{Capability, Threshold, Value};

use crate::error::{Error, OutOfTurn};
use crate::header::{Header, MessageType};
use crate::inbound::{CHUNK, Inbound};
use crate::limits::Limits;
use crate::login::Login;
use crate::message::{self, Frame, Inflating, Message};

mod step;

pub use step::Step;

/// A received event.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A client's login. Answer with [`Connection::accept`], or refuse by closing without sending a byte.
    Login(Login),
    /// The server accepted our login.
    Accepted,
    /// A message.
    Message(Message),
}

/// The state of a conversation. The caller owns the socket and both buffers.
///
/// Fatal errors latch: every later call fails with [`Error::Failed`].
///
#[doc = include_str!("connection.md")]
#[derive(Debug)]
pub struct Connection {
    limits: Limits,
    state: State,
    capability: Capability,
    compression: Option<Threshold>,
    /// Sync requests sent whose responses have not arrived.
    awaited: u64,
    /// Sync requests received and not yet answered.
    owed: u64,
    /// The large compressed message being received.
    inflating: Option<Box<Inflating>>,
    rejected: Bytes,
}

/// Counts of sync messages and responses among queued messages.
#[cfg(feature = "tokio")]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Queued {
    pub(crate) requests: u64,
    pub(crate) responses: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Server: waiting for a login until the deadline. `None` is no deadline: it would overflow `Instant`.
    Login(Option<Instant>),
    /// Server: the login was returned to the caller, who has not answered it.
    Deciding,
    /// Client: waiting for the server's one-byte answer to the login.
    AwaitingAnswer,
    Open,
    Failed,
}

impl Connection {
    /// The server's end of a new connection. The login's time limit starts at `now`.
    #[must_use]
    pub fn server(limits: Limits, now: Instant) -> Self {
        Self::new(limits, State::Login(now.checked_add(limits.login_time)), Capability::MAX)
    }

    /// The client's end of a new connection. Appends the login to `out`.
    pub fn client(limits: Limits, login: &Login, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(&login.to_bytes());
        Self::new(limits, State::AwaitingAnswer, login.capability)
    }

    const fn new(limits: Limits, state: State, capability: Capability) -> Self {
        let rejected = Bytes::new();
        Self { limits, state, capability, compression: None, awaited: 0, owed: 0, inflating: None, rejected }
    }

    /// The capability that both ends share; final once the login is accepted.
    #[must_use]
    pub const fn capability(&self) -> Capability {
        self.capability
    }

    /// Whether the login is accepted and messages may be sent and received.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether the connection has failed or was aborted.
    #[must_use]
    pub const fn has_failed(&self) -> bool {
        matches!(self.state, State::Failed)
    }

    /// Sync requests received and not yet answered.
    #[must_use]
    pub const fn owed(&self) -> u64 {
        self.owed
    }

    /// Sync requests sent and not yet answered.
    #[must_use]
    pub const fn awaited(&self) -> u64 {
        self.awaited
    }

    /// Sets the threshold above which messages are compressed, if the peer can read compressed messages; `None`
    /// disables compression. kdb+ compresses only for peers on other machines.
    pub const fn set_compression(&mut self, threshold: Option<Threshold>) {
        self.compression = threshold;
    }

    /// The deadline of the login, while the server waits for one.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Login(deadline) => deadline,
            _ => None,
        }
    }

    /// Fails the connection if the login's deadline has passed.
    ///
    /// # Errors
    ///
    /// [`Error::TimedOut`].
    pub fn handle_time(&mut self, now: Instant) -> Result<(), Error> {
        match self.deadline() {
            Some(deadline) if deadline <= now => self.fail(Error::TimedOut),
            _ => Ok(()),
        }
    }

    /// Takes the next event out of `inbound`; `None` if more bytes are needed. Large compressed messages are inflated
    /// incrementally, so call this after each read.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], [`Error::TooLarge`], [`Error::OutOfTurn`]: fatal.
    pub fn receive(&mut self, inbound: &mut Inbound) -> Result<Option<Event>, Error> {
        if self.inflating.is_some() {
            return self.inflate(inbound);
        }
        let open = self.is_open();
        let step = self.step(inbound.as_bytes()).inspect_err(|error| {
            if open && matches!(error, Error::Malformed(_) | Error::TooLarge { .. }) {
                self.rejected = inbound.take_all();
            }
        });
        match step? {
            Step::More(expected) if expected > CHUNK => self.expect_large(inbound, expected),
            Step::More(expected) => {
                inbound.expect(expected);
                Ok(None)
            }
            Step::Login(login, used) => {
                inbound.skip(used);
                Ok(Some(Event::Login(login)))
            }
            Step::Accepted => {
                inbound.skip(1);
                Ok(Some(Event::Accepted))
            }
            Step::Message(header) => {
                let frame = Frame::new(header, inbound.take(header.len()));
                match frame.check(&self.limits) {
                    Ok(message) => {
                        inbound.keep_spare(message.body().as_bytes());
                        Ok(Some(Event::Message(message)))
                    }
                    Err(refused) => {
                        self.rejected = refused.bytes;
                        self.fail(refused.error)
                    }
                }
            }
        }
    }

    /// Begins to receive a large message whose header is complete.
    fn expect_large(&mut self, inbound: &mut Inbound, expected: usize) -> Result<Option<Event>, Error> {
        let header = inbound.as_bytes().first_chunk().and_then(|&head| Header::parse(head).ok());
        match header.and_then(|header| Inflating::new(header, &self.limits)) {
            Some(inflating) => {
                inbound.skip(Header::LEN);
                self.inflating = Some(Box::new(inflating));
                self.inflate(inbound)
            }
            None => {
                inbound.expect(expected);
                Ok(None)
            }
        }
    }

    /// Inflates the received part of the message in progress.
    fn inflate(&mut self, inbound: &mut Inbound) -> Result<Option<Event>, Error> {
        let Some(inflating) = &mut self.inflating else { return Ok(None) };
        let used = match inflating.push(inbound.as_bytes(), &self.limits) {
            Ok(used) => used,
            Err(error) => return self.fail(error),
        };
        inbound.skip(used);
        match self.inflating.take_if(|inflating| inflating.is_complete()) {
            None => Ok(None),
            Some(inflating) => {
                self.note_received(inflating.header().kind);
                match inflating.finish(&self.limits) {
                    Ok(message) => Ok(Some(Event::Message(message))),
                    Err(error) => self.fail(error),
                }
            }
        }
    }

    /// Aborts the conversation: every later call fails.
    pub fn abort(&mut self) {
        self.state = State::Failed;
        self.inflating = None;
    }

    /// Handles the peer's end of input. `inbound` is what was received and not consumed.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if our login was not answered; [`Error::OutOfTurn`] if a message is incomplete or a response
    /// is still awaited.
    pub fn handle_end(&mut self, inbound: &[u8]) -> Result<(), Error> {
        match self.state {
            State::AwaitingAnswer => self.fail(Error::Refused),
            _ if !inbound.is_empty() || self.inflating.is_some() => self.fail(OutOfTurn::ClosedInMessage.into()),
            _ if self.awaited > 0 => self.fail(OutOfTurn::ClosedBeforeResponse.into()),
            _ => {
                self.abort();
                Ok(())
            }
        }
    }

    /// The received bytes of the message that was malformed or too large. Empty for a message that was inflated
    /// incrementally. A big-endian body is byte-swapped up to the fault.
    #[must_use]
    pub fn rejected(&self) -> &Bytes {
        &self.rejected
    }

    /// Accepts the client's login: appends the answer to `out`.
    ///
    /// # Errors
    ///
    /// [`Error::OutOfTurn`] unless a login is waiting for its answer.
    pub fn accept(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        if self.state != State::Deciding {
            return Err(OutOfTurn::NoLogin.into());
        }
        out.push(self.capability.byte());
        self.state = State::Open;
        Ok(())
    }

    /// Appends a message to `out`.
    ///
    /// # Errors
    ///
    /// [`Error::Unsendable`] if the peer cannot read the value, [`Error::OutOfTurn`] for a response without a pending
    /// request: both leave `out` unchanged and the connection usable. [`Error::Failed`] if the connection is not open.
    pub fn send(&mut self, kind: MessageType, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        self.may_send(kind)?;
        message::append(kind, value, self.capability, self.compression(), out)?;
        self.note_sent(kind)
    }

    /// Records the sending of a message that [`encode`](crate::encode) wrote for this or a lower capability, so that
    /// one encoding can serve many peers. Returns the compressed message to write instead, if it compresses.
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use kcodec::{Capability, Threshold, Value};
    /// use kwire::{Connection, Event, Inbound, Limits, MessageType};
    ///
    /// let mut message = Vec::new();
    /// kwire::encode(MessageType::Async, Value::from(&vec![1.5; 1000]), Capability::GUID, &mut message)?;
    /// for is_local in [true, false] {
    ///     let mut server = Connection::server(Limits::default(), Instant::now());
    ///     let mut inbound = Inbound::default();
    ///     inbound.extend(b"ann:secret\x03\0");
    ///     let Some(Event::Login(_)) = server.receive(&mut inbound)? else { panic!("no login") };
    ///     server.accept(&mut Vec::new())?;
    ///     server.set_compression((!is_local).then_some(Threshold::Body));
    ///     let compressed = server.post(MessageType::Async, &message)?;
    ///     assert_eq!((compressed.is_some(), server.compression().is_some()), (!is_local, !is_local));
    ///     server.note_sent(MessageType::Async)?; // another, which the caller compresses or does not
    /// }
    /// # Ok::<(), kwire::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), [`Error::Unsendable`] excepted.
    pub fn post(&mut self, kind: MessageType, message: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.note_sent(kind)?;
        Ok(self.compression().and_then(|threshold| message::compress(message, threshold).ok().flatten()))
    }

    /// Records the sending of a message that the caller writes and compresses itself.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), [`Error::Unsendable`] excepted.
    pub fn note_sent(&mut self, kind: MessageType) -> Result<(), Error> {
        self.may_send(kind)?;
        match kind {
            MessageType::Async => {}
            MessageType::Sync => self.awaited += 1,
            MessageType::Response => self.owed -= 1,
        }
        Ok(())
    }

    /// Records messages that are sent. The caller has checked that it may send them.
    #[cfg(feature = "tokio")]
    pub(crate) const fn note_queued(&mut self, queued: Queued) {
        self.awaited += queued.requests;
        self.owed -= queued.responses;
    }

    /// The compression threshold in effect for this peer, if any.
    #[must_use]
    pub fn compression(&self) -> Option<Threshold> {
        self.compression.filter(|_| self.capability.compresses())
    }

    const fn may_send(&self, kind: MessageType) -> Result<(), Error> {
        match (self.state, kind) {
            (State::Open, MessageType::Response) if self.owed == 0 => Err(Error::OutOfTurn(OutOfTurn::NoRequest)),
            (State::Open, _) => Ok(()),
            _ => Err(Error::Failed),
        }
    }

    const fn note_received(&mut self, kind: MessageType) {
        match kind {
            MessageType::Async => {}
            MessageType::Sync => self.owed += 1,
            MessageType::Response => self.awaited -= 1,
        }
    }

    fn fail<T>(&mut self, error: Error) -> Result<T, Error> {
        self.abort();
        Err(error)
    }
}
