//! Taps: observe the bytes of a connection.

use std::fmt;
use std::io::IoSlice;

/// Observes what one connection receives and sends; for recorders, see
/// [`Server::with_tap`](crate::Server::with_tap). Dropped when the connection closes.
///
/// The bytes are plaintext kdb+ IPC, also over TLS, in chunks of any length. Logins include the password. Both
/// methods run on the server's thread and must not block.
///
/// ```
/// use std::sync::Arc;
/// use std::sync::atomic::{AtomicUsize, Ordering};
///
/// use kserve::{Server, Tap};
///
/// /// Counts the bytes of all connections.
/// #[derive(Debug, Clone, Default)]
/// struct Traffic(Arc<AtomicUsize>);
///
/// impl Tap for Traffic {
///     fn received(&mut self, bytes: &[u8]) {
///         self.0.fetch_add(bytes.len(), Ordering::Relaxed);
///     }
///
///     fn sent(&mut self, bytes: &[u8]) {
///         self.0.fetch_add(bytes.len(), Ordering::Relaxed);
///     }
/// }
///
/// let traffic = Traffic::default();
/// let taps = traffic.clone();
/// let server = Server::bind("127.0.0.1:0")?.with_tap(move || Box::new(taps.clone()));
/// # assert_eq!(traffic.0.load(Ordering::Relaxed), 0);
/// # Ok::<(), std::io::Error>(())
/// ```
pub trait Tap: fmt::Debug + Send {
    /// Bytes read from the socket, before they are handled.
    fn received(&mut self, bytes: &[u8]);

    /// Bytes that the OS has accepted.
    fn sent(&mut self, bytes: &[u8]);
}

/// Creates the tap of each new connection.
pub(crate) struct Taps(Box<dyn FnMut() -> Box<dyn Tap> + Send>);

impl Taps {
    pub(crate) fn new(make: impl FnMut() -> Box<dyn Tap> + Send + 'static) -> Self {
        Self(Box::new(make))
    }

    pub(crate) fn make(&mut self) -> Box<dyn Tap> {
        (self.0)()
    }
}

impl fmt::Debug for Taps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Taps").finish_non_exhaustive()
    }
}

/// Passes the first `written` bytes of several buffers to a tap.
pub(crate) fn sent(tap: &mut dyn Tap, buffers: &[IoSlice<'_>], written: usize) {
    let mut left = written;
    for buffer in buffers {
        let Some(some) = buffer.get(..left.min(buffer.len())).filter(|some| !some.is_empty()) else { continue };
        tap.sent(some);
        left -= some.len();
    }
}
