//! Reading recordings.

use std::path::Path;
use std::sync::{Mutex, PoisonError};

use bytes::Bytes;
use kcodec::Timestamp;
use kcodec::log::Map;
use rkyv::util::AlignedVec;

use super::block::Rows;
use super::format::{BlockHead, Head, head};
use super::index::{self, ArchivedIndex, Block, Walk};
use super::{Entry, Error, Meta};

/// A recording, open for reading.
///
/// The file is memory-mapped and must not be truncated while it is open. A [`Recorder`](super::Recorder) never changes
/// complete blocks. Entries appended after opening are not visible.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("day.krec");
/// use kcodec::{Capability, Timestamp};
/// use kcorpus::recording::{Direction, Entries, Entry, Kind, Meta, Recorder, Recording};
/// use kwire::MessageType;
///
/// let two = kcorpus::unhex("01010000110000000a0003000000322b32").expect("hex"); // "2+2", sync
/// let mut recorder = Recorder::create(&path)?;
/// let connection = recorder.open(Timestamp(0), b"bob", Capability::MAX)?;
/// recorder.message(Timestamp(10), connection, Direction::ToServer, &two)?;
/// recorder.finish()?;
///
/// let recording = Recording::from_bytes(std::fs::read(&path)?.into())?; // or `open`, which maps the file
/// assert_eq!((recording.len(), recording.is_empty(), recording.connections()), (2, false, 1));
/// assert_eq!((recording.is_finished(), recording.lost()), (true, 0));
/// let Meta { time, kind, size, .. } = recording.meta(1)?; // without inflating the message
/// assert_eq!((time, kind, size), (Timestamp(10), Kind::Message(MessageType::Sync), 17));
/// assert_eq!(recording.metas().count(), 2);
///
/// let mut entries: Entries<'_> = recording.entries_from(recording.seek(Timestamp(10)));
/// let found = entries.find(|entry| entry.as_ref().is_ok_and(|(_, entry)| entry.time >= Timestamp(10)));
/// let (number, entry): (u64, Entry) = found.expect("an entry")?;
/// assert_eq!((number, entry.message_type()), (1, Some(MessageType::Sync)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Recording {
    opened: Opened,
    /// End of the last complete block or index.
    end: u64,
    lost: u64,
    /// The block last read by [`get`](Self::get) or [`meta`](Self::meta).
    last: Mutex<Option<Inflated>>,
}

self_cell::self_cell!(
    /// A file and the index in its bytes, validated once and accessed in place.
    struct Opened {
        owner: Source,
        #[covariant]
        dependent: Indexed,
    }

    impl {Debug}
);

type Indexed<'a> = &'a ArchivedIndex;

/// The bytes of a file, and of a rebuilt index if the file has none.
#[derive(Debug)]
struct Source {
    file: Storage,
    rebuilt: Option<AlignedVec>,
}

#[derive(Debug)]
enum Storage {
    Map(Map),
    /// Aligned like the map.
    Memory(AlignedVec),
}

impl Storage {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Map(map) => map.as_bytes(),
            Self::Memory(bytes) => bytes,
        }
    }
}

impl Source {
    fn index(&self) -> Result<Indexed<'_>, Error> {
        let bytes = match &self.rebuilt {
            Some(rebuilt) => Some(rebuilt.as_slice()),
            None => index::find(self.file.bytes()),
        };
        bytes.and_then(index::access).ok_or(Error::NotARecording)
    }
}

/// A block's rows, and its data once they are needed.
#[derive(Debug)]
struct Inflated {
    rows: Rows,
    data: Option<Bytes>,
}

