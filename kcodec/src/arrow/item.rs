//! Items of fixed width as Arrow's native values, and back: one pass over a column.

use arrow_array::types::{
    ArrowPrimitiveType, Date32Type, DurationNanosecondType, Float32Type, Float64Type, Int16Type, Int32Type, Int64Type,
    Time32MillisecondType, Time32SecondType, TimestampNanosecondType, UInt8Type,
};
use arrow_array::{Array, PrimitiveArray};
use arrow_buffer::{BooleanBuffer, Buffer, NullBuffer, ScalarBuffer};
use bytemuck::Zeroable;
use bytes::Bytes;

use crate::slice::{Item, Slice};
use crate::temporal::{Date, Datetime, Minute, Month, Second, Time, Timespan, Timestamp};

/// Days from 1970.01.01 to 2000.01.01.
const DAYS: i32 = 10_957;
/// Nanoseconds in them.
const NANOSECONDS: i64 = DAYS as i64 * 86_400_000_000_000;
const SECONDS: i32 = 60;

/// An item that is a native value in Arrow.
pub(super) trait Mapped: Item {
    type Arrow: ArrowPrimitiveType;

    /// Whether both have the same bytes.
    const SAME: bool;

    /// q's null as kdb+ writes it; anything for a kind without nulls.
    const NULL: Self;

    /// The native value, and whether it stands for the item.
    fn to_native(self) -> (Native<Self>, bool);

    /// The item, and whether it stands for the native value.
    fn from_native(native: Native<Self>) -> (Self, bool);
}

pub(super) type Native<T> = <<T as Mapped>::Arrow as ArrowPrimitiveType>::Native;

macro_rules! same {
    ($($item:ident $arrow:ty, $null:expr, $bare:pat => $native:expr, $wrap:expr;)*) => {$(
        impl Mapped for $item {
            type Arrow = $arrow;

            const SAME: bool = true;
            const NULL: Self = $null;

            #[inline(always)]
            fn to_native(self) -> (Native<Self>, bool) {
                let $bare = self;
                ($native, true)
            }

            #[inline(always)]
            fn from_native(native: Native<Self>) -> (Self, bool) {
                ($wrap(native), true)
            }
        }
    )*};
}
same! {
    u8 UInt8Type, 0, x => x, Self::from;
    i16 Int16Type, Self::MIN, x => x, Self::from;
    i32 Int32Type, Self::MIN, x => x, Self::from;
    i64 Int64Type, Self::MIN, x => x, Self::from;
    f32 Float32Type, Self::from_bits(0xffc0_0000), x => x, Self::from;
    f64 Float64Type, Self::from_bits(0xfff8_0000_0000_0000), x => x, Self::from;
    Month Int32Type, Self(i32::MIN), Self(x) => x, Self;
    Datetime Float64Type, Self(<f64 as Mapped>::NULL), Self(x) => x, Self;
    Timespan DurationNanosecondType, Self(i64::MIN), Self(x) => x, Self;
    Second Time32SecondType, Self(i32::MIN), Self(x) => x, Self;
    Time Time32MillisecondType, Self(i32::MIN), Self(x) => x, Self;
}

/// Whether a number is q's null or one of its infinities: one comparison, as all three stand side by side when counted
/// from the largest on.
macro_rules! is_special {
    ($int:ident, $number:expr) => {
        $number.wrapping_sub($int::MAX).cast_unsigned() <= 2
    };
}
/// Kinds whose numbers differ: null and both infinities are the same number on both sides, all others go through the
/// functions, which say whether the result is right. None of them may result in a special number.
macro_rules! moved {
    ($($item:ident $int:ident $arrow:ty, $to:expr, $from:expr;)*) => {$(
        impl Mapped for $item {
            type Arrow = $arrow;

            const SAME: bool = false;
            const NULL: Self = Self($int::MIN);

            #[inline(always)]
            fn to_native(self) -> (Native<Self>, bool) {
                let (native, good): ($int, bool) = $to(self.0);
                if is_special!($int, self.0) { (self.0, true) } else { (native, good & !is_special!($int, native)) }
            }

            #[inline(always)]
            fn from_native(native: Native<Self>) -> (Self, bool) {
                let (item, good): ($int, bool) = $from(native);
                if is_special!($int, native) { (Self(native), true) } else { (Self(item), good & !is_special!($int, item)) }
            }
        }
    )*};
}

moved! {
    Timestamp i64 TimestampNanosecondType,
        |x: i64| { let later = x.wrapping_add(NANOSECONDS); (later, later > x) },
        |x: i64| { let earlier = x.wrapping_sub(NANOSECONDS); (earlier, earlier < x) };
    Date i32 Date32Type,
        |x: i32| { let later = x.wrapping_add(DAYS); (later, later > x) },
        |x: i32| { let earlier = x.wrapping_sub(DAYS); (earlier, earlier < x) };
    Minute i32 Time32SecondType,
        |x: i32| (x.wrapping_mul(SECONDS), x.unsigned_abs() <= i32::MAX.unsigned_abs() / 60),
        |x: i32| { let minutes = x / SECONDS; (minutes, minutes * SECONDS == x) };
}

