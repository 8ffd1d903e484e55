//! Radix sort on 64-bit keys, in pieces that fit into the cache.
//!
//! ```text
//! sort(items):
//!     if items are few: comparison sort
//!     shift = position of the highest 8 bits in which the keys differ
//!     distribute items into 256 buckets by (key - lowest key) >> shift
//!     sort(bucket) for each bucket
//! ```
//!
//! Each pass walks memory linearly. Between pieces, the work is charged and interrupts are checked.

use std::cmp::Ordering;

use super::fault::R;
use super::vm::Vm;

/// Lists of at most this many items are sorted by comparison.
const PIECE: usize = 1 << 13;
/// Units charged per item of a comparison sort.
const SORT: usize = 24;

/// Sorts. `exact`: items with equal keys are equal, or already in order.
pub(crate) fn sort<T: Copy>(
    vm: &mut Vm<'_>,
    items: &mut [T],
    exact: bool,
    key: impl Fn(&T) -> u64 + Copy,
    compare: impl Fn(&T, &T) -> Ordering + Copy,
) -> R<()> {
    if items.len() <= PIECE {
        vm.charge(items.len().saturating_mul(SORT))?;
        items.sort_unstable_by(compare);
        return Ok(());
    }
    let mut spare = vm.vec(items.len())?;
    spare.extend_from_slice(items);
    pieces(vm, items, &mut spare, exact, key, compare)
}

/// Distributes items by the highest 8 bits in which their keys differ, then sorts each bucket.
fn pieces<T: Copy>(
    vm: &mut Vm<'_>,
    items: &mut [T],
    spare: &mut [T],
    exact: bool,
    key: impl Fn(&T) -> u64 + Copy,
    compare: impl Fn(&T, &T) -> Ordering + Copy,
) -> R<()> {
    let low = items.iter().map(key).min().unwrap_or(0);
    let high = items.iter().map(key).max().unwrap_or(0);
    if low == high && exact {
        return Ok(());
    }
    vm.charge(items.len().saturating_mul(4))?;
    if items.len() <= PIECE || low == high {
        vm.charge(items.len().saturating_mul(SORT))?;
        items.sort_unstable_by(compare);
        return Ok(());
    }
    let shift = (u64::BITS - (high - low).leading_zeros()).saturating_sub(8);
    let digit = |item: &T| ((key(item) - low) >> shift) as usize & 0xff;
    let mut ends = [0_usize; 256];
    for item in items.iter() {
        if let Some(end) = ends.get_mut(digit(item)) {
            *end += 1;
        }
    }
    let mut sum = 0;
    for end in &mut ends {
        // Start of the digit's bucket; after the distribution, its end.
        sum += std::mem::replace(end, sum);
    }
    for item in items.iter() {
        if let Some(end) = ends.get_mut(digit(item)) {
            if let Some(place) = spare.get_mut(*end) {
                *place = *item;
            }
            *end += 1;
        }
    }
    items.copy_from_slice(spare);
    let (mut items, mut spare, mut start) = (items, spare, 0);
    for end in ends {
        let (piece, left) = items.split_at_mut(end - start);
        let (room, more) = spare.split_at_mut(end - start);
        if piece.len() > 1 && shift > 0 || !exact {
            pieces(vm, piece, room, exact, key, compare)?;
        }
        (items, spare, start) = (left, more, end);
    }
    Ok(())
}
