//! One connection: its socket, its conversation, and what waits on either side.

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
    /// Answers that cannot go out yet, in the order of their requests; empty unless one is deferred.
    pub(crate) answers: VecDeque<Owed>,
    /// Requests of ours whose responses are to come.
    pub(crate) asked: VecDeque<Ticket>,
    /// A message that the worker has checked.
    pub(crate) checked: Option<Checked>,
    /// Why the connection is to be closed, once it is.
    pub(crate) doom: Option<Doom>,
    /// When a closing connection is given up, unless fewer bytes wait for it by then.
    pub(crate) deadline: Option<(Instant, usize)>,
    /// Until when it stands behind others, after a turn that took long.
    pub(crate) rests: Option<Instant>,
    pub(crate) flags: Flags,
}

#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Flags {
    /// The socket may have input.
    pub(crate) readable: bool,
    /// The OS has told of the end of input: reads go on until they return it.
    pub(crate) hung: bool,
    /// The end of input was read.
    pub(crate) ended: bool,
    /// Our end is shut for writing.
    pub(crate) shut: bool,
    /// The slot is on the run queue.
    pub(crate) queued: bool,
    /// The slot is on the list of those with something to write, or to be closed.
    pub(crate) dirty: bool,
    /// A message is with the worker.
    pub(crate) checking: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Phase {
    /// Nobody knows yet who it is.
    Login,
    /// Messages pass.
    Open,
    /// The handler has heard of the end; what was answered is written, what comes is discarded.
    Closing,
}

/// Why a connection is to be closed.
#[derive(Debug)]
pub(crate) enum Doom {
    /// The handler wants it.
    Close,
    Error(Error),
}

/// An answer in its place.
#[derive(Debug)]
pub(crate) struct Owed {
    pub(crate) ticket: u64,
    pub(crate) deadline: Option<Instant>,
    /// The message, once it is there.
    pub(crate) ready: Option<Shared>,
}

/// What the worker made of a message.
#[derive(Debug)]
pub(crate) enum Checked {
    Message(Message),
    Refused(Refused),
    /// There is no memory for so many bytes.
    Full(kwire::MessageType, u64),
}

/// Bytes of messages that are not complete, or whose turn has not come. Holds no memory while it is
/// empty.
#[derive(Debug, Default)]
pub(crate) struct Inbound {
    pub(crate) bytes: Vec<u8>,
    pub(crate) start: usize,
    /// Bytes of the message that has begun, once its header is known.
    pub(crate) expected: usize,
}

impl Inbound {
    pub(crate) fn as_bytes(&self) -> &[u8] {
        self.bytes.get(self.start..).unwrap_or_default()
    }

    pub(crate) const fn is_empty(&self) -> bool {
        self.start == self.bytes.len()
    }

    /// Passes over the first `length` bytes.
    pub(crate) fn skip(&mut self, length: usize) {
        self.start = (self.start + length).min(self.bytes.len());
        self.expected = 0;
        if self.is_empty() {
            *self = Self::default();
        }
    }

    /// Moves what is left to the front, into memory of its own size.
    pub(crate) fn compact(&mut self) {
        if self.start > 0 {
            self.bytes = self.as_bytes().to_vec();
            self.start = 0;
        }
    }

    /// Takes the first `length` bytes together with the buffer.
    pub(crate) fn take_front(&mut self, length: usize) -> Vec<u8> {
        self.compact();
        let rest = self.bytes.split_off(length.min(self.bytes.len()));
        let whole = std::mem::replace(&mut self.bytes, rest);
        self.expected = 0;
        whole
    }
}

impl Link {
    /// Whether its turns are to come after those of others.
    pub(crate) fn is_resting(&self) -> bool {
        self.rests.is_some_and(|until| Instant::now() < until)
    }

    /// Whether its next turn may be the work of a TLS handshake.
    pub(crate) fn is_handshaking(&self) -> bool {
        self.phase == Phase::Login && self.stream.is_handshaking()
    }

    pub(crate) const fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Open) && self.doom.is_none()
    }
}
