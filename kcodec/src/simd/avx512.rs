//! The kernels for `avx512f`, `avx512bw` and `avx512vbmi2` on top of the features of `avx2`.

use std::arch::x86_64::{
    __m512i, _mm512_add_epi32, _mm512_castsi512_si128, _mm512_cvtepu8_epi32, _mm512_maskz_compress_epi8,
    _mm512_set1_epi32, _mm512_shuffle_i32x4, _mm512_testn_epi8_mask,
};
use std::iter;

use super::{BLOCK, Kernel, SLACK, avx2, portable};

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,avx512f,avx512bw,avx512vbmi2")]
#[inline]
pub(super) fn mask(block: &[u8; BLOCK]) -> u64 {
    let block: __m512i = bytemuck::cast(*block);
    _mm512_testn_epi8_mask(block, block)
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,avx512f,avx512bw,avx512vbmi2")]
pub(super) fn skip_texts(bytes: &[u8], count: usize) -> Option<usize> {
    super::skip(bytes, count, |block| mask(block).count_ones(), |block| mask(block), |mask, n| avx2::nth(mask, n))
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,avx512f,avx512bw,avx512vbmi2")]
pub(super) fn index_texts(bytes: &[u8], ends: &mut [u32]) -> usize {
    let (blocks, tail) = bytes.as_chunks();
    let masks = blocks.iter().map(|block| mask(block)).chain(iter::once_with(|| portable::tail_mask(tail)));
    let numbers: __m512i = bytemuck::cast(NUMBERS);
    let mut written = 0_usize;
    for (mask, base) in masks.zip((0_u32..).step_by(BLOCK)) {
        let found = mask.count_ones() as usize;
        let Some(room) = ends.get_mut(written..).and_then(|ends| ends.first_chunk_mut::<SLACK>()) else { break };
        let mut places = _mm512_maskz_compress_epi8(mask, numbers);
        for sixteen in room.as_chunks_mut::<16>().0.iter_mut().take(found.div_ceil(16)) {
            let wide = _mm512_cvtepu8_epi32(_mm512_castsi512_si128(places));
            *sixteen = bytemuck::cast(_mm512_add_epi32(wide, _mm512_set1_epi32(base.cast_signed())));
            // The next sixteen bytes come to the front.
            places = _mm512_shuffle_i32x4::<0b11_10_01>(places, places);
        }
        written += found;
    }
    written
}

#[target_feature(enable = "avx2,bmi1,bmi2,popcnt,avx512f,avx512bw,avx512vbmi2")]
pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
    kernel.run()
}

/// 0 to 63.
const NUMBERS: [u8; BLOCK] = {
    let mut numbers = [0; BLOCK];
    let mut left = numbers.as_mut_slice();
    let mut number = 0_u8;
    while let Some((first, rest)) = left.split_first_mut() {
        *first = number;
        number += 1;
        left = rest;
    }
    numbers
};
