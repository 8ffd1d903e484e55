//! Deadlines and timers of the loop.

use std::time::{Duration, Instant};

use crate::context::Context;
use crate::handler::Handler;
use crate::link::Phase;
use crate::run::Loop;

impl<H: Handler> Loop<'_, H> {
    /// How long the loop may block in poll; `None` means without limit.
    pub(crate) fn timeout(&self) -> Option<Duration> {
        if !self.core.run_queue.is_empty() {
            return Some(Duration::ZERO);
        }
        let deadline = self.core.deadlines.peek().map(|deadline| deadline.0.0);
        let timer = self.core.timer.map(|timer| timer.next);
        let next = [deadline, timer, self.retry].into_iter().flatten().min()?;
        Some(next.saturating_duration_since(Instant::now()))
    }

    /// Handles everything that is due: login timeouts, deferred answers, closing connections, the timer, and
    /// accepting again.
    pub(crate) fn check_time(&mut self) {
        if self.core.deadlines.is_empty() && self.core.timer.is_none() && self.retry.is_none() {
            return;
        }
        let now = Instant::now();
        while let Some(deadline) = self.core.deadlines.peek()
            && deadline.0.0 <= now
        {
            let id = deadline.0.1;
            self.core.deadlines.pop();
            if let Some(slot) = self.core.slot(id) {
                self.late(slot, now);
            }
        }
        if self.retry.take_if(|retry| *retry <= now).is_some() {
            (0..self.core.listeners.len()).for_each(|index| self.accept(index));
        }
        if let Some(timer) = &mut self.core.timer
            && timer.next <= now
        {
            timer.next = now.checked_add(timer.period).unwrap_or(now);
            self.core.interrupt.begin();
            self.handler.on_timer(&mut Context::new(&mut self.core));
            self.core.interrupt.end();
        }
        self.flush_dirty();
    }

    fn late(&mut self, slot: usize, now: Instant) {
        self.core.expire_answers(slot, now);
        let Some(link) = self.core.links.get_mut(slot) else { return };
        if link.phase == Phase::Closing {
            self.core.expire_close(slot, now);
        } else if let Err(error) = link.connection.handle_time(now) {
            self.fail(slot, error);
        }
    }
}
