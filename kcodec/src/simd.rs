//! The loops that look at every byte: finding where texts end, and whatever a [`Kernel`] does.
//!
//! # Texts
//!
//! The symbols of a vector stand one after the other, each ended by a NUL. The plain way past
//! `count` of them searches for a NUL `count` times, and so does the plain way to index them.
//! Symbols are short, so nearly all of that time goes into starting searches. Instead:
//!
//! 1. *Sixty-four bytes at once.* A whole block is compared with zero, which gives a mask: bit `i`
//!    is set where byte `i` is NUL. Every NUL ends a text, so the mask says all there is to know.
//! 2. *Counting, not finding.* To pass texts it does not matter where in a block they end. A block
//!    of fewer NULs than are still wanted is passed whole and its NULs are subtracted, so that at
//!    least one is wanted whenever a block is looked at. The first block with as many as are wanted
//!    holds the last of them: only there its place is looked up, as that of the n-th set bit.
//! 3. *Writing without asking.* To index texts, the places of the next eight NULs of a block are
//!    written together, whether there are so many or not, and the position moves on by as many as
//!    there are. What was written past it is overwritten by the next block or left behind the end,
//!    which is why the room given must have [`SLACK`] places to spare. AVX-512 compresses the
//!    numbers 0 to 63 by the mask and writes sixteen together.
//!
//! Without vectors, the NULs among eight bytes are found by arithmetic. `(b & 0x7f) + 0x7f` sets
//! the high bit of a byte unless its low seven are zero and never carries into the next byte; or'ed
//! with `b` itself the high bit is clear just where the byte is zero. A multiplication then brings
//! the eight high bits together: a bit `8i` times the factor's bit `56 - 7i` is bit `56 + i`, and
//! as no other pair of bits has a product in the same place, nothing carries into those eight.
//!
//! # Twins
//!
//! A loop exists in up to three forms, of which one is chosen by what the processor has: `avx512`,
//! `avx2` and `portable`. The portable one is compiled everywhere and is what the others are tried
//! against. Vectors are loaded and stored as arrays of bytes, which the compiler checks, so that
//! one thing alone is unsafe here: to call what was compiled for more than every processor has.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "calls what is compiled for instructions that were found to be there")
)]

#[cfg(any(test, fuzzing))]
mod twins;

use std::iter;
use std::sync::OnceLock;

#[cfg(any(test, fuzzing))]
pub use twins::fuzz_simd;

/// How many bytes are looked at together.
pub(crate) const BLOCK: usize = 64;

/// How many places after its last [`index_texts`] may write to.
pub(crate) const SLACK: usize = BLOCK;

/// A plain loop that a compiler makes vectors of, the wider the better.
pub(crate) trait Kernel {
    /// What the loop finds.
    type Output;

    /// Must be `#[inline(always)]`: what is inlined is compiled for the processor of its caller.
    fn run(self) -> Self::Output;
}

/// Runs a loop in the form for the widest vectors there are.
#[inline]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    Level::get().run(kernel)
}

/// The offset of the first NUL, which is mostly near.
#[inline]
pub(crate) fn text_len(bytes: &[u8]) -> Option<usize> {
    match bytes.first_chunk().map_or(0, |&first| portable::nuls(first)) {
        0 => memchr::memchr(0, bytes),
        nuls => Some((nuls.trailing_zeros() >> 3) as usize),
    }
}

/// The offset just past the `count`-th NUL; `None` where there are fewer.
#[inline]
pub(crate) fn skip_texts(bytes: &[u8], count: usize) -> Option<usize> {
    if count == 0 { Some(0) } else { Level::get().skip_texts(bytes, count) }
}

/// Writes the offsets of all NULs to the front of `ends` and returns how many there are.
///
/// For `bytes` of at most [`u32::MAX`], and `ends` longer by [`SLACK`] than there are NULs: where
/// there is no room they are left out.
pub(crate) fn index_texts(bytes: &[u8], ends: &mut [u32]) -> usize {
    Level::get().index_texts(bytes, ends)
}

