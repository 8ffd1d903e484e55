//! What a server does with what comes in: q's `.z` handlers.

use kcodec::{Capability, Value};
use kwire::{Error, MessageType};

use crate::peer::Peer;

/// A server's decisions. Every method runs on the server's one loop: while it runs nobody else is
/// served.
pub trait Handler {
    /// `.z.pw`: whether the user may come in. Called after the password file has agreed, if there
    /// is one. Lets everybody in by default.
    fn on_login(&mut self, peer: &mut Peer<'_>, user: &[u8], password: &[u8]) -> bool {
        let _ = (peer, user, password);
        true
    }

    /// `.z.po`: a connection is open; its capability byte is on its way.
    fn on_open(&mut self, peer: &mut Peer<'_>) {
        let _ = peer;
    }

    /// `.z.pg`: a sync message, to be answered through `reply`.
    fn on_sync(&mut self, peer: &mut Peer<'_>, query: Value<'_>, reply: Reply<'_>);

    /// `.z.ps`: an async message. Nothing is ever sent in answer. Ignored by default.
    fn on_async(&mut self, peer: &mut Peer<'_>, update: Value<'_>) {
        let _ = (peer, update);
    }

    /// `.z.pc`: an open connection has ended, other than by [`Peer::close`], for which q does not
    /// call it either. What is sent to the peer now goes nowhere.
    fn on_close(&mut self, peer: &mut Peer<'_>) {
        let _ = peer;
    }

    /// `.z.bm`: a malformed or oversized message, as far as it came. The connection is closed next.
    fn on_bad_message(&mut self, peer: &mut Peer<'_>, message: &[u8], error: &Error) {
        let _ = (peer, message, error);
    }

    /// Whatever else ends a connection: a login refused, late or too long, a message out of turn, a
    /// queue over its limit, the system's errors. q has no such handler; it is there to be logged.
    fn on_error(&mut self, peer: &mut Peer<'_>, error: &Error) {
        let _ = (peer, error);
    }
}

/// The answer to one sync message. Consumed by answering; dropped unanswered it answers `::`, so
/// that no caller waits for ever.
#[derive(Debug)]
pub struct Reply<'a> {
    capability: Capability,
    message: &'a mut Vec<u8>,
}

impl<'a> Reply<'a> {
    pub(crate) const fn new(capability: Capability, message: &'a mut Vec<u8>) -> Self {
        Self { capability, message }
    }

    /// Answers with a value, or with the error `type` or `limit` if the peer cannot read it.
    pub fn value<'v>(self, value: impl Into<Value<'v>>) {
        let encoded = kwire::encode(MessageType::Response, value.into(), self.capability, self.message);
        if let Err(Error::Unsendable(reason)) = encoded {
            self.error(&reason.kind.to_string());
        }
    }

    /// Answers with an error. A NUL ends its text.
    pub fn error(self, text: &str) {
        let text = text.split('\0').next().unwrap_or_default();
        let encoded = kwire::encode(MessageType::Response, Value::error(text), self.capability, self.message);
        debug_assert!(encoded.is_ok(), "an error without a NUL can be sent to anybody");
    }
}
