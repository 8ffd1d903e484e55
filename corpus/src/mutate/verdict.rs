//! This project's verdict on a message.

use std::fmt;
use std::time::Instant;

use kcodec::ErrorKind;
use kwire::{Connection, Error, Event, Inbound, Limits, Malformed, Message, Reason};

/// Whether bytes are one valid message.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// Valid: a decoder must accept it.
    Valid,
    /// Over one of this project's limits: 100 levels of nesting, 64 MiB inflated. Other decoders have other limits, so
    /// they may accept or reject it.
    Limit {
        /// Offset in the message.
        at: u64,
        /// The exceeded limit.
        reason: String,
    },
    /// Malformed: a decoder must reject it.
    Refused {
        /// Offset in the message; if the message is compressed and its stream valid, in the decompressed message.
        at: u64,
        /// The fault.
        reason: String,
    },
}

/// Most bytes that a message may inflate to.
const INFLATED: u64 = 64 << 20;

impl Verdict {
    /// The verdict on bytes that should be one whole message.
    pub fn of(bytes: &[u8]) -> Self {
        let limits = Limits::default().with_inflated(INFLATED);
        match Message::decode(bytes, &limits) {
            Ok(_) => Self::Valid,
            Err(Error::Malformed(Malformed { at, reason: reason @ Reason::Body(ErrorKind::Depth) })) => {
                Self::Limit { at, reason: reason.to_string() }
            }
            Err(Error::Malformed(Malformed { at, reason })) => Self::Refused { at, reason: reason.to_string() },
            Err(error) => Self::Limit { at: 0, reason: error.to_string() },
        }
    }

    /// The verdict on a login.
    pub(super) fn of_login(bytes: &[u8]) -> Self {
        let mut connection = Connection::server(Limits::default(), Instant::now());
        let mut inbound = Inbound::default();
        inbound.extend(bytes);
        let at = bytes.len() as u64;
        match connection.receive(&mut inbound) {
            Ok(Some(Event::Login(_))) => Self::Valid,
            Ok(_) => Self::Refused { at, reason: "login without its NUL".to_owned() },
            Err(error) => Self::Refused { at, reason: error.to_string() },
        }
    }
}

/// `valid`, or the offset and the reason.
impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Valid => f.write_str("valid"),
            Self::Limit { at, reason } => write!(f, "limit at {at}: {reason}"),
            Self::Refused { at, reason } => write!(f, "refused at {at}: {reason}"),
        }
    }
}
