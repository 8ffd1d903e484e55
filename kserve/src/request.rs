//! The running call of a handler, and the conditions that interrupt it.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rustix::event::{PollFlags, Timespec};

use crate::context::Context;
use crate::interrupt::InterruptReason;
use crate::listen;

/// The running call of a handler.
#[derive(Debug)]
pub(crate) struct Request {
    /// The slot whose message is handled.
    pub(crate) slot: usize,
    pub(crate) deadline: Option<Instant>,
    /// When the peer's socket was last polled.
    pub(crate) last_poll: Cell<Instant>,
    /// Set once the peer has closed its end: the call may run until then.
    pub(crate) grace_until: Cell<Option<Instant>>,
}

/// Least time between two polls of the peer's socket during a call.
const POLL_INTERVAL: Duration = Duration::from_millis(10);
/// How long a call may continue after the peer closed its write side.
const HALF_CLOSED: Duration = Duration::from_secs(1);
const NO_WAIT: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

impl Context<'_> {
    /// Whether this call must end, and why. Cheap enough to ask every millisecond: the peer's socket is polled at
    /// most every 10 ms.
    #[must_use]
    pub fn interrupted(&self) -> Option<InterruptReason> {
        if self.core.interrupt.stops() > 0 {
            return Some(InterruptReason::Stopping);
        }
        if self.core.interrupt.is_cancelled() {
            return Some(InterruptReason::Cancelled);
        }
        let request = self.request.as_ref()?;
        let now = Instant::now();
        if request.deadline.is_some_and(|deadline| deadline <= now) {
            return Some(InterruptReason::Deadline);
        }
        if now.duration_since(request.last_poll.get()) >= POLL_INTERVAL {
            request.last_poll.set(now);
            self.poll_hang_up(request, now);
        }
        request.grace_until.get().filter(|last| *last <= now).map(|_| InterruptReason::HungUp)
    }

    /// Polls for a hang-up. A peer that closed only its write side may still read the answer.
    fn poll_hang_up(&self, request: &Request, now: Instant) {
        let Some(link) = self.core.links.get(request.slot) else { return };
        let seen = link.stream.wait(listen::END, NO_WAIT);
        if seen.intersects(PollFlags::HUP | PollFlags::ERR) {
            request.grace_until.set(Some(now));
        } else if seen.contains(listen::END) && request.grace_until.get().is_none() {
            request.grace_until.set(now.checked_add(HALF_CLOSED));
        }
    }
}
