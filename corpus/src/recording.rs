//! Recordings: one file with the timestamped messages of both directions of any number of connections.
//!
//! A file is append-only and consists of checksummed blocks. A [`Recorder`] that is killed loses only the block that it
//! has not written; a complete block never changes. [`Recording`] memory-maps a file. The index at the end of the file
//! locates an entry without reading the blocks before it; a missing or damaged index is rebuilt from the blocks'
//! headers. WIRE.md describes the format.
//!
//! Passwords are never recorded: no function takes one.
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

/// Most bytes of a recorded message: 1 GiB. Bounds the memory that a damaged file can make a reader allocate.
pub const LARGEST: usize = 1 << 30;

/// The direction of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Direction {
    /// From the client, the end that connected and sent the login.
    ToServer,
    /// From the server, the end that listened.
    ToClient,
}

/// The metadata of an entry, available without inflating its message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Meta {
    /// When it was seen: nanoseconds since 2000.01.01.
    pub time: Timestamp,
    /// The connection's number, unique in the recording; the first is 0.
    pub connection: u32,
    /// The direction. Has no meaning for a close.
    pub direction: Direction,
    /// The kind.
    pub kind: Kind,
    /// Bytes of the message, header included; for other entries, the bytes stored in the file.
    pub size: usize,
}

/// Kinds of entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// A login.
    Open,
    /// A message.
    Message(MessageType),
    /// The end of a connection.
    Close,
    /// Messages that could not be recorded.
    Missing,
    /// Bytes that are not kdb+ IPC.
    Foreign,
}

/// An entry of a recording.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was seen: nanoseconds since 2000.01.01.
    pub time: Timestamp,
    /// The connection's number.
    pub connection: u32,
    /// The direction.
    pub direction: Direction,
    /// The kind and its data.
    pub what: What,
    /// The whole message as it was on the wire, header included, of either byte order, compressed or plain. The header
    /// is checked, the body is not. Empty for other entries.
    pub bytes: Bytes,
}

impl Entry {
    /// The type of a message; `None` for other entries.
    #[must_use]
    pub fn message_type(&self) -> Option<MessageType> {
        block::message_type(&self.bytes)
    }
}

/// The kind of an entry, with its data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum What {
    /// A login without its password.
    Open {
        /// The user name; arbitrary bytes, by convention ASCII.
        user: Bytes,
        /// The capability that the client offers.
        capability: Capability,
    },
    /// A message: [`Entry::bytes`].
    Message,
    /// The end of a connection.
    Close,
    /// The number of messages not recorded, because the recorder could not keep up or they were over [`LARGEST`].
    Missing(u64),
    /// From here on the direction is not kdb+ IPC and is not recorded. The text names the protocol it looks like.
    Foreign(String),
}

/// An error of reading or writing a recording.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The file does not begin with a recording's header.
    #[error("not a recording")]
    NotARecording,
    /// The file has a later version of the format.
    #[error("a recording of version {0}; this reads version 1")]
    Version(u32),
    /// Another recorder has the file open.
    #[error("another process is recording to this file")]
    Locked,
    /// A block is damaged: its entries are lost, others can be read.
    #[error("block at {at} is damaged: {reason}")]
    Damaged {
        /// Its offset in the file.
        at: u64,
        /// The fault.
        reason: &'static str,
    },
    /// No entry has that number.
    #[error("no entry {0}")]
    NoEntry(u64),
    /// The bytes to record are not one whole message.
    #[error("not a message")]
    NotAMessage,
    /// The message to record is larger than [`LARGEST`].
    #[error("a message of {0} bytes is over the limit of {LARGEST}")]
    TooLarge(usize),
    /// The OS error.
    #[error(transparent)]
    Io(#[from] io::Error),
}

/// The current time: nanoseconds since 2000.01.01 UTC.
#[must_use]
pub fn now() -> Timestamp {
    const SECONDS_TO_2000: u64 = 946_684_800;
    // A clock before 1970 is recorded as 2000.01.01.
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let seconds = since.as_secs().saturating_sub(SECONDS_TO_2000);
    Timestamp(i64::try_from(seconds * 1_000_000_000).unwrap_or(i64::MAX).saturating_add(since.subsec_nanos().into()))
}
