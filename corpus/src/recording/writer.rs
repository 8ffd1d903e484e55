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
/// Entries are collected into blocks of about 1 MiB. A block is written by one write when it is full or by
/// [`flush`](Self::flush), which the caller should call about once a second: a recorder that is killed loses the
/// entries since the last write. [`finish`](Self::finish) writes the index; without it no entry is missing, but the
/// recording opens more slowly.
///
/// After an OS error the file may end in a torn block, and the recorder must be dropped.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("day.krec");
/// use kcodec::Capability;
/// use kcorpus::recording::{Direction, LARGEST, Recorder, now};
///
/// let mut recorder = Recorder::create(&path)?;
/// recorder.set_compression(false); // for fast connections
/// recorder.open(now(), b"bob", Capability::MAX)?;
/// recorder.flush()?; // about once a second
/// recorder.finish()?;
///
/// let mut recorder = Recorder::append(&path)?;
/// let connection = recorder.connection(); // its login was not seen
/// recorder.missing(now(), connection, Direction::ToServer, 1)?; // a message over `LARGEST`, for example
/// recorder.foreign(now(), connection, Direction::ToClient, "HTTP")?;
/// assert_eq!((connection, recorder.len(), recorder.is_empty(), LARGEST), (1, 3, false, 1 << 30));
/// recorder.finish()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Recorder {
    file: File,
    /// The file's length in bytes.
    at: u64,
    index: Index,
    /// Entries in written blocks.
    written: u64,
    connections: u32,
    rows: Vec<Row>,
    data: Vec<u8>,
    compresses: bool,
    /// Buffer for a block to write, reused.
    out: Vec<u8>,
}

impl Recorder {
    /// Creates a new file.
    ///
    /// # Errors
    ///
    /// The OS error: `AlreadyExists` if the file exists.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, Error> {
        let file = OpenOptions::new().write(true).create_new(true).open(path)?;
        let mut recorder = Self::new(file, Index::default())?;
        recorder.file.write_all(&HEAD)?;
        recorder.at = HEAD.len() as u64;
        Ok(recorder)
    }

    /// Opens a recording to append to. Existing blocks and index are unchanged; an unfinished tail of a killed recorder
    /// is truncated. Existing connections count as closed; new ones get the next numbers.
    ///
    /// # Errors
    ///
    /// [`Error::NotARecording`], [`Error::Version`], [`Error::Locked`] while another recorder has the file open, and
    /// the OS error.
    pub fn append(path: impl AsRef<Path>) -> Result<Self, Error> {
        let file = OpenOptions::new().append(true).read(true).open(path.as_ref())?;
        // Lock before reading, so that no block is appended in between.
        let mut recorder = Self::new(file, Index::default())?;
        let recording = Recording::open(path)?;
        recorder.index.blocks = recording.blocks();
        recorder.at = aligned(recording.end());
        drop(recording);
        // The last block's padding may be missing: extend or truncate to the aligned end.
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
            // Some file systems do not support locks.
            Err(TryLockError::Error(_)) => {}
        }
        let (rows, data, out) = (Vec::new(), Vec::new(), Vec::new());
        Ok(Self { file, at: 0, index, written: 0, connections: 0, rows, data, compresses: true, out })
    }

    /// Sets whether later blocks are compressed. An uncompressed block is stored as an lz4 block of one run of
    /// literals, at the speed of a copy.
    pub const fn set_compression(&mut self, compresses: bool) {
        self.compresses = compresses;
    }

    /// Records a login. Returns the number of its connection.
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
    /// [`Error::NotAMessage`] if the header is malformed or its length is not that of `message`, [`Error::TooLarge`]
    /// for a message over [`LARGEST`], which the caller can record with [`missing`](Self::missing), and the OS error.
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

    /// Records that `messages` messages are missing.
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

    /// Records that a direction is not kdb+ IPC. `what` names the protocol it looks like; it is truncated to 255 bytes.
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

    /// Allocates a number for a connection without a login.
    #[must_use]
    pub const fn connection(&mut self) -> u32 {
        let connection = self.connections;
        self.connections += 1;
        connection
    }

    /// The number of entries so far, including those before [`append`](Self::append).
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

    /// Writes the current block, if it has an entry.
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
        // Release the memory of large messages.
        self.data.clear();
        self.data.shrink_to(2 * FULL);
        self.out.shrink_to(2 * FULL);
        Ok(())
    }

    /// Writes the current block and the index, and syncs the file to disk.
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

/// Appends the compressed bytes. Returns the compressed length.
fn compress(bytes: &[u8], out: &mut Vec<u8>) -> Result<u32, Error> {
    let start = out.len();
    out.resize(start + lz4_flex::block::get_maximum_output_size(bytes.len()), 0);
    let room = out.get_mut(start..).unwrap_or_default();
    let length = lz4_flex::block::compress_into(bytes, room).map_err(std::io::Error::other)?;
    out.truncate(start + length);
    size(length)
}

/// Appends the bytes as an lz4 block without matches: a token, the length in steps of 255, the bytes. Returns the
/// block's length.
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
