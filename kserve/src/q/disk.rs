//! File access for q code: regular files, folders and pipes. Works in pieces, so that a request can be interrupted.

use std::ffi::OsStr;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::ops::Range;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::OpenOptionsExt;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kwire::Fifo;
use rustix::fs::OFlags;

use super::fault::Fault;
use super::host::{Entry, Handle, Host};

/// Bytes read or written between two checks for an interrupt.
const PIECE: usize = 1 << 20;
/// How long a read of a pipe blocks between two checks for an interrupt.
const WAIT: Duration = Duration::from_millis(10);
/// Directory entries read between two checks for an interrupt.
const NAMES: usize = 1_000;
/// Bound on the files that `hopen` holds open.
const OPEN: usize = 256;
/// The first handle of a file, far above those of connections.
const FIRST: usize = 1 << 24;

fn reported(path: &[u8], error: &io::Error) -> Fault {
    Fault::reported(&String::from_utf8_lossy(path), error)
}

fn path_of(path: &[u8]) -> &Path {
    Path::new(OsStr::from_bytes(path))
}

/// Opens a regular file. Anything else (a pipe, a device) fails with `type` and does not block.
fn open(path: &[u8], options: &mut OpenOptions) -> Result<File, Fault> {
    let flags = (OFlags::NONBLOCK | OFlags::NOCTTY).bits().cast_signed();
    let file = options.custom_flags(flags).open(path_of(path)).map_err(|error| reported(path, &error))?;
    let about = file.metadata().map_err(|error| reported(path, &error))?;
    if about.is_file() { Ok(file) } else { Err(Fault::TYPE) }
}

/// Opens a file for writing. Creates it and its parent folders if they are missing.
fn open_to_write(path: &[u8], options: &mut OpenOptions) -> Result<File, Fault> {
    if let Some(folder) = path_of(path).parent() {
        fs::create_dir_all(folder).map_err(|error| reported(path, &error))?;
    }
    open(path, options.create(true))
}

/// Opens a file for appending. Creates it if it is missing.
pub(crate) fn open_to_append(path: &[u8]) -> Result<File, Fault> {
    open_to_write(path, OpenOptions::new().append(true))
}

/// Fails with `stop` if the request is interrupted.
fn check_interrupt(host: &mut impl Host) -> Result<(), Fault> {
    if host.interrupted() { Err(Fault::STOP) } else { Ok(()) }
}

/// Reads a range of a file, truncated at its end.
pub(crate) fn read(host: &mut impl Host, path: &[u8], part: Range<u64>) -> Result<Bytes, Fault> {
    let fault = |error: io::Error| reported(path, &error);
    let mut file = open(path, OpenOptions::new().read(true))?;
    let size = file.metadata().map_err(fault)?.len();
    let start = part.start.min(size);
    let mut left = part.end.min(size).saturating_sub(start);
    let count = usize::try_from(left).map_err(|_| Fault::WSFULL)?;
    let mut bytes = Vec::new();
    if !host.has_room(count) || bytes.try_reserve_exact(count).is_err() {
        return Err(Fault::WSFULL);
    }
    file.seek(SeekFrom::Start(start)).map_err(fault)?;
    while left > 0 {
        check_interrupt(host)?;
        let read = Read::by_ref(&mut file).take(left.min(PIECE as u64)).read_to_end(&mut bytes).map_err(fault)?;
        // The file may have been truncated meanwhile.
        if read == 0 {
            break;
        }
        left = left.saturating_sub(read as u64);
    }
    Ok(bytes.into())
}

/// Looks up what a path refers to.
pub(crate) fn look(host: &mut impl Host, path: &[u8]) -> Result<Entry, Fault> {
    let about = match fs::metadata(path_of(path)) {
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Entry::Missing);
        }
        about => about.map_err(|error| reported(path, &error))?,
    };
    if !about.is_dir() {
        return Ok(Entry::File(about.len()));
    }
    let mut names = Vec::new();
    for (number, entry) in fs::read_dir(path_of(path)).map_err(|error| reported(path, &error))?.enumerate() {
        if number % NAMES == 0 {
            check_interrupt(host)?;
            if !host.has_room(0) {
                return Err(Fault::WSFULL);
            }
        }
        names.push(entry.map_err(|error| reported(path, &error))?.file_name().into_vec());
    }
    Ok(Entry::Folder(names))
}

/// Replaces the content of a file, or creates it.
pub(crate) fn write(host: &mut impl Host, path: &[u8], bytes: &[u8]) -> Result<(), Fault> {
    let file = open_to_write(path, OpenOptions::new().write(true))?;
    file.set_len(0).map_err(|error| reported(path, &error))?;
    write_all(host, &file, bytes).map_err(|fault| fault.unwrap_or_else(|error| reported(path, &error)))
}

