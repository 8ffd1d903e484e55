//! Options for opening a handle.

use std::time::Duration;

use kcodec::{Capability, Threshold, settings};

use crate::interrupt::Interrupt;
use crate::limits::Limits;

settings! {
    /// Options for opening a handle of the blocking or the tokio client. A duration that overflows `Instant` means no
    /// limit.
    ///
    /// ```no_run
    /// use std::time::Duration;
    ///
    /// use kcodec::{Capability, Threshold};
    /// use kwire::{Interrupt, Limits, Options, blocking};
    ///
    /// let options = Options::default()
    ///     .with_timeout(Some(Duration::from_secs(5))) // for connecting and logging in
    ///     .with_read_timeout(Some(Duration::from_secs(60)))
    ///     .with_write_timeout(Some(Duration::from_secs(10)))
    ///     .with_keepalive(None)
    ///     .with_capability(Capability::GUID)
    ///     .with_compression(Some(Threshold::Message))
    ///     .with_limits(Limits::default().with_message(1 << 30))
    ///     .with_interrupt(Some(Interrupt::new()?));
    /// # #[cfg(feature = "tls")]
    /// let options = options.with_tls(Some(kwire::tls::Options::default().client()?));
    /// let h = blocking::Handle::open_with("localhost:5001", &options)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[derive(Debug, Clone)]
    #[non_exhaustive]
    pub struct Options {
        /// Time limit for connecting and logging in. Does not apply to later calls.
        pub timeout: Option<Duration> = None, with_timeout;
        /// Time limit of one call that waits for a message. When it passes, the call fails with
        /// [`Error::TimedOut`](crate::Error::TimedOut) and the handle stays usable; a late response is dropped. Ignored
        /// by the tokio client: use `tokio::time::timeout`.
        pub read_timeout: Option<Duration> = None, with_read_timeout;
        /// Time limit of one call that waits for the peer to accept its bytes. When it passes, the call fails with
        /// [`Error::TimedOut`](crate::Error::TimedOut); unwritten bytes stay queued, so that no message is cut. Ignored
        /// by the tokio client: use `tokio::time::timeout`.
        pub write_timeout: Option<Duration> = None, with_write_timeout;
        /// Idle time after which TCP sends keepalive probes, one every 10 seconds. The OS resets the connection after
        /// several unanswered probes. `None` disables keepalive.
        pub keepalive: Option<Duration> = Some(Duration::from_secs(60)), with_keepalive;
        /// The capability that this end offers.
        pub capability: Capability = Capability::MAX, with_capability;
        /// Size from which messages to other machines are compressed; `None` disables compression.
        pub compression: Option<Threshold> = Some(Threshold::default()), with_compression;
        /// Limits on the resources that the server can consume.
        pub limits: Limits = Limits::default(), with_limits;
        /// Interrupts waits of the blocking client. Ignored by the tokio client.
        pub interrupt: Option<Interrupt> = None, with_interrupt;
        /// TLS configuration for `tcps` and `unixs` addresses. `None` reads kdb+'s environment variables for each
        /// handle (see [`tls::Options`](crate::tls::Options)).
        #[cfg(feature = "tls")]
        pub tls: Option<std::sync::Arc<crate::tls::ClientConfig>> = None, with_tls;
    }
}

#[cfg(feature = "tls")]
impl Options {
    /// The TLS configuration: the one given, or from the environment.
    pub(crate) fn tls_config(&self) -> Result<std::sync::Arc<crate::tls::ClientConfig>, crate::tls::Error> {
        match &self.tls {
            Some(config) => Ok(std::sync::Arc::clone(config)),
            None => crate::tls::Options::from_env()?.client(),
        }
    }
}
