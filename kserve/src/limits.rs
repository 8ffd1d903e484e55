//! Limits on the resources that one peer, or all peers together, can take.

use std::time::Duration;

/// Limits of a server. Each bounds one resource that peers could exhaust.
///
/// ```
/// use std::time::Duration;
///
/// use kserve::{Limits, Server};
///
/// let limits = Limits::default()
///     .with_wire(kwire::Limits::default().with_message(1 << 20).with_inflated(1 << 24))
///     .with_peers(100)
///     .with_queued(16 << 20)
///     .with_request(Duration::from_secs(2))
///     .with_deferred(Duration::from_secs(10))
///     .with_turn(Duration::from_millis(5))
///     .with_http(1024);
/// let server = Server::bind("127.0.0.1:0")?.with_limits(limits);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Limits of each connection.
    pub wire: kwire::Limits,
    /// Simultaneous connections; further ones are closed when accepted. Bounds floods of connections.
    pub peers: usize,
    /// Bytes queued for one peer over which nothing more is queued and the peer is closed. A single message may
    /// exceed it. Bounds slow readers of fast broadcasts.
    pub queued: usize,
    /// Time limit of one request: q's `-T`. The handler must ask
    /// [`Context::interrupted`](crate::Context::interrupted) and return. Zero means no limit.
    pub request: Duration,
    /// Time limit of a deferred answer, after which it becomes the error `timeout`. Ensures that callers never wait
    /// for ever.
    pub deferred: Duration,
    /// Length of one peer's turn; a turn handles at least one message. Ensures fairness between peers.
    pub turn: Duration,
    /// Size of an HTTP request in bytes. Bounds requests that never end.
    pub http: usize,
}

kwire::setters! {
    Limits {
        with_wire wire: kwire::Limits,
        with_peers peers: usize,
        with_queued queued: usize,
        with_request request: Duration,
        with_deferred deferred: Duration,
        with_turn turn: Duration,
        with_http http: usize,
    }
}

impl Default for Limits {
    /// Messages of 2 GiB as sent and inflated, 10,000 peers, 256 MiB queued for each, 10 seconds per request, 60
    /// per deferred answer, turns of a millisecond, HTTP requests of 8 KiB.
    fn default() -> Self {
        Self {
            wire: kwire::Limits::default().with_message(1 << 31).with_inflated(1 << 31),
            peers: 10_000,
            queued: 256 << 20,
            request: Duration::from_secs(10),
            deferred: Duration::from_secs(60),
            turn: Duration::from_millis(1),
            http: 8192,
        }
    }
}
