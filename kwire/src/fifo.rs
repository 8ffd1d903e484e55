//! Named pipes and devices opened for reading: q's `` hopen`:fifo://path ``.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Instant;

use rustix::fs::OFlags;

use crate::duplex::{Interest, ready};

/// A named pipe or a device without a size (such as `/dev/urandom`), opened for reading: q's `` h:hopen`:fifo://path
/// ``, then `read1(h;n)`.
///
/// ```
/// let zeros = kwire::Fifo::open("/dev/zero")?;
/// let mut buffer = [1; 16];
/// assert_eq!((zeros.read_until(&mut buffer, None)?, buffer), (16, [0; 16])); // no deadline
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Fifo {
    file: File,
}

impl Fifo {
    /// Opens `path`. Does not wait for a writer; reading waits.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        Ok(Self { file })
    }

    /// Waits until bytes arrive and reads once. Returns 0 once all writers have closed the pipe.
    ///
    /// # Errors
    ///
    /// `TimedOut` at the deadline; the OS error.
    pub fn read_until(&self, buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            // A read returns 0 while there has been no writer yet, which is not the end. `poll` reports a hang-up only
            // after a writer has closed.
            if ready(self.file.as_fd(), Interest::Readable, left, None)? {
                match (&self.file).read(buffer) {
                    Err(error) if matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                    read => return read,
                }
            }
            if deadline.is_some_and(|deadline| deadline <= Instant::now()) {
                return Err(io::ErrorKind::TimedOut.into());
            }
        }
    }
}

impl AsFd for Fifo {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}
