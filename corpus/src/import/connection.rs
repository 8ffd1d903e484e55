//! One TCP connection of a capture: reassembles both streams, finds their messages and determines the server.

use std::net::SocketAddr;

use kcodec::Timestamp;
use kwire::{Header, Login, MessageType};

use super::half::{Found, Half};
use super::packet::Segment;
use super::sink::Sink;
use super::stream::{Piece, Stream};
use super::{Error, Options, Summary};
use crate::recording::Direction;

/// The two ends of a connection, the smaller address first.
pub(super) type Ends = [SocketAddr; 2];

/// The ends of a segment's connection, and the index of the sender.
pub(super) fn ends(segment: &Segment<'_>) -> (Ends, usize) {
    if segment.from <= segment.to { ([segment.from, segment.to], 0) } else { ([segment.to, segment.from], 1) }
}

#[derive(Debug)]
pub(super) struct Connection {
    ends: Ends,
    /// The stream that each end sends.
    streams: [Stream; 2],
    halves: [Half; 2],
    /// The index of the server's end, once known.
    server: Option<usize>,
    /// The connection's number in the recording, once an entry is recorded.
    number: Option<u32>,
    /// A login that is not recorded until the connection is known to be kdb+ IPC.
    login: Option<(Timestamp, Login)>,
    /// Sequence number of the client's SYN.
    opened: Option<u32>,
    has_bytes: bool,
    is_over: bool,
    /// Time of the last segment.
    pub(super) last: Timestamp,
}

impl Connection {
    pub(super) fn new(ends: Ends, options: &Options) -> Self {
        let is_server = |end: &SocketAddr| options.ports.contains(&end.port());
        Self {
            ends,
            streams: [Stream::new(options.early), Stream::new(options.early)],
            halves: [Half::new(), Half::new()],
            server: ends.iter().position(is_server),
            number: None,
            login: None,
            opened: None,
            has_bytes: false,
            is_over: false,
            last: Timestamp(0),
        }
    }

    /// Whether a segment opens a new connection between the same ends, and is not a retransmitted SYN.
    pub(super) fn is_reused_by(&self, segment: &Segment<'_>) -> bool {
        let is_client = segment.syn && segment.acknowledged.is_none();
        is_client && self.opened != Some(segment.sequence) && (self.is_over || self.has_bytes)
    }

    /// Processes a segment that `end` sent.
    pub(super) fn take(
        &mut self,
        end: usize,
        segment: &Segment<'_>,
        sink: &mut Sink,
        summary: &mut Summary,
    ) -> Result<(), Error> {
        if self.is_over {
            return Ok(());
        }
        self.last = segment.time;
        let mut first = segment.sequence;
        if segment.syn {
            first = first.wrapping_add(1);
            if segment.acknowledged.is_none() {
                self.opened = Some(segment.sequence);
            }
            self.open(end, segment.acknowledged, first);
        }
        self.has_bytes |= !segment.bytes.is_empty();
        let Some(stream) = self.streams.get_mut(end) else { return Ok(()) };
        stream.push(first, segment.bytes);
        if segment.fin {
            // A segment has less than 2^16 bytes of payload.
            let length = u32::try_from(segment.bytes.len()).unwrap_or_default();
            stream.end(first.wrapping_add(length));
        }
        self.drain(end, false, sink, summary)?;
        if segment.reset || self.streams.iter().all(Stream::is_over) {
            self.finish(sink, summary)?;
        }
        Ok(())
    }

    /// Ends the connection: records what is buffered behind gaps.
    pub(super) fn finish(&mut self, sink: &mut Sink, summary: &mut Summary) -> Result<(), Error> {
        if std::mem::replace(&mut self.is_over, true) {
            return Ok(());
        }
        for end in [0, 1] {
            self.drain(end, true, sink, summary)?;
            if self.halves.get(end).is_some_and(Half::is_within) && self.number.is_some() {
                self.missing(end, sink, summary)?;
            }
        }
        // A server that refuses a login closes without sending a byte.
        let is_refused = self.server.and_then(|server| self.streams.get(server)).is_some_and(Stream::is_untouched);
        if is_refused && self.login.is_some() {
            self.number(sink, summary)?;
        }
        match self.number {
            Some(number) => sink.close(self.last, number)?,
            None => summary.foreign += u64::from(self.has_bytes),
        }
        for half in &mut self.halves {
            half.give_up();
        }
        Ok(())
    }

