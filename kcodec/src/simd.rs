//! SIMD kernels for the loops that touch every byte: finding the ends of texts, and plain loops behind [`Kernel`].
//!
//! # Texts
//!
//! The symbols of a vector are adjacent, each terminated by a NUL. The plain algorithm to skip `count` of them, or to
//! index them, is:
//!
//! ```text
//! repeat count times: at = position of the next NUL from `at` on, plus 1
//! ```
//!
//! Symbols are short, so that starting each search dominates. Instead:
//!
//! 1. *A mask for 64 bytes.* A block is compared with zero. Bit `i` of the mask is set if byte `i` is NUL. Every NUL
//!    ends a text, so the mask is all that is needed.
//! 2. *Count, then find.* To skip texts, the positions inside a block do not matter. A block with fewer NULs than are
//!    wanted is skipped whole and its NULs are subtracted. The first block with enough NULs holds the last one wanted:
//!    its position is that of the n-th set bit.
//! 3. *Store without a branch.* To index texts, the positions of the next eight NULs are stored together, whether there
//!    are eight or fewer, and the output advances by the number found. The surplus is overwritten by the next store or
//!    stays behind the end, so the output must have [`SLACK`] spare places. AVX-512 compresses the numbers 0 to 63 by
//!    the mask and stores sixteen together.
//!
//! Without SIMD, the NULs among eight bytes are found by arithmetic. `(b & 0x7f) + 0x7f` sets the high bit of a byte
//! unless its low seven bits are zero, and never carries into the next byte. OR with `b` leaves the high bit clear
//! exactly if the byte is zero. A multiplication gathers the eight high bits: bit `8i` times the factor's bit `56 - 7i`
//! is bit `56 + i`, and no other pair of bits has a product in those places, so that nothing carries into them.
//!
//! # Levels
//!
//! A kernel exists in up to three versions, `portable`, `avx2` and `avx512`, chosen once at run time by the features of
//! the processor. The portable one is always compiled and is the oracle of the others. Vectors are loaded and stored as
//! arrays of bytes, with bounds checks, so that the only unsafe operation is the call of a function with a
//! `target_feature`.

#![cfg_attr(
    target_arch = "x86_64",
    expect(unsafe_code, reason = "calls functions with a target feature that was detected")
)]

#[cfg(target_arch = "x86_64")]
mod avx2;
#[cfg(target_arch = "x86_64")]
mod avx512;
mod portable;
#[cfg(any(test, fuzzing))]
mod twins;

use std::iter;
use std::sync::OnceLock;

#[cfg(any(test, fuzzing))]
pub use twins::fuzz_simd;

/// Bytes of a block.
pub(crate) const BLOCK: usize = 64;

/// Places behind the last position that [`index_texts`] may overwrite.
pub(crate) const SLACK: usize = BLOCK;

/// A plain loop that the compiler vectorises for the features of the level.
pub(crate) trait Kernel {
    /// The result of the loop.
    type Output;

    /// Must be `#[inline(always)]`: inlined code is compiled with the target features of its caller.
    fn run(self) -> Self::Output;
}

/// Runs a loop with the best level of this processor.
#[inline]
pub(crate) fn run<K: Kernel>(kernel: K) -> K::Output {
    Level::get().run(kernel)
}

/// The offset of the first NUL. Fast path: it is among the first eight bytes.
#[inline]
pub(crate) fn text_len(bytes: &[u8]) -> Option<usize> {
    match bytes.first_chunk().map_or(0, |&first| portable::nuls(first)) {
        0 => memchr::memchr(0, bytes),
        nuls => Some((nuls.trailing_zeros() >> 3) as usize),
    }
}

/// The offset just past the `count`-th NUL; `None` if there are fewer.
#[inline]
pub(crate) fn skip_texts(bytes: &[u8], count: usize) -> Option<usize> {
    if count == 0 { Some(0) } else { Level::get().skip_texts(bytes, count) }
}

