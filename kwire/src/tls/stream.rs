//! A TLS session together with its socket.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;

use rustls::ClientConfig;

use super::{Error, Session, server_name};

/// A [`Session`] and its non-blocking socket.
///
/// The contract of [`Session::write_vectored`] holds: bytes that a write did not report must be passed again.
///
/// ```no_run
/// use std::io::ErrorKind;
/// use std::net::TcpStream;
///
/// use kwire::tls::{self, Stream};
///
/// let socket = TcpStream::connect("trade.example.com:5001")?;
/// socket.set_nonblocking(true)?;
/// let mut stream = Stream::client(socket, tls::Options::from_env()?.client()?, "trade.example.com")?;
/// while let Err(error) = stream.handshake() {
///     if error.kind() != ErrorKind::WouldBlock {
///         return Err(error.into());
///     }
///     // Poll `stream.socket()`.
/// }
/// println!("{:?}", stream.session().cipher());
/// stream.close();
/// let (session, socket) = stream.into_parts();
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Stream<S> {
    session: Box<Session>,
    socket: S,
}

impl<S> Stream<S> {
    /// The client's end of a connection to `host`, before the handshake.
    ///
    /// # Errors
    ///
    /// [`Error::Rustls`].
    pub fn client(socket: S, config: Arc<ClientConfig>, host: &str) -> Result<Self, Error> {
        Ok(Self { session: Box::new(Session::client(config, server_name(host)?)?), socket })
    }

    /// The session: negotiated parameters and the peer's certificates.
    pub const fn session(&self) -> &Session {
        &self.session
    }

    /// The socket. Reading or writing it directly breaks the connection.
    pub const fn socket(&self) -> &S {
        &self.socket
    }

    /// Splits into session and socket, for callers that poll the socket themselves.
    pub fn into_parts(self) -> (Box<Session>, S) {
        (self.session, self.socket)
    }
}

impl<S: Read + Write> Stream<S> {
    /// Continues the handshake.
    ///
    /// # Errors
    ///
    /// As [`Session::handshake`].
    pub fn handshake(&mut self) -> io::Result<()> {
        self.session.handshake(&mut self.socket)
    }

    /// Sends `close_notify` if the socket takes it. Does not block.
    pub fn close(&mut self) {
        // An error means that the peer is gone, and then `close_notify` is not needed.
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
