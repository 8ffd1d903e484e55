//! The outcome of a decoder on a message.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;

/// The outcome of a decoder on a message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Exit code 0, or a line that does not start with `error`.
    Accepted,
    /// Exit code 1, or a line that starts with `error`.
    Refused,
    /// A signal, another exit code, or an exit without an answer.
    Crash(String),
    /// No answer in time.
    Hang,
    /// An allocation failed.
    Memory(String),
}

/// Messages of runtimes when an allocation fails: C++, Python, Rust, Go, Java, JavaScript, the C library.
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
    /// The outcome of a decoder that exited, by its status and the end of its standard error.
    pub(super) fn ended(status: ExitStatus, complaint: &[u8]) -> Self {
        let complaint = String::from_utf8_lossy(complaint);
        let last = complaint.lines().rev().find(|line| !line.trim().is_empty()).unwrap_or_default();
        match (status.code(), status.signal()) {
            (Some(0), _) => Self::Accepted,
            _ if no_memory(&complaint) => Self::Memory(last.to_owned()),
            (Some(1), _) => Self::Refused,
            (Some(code), _) => Self::Crash(format!("exit code {code}: {last}")),
            // SIGKILL that is not ours comes from the kernel's OOM killer.
            (None, Some(9)) => Self::Memory("killed".to_owned()),
            (None, signal) => Self::Crash(format!("signal {}: {last}", signal.unwrap_or_default())),
        }
    }

    /// The outcome of a line decoder that exited instead of answering.
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

    /// The outcome of a line decoder's answer.
    pub(super) fn answer(line: &[u8]) -> Self {
        if !line.starts_with(b"error") {
            return Self::Accepted;
        }
        let line = String::from_utf8_lossy(line);
        if no_memory(&line) { Self::Memory(line.trim_end().to_owned()) } else { Self::Refused }
    }

    /// Whether the outcome is a failure whatever the message.
    pub(super) const fn is_failure(&self) -> bool {
        matches!(self, Self::Crash(_) | Self::Hang | Self::Memory(_))
    }

    /// A word, used in file names.
    pub(super) const fn name(&self) -> &'static str {
        match self {
            Self::Accepted => "accepted",
            Self::Refused => "refused",
            Self::Crash(_) => "crash",
            Self::Hang => "hang",
            Self::Memory(_) => "memory",
        }
    }

    /// Details of a crash or failed allocation.
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
