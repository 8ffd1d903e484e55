//! One step of a call that waits: a message taken, a write, a read, or a wait for readiness.

use std::io;
use std::time::Instant;

use super::readiness::{read_once, timed_out, wait};
use super::{Duplex, Handle};
use crate::connection::Event;
use crate::error::Error;
use crate::header::MessageType;

impl<S: Duplex> Handle<S> {
    /// Makes progress: takes one buffered message, else writes the queue and reads once, else waits.
    pub(super) fn progress(&mut self, deadline: Option<Instant>) -> Result<(), Error> {
        self.check()?;
        if self.take()? {
            return Ok(());
        }
        let written = self.write()?;
        if self.read()? {
            return Ok(());
        }
        self.wait(!written, deadline)
    }

    /// Takes one message out of the receive buffer. Returns whether there was one.
    pub(super) fn take(&mut self) -> Result<bool, Error> {
        let Some(Event::Message(message)) = self.connection.receive(&mut self.inbound)? else { return Ok(false) };
        match message.kind() {
            MessageType::Response if self.abandoned > 0 => self.abandoned -= 1,
            MessageType::Response => self.responses.push_back(message),
            MessageType::Async | MessageType::Sync => {
                self.kept.push(message).inspect_err(|_| self.connection.abort())?;
            }
        }
        Ok(true)
    }

    /// Reads once. Returns whether bytes arrived.
    pub(super) fn read(&mut self) -> Result<bool, Error> {
        match read_once(&mut self.stream, &mut self.inbound) {
            Ok(Some(0)) => {
                self.connection.handle_end(self.inbound.as_bytes())?;
                Err(io::Error::from(io::ErrorKind::UnexpectedEof).into())
            }
            Ok(read) => Ok(read.is_some()),
            Err(error) => Err(self.fail(error)),
        }
    }

    pub(super) fn wait(&mut self, writing: bool, deadline: Option<Instant>) -> Result<(), Error> {
        match wait(&self.stream, writing, deadline, self.interrupt.as_ref()) {
            Err(Error::Interrupted) => {
                self.interrupted = true;
                self.connection.abort();
                self.outbound.clear();
                Err(Error::Interrupted)
            }
            waited => waited,
        }
    }

    /// Fails if the handle is unusable.
    pub(super) const fn check(&self) -> Result<(), Error> {
        match (self.interrupted, self.connection.is_open()) {
            (true, _) => Err(Error::Interrupted),
            (false, true) => Ok(()),
            (false, false) => Err(Error::Failed),
        }
    }

    pub(super) fn fail(&mut self, error: io::Error) -> Error {
        self.connection.abort();
        self.outbound.clear();
        timed_out(error)
    }
}
