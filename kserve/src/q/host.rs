//! The interface between the evaluator and the process it runs in.

use std::ops::Range;
use std::time::Duration;

use bytes::Bytes;
use kcodec::Body;

use super::fault::Fault;

/// A connection's number in q code, from 3 on. 0 is the process itself.
pub type Handle = i32;

/// A message received while an evaluation waits for a peer.
#[derive(Debug)]
pub enum Incoming {
    /// The response to the sync request. An error response is an error value.
    Response(Body),
    /// An async message, for `.z.ps`.
    Async(Body),
    /// A sync message, for `.z.pg`. The evaluator answers it with [`Host::respond`].
    Sync(Body),
}

/// The state of a connection, for `-38!` and `.z.W`.
#[derive(Debug, Clone, Copy, Default)]
pub struct HandleInfo {
    /// Its handle.
    pub handle: Handle,
    /// Messages queued and not yet written.
    pub messages: usize,
    /// Bytes queued and not yet written.
    pub bytes: usize,
    /// Over a Unix socket.
    pub unix: bool,
    /// Whether large messages to it are compressed.
    pub compresses: bool,
    /// Cipher suite and protocol, if it uses TLS.
    pub tls: Option<(&'static str, &'static str)>,
}

/// Selects arguments of the command line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CommandLinePart {
    /// `.z.x`: the arguments after the script.
    Arguments,
    /// `.z.X`: the whole command line.
    All,
    /// `.z.f`: the script.
    Script,
}

/// The peer or process on whose behalf code is evaluated.
#[derive(Debug, Clone, Default)]
pub struct Caller {
    /// `.z.w`: 0 for the process itself.
    pub handle: Handle,
    /// `.z.u`
    pub user: Vec<u8>,
    /// `.z.a`: the address as a big-endian number, 0 over a Unix socket.
    pub address: u32,
}

/// The process around an evaluation: connections, time, memory, output. Every method has a default, so that
/// `impl Host for () {}` evaluates without any of them.
///
#[doc = include_str!("host.md")]
pub trait Host {
    /// On whose behalf the code runs.
    fn caller(&self) -> Caller {
        Caller::default()
    }

    /// Whether the caller may change globals; `false` under `-b`.
    fn may_write(&self) -> bool {
        true
    }

    /// Whether the evaluation must end: timeout, cancelled, or the caller hung up. Called about ten times per
    /// millisecond.
    fn interrupted(&mut self) -> bool {
        false
    }

    /// Whether another `bytes` bytes can be taken.
    fn has_room(&self, bytes: usize) -> bool {
        let _ = bytes;
        true
    }

    /// Bytes in use and the limit on them, for `.Q.w`.
    fn memory(&self) -> (usize, usize) {
        (0, 0)
    }

    /// Prints to the process's standard output (handles -1 and 1) or standard error (-2 and 2).
    fn print(&mut self, handle: Handle, text: &[u8]) {
        let _ = (handle, text);
    }

