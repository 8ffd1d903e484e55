//! Writing recordings.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::Write;
use std::path::Path;

use kcodec::{Capability, Timestamp};
use kwire::MessageType;

use super::block::{ENTRIES, FULL, Row, code, message_type};
use super::format::{BlockHead, Footer, HEAD, IndexHead, aligned};
use super::index::{Block, Index};
use super::reader::Recording;
use super::{Direction, Error, LARGEST};

/// Writes a recording.
///
/// Entries are gathered into blocks of about 1 MiB. A block is written, by one write, when it is full and by
/// [`flush`](Self::flush), which is to be called about once a second: a recorder that is killed loses what came
/// after. [`finish`](Self::finish) writes the index; without it the recording is whole, but opens slower.
///
/// After an error of the OS the file may end in a torn block, and the recorder must be dropped.
#[derive(Debug)]
pub struct Recorder {
    file: File,
    /// The file's length.
    at: u64,
    index: Index,
    /// Entries in the blocks that were written.
    written: u64,
    connections: u32,
    rows: Vec<Row>,
    data: Vec<u8>,
    compresses: bool,
    /// A block as it goes out; kept for its memory.
    out: Vec<u8>,
}

impl Recorder {
    /// Begins a recording in a new file.
    ///
    /// # Errors
    ///
    /// The OS error: `AlreadyExists` if there is such a file.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, Error> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let mut recorder = Self::new(file, Index::default())?;
        recorder.file.write_all(&HEAD)?;
        recorder.at = HEAD.len() as u64;
        Ok(recorder)
    }

    /// Goes on with a recording. Its blocks and its index stay as they are; what a killed recorder left unfinished
    /// behind them is cut off. The connections of before are over; new ones get the numbers after theirs.
    ///
    /// # Errors
    ///
    /// [`Error::NotARecording`] and [`Error::Version`] for another file, [`Error::Locked`] while another recorder has
    /// it, and the OS error.
    pub fn append(path: impl AsRef<Path>) -> Result<Self, Error> {
        let file = OpenOptions::new().append(true).read(true).open(path.as_ref())?;
        // Locked before it is read, so that no block appears in between.
        let mut recorder = Self::new(file, Index::default())?;
        let recording = Recording::open(path)?;
        recorder.index.blocks = recording.blocks();
        recorder.at = aligned(recording.end());
        drop(recording);
        // The padding of a last block may be missing.
        recorder.file.set_len(recorder.at)?;
        if let Some(last) = recorder.index.blocks.last() {
            recorder.written = last.first.saturating_add(last.entries.into());
            recorder.connections = last.connections;
        }
        Ok(recorder)
    }

    fn new(file: File, index: Index) -> Result<Self, Error> {
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(Error::Locked),
            // Some file systems have no locks.
            Err(TryLockError::Error(_)) => {}
        }
        let (rows, data, out) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { file, at: 0, index, written: 0, connections: 0, rows, data, compresses: true, out })
    }

    /// Whether the blocks that are written next are compressed. Those that are not are lz4 blocks all the same, of one
    /// run of literals: larger, and written at the speed of a copy.
    pub const fn set_compression(&mut self, compresses: bool) {
        self.compresses = compresses;
    }

    /// Records a login and returns the number of its connection.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn open(&mut self, time: Timestamp, user: &[u8], capability: Capability) -> Result<u32, Error> {
        let connection = self.connections;
        self.connections += 1;
        let login = [user, &[capability.byte()]];
        self.push(time, connection, Direction::ToServer, code::OPEN, &login)?;
        Ok(connection)
    }

    /// Records a whole message, header first.
    ///
    /// # Errors
    ///
    /// [`Error::NotAMessage`] if the header is malformed or its length is not that of `message`,
    /// [`Error::TooLarge`] for one over [`LARGEST`], which [`missing`](Self::missing) can note, and the OS error.
    pub fn message(
        &mut self,
        time: Timestamp,
        connection: u32,
        direction: Direction,
        message: &[u8],
    ) -> Result<(), Error> {
        if message.len() > LARGEST {
            return Err(Error::TooLarge(message.len()));
        }
        message_type(message).ok_or(Error::NotAMessage)?;
        self.push(time, connection, direction, code::MESSAGE, &[message])
    }

    /// Notes that so many messages could not be recorded.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn missing(
        &mut self,
        time: Timestamp,
        connection: u32,
        direction: Direction,
        messages: u64,
    ) -> Result<(), Error> {
        self.push(time, connection, direction, code::MISSING, &[&messages.to_le_bytes()])
    }

    /// Notes that a direction is no kdb+ IPC; `what` says what it looks like, in at most 255 bytes, longer ones are
    /// cut.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn foreign(&mut self, time: Timestamp, connection: u32, direction: Direction, what: &str) -> Result<(), Error> {
        let what = what.as_bytes();
        self.push(time, connection, direction, code::FOREIGN, &[what.get(..255).unwrap_or(what)])
    }

    /// Records the end of a connection.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn close(&mut self, time: Timestamp, connection: u32) -> Result<(), Error> {
        self.push(time, connection, Direction::ToServer, code::CLOSE, &[])
    }

    /// A number for a connection without a login.
    #[must_use]
    pub const fn connection(&mut self) -> u32 {
        let connection = self.connections;
        self.connections += 1;
        connection
    }

    /// Entries so far, those of before [`append`](Self::append) included.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.written + self.rows.len() as u64
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn push(
        &mut self,
        time: Timestamp,
        connection: u32,
        direction: Direction,
        code: u8,
        pieces: &[&[u8]],
    ) -> Result<(), Error> {
        let start = self.data.len();
        for piece in pieces {
            self.data.extend_from_slice(piece);
        }
        let kind = match self.data.get(start..).and_then(|bytes| bytes.get(1)) {
            Some(&kind) if code == code::MESSAGE => kind,
            _ => MessageType::Async as u8,
        };
        let end = u32::try_from(self.data.len()).map_err(|_| Error::TooLarge(self.data.len()))?;
        let direction = u8::from(direction == Direction::ToClient);
        self.rows.push(Row { time: time.0, connection, end, code, direction, kind, zero: [0; 5] });
        if self.data.len() >= FULL || self.rows.len() == ENTRIES { self.flush() } else { Ok(()) }
    }

    /// Writes the block so far, if it has an entry.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn flush(&mut self) -> Result<(), Error> {
        let [first, ..] = self.rows[..] else { return Ok(()) };
        let times = self.rows.iter().map(|row| row.time);
        let (from, to) = times.fold((first.time, first.time), |(from, to), time| (from.min(time), to.max(time)));
        self.out.clear();
        self.out.resize(BlockHead::LEN, 0);
        let rows = compress(bytemuck::cast_slice(&self.rows), &mut self.out)?;
        let data =
            if self.compresses { compress(&self.data, &mut self.out) } else { store(&self.data, &mut self.out) }?;
        let body = self.out.get(BlockHead::LEN..).unwrap_or_default();
        let head = BlockHead {
            first: self.written,
            from,
            to,
            entries: size(self.rows.len())?,
            connections: self.connections,
            rows,
            data,
            inflated: size(self.data.len())?,
            body_checksum: crc32fast::hash(body),
            ..bytemuck::Zeroable::zeroed()
        };
        let head = head.sealed(self.at);
        self.out.resize(usize::try_from(head.length()).unwrap_or(usize::MAX), 0);
        self.out.get_mut(..BlockHead::LEN).unwrap_or_default().copy_from_slice(bytemuck::bytes_of(&head));
        self.file.write_all(&self.out)?;
        self.index.blocks.push(Block::new(self.at, &head));
        self.at += head.length();
        self.written += self.rows.len() as u64;
        self.rows.clear();
        // What one large message took is not held on to.
        self.data.clear();
        self.data.shrink_to(2 * FULL);
        self.out.shrink_to(2 * FULL);
        Ok(())
    }

    /// Writes what is left, and the index, and waits until the disk has them.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn finish(mut self) -> Result<(), Error> {
        self.flush()?;
        let index = self.index.to_bytes().map_err(|error| Error::Io(std::io::Error::other(error)))?;
        let head = IndexHead::new(self.at, &index);
        let mut section = [bytemuck::bytes_of(&head), &index].concat();
        section.resize(usize::try_from(aligned(section.len() as u64)).unwrap_or(usize::MAX), 0);
        section.extend_from_slice(bytemuck::bytes_of(&Footer::new(self.at)));
        self.file.write_all(&section)?;
        Ok(self.file.sync_all()?)
    }
}

/// Appends the bytes compressed and returns how many that took.
fn compress(bytes: &[u8], out: &mut Vec<u8>) -> Result<u32, Error> {
    let start = out.len();
    out.resize(start + lz4_flex::block::get_maximum_output_size(bytes.len()), 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let length = lz4_flex::block::compress_into(bytes, room).map_err(std::io::Error::other)?;
    out.truncate(start + length);
    size(length)
}

/// Appends the bytes as an lz4 block without matches and returns how many that took: a token, the length in steps of
/// 255, the bytes.
fn store(bytes: &[u8], out: &mut Vec<u8>) -> Result<u32, Error> {
    let start = out.len();
    match bytes.len().checked_sub(15) {
        None => out.push((bytes.len() as u8) << 4),
        Some(more) => {
            out.push(0xf0);
            out.resize(out.len() + more / 255, 255);
            out.push((more % 255) as u8);
        }
    }
    out.extend_from_slice(bytes);
    size(out.len() - start)
}

fn size(bytes: usize) -> Result<u32, Error> {
    u32::try_from(bytes).map_err(|_| Error::TooLarge(bytes))
}
