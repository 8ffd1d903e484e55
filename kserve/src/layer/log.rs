//! A log of messages.

use std::net::IpAddr;
use std::time::SystemTime;

use kcodec::Body;
use kwire::{Message, MessageType};

use super::Layer;
use crate::context::Context;
use crate::peer::{Peer, PeerId};

/// One message, as a log keeps it: `(handle; address; user; time; message)`.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Record<'a> {
    /// Whose message it is.
    pub id: PeerId,
    /// Where it came from; `None` for a Unix socket.
    pub address: Option<IpAddr>,
    /// The user of the login.
    pub user: &'a [u8],
    /// When its turn came.
    pub time: SystemTime,
    /// Async or sync.
    pub kind: MessageType,
    /// What it says.
    pub message: &'a Body,
}

/// Hands a record of every message to a function, before the message is handled.
#[derive(Debug, Clone, Copy)]
pub struct MessageLog<F>(
    /// What keeps the records. It runs on the loop, and must not wait.
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
