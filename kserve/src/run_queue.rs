//! The run queue: decides which slot is served next.
//!
//! Three FIFO queues: `ready` holds slots with a new event, `busy` slots whose turn ended with work left and slots
//! in a TLS handshake, `long` slots that are penalized after a long turn. A round is the time between two polls:
//!
//! ```text
//! round:
//!     give every slot that was in `ready` at the start one turn
//!     give one slot of `busy` or `long` one turn
//!     a long turn ends the round early: at most one busy slot follows before the next poll
//! ```
//!
//! After a long turn of length T, `busy` goes before `long` until further turns have taken T in total. So a peer
//! with small requests never waits for a second long request of another peer, and a peer with long requests still
//! gets half of the time.

use std::collections::VecDeque;
use std::time::Duration;

/// The slots that wait for a turn, each at most once.
#[derive(Debug, Default)]
pub(crate) struct RunQueue {
    ready: VecDeque<usize>,
    busy: VecDeque<usize>,
    long: VecDeque<usize>,
    /// Time that other turns may still take before the next slot of `long`.
    credit: Duration,
    /// Slots of `ready` that have a turn left in this round.
    left: usize,
    /// Which other slot may follow them.
    extra: Extra,
}

/// Which slot may end a round.
#[derive(Debug, Clone, Copy, Default)]
enum Extra {
    #[default]
    Nothing,
    Busy,
    Any,
}

/// A turn of at least this length is a long turn. Far above the usual turn, so that preemption by the OS is not
/// mistaken for a long request.
const LONG: Duration = Duration::from_millis(25);
/// Least time charged for a turn, so that even the shortest turns use up the credit.
const SHORTEST: Duration = Duration::from_nanos(1);

impl RunQueue {
    /// A slot is penalized for this many times the length of its long turn. Otherwise many peers that alternate
    /// long and short requests would be treated like peers with short requests only.
    pub(crate) const PENALTY: u32 = 64;

    /// Whether a turn of this length is a long turn.
    pub(crate) fn is_long(took: Duration) -> bool {
        took >= LONG
    }

    /// Appends a slot with a new event.
    pub(crate) fn ready(&mut self, slot: usize, long: bool) {
        if long { &mut self.long } else { &mut self.ready }.push_back(slot);
    }

    /// Appends a slot whose turn ended with work left.
    pub(crate) fn requeue(&mut self, slot: usize, long: bool) {
        if long { &mut self.long } else { &mut self.busy }.push_back(slot);
    }

    /// Records the length of a turn.
    pub(crate) fn record(&mut self, took: Duration) {
        if !Self::is_long(took) {
            self.credit = self.credit.saturating_sub(took.max(SHORTEST));
            return;
        }
        self.credit = took;
        self.left = 0;
        if matches!(self.extra, Extra::Any) {
            self.extra = Extra::Busy;
        }
    }

    /// Starts a round.
    pub(crate) fn begin(&mut self) {
        (self.left, self.extra) = (self.ready.len(), Extra::Any);
    }

    /// Takes the next slot of this round.
    pub(crate) fn next(&mut self) -> Option<usize> {
        if let Some(less) = self.left.checked_sub(1) {
            self.left = less;
            return self.ready.pop_front();
        }
        let (busy, long) = (&mut self.busy, &mut self.long);
        match std::mem::take(&mut self.extra) {
            Extra::Nothing => None,
            Extra::Busy => busy.pop_front(),
            Extra::Any if self.credit.is_zero() => long.pop_front().or_else(|| busy.pop_front()),
            Extra::Any => busy.pop_front().or_else(|| long.pop_front()),
        }
    }

    /// Whether no slot is queued.
    pub(crate) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.busy.is_empty() && self.long.is_empty()
    }

    /// Gives back capacity after many connections have closed.
    pub(crate) fn shrink(&mut self) {
        [&mut self.ready, &mut self.busy, &mut self.long].into_iter().for_each(VecDeque::shrink_to_fit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs a round of one turn and returns its slot.
    fn next(queue: &mut RunQueue) -> Option<usize> {
        queue.begin();
        queue.next()
    }

    #[test]
    fn ready_slots_go_before_one_busy_slot() {
        let mut queue = RunQueue::default();
        queue.requeue(1, false);
        queue.requeue(2, false);
        queue.ready(3, false);
        queue.ready(4, false);
        queue.begin();
        assert_eq!([Some(3), Some(4), Some(1), None], [0; 4].map(|_| queue.next()));
        assert_eq!((next(&mut queue), queue.is_empty()), (Some(2), true));
    }

    #[test]
    fn a_long_turn_ends_the_round() {
        let mut queue = RunQueue::default();
        queue.ready(1, false);
        queue.ready(2, false);
        queue.requeue(3, true);
        assert_eq!(next(&mut queue), Some(1));
        queue.record(LONG);
        queue.requeue(1, true);
        assert_eq!(queue.next(), None);
        queue.begin();
        assert_eq!([Some(2), Some(3), None], [0; 3].map(|_| queue.next()));
    }

    #[test]
    fn busy_slots_go_first_until_the_credit_is_used_up() {
        let mut queue = RunQueue::default();
        queue.requeue(1, true);
        queue.record(LONG * 2);
        queue.requeue(2, false);
        for took in [LONG - SHORTEST, LONG - SHORTEST, Duration::ZERO, Duration::ZERO] {
            assert_eq!(next(&mut queue), Some(2));
            queue.record(took);
            queue.requeue(2, false);
        }
        assert_eq!(next(&mut queue), Some(1));
    }
}
