//! The recording thread: takes the queue's items, frames messages and passes them to the recorder.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kcodec::Timestamp;

use super::Totals;
use super::queue::{Event, Item, Shared, URGENT};
use crate::recording::{Direction, Error, Framed, Framer, Recorder, now};

/// Most time until a block is written.
const FLUSH: Duration = Duration::from_secs(1);

/// The state of the recording thread.
pub(super) struct Writer {
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
    pub(super) fn new(recorder: Recorder, shared: Arc<Shared>) -> Self {
        Self { recorder, shared, wires: HashMap::new(), totals: Totals::default() }
    }

    pub(super) fn run(mut self) -> Result<Totals, Error> {
        let outcome = self.work();
        // Close the queue, even after an error, because nothing drains it any more.
        self.shared.close();
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
            let (items, pieces, is_over) = self.shared.wait(flushed + FLUSH);
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
                self.shared.release(&mut done, piece);
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
