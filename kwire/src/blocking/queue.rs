//! Queued messages, and large ones that are written from where they are.

use std::io::{self, IoSlice};
use std::time::Instant;

use kcodec::Value;

use super::readiness::{deadline, write_once};
use super::{Duplex, Handle};
use crate::error::Error;
use crate::header::{ByteOrder, Header, MessageType};

/// Messages below this size in bytes are copied into the queue; larger ones are written by gather I/O from where they
/// are.
const GATHER_THRESHOLD: usize = 64 * 1024;

impl<S: Duplex> Handle<S> {
    /// Encodes a message into the queue.
    pub(super) fn queue(&mut self, kind: MessageType, value: Value<'_>) -> Result<(), Error> {
        self.check()?;
        let Self { connection, outbound, .. } = self;
        outbound.append(|out| connection.send(kind, value, out))
    }

    /// Sends a message and waits until it is written. A large one is not copied.
    pub(super) fn write_message(&mut self, kind: MessageType, value: Value<'_>) -> Result<(), Error> {
        self.check()?;
        if self.connection.compression().is_some() {
            self.queue(kind, value)?;
            return self.flush();
        }
        let gather = value.gather(self.capability()).map_err(Error::Unsendable)?;
        let length = (gather.len() + Header::LEN) as u64;
        let header = Header { order: ByteOrder::Little, kind, compression: None, length }.to_bytes();
        self.connection.note_sent(kind)?;
        let mut parts = Vec::with_capacity(gather.iter().len() + 1);
        parts.push(IoSlice::new(&header));
        parts.extend(gather.iter().map(IoSlice::new));
        if gather.len() < GATHER_THRESHOLD {
            self.outbound.append_parts(&parts);
            return self.flush();
        }
        let mut rest = parts.as_mut_slice();
        let written = self.write_parts(&mut rest);
        if matches!(written, Err(Error::TimedOut)) {
            // A partly written message must be completed, and the parts borrow from the caller: copy the rest.
            self.outbound.append_parts(rest);
        }
        written
    }

    /// Writes the queue and then the parts. On error `rest` holds what was not written.
    fn write_parts(&mut self, rest: &mut &mut [IoSlice<'_>]) -> Result<(), Error> {
        let deadline = deadline(self.write_timeout);
        while !rest.is_empty() {
            if self.write()? {
                match self.stream.write_vectored(rest) {
                    Ok(0) => return Err(self.fail(io::ErrorKind::WriteZero.into())),
                    Ok(written) => {
                        IoSlice::advance_slices(rest, written);
                        continue;
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(self.fail(error)),
                }
            }
            self.progress_writing(deadline)?;
        }
        self.write_down_to(0)
    }

    /// Waits until at most `bytes` bytes are queued.
    pub(super) fn write_down_to(&mut self, bytes: usize) -> Result<(), Error> {
        self.check()?;
        let deadline = deadline(self.write_timeout);
        while self.outbound.pending().bytes > bytes || bytes == 0 {
            if self.write()? {
                break;
            }
            self.progress_writing(deadline)?;
        }
        Ok(())
    }

    /// Writes as much as the stream takes without waiting. Returns whether the queue is empty and flushed.
    pub(super) fn write(&mut self) -> Result<bool, Error> {
        while !self.outbound.is_empty() {
            match write_once(&mut self.stream, self.outbound.as_bytes()) {
                Ok(0) => return Ok(false),
                Ok(written) => self.outbound.advance(written),
                Err(error) => return Err(self.fail(error)),
            }
        }
        match self.stream.flush() {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(false),
            Err(error) => Err(self.fail(error)),
        }
    }

    /// Makes progress while a write is blocked: takes one buffered message, else reads once, else waits until the
    /// stream is readable or writable.
    fn progress_writing(&mut self, deadline: Option<Instant>) -> Result<(), Error> {
        if self.take()? || self.read()? {
            return Ok(());
        }
        self.wait(true, deadline)
    }
}
