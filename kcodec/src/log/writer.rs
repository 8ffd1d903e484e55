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
/// A record is appended whole or not at all. A process that is killed while it writes may still leave a torn one;
/// the next [`open`](Self::open) then refuses the file.
#[derive(Debug)]
pub struct Writer {
    file: File,
    /// Bytes of whole records and the head.
    size: u64,
    records: u64,
    /// Part of a record could not be taken back.
    is_torn: bool,
}

/// A log could not be opened or appended to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriterError {
    /// The file holds something else.
    #[error(transparent)]
    NotLog(#[from] NotLog),
    /// The log was damaged before. Nothing is appended to it: a reader would stop before that.
    #[error("valid length {} (records: {}), {_0}", _0.valid, _0.records)]
    BadTail(#[from] BadTail),
    /// Another [`Writer`] has the file open.
    #[error("another writer has the log open")]
    Locked,
    /// The value cannot stand in a log: an error, or a symbol with a NUL byte.
    #[error("no record: {0}")]
    Record(Error),
    /// An earlier record was written in part and could not be taken back, so that the log ends in a torn record.
    #[error("the log ends in a torn record")]
    Torn,
    /// The OS error. Of the record nothing is in the file.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl Writer {
    /// Opens a log to append to. An absent or empty file is given a head.
    ///
    /// Takes an advisory lock, which keeps other writers of this kind away, but not q. Walks the records that are
    /// there to see that all are whole, through a [`Map`].
    ///
    /// # Errors
    ///
    /// [`WriterError::NotLog`], [`WriterError::BadTail`] with the valid length, [`WriterError::Locked`], and the
    /// OS error.
    pub fn open(path: impl AsRef<Path>) -> Result<Self, WriterError> {
        let file = OpenOptions::new().read(true).append(true).create(true).open(path)?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => return Err(WriterError::Locked),
            // A file system without locks has none to respect.
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

    /// Appends a record by one write, or a few if the record has over a thousand long runs or 2 GiB. Columns are
    /// written from where they are. If the OS takes only a part, the rest follows; if it then refuses that, the file
    /// is cut to what it was.
    ///
    /// The bytes are the OS's when this returns: a crash of the process does not lose them, one of the machine may,
    /// until [`sync`](Self::sync).
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
        self.records = self.records.saturating_add(1);
        Ok(())
    }

    /// Waits until all records are on the disk: `fdatasync`. The name of a new file is its folder's to sync.
    ///
    /// # Errors
    ///
    /// The OS error, after which it is not known what reached the disk.
    pub fn sync(&self) -> io::Result<()> {
        self.file.sync_data()
    }

    /// Number of records in the log: the tickerplant's `.u.i`.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Bytes of the log.
    #[must_use]
    pub const fn size(&self) -> u64 {
        self.size
    }

    /// Writes all or nothing.
    fn write(&mut self, parts: &mut [IoSlice<'_>]) -> Result<(), WriterError> {
        if self.is_torn {
            return Err(WriterError::Torn);
        }
        match write_all(&self.file, parts) {
            Ok(written) => {
                self.size = self.size.saturating_add(written);
                Ok(())
            }
            Err(error) => {
                self.is_torn = self.file.set_len(self.size).is_err();
                Err(error.into())
            }
        }
    }
}

/// Writes all parts: how many bytes.
fn write_all(mut file: &File, mut parts: &mut [IoSlice<'_>]) -> io::Result<u64> {
    let mut written = 0_u64;
    while !parts.is_empty() {
        match file.write_vectored(parts) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(some) => {
                written = written.saturating_add(some as u64);
                IoSlice::advance_slices(&mut parts, some);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(written)
}
