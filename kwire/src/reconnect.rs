//! A handle that is opened again, by whoever uses it.

use std::time::{Duration, Instant};

use crate::blocking::Handle;
use crate::error::Error;
use crate::options::Options;

/// Growing pauses between attempts. Each is a random part, at least half, of a bound that doubles,
/// so that clients which lost the same server do not return at the same moment.
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    /// Pauses of at most `first`, then twice that, and so on to at most `most`.
    #[must_use]
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, next: first }
    }

    /// The next pause.
    pub fn pause(&mut self) -> Duration {
        let bound = self.next.min(self.most);
        self.next = bound.saturating_mul(2);
        let half = bound / 2;
        half + half.mul_f64(fastrand::f64())
    }

    /// Begins with the first pause again, after a success.
    pub const fn reset(&mut self) {
        self.next = self.first;
    }
}

/// From a tenth of a second to 30 seconds.
impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(30))
    }
}

/// An address, and a handle to it while there is one.
///
/// It opens, and opens again, when [`handle`](Self::handle) is called, and does nothing by itself: a
/// request that failed is never repeated, because nobody but the caller knows whether it may be. What
/// a lost connection stood for, as subscriptions, is the caller's to restore.
///
/// ```no_run
/// # fn publish(h: &mut kwire::blocking::Handle) -> Result<(), kwire::Error> { h.send_now("upd") }
/// let mut server = kwire::Reconnect::new("localhost:5001", kwire::Options::default());
/// loop {
///     match server.handle().and_then(publish) {
///         Ok(()) => {}
///         Err(error) => eprintln!("{error}"), // and the next turn opens again, if it must
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Reconnect {
    address: String,
    options: Options,
    backoff: Backoff,
    /// When the next attempt may be made.
    next: Option<Instant>,
    handle: Option<Handle>,
}

impl Reconnect {
    /// Opens nothing yet.
    #[must_use]
    pub fn new(address: impl Into<String>, options: Options) -> Self {
        Self { address: address.into(), options, backoff: Backoff::default(), next: None, handle: None }
    }

    /// With other pauses than the [default](Backoff::default).
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// The handle. If there is none, or it has failed, one attempt is made to open a new one; it waits
    /// first for the pause that an earlier failure demands.
    ///
    /// # Errors
    ///
    /// As [`Handle::open_with`]; the next call tries again.
    pub fn handle(&mut self) -> Result<&mut Handle, Error> {
        let open = self.handle.take().filter(Handle::is_open);
        let handle = match open {
            Some(handle) => handle,
            None => self.open()?,
        };
        Ok(self.handle.insert(handle))
    }

    /// Whether there is a handle that has not failed.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.handle.as_ref().is_some_and(Handle::is_open)
    }

    fn open(&mut self) -> Result<Handle, Error> {
        if let Some(next) = self.next.take() {
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
        let opened = Handle::open_with(&self.address, &self.options);
        match opened {
            Ok(_) => self.backoff.reset(),
            Err(_) => self.next = Instant::now().checked_add(self.backoff.pause()),
        }
        opened
    }
}
