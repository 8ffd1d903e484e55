//! What is at the front of the received bytes: a login, the answer to one, or a message's header.

use bytes::Bytes;
use kcodec::Capability;

use super::{Connection, State};
use crate::error::{Bound, Error, OutOfTurn};
use crate::header::{Header, MessageType};
use crate::login::Login;
use crate::message;

/// What [`Connection::step`] found at the front of the received bytes.
#[derive(Debug)]
#[non_exhaustive]
pub enum Step {
    /// Incomplete. The length of the whole message in bytes once its header is known, otherwise 0.
    More(usize),
    /// A login and its length in bytes. Answer with [`Connection::accept`], or refuse by closing without sending a
    /// byte.
    Login(Login, usize),
    /// The server accepted our login; one byte.
    Accepted,
    /// A complete message of [`Header::length`] bytes. Its body is not checked yet: see [`Frame`](crate::Frame).
    Message(Header),
}

impl Connection {
    /// Identifies what is at the front of `bytes`; the caller must then skip it. Only the header or login is parsed.
    /// [`Frame::check`](crate::Frame::check) checks a message's body, on this or another thread.
    ///
    /// ```
    /// use std::time::Instant;
    ///
    /// use kcodec::{Capability, Value};
    /// use kwire::{Connection, Frame, Limits, MessageType, Refused, Step};
    ///
    /// let limits = Limits::default();
    /// let mut server = Connection::server(limits, Instant::now());
    /// let Step::Login(login, used) = server.step(b"ann:secret\x06\0")? else { panic!("no login") };
    /// assert_eq!((&login.password[..], used), (&b"secret"[..], 12));
    /// server.accept(&mut Vec::new())?;
    ///
    /// let mut bytes = Vec::new();
    /// kwire::encode(MessageType::Async, Value::from(42_i64), Capability::MAX, &mut bytes)?;
    /// assert!(matches!(server.step(&bytes[..8])?, Step::More(17)));
    /// let Step::Message(header) = server.step(&bytes)? else { panic!("no message") };
    /// let frame = Frame::new(header, &bytes[..]); // may be sent to another thread
    /// assert_eq!((frame.header().length, frame.inflated()), (17, 0));
    /// let message = frame.check(&limits).map_err(|Refused { error, .. }| error)?;
    /// assert_eq!(message.value(), Value::from(42_i64));
    /// # Ok::<(), kwire::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`], [`Error::TooLarge`], [`Error::OutOfTurn`]: fatal.
    pub fn step(&mut self, bytes: &[u8]) -> Result<Step, Error> {
        let step = match self.state {
            State::Login(_) => self.login(bytes),
            State::AwaitingAnswer => Ok(self.accepted(bytes)),
            State::Open => self.message(bytes),
            State::Deciding => Ok(Step::More(0)),
            State::Failed => Err(Error::Failed),
        };
        step.or_else(|error| self.fail(error))
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
        // `end` is within `bytes`: `memchr` found the NUL there.
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
}
