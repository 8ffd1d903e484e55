//! The messages in one direction of a connection: by their headers alone.

use bytes::{Buf, Bytes, BytesMut};
use kcodec::Capability;
use kwire::{Header, Login};

use super::{Direction, LARGEST};

/// Bytes of a login, its NUL included: more are no login.
const LOGIN: usize = 4096;
const METHODS: [&[u8]; 9] =
    [b"GET ", b"POST ", b"HEAD ", b"PUT ", b"OPTIONS ", b"PATCH ", b"DELETE ", b"CONNECT ", b"TRACE "];
/// A TLS record of a handshake, major version 3. No credentials begin so.
const CLIENT_HELLO: &[u8] = &[0x16, 3];

/// Cuts the bytes of one direction of a connection into what they are. Never fails: what is no kdb+ IPC is
/// [`Framed::Foreign`], and all that follows is passed over.
///
/// Holds at most what it was given of one message, and nothing of one over [`LARGEST`].
#[derive(Debug)]
pub struct Framer {
    state: State,
    /// What came of the next message, or login.
    held: BytesMut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The client's login.
    Login,
    /// The server's answer.
    Answer,
    Header,
    /// A message of so many bytes.
    Message(usize),
    /// So many bytes of a message that is not kept.
    Skip(u64),
    Foreign,
}

/// What bytes of a connection are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framed {
    /// A login; its password is not kept.
    Login {
        /// The user.
        user: Bytes,
        /// What the client can read.
        capability: Capability,
    },
    /// The server's answer: it lets the client in.
    Accepted(Capability),
    /// A whole message.
    Message(Bytes),
    /// A message of so many bytes, over [`LARGEST`], of which nothing is kept.
    TooLarge(u64),
    /// What follows is no kdb+ IPC; the text says what it looks like.
    Foreign(&'static str),
}

impl Framer {
    /// From the beginning of a connection.
    #[must_use]
    pub fn new(direction: Direction) -> Self {
        let state = match direction {
            Direction::ToServer => State::Login,
            Direction::ToClient => State::Answer,
        };
        Self { state, held: BytesMut::new() }
    }

    /// From where a message begins.
    #[must_use]
    pub fn at_message() -> Self {
        Self { state: State::Header, held: BytesMut::new() }
    }

    /// Of a direction that is no kdb+ IPC: passes over everything.
    pub(crate) fn foreign_to_the_end() -> Self {
        Self { state: State::Foreign, held: BytesMut::new() }
    }

    /// Takes what is next out of `bytes`; `None` when all of them were taken and more are needed. A message that is
    /// whole in `bytes` is not copied.
    pub fn next(&mut self, bytes: &mut Bytes) -> Option<Framed> {
        loop {
            match self.state {
                State::Foreign => {
                    bytes.clear();
                    return None;
                }
                State::Skip(left) => {
                    let skipped = left.min(bytes.len() as u64);
                    bytes.advance(usize::try_from(skipped).unwrap_or(usize::MAX));
                    if skipped < left {
                        self.state = State::Skip(left - skipped);
                        return None;
                    }
                    self.state = State::Header;
                }
                State::Answer => {
                    let &answer = bytes.first()?;
                    bytes.advance(1);
                    self.state = State::Header;
                    return Some(Framed::Accepted(Capability::new(answer)));
                }
                State::Login => return self.login(bytes),
                State::Header => {
                    let head = self.take(bytes, Header::LEN, false)?;
                    let Some(Ok(header)) = head.first_chunk().map(|&head| Header::parse(head)) else {
                        return Some(self.foreign(bytes, "bytes that are no message"));
                    };
                    let body = header.length - Header::LEN as u64;
                    if header.length > LARGEST as u64 {
                        self.held = BytesMut::new();
                        self.state = State::Skip(body);
                        return Some(Framed::TooLarge(header.length));
                    }
                    self.state = State::Message(usize::try_from(header.length).unwrap_or(LARGEST));
                }
                State::Message(length) => {
                    let message = self.take(bytes, length, true)?;
                    self.state = State::Header;
                    return Some(Framed::Message(message));
                }
            }
        }
    }

    /// Bytes held of what has begun.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// The first `length` bytes, or `None` after they were put aside until the others come. They stay at the front
    /// unless `remove`.
    fn take(&mut self, bytes: &mut Bytes, length: usize, remove: bool) -> Option<Bytes> {
        if self.held.is_empty() && bytes.len() >= length {
            return Some(if remove { bytes.split_to(length) } else { bytes.slice(..length) });
        }
        let missing = length.saturating_sub(self.held.len()).min(bytes.len());
        self.held.extend_from_slice(&bytes.split_to(missing));
        if self.held.len() < length {
            return None;
        }
        Some(if remove { std::mem::take(&mut self.held).freeze() } else { Bytes::copy_from_slice(&self.held) })
    }

    fn login(&mut self, bytes: &mut Bytes) -> Option<Framed> {
        let before = self.held.len();
        let end = memchr::memchr(0, bytes.get(..LOGIN - before).unwrap_or(bytes));
        let taken = end.map_or_else(|| bytes.len().min(LOGIN - before), |end| end + 1);
        self.held.extend_from_slice(&bytes.split_to(taken));
        if METHODS.iter().any(|method| self.held.starts_with(method)) {
            return Some(self.foreign(bytes, "HTTP"));
        }
        if self.held.starts_with(CLIENT_HELLO) {
            return Some(self.foreign(bytes, "TLS"));
        }
        if end.is_none() {
            return (self.held.len() >= LOGIN).then(|| self.foreign(bytes, "bytes that are no login"));
        }
        let credentials = std::mem::take(&mut self.held).freeze();
        let Login { user, capability, .. } = Login::parse(credentials.slice(..credentials.len() - 1));
        self.state = State::Header;
        // A copy: a slice would keep the password in memory.
        Some(Framed::Login { user: Bytes::copy_from_slice(&user), capability })
    }

    fn foreign(&mut self, bytes: &mut Bytes, what: &'static str) -> Framed {
        (self.state, self.held) = (State::Foreign, BytesMut::new());
        bytes.clear();
        Framed::Foreign(what)
    }
}
