//! A handle that reopens on use, with exponential backoff.

use std::time::{Duration, Instant};

use crate::blocking::Handle;
use crate::error::Error;
use crate::options::Options;

/// Exponential backoff with jitter. Each pause is random between half of a bound and the bound, which doubles, so that
/// clients of a lost server do not reconnect simultaneously.
///
/// ```
/// use std::time::Duration;
///
/// use kwire::{Backoff, Options, Reconnect};
///
/// let second = Duration::from_secs(1);
/// let mut backoff = Backoff::new(second, 2 * second);
/// assert!((second / 2..=second).contains(&backoff.pause()));
/// assert!((second..=2 * second).contains(&backoff.pause()));
/// backoff.reset();
/// let server = Reconnect::new("localhost:5001", Options::default()).with_backoff(backoff);
/// assert!(!server.is_open()); // it connects when it is used
/// ```
#[derive(Debug, Clone)]
pub struct Backoff {
    first: Duration,
    most: Duration,
    next: Duration,
}

impl Backoff {
    /// Starts with the bound `first` and doubles it up to `most`.
    #[must_use]
    pub const fn new(first: Duration, most: Duration) -> Self {
        Self { first, most, next: first }
    }

    /// Returns the next pause and doubles the bound.
    pub fn pause(&mut self) -> Duration {
        let bound = self.next.min(self.most);
        self.next = bound.saturating_mul(2);
        let half = bound / 2;
        half + half.mul_f64(fastrand::f64())
    }

    /// Resets the bound to the first. Call it after a success.
    pub const fn reset(&mut self) {
        self.next = self.first;
    }
}

/// 100 milliseconds to 30 seconds.
impl Default for Backoff {
    fn default() -> Self {
        Self::new(Duration::from_millis(100), Duration::from_secs(30))
    }
}

/// An address and, while connected, a handle to it.
///
/// Connects and reconnects only when [`handle`](Self::handle) is called. A failed request is never repeated, because
/// only the caller knows whether it is idempotent. After a reconnect the caller must restore the connection's state,
/// such as subscriptions.
///
/// ```no_run
/// # fn publish(h: &mut kwire::blocking::Handle) -> Result<(), kwire::Error> { h.send_now("upd") }
/// let mut server = kwire::Reconnect::new("localhost:5001", kwire::Options::default());
/// loop {
///     match server.handle().and_then(publish) {
///         Ok(()) => {}
///         Err(error) => eprintln!("{error}"), // the next iteration reconnects if necessary
///     }
/// }
/// ```
#[derive(Debug)]
pub struct Reconnect {
    address: String,
    options: Options,
    backoff: Backoff,
    /// Earliest time of the next attempt.
    next: Option<Instant>,
    handle: Option<Handle>,
}

impl Reconnect {
    /// Does not connect yet.
    #[must_use]
    pub fn new(address: impl Into<String>, options: Options) -> Self {
        Self { address: address.into(), options, backoff: Backoff::default(), next: None, handle: None }
    }

    /// Replaces the [default](Backoff::default) backoff.
    #[must_use]
    pub fn with_backoff(self, backoff: Backoff) -> Self {
        Self { backoff, ..self }
    }

    /// The handle. If there is none or it has failed, makes one attempt to connect, after sleeping for the backoff
    /// pause if the previous attempt failed.
    ///
    /// # Errors
    ///
    /// As [`Handle::open_with`]. The next call tries again.
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
