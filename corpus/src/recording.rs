//! Recordings: messages of both directions of any number of connections, with their times, in one file.
//!
//! A file is written append-only, block by block, each with its checksum: a [`Recorder`] that is killed loses the
//! block that it had not written, and no whole block ever changes. [`Recording`] reads a file through a
//! memory map: the index at its end finds an entry without looking at what lies before, and if it is missing or
//! damaged, it is made anew from the blocks' headers. WIRE.md describes the format.
//!
//! Logins are kept without their passwords: none of these functions takes one.
//!
//! ```
//! use kcorpus::recording::{Direction, Recorder, Recording, What};
//! # let folder = tempfile::tempdir()?;
//! # let path = folder.path().join("day.krec");
//! use kcodec::{Capability, Timestamp};
//!
//! let mut recorder = Recorder::create(&path)?;
//! let connection = recorder.open(Timestamp(0), b"bob", Capability::MAX)?;
//! let four = kcorpus::unhex("01010000110000000a0003000000322b32").expect("hex"); // "2+2", sync
//! recorder.message(Timestamp(1), connection, Direction::ToServer, &four)?;
//! recorder.close(Timestamp(2), connection)?;
//! recorder.finish()?;
//!
//! let recording = Recording::open(&path)?;
//! assert_eq!(recording.len(), 3);
//! let entry = recording.get(1)?;
//! assert_eq!((entry.what, entry.bytes), (What::Message, four.into()));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod block;
mod format;
mod framer;
mod index;
mod reader;
mod tap;
mod writer;

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use bytes::Bytes;
use kcodec::{Capability, Timestamp};
use kwire::MessageType;

pub use framer::{Framed, Framer};
pub use reader::{Entries, Recording};
pub use tap::{Line, Tap, Totals};
pub use writer::Recorder;

/// Bytes of the largest message that is recorded, 1 GiB. It bounds what a damaged file can make a reader allocate.
pub const LARGEST: usize = 1 << 30;

/// Which end a message goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client, the end that connected and sent the login.
    ToServer,
    /// From the server, the end that listened.
    ToClient,
}

/// What is known of an entry without inflating its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// When it was seen: nanoseconds since 2000.01.01.
    pub time: Timestamp,
    /// The connection's number, unique in the recording; the first is 0.
    pub connection: u32,
    /// Which end it went to. A close is of both.
    pub direction: Direction,
    /// What it is.
    pub kind: Kind,
    /// Bytes of a message, header included; of other entries, as the file has them.
    pub size: usize,
}

/// Kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A login.
    Open,
    /// A message of a type.
    Message(MessageType),
    /// The end of a connection.
    Close,
    /// Messages that could not be recorded.
    Missing,
    /// Bytes that are no kdb+ IPC.
    Foreign,
}

/// An entry of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was seen: nanoseconds since 2000.01.01.
    pub time: Timestamp,
    /// The connection's number.
    pub connection: u32,
    /// Which end it went to.
    pub direction: Direction,
    /// What it is.
    pub what: What,
    /// A whole message as it was on the wire, header first: of either byte order, compressed or not. The header is
    /// checked, the body is not. Empty for other entries.
    pub bytes: Bytes,
}

impl Entry {
    /// The type of a message; `None` for other entries.
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        block::message_type(&self.bytes)
    }
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A login, its password left out.
    Open {
        /// The user; bytes, by convention ASCII.
        user: Bytes,
        /// What the client can read.
        capability: Capability,
    },
    /// A message: [`Entry::bytes`].
    Message,
    /// The end of a connection.
    Close,
    /// So many messages were not recorded, because the recorder could not keep up or they were over [`LARGEST`].
    Missing(u64),
    /// From here on this direction is no kdb+ IPC, and is not recorded. The text says what it looks like.
    Foreign(String),
}

/// A recording that cannot be read or written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file does not begin as a recording does.
    #[error("not a recording")]
    NotARecording,
    /// The file has a later version of the format.
    #[error("a recording of version {0}; this reads version 1")]
    Version(u32),
    /// Another recorder has the file open.
    #[error("another process is recording to this file")]
    Locked,
    /// A block of the file is damaged: its entries are lost, others can be read.
    #[error("block at {at} is damaged: {reason}")]
    Damaged {
        /// Its offset in the file.
        at: u64,
        /// What is wrong.
        reason: &'static str,
    },
    /// No entry has that number.
    #[error("no entry {0}")]
    NoEntry(u64),
    /// The bytes to record are not one whole message.
    #[error("not a message")]
    NotAMessage,
    /// The message to record is over [`LARGEST`].
    #[error("a message of {0} bytes is over the limit of {LARGEST}")]
    TooLarge(usize),
    /// The OS error.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The time: nanoseconds since 2000.01.01, UTC.
#[must_use]
pub fn now() -> Timestamp {
    const SECONDS_TO_2000: u64 = 946_684_800;
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs().saturating_sub(SECONDS_TO_2000);
    Timestamp(i64::try_from(seconds * 1_000_000_000).unwrap_or(i64::MAX).saturating_add(since.subsec_nanos().into()))
}