impl Recording {
    /// Maps a recording. A missing or damaged index is rebuilt from the blocks' headers.
    ///
    /// # Errors
    ///
    /// [`Error::NotARecording`], [`Error::Version`], and the OS error.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, Error> {
        Self::new(Storage::Map(Map::open(path)?))
    }

    /// Opens a recording in memory.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn from_bytes(bytes: Bytes) -> Result<Self, Error> {
        let mut aligned = AlignedVec::with_capacity(bytes.len());
        aligned.extend_from_slice(&bytes);
        Self::new(Storage::Memory(aligned))
    }

    fn new(file: Storage) -> Result<Self, Error> {
        match head(file.bytes()) {
            Head::Recording => {}
            Head::Version(version) => return Err(Error::Version(version)),
            Head::Foreign => return Err(Error::NotARecording),
        }
        let last = Mutex::default();
        let whole = file.bytes().len() as u64;
        let (opened, end, lost) = match Opened::try_new_or_recover(Source { file, rebuilt: None }, Source::index) {
            Ok(opened) => (opened, whole, 0),
            Err((mut source, _)) => {
                let Walk { index, end, lost } = index::walk(source.file.bytes());
                source.rebuilt = Some(index.to_bytes().map_err(|error| Error::Io(std::io::Error::other(error)))?);
                (Opened::try_new(source, Source::index)?, end, lost)
            }
        };
        Ok(Self { opened, end, lost, last })
    }

    /// The number of entries, including those of damaged blocks.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.index().blocks.last().map(Block::from).map_or(0, |last| last.first.saturating_add(last.entries.into()))
    }

    /// Whether the recording has no entries.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The number of connections.
    #[must_use]
    pub fn connections(&self) -> u32 {
        self.index().blocks.last().map(Block::from).map_or(0, |last| last.connections)
    }

    /// Whether the file has an intact index: it was finished and is not damaged at its end.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.opened.borrow_owner().rebuilt.is_none()
    }

    /// Bytes of the file that belong to no complete block: unfinished by a killed recorder, or damaged. 0 if the index
    /// is intact.
    #[must_use]
    pub const fn lost(&self) -> u64 {
        self.lost
    }

    /// The metadata of an entry, without inflating its message.
    ///
    /// # Errors
    ///
    /// [`Error::NoEntry`] if `number` is not below [`len`](Self::len); [`Error::Damaged`] if the entry's block is.
    pub fn meta(&self, number: u64) -> Result<Meta, Error> {
        self.with(number, |_, inflated| inflated.rows.meta(number).ok_or(Error::NoEntry(number)))
    }

    /// An entry. Inflates its block, unless the last call read the same block.
    ///
    /// # Errors
    ///
    /// As [`meta`](Self::meta).
    pub fn get(&self, number: u64) -> Result<Entry, Error> {
        self.with(number, |file, inflated| inflated.entry(number, file))
    }

    /// All entries with their numbers, in order.
    #[must_use]
    pub fn entries(&self) -> Entries<'_> {
        self.entries_from(0)
    }

    /// The entries from a number on.
    #[must_use]
    pub fn entries_from(&self, number: u64) -> Entries<'_> {
        Entries { recording: self, next: number, inflated: None }
    }

    /// The metadata of all entries, with their numbers, in order.
    pub fn metas(&self) -> impl Iterator<Item = Result<(u64, Meta), Error>> + '_ {
        let mut walk = self.entries();
        let read = |inflated: &mut Inflated, number, _: &_| inflated.rows.meta(number).ok_or(Error::NoEntry(number));
        std::iter::from_fn(move || walk.step(read))
    }

    /// The number of the first entry of the first block with an entry at or after `time`: the start of a scan for
    /// entries from that time on.
    #[must_use]
    pub fn seek(&self, time: Timestamp) -> u64 {
        let block = self.index().blocks.iter().map(Block::from).find(|block| block.to >= time.0);
        block.map_or_else(|| self.len(), |block| block.first)
    }

    /// Runs `read` on the block of an entry, and caches the block for the next call.
    fn with<T>(&self, number: u64, read: impl FnOnce(&[u8], &mut Inflated) -> Result<T, Error>) -> Result<T, Error> {
        let block = self.find(number)?;
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let inflated = match last.take_if(|last| last.rows.at() == block.at) {
            Some(inflated) => inflated,
            None => self.inflate(&block)?,
        };
        read(self.file(), last.insert(inflated))
    }

    /// The block of an entry.
    fn find(&self, number: u64) -> Result<Block, Error> {
        if number >= self.len() {
            return Err(Error::NoEntry(number));
        }
        let blocks = &self.index().blocks;
        let after = blocks.partition_point(|block| block.first.to_native() <= number);
        let block = after.checked_sub(1).and_then(|index| blocks.get(index)).map(Block::from);
        match block {
            Some(block) if number - block.first < block.entries.into() => Ok(block),
            // A gap in the numbers: the walk found no block there.
            Some(block) => Err(Error::Damaged { at: block.at + block.length, reason: "its head is unreadable" }),
            None => Err(Error::Damaged { at: super::format::HEAD.len() as u64, reason: "its head is unreadable" }),
        }
    }

    fn inflate(&self, block: &Block) -> Result<Inflated, Error> {
        let head = BlockHead::read(self.file(), block.at);
        let fail = |reason| Err(Error::Damaged { at: block.at, reason });
        match head {
            None => fail("no block begins there"),
            Some(head) if (head.first, head.entries) != (block.first, block.entries) => fail("the index disagrees"),
            Some(_) => Ok(Inflated { rows: Rows::read(self.file(), block.at)?, data: None }),
        }
    }

    pub(crate) fn blocks(&self) -> Vec<Block> {
        self.index().blocks.iter().map(Block::from).collect()
    }

    /// End of the last complete block or index.
    pub(crate) const fn end(&self) -> u64 {
        self.end
    }

    fn file(&self) -> &[u8] {
        self.opened.borrow_owner().file.bytes()
    }

    fn index(&self) -> &ArchivedIndex {
        self.opened.borrow_dependent()
    }
}

