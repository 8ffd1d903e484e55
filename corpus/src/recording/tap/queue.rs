//! The bounded queue between the connections and the recording thread.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kcodec::Timestamp;

use crate::recording::{Direction, now};

/// How long the writer lets items accumulate. Waking it for each item would cost the connection more than the
/// recording.
const PAUSE: Duration = Duration::from_millis(20);
/// Bytes held at which the writer is woken immediately.
pub(super) const URGENT: usize = 4 << 20;
/// Capacity of a piece in bytes.
const PIECE: usize = 256 * 1024;
/// Most empty pieces kept for reuse.
const SPARE: usize = 32;

#[derive(Debug)]
pub(super) struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    /// Most bytes held.
    limit: usize,
}

/// Events not yet recorded.
#[derive(Debug, Default)]
pub(super) struct Queue {
    items: Vec<Item>,
    /// The items' bytes. An item is never split across pieces, and growing the queue moves no bytes.
    pieces: Vec<Vec<u8>>,
    /// Empty pieces for reuse.
    spare: Vec<Vec<u8>>,
    /// Bytes of queued items with their data, and of incomplete messages.
    held: usize,
    connections: u64,
    is_over: bool,
}

#[derive(Debug)]
pub(super) struct Item {
    pub(super) time: Timestamp,
    pub(super) connection: u64,
    pub(super) event: Event,
}

#[derive(Debug)]
pub(super) enum Event {
    /// A number of bytes.
    Bytes(Direction, usize),
    /// The bytes of this many messages were dropped. The next bytes start at a message boundary.
    Dropped(Direction, u64),
    Close,
}

impl Item {
    /// Number of bytes of data.
    pub(super) const fn length(&self) -> usize {
        match self.event {
            Event::Bytes(_, length) => length,
            Event::Dropped(..) | Event::Close => 0,
        }
    }
}

impl Shared {
    pub(super) fn new(limit: usize) -> Self {
        Self { queue: Mutex::default(), filled: Condvar::new(), limit }
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the id of a new connection.
    pub(super) fn connect(&self) -> u64 {
        let mut queue = self.lock();
        queue.connections += 1;
        queue.connections
    }

    pub(super) const fn has_room(&self, queue: &Queue, bytes: usize) -> bool {
        queue.held + size_of::<Item>() + bytes <= self.limit
    }

    /// Appends an item. Wakes the writer if the queue was empty or becomes urgent.
    pub(super) fn push(&self, queue: &mut Queue, item: Item, bytes: &[u8]) {
        let was = queue.push(item, bytes);
        if was == 0 || (was < URGENT && queue.held >= URGENT) {
            self.filled.notify_one();
        }
    }

    /// Appends the end of a connection and wakes the writer.
    pub(super) fn disconnect(&self, connection: u64) {
        let mut queue = self.lock();
        if !queue.is_over {
            queue.push(Item { time: now(), connection, event: Event::Close }, &[]);
            self.filled.notify_one();
        }
    }

    /// Ends the queue: later bytes are ignored, and the writer takes what is left.
    pub(super) fn stop(&self) {
        self.lock().is_over = true;
        self.filled.notify_one();
    }

    /// Ends the queue and discards what is left.
    pub(super) fn close(&self) {
        let mut queue = self.lock();
        queue.is_over = true;
        (queue.items, queue.pieces) = (Vec::new(), Vec::new());
    }

    /// Waits for items, and then lets more accumulate. Returns all of them.
    pub(super) fn wait(&self, flush: Instant) -> (Vec<Item>, Vec<Vec<u8>>, bool) {
        let mut queue = self.lock();
        let idle = |queue: &mut Queue| queue.items.is_empty() && !queue.is_over;
        let until = flush.saturating_duration_since(Instant::now());
        (queue, _) = self.filled.wait_timeout_while(queue, until, idle).unwrap_or_else(PoisonError::into_inner);
        let calm = |queue: &mut Queue| queue.held < URGENT && !queue.is_over;
        (queue, _) = self.filled.wait_timeout_while(queue, PAUSE, calm).unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut queue.items), std::mem::take(&mut queue.pieces), queue.is_over)
    }

    /// Releases the memory accounted to recorded items, and recycles the piece.
    pub(super) fn release(&self, done: &mut isize, piece: Bytes) {
        // This is the last reference, because recorded bytes are copied. Reusing the piece avoids page faults on fresh
        // memory.
        let spare = piece.try_into_mut().map(Vec::from).ok().filter(|spare| spare.capacity() == PIECE);
        let mut queue = self.lock();
        queue.held = queue.held.saturating_add_signed(-std::mem::take(done));
        if queue.spare.len() < SPARE {
            queue.spare.extend(spare.map(|mut spare| {
                spare.clear();
                spare
            }));
        }
    }
}

impl Queue {
    pub(super) const fn is_over(&self) -> bool {
        self.is_over
    }

    /// Appends an item. Returns the bytes held before.
    fn push(&mut self, item: Item, bytes: &[u8]) -> usize {
        let was = self.held;
        match self.pieces.last_mut() {
            Some(piece) if piece.capacity() - piece.len() >= bytes.len() => piece.extend_from_slice(bytes),
            _ => {
                let spare = self.spare.pop().filter(|spare| spare.capacity() >= bytes.len());
                let mut piece = spare.unwrap_or_else(|| Vec::with_capacity(PIECE.max(bytes.len())));
                piece.extend_from_slice(bytes);
                self.pieces.push(piece);
            }
        }
        self.items.push(item);
        self.held += size_of::<Item>() + bytes.len();
        was
    }
}
