//! The cursor of the checker: the only code that turns counts into offsets.

use crate::error::{Error, ErrorKind};
use crate::plain::Plain;
use crate::simd;
use crate::wire::LAST_ATTRIBUTE;

/// A position in a body. Every method either advances past what it read, or returns an error and does not advance.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    left: &'a [u8],
    /// Offset of the end. The offset of the next byte is this less the bytes left, so that only one field changes.
    end: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, end: bytes.len() }
    }

    /// Offset of the next byte.
    pub(crate) const fn at(&self) -> usize {
        self.end - self.left.len()
    }

    /// The bytes not yet read.
    pub(crate) const fn left(&self) -> &'a [u8] {
        self.left
    }

    pub(crate) const fn error(&self, kind: ErrorKind) -> Error {
        Error::new(self.at(), kind)
    }

    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let Some((taken, left)) = self.left.split_at_checked(count) else {
            return Err(self.error(ErrorKind::Truncated));
        };
        self.left = left;
        Ok(taken)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let Some((taken, left)) = self.left.split_first_chunk::<N>() else {
            return Err(self.error(ErrorKind::Truncated));
        };
        self.left = left;
        Ok(*taken)
    }

    #[inline]
    pub(crate) fn u8(&mut self) -> Result<u8, Error> {
        self.array::<1>().map(|[byte]| byte)
    }

    pub(crate) fn u32(&mut self) -> Result<u32, Error> {
        self.array().map(u32::from_le_bytes)
    }

    pub(crate) fn u64(&mut self) -> Result<u64, Error> {
        self.array().map(u64::from_le_bytes)
    }

    /// Reads the next object if it is a plain vector.
    #[inline(always)]
    pub(crate) fn plain(&mut self) -> Option<Plain<'a>> {
        let (vector, left) = Plain::split(self.left)?;
        self.left = left;
        Some(vector)
    }

    /// Skips the next object if it is a plain vector of type `code`. `SHIFT`: log2 of the width of an item.
    #[inline(always)]
    pub(crate) fn alike<const SHIFT: u8>(&mut self, code: u8) -> bool {
        let Some((_, left)) = Plain::split_alike(self.left, code, SHIFT) else { return false };
        self.left = left;
        true
    }

    /// Reads the next object if it is a symbol vector with a 4-byte count and without a fault.
    #[inline(always)]
    pub(crate) fn symbols(&mut self) -> Option<Plain<'a>> {
        let (vector, left) = Plain::split_symbols(self.left, false)?;
        self.left = left;
        Some(vector)
    }

    /// The 4-byte count behind the next byte, an attribute, and the cursor behind it. Does not advance.
    #[inline(always)]
    pub(crate) fn count(&self) -> Option<(usize, Self)> {
        let (&[attribute], left) = self.left.split_first_chunk()?;
        let (&count, left) = left.split_first_chunk()?;
        let count = u32::from_le_bytes(count) as usize;
        (attribute <= LAST_ATTRIBUTE).then_some((count, Self { left, ..*self }))
    }

    /// Reads the bytes before the next NUL, and skips the NUL.
    pub(crate) fn text(&mut self) -> Result<&'a [u8], Error> {
        let end = simd::text_len(self.left).ok_or_else(|| self.error(ErrorKind::Truncated))?;
        let text = self.take(end)?;
        self.u8()?;
        Ok(text)
    }

    /// Reads `count` terminated texts as one slice, the last terminator included.
    #[inline]
    pub(crate) fn texts(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let end = simd::skip_texts(self.left, count).ok_or_else(|| self.error(ErrorKind::Truncated))?;
        self.take(end)
    }
}
