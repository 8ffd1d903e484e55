//! Limits on the resources that one peer, or all peers together, can take.

use std::time::Duration;

kcodec::settings! {
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
        pub wire: kwire::Limits = kwire::Limits::default().with_message(1 << 31).with_inflated(1 << 31), with_wire;
        /// Simultaneous connections; further ones are closed when accepted. Bounds floods of connections.
        pub peers: usize = 10_000, with_peers;
        /// Bytes queued for one peer over which nothing more is queued and the peer is closed. A single message may
        /// exceed it. Bounds slow readers of fast broadcasts.
        pub queued: usize = 256 << 20, with_queued;
        /// Time limit of one request: q's `-T`. The handler must ask
        /// [`Context::interrupted`](crate::Context::interrupted) and return. Zero means no limit.
        pub request: Duration = Duration::from_secs(10), with_request;
        /// Time limit of a deferred answer, after which it becomes the error `timeout`. Ensures that callers never wait
        /// for ever.
        pub deferred: Duration = Duration::from_secs(60), with_deferred;
        /// Length of one peer's turn; a turn handles at least one message. Ensures fairness between peers.
        pub turn: Duration = Duration::from_millis(1), with_turn;
        /// Size of an HTTP request in bytes. Bounds requests that never end.
        pub http: usize = 8192, with_http;
    }
}
