//! What all peers together, and each of them, may make the server hold.

/// Bounds of a server. Each stops a way to exhaust it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Bounds on each connection.
    pub wire: kwire::Limits,
    /// Connections at a time; more are closed as they come. Stops floods of connections.
    pub peers: usize,
    /// Bytes queued for one peer; one that falls further behind is closed. A single message may be
    /// larger. Stops slow readers of fast broadcasts.
    pub queued: usize,
    /// Bytes read from one peer before the others have their turn. Stops one sender from starving
    /// the rest.
    pub turn: usize,
}

impl Default for Limits {
    /// 10,000 peers, 256 MiB queued for each, turns of 256 KiB.
    fn default() -> Self {
        Self { wire: kwire::Limits::default(), peers: 10_000, queued: 256 << 20, turn: 256 << 10 }
    }
}
