//! One direction of a connection in a capture: its messages, found again after a gap.
//!
//! The headers say where messages begin, as long as no byte is missing. After a gap inside a message the next one still
//! begins where the header said. After any other, and where a capture begins in the middle of a connection, the bytes
//! are searched: a message begins at a header whose body decodes, and which another header follows, or the end of what
//! has come. The search holds at most [`WINDOW`] bytes and decodes at most [`EFFORT`] bytes for each that comes.

use bytes::{Buf, Bytes, BytesMut};
use kwire::{Header, Limits, Login, Message};

use crate::recording::LARGEST;

/// What the bytes of a direction are.
#[derive(Debug)]
pub(super) enum Found {
    Login(Login),
    /// The server's answer to a login.
    Answer,
    Message(Bytes),
    /// At least one message is missing, or is not whole.
    Missing,
    /// The connection is no kdb+ IPC.
    Foreign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// The capture begins here: with a login, a message, or in the middle of one.
    Unknown,
    Login,
    Answer,
    Header,
    /// A message of so many bytes.
    Message(usize),
    /// So many bytes that are passed over.
    Skip(u64),
    /// Searching for a message. Whether what lies before it is missing.
    Lost(bool),
    Foreign,
}

#[derive(Debug)]
pub(super) struct Half {
    state: State,
    held: BytesMut,
    search: Search,
}

/// Where in the held bytes messages may begin.
#[derive(Debug, Default)]
struct Search {
    /// Offsets of headers.
    candidates: Vec<usize>,
    /// Bytes that were looked at.
    scanned: usize,
    /// Whether bytes were dropped.
    has_passed: bool,
    /// Bytes that may still be decoded to see whether they are a message.
    effort: usize,
}

/// Bytes of a login, its NUL included: more are no login.
const LOGIN: usize = 4096;
/// Bytes that are searched at once: after a gap, larger messages are passed over.
const WINDOW: usize = 16 << 20;
const CANDIDATES: usize = 256;
const EFFORT: usize = 16;

impl Half {
    pub(super) fn new() -> Self {
        Self { state: State::Unknown, held: BytesMut::new(), search: Search::default() }
    }

    /// The client's first bytes are a login.
    pub(super) fn expect_login(&mut self) {
        if self.state == State::Unknown {
            self.state = State::Login;
        }
    }

    /// The server's first byte is its answer.
    pub(super) fn expect_answer(&mut self) {
        if self.state == State::Unknown {
            self.state = State::Answer;
        }
    }

    /// What follows is of no use.
    pub(super) fn give_up(&mut self) {
        *self = Self { state: State::Foreign, ..Self::new() };
    }

    /// Takes bytes; [`next`](Self::next) then tells what they are.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        match self.state {
            State::Foreign => return,
            // A client sends nothing behind a login before it was answered.
            State::Unknown if is_login(bytes) => self.state = State::Login,
            State::Unknown => self.state = State::Lost(false),
            _ => {}
        }
        self.held.extend_from_slice(bytes);
        self.search.effort = self.search.effort.saturating_add(bytes.len().saturating_mul(EFFORT)).min(WINDOW * EFFORT);
    }

    /// What is next in the bytes that were pushed.
    pub(super) fn next(&mut self) -> Option<Found> {
        loop {
            match self.state {
                State::Unknown | State::Foreign => return None,
                State::Login => return self.login(),
                State::Answer => {
                    let answer = *self.held.first()?;
                    self.held.advance(1);
                    self.state = State::Header;
                    return Some(if answer < b' ' { Found::Answer } else { self.foreign() });
                }
                State::Header => match Header::parse(*self.held.first_chunk()?) {
                    Ok(header) if header.length > LARGEST as u64 => {
                        self.state = State::Skip(header.length);
                        return Some(Found::Missing);
                    }
                    Ok(header) => self.state = State::Message(usize::try_from(header.length).unwrap_or(LARGEST)),
                    Err(_) => {
                        self.lose(true);
                        return Some(Found::Missing);
                    }
                },
                State::Message(length) if self.held.len() < length => return None,
                State::Message(length) => {
                    self.state = State::Header;
                    return Some(Found::Message(self.held.split_to(length).freeze()));
                }
                State::Skip(left) => {
                    let skipped = left.min(self.held.len() as u64);
                    self.held.advance(usize::try_from(skipped).unwrap_or(usize::MAX));
                    if skipped < left {
                        self.state = State::Skip(left - skipped);
                        return None;
                    }
                    self.state = State::Header;
                }
                State::Lost(is_noted) => {
                    let Some(at) = self.search.run(&self.held) else {
                        self.shrink();
                        return None;
                    };
                    self.held.advance(at);
                    self.state = State::Header;
                    let is_missing = (at > 0 || self.search.has_passed) && !is_noted;
                    self.search.forget();
                    if is_missing {
                        return Some(Found::Missing);
                    }
                }
            }
        }
    }

    /// So many bytes are not in the capture.
    pub(super) fn gap(&mut self, bytes: u64) -> Option<Found> {
        let rest = match self.state {
            State::Foreign => return None,
            State::Message(length) => length.saturating_sub(self.held.len()) as u64,
            State::Skip(left) => left,
            _ => 0,
        };
        let is_noted = match self.state {
            State::Lost(is_noted) => is_noted,
            State::Skip(left) => bytes <= left,
            _ => false,
        };
        self.held.clear();
        if bytes <= rest {
            self.state = State::Skip(rest - bytes);
        } else {
            self.lose(true);
        }
        (!is_noted).then_some(Found::Missing)
    }

    /// Whether the bytes end in the middle of a message.
    pub(super) fn is_within(&self) -> bool {
        !self.held.is_empty() && matches!(self.state, State::Header | State::Message(_))
    }

    fn lose(&mut self, is_noted: bool) {
        self.state = State::Lost(is_noted);
        self.search.forget();
    }

    /// Drops bytes in which no message begins.
    fn shrink(&mut self) {
        if self.held.len() > WINDOW {
            self.search.candidates.clear();
        }
        let useless = self.search.pass();
        self.held.advance(useless);
    }

    fn foreign(&mut self) -> Found {
        self.give_up();
        Found::Foreign
    }

    fn login(&mut self) -> Option<Found> {
        match memchr::memchr(0, &self.held) {
            Some(end) if is_login(self.held.get(..=end).unwrap_or_default()) => {
                let mut login = Login::parse(self.held.split_to(end).freeze());
                // A copy: a slice would keep the password in memory.
                login.user = Bytes::copy_from_slice(&login.user);
                login.password = Bytes::new();
                self.held.advance(1);
                self.state = State::Header;
                Some(Found::Login(login))
            }
            None if self.held.len() < LOGIN && self.held.iter().all(|&byte| is_text(byte) || byte < b' ') => None,
            _ => Some(self.foreign()),
        }
    }
}

