//! What all peers together, and each of them, may make the server hold.

use std::time::Duration;

/// Bounds of a server. Each stops a way to exhaust it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bounds on each connection.
    pub wire: kwire::Limits,
    /// Connections at a time; more are closed as they come. Stops floods of connections.
    pub peers: usize,
    /// Bytes that may wait for one peer before something more is queued; one that falls further
    /// behind is closed. A single message may be larger. Stops slow readers of fast broadcasts.
    pub queued: usize,
    /// How long a handler may work on one request: q's `-T`. A handler that asks
    /// [`Context::interrupted`](crate::Context::interrupted) ends then. Zero means for ever.
    pub request: Duration,
    /// How long a deferred answer may take; then it is the error `timeout`. Stops callers from
    /// waiting for ever.
    pub deferred: Duration,
    /// How long one peer's messages are handled before others have their turn; a turn is at least
    /// one message. Stops one sender from starving the rest.
    pub turn: Duration,
    /// Bytes of an HTTP request. Stops requests that never end.
    pub http: usize,
}

impl Default for Limits {
    /// Messages of 2 GiB as sent and inflated, 10,000 peers, 256 MiB queued for each, 10 seconds for a request, 60 for a deferred answer,
    /// turns of a millisecond, HTTP requests of 8 KiB.
    fn default() -> Self {
        Self {
            wire: kwire::Limits { message: 1 << 31, inflated: 1 << 31, ..kwire::Limits::default() },
            peers: 10_000,
            queued: 256 << 20,
            request: Duration::from_secs(10),
            deferred: Duration::from_secs(60),
            turn: Duration::from_millis(1),
            http: 8192,
        }
    }
}
