//! One end of a TLS connection over a socket that does not block.
//!
//! The session owns the keys and the records in both directions; the caller owns the socket and passes it
//! to every call. Calls never wait: what the socket does not give or take now is `WouldBlock`, and the caller
//! polls for [`wants_write`](Session::wants_write) besides what it wants itself.
//!
//! Bounds: a session holds at most one record that came (18 KB; 64 KB in the handshake) and its
//! plaintext, and 64 KiB of records that the socket did not take. One read takes at most 16 times
//! 4 KiB off the socket before it gives plaintext or returns `Interrupted`, so that a peer who sends
//! records without content cannot hold the caller up; neither can the work of a handshake, after each
//! flight of which it returns `Interrupted` too.

use std::io::{self, BufRead, IoSlice, Read, Write};
use std::sync::Arc;

use super::ciphers;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

/// One end of a TLS connection, without its socket.
#[derive(Debug)]
pub struct Session {
    connection: Connection,
    /// Bytes of plaintext that wait to be taken.
    plaintext: usize,
    /// Nothing follows them.
    ended: bool,
    /// Why nothing follows them: told once they are taken, and ever after.
    error: Option<rustls::Error>,
    /// The last read of the socket took all it had.
    drained: bool,
    /// Bytes of plaintext whose records wait for the socket: they are not reported as written yet.
    committed: usize,
}

/// Plaintext that is encrypted before the socket is tried.
const CHUNK: usize = 64 * 1024;
/// Reads of the socket in one call.
const ROUNDS: usize = 16;

impl Session {
    /// The client's end. The server's certificate must bear `name`, unless the configuration says
    /// otherwise.
    ///
    /// # Errors
    ///
    /// What rustls finds wrong with the configuration.
    pub fn client(config: Arc<ClientConfig>, name: ServerName<'static>) -> Result<Self, rustls::Error> {
        ClientConnection::new(config, name).map(Self::new)
    }

    /// The server's end.
    ///
    /// # Errors
    ///
    /// What rustls finds wrong with the configuration.
    pub fn server(config: Arc<ServerConfig>) -> Result<Self, rustls::Error> {
        ServerConnection::new(config).map(Self::new)
    }

    fn new(connection: impl Into<Connection>) -> Self {
        let mut connection = connection.into();
        connection.set_buffer_limit(Some(CHUNK));
        Self { connection, plaintext: 0, ended: false, error: None, drained: false, committed: 0 }
    }

    /// Reads plaintext into `buffer` and returns how many bytes came; 0 is the end, which the peer
    /// has declared.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there is none yet. `Interrupted` after some work that gave none: call again,
    /// after others had their turn. `UnexpectedEof` if the peer closed its socket without declaring
    /// the end, so that somebody else may have cut the connection. `InvalidData`, with the
    /// [`rustls::Error`] inside, if the peer breaks the protocol or is not let in; the alert has been
    /// written. Else what the socket reports.
    pub fn read(&mut self, socket: &mut (impl Read + Write), buffer: &mut [u8]) -> io::Result<usize> {
        self.fill(socket)?;
        let read = self.connection.reader().read(buffer)?;
        self.plaintext = self.plaintext.saturating_sub(read);
        Ok(read)
    }

    /// Reads records until plaintext or its end can be taken. Does not wait.
    fn fill(&mut self, socket: &mut (impl Read + Write)) -> io::Result<()> {
        for _ in 0..ROUNDS {
            if self.is_filled()? {
                return Ok(());
            }
            // What cannot be written now goes out later; a write tells of what never can. What has come is read
            // all the same.
            let _ = self.flush(socket);
            let handshaking = self.connection.is_handshaking();
            let mut tap = Tap { socket, drained: true };
            let read = self.connection.read_tls(&mut tap);
            self.drained = tap.drained;
            self.ended = read? == 0;
            match self.connection.process_new_packets() {
                Ok(state) => {
                    self.plaintext = state.plaintext_bytes_to_read();
                    self.ended |= state.peer_has_closed();
                }
                Err(error) => {
                    // The alert.
                    let _ = self.flush(socket);
                    self.plaintext = self.connection.reader().fill_buf().map_or(0, <[u8]>::len);
                    self.error = Some(error);
                }
            }
            if handshaking && !self.is_filled()? {
                let _ = self.flush(socket);
                return Err(io::ErrorKind::Interrupted.into());
            }
        }
        if self.is_filled()? { Ok(()) } else { Err(io::ErrorKind::Interrupted.into()) }
    }

