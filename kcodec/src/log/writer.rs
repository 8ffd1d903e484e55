//! Appends records to a log file.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, IoSlice, Write};
use std::path::Path;

use super::{BadTail, HEAD, Log, NotLog};
use crate::capability::Capability;
use crate::error::{Error, ErrorKind};
use crate::map::Map;
use crate::value::Value;

/// Appends records to a log file, as a tickerplant's `.u.l` does: `` l enlist(`upd;`trade;x) ``.
///
/// A record is appended completely or not at all. Only if the process is killed during a write may a torn record
/// remain; the next [`open`](Self::open) then refuses the file.
///
/// ```
/// use kcodec::log::{Log, Map, Writer, WriterError};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("sym2024.01.31");
/// let record = kcodec::parse("(`upd;`trade;(`ibm;101.5))")?;
/// let mut log = Writer::open(&path)?;
/// log.append(record.value())?;
/// log.sync()?; // to the disk
/// assert_eq!((log.records(), log.size()), (1, 46));
///
/// let map = Map::open(&path)?;
/// let mut read = Log::new(map.as_bytes())?;
/// while let Some(value) = read.next() {
///     assert_eq!(value?, record.value());
///     map.release(0..read.at()); // a small resident set
/// }
/// assert!(map.is_whole()?);
/// assert!(matches!(Writer::open(&path), Err(WriterError::Locked))); // by `log`
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Writer {
    file: File,
    /// Bytes of the head and the complete records.
    size: u64,
    records: u64,
    /// Whether an incomplete record could not be removed.
    is_torn: bool,
}

/// A log could not be opened or appended to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriterError {
    /// The file is not a log.
    #[error(transparent)]
    NotLog(#[from] NotLog),
    /// The log has a bad tail. Nothing is appended, because a reader would stop before the new records.
    #[error("valid length {} (records: {}), {_0}", _0.valid, _0.records)]
    BadTail(#[from] BadTail),
    /// Another [`Writer`] has the file open.
    #[error("another writer has the log open")]
    Locked,
    /// The value cannot be a record: an error object, or a symbol with a NUL byte.
    #[error("no record: {0}")]
    Record(Error),
    /// An earlier write was incomplete and could not be undone, so the log ends in a torn record.
    #[error("the log ends in a torn record")]
    Torn,
    /// The OS error. The file does not contain any part of the record, unless [`WriterError::Torn`] follows.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Writer {
    /// Opens a log for appending. Creates an absent file; writes the head to an empty one.
    ///
    /// Takes an advisory lock, which excludes other [`Writer`]s but not q. Checks all existing records, through a
    /// [`Map`].
    ///
    /// # Errors
    ///
    /// [`WriterError::NotLog`], [`WriterError::BadTail`] with the valid length, [`WriterError::Locked`],
    /// [`WriterError::Io`].
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WriterError> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(WriterError::Locked),
            // The file system does not support locks.
            Err(TryLockError::Error(error)) if error.kind() != io::ErrorKind::Unsupported => return Err(error.into()),
            Ok(()) | Err(TryLockError::Error(_)) => {}
        }
        let map = Map::new(file.try_clone()?)?;
        if map.as_bytes().is_empty() {
            let mut log = Self { file, size: 0, records: 0, is_torn: false };
            log.write(&mut [IoSlice::new(&HEAD)])?;
            return Ok(log);
        }
        let records = Log::new(map.as_bytes())?.check()?;
        Ok(Self { file, size: map.as_bytes().len() as u64, records, is_torn: false })
    }

    /// Appends a record by one vectored write, or several if the record exceeds 2 GiB or has more than about a thousand
    /// long runs. Long columns are written from the caller's memory, not copied. After a short write, the rest is
    /// written; if that fails, the file is truncated to its previous size.
    ///
    /// When this returns, the OS has the bytes: they survive a crash of the process. They survive a crash of the
    /// machine only after [`sync`](Self::sync).
    ///
    /// # Errors
    ///
    /// [`WriterError::Record`], [`WriterError::Io`] such as a full disk, [`WriterError::Torn`].
    pub fn append<'a>(&mut self, record: impl Into<Value<'a>>) -> Result<(), WriterError> {
        let record = record.into();
        if matches!(record, Value::Error(_)) {
            return Err(WriterError::Record(Error::new(0, ErrorKind::NestedError)));
        }
        let gather = record.gather(Capability::MAX).map_err(WriterError::Record)?;
        self.write(&mut gather.io_slices())?;
        self.records += 1;
        Ok(())
    }

    /// Waits until all records are on the disk: `fdatasync`. For a new file, the caller must also sync its directory.
    ///
    /// # Errors
    ///
    /// The OS error, after which it is unknown which records are on the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Number of records in the log: the tickerplant's `.u.i`.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Size of the log in bytes.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Writes all parts, or truncates the file to its previous size.
    fn write(&mut self, parts: &mut [IoSlice<'_>]) -> Result<(), WriterError> {
        if self.is_torn {
            return Err(WriterError::Torn);
        }
        match write_all(&self.file, parts) {
            Ok(written) => {
                self.size += written;
                Ok(())
            }
            Err(error) => {
                self.is_torn = self.file.set_len(self.size).is_err();
                Err(error.into())
            }
        }
    }
}

/// Writes all parts. Returns the number of bytes.
fn write_all(mut file: &File, mut parts: &mut [IoSlice<'_>]) -> io::Result<u64> {
    let mut written = 0_u64;
    while !parts.is_empty() {
        match file.write_vectored(parts) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(count) => {
                written += count as u64;
                IoSlice::advance_slices(&mut parts, count);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
