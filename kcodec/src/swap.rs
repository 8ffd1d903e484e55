//! Byte swapping of big-endian bodies, in place.

use crate::limits::Limits;
use crate::simd;
use crate::wire::{DICT, SORTED_DICT, SYMBOL, SYMBOLS, TABLE, WIDE, width};

/// Swaps a big-endian body into the little-endian one that every view reads, in place.
///
/// Stops at the first malformed object. [`Value::decode`](crate::Value::decode) then rejects it with its own reason and
/// offset; it must be called with the same `limits`. Guids and bytes have the same order in both.
///
/// ```
/// use kcodec::{Limits, Value, to_little_endian};
///
/// let mut body = [0xf9, 0, 0, 0, 0, 0, 0, 0, 42]; // a long from a big-endian peer
/// to_little_endian(&mut body, Limits::default());
/// assert_eq!(Value::decode(&body)?, Value::from(42_i64));
/// # Ok::<(), kcodec::Error>(())
/// ```
pub fn to_little_endian(body: &mut [u8], limits: Limits) {
    let _: Option<()> = Swapper { left: body }.object(limits.depth);
}

/// A cursor that swaps what it passes. Methods return `None` if the body is malformed.
struct Swapper<'a> {
    left: &'a mut [u8],
}

impl<'a> Swapper<'a> {
    fn object(&mut self, depth: u8) -> Option<()> {
        let code = self.u8()?;
        match code {
            SYMBOLS => {
                let count = self.head()?;
                self.texts(count)
            }
            0 => {
                let inner = depth.checked_sub(1)?;
                let count = self.head()?;
                self.objects(count, inner)
            }
            1..=19 => {
                let count = usize::try_from(self.head()?).ok()?;
                self.items(code, count)
            }
            SYMBOL => self.texts(1),
            0xed..=0xff => self.items(code.wrapping_neg(), 1),
            TABLE => {
                let inner = depth.checked_sub(1)?;
                self.u8()?;
                // The dict and its list of columns are the table's own level.
                self.u8()?;
                self.object(0)?;
                match self.left.first()? {
                    0 => self.object(depth),
                    _ => self.object(inner),
                }
            }
            DICT | SORTED_DICT => {
                let inner = depth.checked_sub(1)?;
                self.object(inner)?;
                self.object(inner)
            }
            100 => {
                let inner = depth.checked_sub(1)?;
                self.texts(1)?;
                self.object(inner)
            }
            101..=103 => self.take(1).map(|_| ()),
            104 | 105 => {
                let inner = depth.checked_sub(1)?;
                let count = u64::from(self.u32()?);
                self.objects(count, inner)
            }
            106..=111 => self.object(depth.checked_sub(1)?),
            _ => None,
        }
    }

    fn objects(&mut self, count: u64, depth: u8) -> Option<()> {
        for _ in 0..count {
            self.object(depth)?;
        }
        Some(())
    }

    /// Swaps `count` items of a fixed width.
    fn items(&mut self, code: u8, count: usize) -> Option<()> {
        let width = width(code)?;
        let items = self.take(count.checked_mul(width)?)?;
        match width {
            2 => simd::swap16(items),
            4 => simd::swap32(items),
            8 => simd::swap64(items),
            _ => {}
        }
        Some(())
    }

    fn head(&mut self) -> Option<u64> {
        if self.u8()? & WIDE == 0 {
            return self.u32().map(u64::from);
        }
        let count: &mut [u8; 8] = self.take(8)?.try_into().ok()?;
        count.reverse();
        Some(u64::from_le_bytes(*count))
    }

    fn u32(&mut self) -> Option<u32> {
        let count: &mut [u8; 4] = self.take(4)?.try_into().ok()?;
        count.reverse();
        Some(u32::from_le_bytes(*count))
    }

    fn texts(&mut self, count: u64) -> Option<()> {
        let end = simd::skip_texts(self.left, usize::try_from(count).ok()?)?;
        self.take(end).map(|_| ())
    }

    fn u8(&mut self) -> Option<u8> {
        self.take(1)?.first().copied()
    }

    fn take(&mut self, count: usize) -> Option<&'a mut [u8]> {
        let (taken, left) = std::mem::take(&mut self.left).split_at_mut_checked(count)?;
        self.left = left;
        Some(taken)
    }
}
