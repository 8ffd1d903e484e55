//! What a peer may make us hold.

use std::time::Duration;

/// Bounds on one connection. Each stops a way to exhaust the process that holds it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of one message as sent, header included; refused from the header, before memory is
    /// taken. Stops peers that announce what they never send, or send without end.
    pub message: u64,
    /// Bytes of one body after decompression. Stops small messages that inflate to huge ones.
    pub inflated: u64,
    /// Levels of nesting in a body. Stops bodies that exhaust the stack.
    pub depth: u8,
    /// Bytes of a login, its NUL included. Stops logins that never end.
    pub login: usize,
    /// How long a login may take. Stops connections that are opened and left.
    pub login_time: Duration,
    /// Bytes held by messages that are kept for [`receive`](crate::blocking::Handle::receive) while a
    /// call waits for something else. Stops peers that push without answering.
    pub kept: u64,
    /// Bytes that a client queues before [`send`](crate::blocking::Handle::send) waits. Stops peers
    /// that do not read.
    pub queued: u64,
}

impl Limits {
    pub(crate) const fn body(&self) -> kcodec::Limits {
        kcodec::Limits { depth: self.depth }
    }
}

impl Default for Limits {
    /// What a message can be, 1 TiB as sent and inflated: a client chooses its servers, and memory
    /// grows with what arrives only. Depth 100, logins of 4 KiB within 5 seconds, 256 MiB kept and
    /// queued.
    fn default() -> Self {
        Self {
            message: 1 << 40,
            inflated: 1 << 40,
            depth: 100,
            login: 4096,
            login_time: Duration::from_secs(5),
            kept: 256 << 20,
            queued: 256 << 20,
        }
    }
}
