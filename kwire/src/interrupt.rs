//! What ends a wait from outside: q's Ctrl-C during `h"…"`.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// Ends the waits of the handles that were [opened](crate::Options::interrupt) with it. A clone is
/// the same interrupt.
///
/// An interrupt that comes while nobody waits ends the next wait, unless it is
/// [cleared](Self::clear) before.
#[derive(Debug, Clone)]
pub struct Interrupt {
    ends: Arc<(UnixStream, UnixStream)>,
}

impl Interrupt {
    /// An interrupt that nobody has raised.
    ///
    /// # Errors
    ///
    /// The OS error, if there is no room for two more descriptors.
    pub fn new() -> io::Result<Self> {
        let (raise, raised) = UnixStream::pair()?;
        raise.set_nonblocking(true)?;
        raised.set_nonblocking(true)?;
        Ok(Self { ends: Arc::new((raise, raised)) })
    }

    /// Ends the wait under way, from any thread.
    pub fn raise(&self) {
        // A full pipe has been raised already.
        let _ = (&self.ends.0).write(&[1]);
    }

    /// A descriptor that raises the interrupt when a byte is written to it, for a signal handler:
    /// what `signal_hook::low_level::pipe::register` takes.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn writer(&self) -> io::Result<UnixStream> {
        self.ends.0.try_clone()
    }

    /// Forgets interrupts raised so far; whether there were any.
    pub fn clear(&self) -> bool {
        let mut bytes = [0; 64];
        let mut any = false;
        while matches!((&self.ends.1).read(&mut bytes), Ok(1..)) {
            any = true;
        }
        any
    }
}

/// Readable once the interrupt is raised.
impl AsFd for Interrupt {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.ends.1.as_fd()
    }
}
