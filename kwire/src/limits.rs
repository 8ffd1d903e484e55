//! Limits on the resources that a peer can consume.

use std::time::Duration;

use crate::setters;

/// Limits of one connection. Each prevents one way to exhaust the process.
///
/// ```
/// use std::time::Duration;
///
/// let limits = kwire::Limits::default()
///     .with_message(64 << 20) // as sent
///     .with_inflated(256 << 20)
///     .with_depth(20)
///     .with_login(256)
///     .with_login_time(Duration::from_secs(1))
///     .with_kept(64 << 20)
///     .with_queued(64 << 20);
/// assert_eq!((limits.message, limits.depth), (64 << 20, 20));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Most bytes of a message as sent, header included. Checked when the header arrives, before memory is allocated.
    /// Stops peers that announce huge messages or never stop sending.
    pub message: u64,
    /// Most bytes of a body after decompression. Stops decompression bombs.
    pub inflated: u64,
    /// Most levels of nesting in a body. Stops bodies that exhaust the stack.
    pub depth: u8,
    /// Most bytes of a login, its NUL included. Stops logins that never end.
    pub login: usize,
    /// Time limit of a login. Stops connections that are opened and never used.
    pub login_time: Duration,
    /// Most bytes of messages kept for [`receive`](crate::blocking::Handle::receive) while a call waits for something
    /// else. Stops peers that push without answering.
    pub kept: u64,
    /// Most bytes that a client queues before [`send`](crate::blocking::Handle::send) waits. Bounds the memory that a
    /// peer which does not read can cost.
    pub queued: u64,
}

setters! {
    Limits {
        with_message message: u64,
        with_inflated inflated: u64,
        with_depth depth: u8,
        with_login login: usize,
        with_login_time login_time: Duration,
        with_kept kept: u64,
        with_queued queued: u64,
    }
}

impl Limits {
    pub(crate) fn body(&self) -> kcodec::Limits {
        kcodec::Limits::default().with_depth(self.depth)
    }
}

impl Default for Limits {
    /// Messages of 1 TiB, the format's maximum, both as sent and inflated: a client chooses its servers, and memory
    /// grows only with bytes that arrive. Depth 100, logins of 4 KiB within 5 seconds, 256 MiB kept and 256 MiB queued.
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
