//! Errors of a conversation, ordered by whose fault they are.

use std::fmt;
use std::io;

/// An error of a conversation. [`Remote`](Self::Remote), [`Unsendable`](Self::Unsendable) and
/// [`Mismatch`](Self::Mismatch) leave the connection usable; the documentation of a call names further cases, such as a
/// timeout. Every other error ends it.
///
/// ```
/// use std::time::Instant;
///
/// use kcodec::Value;
/// use kwire::{Bound, Connection, Error, Limits, Malformed, Message, MessageType, OutOfTurn, Reason};
///
/// let bytes = [9, 0, 0, 0, 10, 0, 0, 0, 0xfc, 1]; // byte order 9
/// let error = Message::decode(&bytes[..], &Limits::default()).unwrap_err();
/// assert!(matches!(error, Error::Malformed(Malformed { at: 0, reason: Reason::ByteOrder(9) })));
///
/// let bytes = [1, 0, 0, 0, 10, 0, 0, 0, 0xfc, 1];
/// let error = Message::decode(&bytes[..], &Limits::default().with_message(9)).unwrap_err();
/// assert!(matches!(error, Error::TooLarge { what: Bound::Message, bytes: 10, limit: 9 }));
///
/// let mut server = Connection::server(Limits::default(), Instant::now());
/// assert!(matches!(server.accept(&mut Vec::new()), Err(Error::OutOfTurn(OutOfTurn::NoLogin))));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer sent bytes that are not a valid message.
    #[error("malformed message: {0}")]
    Malformed(#[from] Malformed),
    /// A message or call that is not allowed in the conversation's current state.
    #[error(transparent)]
    OutOfTurn(#[from] OutOfTurn),
    /// The peer sent, or announced, more than a limit allows.
    #[error("{what} of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// What was too large.
        what: Bound,
        /// Its size.
        bytes: u64,
        /// The limit that it exceeds.
        limit: u64,
    },
    /// A deadline passed.
    #[error("timeout")]
    TimedOut,
    /// The server closed the connection instead of accepting the login: q's `'access`.
    #[error("access")]
    Refused,
    /// The server has reached its limit of connections: q's `'conn`.
    #[error("conn: too many connections")]
    Crowded,
    /// The process has reached its memory limit: q's `'wsfull`. The number of bytes that were requested.
    #[error("wsfull: no memory for {0} bytes")]
    Full(u64),
    /// The server answered with an error.
    #[error("'{0}")]
    Remote(String),
    /// The value cannot be sent to this peer; nothing was written.
    #[error("cannot send: {0}")]
    Unsendable(kcodec::Error),
    /// The response does not have the requested type.
    #[error(transparent)]
    Mismatch(#[from] kcodec::Mismatch),
    /// The address is not one that `hopen` takes, or its transport is not supported.
    #[error(transparent)]
    Address(#[from] crate::AddressError),
    /// An [`Interrupt`](crate::Interrupt) ended the wait. Every later call on the handle fails the same way, because it
    /// is unknown whether the server received and processed the message.
    #[error("interrupted: the handle is unusable")]
    Interrupted,
    /// The connection failed earlier; errors latch.
    #[error("connection has failed")]
    Failed,
    /// A TLS setting is unusable, either end rejected the other's certificate, or the TLS protocol was violated.
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Tls(#[from] crate::tls::Error),
    /// The OS error; `UnexpectedEof` if the peer closed the connection.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        // A TLS session reports its errors through `io::Error`.
        #[cfg(feature = "tls")]
        let error = match error.downcast::<rustls::Error>() {
            Ok(error) => return Self::Tls(error.into()),
            Err(error) => error,
        };
        Self::Io(error)
    }
}

impl Error {
    /// A copy for each task that waits on a connection. `Error` is not `Clone`, because `io::Error` is not.
    #[cfg(feature = "tokio")]
    pub(crate) fn duplicate(&self) -> Self {
        match self {
            Self::Malformed(malformed) => Self::Malformed(*malformed),
            Self::OutOfTurn(what) => Self::OutOfTurn(*what),
            Self::TooLarge { what, bytes, limit } => Self::TooLarge { what: *what, bytes: *bytes, limit: *limit },
            Self::TimedOut => Self::TimedOut,
            Self::Refused => Self::Refused,
            #[cfg(feature = "tls")]
            Self::Tls(crate::tls::Error::Rustls(error)) => Self::Tls(error.clone().into()),
            Self::Io(error) => Self::Io(io::Error::new(error.kind(), error.to_string())),
            _ => Self::Failed,
        }
    }
}

/// What is not allowed in the conversation's current state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutOfTurn {
    /// A response arrived while no request was pending.
    #[error("response without a request")]
    Response,
    /// An async or sync message arrived before the response to a one-shot request. The text is q's.
    #[error("expected response msg")]
    NotAResponse,
    /// This end responded without a pending request. The text is q's.
    #[error("handle was not expecting a response msg")]
    NoRequest,
    /// The peer closed within a message.
    #[error("closed in the middle of a message")]
    ClosedInMessage,
    /// The peer closed while a response was awaited.
    #[error("closed before the response")]
    ClosedBeforeResponse,
    /// The connection failed while a call waited for its message.
    #[error("failed while its message was awaited")]
    FailedInWait,
    /// The login is empty: only its NUL.
    #[error("empty login")]
    EmptyLogin,
    /// This end accepted a login, but none is pending.
    #[error("no login to accept")]
    NoLogin,
    /// The client started a TLS handshake, and the server does not serve TLS.
    #[error("TLS handshake, and TLS is not served")]
    Tls,
}

/// The quantity that a limit bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bound {
    /// A message as sent: [`Limits::message`](crate::Limits::message).
    Message,
    /// A body after decompression: [`Limits::inflated`](crate::Limits::inflated).
    Inflated,
    /// The bytes of a login: [`Limits::login`](crate::Limits::login).
    Login,
    /// Messages queued for writing.
    Queue,
    /// Messages received and not yet taken by the caller.
    Backlog,
}

impl fmt::Display for Bound {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Message => "message",
            Self::Inflated => "inflated message",
            Self::Login => "login",
            Self::Queue => "outbound queue",
            Self::Backlog => "backlog of messages",
        })
    }
}

/// Offset and reason of a malformed message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {reason}")]
pub struct Malformed {
    /// Offset in bytes from the start of the message's header. If the message was compressed and its stream valid, the
    /// offset is in the decompressed message.
    pub at: u64,
    /// The reason.
    pub reason: Reason,
}

/// Why bytes are not a valid message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum Reason {
    /// A byte order other than 0 and 1.
    #[error("no such byte order: {0}")]
    ByteOrder(u8),
    /// A message type other than 0, 1 and 2.
    #[error("no such message type: {0}")]
    MessageType(u8),
    /// A compression other than 0, 1 and 2.
    #[error("no such compression: {0}")]
    Compression(u8),
    /// A length under the minimum, or different from the number of bytes given.
    #[error("length {0} is not the message's")]
    Length(u64),
    /// The body is malformed.
    #[error(transparent)]
    Body(kcodec::ErrorKind),
}

impl Malformed {
    /// Converts an offset in the body to one from the start of the header.
    pub(crate) fn body(error: kcodec::Error) -> Self {
        Self { at: error.at as u64 + crate::Header::LEN as u64, reason: Reason::Body(error.kind) }
    }
}
