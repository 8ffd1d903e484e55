//! One conversation without its socket: bytes in, events out, bytes to send.

use std::time::Instant;

use bytes::Bytes;
use kcodec::{Capability, Threshold, Value};

use crate::error::Error;
use crate::header::{Header, MessageType};
use crate::inbound::Inbound;
use crate::limits::Limits;
use crate::login::Login;
use crate::message::{self, Message};

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
    rejected: Bytes,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Server: waiting for a login, until then.
    Login(Instant),
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
        Self::new(limits, State::Login(now + limits.login_time), Capability::MAX)
    }

    /// The client's end of a fresh connection: appends the login to `out`.
    pub fn client(limits: Limits, login: &Login, out: &mut Vec<u8>) -> Self {
        out.extend_from_slice(&login.to_bytes());
        Self::new(limits, State::Knocking, login.capability)
    }

    const fn new(limits: Limits, state: State, capability: Capability) -> Self {
        let rejected = Bytes::new();
        Self { limits, state, capability, compression: None, awaited: 0, owed: 0, rejected }
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
            State::Login(deadline) => Some(deadline),
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

    /// Takes the next event out of `inbound`; `None` until more bytes have come.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], [`Error::TooLarge`], [`Error::OutOfTurn`]: fatal.
    pub fn receive(&mut self, inbound: &mut Inbound) -> Result<Option<Event>, Error> {
        let event = match self.state {
            State::Login(_) => self.login(inbound),
            State::Knocking => Ok(self.accepted(inbound)),
            State::Open => self.message(inbound),
            State::Deciding => Ok(None),
            State::Failed => Err(Error::Failed),
        };
        event.or_else(|error| self.fail(error))
    }

    /// Gives the conversation up: whatever follows fails.
    pub const fn abort(&mut self) {
        self.state = State::Failed;
    }

    /// Notes that the peer has closed its end.
    ///
    /// # Errors
    ///
    /// [`Error::Refused`] if our login was not answered, [`Error::OutOfTurn`] if a message had
    /// begun or a response is still awaited.
    pub fn handle_end(&mut self, inbound: &Inbound) -> Result<(), Error> {
        match self.state {
            State::Knocking => self.fail(Error::Refused),
            _ if !inbound.is_empty() => self.fail(Error::OutOfTurn("closed in the middle of a message")),
            _ if self.awaited > 0 => self.fail(Error::OutOfTurn("closed before the response")),
            _ => {
                self.state = State::Failed;
                Ok(())
            }
        }
    }

    /// The bytes of the message that was malformed or too large, as far as they are here. A
    /// big-endian body is turned up to where it is bad.
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
            return Err(Error::OutOfTurn("no login to accept"));
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
        let start = out.len();
        message::encode(kind, value, self.capability, out)?;
        if let Some(compressed) = self.post(kind, out.get(start..).unwrap_or_default())? {
            out.truncate(start);
            out.extend_from_slice(&compressed);
        }
        Ok(())
    }

    /// Notes that a message goes out which [`encode`](crate::encode) wrote for a peer of this or a
    /// lower capability, so that one encoding can serve many peers. Returns the bytes to write in
    /// its place, if it is to be compressed.
    ///
    /// # Errors
    ///
    /// As [`send`](Self::send), [`Error::Unsendable`] excepted.
    pub fn post(&mut self, kind: MessageType, message: &[u8]) -> Result<Option<Vec<u8>>, Error> {
        self.may_send(kind)?;
        match kind {
            MessageType::Async => {}
            MessageType::Sync => self.awaited += 1,
            MessageType::Response => self.owed -= 1,
        }
        let threshold = self.compression.filter(|_| self.capability.compresses());
        Ok(threshold.and_then(|threshold| message::compress(message, threshold).ok().flatten()))
    }

    const fn may_send(&self, kind: MessageType) -> Result<(), Error> {
        match (self.state, kind) {
            (State::Open, MessageType::Response) if self.owed == 0 => {
                Err(Error::OutOfTurn("handle was not expecting a response msg"))
            }
            (State::Open, _) => Ok(()),
            _ => Err(Error::Failed),
        }
    }

    fn login(&mut self, inbound: &mut Inbound) -> Result<Option<Event>, Error> {
        let limit = self.limits.login;
        let seen = inbound.as_bytes().get(..limit).unwrap_or(inbound.as_bytes());
        let Some(end) = memchr::memchr(0, seen) else {
            let bytes = inbound.len();
            let over = bytes >= limit;
            return if over {
                Err(Error::TooLarge { what: "login", bytes: bytes as u64, limit: limit as u64 })
            } else {
                Ok(None)
            };
        };
        if end == 0 {
            return Err(Error::OutOfTurn("empty login"));
        }
        let Some(mut text) = inbound.take(end + 1) else { return Ok(None) };
        text.truncate(end);
        let login = Login::parse(text.freeze());
        self.capability = self.capability.min(login.capability);
        self.state = State::Deciding;
        Ok(Some(Event::Login(login)))
    }

    fn accepted(&mut self, inbound: &mut Inbound) -> Option<Event> {
        let answer = inbound.take(1)?;
        let answer = answer.first().copied().unwrap_or_default();
        self.capability = self.capability.min(Capability::new(answer));
        self.state = State::Open;
        Some(Event::Accepted)
    }

    fn message(&mut self, inbound: &mut Inbound) -> Result<Option<Event>, Error> {
        let Some(bytes) = inbound.header() else { return Ok(None) };
        let header = match Header::parse(bytes) {
            Ok(header) if header.length <= self.limits.message => header,
            refused => {
                self.rejected = inbound.take_all();
                return Err(refused.map_or_else(Into::into, |header| message::too_large(header.length, &self.limits)));
            }
        };
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let Some(frame) = inbound.take(length) else { return Ok(None) };
        let frame = message::turn(header, frame, &self.limits);
        let message = Message::from_frame(header, &frame, &self.limits).inspect_err(|_| self.rejected = frame)?;
        match message.kind() {
            MessageType::Async => {}
            MessageType::Sync => self.owed += 1,
            MessageType::Response if self.awaited == 0 => return Err(Error::OutOfTurn("response without a request")),
            MessageType::Response => self.awaited -= 1,
        }
        Ok(Some(Event::Message(message)))
    }

    fn fail<T>(&mut self, error: Error) -> Result<T, Error> {
        self.state = State::Failed;
        Err(error)
    }
}
