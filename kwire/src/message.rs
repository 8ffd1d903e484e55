//! Whole messages (header and body): decoding, encoding, compression.

use bytes::{Bytes, BytesMut};
use kcodec::{Body, Capability, Compression, Decompressor, Threshold, Value};

use crate::error::{Bound, Error, Malformed, Reason};
use crate::header::{ByteOrder, Header, MessageType};
use crate::limits::Limits;

/// A received message. Owns its body, which is checked.
///
/// ```
/// use kcodec::{Capability, Threshold, Value};
/// use kwire::{Error, Limits, Message, MessageType};
///
/// let prices = vec![1.5; 1000];
/// let mut bytes = Vec::new();
/// kwire::encode(MessageType::Async, Value::from(&prices), Capability::MAX, &mut bytes)?;
/// let message = Message::decode(&bytes[..], &Limits::default())?;
/// assert_eq!((message.kind(), message.value()), (MessageType::Async, Value::from(&prices)));
/// assert_eq!(message.body().as_bytes().len(), bytes.len() - 8);
/// let body = message.into_body(); // shared, not copied
/// assert_eq!(body.value().count(), 1000);
///
/// let compressed = kwire::compress(&bytes, Threshold::Body)?.expect("it halves");
/// assert_eq!(Message::decode(&compressed[..], &Limits::default())?.value(), Value::from(&prices));
/// assert_eq!(kwire::decompress(&compressed, &Limits::default())?, bytes);
///
/// let mut bytes = Vec::new();
/// kwire::encode(MessageType::Response, Value::error("type"), Capability::MAX, &mut bytes)?;
/// let failed = Message::decode(&bytes[..], &Limits::default())?.ok();
/// assert!(matches!(failed, Err(Error::Remote(text)) if text == "type"));
/// # Ok::<(), kwire::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Message {
    kind: MessageType,
    body: Body,
}

impl Message {
    /// Decodes one whole message of either byte order, compressed or plain.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] with offset and reason; [`Error::TooLarge`] if it exceeds a limit.
    pub fn decode(message: impl Into<BytesMut>, limits: &Limits) -> Result<Self, Error> {
        let message = message.into();
        let header = whole(&message)?;
        if header.length > limits.message {
            return Err(too_large(header.length, limits));
        }
        Frame::new(header, message).check(limits).map_err(|refused| refused.error)
    }

    /// The message type.
    #[must_use]
    pub const fn kind(&self) -> MessageType {
        self.kind
    }

    /// A view of the body.
    #[must_use]
    pub fn value(&self) -> Value<'_> {
        self.body.value()
    }

    /// The body, which is reference-counted.
    #[must_use]
    pub const fn body(&self) -> &Body {
        &self.body
    }

    /// Converts the message into its body.
    #[must_use]
    pub fn into_body(self) -> Body {
        self.body
    }

    /// Turns a message whose body is a q error into an `Err`.
    ///
    /// # Errors
    ///
    /// [`Error::Remote`] with the error's text.
    pub fn ok(self) -> Result<Self, Error> {
        match self.value() {
            Value::Error(text) => Err(Error::Remote(text.to_string())),
            _ => Ok(self),
        }
    }
}

/// A whole message as received, with its body not yet checked. [`check`](Self::check) converts it into a [`Message`],
/// on any thread.
#[derive(Debug)]
pub struct Frame {
    header: Header,
    bytes: BytesMut,
}

/// A message that [`Frame::check`] rejected.
#[derive(Debug)]
pub struct Refused {
    /// The reason.
    pub error: Error,
    /// The message's bytes. A big-endian body is byte-swapped up to the fault.
    pub bytes: Bytes,
}

impl Frame {
    /// Wraps the `header.length` bytes that [`Step::Message`](crate::Step::Message) announced, header included.
    #[must_use]
    pub fn new(header: Header, bytes: impl Into<BytesMut>) -> Self {
        Self { header, bytes: bytes.into() }
    }

    /// The header.
    #[must_use]
    pub const fn header(&self) -> Header {
        self.header
    }

