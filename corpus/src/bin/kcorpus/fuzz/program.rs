//! A child process whose three pipes are polled together until a deadline.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::process::CommandExt;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::io::ioctl_fionbio;
use rustix::process::{Pid, Signal, kill_process_group};

/// Most bytes kept of standard output and of standard error. The rest is read and discarded.
const KEPT: usize = 4096;
/// Interval of `try_wait`, for a process that exits while another process holds its pipes open.
const POLL_INTERVAL: Duration = Duration::from_millis(20);

/// A process in its own process group, which is killed on drop.
#[derive(Debug)]
pub(super) struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    stdout: Option<ChildStdout>,
    stderr: Option<ChildStderr>,
    /// The first bytes of standard output since the last [`ask`](Self::ask).
    answer: Vec<u8>,
    /// Whether standard output ends with a newline.
    is_line: bool,
    /// The last bytes of standard error.
    complaint: Vec<u8>,
}

impl Program {
    /// Starts a command with a limit of `memory` bytes.
    pub(super) fn start(command: &[String], memory: u64) -> io::Result<Self> {
        let (program, arguments) = command.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let pipes = Command::new(program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .process_group(0)
            .spawn();
        let mut child = pipes.map_err(|error| io::Error::new(error.kind(), format!("{program}: {error}")))?;
        limit(&child, memory);
        let (stdin, stdout, stderr) = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let program = Self { child, stdin, stdout, stderr, answer: Vec::new(), is_line: false, complaint: Vec::new() };
        for pipe in [program.stdin.as_ref().map(AsFd::as_fd), program.stdout.as_ref().map(AsFd::as_fd)] {
            pipe.map_or(Ok(()), |pipe| ioctl_fionbio(pipe, true))?;
        }
        program.stderr.as_ref().map_or(Ok(()), |pipe| ioctl_fionbio(pipe, true))?;
        Ok(program)
    }

    /// Writes all of `input`, closes standard input and waits for the process to exit. `None` at the deadline.
    pub(super) fn finish(&mut self, mut input: &[u8], deadline: Instant) -> io::Result<Option<ExitStatus>> {
        loop {
            if input.is_empty() {
                self.stdin = None;
            }
            if self.stdout.is_none() && self.stderr.is_none() {
                self.stdin = None;
            }
            if let Some(status) = self.child.try_wait()? {
                // Its last output may still be in the pipes.
                self.serve(&mut &[][..], Duration::ZERO)?;
                return Ok(Some(status));
            }
            let Some(left) = left(deadline) else { return Ok(None) };
            if self.stdin.is_none() && self.stdout.is_none() && self.stderr.is_none() {
                // A process closes its pipes shortly before it can be waited for.
                std::thread::sleep(left.min(Duration::from_micros(200)));
            } else {
                self.serve(&mut input, left.min(POLL_INTERVAL))?;
            }
        }
    }

    /// Writes a line and reads the answer: the output up to a newline that nothing follows immediately. `None` at the
    /// deadline; `Some(Err)` if the process exited instead.
    pub(super) fn ask(&mut self, mut line: &[u8], deadline: Instant) -> io::Result<Option<Result<&[u8], ExitStatus>>> {
        self.answer.clear();
        self.is_line = false;
        loop {
            if self.is_line && line.is_empty() && !self.serve(&mut line, Duration::ZERO)? {
                return Ok(Some(Ok(&self.answer)));
            }
            if self.stdout.is_none()
                && let Some(status) = self.child.try_wait()?
            {
                self.serve(&mut &[][..], Duration::ZERO)?;
                return Ok(Some(Err(status)));
            }
            let Some(left) = left(deadline) else { return Ok(None) };
            if self.stdout.is_none() {
                std::thread::sleep(left.min(Duration::from_micros(200)));
            } else {
                self.serve(&mut line, left)?;
            }
        }
    }

    /// The end of its standard error.
    pub(super) fn complaint(&self) -> &[u8] {
        &self.complaint
    }

    /// Waits until a pipe is ready and serves all ready pipes. Returns whether there was one.
    fn serve(&mut self, input: &mut &[u8], wait: Duration) -> io::Result<bool> {
        let writes = self.stdin.as_ref().filter(|_| !input.is_empty()).map(|pipe| (pipe.as_fd(), PollFlags::OUT));
        let reads = [self.stdout.as_ref().map(AsFd::as_fd), self.stderr.as_ref().map(AsFd::as_fd)];
        let reads = reads.into_iter().flatten().map(|pipe| (pipe, PollFlags::IN));
        let mut fds: Vec<_> = writes.into_iter().chain(reads).map(|(pipe, flags)| interest(pipe, flags)).collect();
        match poll(&mut fds, Some(&timespec(wait))) {
            Ok(0) | Err(rustix::io::Errno::INTR) => return Ok(false),
            Ok(_) => {}
            Err(error) => return Err(error.into()),
        }
        if !input.is_empty() && self.stdin.as_mut().is_some_and(|pipe| !write(pipe, input)) {
            // The process closed its end, so the rest of the input is discarded.
            (self.stdin, *input) = (None, &[]);
        }
        let Self { answer, is_line, complaint, .. } = self;
        let sink = |bytes: &[u8]| {
            answer.extend_from_slice(&bytes[..bytes.len().min(KEPT - answer.len())]);
            *is_line = bytes.ends_with(b"\n");
        };
        if self.stdout.as_mut().is_some_and(|pipe| !read(pipe, sink)) {
            self.stdout = None;
        }
        let sink = |bytes: &[u8]| {
            complaint.extend_from_slice(bytes);
            complaint.drain(..complaint.len().saturating_sub(KEPT));
        };
        if self.stderr.as_mut().is_some_and(|pipe| !read(pipe, sink)) {
            self.stderr = None;
        }
        Ok(true)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // Kill the whole group, because the decoder may have child processes. Fails if it has exited.
        let _ = kill_process_group(Pid::from_child(&self.child), Signal::KILL);
        let _ = self.child.wait();
    }
}

fn interest(pipe: BorrowedFd<'_>, flags: PollFlags) -> PollFd<'_> {
    PollFd::from_borrowed_fd(pipe, flags)
}

/// Writes as much as the pipe takes. Returns whether it is still open.
fn write(pipe: &mut ChildStdin, input: &mut &[u8]) -> bool {
    match pipe.write(input) {
        Ok(written) => *input = &input[written..],
        Err(error) => return is_temporary(&error),
    }
    true
}

/// Reads once. Returns whether the pipe is still open.
fn read(pipe: &mut impl Read, mut sink: impl FnMut(&[u8])) -> bool {
    let mut bytes = [0; 1 << 16];
    match pipe.read(&mut bytes) {
        Ok(0) => false,
        Ok(read) => {
            sink(&bytes[..read]);
            true
        }
        Err(error) => is_temporary(&error),
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted)
}

/// The time left to a deadline; `None` if it has passed.
fn left(deadline: Instant) -> Option<Duration> {
    deadline.checked_duration_since(Instant::now()).filter(|left| !left.is_zero())
}

fn timespec(duration: Duration) -> Timespec {
    Timespec {
        tv_sec: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX),
        tv_nsec: i64::from(duration.subsec_nanos()),
    }
}

/// Limits the process's data memory and disables core dumps. Errors are ignored: the process may have exited.
#[cfg(target_os = "linux")]
fn limit(child: &Child, memory: u64) {
    use rustix::process::{Resource, Rlimit, prlimit};
    let pid = Some(Pid::from_child(child));
    for (resource, bound) in [(Resource::Data, memory), (Resource::Core, 0)] {
        let _ = prlimit(pid, resource, Rlimit { current: Some(bound), maximum: Some(bound) });
    }
}

/// Other systems cannot limit another process.
#[cfg(not(target_os = "linux"))]
fn limit(_: &Child, _: u64) {}
