//! The kernels for `avx2`, `bmi1`, `bmi2` and `popcnt`.

use std::arch::x86_64::{__m256i, _mm256_cmpeq_epi8, _mm256_movemask_epi8, _mm256_setzero_si256, _pdep_u64};

use super::{BLOCK, Kernel};

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
#[inline]
pub(super) fn mask(block: &[u8; BLOCK]) -> u64 {
    let halves: [__m256i; 2] = bytemuck::cast(*block);
    let [low, high] = halves.map(|half| {
        let nuls = _mm256_cmpeq_epi8(half, _mm256_setzero_si256());
        u64::from(_mm256_movemask_epi8(nuls).cast_unsigned())
    });
    high << 32 | low
}

/// Deposits a single bit where the n-th of the mask is.
#[target_feature(enable = "bmi1,bmi2")]
#[inline]
pub(super) fn nth(mask: u64, n: u32) -> u32 {
    _pdep_u64(1 << (n - 1), mask).trailing_zeros()
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(super) fn skip_texts(bytes: &[u8], count: usize) -> Option<usize> {
    super::skip(bytes, count, |block| mask(block).count_ones(), |block| mask(block), |mask, n| nth(mask, n))
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(super) fn index_texts(bytes: &[u8], ends: &mut [u32]) -> usize {
    super::index(bytes, ends, |block| mask(block))
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt")]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}