/// Whether bytes are a login and nothing else: text, a capability unless the client is old, and a NUL.
fn is_login(bytes: &[u8]) -> bool {
    let Some((0, credentials)) = bytes.split_last() else { return false };
    let Some((last, text)) = credentials.split_last() else { return false };
    bytes.len() <= LOGIN && text.iter().copied().all(is_text) && (is_text(*last) || (1..b' ').contains(last))
}

const fn is_text(byte: u8) -> bool {
    byte >= b' ' && byte != 0x7f
}

impl Search {
    fn forget(&mut self) {
        (self.candidates, self.scanned, self.has_passed) = (Vec::new(), 0, false);
    }

    /// Passes the bytes before the first candidate, and returns how many those are.
    fn pass(&mut self) -> usize {
        let passed = self.candidates.first().map_or(self.scanned, |&first| first);
        self.candidates.iter_mut().for_each(|at| *at -= passed);
        self.scanned -= passed;
        self.has_passed |= passed > 0;
        passed
    }

    /// Where the first message begins that is known to be one.
    fn run(&mut self, held: &BytesMut) -> Option<usize> {
        let starts = held.windows(Header::LEN).enumerate().skip(self.scanned);
        let headers = starts.filter(|(_, head)| length(head).is_some()).map(|(at, _)| at);
        self.candidates.extend(headers);
        self.scanned = self.scanned.max((held.len() + 1).saturating_sub(Header::LEN));
        let mut found = None;
        let candidates = std::mem::take(&mut self.candidates);
        for at in candidates {
            match self.try_one(held.get(at..).unwrap_or_default()) {
                Some(true) => {
                    found = Some(at);
                    break;
                }
                Some(false) => {}
                None => self.candidates.push(at),
            }
        }
        self.candidates.truncate(CANDIDATES);
        found
    }

    /// Whether a message begins here; `None` if too few bytes have come to tell.
    fn try_one(&mut self, bytes: &[u8]) -> Option<bool> {
        let Some(length) = length(bytes) else { return Some(false) };
        let (message, rest) = bytes.split_at_checked(length)?;
        if !rest.is_empty() && self::length(rest.get(..Header::LEN)?).is_none() {
            return Some(false);
        }
        let Some(effort) = self.effort.checked_sub(length) else { return Some(false) };
        self.effort = effort;
        let limits = Limits { inflated: WINDOW as u64, ..Limits::default() };
        Some(Message::decode(message, &limits).is_ok())
    }
}

/// The length that a header announces, if it is one of a message that can be searched for.
fn length(head: &[u8]) -> Option<usize> {
    let header = Header::parse(*head.first_chunk()?).ok()?;
    usize::try_from(header.length).ok().filter(|&length| length <= WINDOW)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(half: &mut Half, bytes: &[u8]) -> Vec<Found> {
        half.push(bytes);
        std::iter::from_fn(|| half.next()).collect()
    }

    #[test]
    fn searching_holds_little_and_finds_the_next_message() {
        let message = crate::golden().remove(0).message;
        let mut half = Half::new();
        let mut seed = 1_u64;
        for _ in 0..2000 {
            let bytes: Vec<u8> = (0..1400)
                .map(|_| {
                    seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                    seed.to_le_bytes()[7]
                })
                .collect();
            assert!(found(&mut half, &bytes).is_empty());
            assert!(half.held.len() < 2 * 1400 || !half.search.candidates.is_empty());
        }
        let all = found(&mut half, &message);
        assert!(matches!(&all[..], [Found::Missing, Found::Message(found)] if *found == message), "{all:?}");
    }

    #[test]
    fn headers_that_lie_are_dropped() {
        // Each eight bytes announce 1 MiB, so that all of it waits.
        let mut half = Half::new();
        half.state = State::Lost(true);
        for _ in 0..2500 {
            assert!(found(&mut half, &[1, 0, 0, 0, 0, 0, 16, 0].repeat(1000)).is_empty());
            assert!(half.held.len() <= WINDOW && half.search.candidates.len() <= CANDIDATES);
        }
    }
}
