//! New connections: admitted, one too many, or more than the OS has descriptors for.

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

/// How long to leave a listener alone after the OS had no more sockets to give.
const EXHAUSTED: Duration = Duration::from_millis(100);
/// How often the handler hears of that.
const TELL: Duration = Duration::from_secs(10);
/// Connections accepted before those that are in have their turn.
const ACCEPTED: usize = 128;

impl<H: Handler> Loop<'_, H> {
    /// Accepts what waits at a listener.
    pub(crate) fn accept(&mut self, index: usize) {
        for _ in 0..ACCEPTED {
            let Some(listener) = self.core.listeners.get(index) else { return };
            match listener.accept(self.core.offer.as_ref()) {
                Ok(stream) if self.core.links.len() < self.core.limits.peers => self.admit(stream),
                Ok(stream) => self.turn_away(&stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                Err(error) if is_transient(&error) => {}
                Err(error) => return self.exhausted(&error),
            }
        }
        // More may wait: they have their turn after those that are in.
        self.retry = Some(Instant::now());
    }

    fn admit(&mut self, mut stream: Stream) {
        if let Some(taps) = &mut self.core.taps {
            stream.set_tap(taps.make());
        }
        let connection = Connection::server(self.core.limits.wire, Instant::now());
        if let Some(slot) = self.core.insert(stream, connection) {
            // It may have sent its login already.
            self.core.enqueue(slot);
        }
    }

    /// q's `'conn`: one too many. Dropping the stream closes it.
    fn turn_away(&mut self, stream: &Stream) {
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
        if self.told.is_none_or(|told| told <= now) {
            self.told = Some(now + TELL);
            self.handler.on_exhausted(&mut Context::new(&mut self.core), error);
        }
    }
}

/// An error of one connection that was about to be accepted, not of the listener.
fn is_transient(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted | io::ErrorKind::ConnectionReset | io::ErrorKind::Interrupted
    )
}
