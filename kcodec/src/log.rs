//! Tickerplant logs: records one after another, as `-11!` replays them.
//!
//! A log begins with the head that ``L set ()`` writes, `ff 01` and an empty general list, whose count stays 0
//! whatever is appended. Records follow to the end of the file: bare objects, without a length or a checksum.
//! Where one ends is known only by walking it, and what damaged one cannot be skipped.
//!
//! [`Log`] reads the bytes of a log in place. With the feature `map`, `Map` gives those of a file without reading
//! it into memory, and `Writer` appends to one.
//!
//! ```
//! use kcodec::{Body, Log, Update, log};
//!
//! let mut file = log::HEAD.to_vec();
//! file.extend_from_slice(kcodec::parse("(`upd;`trade;(`IBM;101.5))")?.as_bytes());
//! for record in Log::new(&file)? {
//!     let update = Update::new(record?).expect("an update went in");
//!     assert_eq!((update.table().as_str(), update.rows()), (Some("trade"), 1));
//! }
//! // A record that is cut short: `-11!(-2;file)` is then 1 46.
//! file.extend_from_slice(&[0, 0, 3]);
//! let bad = Log::new(&file)?.check().unwrap_err();
//! assert_eq!((bad.records, bad.valid, bad.is_torn()), (1, file.len() - 3, true));
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

/// The bytes of a file are no log: they do not begin with `ff 01 00 00` and a count of four bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a log")]
pub struct NotLog;

/// The bytes behind a log's last whole record are no record: q's `'badtail`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("{} at {at}: {reason}", if self.is_torn() { "torn" } else { "corrupt" })]
pub struct BadTail {
    /// Whole records before it: the first number of `-11!(-2;file)`.
    pub records: u64,
    /// Bytes of the head and those records, and so where the bad record begins: the second number of `-11!(-2;file)`.
    pub valid: usize,
    /// Offset in the log at which reading stopped.
    pub at: usize,
    /// What is wrong there.
    pub reason: ErrorKind,
}

impl BadTail {
    /// Whether the log ends before its last record does, as after a crash of its writer. If not, the bytes are
    /// corrupt: no object begins like them. A corrupt count that reaches past the end of the log looks torn.
    #[must_use]
    pub const fn is_torn(&self) -> bool {
        matches!(self.reason, ErrorKind::Truncated | ErrorKind::Count(_))
    }
}

/// An iterator over the records of a log: checked views of its bytes, which are not copied. Of memory it
/// takes some 5 KiB in all.
///
/// The first error is the last item. The first n records, `-11!(n;file)`, are [`take`](Iterator::take)`(n)`.
#[derive(Debug, Clone)]
pub struct Log<'a> {
    left: &'a [u8],
    at: usize,
    records: u64,
    limits: Limits,
    shapes: Shapes,
}

impl<'a> Log<'a> {
    /// Reads a log from its beginning. Records may nest as deep as [`Limits::depth`] can say, so that a message
    /// that was let in under the default limits is not refused for what was put around it.
    ///
    /// # Errors
    ///
    /// [`NotLog`].
    pub const fn new(bytes: &'a [u8]) -> Result<Self, NotLog> {
        let [0xff, 0x01, 0, 0, _, _, _, _, left @ ..] = bytes else { return Err(NotLog) };
        Ok(Self { left, at: HEAD.len(), records: 0, limits: Limits { depth: u8::MAX }, shapes: Shapes::NONE })
    }

    /// The same log under limits of the caller's: a record that breaks them counts as corrupt.
    #[must_use]
    pub fn with_limits(self, limits: Limits) -> Self {
        Self { limits, shapes: Shapes::NONE, ..self }
    }

    /// Offset of the next record: bytes of the head and of all records passed.
    #[must_use]
    pub const fn at(&self) -> usize {
        self.at
    }

    /// Number of records passed: the `.u.i` that a tickerplant had when the next one was written.
    #[must_use]
    pub const fn records(&self) -> u64 {
        self.records
    }

    /// Passes the records that are left and returns the number of all that were passed: `-11!(-2;file)`.
    ///
    /// # Errors
    ///
    /// [`BadTail`] with the number and the length of the valid prefix.
    pub fn check(mut self) -> Result<u64, BadTail> {
        while let Some(record) = self.pass() {
            record?;
        }
        Ok(self.records)
    }

    /// Passes the next record: its bytes, and whether they can be sent as they stand.
    #[inline]
    fn pass(&mut self) -> Option<Result<(&'a [u8], bool), BadTail>> {
        if self.left.is_empty() {
            return None;
        }
        let (size, canonical) = match self.shapes.extent(self.left) {
            Some(size) => (size, true),
            None => match self.walk() {
                Ok(found) => found,
                Err(bad) => return Some(Err(bad)),
            },
        };
        let (record, left) = self.left.split_at_checked(size)?;
        self.left = left;
        self.at = self.at.saturating_add(size);
        self.records = self.records.saturating_add(1);
        Some(Ok((record, canonical)))
    }

    /// Checks the next record item by item: its length, and whether it can be sent as it stands.
    #[inline(never)]
    fn walk(&mut self) -> Result<(usize, bool), BadTail> {
        match first_object(self.left, self.limits) {
            Ok((size, canonical)) => {
                self.shapes.learn(self.left.get(..size).unwrap_or_default());
                Ok((size, canonical))
            }
            Err(error) => {
                self.left = &[];
                let at = self.at.saturating_add(error.at);
                Err(BadTail { records: self.records, valid: self.at, at, reason: error.kind })
            }
        }
    }
}

impl<'a> Iterator for Log<'a> {
    type Item = Result<Value<'a>, BadTail>;

    #[inline]
    fn next(&mut self) -> Option<Self::Item> {
        Some(match self.pass()? {
            // As nearly all are; inlined, which views of any kind are not.
            Ok(([0, list @ ..], canonical)) => Ok(Value::List(List::behind_type(list, canonical))),
            Ok((record, canonical)) => Ok(view(record, canonical)),
            Err(bad) => Err(bad),
        })
    }
}

impl FusedIterator for Log<'_> {}
