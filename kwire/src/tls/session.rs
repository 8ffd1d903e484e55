//! One end of a TLS connection over a non-blocking socket.
//!
//! The session owns the keys and the records in both directions; the caller owns the socket and passes it to every
//! call. Calls never block: they return `WouldBlock`, and the caller must poll for writability while
//! [`wants_write`](Session::wants_write), besides its own interest.
//!
//! Bounds: a session holds at most one received record (18 KB; 64 KB during the handshake) and its plaintext, and 64
//! KiB of unwritten records. One call of [`read`](Session::read) makes at most 16 socket reads of 4 KiB before it
//! returns plaintext or `Interrupted`, so that a peer which sends empty records cannot monopolize the caller. It also
//! returns `Interrupted` after each flight of a handshake.

use std::io::{self, BufRead, IoSlice, Read, Write};
use std::sync::Arc;

use super::ciphers;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, Connection, ServerConfig, ServerConnection};

/// One end of a TLS connection, without its socket.
///
/// ```
/// use std::io::{ErrorKind, IoSlice};
/// use std::os::unix::net::UnixStream;
///
/// use kwire::tls::{Options, Session, server_name};
///
/// # let own = rcgen::generate_simple_self_signed(["localhost".to_owned()])?;
/// # let folder = tempfile::tempdir()?;
/// # let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
/// # std::fs::write(&certificate, own.cert.pem())?;
/// # std::fs::write(&key, own.signing_key.serialize_pem())?;
/// # let tls = Options::default().with_certificate(Some(certificate.clone())).with_key(Some(key));
/// # let tls = tls.with_ca_file(Some(certificate));
/// let mut client = Session::client(tls.client()?, server_name("localhost")?)?;
/// let mut server = Session::server(tls.server()?)?;
/// let (mut near, mut far) = UnixStream::pair()?;
/// near.set_nonblocking(true)?;
/// far.set_nonblocking(true)?;
///
/// while client.is_handshaking() || server.is_handshaking() {
///     for (session, socket) in [(&mut client, &mut near), (&mut server, &mut far)] {
///         match session.handshake(socket) {
///             Err(error) if error.kind() == ErrorKind::WouldBlock => {} // poll, for writability if `wants_write`
///             done => done?,
///         }
///     }
/// }
/// assert_eq!((client.protocol(), client.cipher()), (server.protocol(), server.cipher()));
/// assert_eq!((client.certificates().len(), client.wants_write()), (1, false));
///
/// assert_eq!(client.write_vectored(&mut near, &[IoSlice::new(b"2+2")])?, 3);
/// client.flush(&mut near)?;
/// let mut buffer = [0; 16];
/// let read = loop {
///     match server.read(&mut far, &mut buffer) {
///         Err(error) if error.kind() == ErrorKind::Interrupted => {} // serve others, then try again
///         read => break read?,
///     }
/// };
/// assert_eq!((&buffer[..read], server.is_readable()), (&b"2+2"[..], false));
/// client.close(&mut near)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Session {
    connection: Connection,
    /// Bytes of plaintext ready to be read.
    plaintext: usize,
    /// No input follows `plaintext`.
    ended: bool,
    /// The fatal error. It latches, and is reported once `plaintext` is consumed.
    error: Option<rustls::Error>,
    /// Whether the last socket read drained the socket.
    drained: bool,
    /// Bytes of plaintext that are encrypted but whose records are not completely written. Not yet reported as written.
    committed: usize,
}

/// Most bytes of plaintext encrypted before the socket is written.
const CHUNK: usize = 64 * 1024;
/// Most socket reads in one call.
const MAX_READS: usize = 16;

impl Session {
    /// The client's end. The server's certificate must contain `name`, unless the configuration disables verification.
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

    /// Reads plaintext into `buffer`. Returns the number of bytes; 0 after the peer's `close_notify`.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if no plaintext is available. `Interrupted` after work that produced none: call again, after
    /// serving other connections. `UnexpectedEof` if the peer closed without `close_notify`, which may be a truncation
    /// attack. `InvalidData` with the [`rustls::Error`] inside if the peer violates the protocol or its certificate is
    /// rejected; the alert has been written. Otherwise the socket's error.
    pub fn read(&mut self, socket: &mut (impl Read + Write), buffer: &mut [u8]) -> io::Result<usize> {
        self.fill(socket)?;
        let read = self.connection.reader().read(buffer)?;
        self.plaintext = self.plaintext.saturating_sub(read);
        Ok(read)
    }

