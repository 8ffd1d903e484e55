//! Runs of items of one fixed width, wherever their bytes stand.

use std::fmt;

use bytemuck::{CheckedBitPattern, NoUninit, Pod};

use crate::kind::Attribute;
use crate::null::Null;
use crate::temporal::{Date, Datetime, Guid, Minute, Month, Second, Time, Timespan, Timestamp};

/// One item of a vector of fixed width.
///
/// Implemented for the types that [`Slice`] lends; not meant to be implemented elsewhere.
///
/// ```
/// use kcodec::{Item, Slice};
///
/// /// Differences of neighbours, of vectors of any kind.
/// fn changes<T: Item>(items: Slice<'_, T>) -> usize {
///     items.iter().zip(items.iter().skip(1)).filter(|(a, b)| !a.matches(*b)).count()
/// }
///
/// assert_eq!(changes(Slice::new(&[1.5, f64::NAN, f64::NAN, 2.5])), 2);
/// let bytes: <f64 as Item>::Bytes = 1.5.to_bytes(); // little-endian, of alignment 1
/// assert!(f64::from_bytes(bytes) == 1.5 && f64::NAN.is_null());
/// ```
pub trait Item: CheckedBitPattern + NoUninit + PartialEq + fmt::Debug + Send + Sync + sealed::Sealed {
    /// The item as it stands in a body: little-endian, of alignment 1.
    type Bytes: Pod + fmt::Debug + Send + Sync;

    /// Reads the item.
    fn from_bytes(bytes: Self::Bytes) -> Self;

    /// The item as it stands in a body.
    fn to_bytes(self) -> Self::Bytes;

    /// Whether this is q's null of the type. Booleans and bytes have none, the null char is a blank.
    fn is_null(self) -> bool;

    /// q's `~` on one item: equal, or both null.
    fn matches(self, other: Self) -> bool {
        self == other || (self.is_null() && other.is_null())
    }
}

mod sealed {
    pub trait Sealed {}
}

macro_rules! numbers {
    ($($ty:ty { $($null:tt)* })*) => {$(
        impl sealed::Sealed for $ty {}

        impl Item for $ty {
            type Bytes = [u8; size_of::<$ty>()];

            fn from_bytes(bytes: Self::Bytes) -> Self {
                Self::from_le_bytes(bytes)
            }

            fn to_bytes(self) -> Self::Bytes {
                self.to_le_bytes()
            }

            $($null)*
        }
    )*};
}

macro_rules! integers {
    ($($ty:ty),*) => {
        numbers! {$($ty {
            fn is_null(self) -> bool {
                self == <Self as Null>::NULL
            }

            fn matches(self, other: Self) -> bool {
                self == other
            }
        })*}
    };
}

macro_rules! floats {
    ($($ty:ty),*) => {
        numbers! {$($ty {
            fn is_null(self) -> bool {
                self.is_nan()
            }
        })*}
    };
}

macro_rules! newtypes {
    ($($ty:ident($inner:ty)),*) => {$(
        impl sealed::Sealed for $ty {}

        impl Item for $ty {
            type Bytes = <$inner as Item>::Bytes;

            fn from_bytes(bytes: Self::Bytes) -> Self {
                Self(Item::from_bytes(bytes))
            }

            fn to_bytes(self) -> Self::Bytes {
                self.0.to_bytes()
            }

            fn is_null(self) -> bool {
                self.0.is_null()
            }
        }
    )*};
}

integers!(i16, i32, i64);
floats!(f32, f64);
newtypes!(Timestamp(i64), Month(i32), Date(i32), Datetime(f64), Timespan(i64), Minute(i32), Second(i32), Time(i32));

impl sealed::Sealed for bool {}

impl Item for bool {
    type Bytes = [u8; 1];

    fn from_bytes([byte]: Self::Bytes) -> Self {
        byte != 0
    }

    fn to_bytes(self) -> Self::Bytes {
        [u8::from(self)]
    }

    fn is_null(self) -> bool {
        false
    }
}

impl sealed::Sealed for u8 {}

impl Item for u8 {
    type Bytes = [Self; 1];

    fn from_bytes([byte]: Self::Bytes) -> Self {
        byte
    }

    fn to_bytes(self) -> Self::Bytes {
        [self]
    }

    fn is_null(self) -> bool {
        false
    }
}

impl sealed::Sealed for Guid {}

impl Item for Guid {
    type Bytes = [u8; 16];

    fn from_bytes(bytes: Self::Bytes) -> Self {
        Self(bytes)
    }

    fn to_bytes(self) -> Self::Bytes {
        self.0
    }

    fn is_null(self) -> bool {
        self == Self::NULL
    }
}

