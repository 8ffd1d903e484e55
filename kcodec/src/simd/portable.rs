//! The kernels for every processor: the oracle of the others.

use super::{BLOCK, Kernel};

const HIGH: u64 = 0x8080_8080_8080_8080;

/// A high bit for every NUL among eight bytes.
#[inline(always)]
pub(super) const fn nuls(bytes: [u8; 8]) -> u64 {
    let word = u64::from_le_bytes(bytes);
    !(((word & !HIGH) + !HIGH) | word | !HIGH)
}

/// A bit for every NUL among eight bytes.
#[inline(always)]
const fn word_mask(bytes: [u8; 8]) -> u64 {
    (nuls(bytes) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56
}

/// A bit for every NUL of a block.
#[inline(always)]
pub(super) fn mask(block: &[u8; BLOCK]) -> u64 {
    block.as_chunks().0.iter().rfold(0, |mask, &bytes| mask << 8 | word_mask(bytes))
}

/// A bit for every NUL of less than a block.
#[inline(always)]
pub(super) fn tail_mask(tail: &[u8]) -> u64 {
    let (words, rest) = tail.as_chunks();
    let rest = match tail.last_chunk() {
        // The last eight bytes, of which the rest are the highest.
        Some(&last) => word_mask(last) >> (8 - rest.len()),
        None => rest.iter().rfold(0, |mask, &byte| mask << 1 | u64::from(byte == 0)),
    };
    words.iter().rfold(rest, |mask, &bytes| mask << 8 | word_mask(bytes))
}

/// The place of the n-th set bit.
#[inline(always)]
fn nth(mask: u64, n: u32) -> u32 {
    (1..n).fold(mask, |mask, _| mask & (mask - 1)).trailing_zeros()
}

pub(super) fn skip_texts(bytes: &[u8], count: usize) -> Option<usize> {
    // At most 64 of them, so that bytes can count them.
    let nuls = |block: &[u8; BLOCK]| block.iter().fold(0_u8, |sum, &byte| sum + u8::from(byte == 0));
    super::skip(bytes, count, |block| u32::from(nuls(block)), mask, nth)
}

pub(super) fn index_texts(bytes: &[u8], ends: &mut [u32]) -> usize {
    super::index(bytes, ends, mask)
}

#[inline(always)]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}
