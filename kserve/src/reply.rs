//! Answers: now, or later.

use bytes::Bytes;
use kcodec::{Body, Capability, Value};

use crate::encode::{Answer, Encoder};
use crate::peer::PeerId;

/// The answer to one sync message. Consumed by answering; dropped unanswered it answers `::`, so
/// that no caller waits for ever.
#[derive(Debug)]
pub struct Reply<'a> {
    pub(crate) encoder: Encoder<'a>,
    pub(crate) answer: &'a mut Answer,
    pub(crate) deferred: Deferred,
}

/// An answer that is still owed: q's `-30!(::)`. Given to
/// [`Context::answer`](crate::Context::answer) or [`Sender::answer`](crate::Sender::answer), from a
/// later call, a timer or another thread. The answers of one connection go out in the order of their
/// requests; one that does not come within [`Limits::deferred`](crate::Limits::deferred) is the
/// error `timeout`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Deferred {
    pub(crate) id: PeerId,
    pub(crate) ticket: u64,
}

impl Deferred {
    /// The connection that waits.
    #[must_use]
    pub const fn id(self) -> PeerId {
        self.id
    }
}

impl Reply<'_> {
    /// What the caller can read.
    #[must_use]
    pub const fn capability(&self) -> Capability {
        self.encoder.capability
    }

    /// Answers with a value, which is copied, or with an error: `type` or `limit` if the caller
    /// cannot read it, `wsfull` if there is no memory for it.
    pub fn value<'v>(self, value: impl Into<Value<'v>>) {
        *self.answer = self.encoder.value(value.into());
    }

    /// Answers with a body, which a large one shares instead of being copied. Errors are those of
    /// [`value`](Self::value).
    pub fn body(self, body: &Body) {
        *self.answer = self.encoder.body(body);
    }

    /// Answers with a body in parts, which are not copied. Together they must be the bytes of one
    /// checked body; those of an error or of nothing at all become the error `type`.
    pub fn parts(self, parts: Vec<Bytes>) {
        *self.answer = self.encoder.parts(parts);
    }

    /// Answers with an error. A NUL ends its text.
    pub fn error(self, text: &str) {
        *self.answer = self.encoder.error(text);
    }

    /// Does not answer yet: q's `-30!(::)`.
    #[must_use]
    pub fn defer(self) -> Deferred {
        *self.answer = Answer::Deferred;
        self.deferred
    }
}
