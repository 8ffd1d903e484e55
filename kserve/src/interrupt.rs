//! Cancels requests and stops the server, from a signal or another thread.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU32, Ordering};

use mio::Waker;

/// Why a request must end early.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum InterruptReason {
    /// The time limit has passed: [`Limits::request`](crate::Limits::request), q's `-T`.
    Deadline,
    /// [`Interrupt::cancel`] was called.
    Cancelled,
    /// The server is stopping.
    Stopping,
    /// The peer is gone, so nobody would read the answer.
    HungUp,
}

/// Cancels requests and stops a server, from any thread.
///
/// ```
/// use kserve::{Context, Handler, Interrupt, InterruptReason, Peer, Reply, Server};
/// use kwire::Message;
///
/// struct Slow;
///
/// impl Handler for Slow {
///     fn on_sync(&mut self, cx: &mut Context<'_>, _peer: &Peer, _message: &Message, reply: Reply<'_>) {
///         loop {
///             match cx.interrupted() {
///                 None => std::thread::yield_now(), // a part of the work
///                 Some(InterruptReason::Deadline | InterruptReason::Cancelled) => return reply.error("stop"),
///                 Some(_) => return, // no one reads the answer
///             }
///         }
///     }
/// }
///
/// let server = Server::bind("127.0.0.1:0")?;
/// let (address, interrupt): (_, Interrupt) = (server.local_addr().expect("TCP"), server.interrupt());
/// let running = std::thread::spawn(move || server.run(&mut Slow));
/// let asking = std::thread::spawn(move || kwire::ask(&address.to_string(), "work"));
/// while !interrupt.cancel() {} // as SIGINT does: true once a request is running
/// assert_eq!(asking.join().expect("no panic").unwrap_err().to_string(), "'stop");
/// interrupt.stop(); // as SIGTERM does
/// running.join().expect("no panic")?;
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Interrupt {
    shared: Arc<Flags>,
    waker: Arc<Waker>,
}

#[derive(Debug, Default)]
struct Flags {
    /// [`IDLE`], [`BUSY`] or [`CANCELLED`]. One atomic, so that a cancel never hits the request after the one it
    /// was meant for.
    call: AtomicU8,
    /// Number of stops requested.
    stops: AtomicU32,
}

/// No handler is running.
const IDLE: u8 = 0;
/// A handler is running.
const BUSY: u8 = 1;
/// A handler is running and must return.
const CANCELLED: u8 = 2;

impl Interrupt {
    pub(crate) fn new(waker: Arc<Waker>) -> Self {
        Self { shared: Arc::default(), waker }
    }

    /// Cancels the running request; returns `false` if none is running. SIGINT calls this first, and stops the
    /// server if it returns `false`. The handler must ask [`Context::interrupted`](crate::Context::interrupted).
    pub fn cancel(&self) -> bool {
        let was = self.shared.call.compare_exchange(BUSY, CANCELLED, Ordering::AcqRel, Ordering::Acquire);
        matches!(was, Ok(BUSY) | Err(CANCELLED))
    }

    /// SIGTERM: cancels the running request, then [`Server::run`](crate::Server::run) writes pending answers and
    /// returns. After a second call it returns without writing them.
    pub fn stop(&self) {
        self.shared.stops.fetch_add(1, Ordering::AcqRel);
        // Waking fails only after the poll is gone, and then no loop is running.
        let _ = self.waker.wake();
    }

    /// Number of calls of [`stop`](Self::stop).
    pub(crate) fn stops(&self) -> u32 {
        self.shared.stops.load(Ordering::Acquire)
    }

    pub(crate) fn is_cancelled(&self) -> bool {
        self.shared.call.load(Ordering::Acquire) == CANCELLED
    }

    /// Marks a handler as running.
    pub(crate) fn begin(&self) {
        self.shared.call.store(BUSY, Ordering::Release);
    }

    /// Marks the handler as returned. A cancel that it did not see is dropped.
    pub(crate) fn end(&self) {
        self.shared.call.store(IDLE, Ordering::Release);
    }
}
