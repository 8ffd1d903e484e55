//! Reads messages from files: recordings, lines of hex, and concatenated binary messages.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use kwire::{Header, Malformed, Reason};

use crate::recording::{self, Recording, What};
use crate::{golden, unhex};

/// A file that cannot be read as messages.
#[derive(Debug, thiserror::Error)]
#[error("{}: {fault}", path.display())]
pub struct Error {
    /// The file.
    pub path: PathBuf,
    /// The reason.
    pub fault: Fault,
}

/// Why a file cannot be read as messages.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Fault {
    /// The OS error.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// A line, counted from 1, of a file of hex is not hex.
    #[error("line {0} is not hex")]
    Hex(usize),
    /// A header in a binary file is malformed. The offset counts from the start of the file.
    #[error("offset {0}")]
    Malformed(#[from] Malformed),
    /// A recording, or a block of it, cannot be read.
    #[error(transparent)]
    Recording(#[from] recording::Error),
    /// The file holds no message.
    #[error("no messages")]
    Empty,
}

/// Reads all messages of a file.
///
/// From a [recording](Recording), reads the messages of both directions. A text file must hold one message in hex per
/// line; blanks may separate bytes, and lines that start with `#` are skipped. Any other file must hold concatenated
/// whole messages. Bodies are not checked, because malformed messages are useful seeds, too.
///
/// ```
/// # let folder = tempfile::tempdir()?;
/// use kcorpus::traffic::{Fault, load};
///
/// let path = folder.path().join("messages.txt");
/// std::fs::write(&path, "# a request\n01010000110000000a0003000000322b32\n")?;
/// assert_eq!(load(&path)?[0].len(), 17);
/// std::fs::write(&path, "0101\nsync\n")?;
/// assert!(matches!(load(&path).unwrap_err().fault, Fault::Hex(2)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
///
/// [`Error`] with the file's name and a [`Fault`].
pub fn load(path: &Path) -> Result<Vec<Vec<u8>>, Error> {
    let parse = |bytes: Vec<u8>| if is_text(&bytes) { lines(&bytes) } else { messages(&bytes) };
    let found = match Recording::open(path) {
        Ok(recording) => recorded(&recording),
        Err(recording::Error::NotARecording | recording::Error::Io(_)) => {
            fs::read(path).map_err(Fault::from).and_then(parse)
        }
        Err(error) => Err(error.into()),
    };
    let found = found.and_then(|found| if found.is_empty() { Err(Fault::Empty) } else { Ok(found) });
    found.map_err(|fault| Error { path: path.to_owned(), fault })
}

/// The bytes of the golden messages, as a default for tools without a file.
pub fn golden_messages() -> Vec<Vec<u8>> {
    golden().into_iter().map(|golden| golden.message).collect()
}

fn recorded(recording: &Recording) -> Result<Vec<Vec<u8>>, Fault> {
    let mut found = Vec::new();
    for entry in recording.entries() {
        let (_, entry) = entry?;
        if entry.what == What::Message {
            found.push(entry.bytes.to_vec());
        }
    }
    Ok(found)
}

/// A header begins with a byte under 2, which is not a text character.
fn is_text(bytes: &[u8]) -> bool {
    bytes.first().is_none_or(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
}

fn lines(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut found = Vec::new();
    for (index, line) in bytes.split(|&byte| byte == b'\n').enumerate() {
        let digits: Vec<u8> = line.iter().copied().filter(|byte| !byte.is_ascii_whitespace()).collect();
        if digits.is_empty() || digits.starts_with(b"#") {
            continue;
        }
        let message = str::from_utf8(&digits).ok().and_then(unhex).ok_or(Fault::Hex(index + 1))?;
        found.push(message);
    }
    Ok(found)
}

fn messages(bytes: &[u8]) -> Result<Vec<Vec<u8>>, Fault> {
    let mut found = Vec::new();
    let mut left = bytes;
    while !left.is_empty() {
        let start = (bytes.len() - left.len()) as u64;
        let truncated = Malformed { at: bytes.len() as u64, reason: Reason::Body(kcodec::ErrorKind::Truncated) };
        let &head = left.first_chunk().ok_or(truncated)?;
        let header = Header::parse(head).map_err(|error| Malformed { at: start + error.at, ..error })?;
        let length = usize::try_from(header.length).map_err(|_| truncated)?;
        let (message, rest) = left.split_at_checked(length).ok_or(truncated)?;
        found.push(message.to_vec());
        left = rest;
    }
    Ok(found)
}