    /// Reads records until plaintext, end or error is available. Does not block.
    fn fill(&mut self, socket: &mut (impl Read + Write)) -> io::Result<()> {
        for _ in 0..MAX_READS {
            if self.is_filled()? {
                return Ok(());
            }
            // Records that the socket does not take now are written later, and a permanent error is reported by the
            // next write. Neither must keep received data from being read.
            let _ = self.flush(socket);
            let handshaking = self.connection.is_handshaking();
            let mut probe = DrainProbe { socket, drained: true };
            let read = self.connection.read_tls(&mut probe);
            self.drained = probe.drained;
            self.ended = read? == 0;
            match self.connection.process_new_packets() {
                Ok(state) => {
                    self.plaintext = state.plaintext_bytes_to_read();
                    self.ended |= state.peer_has_closed();
                }
                Err(error) => {
                    // Writes the alert.
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

    /// Whether plaintext or the end of input is available. Fails if the session has.
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

    /// Continues the handshake until it is complete and this end's messages are written.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the peer's messages have not arrived or the socket does not take ours. Otherwise as
    /// [`read`](Self::read), except `Interrupted`.
    pub fn handshake(&mut self, socket: &mut (impl Read + Write)) -> io::Result<()> {
        while self.connection.is_handshaking() {
            match self.fill(socket) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                filled => filled?,
            }
        }
        self.flush(socket)
    }

    /// Whether a read may return something without new readiness of the socket: buffered plaintext, the end, an error,
    /// or input left in a socket that the last read did not drain.
    #[must_use]
    pub const fn is_readable(&self) -> bool {
        self.plaintext > 0 || self.ended || self.error.is_some() || !self.drained
    }

    /// Encrypts and writes plaintext. Returns the number of its bytes whose records are completely written.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if there are none. Some bytes may be encrypted by then, so the caller must pass the same bytes
    /// again and may append more. Otherwise the socket's error.
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

    /// Writes the pending records.
    ///
    /// # Errors
    ///
    /// `WouldBlock` if the socket does not take all of them; otherwise the socket's error.
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

    /// Ends this end's output by `close_notify`. The peer may continue to send.
    ///
    /// # Errors
    ///
    /// As [`flush`](Self::flush), which continues after `WouldBlock`.
    pub fn close(&mut self, socket: &mut impl Write) -> io::Result<()> {
        self.connection.send_close_notify();
        self.flush(socket)
    }

    /// Whether records are waiting to be written.
    #[must_use]
    pub fn wants_write(&self) -> bool {
        self.connection.wants_write()
    }

    /// Whether the handshake is not complete.
    #[must_use]
    pub fn is_handshaking(&self) -> bool {
        self.connection.is_handshaking()
    }

    /// The OpenSSL name of the negotiated cipher suite, such as `TLS_AES_256_GCM_SHA384`; `None` before.
    #[must_use]
    pub fn cipher(&self) -> Option<&'static str> {
        self.connection.negotiated_cipher_suite().and_then(|suite| ciphers::name(suite.suite()))
    }

    /// The OpenSSL name of the negotiated protocol, such as `TLSv1.3`; `None` before.
    #[must_use]
    pub fn protocol(&self) -> Option<&'static str> {
        match self.connection.protocol_version()? {
            rustls::ProtocolVersion::TLSv1_2 => Some("TLSv1.2"),
            rustls::ProtocolVersion::TLSv1_3 => Some("TLSv1.3"),
            _ => None,
        }
    }

    /// The peer's certificate chain, its own certificate first. Empty if it sent none.
    #[must_use]
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        self.connection.peer_certificates().unwrap_or_default()
    }
}

/// A socket wrapper that records whether the last read drained it.
struct DrainProbe<'a, S> {
    socket: &'a mut S,
    drained: bool,
}

impl<S: Read> Read for DrainProbe<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.socket.read(buffer);
        self.drained = match &read {
            Ok(read) => *read < buffer.len(),
            Err(error) => error.kind() == io::ErrorKind::WouldBlock,
        };
        read
    }
}
