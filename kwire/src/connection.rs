//! One conversation without its socket: bytes in, events out, bytes to send.

use std::time::Instant;

use bytes::Bytes;
use kcodec::{Capability, Threshold, Value};

use crate::error::{Bound, Error, OutOfTurn};
use crate::header::{Header, MessageType};
use crate::inbound::{CHUNK, Inbound};
use crate::limits::Limits;
use crate::login::Login;
use crate::message::{self, Frame, Inflating, Message};

/// What came in.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event {
    /// A client asks to be let in; answer with [`Connection::accept`] or close without a byte.
    Login(Login),
    /// The server let us in.
    Accepted,
    /// A message.
    Message(Message),
}

/// What stands at the front of the bytes that have arrived, as [`Connection::step`] finds it.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step {
    /// Not all of it is here. Bytes of the whole message once its header is known, otherwise 0.
    More(usize),
    /// A login of so many bytes; answer with [`Connection::accept`] or close without a byte.
    Login(Login, usize),
    /// One byte: the server let us in.
    Accepted,
    /// All of a message, [`Header::length`] bytes, which is not checked yet: see [`Frame`].
    Message(Header),
}

/// A conversation's state. The caller owns the socket and both buffers.
///
/// A fatal error latches: whatever is asked after it fails with [`Error::Failed`].
#[derive(Debug)]
pub struct Connection {
    limits: Limits,
    state: State,
    capability: Capability,
    compression: Option<Threshold>,
    /// Sync requests we sent whose responses are to come.
    awaited: u64,
    /// Sync requests we received and did not answer yet.
    owed: u64,
    /// The large compressed message that is arriving.
    inflating: Option<Box<Inflating>>,
    rejected: Bytes,
}

/// Sync messages and responses among messages that were queued.
#[cfg(feature = "tokio")]
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Queued {
    pub(crate) requests: u64,
    pub(crate) responses: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Server: waiting for a login, until then; for ever where the clock cannot count so far.
    Login(Option<Instant>),
    /// Server: the login was handed out and is not yet answered.
    Deciding,
    /// Client: waiting for the server's byte.
    Knocking,
    Open,
    Failed,
}

impl Connection {
    /// The server's end of a fresh connection; `now` starts the login's time.
    #[must_use]
    pub fn server(limits: Limits, now: Instant) -> Self {
        Self::new(limits, State::Login(now.checked_add(limits.login_time)), Capability::MAX)
    }

    /// The client's end of a fresh connection: appends the login to `out`.
    pub fn client(limits: Limits, login: &Login, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(&login.to_bytes());
        Self::new(limits, State::Knocking, login.capability)
    }

    const fn new(limits: Limits, state: State, capability: Capability) -> Self {
        let rejected = Bytes::new();
        Self { limits, state, capability, compression: None, awaited: 0, owed: 0, inflating: None, rejected }
    }

    /// What both ends can read, once the login is through.
    #[must_use]
    pub const fn capability(&self) -> Capability {
        self.capability
    }

    /// Whether messages may pass.
    #[must_use]
    pub const fn is_open(&self) -> bool {
        matches!(self.state, State::Open)
    }

    /// Whether the connection has failed or was given up.
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

    /// Compresses what is worth it from now on, if the peer can read that. kdb+ does so for peers
    /// on other machines only.
    pub const fn set_compression(&mut self, threshold: Option<Threshold>) {
        self.compression = threshold;
    }

    /// Until when the login must be through.
    #[must_use]
    pub const fn deadline(&self) -> Option<Instant> {
        match self.state {
            State::Login(deadline) => deadline,
            _ => None,
        }
    }

    /// Fails the connection if its login took too long.
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

    /// Takes the next event out of `inbound`; `None` until more bytes have come. A large compressed
    /// message is inflated while it arrives, so this is to be called after each read.
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
                        inbound.lend(message.body().as_bytes());
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

    /// Begins a large message, of which at least the header is here.
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

    /// Inflates what has come of the message that is arriving.
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

    /// Says what stands at the front of `bytes`, which the caller then passes over. Bytes are looked
    /// at only as far as a header or a login reaches; a message's body is checked by
    /// [`Frame::check`], here or on another thread.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], [`Error::TooLarge`], [`Error::OutOfTurn`]: fatal.
    pub fn step(&mut self, bytes: &[u8]) -> Result<Step, Error> {
        let step = match self.state {
            State::Login(_) => self.login(bytes),
            State::Knocking => Ok(self.accepted(bytes)),
            State::Open => self.message(bytes),
            State::Deciding => Ok(Step::More(0)),
            State::Failed => Err(Error::Failed),
        };
        step.or_else(|error| self.fail(error))
    }

