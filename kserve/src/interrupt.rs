//! Stopping what runs, from a signal or another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use mio::Waker;

/// Why a request is to end before it is done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It has had its time: [`Limits::request`](crate::Limits::request), q's `-T`.
    Deadline,
    /// [`Interrupt::cancel`] was called.
    Cancelled,
    /// The server is stopping.
    Stopping,
    /// Its peer is gone, so that nobody would read the answer.
    HungUp,
}

/// Cancels requests and stops a server from anywhere: another thread, a signal.
#[derive(Debug, Clone)]
pub struct Interrupt {
    shared: Arc<Flags>,
    waker: Arc<Waker>,
}

#[derive(Debug, Default)]
struct Flags {
    /// [`IDLE`], [`BUSY`] or [`CANCELLED`]: one word, so that a cancel is never meant for one request
    /// and felt by the next.
    call: AtomicU8,
    /// How often a stop was asked for.
    stops: AtomicU32,
}

/// No handler is running.
const IDLE: u8 = 0;
/// A handler is running.
const BUSY: u8 = 1;
/// A handler is running that is to end.
const CANCELLED: u8 = 2;

impl Interrupt {
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        Self { shared: Arc::default(), waker }
    }

    /// Cancels the request under way and returns whether there is one: what SIGINT does before it
    /// stops a server. The handler must ask [`Context::interrupted`](crate::Context::interrupted).
    pub fn cancel(&self) -> bool {
        let was = self.shared.call.compare_exchange(BUSY, CANCELLED, Ordering::AcqRel, Ordering::Acquire);
        matches!(was, Ok(BUSY) | Err(CANCELLED))
    }

    /// Cancels the request under way and makes [`Server::run`](crate::Server::run) return once what
    /// was answered is written: SIGTERM. A second call makes it return without that.
    pub fn stop(&self) {
        self.shared.stops.fetch_add(1, Ordering::AcqRel);
        // A waker fails only with its poll gone, and then there is nothing to stop.
        let _ = self.waker.wake();
    }

    /// How often [`stop`](Self::stop) was called.
    pub(crate) fn stops(&self) -> u32 {
        self.shared.stops.load(Ordering::Acquire)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.shared.call.load(Ordering::Acquire) == CANCELLED
    }

    /// Notes that a handler is called.
    pub(crate) fn begin(&self) {
        self.shared.call.store(BUSY, Ordering::Release);
    }

    /// Notes that the handler has returned. A cancel that it did not see has come to nothing.
    pub(crate) fn end(&self) {
        self.shared.call.store(IDLE, Ordering::Release);
    }
}
