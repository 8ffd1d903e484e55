//! What a blocking handle can hold a conversation over.

use std::io::{self, IoSlice, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

use crate::stream::Stream;

/// What a handle waits for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// Bytes to read.
    Readable,
    /// Bytes to read, or room to write.
    Either,
}

/// A byte stream both ways that can tell when it is ready.
///
/// Reads and writes that cannot go on at once return `WouldBlock`; the handle then
/// [waits](Self::wait). A stream that blocks instead can be used as [`Blocking`].
pub trait Duplex: Read + Write {
    /// Waits until the stream is ready, the time has passed or `interrupt` is readable. It may return
    /// earlier: the caller looks at what has happened.
    ///
    /// # Errors
    ///
    /// The OS error.
    fn wait(&self, interest: Interest, timeout: Option<Duration>, interrupt: Option<BorrowedFd<'_>>) -> io::Result<()>;

    /// Whether the peer is on this machine: kdb+ compresses nothing for it.
    fn is_local(&self) -> bool {
        true
    }

    /// Declares the end where closing the stream does not, as in TLS. Does not wait.
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
        // The session has to write what nobody asked it to.
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

/// Waits for a descriptor; whether it is ready, or an interrupt came.
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
    // A time past what the OS counts is none.
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

/// A stream whose reads and writes block. Deadlines and interrupts are then the stream's own: a read
/// or write that it ends by `WouldBlock` or `TimedOut` ends the call with
/// [`Error::TimedOut`](crate::Error::TimedOut). While a write blocks, nothing is read: two such ends
/// that both only write can wait for each other for ever.
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
