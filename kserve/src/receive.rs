//! Input of one peer: reads it, finds messages, checks them.

use std::io;

use bytes::{Bytes, BytesMut};
use kwire::{Error, Frame, Login, Message, OutOfTurn, Refused, Step};

use crate::core::{Core, HIGH_WATER};
use crate::link::{Checked, CloseReason, Link, Phase};
use crate::pool::LARGEST;
use crate::sniff::{self, Sniffed};
use crate::worker::Done;

/// The loop's shared receive buffer. Small messages are framed in place; when a turn ends, an incomplete rest moves
/// to the peer's own buffer.
#[derive(Debug, Default)]
pub(crate) struct Receive {
    bytes: Vec<u8>,
    start: usize,
    owner: Option<usize>,
}

/// Size of the receive buffer in bytes.
const CHUNK: usize = 64 * 1024;
/// If more than this many bytes of a message are missing, they are read directly into the peer's own buffer.
const DIRECT_READ: usize = 32 * 1024;
/// Bytes of a large message read per call. The OS may hold 32 MB of it, and reading all of them at once would make
/// a long turn.
const PIECE: usize = 256 * 1024;
/// Bytes read from one peer per turn.
pub(crate) const READ_BUDGET: usize = 1 << 20;
/// Messages larger than this, as sent or inflated, are checked by the worker.
const LARGE: u64 = 256 * 1024;
/// At most this many bytes are passed to `on_bad_message` if the length of a message is unknown.
const BAD_MESSAGE_PREFIX: usize = 64 * 1024;
/// Backpressure: while a peer has this many deferred answers, its requests are not read.
const MAX_DEFERRED: usize = 1024;

/// The next item of work for a peer.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing to do until an event arrives.
    Wait,
    /// More to read, but the turn's budget is used up.
    Yield,
    Login(Login),
    Http(Vec<u8>),
    Message(Message),
    /// A malformed or oversized message, with the bytes received so far.
    Rejected(Refused),
    /// A message that does not fit into memory: its type and its size in bytes.
    Full(kwire::MessageType, u64),
    Failed(Error),
    /// End of input.
    Ended,
}

impl Core {
    /// Returns the peer's next item. Reads at most `left` bytes and subtracts what was read.
    pub(crate) fn next(&mut self, slot: usize, left: &mut usize) -> Next {
        loop {
            let Some(link) = self.links.get_mut(slot) else { return Next::Wait };
            if link.close_reason.is_some() || link.phase == Phase::Closing {
                return Next::Wait;
            }
            if let Some(checked) = link.checked.take() {
                return checked.into();
            }
            if link.flags.checking || link.answers.len() >= MAX_DEFERRED {
                return Next::Wait;
            }
            let pause = HIGH_WATER.min(self.limits.queued);
            if link.outbound.bytes() > pause {
                // Backpressure: the peer must read its output first.
                if let Err(error) = self.write(slot) {
                    return Next::Failed(error);
                }
                if self.links.get(slot).is_none_or(|link| link.outbound.bytes() > pause) {
                    return Next::Wait;
                }
            }
            if let Some(next) = self.find_message(slot) {
                return next;
            }
            let Some(link) = self.links.get(slot) else { return Next::Wait };
            match (link.flags.ended, link.flags.readable) {
                (true, _) => return Next::Ended,
                (false, false) => return Next::Wait,
                (false, true) if *left == 0 => return Next::Yield,
                (false, true) => {}
            }
            match self.read(slot) {
                Ok(read) => *left = left.saturating_sub(read),
                Err(error) => return Next::Failed(error),
            }
        }
    }

