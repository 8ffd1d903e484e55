//! What is wrong with a file that is imported.

use std::io;
use std::path::PathBuf;

use kcodec::log::BadTail;

use crate::recording;

/// A file that was not or only partly imported.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file cannot be read to its end. What precedes the fault is recorded.
    #[error("{}: {fault}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// The reason.
        fault: Fault,
    },
    /// The recording cannot be written.
    #[error(transparent)]
    Recording(#[from] recording::Error),
}

/// Why a file cannot be imported.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// use kcorpus::import::{Error, Fault, Importer, Options};
/// use kcorpus::recording::Recorder;
///
/// let path = folder.path().join("readme.zip");
/// std::fs::write(&path, b"PK\x03\x04")?;
/// let recorder = Recorder::create(folder.path().join("day.krec"))?;
/// let mut importer = Importer::new(recorder, None, Options::default());
/// let refused = importer.file(&path, &mut |_, _| {});
/// assert!(matches!(refused, Err(Error::File { fault: Fault::Unknown, .. })));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The OS error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// The format is not recognized.
    #[error("not a capture, a tickerplant log or lines of hex")]
    Unknown,
    /// A capture ends within a packet.
    #[error("cut short: the packet at {at} is not whole")]
    Cut {
        /// Offset of the packet in the file.
        at: usize,
    },
    /// A capture contains bytes that are not a packet.
    #[error("no packet at {at}")]
    Damaged {
        /// Their offset in the file.
        at: usize,
    },
    /// All packets of a capture have unsupported link types.
    #[error("link type {0} cannot be read")]
    Link(i32),
    /// The file does not begin with the header of a tickerplant log.
    #[error(transparent)]
    NotLog(#[from] kcodec::log::NotLog),
    /// A tickerplant log is damaged.
    #[error("{_0}, after {} records", _0.records)]
    Log(#[from] BadTail),
    /// A line, counted from 1, is not one whole message in hex.
    #[error("line {0} is not a message in hex")]
    Hex(usize),
    /// The file was truncated while it was read.
    #[error("was shortened while it was read")]
    Shortened,
}
