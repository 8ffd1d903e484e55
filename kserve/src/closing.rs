//! Closes connections and stops the server, after pending answers are written.

use std::cmp::Reverse;
use std::io;
use std::time::{Duration, Instant};

use mio::Events;

use crate::core::Core;
use crate::handler::Handler;
use crate::link::Phase;
use crate::run::Loop;

/// A closing connection that has sent more than this many bytes is treated as ended.
const MAX_DISCARDED: usize = 4 << 20;
/// How long a peer may take to close its end after all answers are written. Closing a socket with unread input
/// resets the connection, and the peer might lose answers that it has not read.
const LINGER: Duration = Duration::from_secs(1);

impl Core {
    /// Moves a connection to [`Phase::Closing`] and starts its deadline.
    pub(crate) fn begin_closing(&mut self, slot: usize) {
        let Some(link) = self.links.get_mut(slot) else { return };
        link.phase = Phase::Closing;
        link.answers.clear();
        let inbound = std::mem::take(&mut link.inbound);
        self.worker.discard(inbound.bytes.into());
        self.expect_close(slot, self.drain);
    }

    fn expect_close(&mut self, slot: usize, within: Duration) {
        let Some(link) = self.links.get_mut(slot) else { return };
        let deadline = Instant::now().checked_add(within);
        link.deadline = deadline.map(|deadline| (deadline, link.outbound.bytes()));
        self.deadlines.extend(deadline.map(|deadline| Reverse((deadline, link.peer.id))));
    }

    /// Cuts off a closing connection at its deadline, unless it has read something since the last one.
    pub(crate) fn expire_close(&mut self, slot: usize, now: Instant) {
        let Some((deadline, bytes)) = self.links.get(slot).and_then(|link| link.deadline) else { return };
        if deadline > now {
            return;
        }
        if self.links.get(slot).is_some_and(|link| link.outbound.bytes() < bytes) {
            self.expect_close(slot, self.drain);
        } else {
            self.remove(slot);
        }
    }
}

impl<H: Handler> Loop<'_, H> {
    /// Advances a close: shuts down the write side once all output is written, and removes the connection once the
    /// peer has closed its end.
    pub(crate) fn linger(&mut self, slot: usize) {
        let discarded = self.core.discard(slot);
        let Some(link) = self.core.links.get_mut(slot) else { return };
        // `inbound` is empty in this phase, so `expected` can count the discarded bytes.
        link.inbound.expected += discarded;
        let ended = link.flags.ended || link.inbound.expected > MAX_DISCARDED;
        match (link.outbound.bytes() == 0, ended) {
            (true, true) => self.core.remove(slot),
            (true, false) if !link.flags.shut => {
                link.flags.shut = true;
                link.stream.shut();
                self.core.expect_close(slot, LINGER);
            }
            _ => {}
        }
    }

    /// Stops serving: writes pending answers until all are written, the drain time is up, or a second stop is
    /// requested. Then closes every connection.
    pub(crate) fn drain(&mut self, events: &mut Events) -> io::Result<()> {
        let until = Instant::now().checked_add(self.core.drain);
        self.core.listeners.clear();
        self.core.timer = None;
        self.flush_dirty();
        let slots: Vec<usize> = self.core.links.iter().map(|(slot, _)| slot).collect();
        for slot in slots {
            self.dismiss(slot);
        }
        self.flush_dirty();
        while !self.core.links.is_empty() && self.core.interrupt.stops() < 2 {
            let left = until.map(|until| until.saturating_duration_since(Instant::now()));
            if left == Some(Duration::ZERO) {
                break;
            }
            let first = self.core.deadlines.peek().map(|deadline| deadline.0.0);
            let first = first.map(|first| first.saturating_duration_since(Instant::now()));
            let timeout =
                if self.core.run_queue.is_empty() { left.into_iter().chain(first).min() } else { Some(Duration::ZERO) };
            self.poll(events, timeout)?;
            self.core.run_queue.begin();
            while let Some(slot) = self.core.next_turn() {
                self.flush_slot(slot);
            }
            self.check_time();
        }
        Ok(())
    }

    /// Closes a connection of a stopping server, at once if it has no unread input and no queued output.
    fn dismiss(&mut self, slot: usize) {
        let Some(link) = self.core.links.get(slot) else { return };
        let quiet = link.outbound.bytes() == 0 && link.inbound.is_empty() && !link.flags.readable;
        self.close(slot);
        if quiet {
            self.core.remove(slot);
        }
    }
}
