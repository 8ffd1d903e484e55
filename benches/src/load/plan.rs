//! The parameters of a run.

use std::net::SocketAddr;
use std::time::Duration;

use kwire::MessageType;

/// What is sent, and when a message is complete.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Sync requests; complete when answered.
    Sync,
    /// Batches of `depth` async messages followed by a sync `""`; complete when that is answered. A batch has one
    /// latency.
    Async,
    /// One connection publishes and the others subscribe; complete when each subscriber has received it.
    Broadcast,
}

/// The messages, which each connection sends in rotation.
#[derive(Debug, Clone)]
pub enum Messages {
    /// These whole messages. Their type byte is set by the mode. Must not be empty.
    Given(Vec<Vec<u8>>),
    /// The numbers from 0 on: as text in requests, whose answer must be the same number as a long, and as long atoms in
    /// broadcasts, which must arrive in order without gaps.
    Numbered,
}

/// The parameters of a run.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server.
    pub address: SocketAddr,
    /// The login: `user:password`.
    pub credentials: String,
    /// Number of connections; for a broadcast, of subscribers.
    pub connections: usize,
    /// Number of worker threads. A broadcast uses one.
    pub threads: usize,
    /// The mode.
    pub mode: Mode,
    /// Most messages in flight per connection; for async messages, the size of a batch. At least 1.
    pub depth: usize,
    /// Messages per second over all connections; `None` is closed loop.
    pub rate: Option<f64>,
    /// Open loop: send when due, regardless of messages in flight. Requires a rate.
    pub open: bool,
    /// Duration of the run.
    pub time: Duration,
    /// The messages.
    pub messages: Messages,
    /// A whole sync message, sent once by the first connection before the run.
    pub before: Option<Vec<u8>>,
    /// A whole sync message that each subscriber of a broadcast sends before the run.
    pub subscribe: Vec<u8>,
}

impl Plan {
    /// Encodes a whole message.
    ///
    /// # Errors
    ///
    /// [`kwire::Error::Unsendable`].
    pub fn message(kind: MessageType, value: kcodec::Value<'_>) -> Result<Vec<u8>, kwire::Error> {
        let mut out = Vec::new();
        kwire::encode(kind, value, kcodec::Capability::MAX, &mut out)?;
        Ok(out)
    }

    /// The default plan: round trips of `2+2`, one at a time on one connection, for five seconds.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        let text = |text: &str| Self::message(MessageType::Sync, text.into()).unwrap_or_default();
        Self {
            address,
            credentials: String::new(),
            connections: 1,
            threads: 1,
            mode: Mode::Sync,
            depth: 1,
            rate: None,
            open: false,
            time: Duration::from_secs(5),
            messages: Messages::Given(vec![text("2+2")]),
            before: None,
            subscribe: text("subscribe"),
        }
    }

    /// The units that a connection sends: requests, or a batch with its chaser.
    pub(super) fn units(&self) -> Vec<Vec<u8>> {
        let Messages::Given(messages) = &self.messages else { return Vec::new() };
        match self.mode {
            Mode::Sync => messages.iter().map(|message| typed(message, MessageType::Sync)).collect(),
            Mode::Broadcast => messages.iter().map(|message| typed(message, MessageType::Async)).collect(),
            Mode::Async => {
                let chaser = Self::message(MessageType::Sync, "".into()).unwrap_or_default();
                let mut batch: Vec<u8> =
                    messages.iter().cycle().take(self.depth).flat_map(|m| typed(m, MessageType::Async)).collect();
                batch.extend(chaser);
                vec![batch]
            }
        }
    }

    /// Messages per answer.
    pub(super) const fn weight(&self) -> u64 {
        match self.mode {
            Mode::Async => self.depth as u64,
            Mode::Sync | Mode::Broadcast => 1,
        }
    }

    /// Most units in flight per connection.
    pub(super) const fn window(&self) -> usize {
        match self.mode {
            _ if self.open => usize::MAX,
            Mode::Async => 1,
            Mode::Sync | Mode::Broadcast => self.depth,
        }
    }
}

fn typed(message: &[u8], kind: MessageType) -> Vec<u8> {
    let mut message = message.to_vec();
    message[1] = kind as u8;
    message
}