/// Appends to an open file.
pub(crate) fn append(host: &mut impl Host, file: &File, bytes: &[u8]) -> Result<(), Fault> {
    let reported = |error: io::Error| reported(b"Cannot write to handle", &error);
    write_all(host, file, bytes).map_err(|fault| fault.unwrap_or_else(reported))
}

/// Writes in pieces. The error is `Ok` with a q fault, or `Err` with an OS error.
fn write_all(host: &mut impl Host, mut file: &File, bytes: &[u8]) -> Result<(), Result<Fault, io::Error>> {
    for piece in bytes.chunks(PIECE) {
        check_interrupt(host).map_err(Ok)?;
        file.write_all(piece).map_err(Err)?;
    }
    Ok(())
}

/// Deletes a file or an empty folder.
pub(crate) fn remove(path: &[u8]) -> Result<(), Fault> {
    let about = fs::symlink_metadata(path_of(path)).map_err(|error| reported(path, &error))?;
    let removed = if about.is_dir() { fs::remove_dir(path_of(path)) } else { fs::remove_file(path_of(path)) };
    removed.map_err(|error| reported(path, &error))
}

/// Reads at most `bytes` bytes of a pipe. Blocks until the first one arrives, and checks for interrupts meanwhile.
pub(crate) fn read_pipe(host: &mut impl Host, pipe: &Fifo, bytes: usize) -> Result<Vec<u8>, Fault> {
    let mut buffer = Vec::new();
    if !host.has_room(bytes) || buffer.try_reserve_exact(bytes).is_err() {
        return Err(Fault::WSFULL);
    }
    buffer.resize(bytes, 0);
    loop {
        check_interrupt(host)?;
        match pipe.read_until(&mut buffer, Instant::now().checked_add(WAIT)) {
            Err(error) if error.kind() == io::ErrorKind::TimedOut => {}
            read => {
                buffer.truncate(read.map_err(|error| reported(b"Cannot read from handle", &error))?);
                return Ok(buffer);
            }
        }
    }
}

/// Open files and pipes, by handle.
#[derive(Debug, Default)]
pub(crate) struct OpenFiles {
    files: Vec<Option<Open>>,
}

#[derive(Debug)]
enum Open {
    /// Opened for appending.
    File(Arc<File>),
    /// Opened for reading.
    Pipe(Arc<Fifo>),
}

impl OpenFiles {
    /// Opens a file for appending. Creates it if it is missing.
    pub(crate) fn open(&mut self, path: &[u8]) -> Result<Handle, Fault> {
        self.add(path, || Ok(Open::File(Arc::new(open_to_append(path)?))))
    }

    /// Opens a pipe for reading.
    pub(crate) fn open_pipe(&mut self, path: &[u8]) -> Result<Handle, Fault> {
        let open = || Fifo::open(path_of(path)).map_err(|error| reported(path, &error));
        self.add(path, || Ok(Open::Pipe(Arc::new(open()?))))
    }

    fn add(&mut self, path: &[u8], open: impl FnOnce() -> Result<Open, Fault>) -> Result<Handle, Fault> {
        let free = self.files.iter().position(Option::is_none).unwrap_or(self.files.len());
        if free >= OPEN {
            return Err(reported(path, &io::Error::from(rustix::io::Errno::MFILE)));
        }
        let file = Some(open()?);
        match self.files.get_mut(free) {
            Some(place) => *place = file,
            None => self.files.push(file),
        }
        i32::try_from(FIRST + free).map_err(|_| Fault::TYPE)
    }

    /// Whether a handle belongs to a file or pipe.
    pub(crate) fn has(&self, handle: Handle) -> bool {
        self.find(handle).is_some()
    }

    /// The file of a handle; `None` for a pipe.
    pub(crate) fn get(&self, handle: Handle) -> Option<Arc<File>> {
        match self.find(handle)? {
            Open::File(file) => Some(Arc::clone(file)),
            Open::Pipe(_) => None,
        }
    }

    /// The pipe of a handle; `None` for a file.
    pub(crate) fn pipe(&self, handle: Handle) -> Option<Arc<Fifo>> {
        match self.find(handle)? {
            Open::Pipe(pipe) => Some(Arc::clone(pipe)),
            Open::File(_) => None,
        }
    }

    fn find(&self, handle: Handle) -> Option<&Open> {
        self.files.get(place(handle)?)?.as_ref()
    }

    pub(crate) fn close(&mut self, handle: Handle) {
        if let Some(file) = place(handle).and_then(|place| self.files.get_mut(place)) {
            *file = None;
        }
    }
}

fn place(handle: Handle) -> Option<usize> {
    usize::try_from(handle).ok()?.checked_sub(FIRST)
}
