//! The messages that wait to be written to one peer.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};

use bytes::{Buf, Bytes};

/// A queue of whole messages, shared with other peers where one broadcast went to many.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    queue: VecDeque<Bytes>,
    bytes: usize,
}

/// Messages handed to the system in one call.
const BATCH: usize = 64;

impl Outbound {
    pub(crate) fn push(&mut self, message: Bytes) {
        self.bytes += message.len();
        self.queue.push_back(message);
    }

    /// Bytes that wait.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Writes until all is written or the socket takes no more.
    pub(crate) fn write_to(&mut self, target: &mut impl Write) -> io::Result<()> {
        while !self.queue.is_empty() {
            let mut slices = [IoSlice::new(&[]); BATCH];
            let mut used = 0;
            for (slice, message) in slices.iter_mut().zip(&self.queue) {
                *slice = IoSlice::new(message);
                used += 1;
            }
            match target.write_vectored(slices.get(..used).unwrap_or_default()) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => self.advance(written),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(()),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }

    fn advance(&mut self, mut written: usize) {
        self.bytes = self.bytes.saturating_sub(written);
        while let Some(message) = self.queue.front_mut() {
            if message.len() > written {
                message.advance(written);
                return;
            }
            written -= message.len();
            self.queue.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Takes a few bytes at a time and refuses every other call.
    struct Reluctant {
        taken: Vec<u8>,
        willing: bool,
    }

    impl Write for Reluctant {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.willing = !self.willing;
            if !self.willing {
                return Err(io::ErrorKind::WouldBlock.into());
            }
            let some = bytes.len().min(3);
            self.taken.extend_from_slice(&bytes[..some]);
            Ok(some)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn partial_writes_keep_order_and_count() {
        let mut outbound = Outbound::default();
        for message in ["hello", "", "wide", "world"] {
            outbound.push(Bytes::from_static(message.as_bytes()));
        }
        let mut target = Reluctant { taken: Vec::new(), willing: false };
        while outbound.bytes() > 0 {
            outbound.write_to(&mut target).unwrap();
            assert_eq!(outbound.bytes() + target.taken.len(), 14);
        }
        assert_eq!(target.taken, b"hellowideworld");
    }
}