    /// Takes a login or message from the buffered bytes, if a whole one is there.
    fn find_message(&mut self, slot: usize) -> Option<Next> {
        let Self { links, receive, message_pool, limits, .. } = self;
        let link = links.get_mut(slot)?;
        let own = !link.inbound.is_empty();
        let bytes = if own { link.inbound.as_bytes() } else { receive.owned_by(slot) };
        if bytes.is_empty() {
            return None;
        }
        if link.phase == Phase::Login {
            match sniff::sniff(bytes) {
                Sniffed::Login => {}
                Sniffed::Tls => return Some(Next::Failed(OutOfTurn::Tls.into())),
                Sniffed::Http => {
                    let whole = sniff::has_all_headers(bytes) || bytes.len() >= limits.http || link.flags.ended;
                    return whole.then(|| Next::Http(bytes.to_vec()));
                }
            }
        }
        let frame = match link.connection.step(bytes) {
            Ok(Step::More(expected)) => {
                link.inbound.expected = expected;
                return None;
            }
            Ok(Step::Login(login, used)) => {
                self.skip(slot, used);
                return Some(Next::Login(login));
            }
            Ok(Step::Message(header)) => {
                let length = usize::try_from(header.length).unwrap_or(usize::MAX);
                if own && length > LARGEST {
                    Frame::new(header, Bytes::from(link.inbound.take_front(length)))
                } else {
                    let bytes: BytesMut = message_pool.copy(bytes.get(..length).unwrap_or_default());
                    self.skip(slot, length);
                    Frame::new(header, bytes)
                }
            }
            Ok(_) => unreachable!("a server's connection takes logins and messages"),
            Err(error @ (Error::Malformed(_) | Error::TooLarge { .. })) if link.phase == Phase::Open => {
                let shown = bytes.get(..BAD_MESSAGE_PREFIX).unwrap_or(bytes);
                return Some(Next::Rejected(Refused { error, bytes: Bytes::copy_from_slice(shown) }));
            }
            Err(error) => return Some(Next::Failed(error)),
        };
        Some(self.check(slot, frame))
    }

    fn skip(&mut self, slot: usize, used: usize) {
        match self.links.get_mut(slot) {
            Some(link) if !link.inbound.is_empty() => link.inbound.skip(used),
            _ => self.receive.start += used,
        }
    }

    /// Checks a message here, or submits it to the worker if it is large.
    fn check(&mut self, slot: usize, frame: Frame) -> Next {
        let (header, inflated) = (frame.header(), frame.inflated());
        let Some(link) = self.links.get_mut(slot) else { return Next::Wait };
        if header.length.max(inflated) > LARGE && !self.inline {
            return match self.worker.submit(link.peer.id, frame, self.limits.wire, self.memory) {
                Ok(()) => {
                    link.flags.checking = true;
                    Next::Wait
                }
                Err(error) => Next::Failed(error.into()),
            };
        }
        if inflated > 0 {
            let taken = usize::try_from(inflated.min(self.limits.wire.inflated)).unwrap_or(usize::MAX);
            if !self.memory.has_room(taken) {
                return Next::Full(header.kind, inflated);
            }
        }
        match frame.check(&self.limits.wire) {
            Ok(message) => Next::Message(message),
            Err(refused) => Next::Rejected(refused),
        }
    }

    /// Collects what the worker has finished.
    pub(crate) fn collect(&mut self) {
        while let Some(done) = self.worker.next() {
            match done {
                Done::Checked(id, checked) => {
                    let link = self.links.get_mut(id.slot).filter(|link| link.peer.id == id);
                    if let Some(link) = link {
                        link.flags.checking = false;
                        link.checked = Some(checked);
                        self.enqueue(id.slot);
                    }
                }
                Done::Compressed(ticket, compressed) => {
                    let worker = &mut self.worker;
                    let of = |(slot, link): (usize, &mut Box<Link>)| {
                        link.outbound.release(ticket, compressed.as_ref(), worker).then_some(slot)
                    };
                    let slots: Vec<usize> = self.links.iter_mut().filter_map(of).collect();
                    slots.into_iter().for_each(|slot| self.enqueue(slot));
                }
            }
        }
    }