    /// Whether there is plaintext to be taken, or nothing follows.
    fn is_filled(&self) -> io::Result<bool> {
        if self.plaintext > 0 {
            return Ok(true);
        }
        if let Some(error) = &self.error {
            return Err(io::Error::new(io::ErrorKind::InvalidData, error.clone()));
        }
        if self.ended && self.connection.is_handshaking() {
            let what = "the peer closed the connection during the TLS handshake";
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, what));
        }
        Ok(self.ended)
    }

    /// Goes on with the handshake until it is done and this end's part of it is written.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the peer's part has not come yet, or the socket does not take ours. As
    /// [`read`](Self::read), `Interrupted` excepted.
    pub fn handshake(&mut self, socket: &mut (impl Read + Write)) -> io::Result<()> {
        while self.connection.is_handshaking() {
            match self.fill(socket) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                filled => filled?,
            }
        }
        self.flush(socket)
    }

    /// Whether a read would give something though the socket has nothing more: plaintext at hand, an
    /// end or an error to tell of, or input that was not asked for yet.
    #[must_use]
    pub const fn is_readable(&self) -> bool {
        self.plaintext > 0 || self.ended || self.error.is_some() || !self.drained
    }

    /// Writes plaintext and returns how many bytes of it the socket has taken, encrypted.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if it took none. Some bytes may be encrypted by then, so that the caller must
    /// pass the same ones again, and may pass more. Else what the socket reports.
    pub fn write_vectored(&mut self, socket: &mut impl Write, buffers: &[IoSlice<'_>]) -> io::Result<usize> {
        self.flush(socket)?;
        if self.connection.is_handshaking() {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        let whole = buffers.iter().map(|buffer| buffer.len()).sum();
        let (mut slices, mut done) = (buffers.to_vec(), std::mem::take(&mut self.committed).min(whole));
        let mut rest = &mut slices[..];
        IoSlice::advance_slices(&mut rest, done);
        while !rest.is_empty() {
            let taken = self.connection.writer().write_vectored(rest)?;
            if taken == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            match self.flush(socket) {
                Ok(()) => done += taken,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                    self.committed = taken;
                    return if done > 0 { Ok(done) } else { Err(error) };
                }
                Err(error) => return Err(error),
            }
            IoSlice::advance_slices(&mut rest, taken);
        }
        Ok(done)
    }

    /// Writes what is encrypted and waits for the socket.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if it does not take all; what the socket reports.
    pub fn flush(&mut self, socket: &mut impl Write) -> io::Result<()> {
        while self.connection.wants_write() {
            match self.connection.write_tls(socket) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Declares the end of what this end sends: `close_notify`. The peer may go on sending.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush), which goes on with what the socket did not take.
    pub fn close(&mut self, socket: &mut impl Write) -> io::Result<()> {
        self.connection.send_close_notify();
        self.flush(socket)
    }

    /// Whether something encrypted waits for the socket.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Whether the handshake is under way.
    #[must_use]
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// OpenSSL's name of the cipher suite, once it is agreed on: `TLS_AES_256_GCM_SHA384`.
    #[must_use]
    pub fn cipher(&self) -> Option<&'static str> {
        self.connection.negotiated_cipher_suite().and_then(|suite| ciphers::name(suite.suite()))
    }

    /// OpenSSL's name of the protocol, once it is agreed on: `TLSv1.3`.
    #[must_use]
    pub fn protocol(&self) -> Option<&'static str> {
        match self.connection.protocol_version()? {
            rustls::ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            rustls::ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            _ => None,
        }
    }

    /// The peer's certificate, then those that came with it.
    #[must_use]
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        self.connection.peer_certificates().unwrap_or_default()
    }
}

/// A socket, and whether the last read took all it had.
struct Tap<'a, S> {
    socket: &'a mut S,
    drained: bool,
}

impl<S: Read> Read for Tap<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.read(buffer);
        self.drained = match &read {
            Ok(read) => *read < buffer.len(),
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        };
        read
    }
}
