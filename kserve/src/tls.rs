//! TLS between the loop and a socket. The loop sees the same stream interface as for a plain socket.
//!
//! Three rules make them equal. The first byte decides whether a connection is TLS. Buffered plaintext counts as
//! input of the socket ([`Layer::is_readable`]). Bytes are reported as written only when the socket has taken all
//! of their records, so that an empty queue means that everything was sent.

use std::io::{self, IoSlice};
use std::sync::Arc;

use kwire::tls::{ServerConfig, Session};
use rustix::net::RecvFlags;

use crate::listen::Socket;

/// Whether clients must use TLS: q's `-E`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// TLS and plain connections share the port: `-E 1`.
    Optional,
    /// Plain connections are refused: `-E 2`.
    Required,
}

/// The TLS settings for new connections.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) tls: Tls,
}

/// The TLS state of a socket.
#[derive(Debug)]
pub(crate) enum Layer {
    /// No byte received yet.
    Unknown(Offer),
    Session(Box<Session>),
}

/// The first byte of a TLS handshake. No credentials and no HTTP request start with it.
const HANDSHAKE: u8 = 0x16;
/// The most plaintext that a record holds, in bytes.
const RECORD: usize = 16 * 1024;

impl Layer {
    pub(crate) fn offered(offer: &Offer) -> Self {
        Self::Unknown(offer.clone())
    }

    /// Whether the connection is TLS, decided by its first byte.
    pub(crate) fn decide(&mut self, socket: &Socket) -> io::Result<bool> {
        let Self::Unknown(Offer { config, tls }) = self else { return Ok(true) };
        let mut first = [0];
        let (read, _) = rustix::net::recv(socket, &mut first, RecvFlags::PEEK)?;
        match (read, tls) {
            (1.., _) if first == [HANDSHAKE] => {
                let session = Session::server(Arc::clone(config)).map_err(io::Error::other)?;
                *self = Self::Session(Box::new(session));
                Ok(true)
            }
            (1.., Tls::Required) => {
                Err(io::Error::new(io::ErrorKind::InvalidData, "plain connection refused: TLS is required"))
            }
            _ => Ok(false),
        }
    }

    /// Appends plaintext: at most `limit` bytes and at most one record.
    pub(crate) fn read(&mut self, mut socket: &Socket, limit: usize, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let Self::Session(session) = self else { return Err(io::ErrorKind::WouldBlock.into()) };
        let start = buffer.len();
        buffer.resize(start + limit.min(RECORD), 0);
        let result = session.read(&mut socket, buffer.get_mut(start..).unwrap_or_default());
        buffer.truncate(start + *result.as_ref().unwrap_or(&0));
        match result {
            // Many clients close without `close_notify`. Safe to accept: the length in the header exposes a
            // truncated message.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !session.is_handshaking() => Ok(0),
            result => result,
        }
    }

    /// Whether plaintext is buffered, for which the socket will not report an event.
    pub(crate) fn is_readable(&self) -> bool {
        matches!(self, Self::Session(session) if session.is_readable())
    }

    /// Whether a handshake is in progress or may follow.
    pub(crate) fn is_handshaking(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Session(session) => session.is_handshaking(),
        }
    }

    /// As [`Session::write_vectored`]: bytes not reported as written must be passed again.
    pub(crate) fn write_vectored(&mut self, mut socket: &Socket, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Session(session) => session.write_vectored(&mut socket, buffers),
            Self::Unknown(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes encrypted records until the socket blocks. An error shows at the next read or write.
    pub(crate) fn flush(&mut self, mut socket: &Socket) {
        if let Self::Session(session) = self {
            let _ = session.flush(&mut socket);
        }
    }

    /// Sends `close_notify`.
    pub(crate) fn close(&mut self, mut socket: &Socket) {
        if let Self::Session(session) = self {
            // Fails only if the peer is gone, and then nobody needs it.
            let _ = session.close(&mut socket);
        }
    }
}
