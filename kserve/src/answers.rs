//! Answers in the order of their requests, though some come later.

use std::cmp::Reverse;
use std::time::Instant;

use bytes::Bytes;
use kwire::MessageType;

use crate::core::Core;
use crate::encode::{Answer, Encoder, Shared};
use crate::link::{Doom, Owed};
use crate::reply::Deferred;

impl Core {
    /// A name for an answer that may come later.
    pub(crate) const fn next_ticket(&mut self) -> u64 {
        self.ticket += 1;
        self.ticket
    }

    /// Answers the sync message for which `deferred` stands: at once, or in its place behind
    /// answers that are still owed.
    pub(crate) fn respond(&mut self, deferred: Deferred, answer: Answer) {
        let slot = deferred.id.slot;
        let Some(link) = self.links.get(slot).filter(|link| link.peer.id == deferred.id) else { return };
        if link.answers.is_empty() && !matches!(answer, Answer::Deferred) {
            if let Err(error) = self.post_answer(slot, MessageType::Response, answer) {
                self.doom(slot, Doom::Error(error));
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
            link.answers.push_back(Owed { ticket: deferred.ticket, deadline, ready });
        }
    }

    /// Gives an answer that was deferred; whether it was still owed.
    pub(crate) fn answer(&mut self, deferred: Deferred, encode: impl FnOnce(Encoder<'_>) -> Answer) -> bool {
        let slot = deferred.id.slot;
        let owed = |owed: &&mut Owed| owed.ticket == deferred.ticket && owed.ready.is_none();
        let Some(link) = self.links.get_mut(slot).filter(|link| link.peer.id == deferred.id) else { return false };
        if link.answers.iter_mut().find(owed).is_none() {
            return false;
        }
        let capability = link.connection.capability();
        let message = match self.encode(MessageType::Response, capability, encode) {
            Answer::Parts(parts) => Shared::new(parts),
            _ => Shared::new(vec![Bytes::copy_from_slice(&self.buffer)]),
        };
        if let Some(owed) = self.links.get_mut(slot).and_then(|link| link.answers.iter_mut().find(owed)) {
            owed.ready = Some(message);
        }
        self.release(slot);
        true
    }

    /// Queues the answers that no longer have to wait for one before them.
    fn release(&mut self, slot: usize) {
        while let Some(link) = self.links.get_mut(slot)
            && let Some(mut message) = link.answers.front_mut().and_then(|owed| owed.ready.take())
        {
            link.answers.pop_front();
            if let Err(error) = self.post(slot, MessageType::Response, &mut message) {
                self.doom(slot, Doom::Error(error));
            }
        }
        // It may have waited for this to be read from again, or to be closed.
        self.enqueue(slot);
    }

    /// Answers what was deferred for too long.
    pub(crate) fn expire_answers(&mut self, slot: usize, now: Instant) {
        let late = |owed: &&Owed| owed.ready.is_none() && owed.deadline.is_some_and(|deadline| deadline <= now);
        while let Some(link) = self.links.get(slot)
            && let Some(owed) = link.answers.iter().find(late)
        {
            let deferred = Deferred { id: link.peer.id, ticket: owed.ticket };
            self.answer(deferred, |encoder| encoder.error("timeout"));
        }
    }
}
