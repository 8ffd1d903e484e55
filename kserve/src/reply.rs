//! Answers to sync messages: immediate or deferred.

use bytes::Bytes;
use kcodec::{Body, Capability, Value};

use crate::encode::{Answer, Encoder};
use crate::peer::PeerId;

/// The answer to one sync message. Each method consumes it. Dropped unanswered it answers `::`, so that a caller
/// never hangs.
///
/// ```
/// use bytes::Bytes;
/// use kcodec::{Body, Capability, Value};
/// use kserve::{Context, Handler, Peer, Reply};
/// use kwire::Message;
///
/// /// A price list, encoded once.
/// struct Prices {
///     body: Body,
///     head: Bytes,
///     items: Bytes,
/// }
///
/// impl Handler for Prices {
///     fn on_sync(&mut self, _cx: &mut Context<'_>, _peer: &Peer, message: &Message, reply: Reply<'_>) {
///         match message.value().as_str() {
///             Ok("first") => reply.value(101.5), // copied
///             Ok("all") => reply.body(&self.body), // shared
///             Ok("parts") => reply.parts(vec![self.head.clone(), self.items.clone()]),
///             Ok("new") if reply.capability() < Capability::MAX => reply.error("version"),
///             Ok("new") => reply.value(Value::NULL),
///             _ => reply.error("nyi"),
///         }
///     }
/// }
///
/// let body = Body::encode(&[101.5, 402.25])?;
/// let bytes = body.as_bytes();
/// let prices = Prices { head: bytes.slice(..6), items: bytes.slice(6..), body: body.clone() };
/// # assert_eq!(prices.items.len(), 16);
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Debug)]
pub struct Reply<'a> {
    pub(crate) encoder: Encoder<'a>,
    pub(crate) answer: &'a mut Answer,
    pub(crate) deferred: Deferred,
}

/// A deferred answer: q's `-30!(::)`. Pass it to [`Context::answer`](crate::Context::answer) in a later call or a
/// timer, or to [`Sender::answer`](crate::Sender::answer) from another thread. The answers of one connection go out
/// in the order of their requests. After [`Limits::deferred`](crate::Limits::deferred) the answer becomes the error
/// `timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deferred {
    pub(crate) id: PeerId,
    pub(crate) ticket: u64,
}

impl Deferred {
    /// The connection that waits for the answer.
    #[must_use]
    pub const fn id(self) -> PeerId {
        self.id
    }
}

impl Reply<'_> {
    /// The capability of the caller: which types and sizes it can read.
    #[must_use]
    pub const fn capability(&self) -> Capability {
        self.encoder.capability
    }

    /// Answers with a copy of a value. The answer becomes an error if the caller cannot read the value (`type` or
    /// `limit`) or memory is short (`wsfull`).
    pub fn value<'v>(self, value: impl Into<Value<'v>>) {
        *self.answer = self.encoder.value(value.into());
    }

    /// Answers with a body. A large body is shared, not copied. Errors as in [`value`](Self::value).
    pub fn body(self, body: &Body) {
        *self.answer = self.encoder.body(body);
    }

    /// Answers with a body in parts, which are not copied. Concatenated, they must be the bytes of one checked
    /// body. If they encode an error, or are empty, the answer is the error `type`.
    pub fn parts(self, parts: Vec<Bytes>) {
        *self.answer = self.encoder.parts(parts);
    }

    /// Answers with an error. Its text ends at the first NUL.
    pub fn error(self, text: &str) {
        *self.answer = self.encoder.error(text);
    }

    /// Defers the answer: q's `-30!(::)`.
    #[must_use]
    pub fn defer(self) -> Deferred {
        *self.answer = Answer::Deferred;
        self.deferred
    }
}
