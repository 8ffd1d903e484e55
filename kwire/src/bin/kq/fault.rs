//! Errors of the commands.

use std::io;

/// An error of one message, or an error that ends the command.
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

/// An error in decoding, encoding or compressing a message: `offset: reason`.
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