/// An item or number that the other side cannot hold.
pub(super) struct OutOfRange;

/// Items of a block: whole words of validity bits, and few enough to stay in the first cache between two loops.
const BLOCK: usize = 1024;

/// A column of the items: their own memory if `owner` has it and it is aligned, else a copy.
pub(super) fn array<T: Mapped>(
    items: Slice<'_, T>,
    owner: Option<&Bytes>,
) -> Result<PrimitiveArray<T::Arrow>, OutOfRange> {
    let mut validity = Validity::default();
    let shared = owner.filter(|_| T::SAME).and_then(|owner| share(owner, items.as_bytes(), align_of::<Native<T>>()));
    let (values, good) = match shared {
        Some(buffer) => {
            items.raw().chunks(BLOCK).for_each(|block| validity.push::<T>(block));
            (ScalarBuffer::new(buffer, 0, items.len()), true)
        }
        None => {
            let (mut values, mut all) = (Vec::with_capacity(items.len()), true);
            for block in items.raw().chunks(BLOCK) {
                values.extend(block.iter().map(|&item| {
                    let (native, good) = T::from_bytes(item).to_native();
                    all &= good;
                    native
                }));
                validity.push::<T>(block);
            }
            (values.into(), all)
        }
    };
    if !good {
        return Err(OutOfRange);
    }
    Ok(PrimitiveArray::new(values, validity.finish()))
}

/// The bytes as a buffer that keeps `owner` alive, if they are some of it and stand at a multiple of `align`.
pub(super) fn share(owner: &Bytes, bytes: &[u8], align: usize) -> Option<Buffer> {
    let start = bytes.as_ptr().addr().checked_sub(owner.as_ptr().addr())?;
    // Both pointers are into one address space: the sum is at most the address of the end of `bytes`.
    let end = start + bytes.len();
    let inside = end <= owner.len() && bytes.as_ptr().addr().is_multiple_of(align);
    inside.then(|| Buffer::from(owner.slice(start..end)))
}

/// Validity bits: none until the first null.
#[derive(Default)]
pub(super) struct Validity {
    words: Vec<u64>,
    items: usize,
}

impl Validity {
    /// Looks for nulls. Every block but the last must have whole words of items.
    pub(super) fn push<T: Item>(&mut self, block: &[T::Bytes]) {
        let is_null = |item: &T::Bytes| T::from_bytes(*item).is_null();
        // No early exit, so that the loop is vectorised.
        let any = block.iter().fold(false, |any, item| any | is_null(item));
        self.push_with(block, any, |item| !is_null(item));
    }

    /// Like [`push`](Self::push) for items of any form, of which `any` tells whether there is a null among them.
    pub(super) fn push_with<I>(&mut self, block: &[I], any: bool, is_valid: impl Fn(&I) -> bool) {
        if any && self.words.is_empty() {
            self.words.resize(self.items.div_ceil(64), u64::MAX);
        }
        if any || !self.words.is_empty() {
            let word = |items: &[I]| items.iter().rev().fold(0, |word, item| word << 1 | u64::from(is_valid(item)));
            self.words.extend(block.chunks(64).map(word));
        }
        self.items += block.len();
    }

    pub(super) fn finish(self) -> Option<NullBuffer> {
        let bits = |words| NullBuffer::new(BooleanBuffer::new(Buffer::from_vec(words), 0, self.items));
        Some(self.words).filter(|words| !words.is_empty()).map(bits)
    }
}

/// Appends the items of a column.
pub(super) fn write<T: Mapped>(array: &PrimitiveArray<T::Arrow>, out: &mut Vec<u8>) -> Result<(), OutOfRange> {
    let nulls = array.nulls().filter(|nulls| nulls.null_count() > 0);
    if T::SAME && nulls.is_none() {
        out.extend_from_slice(array.values().inner().as_slice());
        return Ok(());
    }
    let mut words = nulls.into_iter().flat_map(|nulls| nulls.inner().bit_chunks().iter_padded().collect::<Vec<_>>());
    let mut room = [T::Bytes::zeroed(); 64];
    let mut all = true;
    for block in array.values().chunks(room.len()) {
        let word = words.next().unwrap_or(u64::MAX);
        for ((to, &native), at) in room.iter_mut().zip(block).zip(0_u32..) {
            let (item, good) = T::from_native(native);
            let valid = word >> at & 1 == 1;
            all &= good | !valid;
            // What stands in the place of a null is kept if it is one of q's, which NaN has many of.
            let item = if valid || item.is_null() { item } else { T::NULL };
            *to = item.to_bytes();
        }
        let filled = room.get(..block.len()).unwrap_or_default();
        out.extend_from_slice(bytemuck::try_cast_slice(filled).unwrap_or_default());
    }
    if all { Ok(()) } else { Err(OutOfRange) }
}