    /// `\\1 file`, `\\2 file`: appends output of handle 1 or 2 to a file from now on. `/dev/stdin` ends the
    /// redirection.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn redirect(&mut self, handle: Handle, path: &[u8]) -> Result<(), Fault> {
        let _ = (handle, path);
        Err(Fault::ACCESS)
    }

    /// Reports a fault that is not answered to a caller: of an async message or a timer.
    fn fault(&mut self, handle: Handle, what: &'static str, fault: &Fault) {
        let _ = (handle, what, fault);
    }

    /// Arguments of the command line.
    fn command_line(&self, part: CommandLinePart) -> Vec<Vec<u8>> {
        let _ = part;
        Vec::new()
    }

    /// The listening port; 0 if there is none.
    fn port(&self) -> u16 {
        0
    }

    /// `\\E`: 0 for no TLS, 1 for TLS and plain connections, 2 for TLS only.
    fn tls_mode(&self) -> i32 {
        0
    }

    /// `(-26!)[]`: the TLS settings.
    ///
    /// # Errors
    ///
    /// `nyi` in a build without TLS; an error if a setting is invalid.
    fn tls_settings(&self) -> Result<Vec<(&'static str, String)>, Fault> {
        Err(Fault::nyi("-26!"))
    }

    /// `hopen`: connects and returns a handle.
    ///
    /// # Errors
    ///
    /// `access` if the process is not allowed to connect; the OS error in q's form.
    fn open(&mut self, address: &[u8], timeout: Option<Duration>) -> Result<Handle, Fault> {
        let _ = (address, timeout);
        Err(Fault::nyi("hopen"))
    }

    /// `hclose`
    ///
    /// # Errors
    ///
    /// If the handle is not open.
    fn close(&mut self, handle: Handle) -> Result<(), Fault> {
        Err(bad_handle(handle))
    }

    /// `neg[h]x`: queues an async message to each of the handles.
    ///
    /// # Errors
    ///
    /// If a handle is not open or its peer cannot read the value; then nothing is sent.
    fn send(&mut self, handles: &[Handle], body: &Body) -> Result<(), Fault> {
        let _ = body;
        Err(bad_handle(handles.first().copied().unwrap_or_default()))
    }

    /// `neg[h][]`: blocks until all queued output is written.
    ///
    /// # Errors
    ///
    /// If the handle is not open, or the connection fails.
    fn flush(&mut self, handle: Handle) -> Result<(), Fault> {
        Err(bad_handle(handle))
    }

    /// `h x`: sends a sync request. [`wait`](Self::wait) returns its response.
    ///
    /// # Errors
    ///
    /// If the handle is not open, or its peer cannot read the value.
    fn request(&mut self, handle: Handle, body: &Body) -> Result<(), Fault> {
        let _ = body;
        Err(bad_handle(handle))
    }

    /// Blocks until the next message of one peer.
    ///
    /// # Errors
    ///
    /// If the connection closes, or the evaluation is interrupted.
    fn wait(&mut self, handle: Handle) -> Result<Incoming, Fault> {
        Err(bad_handle(handle))
    }

    /// Answers a sync message returned by [`wait`](Self::wait), or a deferred one.
    ///
    /// # Errors
    ///
    /// If the handle is not open, or no response is pending on it.
    fn respond(&mut self, handle: Handle, answer: Result<&Body, &str>) -> Result<(), Fault> {
        let _ = answer;
        Err(bad_handle(handle))
    }

    /// `-30!(::)`: defers the response to the current request.
    ///
    /// # Errors
    ///
    /// If there is no current request.
    fn defer(&mut self) -> Result<(), Fault> {
        Err(Fault::nyi("-30!"))
    }

    /// `.z.W`, `-38!`: the open connections.
    fn handles(&self) -> Vec<HandleInfo> {
        Vec::new()
    }

    /// `\t`: sets the period of `.z.ts`; `None` stops the timer.
    fn set_timer(&mut self, period: Option<Duration>) {
        let _ = period;
    }

    /// `\p`: listens on another port.
    ///
    /// # Errors
    ///
    /// `access`, or the OS error in q's form.
    fn listen(&mut self, port: &[u8]) -> Result<(), Fault> {
        let _ = port;
        Err(Fault::nyi("\\p"))
    }

    /// `\u`: reloads the password file.
    ///
    /// # Errors
    ///
    /// If there is no password file, or it cannot be read.
    fn reload_users(&mut self) -> Result<(), Fault> {
        Err(Fault::nyi("\\u"))
    }

    /// `\T`: time limit of a client's request in seconds; 0 means no limit.
    fn timeout(&self) -> u64 {
        0
    }

    /// Sets the limit that [`timeout`](Self::timeout) returns.
    fn set_timeout(&mut self, seconds: u64) {
        let _ = seconds;
    }

    /// `exit`: requests the end of the process with this exit code.
    ///
    /// # Errors
    ///
    /// `access` if the caller is not allowed to.
    fn exit(&mut self, code: i32) -> Result<(), Fault> {
        let _ = code;
        Err(Fault::new("access"))
    }

    /// Reads a byte range of a file (`0..u64::MAX` for all of it): scripts, `read0`, `get`.
    ///
    /// # Errors
    ///
    /// `access` if the process is not allowed to access files; the OS error in q's form.
    fn read(&mut self, path: &[u8], part: Range<u64>) -> Result<Bytes, Fault> {
        let _ = (path, part);
        Err(Fault::ACCESS)
    }

    /// Looks up what a path refers to: `key`, `hcount`.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn look(&mut self, path: &[u8]) -> Result<Entry, Fault> {
        let _ = path;
        Err(Fault::ACCESS)
    }

    /// Replaces the content of a file: `0:`, `set`. Creates the file and its parent folders if they are missing.
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

    /// `hopen` of a file: opens it for appending until [`close`](Self::close). Creates it if it is missing.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn open_file(&mut self, path: &[u8]) -> Result<Handle, Fault> {
        let _ = path;
        Err(Fault::ACCESS)
    }

    /// `` hopen`:fifo://path ``: opens a pipe for reading until [`close`](Self::close).
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read).
    fn open_pipe(&mut self, path: &[u8]) -> Result<Handle, Fault> {
        let _ = path;
        Err(Fault::ACCESS)
    }

    /// `read1(h;n)`: blocks until a pipe has bytes, and returns at most `bytes` of them; none at end of input.
    ///
    /// # Errors
    ///
    /// If the handle is not open; the OS error in q's form.
    fn read_pipe(&mut self, handle: Handle, bytes: usize) -> Result<Vec<u8>, Fault> {
        let _ = bytes;
        Err(bad_handle(handle))
    }

    /// Whether a handle belongs to a file or pipe.
    fn is_file(&self, handle: Handle) -> bool {
        let _ = handle;
        false
    }

    /// Appends to an open file.
    ///
    /// # Errors
    ///
    /// If the handle is not open; the OS error in q's form.
    fn append(&mut self, handle: Handle, bytes: &[u8]) -> Result<(), Fault> {
        let _ = bytes;
        Err(bad_handle(handle))
    }
}

/// What a path refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Entry {
    /// Nothing.
    Missing,
    /// A file, with its size in bytes.
    File(u64),
    /// A folder, with its names in no particular order.
    Folder(Vec<Vec<u8>>),
}

impl Host for () {}

/// q's error for a handle that is not open.
pub(crate) fn bad_handle(handle: Handle) -> Fault {
    Fault::from(format!("Cannot write to handle {handle}. OS reports: Bad file descriptor"))
}