    /// Reads once and returns the number of bytes. Edge-triggered: a short read means that the socket is drained,
    /// unless a hang-up is pending. An interrupted read may have done work without content (a TLS handshake, empty
    /// records), so it is charged as a whole turn's budget.
    fn read(&mut self, slot: usize) -> Result<usize, Error> {
        self.stash();
        let Some(link) = self.links.get_mut(slot) else { return Ok(0) };
        let missing = link.inbound.expected.saturating_sub(link.inbound.as_bytes().len());
        let (result, space) = if missing > DIRECT_READ {
            let space = grow(link, missing, self.memory)?.min(PIECE);
            (link.stream.read_at_most(space, &mut link.inbound.bytes), space)
        } else {
            (link.stream.read(self.receive.emptied(slot)), CHUNK)
        };
        let read = match result {
            Ok(0) => {
                link.flags.ended = true;
                return Ok(0);
            }
            Ok(read) => read,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => 0,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(READ_BUDGET),
            Err(error) => return Err(error.into()),
        };
        link.flags.readable = read >= space || link.flags.hung_up && read > 0 || link.stream.is_readable();
        if missing <= DIRECT_READ && !link.inbound.is_empty() {
            // The rest of a message that has begun joins its beginning.
            link.inbound.compact();
            link.inbound.bytes.extend_from_slice(&self.receive.bytes);
            self.receive.bytes.clear();
        }
        Ok(read)
    }

    /// Moves the unread rest of the receive buffer to its owner's buffer.
    pub(crate) fn stash(&mut self) {
        let Some(owner) = self.receive.owner.take() else { return };
        let rest = self.receive.bytes.get(self.receive.start..).unwrap_or_default();
        let Some(link) = self.links.get_mut(owner) else { return };
        if rest.is_empty() {
            link.inbound.compact();
        } else if self.memory.has_room(rest.len()) {
            debug_assert!(link.inbound.is_empty(), "the receive buffer is used only while there is nothing before it");
            (link.inbound.bytes, link.inbound.start) = (rest.to_vec(), 0);
        } else {
            let full = Error::Full(rest.len() as u64);
            self.schedule_close(owner, CloseReason::Error(full));
        }
    }

    /// Reads and drops the input of a closing connection. Returns the number of bytes dropped.
    pub(crate) fn discard(&mut self, slot: usize) -> usize {
        let mut left = READ_BUDGET;
        while let Some(link) = self.links.get_mut(slot)
            && link.flags.readable
            && !link.flags.ended
            && left > 0
        {
            let buffer = self.receive.emptied(slot);
            match link.stream.read(buffer) {
                Ok(0) => link.flags.ended = true,
                Ok(read) => {
                    left = left.saturating_sub(read);
                    link.flags.readable = read >= CHUNK || link.flags.hung_up || link.stream.is_readable();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => link.flags.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => left = left.saturating_sub(CHUNK),
                Err(_) => link.flags.ended = true,
            }
        }
        self.receive.owner = None;
        if left == 0 {
            self.requeue(slot);
        }
        READ_BUDGET - left
    }
}

impl Receive {
    fn owned_by(&self, slot: usize) -> &[u8] {
        debug_assert!(self.start <= self.bytes.len(), "at most the bytes received are consumed");
        if self.owner == Some(slot) { self.bytes.get(self.start..).unwrap_or_default() } else { &[] }
    }

    /// Hands the empty receive buffer to `slot`. The caller must have consumed or stashed its content.
    fn emptied(&mut self, slot: usize) -> &mut Vec<u8> {
        self.owner = Some(slot);
        self.start = 0;
        self.bytes.clear();
        self.bytes.reserve_exact(CHUNK);
        &mut self.bytes
    }
}

/// Makes room for the rest of a message: at most doubles the buffer, so that memory grows with the bytes received.
/// Returns the free space in bytes.
fn grow(link: &mut Link, missing: usize, memory: crate::Memory) -> Result<usize, Error> {
    let inbound = &mut link.inbound;
    inbound.compact();
    let have = inbound.bytes.len();
    if inbound.bytes.capacity() == have {
        let more = missing.min(have.max(CHUNK));
        let full = Error::Full(more as u64);
        if !memory.has_room(more) || inbound.bytes.try_reserve_exact(more).is_err() {
            return Err(full);
        }
    }
    Ok(inbound.bytes.capacity() - have)
}

impl From<Checked> for Next {
    fn from(checked: Checked) -> Self {
        match checked {
            Checked::Message(message) => Self::Message(message),
            Checked::Refused(refused) => Self::Rejected(refused),
            Checked::Full(kind, bytes) => Self::Full(kind, bytes),
        }
    }
}
