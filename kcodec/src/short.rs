//! Fewer than 8 bytes in a register: loaded by two overlapping loads, searched for a NUL by arithmetic.

/// Fewer than 8 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Short {
    /// The bytes, the first one lowest; the rest is zero.
    word: u64,
    length: usize,
}

impl Short {
    /// The bytes, if they are fewer than 8.
    #[inline(always)]
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let length = bytes.len();
        let word = match length {
            0 => 0,
            1 => u64::from(*bytes.first()?),
            2..4 => join(u16::from_le_bytes(*bytes.first_chunk()?), u16::from_le_bytes(*bytes.last_chunk()?), length),
            4..8 => join(u32::from_le_bytes(*bytes.first_chunk()?), u32::from_le_bytes(*bytes.last_chunk()?), length),
            _ => return None,
        };
        Some(Self { word, length })
    }

    /// The bytes and at least one zero behind them.
    #[inline(always)]
    pub(crate) const fn padded(self) -> [u8; 8] {
        self.word.to_le_bytes()
    }

    /// Whether a zero is among the bytes.
    #[inline(always)]
    pub(crate) fn has_nul(self) -> bool {
        has_zero(self.word | u64::MAX << bits(self.length))
    }
}

/// The first and the last bytes of `length`, which may overlap, as one number.
#[inline(always)]
fn join<T: Into<u64>>(first: T, last: T, length: usize) -> u64 {
    first.into() | last.into() << bits(length - size_of::<T>())
}

#[inline(always)]
fn bits(bytes: usize) -> u32 {
    u32::try_from(bytes).map_or(0, |bytes| bytes * u8::BITS)
}

/// Whether a byte of the word is zero: subtracting 1 from each byte borrows into a clear top bit only then.
#[inline(always)]
pub(crate) const fn has_zero(word: u64) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    word.wrapping_sub(ONES) & !word & (ONES << 7) != 0
}
