//! The backlog: messages received while a call waited for something else.

use std::collections::VecDeque;

use crate::error::{Bound, Error};
use crate::message::Message;

/// A queue of messages, bounded by their memory in bytes.
#[derive(Debug)]
pub(crate) struct Kept {
    messages: VecDeque<Message>,
    bytes: u64,
    limit: u64,
}

/// Bytes counted per message besides its body: its queue entry and its reference count.
const OVERHEAD: u64 = size_of::<Message>() as u64 + 64;

impl Kept {
    pub(crate) const fn new(limit: u64) -> Self {
        Self { messages: VecDeque::new(), bytes: 0, limit }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.messages.is_empty()
    }

    /// Whether the limit is reached. The last message may exceed it.
    pub(crate) const fn is_full(&self) -> bool {
        self.bytes >= self.limit
    }

    pub(crate) fn push(&mut self, message: Message) -> Result<(), Error> {
        if self.is_full() {
            return Err(Error::TooLarge { what: Bound::Backlog, bytes: self.bytes, limit: self.limit });
        }
        self.bytes += held(&message);
        self.messages.push_back(message);
        Ok(())
    }

    pub(crate) fn pop(&mut self) -> Option<Message> {
        let message = self.messages.pop_front()?;
        self.bytes -= held(&message);
        Some(message)
    }
}

fn held(message: &Message) -> u64 {
    message.body().as_bytes().len() as u64 + OVERHEAD
}