    /// Additional bytes of memory that [`check`](Self::check) will need: the inflated size that a compressed message
    /// claims, 0 for a plain one.
    #[must_use]
    pub fn inflated(&self) -> u64 {
        let Some(kind) = self.header.compression else { return 0 };
        let raw = self.bytes.get(Header::LEN..Header::LEN + kind.head()).unwrap_or_default();
        let append = |length: u64, &byte: &u8| length << 8 | u64::from(byte);
        match self.header.order {
            ByteOrder::Big => raw.iter().fold(0, append),
            ByteOrder::Little => raw.iter().rev().fold(0, append),
        }
    }

    /// Inflates the body, converts it to little-endian and checks it.
    ///
    /// # Errors
    ///
    /// [`Error::Malformed`] or [`Error::TooLarge`], with the rejected bytes.
    pub fn check(self, limits: &Limits) -> Result<Message, Refused> {
        let bytes = to_little_endian(self.header, self.bytes, limits);
        message(self.header, &bytes, limits).map_err(|error| Refused { error, bytes })
    }
}

/// A compressed message that is inflated incrementally as it arrives.
#[derive(Debug)]
pub(crate) struct Inflating {
    header: Header,
    decompressor: Decompressor,
    /// Bytes of the message that have not arrived.
    missing: u64,
}

impl Inflating {
    /// Returns `None` if the header is of a plain message.
    pub(crate) fn new(header: Header, limits: &Limits) -> Option<Self> {
        let kind = header.compression?;
        let missing = header.length - Header::LEN as u64;
        let expected = usize::try_from(missing).unwrap_or(usize::MAX);
        let limit = usize::try_from(limits.inflated).unwrap_or(usize::MAX);
        let decompressor = Decompressor::new(kind, header.order == ByteOrder::Big, expected, limit);
        Some(Self { header, decompressor, missing })
    }

    pub(crate) const fn header(&self) -> Header {
        self.header
    }

    pub(crate) const fn is_complete(&self) -> bool {
        self.missing == 0
    }

    /// Inflates the next bytes. Returns how many of them belong to the message.
    pub(crate) fn push(&mut self, bytes: &[u8], limits: &Limits) -> Result<usize, Error> {
        let missing = usize::try_from(self.missing).unwrap_or(usize::MAX);
        let piece = bytes.get(..missing).unwrap_or(bytes);
        self.decompressor.push(piece).map_err(|error| not_inflated(error, limits))?;
        self.missing -= piece.len() as u64;
        Ok(piece.len())
    }

    /// The message, once it is complete.
    pub(crate) fn finish(self, limits: &Limits) -> Result<Message, Error> {
        let body = self.decompressor.finish().map_err(|error| not_inflated(error, limits))?;
        inflated(self.header, body, limits)
    }
}

/// Decodes the bytes that a header announced. A plain body must be little-endian already.
fn message(header: Header, frame: &Bytes, limits: &Limits) -> Result<Message, Error> {
    let body = frame.slice(Header::LEN..);
    match header.compression {
        None => plain(header, body, limits),
        Some(kind) => inflated(header, inflate(&body, kind, header.order, limits)?, limits),
    }
}

/// Converts an inflated body to little-endian and decodes it.
fn inflated(header: Header, mut body: Vec<u8>, limits: &Limits) -> Result<Message, Error> {
    if header.order == ByteOrder::Big {
        kcodec::to_little_endian(&mut body, limits.body());
    }
    plain(header, body.into(), limits)
}

/// Decodes a plain, little-endian body.
fn plain(header: Header, body: Bytes, limits: &Limits) -> Result<Message, Error> {
    let body = Body::decode_with(body, limits.body()).map_err(Malformed::body)?;
    Ok(Message { kind: header.kind, body })
}

/// Appends a plain, little-endian message for a peer of `capability` to `out`.
///
/// # Errors
///
/// [`Error::Unsendable`], with `out` unchanged.
pub fn encode(kind: MessageType, value: Value<'_>, capability: Capability, out: &mut Vec<u8>) -> Result<(), Error> {
    let start = out.len();
    out.extend_from_slice(&[0; Header::LEN]);
    if let Err(error) = value.encode_for(capability, out) {
        out.truncate(start);
        return Err(Error::Unsendable(error));
    }
    // The length is known once the body is written.
    debug_assert!(out.len() >= start + Header::LEN, "the header's bytes were appended above");
    let message = out.get_mut(start..).unwrap_or_default();
    let header = Header { order: ByteOrder::Little, kind, compression: None, length: message.len() as u64 };
    if let Some(head) = message.first_chunk_mut() {
        *head = header.to_bytes();
    }
    Ok(())
}

