//! Stopping what runs, from a signal or another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

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
    /// A handler is running.
    busy: AtomicBool,
    cancel: AtomicBool,
    /// How often a stop was asked for.
    stops: AtomicU32,
}

impl Interrupt {
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        Self { shared: Arc::default(), waker }
    }

    /// Cancels the request under way and returns whether there is one: what SIGINT does before it
    /// stops a server. The handler must ask [`Context::interrupted`](crate::Context::interrupted).
    pub fn cancel(&self) -> bool {
        let busy = self.shared.busy.load(Ordering::Acquire);
        if busy {
            self.shared.cancel.store(true, Ordering::Release);
        }
        busy
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
        self.shared.cancel.load(Ordering::Acquire)
    }

    /// Notes that a handler is called. A cancel that came too late for the last one is forgotten.
    pub(crate) fn begin(&self) {
        self.shared.cancel.store(false, Ordering::Relaxed);
        self.shared.busy.store(true, Ordering::Release);
    }

    /// Notes that the handler has returned.
    pub(crate) fn end(&self) {
        self.shared.busy.store(false, Ordering::Release);
    }
}
