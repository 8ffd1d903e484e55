//! What comes in from one peer: read, found, checked.

use std::io;

use bytes::{Bytes, BytesMut};
use kwire::{Error, Frame, Login, Message, OutOfTurn, Refused, Step};

use crate::core::{Core, PAUSE};
use crate::greet::{self, Greeting};
use crate::link::{Checked, Doom, Link, Phase};
use crate::recycle::LARGEST;
use crate::worker::Done;

/// The loop's receive buffer. Small messages are found in it; what is left of them when a turn ends
/// is moved to its peer.
#[derive(Debug, Default)]
pub(crate) struct Receive {
    bytes: Vec<u8>,
    start: usize,
    owner: Option<usize>,
}

/// Bytes of the receive buffer.
const CHUNK: usize = 64 * 1024;
/// A message that misses more than this is read straight into memory of its own.
const DIRECT: usize = 32 * 1024;
/// Bytes of a large message that are read in one call. The OS may hold 32 MB of it, and taking them at
/// once would be a long turn.
const PIECE: usize = 256 * 1024;
/// Bytes read from one peer before others have their turn.
pub(crate) const READ: usize = 1 << 20;
/// A message of more bytes, as sent or as inflated, is checked by the worker.
const LARGE: u64 = 256 * 1024;
/// The most that a handler is shown of a message that cannot be found the end of.
const SHOWN: usize = 64 * 1024;
/// Deferred answers of one peer from which on its requests wait.
const DEFERRED: usize = 1024;

/// What a peer has for the loop to do.
#[derive(Debug)]
pub(crate) enum Next {
    /// Nothing until an event comes.
    Wait,
    /// More, but its turn is over.
    Yield,
    Login(Login),
    Http(Vec<u8>),
    Message(Message),
    /// A message that is malformed or too large, as far as it came.
    Rejected(Refused),
    /// A message for which there is no memory.
    Full(kwire::MessageType, u64),
    Failed(Error),
    /// The peer has sent all that it will send.
    Ended,
}

impl Core {
    /// Takes what a peer has next, reading at most `left` bytes.
    pub(crate) fn next(&mut self, slot: usize, left: &mut usize) -> Next {
        loop {
            let Some(link) = self.links.get_mut(slot) else { return Next::Wait };
            if link.doom.is_some() || link.phase == Phase::Closing {
                return Next::Wait;
            }
            if let Some(checked) = link.checked.take() {
                return checked.into();
            }
            if link.flags.checking || link.answers.len() >= DEFERRED {
                return Next::Wait;
            }
            let pause = PAUSE.min(self.limits.queued);
            if link.outbound.bytes() > pause {
                // Its own requests wait until it reads.
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

    /// Takes a message or a login from the bytes at hand, if all of it is there.
    fn find_message(&mut self, slot: usize) -> Option<Next> {
        let Self { links, receive, recycle, limits, .. } = self;
        let link = links.get_mut(slot)?;
        let own = !link.inbound.is_empty();
        let bytes = if own { link.inbound.as_bytes() } else { receive.owned_by(slot) };
        if bytes.is_empty() {
            return None;
        }
        if link.phase == Phase::Login {
            match greet::greeting(bytes) {
                Greeting::Login => {}
                Greeting::Tls => return Some(Next::Failed(OutOfTurn::Tls.into())),
                Greeting::Http => {
                    let whole = greet::is_whole(bytes) || bytes.len() >= limits.http || link.flags.ended;
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
                    let bytes: BytesMut = recycle.copy(bytes.get(..length).unwrap_or_default());
                    self.skip(slot, length);
                    Frame::new(header, bytes)
                }
            }
            Ok(_) => unreachable!("a server's connection takes logins and messages"),
            Err(error @ (Error::Malformed(_) | Error::TooLarge { .. })) if link.phase == Phase::Open => {
                let shown = bytes.get(..SHOWN).unwrap_or(bytes);
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

    /// Checks a message, or has it checked.
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

    /// Takes back what the worker has done.
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

    /// Reads once and returns how many bytes came. A read that did not fill its buffer has drained
    /// the socket, unless the end of input is behind it. One that was interrupted may have worked all
    /// the same, on a TLS handshake or on records without content: it counts as a whole turn's.
    fn read(&mut self, slot: usize) -> Result<usize, Error> {
        self.stash();
        let Some(link) = self.links.get_mut(slot) else { return Ok(0) };
        let missing = link.inbound.expected.saturating_sub(link.inbound.as_bytes().len());
        let (result, space) = if missing > DIRECT {
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
            Err(error) if error.kind() == io::ErrorKind::Interrupted => return Ok(READ),
            Err(error) => return Err(error.into()),
        };
        link.flags.readable = read >= space || link.flags.hung && read > 0 || link.stream.is_readable();
        if missing <= DIRECT && !link.inbound.is_empty() {
            // A message has begun: the rest joins it.
            link.inbound.compact();
            link.inbound.bytes.extend_from_slice(&self.receive.bytes);
            self.receive.bytes.clear();
        }
        Ok(read)
    }

    /// Moves what is left in the receive buffer to its peer.
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
            self.doom(owner, Doom::Error(full));
        }
    }

    /// Discards what a closing connection sends; how many bytes that were.
    pub(crate) fn discard(&mut self, slot: usize) -> usize {
        let mut left = READ;
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
                    link.flags.readable = read >= CHUNK || link.flags.hung || link.stream.is_readable();
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => link.flags.readable = false,
                Err(error) if error.kind() == io::ErrorKind::Interrupted => left = left.saturating_sub(CHUNK),
                Err(_) => link.flags.ended = true,
            }
        }
        self.receive.owner = None;
        if left == 0 {
            self.put_off(slot);
        }
        READ - left
    }
}

impl Receive {
    fn owned_by(&self, slot: usize) -> &[u8] {
        if self.owner == Some(slot) { self.bytes.get(self.start..).unwrap_or_default() } else { &[] }
    }

    /// The buffer, whose bytes have all been taken, for what `slot` sends next.
    fn emptied(&mut self, slot: usize) -> &mut Vec<u8> {
        self.owner = Some(slot);
        self.start = 0;
        self.bytes.clear();
        self.bytes.reserve_exact(CHUNK);
        &mut self.bytes
    }
}

/// Makes room for more of a message: as much as there is already, or what is missing.
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
