//! What can go wrong in a conversation, sorted by whose fault it is.

use std::fmt;
use std::io;

/// A conversation that failed. All but [`Remote`](Self::Remote), [`Unsendable`](Self::Unsendable) and
/// [`Mismatch`](Self::Mismatch) end the connection.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The peer sent bytes that are no message.
    #[error("malformed message: {0}")]
    Malformed(#[from] Malformed),
    /// The peer sent what it may not send now.
    #[error(transparent)]
    OutOfTurn(#[from] OutOfTurn),
    /// The peer sent, or announced, more than a limit allows.
    #[error("{what} of {bytes} bytes is over the limit of {limit}")]
    TooLarge {
        /// What was too large.
        what: Bound,
        /// Its size.
        bytes: u64,
        /// The limit it broke.
        limit: u64,
    },
    /// The peer took too long.
    #[error("timeout")]
    TimedOut,
    /// The server closed instead of accepting the login: q's `'access`.
    #[error("access")]
    Refused,
    /// The server has as many connections as it takes: q's `'conn`.
    #[error("conn: too many connections")]
    Crowded,
    /// The process holds as much memory as it may: q's `'wsfull`.
    #[error("wsfull: no memory for {0} bytes")]
    Full(u64),
    /// The server answered with an error; the connection goes on.
    #[error("'{0}")]
    Remote(String),
    /// The value cannot be sent to this peer; nothing was written.
    #[error("cannot send: {0}")]
    Unsendable(kcodec::Error),
    /// The response is of another type than the one asked for; the connection goes on.
    #[error(transparent)]
    Mismatch(#[from] kcodec::Mismatch),
    /// The address is not one that `hopen` takes, or of a kind that is not supported.
    #[error(transparent)]
    Address(#[from] crate::AddressError),
    /// An [`Interrupt`](crate::Interrupt) ended the wait; every later call on the handle ends so, too:
    /// whether the server got the message, and what it did, is not known.
    #[error("interrupted: the handle is unusable")]
    Interrupted,
    /// The connection failed earlier and stays failed.
    #[error("connection has failed")]
    Failed,
    /// TLS is not set up as it should be, one of both ends refused the other's certificate, or
    /// somebody broke the connection.
    #[cfg(feature = "tls")]
    #[error(transparent)]
    Tls(#[from] crate::tls::Error),
    /// The OS error; `UnexpectedEof` if the peer closed the connection.
    #[error(transparent)]
    Io(io::Error),
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Self {
        // What a TLS session reports in a stream's place.
        #[cfg(feature = "tls")]
        let error = match error.downcast::<rustls::Error>() {
            Ok(error) => return Self::Tls(error.into()),
            Err(error) => error,
        };
        Self::Io(error)
    }
}

impl Error {
    /// The same error for one more of those who wait on a connection.
    #[cfg(feature = "tokio")]
    pub(crate) fn again(&self) -> Self {
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

/// Something that the protocol does not allow at this point of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OutOfTurn {
    /// A response came while no request was waiting for one.
    #[error("response without a request")]
    Response,
    /// A request came where a one-shot client waits for its response: q's text.
    #[error("expected response msg")]
    NotAResponse,
    /// This end responds, and there is no request to respond to: q's text.
    #[error("handle was not expecting a response msg")]
    NoRequest,
    /// The peer closed after a part of a message.
    #[error("closed in the middle of a message")]
    ClosedInMessage,
    /// The peer closed while a request waited for its response.
    #[error("closed before the response")]
    ClosedBeforeResponse,
    /// The connection failed while somebody waited for its message.
    #[error("failed while its message was waited for")]
    FailedInWait,
    /// The login is empty: it has not even the NUL that ends it.
    #[error("empty login")]
    EmptyLogin,
    /// This end accepts a login, and none has come.
    #[error("no login to accept")]
    NoLogin,
    /// The client begins a TLS handshake with a server that does not offer TLS.
    #[error("TLS handshake, and TLS is not served")]
    Tls,
}

/// What a limit bounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Bound {
    /// A message as it is sent: [`Limits::message`](crate::Limits::message).
    Message,
    /// A message once it is inflated: [`Limits::inflated`](crate::Limits::inflated).
    Inflated,
    /// The bytes of a login: [`Limits::login`](crate::Limits::login).
    Login,
    /// Messages that wait to be written.
    Queue,
    /// Messages that were received and not yet taken.
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

/// Bytes that are no message: where and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{at}: {reason}")]
pub struct Malformed {
    /// Offset from the start of the message's header. In a compressed message whose stream was
    /// sound, the offset in the plain message that came out.
    pub at: u64,
    /// The reason.
    pub reason: Reason,
}

/// The reason why bytes are no message.
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
    /// A length that no message can have, or that is not the number of bytes at hand.
    #[error("length {0} is not the message's")]
    Length(u64),
    /// The body is bad.
    #[error(transparent)]
    Body(kcodec::ErrorKind),
}

impl Malformed {
    /// A body's fault, counted from the message's header.
    pub(crate) fn body(error: kcodec::Error) -> Self {
        Self { at: (error.at as u64).saturating_add(crate::Header::LEN as u64), reason: Reason::Body(error.kind) }
    }
}
