//! The fast path of checking and viewing: vectors whose length follows from their head.

use crate::counted::Counted;
use crate::simd;
use crate::wire::{BOOLEAN, LAST_ATTRIBUTE, SYMBOLS, width};

/// The common vector: of a fixed width, not boolean, with a 4-byte count. Only its length needs a check.
pub(crate) struct Plain<'a> {
    pub(crate) code: u8,
    pub(crate) attribute: u8,
    pub(crate) count: u32,
    pub(crate) items: &'a [u8],
    /// From the attribute on.
    pub(crate) counted: Counted<'a>,
}

impl<'a> Plain<'a> {
    /// The first object of `bytes`, if it is a plain vector, and the bytes behind it.
    #[inline(always)]
    pub(crate) fn split(bytes: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let &code = bytes.first()?;
        Self::split_alike(bytes, code, shift(code)?)
    }

    /// Like [`split`](Self::split), for a vector of type `code` alone.
    #[inline(always)]
    pub(crate) fn split_alike(bytes: &'a [u8], code: u8, shift: u8) -> Option<(Self, &'a [u8])> {
        let (&[found, attribute], rest) = bytes.split_first_chunk()?;
        let (&count, items) = rest.split_first_chunk()?;
        let count = u32::from_le_bytes(count);
        let (items, rest) = items.split_at_checked(usize::try_from(u64::from(count) << shift).ok()?)?;
        let counted = Counted::new(bytes.get(1..items.len() + 6)?);
        let plain = Self { code, attribute, count, items, counted };
        (found == code && attribute <= LAST_ATTRIBUTE).then_some((plain, rest))
    }

    /// Like [`split`](Self::split), for a symbol vector. `last`: the bytes were checked and hold nothing else, so that
    /// the vector extends to their end.
    #[inline(always)]
    pub(crate) fn split_symbols(bytes: &'a [u8], last: bool) -> Option<(Self, &'a [u8])> {
        let (&[code, attribute], rest) = bytes.split_first_chunk()?;
        let (&count, items) = rest.split_first_chunk()?;
        let count = u32::from_le_bytes(count);
        if code != SYMBOLS || attribute > LAST_ATTRIBUTE {
            return None;
        }
        let end = if last { items.len() } else { simd::skip_texts(items, count as usize)? };
        let (items, rest) = items.split_at_checked(end)?;
        let counted = Counted::new(bytes.get(1..items.len() + 6)?);
        Some((Self { code, attribute, count, items, counted }, rest))
    }
}

/// log2 of the width of an item, for types that a [`Plain`] vector can have.
#[inline(always)]
pub(crate) fn shift(code: u8) -> Option<u8> {
    SHIFTS.get(usize::from(code)).copied().filter(|&shift| shift < NOT_PLAIN)
}

const NOT_PLAIN: u8 = u8::MAX;

const SHIFTS: [u8; 20] = {
    let mut shifts = [NOT_PLAIN; 20];
    let mut left = shifts.as_mut_slice();
    let mut code = 0_u8;
    while let Some((shift, rest)) = left.split_first_mut() {
        match width(code) {
            Some(1) if code != BOOLEAN => *shift = 0,
            Some(2) => *shift = 1,
            Some(4) => *shift = 2,
            Some(8) => *shift = 3,
            Some(16) => *shift = 4,
            _ => {}
        }
        code += 1;
        left = rest;
    }
    shifts
};
