//! One connection: socket, protocol state, input and output.

use std::collections::VecDeque;
use std::time::Instant;

use kwire::{Connection, Error, Message, Refused};

use crate::context::Ticket;
use crate::encode::Shared;
use crate::listen::Stream;
use crate::outbound::Outbound;
use crate::peer::Peer;

/// One connection.
#[derive(Debug)]
pub(crate) struct Link {
    pub(crate) peer: Peer,
    pub(crate) stream: Stream,
    pub(crate) connection: Connection,
    pub(crate) phase: Phase,
    pub(crate) inbound: Inbound,
    pub(crate) outbound: Outbound,
    /// Answers that cannot be sent yet, in the order of their requests. Empty unless one is deferred.
    pub(crate) answers: VecDeque<PendingAnswer>,
    /// Requests sent to this peer whose responses are pending.
    pub(crate) sent_requests: VecDeque<Ticket>,
    /// A message that the worker has checked.
    pub(crate) checked: Option<Checked>,
    /// Set if the connection is scheduled to close.
    pub(crate) close_reason: Option<CloseReason>,
    /// When a closing connection is cut off, unless fewer than this many bytes are queued by then.
    pub(crate) deadline: Option<(Instant, usize)>,
    /// After a long turn: until when the slot queues behind others.
    pub(crate) penalized_until: Option<Instant>,
    pub(crate) flags: Flags,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    /// The socket may have input.
    pub(crate) readable: bool,
    /// The OS has signalled end of input: reads continue until they return 0.
    pub(crate) hung_up: bool,
    /// A read returned end of input.
    pub(crate) ended: bool,
    /// The write side is shut down.
    pub(crate) shut: bool,
    /// The slot is on the run queue.
    pub(crate) queued: bool,
    /// The slot is on the dirty list.
    pub(crate) dirty: bool,
    /// The worker holds a message of this connection.
    pub(crate) checking: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Not logged in yet.
    Login,
    /// Logged in: messages are handled.
    Open,
    /// The handler was notified. Pending output is written, input is discarded.
    Closing,
}

/// Why a connection is scheduled to close.
#[derive(Debug)]
pub(crate) enum CloseReason {
    /// Requested by the handler.
    Close,
    Error(Error),
}

/// A deferred answer, or one queued behind a deferred answer.
#[derive(Debug)]
pub(crate) struct PendingAnswer {
    pub(crate) ticket: u64,
    pub(crate) deadline: Option<Instant>,
    /// The encoded message, once it is available.
    pub(crate) ready: Option<Shared>,
}

/// The worker's result for a message.
#[derive(Debug)]
pub(crate) enum Checked {
    Message(Message),
    Refused(Refused),
    /// A message of this type does not fit into memory: its size in bytes.
    Full(kwire::MessageType, u64),
}

/// Input bytes that are not handled yet: incomplete messages, and messages whose turn has not come. Holds no memory
/// while empty.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    pub(crate) bytes: Vec<u8>,
    pub(crate) start: usize,
    /// Length in bytes of the message that has begun; 0 until its header is known.
    pub(crate) expected: usize,
}

impl Inbound {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        debug_assert!(self.start <= self.bytes.len(), "`skip` clamps the start to the length");
        self.bytes.get(self.start..).unwrap_or_default()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Consumes the first `length` bytes.
    pub(crate) fn skip(&mut self, length: usize) {
        self.start = (self.start + length).min(self.bytes.len());
        self.expected = 0;
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// Moves the remaining bytes to the front, into an allocation of exactly their size.
    pub(crate) fn compact(&mut self) {
        if self.start > 0 {
            self.bytes = self.as_bytes().to_vec();
            self.start = 0;
        }
    }

    /// Takes the first `length` bytes together with the allocation.
    pub(crate) fn take_front(&mut self, length: usize) -> Vec<u8> {
        self.compact();
        let rest = self.bytes.split_off(length.min(self.bytes.len()));
        let whole = std::mem::replace(&mut self.bytes, rest);
        self.expected = 0;
        whole
    }
}

impl Link {
    /// Whether its turns come after those of other slots, because of a long turn.
    pub(crate) fn is_penalized(&self) -> bool {
        self.penalized_until.is_some_and(|until| Instant::now() < until)
    }

    /// Whether its next turn may run a TLS handshake.
    pub(crate) fn is_handshaking(&self) -> bool {
        self.phase == Phase::Login && self.stream.is_handshaking()
    }

    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open) && self.close_reason.is_none()
    }
}
