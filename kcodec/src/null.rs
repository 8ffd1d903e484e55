//! The nulls and infinities of each type: the one table of them.

use crate::symbol::Symbol;
use crate::temporal::{Date, Datetime, Guid, Minute, Month, Second, Time, Timespan, Timestamp};

/// A type with a null, which q writes as `0N` and its like. Booleans and bytes have none.
///
/// ```
/// use kcodec::{Date, Null};
///
/// assert_eq!(i64::NULL, i64::MIN);
/// assert_eq!(i64::or_null([Some(1), None]), [1, i64::NULL]);
/// assert_eq!((Date::NULL.some(), Date(1).some()), (None, Some(Date(1))));
/// ```
pub trait Null: Copy {
    /// The null, as kdb+ writes it.
    const NULL: Self;

    /// The item, unless it is a null. Every NaN is a null of its float type.
    fn some(self) -> Option<Self>;

    /// The items, `None` as null.
    #[must_use]
    fn or_null(items: impl IntoIterator<Item = Option<Self>>) -> Vec<Self> {
        items.into_iter().map(|item| item.unwrap_or(Self::NULL)).collect()
    }
}

/// A type with infinities, which q writes as `0W`, `-0W` and their like.
///
/// ```
/// use kcodec::{Infinite, Timestamp};
///
/// assert_eq!((i64::INFINITY, i64::NEG_INFINITY), (i64::MAX, -i64::MAX));
/// assert_eq!((Timestamp::INFINITY.to_string(), Timestamp::INFINITY.is_finite()), ("0Wp".into(), false));
/// ```
pub trait Infinite: Null {
    /// Above every other item.
    const INFINITY: Self;
    /// Below every other item but the null.
    const NEG_INFINITY: Self;
}

macro_rules! nulls {
    ($($ty:ty, $null:expr;)*) => {$(
        impl Null for $ty {
            const NULL: Self = $null;

            fn some(self) -> Option<Self> {
                // A NaN differs from itself.
                (self == self && self != Self::NULL).then_some(self)
            }
        }
    )*};
}
nulls! {
    i16, Self::MIN;
    i32, Self::MIN;
    i64, Self::MIN;
    // The sign bit is set in the NaN that kdb+ writes.
    f32, Self::from_bits(0xffc0_0000);
    f64, Self::from_bits(0xfff8_0000_0000_0000);
    Guid, Self([0; 16]);
    Symbol<'_>, Self::new("");
}

macro_rules! infinities {
    ($($ty:ty, $infinity:expr, $negative:expr;)*) => {$(
        impl Infinite for $ty {
            const INFINITY: Self = $infinity;
            const NEG_INFINITY: Self = $negative;
        }
    )*};
}
infinities! {
    i16, Self::MAX, -Self::MAX;
    i32, Self::MAX, -Self::MAX;
    i64, Self::MAX, -Self::MAX;
    f32, Self::INFINITY, Self::NEG_INFINITY;
    f64, Self::INFINITY, Self::NEG_INFINITY;
}

/// A temporal type sets apart what its number does.
macro_rules! temporal {
    ($($ty:ident($number:ty) $null:literal $infinity:literal,)*) => {$(
        nulls! { $ty, Self(<$number as Null>::NULL); }
        infinities! { $ty, Self(<$number as Infinite>::INFINITY), Self(<$number as Infinite>::NEG_INFINITY); }

        impl $ty {
            #[doc = concat!("q's `", $null, "`.")]
            pub const NULL: Self = <Self as Null>::NULL;
            #[doc = concat!("q's `", $infinity, "`.")]
            pub const INFINITY: Self = <Self as Infinite>::INFINITY;
            #[doc = concat!("q's `-", $infinity, "`.")]
            pub const NEG_INFINITY: Self = <Self as Infinite>::NEG_INFINITY;

            /// Whether this is neither the null nor an infinity.
            #[must_use]
            pub fn is_finite(self) -> bool {
                self.some().is_some_and(|item| item != Self::INFINITY && item != Self::NEG_INFINITY)
            }
        }
    )*};
}
temporal! {
    Timestamp(i64) "0Np" "0Wp",
    Month(i32) "0Nm" "0Wm",
    Date(i32) "0Nd" "0Wd",
    Datetime(f64) "0Nz" "0Wz",
    Timespan(i64) "0Nn" "0Wn",
    Minute(i32) "0Nu" "0Wu",
    Second(i32) "0Nv" "0Wv",
    Time(i32) "0Nt" "0Wt",
}

impl Guid {
    /// q's `0Ng`: sixteen zero bytes.
    pub const NULL: Self = <Self as Null>::NULL;
}

impl Symbol<'_> {
    /// q's null symbol: no bytes.
    pub const NULL: Self = <Self as Null>::NULL;
}
