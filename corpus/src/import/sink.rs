//! The output of an import: a recorder, behind an optional mask.

use bytes::Bytes;
use kcodec::{Capability, Timestamp};

use super::Error;
use crate::mask::Mask;
use crate::recording::{Direction, Recorder};

#[derive(Debug)]
pub(super) struct Sink {
    recorder: Recorder,
    mask: Option<Mask>,
}

impl Sink {
    pub(super) const fn new(recorder: Recorder, mask: Option<Mask>) -> Self {
        Self { recorder, mask }
    }

    pub(super) fn open(&mut self, time: Timestamp, user: &[u8], capability: Capability) -> Result<u32, Error> {
        let masked = self.mask.as_ref().map(|mask| mask.user(user));
        Ok(self.recorder.open(time, masked.as_deref().unwrap_or(user), capability)?)
    }

    /// Adds a connection without a login.
    pub(super) const fn connection(&mut self) -> u32 {
        self.recorder.connection()
    }

    /// Records a message. If it cannot be masked, records it as missing and returns `false`.
    pub(super) fn message(
        &mut self,
        time: Timestamp,
        connection: u32,
        direction: Direction,
        message: Bytes,
    ) -> Result<bool, Error> {
        let masked = match &self.mask {
            Some(mask) => mask.message(&message).map(Bytes::from),
            None => Some(message),
        };
        let Some(message) = masked else {
            self.missing(time, connection, direction)?;
            return Ok(false);
        };
        self.recorder.message(time, connection, direction, &message)?;
        Ok(true)
    }

    /// Records that a message is missing.
    pub(super) fn missing(&mut self, time: Timestamp, connection: u32, direction: Direction) -> Result<(), Error> {
        Ok(self.recorder.missing(time, connection, direction, 1)?)
    }

    pub(super) fn close(&mut self, time: Timestamp, connection: u32) -> Result<(), Error> {
        Ok(self.recorder.close(time, connection)?)
    }

    pub(super) fn finish(self) -> Result<(), Error> {
        Ok(self.recorder.finish()?)
    }
}
