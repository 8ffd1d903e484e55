//! The stream trait of the blocking client: `Read + Write` with readiness.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::stream::Stream;

/// Readiness that a handle waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Bytes to read.
    Readable,
    /// Bytes to read, or room to write.
    Either,
}

/// A bidirectional byte stream that can wait for readiness.
///
/// Reads and writes must return `WouldBlock` instead of blocking; the handle then calls [`wait`](Self::wait). Wrap a
/// stream that blocks in [`Blocking`].
///
/// A scripted server for tests:
///
/// ```
/// use std::io::{self, Cursor, Read, Write};
/// use std::os::fd::BorrowedFd;
/// use std::time::Duration;
///
/// use kcodec::{Capability, Value};
/// use kwire::blocking::{Duplex, Handle, Interest};
/// use kwire::{Login, MessageType, Options};
///
/// struct Script(Cursor<Vec<u8>>, Vec<u8>);
///
/// impl Read for Script {
///     fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
///         self.0.read(buffer)
///     }
/// }
///
/// impl Write for Script {
///     fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
///         self.1.write(bytes)
///     }
///
///     fn flush(&mut self) -> io::Result<()> {
///         Ok(())
///     }
/// }
///
/// impl Duplex for Script {
///     fn wait(&self, _: Interest, _: Option<Duration>, _: Option<BorrowedFd<'_>>) -> io::Result<()> {
///         Ok(()) // reads and writes never return `WouldBlock`
///     }
///
///     fn is_local(&self) -> bool {
///         false // so that large messages are compressed
///     }
///
///     fn end(&mut self) {
///         self.1.clear();
///     }
/// }
///
/// let mut answers = vec![6]; // accepts the login
/// kwire::encode(MessageType::Response, Value::from(4_i64), Capability::MAX, &mut answers)?;
/// let login = Login::parse("ann:secret\x06".into());
/// let mut h = Handle::over(Script(Cursor::new(answers), Vec::new()), &login, &Options::default())?;
/// assert_eq!(h.sync("2+2")?.value(), Value::from(4_i64));
/// assert!(h.stream().1.starts_with(b"ann:secret\x06\0"));
/// # Ok::<(), kwire::Error>(())
/// ```
pub trait Duplex: Read + Write {
    /// Waits until the stream is ready, the timeout has passed or `interrupt` is readable. Spurious returns are
    /// allowed: the caller tries again.
    ///
    /// # Errors
    ///
    /// The OS error.
    fn wait(&self, interest: Interest, timeout: Option<Duration>, interrupt: Option<BorrowedFd<'_>>) -> io::Result<()>;

    /// Whether the peer is on this machine. kdb+ does not compress messages to local peers.
    fn is_local(&self) -> bool {
        true
    }

    /// Signals end of output where closing the stream does not, as in TLS. Must not block.
    fn end(&mut self) {}
}

impl Duplex for Stream {
    fn wait(&self, interest: Interest, timeout: Option<Duration>, interrupt: Option<BorrowedFd<'_>>) -> io::Result<()> {
        #[cfg(feature = "tls")]
        if let Self::Tls(stream) = self {
            return stream.wait(interest, timeout, interrupt);
        }
        ready(self.as_fd(), interest, timeout, interrupt).map(drop)
    }

    fn is_local(&self) -> bool {
        Self::is_local(self)
    }

    fn end(&mut self) {
        #[cfg(feature = "tls")]
        if let Self::Tls(stream) = self {
            stream.end();
        }
    }
}

#[cfg(feature = "tls")]
impl<S: Duplex> Duplex for crate::tls::Stream<S> {
    fn wait(&self, interest: Interest, timeout: Option<Duration>, interrupt: Option<BorrowedFd<'_>>) -> io::Result<()> {
        // The session has records of its own to write, such as handshake messages and alerts.
        let interest = if self.session().wants_write() { Interest::Either } else { interest };
        self.socket().wait(interest, timeout, interrupt)
    }

    fn is_local(&self) -> bool {
        self.socket().is_local()
    }

    fn end(&mut self) {
        self.close();
    }
}

/// Polls a descriptor. Returns whether it or `interrupt` is ready.
pub(crate) fn ready(
    stream: BorrowedFd<'_>,
    interest: Interest,
    timeout: Option<Duration>,
    interrupt: Option<BorrowedFd<'_>>,
) -> io::Result<bool> {
    let flags = match interest {
        Interest::Readable => PollFlags::IN,
        Interest::Either => PollFlags::IN | PollFlags::OUT,
    };
    // A timeout beyond the OS's range is no timeout.
    let timeout = timeout.and_then(|timeout| Timespec::try_from(timeout).ok());
    let stream = PollFd::from_borrowed_fd(stream, flags);
    let polled = match interrupt {
        None => poll(&mut [stream], timeout.as_ref()),
        Some(interrupt) => poll(&mut [stream, PollFd::from_borrowed_fd(interrupt, PollFlags::IN)], timeout.as_ref()),
    };
    match polled {
        Ok(ready) => Ok(ready > 0),
        Err(rustix::io::Errno::INTR) => Ok(false),
        Err(error) => Err(error.into()),
    }
}

/// A stream whose reads and writes block. Timeouts and interrupts are up to the stream: if a read or write returns
/// `WouldBlock` or `TimedOut`, the call ends with [`Error::TimedOut`](crate::Error::TimedOut). Nothing is read while a
/// write blocks, so two such ends that both only write can deadlock.
///
/// ```no_run
/// use std::process::{Command, Stdio};
///
/// use kwire::blocking::{Blocking, Handle};
/// use kwire::{Login, Options};
///
/// let (near, far) = std::os::unix::net::UnixStream::pair()?;
/// let far: std::os::fd::OwnedFd = far.into();
/// Command::new("ssh").args(["trade", "nc", "localhost", "5001"]).stdin(far.try_clone()?).stdout(far).spawn()?;
/// let login = Login::parse("ann:secret\x06".into());
/// let mut h = Handle::over(Blocking(near), &login, &Options::default())?;
/// assert_eq!(h.sync("2+2")?.value().as_i64()?, 4);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Blocking<S>(pub S);

impl<S: Read> Read for Blocking<S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.0.read(buffer)
    }
}

impl<S: Write> Write for Blocking<S> {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        self.0.write(buffer)
    }

    fn write_vectored(&mut self, parts: &[IoSlice<'_>]) -> io::Result<usize> {
        self.0.write_vectored(parts)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

impl<S: Read + Write> Duplex for Blocking<S> {
    fn wait(&self, _: Interest, _: Option<Duration>, _: Option<BorrowedFd<'_>>) -> io::Result<()> {
        Err(io::ErrorKind::TimedOut.into())
    }
}