impl Inflated {
    fn entry(&mut self, number: u64, file: &[u8]) -> Result<Entry, Error> {
        let data = match self.data.take() {
            Some(data) => data,
            None => self.rows.data(file)?,
        };
        self.rows.entry(number, self.data.insert(data))
    }
}

/// The entries of a recording with their numbers, in order. A damaged block yields one error; the iteration continues
/// after it.
#[derive(Debug)]
pub struct Entries<'a> {
    recording: &'a Recording,
    next: u64,
    inflated: Option<Inflated>,
}

impl Entries<'_> {
    /// Reads the next entry; skips the rest of a damaged block.
    fn step<T>(
        &mut self,
        read: impl FnOnce(&mut Inflated, u64, &[u8]) -> Result<T, Error>,
    ) -> Option<Result<(u64, T), Error>> {
        let number = self.next;
        if number >= self.recording.len() {
            return None;
        }
        let file = self.recording.file();
        let outcome = self.enter(number).and_then(|inflated| read(inflated, number, file));
        self.next = match outcome {
            Ok(_) => number + 1,
            Err(_) => self.after_block(number),
        };
        Some(outcome.map(|value| (number, value)))
    }

    /// The block of an entry. The cached block is reused if it contains the entry.
    fn enter(&mut self, number: u64) -> Result<&mut Inflated, Error> {
        let inflated = match self.inflated.take_if(|inflated| inflated.rows.meta(number).is_some()) {
            Some(inflated) => inflated,
            None => self.recording.inflate(&self.recording.find(number)?)?,
        };
        Ok(self.inflated.insert(inflated))
    }

    /// The first entry after the block or gap that contains `number`.
    fn after_block(&self, number: u64) -> u64 {
        let blocks = &self.recording.index().blocks;
        match self.recording.find(number) {
            Ok(block) => block.first + u64::from(block.entries),
            Err(_) => {
                let after = blocks.partition_point(|block| block.first.to_native() <= number);
                blocks.get(after).map_or(self.recording.len(), |block| block.first.to_native())
            }
        }
    }
}

impl Iterator for Entries<'_> {
    type Item = Result<(u64, Entry), Error>;

    fn next(&mut self) -> Option<Self::Item> {
        self.step(|inflated, number, file| inflated.entry(number, file))
    }
}
