//! Recording on a background thread, without blocking the recorded connections.

use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use bytes::Bytes;
use kcodec::Timestamp;
use kwire::Header;

use super::{Direction, Error, Framed, Framer, Recorder, now};

/// Records the bytes of connections on a background thread.
///
/// [`Line::tell`] copies bytes into a bounded queue and never waits for the disk. When the queue is full, bytes are
/// dropped, and the recording notes the number of missing messages. Every entry is written within a second.
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

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
    /// Most bytes held.
    limit: usize,
}

/// Events not yet recorded.
#[derive(Debug, Default)]
struct Queue {
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
struct Item {
    time: Timestamp,
    connection: u64,
    event: Event,
}

#[derive(Debug)]
enum Event {
    /// A number of bytes.
    Bytes(Direction, usize),
    /// The bytes of this many messages were dropped. The next bytes start at a message boundary.
    Dropped(Direction, u64),
    Close,
}

/// How long the writer lets items accumulate. Waking it for each item would cost the connection more than the
/// recording.
const PAUSE: Duration = Duration::from_millis(20);
/// Bytes held at which the writer is woken immediately.
const URGENT: usize = 4 << 20;
/// Most time until a block is written.
const FLUSH: Duration = Duration::from_secs(1);
/// Capacity of a piece in bytes.
const PIECE: usize = 256 * 1024;
/// Most empty pieces kept for reuse.
const SPARE: usize = 32;

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
        let shared = Arc::new(Shared { queue: Mutex::default(), filled: Condvar::new(), limit });
        let writer = Writer { recorder, shared: Arc::clone(&shared), wires: HashMap::new(), totals: Totals::default() };
        let run = move || writer.run().inspect_err(failed);
        let writer = thread::Builder::new().name("recorder".to_owned()).spawn(run)?;
        Ok(Self { shared, writer: Mutex::new(Some(writer)) })
    }

    /// Adds a connection. Returns its lines to the server and to the client.
    #[must_use]
    pub fn connect(&self) -> (Line, Line) {
        let id = {
            let mut queue = self.shared.lock();
            queue.connections += 1;
            queue.connections
        };
        let connection = Arc::new(Wire { shared: Arc::clone(&self.shared), id });
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
        self.stop();
        let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take();
        let outcome = writer.and_then(|writer| writer.join().ok());
        outcome.unwrap_or_else(|| Err(Error::Io(std::io::Error::other("the recorder's thread is gone"))))
    }

    fn stop(&self) {
        self.shared.lock().is_over = true;
        self.shared.filled.notify_one();
    }
}

impl Drop for Tap {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Line {
    /// Records bytes read from this direction. Must be called before the bytes are forwarded, so that no response is
    /// recorded before its request.
    pub fn tell(&mut self, bytes: &[u8]) {
        let time = now();
        let shared = &self.connection.shared;
        let mut queue = shared.lock();
        if queue.is_over {
            return;
        }
        let mut rest = bytes;
        let skimmed = self.skim.pass(bytes);
        if let Some(dropped) = &mut self.dropped {
            let before = skimmed.boundary.unwrap_or(bytes.len());
            rest = bytes.get(before..).unwrap_or_default();
            if skimmed.boundary.is_none() || !queue.has_room(rest.len(), shared.limit) {
                *dropped += skimmed.ended;
                return;
            }
            // The message that ends at the boundary was begun while bytes were dropped, so it is missing, too.
            let missing = *dropped + u64::from(skimmed.ends_one);
            self.dropped = None;
            self.push(&mut queue, time, Event::Dropped(self.direction, missing), &[]);
        } else if !queue.has_room(bytes.len(), shared.limit) {
            self.dropped = Some(skimmed.ended);
            return;
        }
        if !rest.is_empty() {
            self.push(&mut queue, time, Event::Bytes(self.direction, rest.len()), rest);
        }
    }

    fn push(&self, queue: &mut Queue, time: Timestamp, event: Event, bytes: &[u8]) {
        let was = queue.push(Item { time, connection: self.connection.id, event }, bytes);
        if was == 0 || (was < URGENT && queue.held >= URGENT) {
            self.connection.shared.filled.notify_one();
        }
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
        let mut queue = self.shared.lock();
        if !queue.is_over {
            queue.push(Item { time: now(), connection: self.id, event: Event::Close }, &[]);
            self.shared.filled.notify_one();
        }
    }
}

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Wire").field("id", &self.id).finish_non_exhaustive()
    }
}

