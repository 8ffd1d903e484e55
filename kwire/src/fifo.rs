//! Named pipes and devices, which q opens as handles for reading: `` hopen`:fifo://path ``.

use std::fs::{File, OpenOptions};
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::time::Instant;

use rustix::fs::OFlags;

use crate::duplex::{Interest, ready};

/// A named pipe that is read, or something else without size such as `/dev/urandom`: q's
/// `` h:hopen`:fifo://path ``, then `read1(h;n)`.
#[derive(Debug)]
pub struct Fifo {
    file: File,
}

impl Fifo {
    /// Opens what is at `path`. Does not wait for somebody to write to the pipe: reading waits.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
        let file = OpenOptions::new().read(true).custom_flags(flags).open(path)?;
        Ok(Self { file })
    }

    /// Waits until bytes come and reads once; 0 once all who wrote have closed the pipe.
    ///
    /// # Errors
    ///
    /// `TimedOut` at the deadline; the OS error.
    pub fn read_until(&self, buffer: &mut [u8], deadline: Option<Instant>) -> io::Result<usize> {
        loop {
            let left = deadline.map(|deadline| deadline.saturating_duration_since(Instant::now()));
            // Without a writer a read would return 0 at once. The OS tells of the end only where there
            // has been one.
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
