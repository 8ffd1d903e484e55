//! What sees the bytes of connections as they pass.

use std::fmt;
use std::io::IoSlice;

/// Sees what one connection receives and sends, for recorders: see [`Server::with_tap`](crate::Server::with_tap). It is
/// dropped when the connection is closed.
///
/// The bytes are those of kdb+ IPC: before TLS encrypts them, after it has decrypted them, cut anywhere. A login comes
/// with its password. Both methods run on the server's thread, which serves nobody meanwhile.
pub trait Tap: fmt::Debug + Send {
    /// Bytes that were read, before anything is done about them.
    fn received(&mut self, bytes: &[u8]);

    /// Bytes that the OS has taken.
    fn sent(&mut self, bytes: &[u8]);
}

/// Makes the tap of a new connection.
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

/// Shows the first `written` bytes of several buffers.
pub(crate) fn sent(tap: &mut dyn Tap, buffers: &[IoSlice<'_>], written: usize) {
    let mut left = written;
    for buffer in buffers {
        let Some(some) = buffer.get(..left.min(buffer.len())).filter(|some| !some.is_empty()) else { continue };
        tap.sent(some);
        left -= some.len();
    }
}
