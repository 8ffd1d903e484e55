//! What a run does.

use std::net::SocketAddr;
use std::time::Duration;

use kwire::MessageType;

/// What is sent, and what counts as done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mode {
    /// Requests; done when answered.
    Sync,
    /// Batches of as many async messages as the depth, then a sync `""`; done when that is answered.
    /// A batch has one latency.
    Async,
    /// One connection publishes, the others have subscribed; done at each subscriber.
    Broadcast,
}

/// The messages, taken in turn by each connection.
#[derive(Debug, Clone)]
pub enum Messages {
    /// These, whole. Their type is set as the mode needs it. Never empty.
    Given(Vec<Vec<u8>>),
    /// The numbers from 0 on: as text in requests, whose answer must be that long, and as long atoms
    /// in broadcasts, which must arrive without a gap and in order.
    Numbered,
}

/// What a run does.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The server.
    pub address: SocketAddr,
    /// Who logs in: `user:password`.
    pub credentials: String,
    /// Connections; in a broadcast, subscribers.
    pub connections: usize,
    /// Worker threads. A broadcast has one.
    pub threads: usize,
    /// What is sent.
    pub mode: Mode,
    /// Messages under way on a connection at most; for async messages, those in a batch. At least 1.
    pub depth: usize,
    /// Messages a second, over all connections; as many as are answered if `None`.
    pub rate: Option<f64>,
    /// Send when it is due, whatever is under way. Needs a rate.
    pub open: bool,
    /// For how long messages become due.
    pub time: Duration,
    /// The messages.
    pub messages: Messages,
    /// A whole sync message sent once, by the first connection, before the run.
    pub before: Option<Vec<u8>>,
    /// A whole sync message by which each subscriber of a broadcast subscribes.
    pub subscribe: Vec<u8>,
}

impl Plan {
    /// The whole message of `kind` whose body is `value`.
    ///
    /// # Errors
    ///
    /// [`kwire::Error::Unsendable`].
    pub fn message(kind: MessageType, value: kcodec::Value<'_>) -> Result<Vec<u8>, kwire::Error> {
        let mut out = Vec::new();
        kwire::encode(kind, value, kcodec::Capability::MAX, &mut out)?;
        Ok(out)
    }

    /// Round trips of `2+2`, one at a time on one connection, for five seconds.
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

    /// What one write of one connection holds: a request, or a batch and its chaser.
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

    /// Messages that one answer accounts for.
    pub(super) const fn weight(&self) -> u64 {
        match self.mode {
            Mode::Async => self.depth as u64,
            Mode::Sync | Mode::Broadcast => 1,
        }
    }

    /// Units that may be under way on one connection.
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
