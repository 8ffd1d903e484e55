//! Encodes outgoing messages; shares and compresses them.

use bytes::Bytes;
use kcodec::{Body, Capability, Threshold, Value};
use kwire::{ByteOrder, Error, Header, MessageType};

use crate::memory::Memory;
use crate::outbound::SMALL;
use crate::worker;

/// The outcome of a reply.
#[derive(Debug)]
pub(crate) enum Answer {
    /// Not answered: becomes `::`.
    None,
    /// A whole message in the encoder's buffer.
    Buffer,
    /// A whole message in parts.
    Parts(Vec<Bytes>),
    /// The answer follows later.
    Deferred,
}

/// Writes messages of one type for one capability. Small messages go to a buffer that is reused.
#[derive(Debug)]
pub(crate) struct Encoder<'a> {
    pub(crate) kind: MessageType,
    pub(crate) capability: Capability,
    pub(crate) memory: Memory,
    pub(crate) buffer: &'a mut Vec<u8>,
}

impl Encoder<'_> {
    /// Encodes a value, or fails if it cannot be sent or memory is short.
    pub(crate) fn try_value(&mut self, value: Value<'_>) -> Result<(), Error> {
        if self.memory.limit() != usize::MAX && !matches!(value, Value::Atom(_) | Value::Error(_)) {
            let size = value.encoded_len(self.capability).map_err(Error::Unsendable)?;
            if size > SMALL && !self.memory.has_room(size) {
                return Err(Error::Full(size as u64));
            }
        }
        kwire::encode(self.kind, value, self.capability, self.buffer)
    }

    pub(crate) fn value(mut self, value: Value<'_>) -> Answer {
        match self.try_value(value) {
            Ok(()) => self.written(),
            Err(error) => self.error(&reason(&error)),
        }
    }

    /// Returns the message just written. A large one takes the buffer with it.
    pub(crate) fn written(self) -> Answer {
        if self.buffer.len() < SMALL {
            return Answer::Buffer;
        }
        Answer::Parts(vec![std::mem::take(self.buffer).into()])
    }

    pub(crate) fn try_body(mut self, body: &Body) -> Result<Answer, Error> {
        let bytes = body.as_bytes();
        let size = body.value().encoded_len(self.capability).map_err(Error::Unsendable)?;
        // A different length means that re-encoding changes the counts, so the bytes cannot be shared.
        if size < SMALL || size != bytes.len() {
            self.try_value(body.value())?;
            return Ok(self.written());
        }
        Ok(Answer::Parts(vec![self.header(size), bytes.clone()]))
    }

    pub(crate) fn body(mut self, body: &Body) -> Answer {
        match self.reborrow().try_body(body) {
            Ok(answer) => answer,
            Err(error) => self.error(&reason(&error)),
        }
    }

    pub(crate) fn parts(self, mut parts: Vec<Bytes>) -> Answer {
        let size = parts.iter().map(Bytes::len).sum();
        let is_error = parts.iter().find_map(|part| part.first()).is_none_or(|&first| first == ERROR);
        if is_error || size < 2 {
            return self.error("type");
        }
        if self.capability < Capability::MAX {
            // Whether an older peer can read the body is only known after a walk over it.
            if !self.memory.has_room(size) {
                return self.error("wsfull");
            }
            return match Body::decode(Bytes::from(parts.concat())) {
                Ok(body) => self.body(&body),
                Err(_) => self.error("type"),
            };
        }
        let header = self.header(size);
        if size < SMALL {
            self.buffer.extend_from_slice(&header);
            parts.iter().for_each(|part| self.buffer.extend_from_slice(part));
            return Answer::Buffer;
        }
        parts.insert(0, header);
        Answer::Parts(parts)
    }

    pub(crate) fn error(self, text: &str) -> Answer {
        let text = text.split('\0').next().unwrap_or_default();
        let encoded = kwire::encode(self.kind, Value::error(text), self.capability, self.buffer);
        debug_assert!(encoded.is_ok(), "an error without a NUL can be sent to anybody");
        self.written()
    }

    fn header(&self, body: usize) -> Bytes {
        let length = (body + Header::LEN) as u64;
        let header = Header { order: ByteOrder::Little, kind: self.kind, compression: None, length };
        Bytes::copy_from_slice(&header.to_bytes())
    }

    const fn reborrow(&mut self) -> Encoder<'_> {
        Encoder { kind: self.kind, capability: self.capability, memory: self.memory, buffer: self.buffer }
    }
}

/// The type byte of an error.
const ERROR: u8 = 0x80;

/// The error text q answers with if a reply cannot be sent.
fn reason(error: &Error) -> String {
    match error {
        Error::Unsendable(reason) => reason.kind.to_string(),
        Error::Full(_) => "wsfull".to_owned(),
        other => other.to_string(),
    }
}

/// A whole message in parts, shared by its receivers and compressed at most once.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) plain: Vec<Bytes>,
    /// The result of compression, once it was tried.
    compressed: Option<Compressed>,
}

/// The form of a message for peers that accept compression.
#[derive(Debug, Clone)]
pub(crate) enum Compressed {
    /// Not compressed: it does not shrink to half.
    Plain,
    Done(Bytes),
    /// The worker is compressing it, under this ticket.
    Pending(u64),
}

/// Messages larger than this are compressed by the worker.
const LARGE: usize = 64 * 1024;

impl Shared {
    pub(crate) const fn new(plain: Vec<Bytes>) -> Self {
        Self { plain, compressed: None }
    }

    pub(crate) fn len(&self) -> usize {
        self.plain.iter().map(Bytes::len).sum()
    }

    /// Returns the message in the form for peers that accept compression. `submit` hands it to the worker and
    /// returns the ticket, or `None` if there is no worker.
    pub(crate) fn compressed(
        &mut self,
        threshold: Threshold,
        memory: Memory,
        submit: impl FnOnce(Vec<Bytes>) -> Option<u64>,
    ) -> Compressed {
        let (plain, size) = (&self.plain, self.len());
        let start = || match size > LARGE {
            true => submit(plain.clone()).map_or(Compressed::Plain, Compressed::Pending),
            false => worker::compress(plain, threshold, memory).map_or(Compressed::Plain, Compressed::Done),
        };
        self.compressed.get_or_insert_with(start).clone()
    }
}
