//! What the evaluator asks of the process it runs in.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use kcodec::Body;

use super::fault::Fault;

/// A connection as q text names it: a small number from 3 on; 0 is the process itself.
pub type Handle = i32;

/// What came from a peer that an evaluation waits for.
#[derive(Debug)]
pub enum Incoming {
    /// The response to the sync request; an error is an error value.
    Response(Body),
    /// An async message, for `.z.ps`.
    Async(Body),
    /// A sync message, for `.z.pg`; answered with [`Host::respond`].
    Sync(Body),
}

/// How a connection stands, as `-38!` and `.z.W` show it.
#[derive(Debug, Clone, Copy, Default)]
pub struct HandleInfo {
    /// Its number.
    pub handle: Handle,
    /// Messages queued and not yet written.
    pub messages: usize,
    /// Bytes queued and not yet written.
    pub bytes: usize,
    /// Over a Unix socket.
    pub unix: bool,
    /// Large messages to it are compressed.
    pub compresses: bool,
    /// Cipher suite and protocol, if it is TLS.
    pub tls: Option<(&'static str, &'static str)>,
}

/// Words of the command line, as `.z.x` and its likes show them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Words {
    /// `.z.x`: what stands after the script.
    Arguments,
    /// `.z.X`: all of it.
    CommandLine,
    /// `.z.f`: the script.
    Script,
}

/// Who asked for what is being evaluated.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// `.z.w`: 0 for the process itself.
    pub handle: Handle,
    /// `.z.u`
    pub user: Vec<u8>,
    /// `.z.a`: the address as a big-endian number, 0 over a Unix socket.
    pub address: u32,
}

/// The process around an evaluation: connections, time, memory, output. Every method has a default for a
/// process that has none of them, so that `impl Host for () {}` evaluates alone.
pub trait Host {
    /// Who asked.
    fn caller(&self) -> Caller {
        Caller::default()
    }

    /// Whether the caller may change globals: not under `-b`.
    fn may_write(&self) -> bool {
        true
    }

    /// Whether the evaluation must end: its time is up, it was cancelled, who asked has gone. Called about ten
    /// times a millisecond.
    fn interrupted(&mut self) -> bool {
        false
    }

    /// Whether so many bytes more may be taken.
    fn has_room(&self, bytes: usize) -> bool {
        let _ = bytes;
        true
    }

    /// Bytes in use and the limit on them, for `.Q.w`.
    fn memory(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Writes to the process's own output: handle -1 or 1, to its errors: -2 or 2.
    fn print(&mut self, handle: Handle, text: &[u8]) {
        let _ = (handle, text);
    }

    /// `\\1 file`, `\\2 file`: what is printed to handle 1 or 2 is appended to a file from now on; to `/dev/stdin`, no longer.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn redirect(&mut self, handle: Handle, path: &[u8]) -> Result<(), Fault> {
        let _ = (handle, path);
        Err(Fault::ACCESS)
    }

    /// Tells of a fault that nobody is answered with: of an async message, a timer.
    fn fault(&mut self, handle: Handle, what: &'static str, fault: &Fault) {
        let _ = (handle, what, fault);
    }

    /// Words of the command line.
    fn words(&self, which: Words) -> Vec<Vec<u8>> {
        let _ = which;
        Vec::new()
    }

    /// The port that is listened on, 0 for none.
    fn port(&self) -> u16 {
        0
    }

    /// `\\E`: 0 for no TLS, 1 for TLS besides plain connections, 2 for TLS alone.
    fn tls_mode(&self) -> i32 {
        0
    }

    /// `(-26!)[]`: settings of TLS.
    ///
    /// # Errors
    ///
    /// `nyi` without TLS; if one of them has no such value.
    fn tls_settings(&self) -> Result<Vec<(&'static str, String)>, Fault> {
        Err(Fault::nyi("-26!"))
    }

    /// `hopen`: a handle, or the error that q would signal.
    ///
    /// # Errors
    ///
    /// `access` where the process may not; what the operating system reports.
    fn open(&mut self, address: &[u8], timeout: Option<Duration>) -> Result<Handle, Fault> {
        let _ = (address, timeout);
        Err(Fault::nyi("hopen"))
    }

    /// `hclose`
    ///
    /// # Errors
    ///
    /// If there is no such handle.
    fn close(&mut self, handle: Handle) -> Result<(), Fault> {
        Err(bad_handle(handle))
    }

    /// `neg[h]x`: queues an async message whose body comes in parts; to several handles the same.
    ///
    /// # Errors
    ///
    /// If there is no such handle, or one of them cannot read the value; then none is sent anything.
    fn send(&mut self, handles: &[Handle], body: &Body) -> Result<(), Fault> {
        let _ = body;
        Err(bad_handle(handles.first().copied().unwrap_or_default()))
    }

    /// `neg[h][]`: waits until what is queued is written.
    ///
    /// # Errors
    ///
    /// If there is no such handle, or it fails.
    fn flush(&mut self, handle: Handle) -> Result<(), Fault> {
        Err(bad_handle(handle))
    }

