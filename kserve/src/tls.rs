//! TLS between the loop and a socket. To the loop it is a stream like any other.
//!
//! What differs is hidden here: which of both a connection is, its first byte tells; plaintext at hand
//! counts as input of the socket ([`Layer::is_readable`]); bytes are reported as written only once the
//! socket has all of their records, so that a queue is empty when the peer can have everything.

use std::io::{self, IoSlice};
use std::sync::Arc;

use kwire::tls::{ServerConfig, Session};
use rustix::net::RecvFlags;

use crate::listen::Socket;

/// Who must use TLS: q's `-E`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// Whoever wants to; plain connections are served on the same port: `-E 1`.
    Optional,
    /// Everybody: `-E 2`.
    Required,
}

/// TLS as new connections are offered it.
#[derive(Debug, Clone)]
pub(crate) struct Offer {
    pub(crate) config: Arc<ServerConfig>,
    pub(crate) tls: Tls,
}

/// What stands between the loop and a socket.
#[derive(Debug)]
pub(crate) enum Layer {
    /// Nothing has come yet.
    Unknown(Offer),
    Session(Box<Session>),
}

/// The first byte of a TLS handshake. No credentials and no HTTP request begin so.
const HANDSHAKE: u8 = 0x16;
/// Bytes of plaintext in a record.
const RECORD: usize = 16 * 1024;

impl Layer {
    pub(crate) fn offered(offer: &Offer) -> Self {
        Self::Unknown(offer.clone())
    }

    /// Whether the connection is TLS, which its first byte tells.
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
            (1.., Tls::Required) => Err(io::Error::new(io::ErrorKind::InvalidData, "no TLS, and only TLS is served")),
            _ => Ok(false),
        }
    }

    /// Appends plaintext, at most `limit` bytes and at most a record's.
    pub(crate) fn read(&mut self, mut socket: &Socket, limit: usize, buffer: &mut Vec<u8>) -> io::Result<usize> {
        let Self::Session(session) = self else { return Err(io::ErrorKind::WouldBlock.into()) };
        let start = buffer.len();
        buffer.resize(start + limit.min(RECORD), 0);
        let result = session.read(&mut socket, buffer.get_mut(start..).unwrap_or_default());
        buffer.truncate(start + *result.as_ref().unwrap_or(&0));
        match result {
            // Many clients close without declaring the end. A message that is cut short shows by its
            // length.
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof && !session.is_handshaking() => Ok(0),
            result => result,
        }
    }

    /// Whether a read would give something though the socket has nothing more.
    pub(crate) fn is_readable(&self) -> bool {
        matches!(self, Self::Session(session) if session.is_readable())
    }

    /// Whether the handshake is under way, or may come.
    pub(crate) fn is_handshaking(&self) -> bool {
        match self {
            Self::Unknown(_) => true,
            Self::Session(session) => session.is_handshaking(),
        }
    }

    /// As [`Session::write_vectored`]: what is not reported as written must be passed again.
    pub(crate) fn write_vectored(&mut self, mut socket: &Socket, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        match self {
            Self::Session(session) => session.write_vectored(&mut socket, buffers),
            Self::Unknown(_) => Err(io::ErrorKind::WouldBlock.into()),
        }
    }

    /// Writes what is encrypted, as far as the socket takes it. What it never will take shows when
    /// something is read, or written.
    pub(crate) fn flush(&mut self, mut socket: &Socket) {
        if let Self::Session(session) = self {
            let _ = session.flush(&mut socket);
        }
    }

    /// Declares the end of what this side sends.
    pub(crate) fn close(&mut self, mut socket: &Socket) {
        if let Self::Session(session) = self {
            // It fails when the peer is gone, and then nobody waits for it.
            let _ = session.close(&mut socket);
        }
    }
}