/// A bit for every NUL of the first [`BLOCK`] bytes, or of all where they are fewer.
#[inline(never)]
pub(crate) fn mask(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or_else(|| portable::tail_mask(bytes), |block| Level::get().mask(block))
}

/// Reverses the bytes of every two; one left over stays.
pub(crate) fn swap16(bytes: &mut [u8]) {
    run(Swap(bytes.as_chunks_mut::<2>().0));
}

/// Reverses the bytes of every four; those left over stay.
pub(crate) fn swap32(bytes: &mut [u8]) {
    run(Swap(bytes.as_chunks_mut::<4>().0));
}

/// Reverses the bytes of every eight; those left over stay.
pub(crate) fn swap64(bytes: &mut [u8]) {
    run(Swap(bytes.as_chunks_mut::<8>().0));
}

struct Swap<'a, const N: usize>(&'a mut [[u8; N]]);

macro_rules! swap {
    ($($ty:ty),*) => {$(
        impl Kernel for Swap<'_, { size_of::<$ty>() }> {
            type Output = ();

            #[inline(always)]
            fn run(self) {
                // As a number: of this the compiler makes a shuffle of a whole vector.
                self.0.iter_mut().for_each(|item| *item = <$ty>::from_ne_bytes(*item).swap_bytes().to_ne_bytes());
            }
        }
    )*};
}
swap!(u16, u32, u64);

/// What the processor has. Only [`get`](Self::get) and [`all`](Self::all) make one, and only after
/// [`is_there`](Self::is_there) has said so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Level {
    Portable,
    #[cfg(target_arch = "x86_64")]
    Avx2,
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

/// Calls the function of this name from the module of a level.
macro_rules! dispatch {
    ($level:expr, $name:ident($($argument:expr),*)) => {
        match $level {
            Level::Portable => portable::$name($($argument),*),
            // SAFETY: the functions of `avx2` may be called where the features that they enable are
            // there, and are safe otherwise. Whoever made this level has seen those features.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::$name($($argument),*) },
            // SAFETY: as above, for the functions of `avx512`.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::$name($($argument),*) },
        }
    };
}

impl Level {
    /// The levels that there may be, the best last.
    const KNOWN: &[Self] = &[
        Self::Portable,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
    ];

    /// The best there is, found once.
    #[inline]
    fn get() -> Self {
        static LEVEL: OnceLock<Level> = OnceLock::new();
        *LEVEL.get_or_init(|| Self::all().last().unwrap_or(Self::Portable))
    }

    fn all() -> impl Iterator<Item = Self> {
        Self::KNOWN.iter().copied().filter(|level| level.is_there())
    }

    /// Whether the processor has all that the module of the level enables.
    fn is_there(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => {
                is_x86_feature_detected!("avx2")
                    && is_x86_feature_detected!("bmi1")
                    && is_x86_feature_detected!("bmi2")
                    && is_x86_feature_detected!("popcnt")
            }
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                Self::Avx2.is_there()
                    && is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512vbmi2")
            }
        }
    }

    #[inline]
    fn run<K: Kernel>(self, kernel: K) -> K::Output {
        dispatch!(self, run(kernel))
    }

    #[inline]
    fn mask(self, block: &[u8; BLOCK]) -> u64 {
        dispatch!(self, mask(block))
    }

    #[inline]
    fn skip_texts(self, bytes: &[u8], count: usize) -> Option<usize> {
        dispatch!(self, skip_texts(bytes, count))
    }

    fn index_texts(self, bytes: &[u8], ends: &mut [u32]) -> usize {
        dispatch!(self, index_texts(bytes, ends))
    }
}

