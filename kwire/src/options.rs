//! How to open a handle, where the address does not say it.

use std::time::Duration;

use kcodec::{Capability, Threshold};

use crate::interrupt::Interrupt;
use crate::limits::Limits;

/// How to open a handle, of either client. A time past what the clock can count is no limit.
#[derive(Debug, Clone)]
pub struct Options {
    /// The time for connecting and for the server's answer to the login; not for later calls.
    pub timeout: Option<Duration>,
    /// How long one call waits for a message. Once it has passed, the call ends with
    /// [`Error::TimedOut`](crate::Error::TimedOut) and the handle stays good: a response that comes
    /// later is dropped. The tokio client leaves this to `tokio::time::timeout`.
    pub read_timeout: Option<Duration>,
    /// How long one call waits for the peer to take its bytes. Once it has passed, the call ends
    /// with [`Error::TimedOut`](crate::Error::TimedOut); what was not taken stays queued, so that
    /// messages stay whole. The tokio client leaves this to `tokio::time::timeout`.
    pub write_timeout: Option<Duration>,
    /// The silence after which TCP asks whether the peer's machine is still there, and then asks
    /// again each 10 seconds. The OS ends the connection when several are not answered.
    pub keepalive: Option<Duration>,
    /// The most that this end offers to read.
    pub capability: Capability,
    /// Whether large messages to other machines are compressed, and from where on.
    pub compression: Option<Threshold>,
    /// Bounds on what the server may make us hold.
    pub limits: Limits,
    /// What ends a wait of the blocking client from outside.
    pub interrupt: Option<Interrupt>,
    /// TLS for addresses that ask for it; `None` is as kdb+'s environment variables say, which are read
    /// for each handle (see [`tls::Options`](crate::tls::Options)).
    #[cfg(feature = "tls")]
    pub tls: Option<std::sync::Arc<crate::tls::ClientConfig>>,
}

impl Default for Options {
    /// No timeouts, keepalive after a minute, full capability, compression as kdb+ does it.
    fn default() -> Self {
        Self {
            timeout: None,
            read_timeout: None,
            write_timeout: None,
            keepalive: Some(Duration::from_secs(60)),
            capability: Capability::MAX,
            compression: Some(Threshold::default()),
            limits: Limits::default(),
            interrupt: None,
            #[cfg(feature = "tls")]
            tls: None,
        }
    }
}

#[cfg(feature = "tls")]
impl Options {
    /// The configuration for a connection with TLS.
    pub(crate) fn tls_config(&self) -> Result<std::sync::Arc<crate::tls::ClientConfig>, crate::tls::Error> {
        match &self.tls {
            Some(config) => Ok(std::sync::Arc::clone(config)),
            None => crate::tls::Options::from_env()?.client(),
        }
    }
}
