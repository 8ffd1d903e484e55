//! Files as bytes, without reading them into memory.

#![expect(unsafe_code, reason = "mapping a file is unsafe by nature: see Map")]

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::Path;

#[cfg(unix)]
use memmap2::{Advice, UncheckedAdvice};
use memmap2::{Mmap, MmapOptions};

/// The bytes of a file, as many as it had when it was opened: pages are read when they are looked at, and the OS
/// may drop them again, at the latest when they are [released](Self::release), so that memory stays flat however long
/// the file is.
///
/// # The file must only grow
///
/// Rust takes these bytes for constant, and a mapping cannot make them so. What another process may do meanwhile:
///
/// | to the file | effect here |
/// |---|---|
/// | append, as a tickerplant does | none: what was not there when it was opened is not seen |
/// | rename or delete | none: the mapping holds the file |
/// | shorten | looking at a page behind the new end raises SIGBUS, which ends the process |
/// | overwrite in place | bytes that were checked change: views may show what never was in the file, and a text that was found to be UTF-8 may no longer be, which is undefined behaviour |
///
/// No call prevents the last two; locks are advisory, and q takes none. So map files that are append-only by
/// agreement, as logs are, or by force (`chattr +a`). [`is_whole`](Self::is_whole) tells afterwards whether the file
/// was shortened. Where others cannot be trusted with the file, read it into memory instead: everything here takes
/// `&[u8]`.
#[derive(Debug)]
pub struct Map {
    bytes: Mmap,
    file: File,
}

impl Map {
    /// Maps a file to be read from its beginning to its end.
    ///
    /// # Errors
    ///
    /// The OS error; [`io::ErrorKind::InvalidInput`] for what is no regular file.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        // Before it is opened: a pipe without a writer would not be until it has one.
        regular(&fs::metadata(path.as_ref())?)?;
        Self::new(File::open(path)?)
    }

    /// Maps a file that is open for reading.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn new(file: File) -> io::Result<Self> {
        let about = file.metadata()?;
        regular(&about)?;
        let length = usize::try_from(about.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        // SAFETY: the bytes must not change and must stay while they are borrowed. They stay: the mapping is
        // private to this value, ends when it is dropped, and holds the file even if its last name is deleted. It
        // has the length that the file had a moment ago, so that every page of it is backed, and what is appended
        // is outside it. That nobody shortens or overwrites the file is a demand that is made of the caller, in the
        // words above; no check can take its place, because a check is over before the bytes are read.
        let bytes = unsafe { MmapOptions::new().len(length).map(&file)? };
        // Only a hint: pages ahead are read early, and those behind are dropped first.
        #[cfg(unix)]
        let _ = bytes.advise(Advice::Sequential);
        Ok(Self { bytes, file })
    }

    /// The bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Gives back the pages of bytes that were read, where the OS can: a process that reads a file from end to end
    /// otherwise counts as large as the file until the OS wants the memory. Looking at the bytes again reads them
    /// again. A range that is not all in the file is passed over.
    pub fn release(&self, bytes: Range<usize>) {
        #[cfg(unix)]
        if bytes.start <= bytes.end && bytes.end <= self.bytes.len() {
            // SAFETY: of memory that is not backed by a file, or is a private copy of one, this would drop the
            // contents, and borrowed bytes would change. These pages are shared with the file and cannot be written
            // to, so that they come back from it as they were, under the demand made above.
            let advised =
                unsafe { self.bytes.unchecked_advise_range(UncheckedAdvice::DontNeed, bytes.start, bytes.len()) };
            debug_assert!(advised.is_ok(), "pages of the mapping: {advised:?}");
        }
        #[cfg(not(unix))]
        let _ = bytes;
    }

    /// Whether the file still has all the bytes that it had when it was opened. To be asked after bytes were read;
    /// a yes beforehand promises nothing.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn is_whole(&self) -> io::Result<bool> {
        Ok(self.file.metadata()?.len() >= self.bytes.len() as u64)
    }
}

fn regular(about: &fs::Metadata) -> io::Result<()> {
    let not_regular = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    if about.is_file() { Ok(()) } else { Err(not_regular()) }
}
