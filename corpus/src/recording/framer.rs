//! Splits one direction of a connection into messages by their headers.

use bytes::{Buf, Bytes, BytesMut};
use kcodec::Capability;
use kwire::{Header, Login};

use super::{Direction, LARGEST};

/// Most bytes of a login, its NUL included.
const LOGIN: usize = 4096;
/// HTTP methods, to distinguish a request line from a login.
const METHODS: [&[u8]; 9] =
    [b"GET ", b"POST ", b"HEAD ", b"PUT ", b"OPTIONS ", b"PATCH ", b"DELETE ", b"CONNECT ", b"TRACE "];
/// The start of a TLS handshake record of major version 3. Credentials do not start with control characters.
const CLIENT_HELLO: &[u8] = &[0x16, 3];

/// Splits the bytes of one direction of a connection into login, answer and messages. Never fails: bytes that are not
/// kdb+ IPC give [`Framed::Foreign`], and the rest is skipped.
///
/// Buffers at most the received part of one message, and nothing of a message over [`LARGEST`].
///
/// ```
/// use bytes::Bytes;
/// use kcorpus::recording::{Direction, Framed, Framer};
///
/// let mut framer = Framer::new(Direction::ToServer);
/// let mut bytes = Bytes::from_static(b"bob:secret\x03\0\x01\x01"); // a login and a part of a header
/// assert!(matches!(framer.next(&mut bytes), Some(Framed::Login { user, .. }) if user == "bob"));
/// assert_eq!((framer.next(&mut bytes), framer.held()), (None, 2)); // more is needed
///
/// let mut framer = Framer::at_message();
/// let mut bytes = Bytes::from_static(b"HTTP/1.1 200 OK");
/// assert!(matches!(framer.next(&mut bytes), Some(Framed::Foreign(_))));
/// ```
#[derive(Debug)]
pub struct Framer {
    state: State,
    /// The received part of the next message or login.
    held: BytesMut,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Expecting the client's login.
    Login,
    /// Expecting the server's answer.
    Answer,
    Header,
    /// A message of this length in bytes.
    Message(usize),
    /// Bytes left to skip of a message over the limit.
    Skip(u64),
    Foreign,
}

/// An item of a connection's byte stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framed {
    /// A login without its password.
    Login {
        /// The user name.
        user: Bytes,
        /// The capability that the client offers.
        capability: Capability,
    },
    /// The server's answer: the login is accepted.
    Accepted(Capability),
    /// A whole message.
    Message(Bytes),
    /// A skipped message over [`LARGEST`]; its length in bytes.
    TooLarge(u64),
    /// The rest is not kdb+ IPC. The text names the protocol it looks like.
    Foreign(&'static str),
}

impl Framer {
    /// Starts at the beginning of a connection.
    #[must_use]
    pub fn new(direction: Direction) -> Self {
        let state = match direction {
            Direction::ToServer => State::Login,
            Direction::ToClient => State::Answer,
        };
        Self { state, held: BytesMut::new() }
    }

    /// Starts at a message boundary.
    #[must_use]
    pub fn at_message() -> Self {
        Self { state: State::Header, held: BytesMut::new() }
    }

    /// Skips everything: for a direction that is not kdb+ IPC.
    pub(crate) fn foreign_to_the_end() -> Self {
        Self { state: State::Foreign, held: BytesMut::new() }
    }

    /// Takes the next item out of `bytes`; `None` if all bytes are consumed and more are needed. A message that is
    /// complete in `bytes` is not copied.
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
                        return Some(self.foreign(bytes, "bytes that are not a message"));
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

    /// Buffered bytes of an incomplete item.
    #[must_use]
    pub fn held(&self) -> usize {
        self.held.len()
    }

    /// The first `length` bytes; `None` if fewer have arrived, which are then buffered. Consumes them if `remove`.
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
            return (self.held.len() >= LOGIN).then(|| self.foreign(bytes, "bytes that are not a login"));
        }
        let credentials = std::mem::take(&mut self.held).freeze();
        let Login { user, capability, .. } = Login::parse(credentials.slice(..credentials.len() - 1));
        self.state = State::Header;
        // Copied, because a slice would keep the password in memory.
        Some(Framed::Login { user: Bytes::copy_from_slice(&user), capability })
    }

    fn foreign(&mut self, bytes: &mut Bytes, what: &'static str) -> Framed {
        (self.state, self.held) = (State::Foreign, BytesMut::new());
        bytes.clear();
        Framed::Foreign(what)
    }
}