/// Writes the offsets of all NULs to the front of `ends` and returns their number.
///
/// `bytes` must not be longer than [`u32::MAX`]; `ends` must be longer by [`SLACK`] than the number of NULs, or the
/// last ones are left out.
pub(crate) fn index_texts(bytes: &[u8], ends: &mut [u32]) -> usize {
    Level::get().index_texts(bytes, ends)
}

/// A bit for every NUL of the first [`BLOCK`] bytes, or of all bytes if there are fewer.
#[inline(never)]
pub(crate) fn mask(bytes: &[u8]) -> u64 {
    bytes.first_chunk().map_or_else(|| portable::tail_mask(bytes), |block| Level::get().mask(block))
}

/// Reverses the bytes of every two; a remainder stays.
pub(crate) fn swap16(bytes: &mut [u8]) {
    run(SwapBytes(bytes.as_chunks_mut::<2>().0));
}

/// Reverses the bytes of every four; a remainder stays.
pub(crate) fn swap32(bytes: &mut [u8]) {
    run(SwapBytes(bytes.as_chunks_mut::<4>().0));
}

/// Reverses the bytes of every eight; a remainder stays.
pub(crate) fn swap64(bytes: &mut [u8]) {
    run(SwapBytes(bytes.as_chunks_mut::<8>().0));
}

struct SwapBytes<'a, const N: usize>(&'a mut [[u8; N]]);

macro_rules! swap {
    ($($ty:ty),*) => {$(
        impl Kernel for SwapBytes<'_, { size_of::<$ty>() }> {
            type Output = ();

            #[inline(always)]
            fn run(self) {
                // As a number: the compiler turns this into a byte shuffle of whole vectors.
                self.0.iter_mut().for_each(|item| *item = <$ty>::from_ne_bytes(*item).swap_bytes().to_ne_bytes());
            }
        }
    )*};
}
swap!(u16, u32, u64);

/// The features of the processor. Only [`get`](Self::get) and [`all`](Self::all) return one, and only after
/// [`is_supported`](Self::is_supported) has detected its features.
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
            // SAFETY: the functions of `avx2` are safe if the processor has the features that they enable. A value of
            // this level exists only if those features were detected.
            #[cfg(target_arch = "x86_64")]
            Level::Avx2 => unsafe { avx2::$name($($argument),*) },
            // SAFETY: as above, for the functions of `avx512`.
            #[cfg(target_arch = "x86_64")]
            Level::Avx512 => unsafe { avx512::$name($($argument),*) },
        }
    };
}

impl Level {
    /// All levels of this architecture, the best last.
    const KNOWN: &[Self] = &[
        Self::Portable,
        #[cfg(target_arch = "x86_64")]
        Self::Avx2,
        #[cfg(target_arch = "x86_64")]
        Self::Avx512,
    ];

    /// The best supported level, detected once.
    #[inline]
    fn get() -> Self {
        static LEVEL: OnceLock<Level> = OnceLock::new();
        *LEVEL.get_or_init(|| Self::all().last().unwrap_or(Self::Portable))
    }

    fn all() -> impl Iterator<Item = Self> {
        Self::KNOWN.iter().copied().filter(|level| level.is_supported())
    }

    /// Whether the processor has every feature that the module of the level enables.
    fn is_supported(self) -> bool {
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
                Self::Avx2.is_supported()
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

/// Skips blocks by their number of NULs. `nth` returns the position of the n-th set bit of a mask with at least n.
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
        left -= found;
        at += BLOCK;
    }
    let mask = last.map_or_else(|| portable::tail_mask(tail), mask);
    let wanted = u32::try_from(left).ok().filter(|&wanted| wanted <= mask.count_ones())?;
    Some(at + nth(mask, wanted) as usize + 1)
}

/// Stores the positions of each block's NULs, eight at a time.
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
                // Both wrap for the surplus only.
                *end = base.wrapping_add(mask.trailing_zeros());
                mask &= mask.wrapping_sub(1);
            }
        }
        written += found;
    }
    written
}