/// A vector's items and attribute: bytes of a body or a borrowed Rust slice, read alike.
///
/// ```
/// use kcodec::Slice;
///
/// let prices = [1.5, 2.5, f64::NAN];
/// let slice = Slice::new(&prices);
/// assert_eq!(slice.get(1), Some(2.5));
/// assert_eq!(slice.as_slice().map(<[f64]>::len), Some(3));
/// assert_eq!(slice, Slice::new(&prices)); // q's ~: nulls match
/// ```
///
/// What q does with vectors:
///
/// ```
/// use kcodec::{Slice, SliceIter};
///
/// let sizes = Slice::new(&[300_i64, i64::MIN, 100, 200]);
/// assert_eq!((sizes.min(), sizes.max(), sizes.null_count()), (Some(100), Some(300), 1));
/// assert_eq!((sizes.position(100), sizes.position(7)), (Some(2), None));
/// assert_eq!(Slice::new(&[1_i64, 2, 4]).partition_point(|item| item < 3), 2); // binary search
/// let tail = sizes.range(2, 4);
/// let mut copy = [0; 2];
/// assert_eq!((tail.copy_to_slice(&mut copy), copy.to_vec()), (2, tail.to_vec()));
/// let iter: SliceIter<'_, i64> = tail.into_iter();
/// assert_eq!((iter.sum::<i64>(), tail.as_bytes().len(), tail.is_empty()), (300, 16, false));
/// ```
#[derive(Clone, Copy)]
pub struct Slice<'a, T: Item> {
    items: &'a [T::Bytes],
    attribute: Attribute,
}

impl<'a, T: Item> Slice<'a, T> {
    /// Borrows a Rust slice.
    #[must_use]
    pub fn new(items: &'a [T]) -> Self {
        Self { items: bytemuck::cast_slice(items), attribute: Attribute::None }
    }

    /// Whole items in checked bytes.
    pub(crate) fn from_wire(bytes: &'a [u8], attribute: Attribute) -> Self {
        let items = bytemuck::try_cast_slice(bytes);
        Self { items: items.unwrap_or_else(|_| unreachable!("checked: whole items")), attribute }
    }

    /// The same items under another attribute; nothing is verified.
    #[must_use]
    pub fn with_attribute(self, attribute: Attribute) -> Self {
        Self { attribute, ..self }
    }

    /// What the sender claims of the items' order.
    #[must_use]
    #[inline]
    pub fn attribute(self) -> Attribute {
        self.attribute
    }

    /// Number of items.
    #[must_use]
    #[inline]
    pub fn len(self) -> usize {
        self.items.len()
    }

    /// Whether there are no items.
    #[must_use]
    #[inline]
    pub fn is_empty(self) -> bool {
        self.items.is_empty()
    }

    /// The item at `index`, read in place.
    #[must_use]
    #[inline]
    pub fn get(self, index: usize) -> Option<T> {
        self.items.get(index).copied().map(T::from_bytes)
    }

    /// The items in order, read in place at any alignment.
    #[inline]
    pub fn iter(self) -> impl DoubleEndedIterator<Item = T> + ExactSizeIterator + Clone + use<'a, T> {
        self.items.iter().copied().map(T::from_bytes)
    }

    /// The items from `start` to before `end`, both cut to the length; the attribute is dropped.
    #[must_use]
    pub fn range(self, start: usize, end: usize) -> Self {
        let end = end.min(self.len());
        Self { items: self.items.get(start..end).unwrap_or_default(), attribute: Attribute::None }
    }

    /// The items as they stand in a body.
    pub(crate) const fn raw(self) -> &'a [T::Bytes] {
        self.items
    }

    /// The bytes as they stand in a body.
    #[must_use]
    #[inline]
    pub fn as_bytes(self) -> &'a [u8] {
        bytemuck::cast_slice(self.items)
    }

    /// The items as a Rust slice, when they happen to stand aligned.
    ///
    /// Free but for booleans, whose bytes are looked at again.
    #[must_use]
    #[inline]
    pub fn as_slice(self) -> Option<&'a [T]> {
        bytemuck::checked::try_cast_slice(self.items).ok()
    }

    /// Copies the items into a new vector.
    #[must_use]
    pub fn to_vec(self) -> Vec<T> {
        self.iter().collect()
    }

    /// Copies as many items as both sides have and returns how many.
    pub fn copy_to_slice(self, target: &mut [T]) -> usize {
        target.iter_mut().zip(self.iter()).map(|(to, from)| *to = from).count()
    }
}

impl<'a, T: Item> From<&'a [T]> for Slice<'a, T> {
    fn from(items: &'a [T]) -> Self {
        Self::new(items)
    }
}

impl<T: Item> fmt::Debug for Slice<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
