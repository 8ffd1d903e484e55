//! A progress line on the terminal for long inputs.

use std::cell::Cell;
use std::io::{self, IsTerminal, Read, Write};
use std::rc::Rc;
use std::time::{Duration, Instant};

/// Time before the line is first shown.
const DELAY: Duration = Duration::from_secs(1);
/// Time between updates.
const INTERVAL: Duration = Duration::from_millis(200);

/// Counts bytes. Shows the counts on standard error if it is a terminal and standard output is not.
#[derive(Debug, Default)]
pub(crate) struct Progress {
    /// Time of the next update; `None` disables the line.
    next: Cell<Option<Instant>>,
    shown: Cell<bool>,
    read: Cell<u64>,
    written: Cell<u64>,
    total: Cell<u64>,
}

impl Progress {
    pub(crate) fn new() -> Rc<Self> {
        let progress = Self::hidden();
        if io::stderr().is_terminal() && !io::stdout().is_terminal() {
            progress.next.set(Some(Instant::now() + DELAY));
        }
        progress
    }

    /// Counts without showing a line.
    pub(crate) fn hidden() -> Rc<Self> {
        Rc::default()
    }

    /// Adds to the number of bytes expected.
    pub(crate) fn expect(&self, bytes: u64) {
        self.total.set(self.total.get().saturating_add(bytes));
    }

    /// Counts bytes that were read without a [`Counted`] stream.
    pub(crate) fn read(&self, bytes: usize) {
        self.advance(&self.read, bytes);
    }

    fn advance(&self, counter: &Cell<u64>, bytes: usize) {
        counter.set(counter.get() + bytes as u64);
        let now = Instant::now();
        if self.next.get().is_some_and(|next| now >= next) {
            self.next.set(Some(now + INTERVAL));
            self.show();
        }
    }

    fn show(&self) {
        let mega = |counter: &Cell<u64>| counter.get() / 1_000_000;
        let of = if self.total.get() == 0 { String::new() } else { format!(" of {}", mega(&self.total)) };
        let (read, written) = (mega(&self.read), mega(&self.written));
        // An error of standard error cannot be reported anywhere.
        let _ = write!(io::stderr(), "\r{read}{of} MB read, {written} MB written\x1b[K");
        self.shown.set(true);
    }

    /// Clears the line.
    pub(crate) fn clear(&self) {
        if self.shown.take() {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

/// A stream that counts its bytes.
#[derive(Debug)]
pub(crate) struct Counted<T> {
    stream: T,
    progress: Rc<Progress>,
}

impl<T> Counted<T> {
    pub(crate) fn new(stream: T, progress: &Rc<Progress>) -> Self {
        Self { stream, progress: Rc::clone(progress) }
    }
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let read = self.stream.read(buffer)?;
        self.progress.advance(&self.progress.read, read);
        Ok(read)
    }
}

impl<W: Write> Write for Counted<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.stream.write(bytes)?;
        self.progress.advance(&self.progress.written, written);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}