impl Item {
    /// Number of bytes of data.
    const fn length(&self) -> usize {
        match self.event {
            Event::Bytes(_, length) => length,
            Event::Dropped(..) | Event::Close => 0,
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    const fn has_room(&self, bytes: usize, limit: usize) -> bool {
        self.held + size_of::<Item>() + bytes <= limit
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

/// Tracks message boundaries by the headers, like [`Framer`], but without buffering.
#[derive(Debug)]
struct Skim {
    state: SkimState,
    head: [u8; Header::LEN],
    /// Bytes received of the header.
    have: usize,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum SkimState {
    Login,
    Answer,
    Head,
    /// Bytes left of the message.
    Body(u64),
    Foreign,
}

/// The message boundaries in a piece of a stream.
#[derive(Debug, Default, PartialEq, Eq)]
struct Skimmed {
    /// Number of messages that end in it.
    ended: u64,
    /// Offset of the first message boundary in the piece; may be its end.
    boundary: Option<usize>,
    /// Whether the boundary is the end of a message.
    ends_one: bool,
}

impl Skim {
    const fn new(direction: Direction) -> Self {
        let state = match direction {
            Direction::ToServer => SkimState::Login,
            Direction::ToClient => SkimState::Answer,
        };
        Self { state, head: [0; Header::LEN], have: 0 }
    }

    fn pass(&mut self, bytes: &[u8]) -> Skimmed {
        let mut skimmed = Skimmed::default();
        let mut rest = bytes;
        if self.state == SkimState::Head && self.have == 0 {
            skimmed.boundary = Some(0);
        }
        while !rest.is_empty() {
            let (state, used) = match self.state {
                SkimState::Foreign => return skimmed,
                SkimState::Answer => (SkimState::Head, 1),
                SkimState::Login => match memchr::memchr(0, rest) {
                    Some(end) => (SkimState::Head, end + 1),
                    None => (SkimState::Login, rest.len()),
                },
                SkimState::Body(missing) => match usize::try_from(missing) {
                    Ok(missing) if missing <= rest.len() => (SkimState::Head, missing),
                    _ => (SkimState::Body(missing - rest.len() as u64), rest.len()),
                },
                SkimState::Head => self.head(rest),
            };
            rest = rest.get(used..).unwrap_or_default();
            if state == SkimState::Head && self.state != SkimState::Head {
                let is_message = matches!(self.state, SkimState::Body(_));
                skimmed.ended += u64::from(is_message);
                if skimmed.boundary.is_none() {
                    skimmed.boundary = Some(bytes.len() - rest.len());
                    skimmed.ends_one = is_message;
                }
            }
            self.state = state;
        }
        skimmed
    }

    /// Consumes bytes of a header.
    fn head(&mut self, rest: &[u8]) -> (SkimState, usize) {
        let used = rest.len().min(Header::LEN - self.have);
        let (have, until) = (self.have, self.have + used);
        self.head.get_mut(have..until).unwrap_or_default().copy_from_slice(rest.get(..used).unwrap_or_default());
        self.have = until;
        if until < Header::LEN {
            return (SkimState::Head, used);
        }
        self.have = 0;
        match Header::parse(self.head) {
            Ok(header) => (SkimState::Body(header.length - Header::LEN as u64), used),
            Err(_) => (SkimState::Foreign, used),
        }
    }
}

/// The state of the recording thread.
struct Writer {
    recorder: Recorder,
    shared: Arc<Shared>,
    wires: HashMap<u64, Recorded>,
    totals: Totals,
}

/// The writer's state of a connection.
struct Recorded {
    /// Its number in the recording, once an entry is recorded.
    number: Option<u32>,
    to_server: Framer,
    to_client: Framer,
}

impl Writer {
    fn run(mut self) -> Result<Totals, Error> {
        let shared = Arc::clone(&self.shared);
        let outcome = self.work();
        // Close the queue, even after an error, because nothing drains it any more.
        let mut queue = shared.lock();
        queue.is_over = true;
        (queue.items, queue.pieces) = (Vec::new(), Vec::new());
        drop(queue);
        outcome?;
        let mut open: Vec<_> = self.wires.values().filter_map(|wire| wire.number).collect();
        open.sort_unstable();
        for number in open {
            self.recorder.close(now(), number)?;
        }
        self.recorder.finish()?;
        Ok(self.totals)
    }

    fn work(&mut self) -> Result<(), Error> {
        let mut flushed = Instant::now();
        loop {
            let (items, pieces, is_over) = self.wait(flushed + FLUSH);
            let waiting: usize = pieces.iter().map(Vec::len).sum();
            self.recorder.set_compression(waiting < URGENT);
            let (mut items, mut done) = (items.into_iter().peekable(), 0);
            for piece in pieces {
                let piece = Bytes::from(piece);
                let mut rest = piece.clone();
                while let Some(item) = items.next_if(|item| item.length() <= rest.len()) {
                    let bytes = rest.split_to(item.length());
                    done += (size_of::<Item>() + bytes.len()).cast_signed();
                    done -= self.record(&item, bytes)?;
                }
                drop(rest);
                self.release(&mut done, piece);
            }
            if flushed.elapsed() >= FLUSH {
                self.recorder.flush()?;
                flushed = Instant::now();
            }
            if is_over {
                return Ok(());
            }
        }
    }

    /// Releases the memory accounted to recorded items, and recycles the piece.
    fn release(&self, done: &mut isize, piece: Bytes) {
        // This is the last reference, because recorded bytes are copied. Reusing the piece avoids page faults on fresh
        // memory.
        let spare = piece.try_into_mut().map(Vec::from).ok().filter(|spare| spare.capacity() == PIECE);
        let mut queue = self.shared.lock();
        queue.held = queue.held.saturating_add_signed(-std::mem::take(done));
        if queue.spare.len() < SPARE {
            queue.spare.extend(spare.map(|mut spare| {
                spare.clear();
                spare
            }));
        }
    }

    /// Waits for items, and then lets more accumulate. Returns all of them.
    fn wait(&self, flush: Instant) -> (Vec<Item>, Vec<Vec<u8>>, bool) {
        let mut queue = self.shared.lock();
        let idle = |queue: &mut Queue| queue.items.is_empty() && !queue.is_over;
        let until = flush.saturating_duration_since(Instant::now());
        (queue, _) = self.shared.filled.wait_timeout_while(queue, until, idle).unwrap_or_else(PoisonError::into_inner);
        let calm = |queue: &mut Queue| queue.held < URGENT && !queue.is_over;
        (queue, _) = self.shared.filled.wait_timeout_while(queue, PAUSE, calm).unwrap_or_else(PoisonError::into_inner);
        (std::mem::take(&mut queue.items), std::mem::take(&mut queue.pieces), queue.is_over)
    }

    /// Records an item. Returns the change in bytes buffered for incomplete messages.
    fn record(&mut self, item: &Item, mut bytes: Bytes) -> Result<isize, Error> {
        let Self { recorder, wires, totals, .. } = self;
        let wire = wires.entry(item.connection).or_insert_with(Recorded::new);
        let before = wire.held();
        match item.event {
            Event::Bytes(direction, _) => {
                while let Some(framed) = wire.framer(direction).next(&mut bytes) {
                    wire.record(item.time, direction, framed, recorder, totals)?;
                }
            }
            Event::Dropped(direction, messages) => {
                *wire.framer(direction) = Framer::at_message();
                totals.missing += messages;
                let number = *wire.number.get_or_insert_with(|| recorder.connection());
                recorder.missing(item.time, number, direction, messages)?;
            }
            Event::Close => {
                if let Some(number) = wire.number {
                    recorder.close(item.time, number)?;
                }
                wires.remove(&item.connection);
                return Ok(-before);
            }
        }
        Ok(wire.held() - before)
    }
}

impl Recorded {
    fn new() -> Self {
        let (to_server, to_client) = (Framer::new(Direction::ToServer), Framer::new(Direction::ToClient));
        Self { number: None, to_server, to_client }
    }

    const fn framer(&mut self, direction: Direction) -> &mut Framer {
        match direction {
            Direction::ToServer => &mut self.to_server,
            Direction::ToClient => &mut self.to_client,
        }
    }

    /// Bytes buffered for incomplete messages.
    fn held(&self) -> isize {
        isize::try_from(self.to_server.held() + self.to_client.held()).unwrap_or(isize::MAX)
    }

    fn record(
        &mut self,
        time: Timestamp,
        direction: Direction,
        framed: Framed,
        recorder: &mut Recorder,
        totals: &mut Totals,
    ) -> Result<(), Error> {
        match framed {
            Framed::Login { user, capability } => {
                totals.connections += 1;
                self.number = Some(recorder.open(time, &user, capability)?);
            }
            Framed::Accepted(_) => {}
            Framed::Message(message) => {
                totals.messages += 1;
                totals.bytes += message.len() as u64;
                let number = *self.number.get_or_insert_with(|| recorder.connection());
                recorder.message(time, number, direction, &message)?;
            }
            Framed::TooLarge(_) => {
                totals.missing += 1;
                let number = *self.number.get_or_insert_with(|| recorder.connection());
                recorder.missing(time, number, direction, 1)?;
            }
            Framed::Foreign(what) => {
                totals.foreign += 1;
                let number = *self.number.get_or_insert_with(|| recorder.connection());
                recorder.foreign(time, number, direction, what)?;
                // The other direction is foreign, too.
                (self.to_server, self.to_client) = (Framer::foreign_to_the_end(), Framer::foreign_to_the_end());
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn skimming_finds_the_first_boundary() {
        let message = crate::golden().remove(0).message;
        let stream = [&b"bob:pw\x06\0"[..], &message, &message, &message].concat();
        for cut in 1..stream.len() {
            let mut skim = Skim::new(Direction::ToServer);
            let (first, second) = stream.split_at(cut);
            let (first, second) = (skim.pass(first), skim.pass(second));
            assert_eq!(first.ended + second.ended, 3, "{cut}");
            let ends = (0..4).map(|n| 8 + n * message.len());
            assert_eq!(first.boundary, ends.clone().find(|&end| end <= cut), "{cut}");
            assert_eq!(second.boundary.map(|at| at + cut), ends.clone().find(|&end| end >= cut), "{cut}");
            assert_eq!(second.ends_one, cut > 8 && !ends.clone().any(|end| end == cut), "{cut}");
        }
    }
}
