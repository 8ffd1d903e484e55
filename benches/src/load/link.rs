//! One connection: due, in-flight and received messages.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Instant;

use kwire::MessageType;
use mio::net::TcpStream;

use super::frames::{Frame, Frames};
use super::plan::{Messages, Mode, Plan};

/// Unsent bytes at which no further message is encoded.
const BACKLOG: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: TcpStream,
    /// Due times of messages not yet encoded.
    pub(super) waiting: VecDeque<Instant>,
    /// Due times of unanswered messages.
    pub(super) in_flight: VecDeque<Instant>,
    /// Number of answers or pushes received.
    pub(super) received: u64,
    /// Number of messages encoded.
    written: u64,
    out: Vec<u8>,
    sent: usize,
    frames: Frames,
}

/// The bytes of messages, and how many may be in flight.
#[derive(Debug)]
pub(super) struct Source {
    units: Vec<Vec<u8>>,
    numbered: Option<Mode>,
    window: usize,
}

impl Source {
    pub(super) fn new(plan: &Plan) -> Self {
        let numbered = matches!(plan.messages, Messages::Numbered).then_some(plan.mode);
        Self { units: plan.units(), numbered, window: plan.window() }
    }

    /// Appends message `number` of a connection.
    fn append(&self, number: u64, out: &mut Vec<u8>) {
        let long = number as i64;
        let encoded = match self.numbered {
            None => return out.extend_from_slice(&self.units[number as usize % self.units.len()]),
            Some(Mode::Broadcast) => Plan::message(MessageType::Async, long.into()),
            Some(_) => Plan::message(MessageType::Sync, long.to_string().as_str().into()),
        };
        debug_assert!(encoded.is_ok(), "a number and its text are sendable");
        out.extend(encoded.unwrap_or_default());
    }

    /// Whether this is the expected answer to message `number`.
    pub(super) fn accepts(&self, number: u64, frame: Frame<'_>) -> bool {
        self.numbered.is_none() || frame.long() == Some(number as i64)
    }
}

impl Link {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            waiting: VecDeque::new(),
            in_flight: VecDeque::new(),
            received: 0,
            written: 0,
            out: Vec::new(),
            sent: 0,
            frames: Frames::default(),
        }
    }

    /// Encodes and writes due messages, as far as the window and the socket allow.
    pub(super) fn pump(&mut self, source: &Source) -> io::Result<()> {
        loop {
            while self.in_flight.len() < source.window && self.out.len() - self.sent < BACKLOG {
                let Some(due) = self.waiting.pop_front() else { break };
                source.append(self.written, &mut self.out);
                self.in_flight.push_back(due);
                self.written += 1;
            }
            if self.sent == self.out.len() {
                return Ok(());
            }
            match self.stream.write(&self.out[self.sent..]) {
                Ok(sent) => self.sent += sent,
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
            if self.sent == self.out.len() {
                self.out.clear();
                self.sent = 0;
            }
        }
    }

    /// Reads until the socket is drained: a short read has drained it. Passes the in-flight due times, the number of
    /// messages received, and the message to `each`.
    pub(super) fn read(
        &mut self,
        buffer: &mut [u8],
        mut each: impl FnMut(&mut VecDeque<Instant>, &mut u64, Frame<'_>),
    ) -> io::Result<u64> {
        let mut bytes = 0;
        loop {
            match self.stream.read(buffer) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(read) => {
                    bytes += read as u64;
                    let (in_flight, received) = (&mut self.in_flight, &mut self.received);
                    let fed = self.frames.feed(&buffer[..read], |frame| each(in_flight, received, frame));
                    fed.map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))?;
                    if read < buffer.len() {
                        return Ok(bytes);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(bytes),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}
