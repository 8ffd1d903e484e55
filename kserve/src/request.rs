//! The call that a handler is in, and why it is to end.

use std::cell::Cell;
use std::time::{Duration, Instant};

use rustix::event::{PollFlags, Timespec};

use crate::context::Context;
use crate::interrupt::Why;
use crate::listen;

/// The call that a handler is in.
#[derive(Debug)]
pub(crate) struct Request {
    /// Whose message it is.
    pub(crate) slot: usize,
    pub(crate) deadline: Option<Instant>,
    /// When the peer's socket was looked at last.
    pub(crate) looked: Cell<Instant>,
    /// Until when the request of a half-closed peer may run.
    pub(crate) last: Cell<Option<Instant>>,
}

/// How often a peer's socket is looked at while its request runs.
const LOOK: Duration = Duration::from_millis(10);
/// How long a request may go on after its peer has closed its end.
const HALF_CLOSED: Duration = Duration::from_secs(1);
const AT_ONCE: Timespec = Timespec { tv_sec: 0, tv_nsec: 0 };

impl Context<'_> {
    /// Whether, and why, this call is to end. Cheap enough to be asked every millisecond: the peer's
    /// socket is looked at only every ten.
    #[must_use]
    pub fn interrupted(&self) -> Option<Why> {
        if self.core.interrupt.stops() > 0 {
            return Some(Why::Stopping);
        }
        if self.core.interrupt.is_cancelled() {
            return Some(Why::Cancelled);
        }
        let request = self.request.as_ref()?;
        let now = Instant::now();
        if request.deadline.is_some_and(|deadline| deadline <= now) {
            return Some(Why::Deadline);
        }
        if now.duration_since(request.looked.get()) >= LOOK {
            request.looked.set(now);
            self.look(request, now);
        }
        request.last.get().filter(|last| *last <= now).map(|_| Why::HungUp)
    }

    /// Looks whether the peer is gone. One that has closed only its own end may still read.
    fn look(&self, request: &Request, now: Instant) {
        let Some(link) = self.core.links.get(request.slot) else { return };
        let seen = link.stream.wait(listen::END, AT_ONCE);
        if seen.intersects(PollFlags::HUP | PollFlags::ERR) {
            request.last.set(Some(now));
        } else if seen.contains(listen::END) && request.last.get().is_none() {
            request.last.set(now.checked_add(HALF_CLOSED));
        }
    }
}
