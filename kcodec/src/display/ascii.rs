//! A buffer of ASCII text in front of a formatter: one `write_str` per 256 bytes, not one per item.

use std::fmt;

/// A buffered writer. [`with`](Self::with) flushes it at the end.
pub(super) struct Ascii<'f, 'a> {
    out: &'f mut fmt::Formatter<'a>,
    bytes: [u8; 256],
    len: usize,
}

impl<'f, 'a> Ascii<'f, 'a> {
    /// Runs `write` on a new buffer, then flushes the buffer.
    pub(super) fn with(out: &'f mut fmt::Formatter<'a>, write: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        let mut ascii = Self { out, bytes: [0; 256], len: 0 };
        write(&mut ascii)?;
        ascii.flush()
    }

    /// The formatter's precision: the number of significant digits of floats; `None` if not set, 0 for all.
    pub(super) fn precision(&self) -> Option<usize> {
        self.out.precision()
    }

    /// Appends a byte, which must be ASCII.
    #[inline]
    pub(super) fn byte(&mut self, byte: u8) -> fmt::Result {
        debug_assert!(byte.is_ascii(), "not ASCII: {byte}");
        if self.len == self.bytes.len() {
            self.flush()?;
        }
        if let Some(free) = self.bytes.get_mut(self.len) {
            *free = byte;
            self.len += 1;
        }
        Ok(())
    }

    #[inline]
    pub(super) fn bytes(&mut self, bytes: &[u8]) -> fmt::Result {
        bytes.iter().try_for_each(|&byte| self.byte(byte))
    }

    #[inline]
    pub(super) fn text(&mut self, text: &str) -> fmt::Result {
        self.bytes(text.as_bytes())
    }

    /// Appends the number in decimal, padded with leading zeros to at least `width` digits, at most 20.
    #[inline]
    pub(super) fn number(&mut self, mut number: u64, width: usize) -> fmt::Result {
        let mut digits = [b'0'; 20];
        let mut used = 0_usize;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' | (number % 10) as u8;
            number /= 10;
            used += 1;
            if number == 0 {
                break;
            }
        }
        let start = digits.len().saturating_sub(used.max(width));
        self.bytes(digits.get(start..).unwrap_or_default())
    }

    /// Appends the number in decimal, with a sign if it is negative.
    #[inline]
    pub(super) fn signed(&mut self, number: i64) -> fmt::Result {
        if number < 0 {
            self.byte(b'-')?;
        }
        self.number(number.unsigned_abs(), 1)
    }

    /// Appends the byte as two lowercase hexadecimal digits.
    #[inline]
    pub(super) fn hex(&mut self, byte: u8) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
        self.byte(digit(byte >> 4))?;
        self.byte(digit(byte & 15))
    }

    fn flush(&mut self) -> fmt::Result {
        let text = self.bytes.get(..self.len).and_then(|bytes| str::from_utf8(bytes).ok());
        self.out.write_str(text.unwrap_or_else(|| unreachable!("only ASCII is appended")))?;
        self.len = 0;
        Ok(())
    }
}
