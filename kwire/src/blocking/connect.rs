//! Connecting and logging in.

use std::time::Instant;

use super::readiness::{deadline, is_closed, read_once, timed_out, wait, write_once};
use super::{Duplex, Options, Stream};
use crate::address::Address;
use crate::connection::{Connection, Event};
use crate::error::Error;
use crate::inbound::Inbound;
use crate::login::Login;

/// The parts of a logged-in connection, for callers that poll the socket themselves.
///
/// ```no_run
/// use kwire::blocking::{Connected, connect};
/// use kwire::{MessageType, Options};
///
/// let Connected { stream, mut connection, mut inbound } = connect("localhost:5001", &Options::default())?;
/// let mut request = Vec::new();
/// connection.send(MessageType::Sync, "2+2".into(), &mut request)?;
/// // Register `stream` with a poll loop, write `request` to it, and when it is readable:
/// inbound.read_from(&mut { stream })?;
/// let event = connection.receive(&mut inbound)?;
/// # Ok::<(), kwire::Error>(())
/// ```
#[derive(Debug)]
pub struct Connected<S = Stream> {
    /// The socket, in non-blocking mode.
    pub stream: S,
    /// The conversation.
    pub connection: Connection,
    /// Bytes received after the server's one-byte answer.
    pub inbound: Inbound,
}

/// Connects and logs in, as [`Handle::open_with`](super::Handle::open_with) does.
///
/// # Errors
///
/// As [`Handle::open_with`](super::Handle::open_with).
pub fn connect(address: &str, options: &Options) -> Result<Connected, Error> {
    let address = Address::parse(address)?;
    address.transport.check()?;
    let deadline = deadline(options.timeout);
    let stream = Stream::connect(&address.transport, deadline, options.keepalive).map_err(timed_out)?;
    #[cfg(feature = "tls")]
    let stream = secure(stream, address.transport.tls_host(), deadline, options)?;
    log_in(stream, &address.login(options.capability), deadline, options)
}

/// Runs the TLS handshake if the transport uses TLS.
#[cfg(feature = "tls")]
fn secure(socket: Stream, host: Option<&str>, deadline: Option<Instant>, options: &Options) -> Result<Stream, Error> {
    let Some(host) = host else { return Ok(socket) };
    let mut stream = crate::tls::Stream::client(socket, options.tls_config()?, host)?;
    loop {
        match stream.handshake() {
            Ok(()) => return Ok(Stream::Tls(Box::new(stream))),
            Err(error) if error.kind() == std::io::ErrorKind::WouldBlock => {
                wait(stream.socket(), stream.session().wants_write(), deadline, options.interrupt.as_ref())?;
            }
            Err(error) => return Err(error.into()),
        }
    }
}

pub(super) fn log_in<S: Duplex>(
    mut stream: S,
    login: &Login,
    deadline: Option<Instant>,
    options: &Options,
) -> Result<Connected<S>, Error> {
    let mut text = Vec::new();
    let mut connection = Connection::client(options.limits, login, &mut text);
    if !stream.is_local() {
        connection.set_compression(options.compression);
    }
    let mut text = text.as_slice();
    let mut inbound = Inbound::default();
    loop {
        // A refusing server may reset the connection before it has read the login, so a failed write means refused.
        match write_once(&mut stream, text) {
            // A `Write` must not report more than it was given.
            Ok(written) => text = text.get(written..).unwrap_or_default(),
            Err(error) if is_closed(&error) => return Err(Error::Refused),
            Err(error) => return Err(timed_out(error)),
        }
        match read_once(&mut stream, &mut inbound) {
            Ok(Some(0)) => connection.handle_end(inbound.as_bytes())?,
            Ok(Some(_)) => {}
            Ok(None) => wait(&stream, !text.is_empty(), deadline, options.interrupt.as_ref())?,
            Err(error) if is_closed(&error) => return Err(Error::Refused),
            Err(error) => return Err(timed_out(error)),
        }
        if matches!(connection.receive(&mut inbound)?, Some(Event::Accepted)) {
            return Ok(Connected { stream, connection, inbound });
        }
    }
}
