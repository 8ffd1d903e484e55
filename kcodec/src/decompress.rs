//! The inverse of [`compress`](mod@crate::compress), for untrusted input.
//!
//! [`Decompressor`] accepts the input in pieces; [`decompress`] passes all of it at once. This file handles what
//! surrounds the stream: the raw length, its limits, and the memory of the output.

use std::fmt;

use crate::error::{Error, ErrorKind};
use crate::inflate::Inflate;

/// How a message is compressed: byte 2 of its header.
///
/// ```
/// use kcodec::{Compression, Threshold, compress, decompress, decompress_into, decompress_to_slice};
///
/// let mut body = vec![4, 0, 0xb8, 0x0b, 0, 0];
/// body.resize(3006, 7);
/// let mut message = Vec::new();
/// let kind = compress(&body, Threshold::Body, &mut message).expect("it halves");
/// assert_eq!((kind, kind.head()), (Compression::Short, 4));
///
/// assert_eq!(decompress(&message, kind, false, 10_000)?, body);
/// assert!(decompress(&message, kind, false, 1000).is_err()); // over the limit
/// let (mut appended, mut buffer) = (Vec::new(), [0; 4096]);
/// decompress_into(&message, kind, false, 10_000, &mut appended)?;
/// let length = decompress_to_slice(&message, kind, false, &mut buffer)?;
/// assert_eq!((&*appended, &buffer[..length]), (&*body, &*body));
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Compression {
    /// The raw length has 4 bytes.
    Short = 1,
    /// The raw length has 8 bytes.
    Long = 2,
}

impl Compression {
    /// Bytes of the raw length that stands before the stream.
    #[must_use]
    pub const fn head(self) -> usize {
        match self {
            Self::Short => 4,
            Self::Long => 8,
        }
    }
}

/// Header bytes, counted in the raw length and not part of the stream.
const HEADER: u64 = 8;
/// The smallest raw length: a header and an object of two bytes.
const SMALLEST: u64 = 10;
/// Upper bound of the bytes that one byte of stream can become: a group of 17 bytes yields 2056.
const GROWTH: u64 = 121;
/// Bytes by which the output is zeroed ahead of what is written: they stay in the L1 cache.
const STRETCH: usize = 32 * 1024;
/// By how much most bodies grow at most. Their memory is reserved at once, that of others as they grow.
const USUAL_GROWTH: usize = 8;

/// Inflates what follows the header of a compressed message to a body of at most `limit` bytes.
///
/// `big_endian` is the message's byte order; it concerns the raw length only, the body comes out in the order in which
/// its sender wrote it. Memory grows with the bytes received and written, never with a length that the message claims.
///
/// # Errors
///
/// [`ErrorKind::RawLength`] for a raw length that the stream cannot reach, [`ErrorKind::Inflated`] for one over
/// `limit`, [`ErrorKind::Truncated`], [`ErrorKind::Trailing`], [`ErrorKind::Match`] and [`ErrorKind::Overrun`] for a
/// bad stream. Offsets count from the byte after the header.
pub fn decompress(bytes: &[u8], kind: Compression, big_endian: bool, limit: usize) -> Result<Vec<u8>, Error> {
    let mut out = Vec::new();
    decompress_into(bytes, kind, big_endian, limit, &mut out)?;
    Ok(out)
}

/// Like [`decompress`], but appends to `out`. Does not allocate if `out` has room for the body.
///
/// # Errors
///
/// Those of [`decompress`]; `out` is then unchanged.
pub fn decompress_into(
    bytes: &[u8],
    kind: Compression,
    big_endian: bool,
    limit: usize,
    out: &mut Vec<u8>,
) -> Result<(), Error> {
    let start = out.len();
    let mut whole = Decompressor::new(kind, big_endian, bytes.len(), limit);
    whole.start = start;
    whole.out = std::mem::take(out);
    let result = whole.push(bytes).and_then(|()| whole.complete());
    *out = whole.out;
    if result.is_err() {
        out.truncate(start);
    }
    result
}

/// Like [`decompress`], but writes to the front of a caller-provided, initialized buffer, whose length is the limit,
/// and returns the body's length. Neither allocates nor zeroes: the fastest way to inflate into a reused buffer.
///
/// # Errors
///
/// Those of [`decompress`]; the content of `out` is then unspecified.
pub fn decompress_to_slice(bytes: &[u8], kind: Compression, big_endian: bool, out: &mut [u8]) -> Result<usize, Error> {
    let truncated = Error::new(bytes.len(), ErrorKind::Truncated);
    let (head, stream) = bytes.split_at_checked(kind.head()).ok_or(truncated)?;
    let length = body_length(head, stream.len(), big_endian, out.len())?;
    let mut inflate = Inflate::new(head.len());
    inflate.expect(length);
    let surplus = inflate.run(stream, out.get_mut(..length).unwrap_or_default())?;
    match (inflate.is_complete(), surplus) {
        (true, []) => Ok(length),
        (true, _) => Err(Error::new(inflate.at(), ErrorKind::Trailing)),
        (false, _) => Err(truncated),
    }
}

