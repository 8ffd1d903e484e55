//! Loops over whole vectors: sums, extremes, nulls, search and comparison, at any alignment.
//!
//! Each loop keeps [`LANES`] independent accumulators, so that the compiler vectorises it for the widest vectors of the
//! processor. A sum of floats is therefore added in a fixed order, the same on every processor, and may differ from a
//! sequential sum in the last digits.

use std::fmt;

use crate::simd::{self, Kernel};
use crate::slice::{Item, Slice};

/// Number of independent accumulators.
const LANES: usize = 16;

/// Items compared before a search branches on the result.
const STRIDE: usize = 64;

/// An item that can be summed.
///
/// ```
/// use kcodec::{Number, Slice};
///
/// fn total<T: Number>(items: Slice<'_, T>) -> T::Sum {
///     items.sum()
/// }
///
/// assert_eq!((total(Slice::new(&[1_i16, 2])), total(Slice::new(&[1.5_f32, f32::NAN]))), (3_i64, 1.5_f64));
/// ```
pub trait Number: Item {
    /// The type of a sum: `i64` for integers and booleans, `f64` for reals and floats.
    type Sum: Copy + PartialEq + fmt::Debug;

    #[doc(hidden)]
    fn sum(items: &[Self::Bytes]) -> Self::Sum;
}

macro_rules! integers {
    ($($ty:ty),*) => {$(
        impl Number for $ty {
            type Sum = i64;

            #[inline(always)]
            fn sum(items: &[Self::Bytes]) -> i64 {
                // Addition that wraps is associative: the compiler may reorder it.
                items.iter().fold(0, |sum, &item| {
                    let item = Self::from_bytes(item);
                    sum.wrapping_add(if item.is_null() { 0 } else { i64::from(item) })
                })
            }
        }
    )*};
}
integers!(bool, u8, i16, i32, i64);

macro_rules! floats {
    ($($ty:ty),*) => {$(
        impl Number for $ty {
            type Sum = f64;

            #[inline(always)]
            fn sum(items: &[Self::Bytes]) -> f64 {
                let term = |item: Self::Bytes| {
                    let item = Self::from_bytes(item);
                    if item.is_null() { 0.0 } else { f64::from(item) }
                };
                let (chunks, tail) = items.as_chunks::<LANES>();
                let mut sums = [0.0; LANES];
                for chunk in chunks {
                    sums.iter_mut().zip(chunk).for_each(|(sum, &item)| *sum += term(item));
                }
                sums.iter_mut().zip(tail).for_each(|(sum, &item)| *sum += term(item));
                let [a, b, c, d] = sums.as_chunks().0.iter().fold([0.0; 4], |[a, b, c, d], &[e, f, g, h]| {
                    [a + e, b + f, c + g, d + h]
                });
                (a + b) + (c + d)
            }
        }
    )*};
}
floats!(f32, f64);

impl<T: Number> Slice<'_, T> {
    /// q's `sum`: nulls add nothing, integers wrap around, and the sum of no items is zero.
    ///
    /// ```
    /// use kcodec::Slice;
    ///
    /// assert_eq!(Slice::new(&[1.5, f64::NAN, 2.0]).sum(), 3.5);
    /// assert_eq!(Slice::new(&[40, i32::MIN, 2]).sum(), 42_i64); // 0Ni is a null
    /// ```
    #[must_use]
    pub fn sum(self) -> T::Sum {
        simd::run(Sum::<T>(self.raw()))
    }
}

impl<T: Item + PartialOrd> Slice<'_, T> {
    /// q's `min`: the least item that is not null; `None` if there is none.
    #[must_use]
    pub fn min(self) -> Option<T> {
        simd::run(Extreme::<T, false>(self.raw()))
    }

    /// q's `max`: the greatest item that is not null; `None` if there is none.
    #[must_use]
    pub fn max(self) -> Option<T> {
        simd::run(Extreme::<T, true>(self.raw()))
    }
}

