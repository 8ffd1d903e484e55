//! Tickerplant logs: a sequence of records, as `-11!` replays them.
//!
//! A log begins with the head that ``L set ()`` writes: `ff 01` and an empty general list, whose count stays 0 when
//! records are appended. Records follow until the end of the file. A record is an object without a length or a
//! checksum, so its end is known only after a walk over it, and a reader cannot continue after a damaged one.
//!
//! [`Log`] reads the bytes of a log in place. With the feature `map`, `Map` maps a file into memory, and `Writer`
//! appends to one.
//!
//! ```
//! use kcodec::{Body, Log, Update, log};
//!
//! let mut file = log::HEAD.to_vec();
//! file.extend_from_slice(kcodec::parse("(`upd;`trade;(`IBM;101.5))")?.as_bytes());
//! for record in Log::new(&file)? {
//!     let update = Update::new(record?).expect("an update");
//!     assert_eq!((update.table().as_str(), update.rows()), (Some("trade"), 1));
//! }
//! // An incomplete record: `-11!(-2;file)` returns 1 46.
//! file.extend_from_slice(&[0, 0, 3]);
//! let bad = Log::new(&file)?.check().unwrap_err();
//! assert_eq!((bad.records, bad.valid, bad.is_torn()), (1, file.len() - 3, true));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! The errors, and the position in a log:
//!
//! ```
//! use kcodec::{ErrorKind, Limits, Log};
//! use kcodec::log::{BadTail, HEAD, NotLog};
//!
//! assert_eq!(Log::new(b"trade.csv").err(), Some(NotLog));
//! let mut file = HEAD.to_vec();
//! file.extend_from_slice(kcodec::parse("1 2 3")?.as_bytes());
//! let valid = file.len();
//! file.extend_from_slice(kcodec::parse("(1;(2;`a))")?.as_bytes());
//! let mut log = Log::new(&file)?.with_limits(Limits::default().with_depth(1));
//! assert!(log.next().is_some_and(|record| record.is_ok()));
//! assert_eq!((log.at(), log.records()), (valid, 1));
//! let bad: Option<BadTail> = log.next().and_then(Result::err);
//! assert_eq!(bad.map(|bad| (bad.reason, bad.is_torn())), Some((ErrorKind::Depth, false)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod shape;
#[cfg(feature = "map")]
mod writer;

use std::iter::FusedIterator;

use crate::decode::first_object;
use crate::error::ErrorKind;
use crate::limits::Limits;
use crate::list::List;
use crate::value::Value;
use crate::view::view;
use shape::Shapes;

#[cfg(feature = "map")]
pub use crate::map::Map;
#[cfg(feature = "map")]
pub use writer::{Writer, WriterError};

/// The first bytes of a new log.
pub const HEAD: [u8; 8] = [0xff, 0x01, 0, 0, 0, 0, 0, 0];

/// The bytes are not a log: they do not begin with `ff 01 00 00` and a count of four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a log")]
pub struct NotLog;

/// The bytes after a log's last complete record are not a record: q's `'badtail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} at {at}: {reason}", if self.is_torn() { "torn" } else { "corrupt" })]
pub struct BadTail {
    /// Number of complete records: the first item of `-11!(-2;file)`.
    pub records: u64,
    /// Bytes of the head and the complete records, which is the offset of the bad record: the second item of
    /// `-11!(-2;file)`.
    pub valid: usize,
    /// Offset in the log of the offending byte.
    pub at: usize,
    /// The reason.
    pub reason: ErrorKind,
}

impl BadTail {
    /// Whether the last record is incomplete, as after a crash of the writer. Otherwise the bytes are corrupt: no
    /// object begins with them. A corrupt count that exceeds the rest of the log is reported as torn, too.
    #[must_use]
    pub const fn is_torn(&self) -> bool {
        matches!(self.reason, ErrorKind::Truncated | ErrorKind::Count(_))
    }
}

/// An iterator over the records of a log: checked views of its bytes. Nothing is copied. An iterator allocates at most
/// once, about 5 KiB.
///
/// Iteration ends after the first error. [`take`](Iterator::take)`(n)` yields the first n records, as `-11!(n;file)`.
#[derive(Debug, Clone)]
pub struct Log<'a> {
    left: &'a [u8],
    at: usize,
    records: u64,
    limits: Limits,
    shapes: Shapes,
}

impl<'a> Log<'a> {
    /// Reads a log from its beginning. Records may nest up to the maximum of [`Limits::depth`]: a record is a message
    /// wrapped in further lists, and must not be refused if the message alone was within the default limits.
    ///
    /// # Errors
    ///
    /// [`NotLog`].
    pub const fn new(bytes: &'a [u8]) -> Result<Self, NotLog> {
        let [0xff, 0x01, 0, 0, _, _, _, _, left @ ..] = bytes else { return Err(NotLog) };
        Ok(Self { left, at: HEAD.len(), records: 0, limits: Limits { depth: u8::MAX }, shapes: Shapes::NONE })
    }

    /// The same log with other limits: a record that exceeds them is reported as corrupt.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, shapes: Shapes::NONE, ..self }
    }

    /// Offset of the next record in the log.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Number of records read so far: a tickerplant's `.u.i` before it wrote the next one.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Checks the remaining records and returns the number of all records read: `-11!(-2;file)`.
    ///
    /// # Errors
    ///
    /// [`BadTail`] with the number of complete records and their length in bytes.
    pub fn check(mut self) -> Result<u64, BadTail> {
        while let Some(record) = self.next_record() {
            record?;
        }
        Ok(self.records)
    }

    /// The bytes of the next record, and whether they are canonical: encoding the record writes the same bytes.
    #[inline]
    fn next_record(&mut self) -> Option<Result<(&'a [u8], bool), BadTail>> {
        if self.left.is_empty() {
            return None;
        }
        let (size, canonical) = match self.shapes.extent(self.left) {
            Some(size) => (size, true),
            None => match self.check_next() {
                Ok(found) => found,
                Err(bad) => return Some(Err(bad)),
            },
        };
        let Some((record, left)) = self.left.split_at_checked(size) else { unreachable!("checked: a whole record") };
        self.left = left;
        self.at += size;
        self.records += 1;
        Some(Ok((record, canonical)))
    }

    /// The slow path: checks the next record item by item. Returns its length, and whether it is canonical.
    #[inline(never)]
    fn check_next(&mut self) -> Result<(usize, bool), BadTail> {
        match first_object(self.left, self.limits) {
            Ok((size, canonical)) => {
                let Some(record) = self.left.get(..size) else { unreachable!("checked: a whole record") };
                self.shapes.insert(record);
                Ok((size, canonical))
            }
            Err(error) => {
                self.left = &[];
                let at = self.at + error.at;
                Err(BadTail { records: self.records, valid: self.at, at, reason: error.kind })
            }
        }
    }
}

impl<'a> Iterator for Log<'a> {
    type Item = Result<Value<'a>, BadTail>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.next_record()? {
            // Fast path: nearly all records are lists. This view is inlined; `view` is a call.
            Ok(([0, list @ ..], canonical)) => Ok(Value::List(List::behind_type(list, canonical))),
            Ok((record, canonical)) => Ok(view(record, canonical)),
            Err(bad) => Err(bad),
        })
    }
}

impl FusedIterator for Log<'_> {}
