//! ASCII on its way to a formatter, gathered so that an item does not cost a call.

use std::fmt;

/// A buffer before a formatter. What is in it goes out when [`with`](Self::with) ends.
pub(super) struct Ascii<'f, 'a> {
    out: &'f mut fmt::Formatter<'a>,
    bytes: [u8; 256],
    len: usize,
}

impl<'f, 'a> Ascii<'f, 'a> {
    /// Runs `write` on a new buffer and sends on what it leaves there.
    pub(super) fn with(out: &'f mut fmt::Formatter<'a>, write: impl FnOnce(&mut Self) -> fmt::Result) -> fmt::Result {
        let mut ascii = Self { out, bytes: [0; 256], len: 0 };
        write(&mut ascii)?;
        ascii.flush()
    }

    /// The significant digits of floats that were asked for: the formatter's precision.
    pub(super) fn digits(&self) -> Option<usize> {
        self.out.precision()
    }

    #[inline]
    pub(super) fn byte(&mut self, byte: u8) -> fmt::Result {
        debug_assert!(byte.is_ascii(), "a text of bytes over 127 needs the formatter itself");
        if self.len == self.bytes.len() {
            self.flush()?;
        }
        if let Some(place) = self.bytes.get_mut(self.len) {
            *place = byte;
            self.len = self.len.wrapping_add(1);
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

    /// The number in decimal, with zeros before it up to `width` digits.
    #[inline]
    pub(super) fn number(&mut self, mut number: u64, width: usize) -> fmt::Result {
        let mut digits = [b'0'; 20];
        let mut used = 0_usize;
        for digit in digits.iter_mut().rev() {
            *digit = b'0' | (number % 10) as u8;
            number /= 10;
            used = used.wrapping_add(1);
            if number == 0 {
                break;
            }
        }
        let start = digits.len().saturating_sub(used.max(width));
        self.bytes(digits.get(start..).unwrap_or_default())
    }

    /// The number in decimal, with its sign.
    #[inline]
    pub(super) fn signed(&mut self, number: i64) -> fmt::Result {
        if number < 0 {
            self.byte(b'-')?;
        }
        self.number(number.unsigned_abs(), 1)
    }

    /// The byte as two hexadecimal digits.
    #[inline]
    pub(super) fn hex(&mut self, byte: u8) -> fmt::Result {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let digit = |nibble: u8| DIGITS.get(usize::from(nibble)).copied().unwrap_or_default();
        self.byte(digit(byte >> 4))?;
        self.byte(digit(byte & 15))
    }

    fn flush(&mut self) -> fmt::Result {
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        self.out.write_str(str::from_utf8(bytes).unwrap_or_default())?;
        self.len = 0;
        Ok(())
    }
}
