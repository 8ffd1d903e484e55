//! What a decoder did with a message.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// What a decoder did with a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// It took it: exit code 0, or a line that is no error.
    Accepted,
    /// It said no: exit code 1, or a line that starts with `error`.
    Refused,
    /// It ended otherwise.
    Crash(String),
    /// It did not answer in time.
    Hang,
    /// It asked for more memory than it may have.
    Memory(String),
}

/// What runtimes say when an allocation fails: C++, Python, Rust, Go, Java, JavaScript, the C library.
const NO_MEMORY: [&str; 8] = [
    "bad_alloc",
    "MemoryError",
    "memory allocation of",
    "out of memory",
    "OutOfMemoryError",
    "heap out of memory",
    "Cannot allocate memory",
    "Unable to allocate",
];

impl Outcome {
    /// A decoder that ended, by its status and the last of what it wrote on standard error.
    pub(super) fn ended(status: ExitStatus, complaint: &[u8]) -> Self {
        let complaint = String::from_utf8_lossy(complaint);
        let last = complaint.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        match (status.code(), status.signal()) {
            (Some(0), _) => Self::Accepted,
            _ if no_memory(&complaint) => Self::Memory(last.to_owned()),
            (Some(1), _) => Self::Refused,
            (Some(code), _) => Self::Crash(format!("exit code {code}: {last}")),
            // Nobody else sends it but the kernel when memory is short.
            (None, Some(9)) => Self::Memory("killed".to_owned()),
            (None, signal) => Self::Crash(format!("signal {}: {last}", signal.unwrap_or_default())),
        }
    }

    /// A decoder of lines that ended instead of answering.
    pub(super) fn ended_silently(status: ExitStatus, complaint: &[u8]) -> Self {
        match Self::ended(status, complaint) {
            Self::Accepted | Self::Refused => {
                let last = String::from_utf8_lossy(complaint);
                let last = last.lines().last().unwrap_or_default().to_owned();
                Self::Crash(format!("exit code {} without an answer: {last}", status.code().unwrap_or_default()))
            }
            other => other,
        }
    }

    /// The line that a decoder of lines answers with.
    pub(super) fn answer(line: &[u8]) -> Self {
        if !line.starts_with(b"error") {
            return Self::Accepted;
        }
        let line = String::from_utf8_lossy(line);
        if no_memory(&line) { Self::Memory(line.trim_end().to_owned()) } else { Self::Refused }
    }

    /// Whether no decoder may do this, whatever the message.
    pub(super) const fn is_failure(&self) -> bool {
        matches!(self, Self::Crash(_) | Self::Hang | Self::Memory(_))
    }

    /// A word, which files are named after.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Crash(_) => "crash",
            Self::Hang => "hang",
            Self::Memory(_) => "memory",
        }
    }

    /// What is known beyond that.
    pub(super) fn detail(&self) -> &str {
        match self {
            Self::Crash(detail) | Self::Memory(detail) => detail,
            _ => "",
        }
    }
}

fn no_memory(text: &str) -> bool {
    NO_MEMORY.iter().any(|said| text.contains(said))
}
