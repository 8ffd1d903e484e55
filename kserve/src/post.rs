//! Queues output, for one peer or for many.

use bytes::Bytes;
use kcodec::{Body, Capability, Value};
use kwire::{Bound, Error, MessageType};

use crate::core::{Core, HIGH_WATER};
use crate::encode::{Answer, Compressed, Encoder, Shared};
use crate::link::{CloseReason, Link};
use crate::outbound::SMALL;
use crate::peer::PeerId;

/// Messages of at most this many bytes are never compressed.
const NEVER_COMPRESSED: usize = 2000;

impl Core {
    /// Whether another message may be queued. If the queue stays over the limit after a write, the peer is
    /// scheduled to close.
    fn may_queue(&mut self, slot: usize) -> bool {
        let limit = self.limits.queued;
        let over = |core: &Self| core.links.get(slot).is_some_and(|link| link.outbound.bytes() > limit);
        let waiting = |core: &Self| core.links.get(slot).map_or(0, |link| link.outbound.bytes());
        let error = loop {
            if !over(self) {
                return true;
            }
            // A write stops at its budget, though the socket may take more.
            let before = waiting(self);
            match self.write(slot) {
                Ok(()) if waiting(self) < before => {}
                Ok(()) => {
                    break Error::TooLarge { what: Bound::Queue, bytes: before as u64, limit: limit as u64 };
                }
                Err(error) => break error,
            }
        };
        self.schedule_close(slot, CloseReason::Error(error));
        false
    }

    /// Queues a message that is shared with other peers, or consists of several parts.
    pub(crate) fn post(&mut self, slot: usize, kind: MessageType, message: &mut Shared) -> Result<(), Error> {
        if !self.may_queue(slot) {
            return Err(Error::Failed);
        }
        let link = self.links.get_mut(slot).ok_or(Error::Failed)?;
        link.connection.note_sent(kind)?;
        let compressed = link.connection.compression().map(|threshold| {
            self.ticket += 1;
            let (ticket, memory) = (self.ticket, self.memory);
            let submit = |parts| self.worker.compress(ticket, parts, threshold, memory).ok().map(|()| ticket);
            message.compressed(threshold, memory, submit)
        });
        match compressed {
            None | Some(Compressed::Plain) => link.outbound.push(message.plain.iter().cloned()),
            Some(Compressed::Done(bytes)) => link.outbound.push([bytes]),
            Some(Compressed::Pending(ticket)) => link.outbound.hold(ticket, message.plain.clone()),
        }
        self.mark_dirty(slot);
        Ok(())
    }

    /// Queues a copy of a message in the loop's scratch buffer.
    fn post_buffer(&mut self, slot: usize, kind: MessageType, message: &[u8]) -> Result<(), Error> {
        let compresses = |link: &Link| link.connection.compression().is_some() && message.len() > NEVER_COMPRESSED;
        if message.len() >= SMALL || self.links.get(slot).is_some_and(|link| compresses(link)) {
            return self.post(slot, kind, &mut Shared::new(vec![message.to_vec().into()]));
        }
        if !self.may_queue(slot) {
            return Err(Error::Failed);
        }
        let link = self.links.get_mut(slot).ok_or(Error::Failed)?;
        if link.outbound.bytes() > HIGH_WATER && !self.memory.has_room(message.len()) {
            return Err(Error::Full(message.len() as u64));
        }
        link.connection.note_sent(kind)?;
        link.outbound.append(message, &mut self.buffer_pool);
        self.mark_dirty(slot);
        Ok(())
    }

    /// Encodes a message for one peer and queues it.
    pub(crate) fn send(&mut self, id: PeerId, kind: MessageType, value: Value<'_>) -> Result<(), Error> {
        let capability = self.find(id).ok_or(Error::Failed)?.connection.capability();
        self.encode(kind, capability, |mut encoder| {
            encoder.try_value(value)?;
            Ok(encoder.written())
        })
        .and_then(|answer| self.post_answer(id.slot, kind, answer))
    }

    /// Queues a body for one peer. A large body is shared, not copied.
    pub(crate) fn send_body(&mut self, id: PeerId, kind: MessageType, body: &Body) -> Result<(), Error> {
        let capability = self.find(id).ok_or(Error::Failed)?.connection.capability();
        self.encode(kind, capability, |encoder| encoder.try_body(body))
            .and_then(|answer| self.post_answer(id.slot, kind, answer))
    }

    pub(crate) fn post_answer(&mut self, slot: usize, kind: MessageType, answer: Answer) -> Result<(), Error> {
        match answer {
            Answer::Parts(parts) => self.post(slot, kind, &mut Shared::new(parts)),
            _ => self.with_buffer(|core, buffer| core.post_buffer(slot, kind, buffer)),
        }
    }

    /// Runs `encode` with the cleared scratch buffer.
    pub(crate) fn encode<T>(
        &mut self,
        kind: MessageType,
        capability: Capability,
        encode: impl FnOnce(Encoder<'_>) -> T,
    ) -> T {
        self.buffer.clear();
        encode(Encoder { kind, capability, memory: self.memory, buffer: &mut self.buffer })
    }

    fn with_buffer<T>(&mut self, run: impl FnOnce(&mut Self, &[u8]) -> T) -> T {
        let buffer = std::mem::take(&mut self.buffer);
        let done = run(self, &buffer);
        self.buffer = buffer;
        done
    }

    /// Sends one async message to all open peers in `to`. It is encoded once.
    pub(crate) fn broadcast(
        &mut self,
        to: &[PeerId],
        encode: impl FnOnce(Encoder<'_>) -> Result<Answer, Error>,
    ) -> Result<(), Error> {
        let capabilities = to.iter().filter_map(|&id| Some(self.find(id)?.connection.capability()));
        let Some(lowest) = capabilities.min() else { return Ok(()) };
        let kind = MessageType::Async;
        let parts = match self.encode(kind, lowest, encode)? {
            Answer::Parts(parts) => parts,
            _ => vec![Bytes::copy_from_slice(&self.buffer)],
        };
        let mut message = Shared::new(parts);
        for &id in to {
            if self.find(id).is_some() {
                // A peer over its limit is scheduled to close; flushing its slot reports the error.
                let _ = self.post(id.slot, kind, &mut message);
            }
        }
        Ok(())
    }
}
