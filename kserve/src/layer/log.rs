//! Logs every message.

use std::net::IpAddr;
use std::time::SystemTime;

use kcodec::Body;
use kwire::{Message, MessageType};

use super::Layer;
use crate::context::Context;
use crate::peer::{Peer, PeerId};

/// One message: `(handle; address; user; time; message)`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Record<'a> {
    /// The connection it came from.
    pub id: PeerId,
    /// The peer's IP address; `None` over a Unix socket.
    pub address: Option<IpAddr>,
    /// The user of the login.
    pub user: &'a [u8],
    /// When its handling started.
    pub time: SystemTime,
    /// Async or sync.
    pub kind: MessageType,
    /// The message.
    pub message: &'a Body,
}

/// Passes a record of every message to a function, before the message is handled.
#[derive(Debug, Clone, Copy)]
pub struct MessageLog<F>(
    /// Receives the records. It runs on the loop and must not block.
    pub F,
);

impl<F: FnMut(Record<'_>)> Layer for MessageLog<F> {
    fn admit(&mut self, _cx: &mut Context<'_>, peer: &Peer, message: &Message) -> Result<(), String> {
        (self.0)(Record {
            id: peer.id(),
            address: peer.address(),
            user: peer.user(),
            time: SystemTime::now(),
            kind: message.kind(),
            message: message.body(),
        });
        Ok(())
    }
}