    /// Processes a SYN: it determines the server and the first sequence numbers.
    fn open(&mut self, end: usize, acknowledged: Option<u32>, first: u32) {
        let other = 1 - end;
        let server = if acknowledged.is_some() { end } else { other };
        self.server = Some(server);
        if let Some(stream) = self.streams.get_mut(end) {
            stream.begin(first);
        }
        if let (Some(stream), Some(first)) = (self.streams.get_mut(other), acknowledged) {
            stream.begin(first);
        }
        if let Some(client) = self.halves.get_mut(1 - server) {
            client.expect_login();
        }
        if let Some(server) = self.halves.get_mut(server) {
            server.expect_answer();
        }
    }

    /// Records everything that can be read from a stream.
    fn drain(&mut self, end: usize, give_up: bool, sink: &mut Sink, summary: &mut Summary) -> Result<(), Error> {
        while let (Some(stream), Some(half)) = (self.streams.get_mut(end), self.halves.get_mut(end)) {
            let Some(piece) = stream.next(give_up) else { break };
            match piece {
                Piece::Bytes(bytes) => half.push(&bytes),
                Piece::Gap(bytes) => {
                    summary.gaps += bytes;
                    if let Some(found) = half.gap(bytes) {
                        self.record(end, found, sink, summary)?;
                    }
                }
            }
            while let Some(found) = self.halves.get_mut(end).and_then(Half::next) {
                self.record(end, found, sink, summary)?;
            }
        }
        Ok(())
    }

    fn record(&mut self, end: usize, found: Found, sink: &mut Sink, summary: &mut Summary) -> Result<(), Error> {
        match found {
            Found::Login(login) => {
                let server = 1 - end;
                self.server = Some(server);
                self.login = Some((self.last, login));
                if let Some(server) = self.halves.get_mut(server) {
                    server.expect_answer();
                }
            }
            Found::Answer => {
                self.number(sink, summary)?;
            }
            Found::Message(message) => {
                let server = *self.server.get_or_insert_with(|| likely_server(&self.ends, end, &message));
                let number = self.number(sink, summary)?;
                let direction = if end == server { Direction::ToClient } else { Direction::ToServer };
                if sink.message(self.last, number, direction, message)? {
                    summary.messages += 1;
                } else {
                    summary.missing += 1;
                }
            }
            // Ignored while the connection is not known to be kdb+ IPC.
            Found::Missing if self.number.is_none() && self.login.is_none() => {}
            Found::Missing => self.missing(end, sink, summary)?,
            Found::Foreign => {
                self.login = None;
                for half in &mut self.halves {
                    half.give_up();
                }
            }
        }
        Ok(())
    }

    fn missing(&mut self, end: usize, sink: &mut Sink, summary: &mut Summary) -> Result<(), Error> {
        let number = self.number(sink, summary)?;
        let direction = if self.server == Some(end) { Direction::ToClient } else { Direction::ToServer };
        summary.missing += 1;
        sink.missing(self.last, number, direction)
    }

    /// The connection's number in the recording. Records its login first, if it is known.
    fn number(&mut self, sink: &mut Sink, summary: &mut Summary) -> Result<u32, Error> {
        if let Some(number) = self.number {
            return Ok(number);
        }
        summary.connections += 1;
        let number = match self.login.take() {
            Some((time, login)) => sink.open(time, &login.user, login.capability)?,
            None => sink.connection(),
        };
        self.number = Some(number);
        Ok(number)
    }
}

/// Guesses the server's end by the first message that `end` sent: clients send sync messages, servers responses. For an
/// async message it is the end with the lower port, because clients have ephemeral ports.
fn likely_server(ends: &Ends, end: usize, message: &[u8]) -> usize {
    let header = message.first_chunk().and_then(|&head: &[u8; Header::LEN]| Header::parse(head).ok());
    match header.map(|header| header.kind) {
        Some(MessageType::Sync) => 1 - end,
        Some(MessageType::Response) => end,
        _ => {
            let [first, second] = ends;
            usize::from(second.port() < first.port())
        }
    }
}
