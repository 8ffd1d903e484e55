//! A few bytes as two numbers: copied by two loads and two stores, searched by arithmetic.

/// Fewer than 16 bytes.
#[derive(Clone, Copy)]
pub(crate) struct Short {
    /// The bytes, the first one lowest, zeros above them.
    words: [u64; 2],
    has_nul: bool,
}

impl Short {
    /// Bytes of both words, which have a zero after the longest.
    pub(crate) const ROOM: usize = 16;

    /// The bytes, if they are so few.
    #[inline(always)]
    pub(crate) fn new(bytes: &[u8]) -> Option<Self> {
        let length = bytes.len();
        let word = match length {
            0 => return Some(Self { words: [0; 2], has_nul: false }),
            1 => u64::from(*bytes.first()?),
            2..4 => join(u16::from_le_bytes(*bytes.first_chunk()?), u16::from_le_bytes(*bytes.last_chunk()?), length),
            4..8 => join(u32::from_le_bytes(*bytes.first_chunk()?), u32::from_le_bytes(*bytes.last_chunk()?), length),
            8..16 => {
                let (first, last) =
                    (u64::from_le_bytes(*bytes.first_chunk()?), u64::from_le_bytes(*bytes.last_chunk()?));
                let rest = last.checked_shr(bits(Self::ROOM.wrapping_sub(length))).unwrap_or_default();
                return Some(Self { words: [first, rest], has_nul: has_zero(first) || has_zero(last) });
            }
            _ => return None,
        };
        let filled = word | u64::MAX.wrapping_shl(bits(length));
        Some(Self { words: [word, 0], has_nul: has_zero(filled) })
    }

    #[inline(always)]
    pub(crate) const fn words(self) -> [[u8; 8]; 2] {
        let [first, rest] = self.words;
        [first.to_le_bytes(), rest.to_le_bytes()]
    }

    /// Whether a zero is among the bytes.
    #[inline(always)]
    pub(crate) const fn has_nul(self) -> bool {
        self.has_nul
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

/// Whether a byte is zero: only of such a one does a borrow reach the top bit.
#[inline(always)]
const fn has_zero(word: u64) -> bool {
    const ONES: u64 = u64::from_le_bytes([1; 8]);
    word.wrapping_sub(ONES) & !word & (ONES << 7) != 0
}
