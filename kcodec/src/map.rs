//! Read-only memory maps of files.

#![expect(unsafe_code, reason = "mapping a file is unsafe by nature: see Map")]

use std::fs::{self, File};
use std::io;
use std::ops::Range;
use std::path::Path;

#[cfg(unix)]
use memmap2::{Advice, UncheckedAdvice};
use memmap2::{Mmap, MmapOptions};

/// A read-only memory map of a file, with the length that the file has when it is mapped.
///
/// The OS reads pages on first access and may evict them at any time. [`release`](Self::release) evicts them at once,
/// so that a reader of a long file has a small resident set.
///
/// # The file must only grow
///
/// Rust requires that borrowed bytes do not change, and a mapping cannot enforce it. Effects of another process:
///
/// | change of the file | effect on the map |
/// |---|---|
/// | append, as a tickerplant does | none: the map has a fixed length |
/// | rename or delete | none: the map keeps the file open |
/// | truncate | access to a page after the new end raises SIGBUS, which ends the process |
/// | overwrite in place | checked bytes change: views may show data that never was in the file, and a text that was checked to be UTF-8 may become invalid, which is undefined behaviour |
///
/// No call prevents the last two: locks are advisory, and q takes none. The caller must map only files that are
/// append-only by convention, as logs are, or by attribute (`chattr +a`). [`is_whole`](Self::is_whole) detects
/// truncation afterwards. If another process with write access is not trusted, read the file into memory instead: all
/// functions accept `&[u8]`.
#[derive(Debug)]
pub struct Map {
    bytes: Mmap,
    file: File,
}

impl Map {
    /// Opens and maps a file, with the hint that it is read sequentially.
    ///
    /// # Errors
    ///
    /// The OS error; [`io::ErrorKind::InvalidInput`] if it is not a regular file.
    pub fn open(path: impl AsRef<Path>) -> io::Result<Self> {
        // Checked before the file is opened, because opening a pipe blocks until it has a writer.
        require_regular(&fs::metadata(path.as_ref())?)?;
        Self::new(File::open(path)?)
    }

    /// Maps a file that is open for reading.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub fn new(file: File) -> io::Result<Self> {
        let metadata = file.metadata()?;
        require_regular(&metadata)?;
        let length = usize::try_from(metadata.len()).map_err(|_| io::ErrorKind::FileTooLarge)?;
        // SAFETY: the bytes must stay mapped and must not change while they are borrowed. They stay mapped: this value
        // owns the mapping, unmaps it when dropped, and keeps the file even if its last name is deleted. The mapping
        // has the current length of the file, so the file backs every page, and appended bytes are outside of it. That
        // the file is neither truncated nor overwritten is the caller's duty, documented at `Map`. A check cannot
        // replace it: the file may change after the check and before the access.
        let bytes = unsafe { MmapOptions::new().len(length).map(&file)? };
        // A hint: read ahead, and evict pages behind first. Its failure changes no result.
        #[cfg(unix)]
        let _ = bytes.advise(Advice::Sequential);
        Ok(Self { bytes, file })
    }

    /// The bytes of the file.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Evicts the pages of a range of bytes from the resident set, on Unix. Without it, pages that were read count as
    /// resident until the OS needs memory. The next access reads the bytes from the file again. Does nothing if the
    /// range is not within the map.
    pub fn release(&self, bytes: Range<usize>) {
        #[cfg(unix)]
        if bytes.start <= bytes.end && bytes.end <= self.bytes.len() {
            // SAFETY: the advice discards the contents of anonymous and privately modified pages, which would change
            // borrowed bytes. These pages are backed by the file and read-only, so the next access reads the same bytes
            // from the file, given the caller's duty documented at `Map`.
            let advised =
                unsafe { self.bytes.unchecked_advise_range(UncheckedAdvice::DontNeed, bytes.start, bytes.len()) };
            debug_assert!(advised.is_ok(), "a range of the mapping: {advised:?}");
        }
        #[cfg(not(unix))]
        let _ = bytes;
    }

    /// Whether the file is at least as long as when it was mapped. Call it after reading the bytes: the file may be
    /// truncated after an earlier call.
    ///
    /// # Errors
    ///
    /// The OS error.
    pub fn is_whole(&self) -> io::Result<bool> {
        Ok(self.file.metadata()?.len() >= self.bytes.len() as u64)
    }
}

fn require_regular(metadata: &fs::Metadata) -> io::Result<()> {
    let not_regular = || io::Error::new(io::ErrorKind::InvalidInput, "not a regular file");
    if metadata.is_file() { Ok(()) } else { Err(not_regular()) }
}
