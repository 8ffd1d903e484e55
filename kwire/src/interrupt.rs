//! Interrupts a wait from another thread or a signal handler: q's Ctrl-C during `h"…"`.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

/// Interrupts waits of the handles that were [opened](crate::Options::interrupt) with it. Clones share one state.
///
/// An interrupt raised while no call waits ends the next wait, unless it is [cleared](Self::clear) first.
///
/// ```
/// use std::io::Write;
///
/// use kwire::{Interrupt, Options};
///
/// let interrupt = Interrupt::new()?;
/// let options = Options::default().with_interrupt(Some(interrupt.clone()));
/// interrupt.raise(); // from another thread
/// assert!(interrupt.clear());
/// interrupt.writer()?.write_all(&[1])?; // from a signal handler
/// assert!(interrupt.clear() && !interrupt.clear());
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Interrupt {
    ends: Arc<(UnixStream, UnixStream)>,
}

impl Interrupt {
    /// Creates an interrupt that is not raised.
    ///
    /// # Errors
    ///
    /// The OS error, for instance at the limit of open descriptors (it takes two).
    pub fn new() -> io::Result<Self> {
        let (raise, raised) = UnixStream::pair()?;
        raise.set_nonblocking(true)?;
        raised.set_nonblocking(true)?;
        Ok(Self { ends: Arc::new((raise, raised)) })
    }

    /// Ends the current wait. May be called from any thread.
    pub fn raise(&self) {
        // If the buffer is full, the interrupt is raised already.
        let _ = (&self.ends.0).write(&[1]);
    }

    /// A descriptor for signal handlers: writing a byte to it raises the interrupt. Pass it to
    /// `signal_hook::low_level::pipe::register`.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn writer(&self) -> io::Result<UnixStream> {
        self.ends.0.try_clone()
    }

    /// Clears the interrupt. Returns whether it was raised.
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
