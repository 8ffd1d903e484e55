//! The cursor: the only code that turns counts into offsets.

use crate::error::{Error, ErrorKind};

/// A position in a body. Every method either advances past what it read or fails where it stands.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    left: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    pub(crate) const fn new(bytes: &'a [u8]) -> Self {
        Self { left: bytes, at: 0 }
    }

    /// Offset of the next byte.
    pub(crate) const fn at(&self) -> usize {
        self.at
    }

    /// The bytes not yet read.
    pub(crate) const fn left(&self) -> &'a [u8] {
        self.left
    }

    pub(crate) const fn error(&self, kind: ErrorKind) -> Error {
        Error::new(self.at, kind)
    }

    #[inline]
    pub(crate) fn take(&mut self, count: usize) -> Result<&'a [u8], Error> {
        let Some((taken, left)) = self.left.split_at_checked(count) else {
            return Err(self.error(ErrorKind::Truncated));
        };
        self.left = left;
        self.at = self.at.wrapping_add(count);
        Ok(taken)
    }

    #[inline]
    pub(crate) fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let Some((taken, left)) = self.left.split_first_chunk::<N>() else {
            return Err(self.error(ErrorKind::Truncated));
        };
        self.left = left;
        self.at = self.at.wrapping_add(N);
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

    /// The bytes before the next NUL; steps over the NUL.
    pub(crate) fn text(&mut self) -> Result<&'a [u8], Error> {
        let end = memchr::memchr(0, self.left).ok_or_else(|| self.error(ErrorKind::Truncated))?;
        let text = self.take(end)?;
        self.u8()?;
        Ok(text)
    }

    /// `count` terminated texts in one run, the last terminator included.
    pub(crate) fn texts(&mut self, count: usize) -> Result<&'a [u8], Error> {
        if count == 0 {
            return self.take(0);
        }
        let last = memchr::memchr_iter(0, self.left).nth(count.wrapping_sub(1));
        let Some(last) = last else {
            return Err(self.error(ErrorKind::Truncated));
        };
        self.take(last.wrapping_add(1))
    }
}
