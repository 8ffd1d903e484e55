//! The output queue of one peer.

use std::collections::VecDeque;
use std::io::{self, IoSlice, Write};

use bytes::{Buf, Bytes};

use crate::pool::BufferPool;
use crate::worker::Worker;

/// A queue of messages in parts. Large and shared messages are refcounted parts. Small messages are appended to one
/// buffer, the tail, which comes after all parts.
#[derive(Debug, Default)]
pub(crate) struct Outbound {
    parts: VecDeque<Part>,
    tail: Vec<u8>,
    /// Bytes of the tail already written. Nonzero only if there are no parts.
    written: usize,
    /// Messages that end in the tail.
    tail_messages: usize,
    bytes: usize,
    messages: usize,
}

#[derive(Debug)]
struct Part {
    bytes: Bytes,
    /// Messages that end in this part.
    messages: usize,
    /// For a large part: all of its bytes, including those already written, so that the worker can free them.
    whole: Option<Bytes>,
    /// Set while the worker compresses the message: the part must not be written.
    held: Option<u64>,
}

impl Part {
    fn new(bytes: Bytes, messages: usize) -> Self {
        let whole = (bytes.len() >= LARGE).then(|| bytes.clone());
        Self { bytes, messages, whole, held: None }
    }

    /// Drops the part. A large one is freed by the worker.
    fn discard(self, worker: &mut Worker) {
        let Self { bytes, whole, .. } = self;
        // Drop this reference first, so that the worker's is the last and frees the memory.
        drop(bytes);
        if let Some(whole) = whole {
            worker.discard(whole);
        }
    }
}

/// Parts passed to the OS per call.
const BATCH: usize = 64;
/// Messages shorter than this are appended to the tail, others become parts.
pub(crate) const SMALL: usize = 4096;
/// Parts of at least this many bytes are freed by the worker.
const LARGE: usize = 1 << 20;
/// If the queue had room for more than this many parts, its memory is freed once it is empty.
const KEPT: usize = 4;

impl Outbound {
    /// Bytes queued.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Messages queued, including a partly written one.
    pub(crate) const fn messages(&self) -> usize {
        self.messages
    }

    /// Appends a copy of a small message.
    pub(crate) fn append(&mut self, message: &[u8], pool: &mut BufferPool) {
        if self.tail.capacity() == 0 {
            self.tail = pool.take();
        }
        self.tail.extend_from_slice(message);
        self.tail_messages += 1;
        self.messages += 1;
        self.bytes += message.len();
        if self.tail.len() >= 16 * SMALL {
            self.seal();
        }
    }

    /// Appends a message in parts, without copying.
    pub(crate) fn push(&mut self, message: impl IntoIterator<Item = Bytes>) {
        self.seal();
        for bytes in message {
            self.bytes += bytes.len();
            self.parts.push_back(Part::new(bytes, 0));
        }
        if let Some(last) = self.parts.back_mut() {
            last.messages += 1;
            self.messages += 1;
        }
    }

    /// Appends a message that must not be written until [`release`](Self::release) is called.
    pub(crate) fn hold(&mut self, ticket: u64, plain: Vec<Bytes>) {
        let first = self.parts.len() + usize::from(!self.tail.is_empty());
        self.push(plain);
        self.parts.iter_mut().skip(first).for_each(|part| part.held = Some(ticket));
    }

    /// Whether the first message is held until the worker has compressed it.
    pub(crate) fn is_held(&self) -> bool {
        self.parts.front().is_some_and(|part| part.held.is_some())
    }

    /// Releases a held message, replaced by `compressed` if given. Returns `false` if no message has this ticket.
    pub(crate) fn release(&mut self, ticket: u64, compressed: Option<&Bytes>, worker: &mut Worker) -> bool {
        let Some(first) = self.parts.iter().position(|part| part.held == Some(ticket)) else { return false };
        let count = self.parts.iter().filter(|part| part.held == Some(ticket)).count();
        let Some(bytes) = compressed else {
            self.parts.iter_mut().skip(first).take(count).for_each(|part| part.held = None);
            return true;
        };
        for part in self.parts.drain(first..first + count) {
            self.bytes -= part.bytes.len();
            part.discard(worker);
        }
        self.bytes += bytes.len();
        self.parts.insert(first, Part::new(bytes.clone(), 1));
        true
    }

    /// Drops everything queued.
    pub(crate) fn discard(&mut self, worker: &mut Worker) {
        std::mem::take(self).parts.into_iter().for_each(|part| part.discard(worker));
    }

    /// Converts the tail to a part.
    fn seal(&mut self) {
        if self.tail.is_empty() {
            return;
        }
        let mut bytes = Bytes::from(std::mem::take(&mut self.tail));
        bytes.advance(std::mem::take(&mut self.written));
        self.parts.push_back(Part::new(bytes, std::mem::take(&mut self.tail_messages)));
    }

