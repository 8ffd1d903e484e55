//! Recording on a background thread, without blocking the recorded connections.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};

use kcodec::Timestamp;

use super::{Direction, Error, Recorder, now};

mod queue;
mod skim;
mod writer;

use queue::{Event, Item, Queue, Shared};
use skim::Skim;
use writer::Writer;

/// Records the bytes of connections on a background thread.
///
/// [`Line::tell`] copies bytes into a bounded queue and never waits for the disk. When the queue is full, bytes are
/// dropped, and the recording notes the number of missing messages. Every entry is written within a second.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("day.krec");
/// use kcorpus::recording::{Line, Recorder, Tap, Totals};
///
/// let tap = Tap::start(Recorder::create(&path)?, 64 << 20, |error| eprintln!("{error}"))?;
/// let (mut to_server, mut to_client): (Line, Line) = tap.connect(); // for each connection
/// to_server.tell(b"bob:secret\x06\0"); // before it is forwarded
/// to_client.tell(&[6]);
/// let two = kcorpus::unhex("01010000110000000a0003000000322b32").expect("hex"); // "2+2", sync
/// to_server.tell(&two);
/// let totals = tap.finish()?;
/// assert_eq!(totals, Totals { connections: 1, messages: 1, bytes: 17, ..Totals::default() });
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Tap {
    shared: Arc<Shared>,
    writer: Mutex<Option<JoinHandle<Result<Totals, Error>>>>,
}

/// Counts of what was recorded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Totals {
    /// Connections with a login.
    pub connections: u64,
    /// Messages of both directions.
    pub messages: u64,
    /// Bytes of those messages.
    pub bytes: u64,
    /// Messages dropped.
    pub missing: u64,
    /// Connections that are not kdb+ IPC.
    pub foreign: u64,
}

/// One direction of a connection that a [`Tap`] records.
#[derive(Debug)]
pub struct Line {
    connection: Arc<Wire>,
    direction: Direction,
    skim: Skim,
    /// Number of messages dropped; `None` while bytes are not being dropped.
    dropped: Option<u64>,
}

/// A connection. Dropping both lines closes it.
struct Wire {
    shared: Arc<Shared>,
    id: u64,
}

impl Tap {
    /// Starts the thread. At most `limit` bytes are held, all of which one incomplete message may use. `failed` is
    /// called once if the file cannot be written; after that nothing is recorded.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn start(
        recorder: Recorder,
        limit: usize,
        failed: impl FnOnce(&Error) + Send + 'static,
    ) -> Result<Self, Error> {
        let shared = Arc::new(Shared::new(limit));
        let writer = Writer::new(recorder, Arc::clone(&shared));
        let run = move || writer.run().inspect_err(failed);
        let writer = thread::Builder::new().name("recorder".to_owned()).spawn(run)?;
        Ok(Self { shared, writer: Mutex::new(Some(writer)) })
    }

    /// Adds a connection. Returns its lines to the server and to the client.
    #[must_use]
    pub fn connect(&self) -> (Line, Line) {
        let connection = Arc::new(Wire { shared: Arc::clone(&self.shared), id: self.shared.connect() });
        let line = |direction| Line {
            connection: Arc::clone(&connection),
            direction,
            skim: Skim::new(direction),
            dropped: None,
        };
        (line(Direction::ToServer), line(Direction::ToClient))
    }

    /// Records all queued events and finishes the recording. Open connections are recorded as closed; later bytes are
    /// ignored. Must be called once.
    ///
    /// # Errors
    ///
    /// The recorder's error: see [`Recorder::finish`].
    pub fn finish(&self) -> Result<Totals, Error> {
        self.shared.stop();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let outcome = writer.and_then(|writer| writer.join().ok());
        outcome.unwrap_or_else(|| Err(Error::Io(std::io::Error::other("the recorder's thread is gone"))))
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.shared.stop();
    }
}

impl Line {
    /// Records bytes read from this direction. Must be called before the bytes are forwarded, so that no response is
    /// recorded before its request.
    pub fn tell(&mut self, bytes: &[u8]) {
        let time = now();
        let shared = &self.connection.shared;
        let mut queue = shared.lock();
        if queue.is_over() {
            return;
        }
        let mut rest = bytes;
        let skimmed = self.skim.pass(bytes);
        if let Some(dropped) = &mut self.dropped {
            let before = skimmed.boundary.unwrap_or(bytes.len());
            rest = bytes.get(before..).unwrap_or_default();
            if skimmed.boundary.is_none() || !shared.has_room(&queue, rest.len()) {
                *dropped += skimmed.ended;
                return;
            }
            // The message that ends at the boundary was begun while bytes were dropped, so it is missing, too.
            let missing = *dropped + u64::from(skimmed.ends_one);
            self.dropped = None;
            self.push(&mut queue, time, Event::Dropped(self.direction, missing), &[]);
        } else if !shared.has_room(&queue, bytes.len()) {
            self.dropped = Some(skimmed.ended);
            return;
        }
        if !rest.is_empty() {
            self.push(&mut queue, time, Event::Bytes(self.direction, rest.len()), rest);
        }
    }

    fn push(&self, queue: &mut Queue, time: Timestamp, event: Event, bytes: &[u8]) {
        self.connection.shared.push(queue, Item { time, connection: self.connection.id, event }, bytes);
    }
}

impl Drop for Line {
    fn drop(&mut self) {
        if let Some(dropped) = self.dropped.take() {
            let mut queue = self.connection.shared.lock();
            self.push(&mut queue, now(), Event::Dropped(self.direction, dropped), &[]);
        }
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.shared.disconnect(self.id);
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("id", &self.id).finish_non_exhaustive()
    }
}
