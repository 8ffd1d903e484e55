//! One direction of a captured connection: splits its bytes into messages, and resynchronizes after gaps.
//!
//! While no byte is missing, the headers give the message boundaries. After a gap within a message, the next message
//! still begins where the header said. After any other gap, and where a capture begins within a connection, the bytes
//! are searched: a message begins at a header whose body decodes and which is followed by another header or by the end
//! of the received bytes. The search buffers at most [`WINDOW`] bytes and decodes at most [`DECODE_BUDGET`] bytes per
//! received byte.

use bytes::{Buf, Bytes, BytesMut};
use kwire::{Header, Limits, Login, Message};

use crate::recording::LARGEST;

/// What was found in the bytes of a direction.
#[derive(Debug)]
pub(super) enum Found {
    Login(Login),
    /// The server's answer to a login.
    Answer,
    Message(Bytes),
    /// At least one message is missing or incomplete.
    Missing,
    /// The connection is not kdb+ IPC.
    Foreign,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// No byte seen yet: the capture may begin with a login, with a message, or within one.
    Unknown,
    Login,
    Answer,
    Header,
    /// A message of this length in bytes.
    Message(usize),
    /// The number of bytes to skip.
    Skip(u64),
    /// Searching for a message. Whether the loss has been reported.
    Lost(bool),
    Foreign,
}

#[derive(Debug)]
pub(super) struct Half {
    state: State,
    held: BytesMut,
    search: Search,
}

/// The search for a message boundary in the buffered bytes.
#[derive(Debug, Default)]
struct Search {
    /// Offsets of possible headers.
    candidates: Vec<usize>,
    /// Bytes scanned for headers.
    scanned: usize,
    /// Whether bytes were discarded.
    has_passed: bool,
    /// Bytes that may still be decoded to verify candidates.
    budget: usize,
}

/// Most bytes of a login, its NUL included.
const LOGIN: usize = 4096;
/// Most bytes searched at once. After a gap, larger messages are skipped.
const WINDOW: usize = 16 << 20;
const CANDIDATES: usize = 256;
const DECODE_BUDGET: usize = 16;

impl Half {
    pub(super) fn new() -> Self {
        Self { state: State::Unknown, held: BytesMut::new(), search: Search::default() }
    }

    /// Expects a login as the client's first bytes.
    pub(super) fn expect_login(&mut self) {
        if self.state == State::Unknown {
            self.state = State::Login;
        }
    }

    /// Expects the answer to a login as the server's first byte.
    pub(super) fn expect_answer(&mut self) {
        if self.state == State::Unknown {
            self.state = State::Answer;
        }
    }

    /// Ignores all further bytes.
    pub(super) fn give_up(&mut self) {
        *self = Self { state: State::Foreign, ..Self::new() };
    }

    /// Appends bytes. The caller must then call [`next`](Self::next) until it returns `None`.
    pub(super) fn push(&mut self, bytes: &[u8]) {
        match self.state {
            State::Foreign => return,
            // A login is alone in its segment: a client sends nothing more until it is answered.
            State::Unknown if is_login(bytes) => self.state = State::Login,
            State::Unknown => self.state = State::Lost(false),
            _ => {}
        }
        self.held.extend_from_slice(bytes);
        self.search.budget = (self.search.budget + bytes.len() * DECODE_BUDGET).min(WINDOW * DECODE_BUDGET);
    }

    /// The next item in the pushed bytes.
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

    /// Processes a gap of `bytes` bytes.
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

    /// Whether the bytes end within a message.
    pub(super) fn is_within(&self) -> bool {
        !self.held.is_empty() && matches!(self.state, State::Header | State::Message(_))
    }

    fn lose(&mut self, is_noted: bool) {
        self.state = State::Lost(is_noted);
        self.search.forget();
    }

    /// Discards bytes in which no message can begin.
    fn shrink(&mut self) {
        if self.held.len() > WINDOW {
            self.search.candidates.clear();
        }
        let passed = self.search.pass();
        self.held.advance(passed);
    }

    fn foreign(&mut self) -> Found {
        self.give_up();
        Found::Foreign
    }

    fn login(&mut self) -> Option<Found> {
        match memchr::memchr(0, &self.held) {
            Some(end) if is_login(self.held.get(..=end).unwrap_or_default()) => {
                let mut login = Login::parse(self.held.split_to(end).freeze());
                // Copied, because a slice would keep the password in memory.
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

/// Whether the bytes are exactly one login: text, an optional capability byte and a NUL.
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

    /// Discards the bytes before the first candidate. Returns their number.
    fn pass(&mut self) -> usize {
        let passed = self.candidates.first().map_or(self.scanned, |&first| first);
        self.candidates.iter_mut().for_each(|at| *at -= passed);
        self.scanned -= passed;
        self.has_passed |= passed > 0;
        passed
    }

    /// The offset of the first verified message.
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

    /// Whether a message begins here; `None` if more bytes are needed to decide.
    fn try_one(&mut self, bytes: &[u8]) -> Option<bool> {
        let Some(length) = length(bytes) else { return Some(false) };
        let (message, rest) = bytes.split_at_checked(length)?;
        if !rest.is_empty() && self::length(rest.get(..Header::LEN)?).is_none() {
            return Some(false);
        }
        let Some(budget) = self.budget.checked_sub(length) else { return Some(false) };
        self.budget = budget;
        let limits = Limits::default().with_inflated(WINDOW as u64);
        Some(Message::decode(message, &limits).is_ok())
    }
}

/// The length in a header, if the header is valid and the message fits into the window.
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
    fn the_search_is_bounded_and_finds_the_next_message() {
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
    fn false_headers_are_discarded() {
        // Every 8 bytes look like a header of 1 MiB, so each is a pending candidate.
        let mut half = Half::new();
        half.state = State::Lost(true);
        for _ in 0..2500 {
            assert!(found(&mut half, &[1, 0, 0, 0, 0, 0, 16, 0].repeat(1000)).is_empty());
            assert!(half.held.len() <= WINDOW && half.search.candidates.len() <= CANDIDATES);
        }
    }
}
