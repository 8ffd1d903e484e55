//! Numeric lanes: arithmetic, order and nulls of the numbers under items.

use super::matches::TOLERANCE;
use super::noun::{Lane, NULL_FLOAT, NULL_REAL};

/// A numeric lane. Null is that of the lane; `u8` (booleans, bytes, chars) has none.
pub(crate) trait Number: Lane + PartialOrd {
    const FLOAT: bool;
    /// Greatest and least value: the infinities, if the lane has them.
    const MOST: Self;
    const LEAST: Self;

    fn long(self) -> i64;
    fn double(self) -> f64;
    /// Saturates; `u8` truncates.
    fn from_long(long: i64) -> Self;
    /// Rounds to the nearest integer, halves up.
    fn from_double(double: f64) -> Self;
    fn is_null(self) -> bool;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;

    /// Strict order of the numbers. A null is below all others.
    #[inline]
    fn below(self, other: Self) -> bool {
        self < other
    }

    /// Equality: within the tolerance for floats; nulls are equal.
    #[inline]
    fn same(self, other: Self) -> bool {
        self == other
    }

    #[inline]
    fn less(self, other: Self) -> bool {
        self.below(other) & !self.same(other)
    }

    #[inline]
    fn lesser(self, other: Self) -> Self {
        if other.below(self) { other } else { self }
    }

    #[inline]
    fn greater(self, other: Self) -> Self {
        if self.below(other) { other } else { self }
    }

    /// `self^other`
    #[inline]
    fn fill(self, other: Self) -> Self {
        if other.is_null() { self } else { other }
    }
}

macro_rules! integer {
    ($ty:ty) => {
        impl Number for $ty {
            const FLOAT: bool = false;
            const MOST: Self = Self::MAX;
            const LEAST: Self = -Self::MAX;

            #[inline]
            fn long(self) -> i64 {
                if self == Self::MIN { i64::MIN } else { self as i64 }
            }

            #[inline]
            fn double(self) -> f64 {
                if self == Self::MIN { NULL_FLOAT } else { self as f64 }
            }

            #[inline]
            fn from_long(long: i64) -> Self {
                if long == i64::MIN { Self::MIN } else { long.clamp(-(Self::MAX as i64), Self::MAX as i64) as Self }
            }

            #[inline]
            fn from_double(double: f64) -> Self {
                if double.is_nan() { Self::MIN } else { ((double + 0.5).floor() as Self).max(-Self::MAX) }
            }

            #[inline]
            fn is_null(self) -> bool {
                self == Self::MIN
            }

            #[inline]
            fn plus(self, other: Self) -> Self {
                if (self == Self::MIN) | (other == Self::MIN) { Self::MIN } else { self.wrapping_add(other) }
            }

            #[inline]
            fn minus(self, other: Self) -> Self {
                if (self == Self::MIN) | (other == Self::MIN) { Self::MIN } else { self.wrapping_sub(other) }
            }

            #[inline]
            fn times(self, other: Self) -> Self {
                if (self == Self::MIN) | (other == Self::MIN) { Self::MIN } else { self.wrapping_mul(other) }
            }
        }
    };
}
integer!(i16);
integer!(i32);
integer!(i64);

impl Number for u8 {
    const FLOAT: bool = false;
    const MOST: Self = Self::MAX;
    const LEAST: Self = 0;

    #[inline]
    fn long(self) -> i64 {
        i64::from(self)
    }

    #[inline]
    fn double(self) -> f64 {
        f64::from(self)
    }

    #[inline]
    fn from_long(long: i64) -> Self {
        long as Self
    }

    #[inline]
    fn from_double(double: f64) -> Self {
        i64::from_double(double) as Self
    }

    #[inline]
    fn is_null(self) -> bool {
        false
    }

    #[inline]
    fn plus(self, other: Self) -> Self {
        self.wrapping_add(other)
    }

    #[inline]
    fn minus(self, other: Self) -> Self {
        self.wrapping_sub(other)
    }

    #[inline]
    fn times(self, other: Self) -> Self {
        self.wrapping_mul(other)
    }
}

macro_rules! float {
    ($ty:ty, $null:ident) => {
        impl Number for $ty {
            const FLOAT: bool = true;
            const MOST: Self = Self::INFINITY;
            const LEAST: Self = Self::NEG_INFINITY;

            #[inline]
            fn long(self) -> i64 {
                i64::from_double(self as f64)
            }

            #[inline]
            fn double(self) -> f64 {
                self as f64
            }

            #[inline]
            fn from_long(long: i64) -> Self {
                if long == i64::MIN { $null } else { long as Self }
            }

            #[inline]
            fn from_double(double: f64) -> Self {
                double as Self
            }

            #[inline]
            fn is_null(self) -> bool {
                self.is_nan()
            }

            #[inline]
            fn plus(self, other: Self) -> Self {
                self + other
            }

            #[inline]
            fn minus(self, other: Self) -> Self {
                self - other
            }

            #[inline]
            fn times(self, other: Self) -> Self {
                self * other
            }

            #[inline]
            fn below(self, other: Self) -> bool {
                (self < other) | (self.is_nan() & !other.is_nan())
            }

            /// Branch-free, so that the loop vectorizes. The finiteness test keeps infinities from being near
            /// anything.
            #[inline]
            fn same(self, other: Self) -> bool {
                let apart = (self - other).abs();
                let near = (apart <= (TOLERANCE as Self) * self.abs().max(other.abs())) & (apart < Self::INFINITY);
                (self == other) | near | (self.is_nan() & other.is_nan())
            }
        }
    };
}
float!(f32, NULL_REAL);
float!(f64, NULL_FLOAT);

/// Runs `$work` with `$lane` as the item type of a kind; fails with `type` for guids and symbols.
macro_rules! in_lane {
    ($kind:expr, $lane:ident => $work:expr) => {
        match $kind {
            kcodec::Kind::Boolean | kcodec::Kind::Byte | kcodec::Kind::Char => {
                type $lane = u8;
                $work
            }
            kcodec::Kind::Short => {
                type $lane = i16;
                $work
            }
            kcodec::Kind::Long | kcodec::Kind::Timestamp | kcodec::Kind::Timespan => {
                type $lane = i64;
                $work
            }
            kcodec::Kind::Real => {
                type $lane = f32;
                $work
            }
            kcodec::Kind::Float | kcodec::Kind::Datetime => {
                type $lane = f64;
                $work
            }
            kcodec::Kind::Int
            | kcodec::Kind::Month
            | kcodec::Kind::Date
            | kcodec::Kind::Minute
            | kcodec::Kind::Second
            | kcodec::Kind::Time => {
                type $lane = i32;
                $work
            }
            _ => Err($crate::q::fault::Fault::TYPE),
        }
    };
}
pub(crate) use in_lane;
