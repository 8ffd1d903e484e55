//! Encoding for gathering writes: small heads are copied, long runs are borrowed.

use std::io::IoSlice;
use std::ops::Range;

use crate::capability::Capability;
use crate::encode::Encoder;
use crate::error::Error;
use crate::sink::Sink;
use crate::value::Value;

/// An encoded body in parts: the same bytes as [`Value::encode`] writes, the long runs borrowed.
///
/// ```
/// use kcodec::{Capability, Gather, Value};
///
/// let prices = vec![1.5; 100_000];
/// let gather: Gather<'_> = Value::from(&prices).gather(Capability::MAX)?;
/// let parts = gather.io_slices(); // for write_vectored
/// assert_eq!(parts.len(), 2); // type and count, then the prices themselves
/// assert_eq!(parts[1].as_ptr(), prices.as_ptr().cast());
/// assert_eq!((gather.iter().len(), gather.len(), gather.is_empty()), (2, 800_006, false));
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct Gather<'a> {
    heads: Vec<u8>,
    parts: Vec<Part<'a>>,
    /// Bytes of all parts together. Saturates: they may borrow the same bytes many times.
    size: usize,
}

#[derive(Debug, Clone)]
enum Part<'a> {
    /// A range of the heads.
    Head(Range<usize>),
    Run(&'a [u8]),
}

/// Shorter runs are copied: one more part of a gathering write costs more than copying this many bytes.
const LONG: usize = 512;

impl<'a> Value<'a> {
    /// The encoded body in parts, for a peer of `capability`. Allocates for the heads and the list
    /// of parts; no run of 512 bytes or more is copied.
    ///
    /// # Errors
    ///
    /// As [`encode_for`](Self::encode_for).
    pub fn gather(self, capability: Capability) -> Result<Gather<'a>, Error> {
        let mut writer = Encoder { capability, out: Gather::default() };
        writer.body(&self)?;
        Ok(writer.out)
    }
}

impl Gather<'_> {
    /// The parts in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &[u8]> {
        self.parts.iter().map(|part| match part {
            Part::Head(range) => self.heads.get(range.clone()).unwrap_or_default(),
            Part::Run(bytes) => bytes,
        })
    }

    /// The parts as `write_vectored` takes them.
    #[must_use]
    pub fn io_slices(&self) -> Vec<IoSlice<'_>> {
        self.iter().map(IoSlice::new).collect()
    }

    /// Bytes of all parts together. Saturates: they may borrow the same bytes many times.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.size
    }

    /// Whether there are no bytes: never so for a value.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.parts.is_empty()
    }
}

impl<'a> Gather<'a> {
    fn copy(&mut self, bytes: &[u8]) {
        let start = self.heads.len();
        self.heads.extend_from_slice(bytes);
        self.copied(start);
    }

    /// Makes the heads from `start` on a part, or extends the last part by them.
    fn copied(&mut self, start: usize) {
        let end = self.heads.len();
        self.size = self.size.saturating_add(end - start);
        match self.parts.last_mut() {
            Some(Part::Head(range)) => range.end = end,
            _ => self.parts.push(Part::Head(start..end)),
        }
    }
}

impl<'a> Sink<'a> for Gather<'a> {
    fn size(&self) -> usize {
        self.size
    }

    fn head<const N: usize>(&mut self, bytes: [u8; N]) {
        self.copy(&bytes);
    }

    fn run(&mut self, bytes: &'a [u8]) {
        if bytes.len() < LONG {
            return self.copy(bytes);
        }
        self.size = self.size.saturating_add(bytes.len());
        self.parts.push(Part::Run(bytes));
    }

    fn short(&mut self, word: [u8; 8], length: usize) {
        self.copy(word.get(..length).unwrap_or_default());
    }

    fn room(&mut self, size: usize) -> Option<&mut [u8]> {
        let start = self.heads.len();
        if size >= LONG {
            return None;
        }
        self.heads.resize(start + size, 0);
        self.copied(start);
        self.heads.get_mut(start..)
    }
}
