//! Limits on the resources that a peer can consume.

use std::time::Duration;

use kcodec::settings;

settings! {
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
        /// Most bytes of a message as sent, header included. Checked when the header arrives, before memory is
        /// allocated. Stops peers that announce huge messages or never stop sending. The default is the format's
        /// maximum: a client chooses its servers, and memory grows only with bytes that arrive.
        pub message: u64 = 1 << 40, with_message;
        /// Most bytes of a body after decompression. Stops decompression bombs.
        pub inflated: u64 = 1 << 40, with_inflated;
        /// Most levels of nesting in a body. Stops bodies that exhaust the stack.
        pub depth: u8 = 100, with_depth;
        /// Most bytes of a login, its NUL included. Stops logins that never end.
        pub login: usize = 4096, with_login;
        /// Time limit of a login. Stops connections that are opened and never used.
        pub login_time: Duration = Duration::from_secs(5), with_login_time;
        /// Most bytes of messages kept for [`receive`](crate::blocking::Handle::receive) while a call waits for
        /// something else. Stops peers that push without answering.
        pub kept: u64 = 256 << 20, with_kept;
        /// Most bytes that a client queues before [`send`](crate::blocking::Handle::send) waits. Bounds the memory that
        /// a peer which does not read can cost.
        pub queued: u64 = 256 << 20, with_queued;
    }
}

impl Limits {
    pub(crate) fn body(&self) -> kcodec::Limits {
        kcodec::Limits::default().with_depth(self.depth)
    }
}