/// Passes blocks by their number of NULs; `nth` finds the n-th set bit of a mask that has so many.
#[inline(always)]
fn skip(
    bytes: &[u8],
    count: usize,
    nuls: impl Fn(&[u8; BLOCK]) -> u32,
    mask: impl Fn(&[u8; BLOCK]) -> u64,
    nth: impl Fn(u64, u32) -> u32,
) -> Option<usize> {
    if count == 0 {
        return Some(0);
    }
    let (blocks, tail) = bytes.as_chunks();
    let mut left = count;
    let mut at = 0_usize;
    let mut last = None;
    for block in blocks {
        let found = nuls(block) as usize;
        if left <= found {
            last = Some(block);
            break;
        }
        left = left.wrapping_sub(found);
        at = at.wrapping_add(BLOCK);
    }
    let mask = last.map_or_else(|| portable::tail_mask(tail), mask);
    let wanted = u32::try_from(left).ok().filter(|&wanted| wanted <= mask.count_ones())?;
    Some(at.wrapping_add(nth(mask, wanted) as usize).wrapping_add(1))
}

/// Writes the places of a block's NULs, eight at a time.
#[inline(always)]
fn index(bytes: &[u8], ends: &mut [u32], mask: impl Fn(&[u8; BLOCK]) -> u64) -> usize {
    let (blocks, tail) = bytes.as_chunks();
    let masks = blocks.iter().map(mask).chain(iter::once_with(|| portable::tail_mask(tail)));
    let mut written = 0_usize;
    for (mut mask, base) in masks.zip((0_u32..).step_by(BLOCK)) {
        let found = mask.count_ones() as usize;
        let Some(room) = ends.get_mut(written..).and_then(|ends| ends.first_chunk_mut::<SLACK>()) else { break };
        for eight in room.as_chunks_mut::<8>().0.iter_mut().take(found.div_ceil(8)) {
            for end in eight {
                *end = base.wrapping_add(mask.trailing_zeros());
                mask &= mask.wrapping_sub(1);
            }
        }
        written = written.wrapping_add(found);
    }
    written
}

mod portable {
    use super::{BLOCK, Kernel};

    const HIGH: u64 = 0x8080_8080_8080_8080;

    /// A high bit for every NUL among eight bytes.
    #[inline(always)]
    pub(super) const fn nuls(bytes: [u8; 8]) -> u64 {
        let word = u64::from_le_bytes(bytes);
        !((word & !HIGH).wrapping_add(!HIGH) | word | !HIGH)
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
            Some(&last) => word_mask(last) >> 8_usize.wrapping_sub(rest.len()),
            None => rest.iter().rfold(0, |mask, &byte| mask << 1 | u64::from(byte == 0)),
        };
        words.iter().rfold(rest, |mask, &bytes| mask << 8 | word_mask(bytes))
    }

    /// The place of the n-th set bit.
    #[inline(always)]
    fn nth(mask: u64, n: u32) -> u32 {
        (1..n).fold(mask, |mask, _| mask & mask.wrapping_sub(1)).trailing_zeros()
    }

    pub(super) fn skip_texts(bytes: &[u8], count: usize) -> Option<usize> {
        // At most 64 of them, so that bytes can count them.
        let nuls = |block: &[u8; BLOCK]| block.iter().fold(0_u8, |sum, &byte| sum.wrapping_add(u8::from(byte == 0)));
        super::skip(bytes, count, |block| u32::from(nuls(block)), mask, nth)
    }

    pub(super) fn index_texts(bytes: &[u8], ends: &mut [u32]) -> usize {
        super::index(bytes, ends, mask)
    }

    #[inline(always)]
    pub(super) fn run<K: Kernel>(kernel: K) -> K::Output {
        kernel.run()
    }
}

/// Needs `avx2`, `bmi1`, `bmi2` and `popcnt`.
#[cfg(target_arch = "x86_64")]
mod avx2 {
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
        _pdep_u64(1_u64.wrapping_shl(n.wrapping_sub(1)), mask).trailing_zeros()
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
}

/// Needs `avx512f`, `avx512bw` and `avx512vbmi2` besides what `avx2` needs.
#[cfg(target_arch = "x86_64")]
mod avx512 {
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
            written = written.wrapping_add(found);
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
            number = number.wrapping_add(1);
            left = rest;
        }
        numbers
    };
}