impl<T: Item> Slice<'_, T> {
    /// Number of nulls.
    #[must_use]
    pub fn null_count(self) -> usize {
        simd::run(Nulls::<T>(self.raw()))
    }

    /// q's `?`: the index of the first item that matches `item`, which may be null.
    #[must_use]
    pub fn position(self, item: T) -> Option<usize> {
        simd::run(Position(self.raw(), item))
    }

    /// Binary search: the first index whose item does not satisfy `before`, which must hold for a prefix of the items.
    #[must_use]
    pub fn partition_point(self, mut before: impl FnMut(T) -> bool) -> usize {
        self.raw().partition_point(|&item| before(T::from_bytes(item)))
    }
}

/// q's `~`: equal items, nulls match; attributes do not count.
impl<T: Item> PartialEq for Slice<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && simd::run(Matches::<T>(self.raw(), other.raw()))
    }
}

struct Sum<'a, T: Item>(&'a [T::Bytes]);

impl<T: Number> Kernel for Sum<'_, T> {
    type Output = T::Sum;

    #[inline(always)]
    fn run(self) -> T::Sum {
        T::sum(self.0)
    }
}

struct Extreme<'a, T: Item, const MAX: bool>(&'a [T::Bytes]);

impl<T: Item + PartialOrd, const MAX: bool> Extreme<'_, T, MAX> {
    /// The better of the best so far and an item; a null never is.
    #[inline(always)]
    fn better(best: T, item: T) -> T {
        let better = if MAX { item > best } else { item < best };
        if better & !item.is_null() { item } else { best }
    }
}

impl<T: Item + PartialOrd, const MAX: bool> Kernel for Extreme<'_, T, MAX> {
    type Output = Option<T>;

    #[inline(always)]
    fn run(self) -> Option<T> {
        let mut items = self.0.iter();
        let first = items.by_ref().map(|&item| T::from_bytes(item)).find(|item| !item.is_null())?;
        let mut bests = [first; 2 * LANES];
        let (chunks, tail) = items.as_slice().as_chunks::<{ 2 * LANES }>();
        for chunk in chunks {
            for (best, &item) in bests.iter_mut().zip(chunk) {
                *best = Self::better(*best, T::from_bytes(item));
            }
        }
        for (best, &item) in bests.iter_mut().zip(tail) {
            *best = Self::better(*best, T::from_bytes(item));
        }
        bests.into_iter().reduce(Self::better)
    }
}

struct Nulls<'a, T: Item>(&'a [T::Bytes]);

impl<T: Item> Kernel for Nulls<'_, T> {
    type Output = usize;

    #[inline(always)]
    fn run(self) -> usize {
        self.0.iter().map(|&item| usize::from(T::from_bytes(item).is_null())).sum()
    }
}

struct Position<'a, T: Item>(&'a [T::Bytes], T);

impl<T: Item> Kernel for Position<'_, T> {
    type Output = Option<usize>;

    #[inline(always)]
    fn run(self) -> Option<usize> {
        let Self(items, wanted) = self;
        let matches = |item: T::Bytes| T::from_bytes(item).matches(wanted);
        let (strides, _) = items.as_chunks::<STRIDE>();
        let hit = |stride: &[T::Bytes; STRIDE]| stride.iter().fold(false, |hit, &item| hit | matches(item));
        let passed = strides.iter().position(hit).unwrap_or(strides.len()) * STRIDE;
        let place = items.get(passed..)?.iter().position(|&item| matches(item))?;
        Some(passed + place)
    }
}

struct Matches<'a, T: Item>(&'a [T::Bytes], &'a [T::Bytes]);

impl<T: Item> Kernel for Matches<'_, T> {
    type Output = bool;

    #[inline(always)]
    fn run(self) -> bool {
        let matches = |one: &[T::Bytes], other: &[T::Bytes]| {
            one.iter()
                .zip(other)
                .fold(true, |all, (&one, &other)| all & T::from_bytes(one).matches(T::from_bytes(other)))
        };
        let (ones, one) = self.0.as_chunks::<STRIDE>();
        let (others, other) = self.1.as_chunks::<STRIDE>();
        ones.iter().zip(others).all(|(one, other)| matches(one, other)) && matches(one, other)
    }
}
