//! Single reads and writes of a non-blocking stream, and waiting until it is ready.

use std::io;
use std::os::fd::AsFd;
use std::time::{Duration, Instant};

use super::{Duplex, Interest};
use crate::error::Error;
use crate::inbound::Inbound;
use crate::interrupt::Interrupt;

/// Reads once, retrying on `Interrupted`; `None` on `WouldBlock`.
pub(super) fn read_once<S: Duplex>(stream: &mut S, inbound: &mut Inbound) -> io::Result<Option<usize>> {
    loop {
        match inbound.read_from(stream) {
            Ok(read) => return Ok(Some(read)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(None),
            Err(error) => return Err(error),
        }
    }
}

/// Writes once, retrying on `Interrupted`; 0 on `WouldBlock`.
pub(super) fn write_once<S: Duplex>(stream: &mut S, bytes: &[u8]) -> io::Result<usize> {
    if bytes.is_empty() {
        return Ok(0);
    }
    loop {
        match stream.write(bytes) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(written) => return Ok(written),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(0),
            Err(error) => return Err(error),
        }
    }
}

/// Waits until the stream is ready, or fails at the deadline.
pub(super) fn wait<S: Duplex>(
    stream: &S,
    writing: bool,
    deadline: Option<Instant>,
    interrupt: Option<&Interrupt>,
) -> Result<(), Error> {
    let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
    if left == Some(Duration::ZERO) {
        return Err(Error::TimedOut);
    }
    let interest = if writing { Interest::Either } else { Interest::Readable };
    stream.wait(interest, left, interrupt.map(AsFd::as_fd)).map_err(timed_out)?;
    if interrupt.is_some_and(Interrupt::clear) { Err(Error::Interrupted) } else { Ok(()) }
}

pub(super) fn deadline(timeout: Option<Duration>) -> Option<Instant> {
    timeout.and_then(|timeout| Instant::now().checked_add(timeout))
}

/// Whether the peer has closed the connection (under TLS, without `close_notify`).
pub(super) fn is_closed(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    matches!(error.kind(), ConnectionReset | BrokenPipe | UnexpectedEof)
}

/// The OS reports an expired timeout as `TimedOut` or `WouldBlock`.
pub(super) fn timed_out(error: io::Error) -> Error {
    match error.kind() {
        io::ErrorKind::TimedOut | io::ErrorKind::WouldBlock => Error::TimedOut,
        _ => error.into(),
    }
}
