//! Sends answers in the order of their requests, including deferred ones.

use std::cmp::Reverse;
use std::time::Instant;

use bytes::Bytes;
use kwire::MessageType;

use crate::core::Core;
use crate::encode::{Answer, Encoder, Shared};
use crate::link::{CloseReason, PendingAnswer};
use crate::reply::Deferred;

impl Core {
    /// Returns a new ticket for an answer.
    pub(crate) const fn next_ticket(&mut self) -> u64 {
        self.ticket += 1;
        self.ticket
    }

    /// Answers a sync message at once, or queues the answer behind those that are pending.
    pub(crate) fn respond(&mut self, deferred: Deferred, answer: Answer) {
        let slot = deferred.id.slot;
        let Some(link) = self.links.get(slot).filter(|link| link.peer.id == deferred.id) else { return };
        if link.answers.is_empty() && !matches!(answer, Answer::Deferred) {
            if let Err(error) = self.post_answer(slot, MessageType::Response, answer) {
                self.schedule_close(slot, CloseReason::Error(error));
            }
            return;
        }
        let (ready, deadline) = match answer {
            Answer::Deferred => (None, Instant::now().checked_add(self.limits.deferred)),
            Answer::Parts(parts) => (Some(Shared::new(parts)), None),
            _ => (Some(Shared::new(vec![Bytes::copy_from_slice(&self.buffer)])), None),
        };
        self.deadlines.extend(deadline.map(|deadline| Reverse((deadline, deferred.id))));
        if let Some(link) = self.links.get_mut(slot) {
            link.answers.push_back(PendingAnswer { ticket: deferred.ticket, deadline, ready });
        }
    }

    /// Sets the answer of a deferred request. Returns `false` if it was answered already.
    pub(crate) fn answer(&mut self, deferred: Deferred, encode: impl FnOnce(Encoder<'_>) -> Answer) -> bool {
        let slot = deferred.id.slot;
        let pending = |pending: &&mut PendingAnswer| pending.ticket == deferred.ticket && pending.ready.is_none();
        let Some(link) = self.links.get_mut(slot).filter(|link| link.peer.id == deferred.id) else { return false };
        if link.answers.iter_mut().find(pending).is_none() {
            return false;
        }
        let capability = link.connection.capability();
        let message = match self.encode(MessageType::Response, capability, encode) {
            Answer::Parts(parts) => Shared::new(parts),
            _ => Shared::new(vec![Bytes::copy_from_slice(&self.buffer)]),
        };
        if let Some(pending) = self.links.get_mut(slot).and_then(|link| link.answers.iter_mut().find(pending)) {
            pending.ready = Some(message);
        }
        self.release(slot);
        true
    }

    /// Queues for output the answers at the front that are ready.
    fn release(&mut self, slot: usize) {
        while let Some(link) = self.links.get_mut(slot)
            && let Some(mut message) = link.answers.front_mut().and_then(|pending| pending.ready.take())
        {
            link.answers.pop_front();
            if let Err(error) = self.post(slot, MessageType::Response, &mut message) {
                self.schedule_close(slot, CloseReason::Error(error));
            }
        }
        // Its input may have been paused, or its close delayed, until these answers went out.
        self.enqueue(slot);
    }

    /// Answers overdue deferred requests with the error `timeout`.
    pub(crate) fn expire_answers(&mut self, slot: usize, now: Instant) {
        let late = |pending: &&PendingAnswer| {
            pending.ready.is_none() && pending.deadline.is_some_and(|deadline| deadline <= now)
        };
        while let Some(link) = self.links.get(slot)
            && let Some(pending) = link.answers.iter().find(late)
        {
            let deferred = Deferred { id: link.peer.id, ticket: pending.ticket };
            self.answer(deferred, |encoder| encoder.error("timeout"));
        }
    }
}