/// Appends a message for a peer of `capability`, compressed if it is over the threshold and compresses.
pub(crate) fn append(
    kind: MessageType,
    value: Value<'_>,
    capability: Capability,
    compression: Option<Threshold>,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let start = out.len();
    encode(kind, value, capability, out)?;
    let plain = out.get(start..).unwrap_or_default();
    if let Some(compressed) = compression.and_then(|threshold| compress(plain, threshold).ok().flatten()) {
        out.truncate(start);
        out.extend_from_slice(&compressed);
    }
    Ok(())
}

/// Compresses a whole plain message if kdb+ would. Returns `None` if it is under the threshold or does not compress to
/// less than half.
///
/// # Errors
///
/// [`Malformed`] if the header is malformed or the message is compressed already.
pub fn compress(message: &[u8], threshold: Threshold) -> Result<Option<Vec<u8>>, Malformed> {
    let header = whole(message)?;
    if let Some(compression) = header.compression {
        return Err(Malformed { at: 2, reason: Reason::Compression(compression as u8) });
    }
    let body = message.get(Header::LEN..).unwrap_or_default();
    let mut out = vec![0; Header::LEN];
    let Some(kind) = kcodec::compress(body, threshold, &mut out) else { return Ok(None) };
    let length = out.len() as u64;
    let (head, rest) = out.split_at_mut(Header::LEN);
    head.copy_from_slice(&Header { compression: Some(kind), length, ..header }.to_bytes());
    if header.order == ByteOrder::Big {
        rest.get_mut(..kind.head()).unwrap_or_default().reverse();
    }
    Ok(Some(out))
}

/// Decompresses a whole message and keeps its byte order. A plain message is copied unchanged.
///
/// # Errors
///
/// [`Error::Malformed`] for a malformed header or stream, [`Error::TooLarge`] if the body exceeds `limits.inflated`.
/// The decompressed body is not checked.
pub fn decompress(message: &[u8], limits: &Limits) -> Result<Vec<u8>, Error> {
    let header = whole(message)?;
    let Some(kind) = header.compression else { return Ok(message.to_vec()) };
    let body = inflate(message.get(Header::LEN..).unwrap_or_default(), kind, header.order, limits)?;
    let header = Header { compression: None, length: (body.len() + Header::LEN) as u64, ..header };
    Ok([&header.to_bytes()[..], &body].concat())
}

/// Parses the header of bytes that must be exactly one message.
fn whole(message: &[u8]) -> Result<Header, Malformed> {
    let Some(&bytes) = message.first_chunk() else {
        let truncated = Reason::Body(kcodec::ErrorKind::Truncated);
        return Err(Malformed { at: message.len() as u64, reason: truncated });
    };
    let header = Header::parse(bytes)?;
    if header.length == message.len() as u64 {
        Ok(header)
    } else {
        Err(Malformed { at: 4, reason: Reason::Length(header.length) })
    }
}

/// Byte-swaps the body of a big-endian message in place. A compressed body is left for after inflation.
fn to_little_endian(header: Header, mut frame: BytesMut, limits: &Limits) -> Bytes {
    if header.order == ByteOrder::Big && header.compression.is_none() {
        kcodec::to_little_endian(frame.get_mut(Header::LEN..).unwrap_or_default(), limits.body());
    }
    frame.freeze()
}

fn inflate(bytes: &[u8], kind: Compression, order: ByteOrder, limits: &Limits) -> Result<Vec<u8>, Error> {
    let limit = usize::try_from(limits.inflated).unwrap_or(usize::MAX);
    kcodec::decompress(bytes, kind, order == ByteOrder::Big, limit).map_err(|error| not_inflated(error, limits))
}

fn not_inflated(error: kcodec::Error, limits: &Limits) -> Error {
    match error.kind {
        kcodec::ErrorKind::Inflated(bytes) => Error::TooLarge { what: Bound::Inflated, bytes, limit: limits.inflated },
        _ => Malformed::body(error).into(),
    }
}

pub(crate) const fn too_large(bytes: u64, limits: &Limits) -> Error {
    Error::TooLarge { what: Bound::Message, bytes, limit: limits.message }
}
