//! What can go wrong in a command.

use std::io;

/// Why a message was not done, or why the command cannot go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Fault {
    /// Concerns one message or answer; the next is still processed.
    #[error("{0}")]
    Message(String),
    /// Ends the command.
    #[error("{0}")]
    End(String),
    /// Standard output is closed at the other end (`EPIPE`): ends the command quietly.
    #[error("closed pipe")]
    Closed,
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::BrokenPipe => Self::Closed,
            _ => Self::End(error.to_string()),
        }
    }
}

/// Of a message that was decoded, encoded, compressed or inflated: `offset: reason`.
impl From<kwire::Error> for Fault {
    fn from(error: kwire::Error) -> Self {
        match error {
            kwire::Error::Malformed(error) => Self::Message(error.to_string()),
            kwire::Error::TooLarge { .. } => Self::Message(format!("0: {error}")),
            kwire::Error::Io(error) => error.into(),
            error => Self::Message(error.to_string()),
        }
    }
}

impl From<kwire::Malformed> for Fault {
    fn from(error: kwire::Malformed) -> Self {
        Self::Message(error.to_string())
    }
}
