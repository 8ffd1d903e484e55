//! Accepts new connections, within the limit on peers and the OS's limit on descriptors.

use std::io;
use std::time::{Duration, Instant};

use bytes::Bytes;
use kcodec::Capability;
use kwire::{Connection, Error};

use crate::context::Context;
use crate::handler::Handler;
use crate::listen::Stream;
use crate::peer::{Peer, PeerId, Protocol};
use crate::run::Loop;

/// How long accepting pauses after the OS ran out of descriptors or memory.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// Least time between two calls of `on_exhausted`.
const EXHAUSTED_INTERVAL: Duration = Duration::from_secs(10);
/// Connections accepted per event before the open connections are served.
const ACCEPT_BATCH: usize = 128;

impl<H: Handler> Loop<'_, H> {
    /// Accepts pending connections of a listener, at most [`ACCEPT_BATCH`].
    pub(crate) fn accept(&mut self, index: usize) {
        for _ in 0..ACCEPT_BATCH {
            let Some(listener) = self.core.listeners.get(index) else { return };
            match listener.accept(self.core.offer.as_ref()) {
                Ok(stream) if self.core.links.len() < self.core.limits.peers => self.admit(stream),
                Ok(stream) => self.reject_excess(&stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_transient(&error) => {}
                Err(error) => return self.exhausted(&error),
            }
        }
        // More may be pending: try again after the open connections are served.
        self.retry = Some(Instant::now());
    }

    fn admit(&mut self, mut stream: Stream) {
        if let Some(taps) = &mut self.core.taps {
            stream.set_tap(taps.make());
        }
        let connection = Connection::server(self.core.limits.wire, Instant::now());
        if let Some(slot) = self.core.insert(stream, connection) {
            // The login may have arrived already.
            self.core.enqueue(slot);
        }
    }

    /// q's `'conn`: reports a connection over the limit. Dropping the stream closes it.
    fn reject_excess(&mut self, stream: &Stream) {
        let peer = Peer {
            id: PeerId::NONE,
            user: Bytes::new(),
            address: stream.peer_ip(),
            capability: Capability::BASE,
            protocol: Protocol::Ipc,
            outgoing: false,
        };
        self.handler.on_error(&mut Context::new(&mut self.core), &peer, &Error::Crowded);
    }

    fn exhausted(&mut self, error: &io::Error) {
        let now = Instant::now();
        self.retry = Some(now + EXHAUSTED);
        if self.quiet_until.is_none_or(|until| until <= now) {
            self.quiet_until = Some(now + EXHAUSTED_INTERVAL);
            self.handler.on_exhausted(&mut Context::new(&mut self.core), error);
        }
    }
}

/// Whether the error concerns one pending connection and not the listener.
fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