/// The length of the body by the raw length, if `stream` bytes can inflate to it and it is within the limit.
fn body_length(head: &[u8], stream: usize, big_endian: bool, limit: usize) -> Result<usize, Error> {
    let append = |length: u64, &byte: &u8| length << 8 | u64::from(byte);
    let raw = if big_endian { head.iter().fold(0, append) } else { head.iter().rev().fold(0, append) };
    if raw < SMALLEST || raw > (stream as u64).saturating_mul(GROWTH).saturating_add(HEADER) {
        return Err(Error::new(0, ErrorKind::RawLength(raw)));
    }
    let length = usize::try_from(raw - HEADER).ok().filter(|&length| length <= limit);
    length.ok_or_else(|| Error::new(0, ErrorKind::Inflated(raw)))
}

/// Inflates a compressed message while it arrives.
///
/// ```
/// use kcodec::{Compression, Decompressor, Threshold, compress};
///
/// let mut body = vec![4, 0, 0xb8, 0x0b, 0, 0];
/// body.resize(3006, 7);
/// let mut message = Vec::new();
/// assert_eq!(compress(&body, Threshold::Body, &mut message), Some(Compression::Short));
///
/// let mut inflated = Decompressor::new(Compression::Short, false, message.len(), 10_000);
/// for piece in message.chunks(10) {
///     inflated.push(piece)?;
///     assert!(body.starts_with(inflated.output()));
/// }
/// assert_eq!(inflated.finish()?, body);
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Clone)]
pub struct Decompressor {
    kind: Compression,
    big_endian: bool,
    /// Bytes that follow the message's header.
    expected: usize,
    limit: usize,
    /// The bytes of the raw length received so far.
    head: [u8; 8],
    /// Bytes received, at most `expected`.
    received: usize,
    inflate: Inflate,
    /// The body from `start` on, zeroed beyond what is written.
    out: Vec<u8>,
    start: usize,
    failed: Option<Error>,
}

impl Decompressor {
    /// `compressed_len`: bytes after the message's header. The other arguments are those of [`decompress`].
    #[must_use]
    pub const fn new(kind: Compression, big_endian: bool, compressed_len: usize, limit: usize) -> Self {
        Self {
            kind,
            big_endian,
            expected: compressed_len,
            limit,
            head: [0; 8],
            received: 0,
            inflate: Inflate::new(kind.head()),
            out: Vec::new(),
            start: 0,
            failed: None,
        }
    }

    /// Inflates the next bytes, all of them.
    ///
    /// # Errors
    ///
    /// Those of [`decompress`] but [`ErrorKind::Truncated`], as soon as they are certain. Every later call returns the
    /// same error.
    pub fn push(&mut self, input: &[u8]) -> Result<(), Error> {
        if let Some(error) = self.failed {
            return Err(error);
        }
        let result = self.take(input);
        self.failed = result.err();
        result
    }

    /// The bytes inflated so far. After an error, some bytes before the fault may be missing.
    #[must_use]
    pub fn output(&self) -> &[u8] {
        let end = self.start + self.inflate.written();
        self.out.get(self.start..end).unwrap_or_default()
    }

    /// The body.
    ///
    /// # Errors
    ///
    /// The error that [`push`](Self::push) gave, or [`ErrorKind::Truncated`] if input is missing.
    pub fn finish(self) -> Result<Vec<u8>, Error> {
        self.complete()?;
        Ok(self.out)
    }

    fn complete(&self) -> Result<(), Error> {
        match self.failed {
            Some(error) => Err(error),
            None if self.inflate.is_complete() => Ok(()),
            None => Err(Error::new(self.received, ErrorKind::Truncated)),
        }
    }

    fn take(&mut self, input: &[u8]) -> Result<(), Error> {
        let missing = self.expected - self.received;
        let (input, surplus) = input.split_at_checked(missing).unwrap_or((input, &[]));
        let received = self.received;
        self.received += input.len();
        let left = self.kind.head().saturating_sub(received);
        let (head, mut stream) = input.split_at_checked(left).unwrap_or((input, &[]));
        for (slot, &byte) in self.head.iter_mut().skip(received).zip(head) {
            *slot = byte;
        }
        if !head.is_empty() && head.len() == left {
            let stream = self.expected - self.kind.head();
            let head = self.head.get(..self.kind.head()).unwrap_or_default();
            self.inflate.expect(body_length(head, stream, self.big_endian, self.limit)?);
        }
        while !stream.is_empty() && !self.inflate.is_complete() {
            self.fill();
            stream = self.inflate.run(stream, self.out.get_mut(self.start..).unwrap_or_default())?;
        }
        let excess = self.inflate.is_complete() && self.inflate.at() < self.expected;
        if excess || !surplus.is_empty() {
            // The announced length may be shorter than the raw length itself.
            return Err(Error::new(self.inflate.at().min(self.expected), ErrorKind::Trailing));
        }
        Ok(())
    }

    /// Zeroes the output ahead of what is written, up to the body's length.
    fn fill(&mut self) {
        let filled = self.out.len() - self.start;
        let length = self.inflate.length();
        let ahead = (self.inflate.written() + STRETCH).min(length);
        if ahead <= filled {
            return;
        }
        let room = self.out.capacity() - self.start;
        if room < ahead {
            let usual = self.received.saturating_mul(USUAL_GROWTH);
            let room = (room * 2).max(usual).max(ahead).min(length);
            self.out.reserve_exact(room - filled);
        }
        self.out.resize(self.start + ahead, 0);
    }
}

impl fmt::Debug for Decompressor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decompressor")
            .field("kind", &self.kind)
            .field("received", &self.received)
            .field("expected", &self.expected)
            .field("written", &self.inflate.written())
            .field("failed", &self.failed)
            .finish_non_exhaustive()
    }
}