    /// Gives the conversation up: whatever follows fails.
    pub fn abort(&mut self) {
        self.state = State::Failed;
        self.inflating = None;
    }

    /// Notes that the peer has closed its end; `inbound` is what came and was not passed over.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if our login was not answered, [`Error::OutOfTurn`] if a message had
    /// begun or a response is still awaited.
    pub fn handle_end(&mut self, inbound: &[u8]) -> Result<(), Error> {
        match self.state {
            State::Knocking => self.fail(Error::Refused),
            _ if !inbound.is_empty() || self.inflating.is_some() => self.fail(OutOfTurn::ClosedInMessage.into()),
            _ if self.awaited > 0 => self.fail(OutOfTurn::ClosedBeforeResponse.into()),
            _ => {
                self.abort();
                Ok(())
            }
        }
    }

    /// The bytes of the message that was malformed or too large, as far as they are here: none of one
    /// that was inflated while it arrived. A big-endian body is turned up to where it is bad.
    #[must_use]
    pub fn rejected(&self) -> &Bytes {
        &self.rejected
    }

    /// Lets the client in: appends the answer to `out`.
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
    /// [`Error::Unsendable`] if the peer cannot read the value, [`Error::OutOfTurn`] for a response
    /// that nobody awaits: nothing is written and the connection goes on. [`Error::Failed`] if it
    /// is not open.
    pub fn send(&mut self, kind: MessageType, value: Value<'_>, out: &mut Vec<u8>) -> Result<(), Error> {
        self.may_send(kind)?;
        message::append(kind, value, self.capability, self.compression(), out)?;
        self.note_sent(kind)
    }

    /// Notes that a message goes out which [`encode`](crate::encode) wrote for a peer of this or a
    /// lower capability, so that one encoding can serve many peers. Returns the bytes to write in
    /// its place, if it is to be compressed.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), [`Error::Unsendable`] excepted.
    pub fn post(&mut self, kind: MessageType, message: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.note_sent(kind)?;
        Ok(self.compression().and_then(|threshold| message::compress(message, threshold).ok().flatten()))
    }

    /// Notes that a message goes out which the caller writes and compresses itself.
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

    /// Notes messages that go out, which the caller knew that it may send.
    #[cfg(feature = "tokio")]
    pub(crate) const fn note_queued(&mut self, queued: Queued) {
        self.awaited += queued.requests;
        self.owed = self.owed.saturating_sub(queued.responses);
    }

    /// Which messages to this peer are to be compressed, if any.
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

    fn login(&mut self, bytes: &[u8]) -> Result<Step, Error> {
        let limit = self.limits.login;
        let Some(end) = memchr::memchr(0, bytes.get(..limit).unwrap_or(bytes)) else {
            return if bytes.len() >= limit {
                Err(Error::TooLarge { what: Bound::Login, bytes: bytes.len() as u64, limit: limit as u64 })
            } else {
                Ok(Step::More(0))
            };
        };
        if end == 0 {
            return Err(OutOfTurn::EmptyLogin.into());
        }
        let login = Login::parse(Bytes::copy_from_slice(bytes.get(..end).unwrap_or_default()));
        self.capability = self.capability.min(login.capability);
        self.state = State::Deciding;
        Ok(Step::Login(login, end + 1))
    }

    fn accepted(&mut self, bytes: &[u8]) -> Step {
        let Some(&answer) = bytes.first() else { return Step::More(1) };
        self.capability = self.capability.min(Capability::new(answer));
        self.state = State::Open;
        Step::Accepted
    }

    fn message(&mut self, bytes: &[u8]) -> Result<Step, Error> {
        let Some(&head) = bytes.first_chunk() else { return Ok(Step::More(0)) };
        let header = Header::parse(head)?;
        if header.length > self.limits.message {
            return Err(message::too_large(header.length, &self.limits));
        }
        if header.kind == MessageType::Response && self.awaited == 0 {
            return Err(OutOfTurn::Response.into());
        }
        if (bytes.len() as u64) < header.length {
            return Ok(Step::More(header.len()));
        }
        self.note_received(header.kind);
        Ok(Step::Message(header))
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
