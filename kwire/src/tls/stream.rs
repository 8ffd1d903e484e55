//! A socket under TLS.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use rustls::ClientConfig;

use super::{Error, Session, server_name};

/// A [`Session`] and the socket, which does not block, that it goes over.
///
/// Writes keep the session's contract: bytes that a write did not report must be passed again.
#[derive(Debug)]
pub struct Stream<S> {
    session: Box<Session>,
    socket: S,
}

impl<S> Stream<S> {
    /// The client's end of a connection to `host`; the handshake is still to come.
    ///
    /// # Errors
    ///
    /// [`Error::Rustls`].
    pub fn client(socket: S, config: Arc<ClientConfig>, host: &str) -> Result<Self, Error> {
        Ok(Self { session: Box::new(Session::client(config, server_name(host)?)?), socket })
    }

    /// The session: what was agreed on, who the peer is.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// The socket. Whatever else reads it or writes to it breaks the connection.
    pub const fn socket(&self) -> &S {
        &self.socket
    }

    /// Session and socket, for those who poll it themselves.
    pub fn into_parts(self) -> (Box<Session>, S) {
        (self.session, self.socket)
    }
}

impl<S: Read + Write> Stream<S> {
    /// Goes on with the handshake.
    ///
    /// # Errors
    ///
    /// As [`Session::handshake`].
    pub fn handshake(&mut self) -> io::Result<()> {
        self.session.handshake(&mut self.socket)
    }

    /// Declares the end of what this end sends, if the socket takes it.
    pub fn close(&mut self) {
        // It fails when the peer is gone, and then nobody waits for it.
        let _ = self.session.close(&mut self.socket);
    }
}

impl<S: Read + Write> Read for Stream<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.session.read(&mut self.socket, buffer)
    }
}

impl<S: Write> Write for Stream<S> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.write_vectored(&[IoSlice::new(buffer)])
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.session.write_vectored(&mut self.socket, parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.session.flush(&mut self.socket)
    }
}

impl<S: AsFd> AsFd for Stream<S> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