    /// `h x`: sends a sync request; its response comes through [`wait`](Self::wait).
    ///
    /// # Errors
    ///
    /// If there is no such handle, or it cannot read the value.
    fn request(&mut self, handle: Handle, body: &Body) -> Result<(), Fault> {
        let _ = body;
        Err(bad_handle(handle))
    }

    /// Waits for the next message of one peer.
    ///
    /// # Errors
    ///
    /// If it closes, or the evaluation is interrupted.
    fn wait(&mut self, handle: Handle) -> Result<Incoming, Fault> {
        Err(bad_handle(handle))
    }

    /// Answers a sync message that came through [`wait`](Self::wait), or one that was deferred.
    ///
    /// # Errors
    ///
    /// If there is no such handle, or it is owed no response.
    fn respond(&mut self, handle: Handle, answer: Result<&Body, &str>) -> Result<(), Fault> {
        let _ = answer;
        Err(bad_handle(handle))
    }

    /// `-30!(::)`: the response to the request under way comes later.
    ///
    /// # Errors
    ///
    /// If none is under way.
    fn defer(&mut self) -> Result<(), Fault> {
        Err(Fault::nyi("-30!"))
    }

    /// `.z.W`, `-38!`: the open connections.
    fn handles(&self) -> Vec<HandleInfo> {
        Vec::new()
    }

    /// `\t`: calls `.z.ts` every so often; `None` never.
    fn set_timer(&mut self, period: Option<Duration>) {
        let _ = period;
    }

    /// `\p`: listens on another port.
    ///
    /// # Errors
    ///
    /// `access`, or what the operating system reports.
    fn listen(&mut self, port: &[u8]) -> Result<(), Fault> {
        let _ = port;
        Err(Fault::nyi("\\p"))
    }

    /// `\u`: reads the password file again.
    ///
    /// # Errors
    ///
    /// If there is none, or it cannot be read.
    fn reload_users(&mut self) -> Result<(), Fault> {
        Err(Fault::nyi("\\u"))
    }

    /// `\T`: seconds that a request of a client may run; 0 for ever.
    fn timeout(&self) -> u64 {
        0
    }

    /// Sets that.
    fn set_timeout(&mut self, seconds: u64) {
        let _ = seconds;
    }

    /// `exit`: whether the process will end, and what with.
    ///
    /// # Errors
    ///
    /// `access` where the caller may not.
    fn exit(&mut self, code: i32) -> Result<(), Fault> {
        let _ = code;
        Err(Fault::new("access"))
    }

    /// Reads a part of a file, all of it for `0..u64::MAX`: scripts, `read0`, `get`.
    ///
    /// # Errors
    ///
    /// `access` unless the process was told to allow it; what the operating system reports.
    fn read(&mut self, path: &[u8], part: Range<u64>) -> Result<Bytes, Fault> {
        let _ = (path, part);
        Err(Fault::ACCESS)
    }

    /// What a path leads to: `key`, `hcount`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn look(&mut self, path: &[u8]) -> Result<Entry, Fault> {
        let _ = path;
        Err(Fault::ACCESS)
    }

    /// Makes a file of these bytes, and the folders that it stands in; one that is there is overwritten: `0:`, `set`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn write(&mut self, path: &[u8], bytes: &[u8]) -> Result<(), Fault> {
        let _ = (path, bytes);
        Err(Fault::ACCESS)
    }

    /// Deletes a file or an empty folder: `hdel`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn remove(&mut self, path: &[u8]) -> Result<(), Fault> {
        let _ = path;
        Err(Fault::ACCESS)
    }

    /// `hopen` of a file, made if it is not there: a handle that appends, until [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn open_file(&mut self, path: &[u8]) -> Result<Handle, Fault> {
        let _ = path;
        Err(Fault::ACCESS)
    }

    /// `` hopen`:fifo://path ``: a handle that is read, until [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn open_pipe(&mut self, path: &[u8]) -> Result<Handle, Fault> {
        let _ = path;
        Err(Fault::ACCESS)
    }

    /// `read1(h;n)`: waits for bytes of a pipe, and takes at most so many of them; none at its end.
    ///
    /// # Errors
    ///
    /// If there is no such handle; what the operating system reports.
    fn read_pipe(&mut self, handle: Handle, bytes: usize) -> Result<Vec<u8>, Fault> {
        let _ = bytes;
        Err(bad_handle(handle))
    }

    /// Whether a handle is a file's.
    fn is_file(&self, handle: Handle) -> bool {
        let _ = handle;
        false
    }

    /// Appends to a file that is open.
    ///
    /// # Errors
    ///
    /// If there is no such handle; what the operating system reports.
    fn append(&mut self, handle: Handle, bytes: &[u8]) -> Result<(), Fault> {
        let _ = bytes;
        Err(bad_handle(handle))
    }
}

/// What a path leads to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Missing,
    /// A file of so many bytes.
    File(u64),
    /// A folder of these names, in no order.
    Folder(Vec<Vec<u8>>),
}

impl Host for () {}

/// What q says of a handle that is not open.
pub(crate) fn bad_handle(handle: Handle) -> Fault {
    Fault::from(format!("Cannot write to handle {handle}. OS reports: Bad file descriptor"))
}