    /// Writes until the queue is empty, `limit` bytes are written, or the socket blocks. Returns `false` in the
    /// last case, and if the first message is held.
    pub(crate) fn write_to(
        &mut self,
        target: &mut impl Write,
        limit: usize,
        pool: &mut BufferPool,
        worker: &mut Worker,
    ) -> io::Result<bool> {
        let mut left = limit;
        while self.bytes > 0 && left > 0 {
            if self.is_held() {
                return Ok(false);
            }
            let (result, asked) = self.write_once(target, left);
            match result {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(written) => {
                    self.advance(written, pool, worker);
                    left -= written;
                    if written < asked {
                        return Ok(false);
                    }
                }
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(false),
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(true)
    }

    /// Writes once, at most `limit` bytes, and returns how many were passed. Without a limit, a fast reader would
    /// keep the loop in one turn until everything is written.
    fn write_once(&self, target: &mut impl Write, limit: usize) -> (io::Result<usize>, usize) {
        let tail = self.tail.get(self.written..).unwrap_or_default();
        let first = match self.parts.front() {
            None => Some(tail),
            Some(part) if self.parts.len() == 1 && tail.is_empty() => Some(&part.bytes[..]),
            Some(_) => None,
        };
        if let Some(bytes) = first {
            let bytes = bytes.get(..limit).unwrap_or(bytes);
            return (target.write(bytes), bytes.len());
        }
        let mut slices = [IoSlice::new(&[]); BATCH];
        let (mut used, mut asked) = (0, 0);
        let ready = self.parts.iter().take_while(|part| part.held.is_none());
        let tail = if self.parts.iter().any(|part| part.held.is_some()) { &[] } else { tail };
        let waiting = ready.map(|part| &part.bytes[..]).chain([tail]).filter(|bytes| !bytes.is_empty());
        for (slice, bytes) in slices.iter_mut().zip(waiting) {
            let bytes = bytes.get(..limit - asked).unwrap_or(bytes);
            if bytes.is_empty() {
                break;
            }
            *slice = IoSlice::new(bytes);
            used += 1;
            asked += bytes.len();
        }
        (target.write_vectored(slices.get(..used).unwrap_or_default()), asked)
    }

    fn advance(&mut self, mut written: usize, pool: &mut BufferPool, worker: &mut Worker) {
        debug_assert!(written <= self.bytes, "a write takes at most what it is passed");
        self.bytes -= written;
        while let Some(part) = self.parts.front_mut() {
            if part.bytes.len() > written {
                part.bytes.advance(written);
                return;
            }
            written -= part.bytes.len();
            self.messages -= part.messages;
            if let Some(part) = self.parts.pop_front() {
                part.discard(worker);
            }
        }
        if self.parts.capacity() > KEPT && self.parts.is_empty() {
            self.parts = VecDeque::new();
        }
        self.written += written;
        if self.written == self.tail.len() {
            pool.give(std::mem::take(&mut self.tail));
            self.messages -= std::mem::take(&mut self.tail_messages);
            self.written = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Accepts at most 3 bytes per call, and every second call returns `WouldBlock`.
    struct PartialWriter {
        taken: Vec<u8>,
        ready: bool,
    }

    impl Write for PartialWriter {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.ready = !self.ready;
            if !self.ready {
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
        let (mut outbound, mut pool) = (Outbound::default(), BufferPool::default());
        let poll = mio::Poll::new().unwrap();
        let mut worker = Worker::new(mio::Waker::new(poll.registry(), mio::Token(0)).unwrap().into());
        let part = |text: &'static str| Bytes::from_static(text.as_bytes());
        let mut target = PartialWriter { taken: Vec::new(), ready: false };
        outbound.append(b"one ", &mut pool);
        outbound.push([part("two "), part(""), part("three ")]);
        outbound.append(b"four ", &mut pool);
        outbound.append(b"five ", &mut pool);
        assert_eq!((outbound.bytes(), outbound.messages()), (24, 4));
        while outbound.bytes() > 5 {
            outbound.write_to(&mut target, usize::MAX, &mut pool, &mut worker).unwrap();
            assert_eq!(outbound.bytes() + target.taken.len(), 24);
        }
        outbound.push([part("six")]);
        while outbound.bytes() > 0 {
            outbound.write_to(&mut target, usize::MAX, &mut pool, &mut worker).unwrap();
        }
        assert_eq!(target.taken, b"one two three four five six");
        assert_eq!(outbound.messages(), 0);
    }

    #[test]
    fn a_held_message_keeps_its_place() {
        let (mut outbound, mut pool) = (Outbound::default(), BufferPool::default());
        let poll = mio::Poll::new().unwrap();
        let mut worker = Worker::new(mio::Waker::new(poll.registry(), mio::Token(0)).unwrap().into());
        let part = |text: &'static str| Bytes::from_static(text.as_bytes());
        let mut taken = Vec::new();
        outbound.append(b"one ", &mut pool);
        outbound.hold(7, vec![part("long "), part("and longer ")]);
        outbound.append(b"three ", &mut pool);
        outbound.hold(8, vec![part("four ")]);
        assert_eq!(outbound.bytes(), 31);
        outbound.write_to(&mut taken, usize::MAX, &mut pool, &mut worker).unwrap();
        assert_eq!(taken, b"one ");
        assert!(!outbound.release(9, None, &mut worker));
        assert!(outbound.release(8, None, &mut worker));
        assert!(outbound.release(7, Some(&part("two ")), &mut worker));
        assert_eq!((outbound.bytes(), outbound.messages()), (15, 3));
        outbound.write_to(&mut taken, usize::MAX, &mut pool, &mut worker).unwrap();
        assert_eq!((&taken[..], outbound.bytes(), outbound.messages()), (&b"one two three four "[..], 0, 0));
    }
}
