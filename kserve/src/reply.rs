//! Answers to sync messages: immediate or deferred.

use bytes::Bytes;
use kcodec::{Body, Capability, Value};

use crate::encode::{Answer, Encoder};
use crate::peer::PeerId;

/// The answer to one sync message. Each method consumes it. Dropped unanswered it answers `::`, so that a caller
/// never hangs.
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
