//! A few bytes as a number: copied by two loads and a store, searched by arithmetic.

/// Fewer than 8 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Short {
    /// The bytes, the first one lowest, zeros above them.
    word: u64,
    length: usize,
}

impl Short {
    /// The bytes, if they are so few.
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

    /// The bytes, and a zero at least behind them.
    #[inline(always)]
    pub(crate) const fn padded(self) -> [u8; 8] {
        self.word.to_le_bytes()
    }

    /// Whether a zero is among the bytes.
    #[inline(always)]
    pub(crate) fn has_nul(self) -> bool {
        has_zero(self.word | u64::MAX.wrapping_shl(bits(self.length)))
    }
}

/// The first and the last bytes of so many, which may overlap.
#[inline(always)]
fn join<T: Into<u64>>(first: T, last: T, length: usize) -> u64 {
    first.into() | last.into().wrapping_shl(bits(length.wrapping_sub(size_of::<T>())))
}

#[inline(always)]
fn bits(bytes: usize) -> u32 {
    u32::try_from(bytes).map_or(0, |bytes| bytes.wrapping_mul(u8::BITS))
}

/// Whether a byte is zero: only from such a one does a borrow reach the top bit.
#[inline(always)]
pub(crate) const fn has_zero(word: u64) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    word.wrapping_sub(ONES) & !word & (ONES << 7) != 0
}
