//! The run queue: who is served next.
//!
//! Three queues, first in, first out each. `ready` holds the slots of which an event was told, `busy`
//! those whose turn was over before they were done and those in a TLS handshake, `long` those that
//! rest after a turn that took long. In a round, which is what comes between two polls, every ready
//! slot has a turn, and then one of the others. A long turn cuts its round short: at most one busy slot
//! has its turn before the poll tells who became ready meanwhile. The busy ones then go before the
//! long ones until turns have taken as long again in all. So a peer with small requests, however many,
//! does not wait for a second long request of another's, and a peer with long requests still gets half
//! of the time.

use std::collections::VecDeque;
use std::time::Duration;

/// The slots that wait for a turn, each of them once.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    ready: VecDeque<usize>,
    busy: VecDeque<usize>,
    long: VecDeque<usize>,
    /// Time that turns may take before the next long one.
    credit: Duration,
    /// Ready slots that have their turn in this round.
    left: usize,
    /// What may follow them.
    last: Last,
}

/// What ends a round.
#[derive(Debug, Clone, Copy, Default)]
enum Last {
    #[default]
    Nobody,
    Busy,
    Any,
}

/// A turn from which on its slot stands behind others. Far above the usual turn: an OS that takes the
/// processor away for a while must not look like a long request.
const LONG: Duration = Duration::from_millis(25);
/// What a turn takes at least, so that short turns use up the credit.
const SHORTEST: Duration = Duration::from_nanos(1);

impl Turns {
    /// How many times as long as a long turn took its slot stands behind others: as many peers that ask
    /// long and short requests in turn cannot pass for peers with short ones.
    pub(crate) const REST: u32 = 64;

    /// Whether a turn that took so long is a long one.
    pub(crate) fn is_long(took: Duration) -> bool {
        took >= LONG
    }

    /// Appends a slot of which an event was told.
    pub(crate) fn ready(&mut self, slot: usize, long: bool) {
        if long { &mut self.long } else { &mut self.ready }.push_back(slot);
    }

    /// Appends a slot whose turn was over before it was done.
    pub(crate) fn put_off(&mut self, slot: usize, long: bool) {
        if long { &mut self.long } else { &mut self.busy }.push_back(slot);
    }

    /// Notes how long a turn took.
    pub(crate) fn note(&mut self, took: Duration) {
        if !Self::is_long(took) {
            self.credit = self.credit.saturating_sub(took.max(SHORTEST));
            return;
        }
        self.credit = took;
        self.left = 0;
        if matches!(self.last, Last::Any) {
            self.last = Last::Busy;
        }
    }

    /// Begins a round.
    pub(crate) fn begin(&mut self) {
        (self.left, self.last) = (self.ready.len(), Last::Any);
    }

    /// Takes the next slot of this round.
    pub(crate) fn next(&mut self) -> Option<usize> {
        if let Some(less) = self.left.checked_sub(1) {
            self.left = less;
            return self.ready.pop_front();
        }
        let (busy, long) = (&mut self.busy, &mut self.long);
        match std::mem::take(&mut self.last) {
            Last::Nobody => None,
            Last::Busy => busy.pop_front(),
            Last::Any if self.credit.is_zero() => long.pop_front().or_else(|| busy.pop_front()),
            Last::Any => busy.pop_front().or_else(|| long.pop_front()),
        }
    }

    /// Whether no slot waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.ready.is_empty() && self.busy.is_empty() && self.long.is_empty()
    }

    /// Gives back the memory of a crowd that has gone.
    pub(crate) fn shrink(&mut self) {
        [&mut self.ready, &mut self.busy, &mut self.long].into_iter().for_each(VecDeque::shrink_to_fit);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The only slot of a round.
    fn next(turns: &mut Turns) -> Option<usize> {
        turns.begin();
        turns.next()
    }

    #[test]
    fn who_is_ready_goes_before_one_of_the_others() {
        let mut turns = Turns::default();
        turns.put_off(1, false);
        turns.put_off(2, false);
        turns.ready(3, false);
        turns.ready(4, false);
        turns.begin();
        assert_eq!([Some(3), Some(4), Some(1), None], [0; 4].map(|_| turns.next()));
        assert_eq!((next(&mut turns), turns.is_empty()), (Some(2), true));
    }

    #[test]
    fn after_a_long_turn_the_poll_comes_before_another() {
        let mut turns = Turns::default();
        turns.ready(1, false);
        turns.ready(2, false);
        turns.put_off(3, true);
        assert_eq!(next(&mut turns), Some(1));
        turns.note(LONG);
        turns.put_off(1, true);
        assert_eq!(turns.next(), None);
        turns.begin();
        assert_eq!([Some(2), Some(3), None], [0; 3].map(|_| turns.next()));
    }

    #[test]
    fn short_turns_go_before_a_second_long_one_for_as_long() {
        let mut turns = Turns::default();
        turns.put_off(1, true);
        turns.note(LONG * 2);
        turns.put_off(2, false);
        for took in [LONG - SHORTEST, LONG - SHORTEST, Duration::ZERO, Duration::ZERO] {
            assert_eq!(next(&mut turns), Some(2));
            turns.note(took);
            turns.put_off(2, false);
        }
        assert_eq!(next(&mut turns), Some(1));
    }
}
