//! One connection: what is due, what is under way, what comes in.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::time::Instant;

use kwire::MessageType;
use mio::net::TcpStream;

use super::frames::{Frame, Frames};
use super::plan::{Messages, Mode, Plan};

/// Unsent bytes above which no further message is written out.
const BACKLOG: usize = 64 << 10;

#[derive(Debug)]
pub(super) struct Link {
    pub(super) stream: TcpStream,
    /// Due times of messages not yet written out.
    pub(super) waiting: VecDeque<Instant>,
    /// Due times of messages without an answer.
    pub(super) under_way: VecDeque<Instant>,
    /// Answers or pushes seen.
    pub(super) received: u64,
    /// Messages written out.
    written: u64,
    out: Vec<u8>,
    sent: usize,
    frames: Frames,
}

/// The bytes of messages, and how many may be under way.
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
        out.extend(encoded.unwrap_or_default());
    }

    /// Whether this is what number `number` must bring.
    pub(super) fn accepts(&self, number: u64, frame: Frame<'_>) -> bool {
        self.numbered.is_none() || frame.long() == Some(number as i64)
    }
}

impl Link {
    pub(super) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            waiting: VecDeque::new(),
            under_way: VecDeque::new(),
            received: 0,
            written: 0,
            out: Vec::new(),
            sent: 0,
            frames: Frames::default(),
        }
    }

    /// Writes messages out as far as the window and the socket allow.
    pub(super) fn pump(&mut self, source: &Source) -> io::Result<()> {
        loop {
            while self.under_way.len() < source.window && self.out.len() - self.sent < BACKLOG {
                let Some(due) = self.waiting.pop_front() else { break };
                source.append(self.written, &mut self.out);
                self.under_way.push_back(due);
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

    /// Reads until the socket is drained: a read that was not filled has drained it. `each` gets
    /// the connection's due times, what it has received, and the message.
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
                    let (under_way, received) = (&mut self.under_way, &mut self.received);
                    let fed = self.frames.feed(&buffer[..read], |frame| each(under_way, received, frame));
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
