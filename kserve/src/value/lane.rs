//! The number underneath an item, in one of the four widths that are calculated with.
//!
//! Each argument of an operation becomes a run of one Rust type: borrowed where its items are of
//! that type already, converted in one pass where they are not. The operation itself is then one
//! loop over plain numbers, which the compiler vectorises.

use kcodec::{
    Body, Date, Datetime, Item, Kind, Minute, Month, Second, Slice, Time, Timespan, Timestamp, Value, Vector,
};

use super::convert::{Convert, numbers};
use super::fault::Fault;
use super::items::{NULL_FLOAT, NULL_REAL, encode, single};

/// A type to calculate in. Null is the type's own.
pub(crate) trait Lane: Item {
    fn from_long(long: i64) -> Self;
    fn from_double(double: f64) -> Self;
    fn plus(self, other: Self) -> Self;
    fn minus(self, other: Self) -> Self;
    fn times(self, other: Self) -> Self;
    /// The order of the numbers; any exceeds a null.
    fn below(self, other: Self) -> bool;
    /// Equality, tolerant between floats; nulls are equal.
    fn same(self, other: Self) -> bool;
    /// The items of a vector whose kind is this type's own.
    fn native(vector: Vector<'_>) -> Option<Slice<'_, Self>>;
    /// A body of `kind`, which is calculated in this type.
    fn body(kind: Kind, out: Out<Self>) -> Result<Body, Fault>;

    /// The infinity of a kind, or the greatest where there is none.
    fn most(kind: Kind) -> Self {
        Self::from_double(match kind {
            Kind::Boolean => 1.0,
            Kind::Byte | Kind::Char => 255.0,
            Kind::Short => f64::from(i16::MAX),
            _ => f64::INFINITY,
        })
    }

    fn less(self, other: Self) -> bool {
        self.below(other) && !self.same(other)
    }

    fn lesser(self, other: Self) -> Self {
        if other.below(self) { other } else { self }
    }

    fn greater(self, other: Self) -> Self {
        if self.below(other) { other } else { self }
    }
}

/// Runs an expression with `$lane` as the type that items of a kind are calculated in.
macro_rules! in_lane {
    ($kind:expr, $lane:ident => $work:expr) => {
        match $kind {
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
            _ => {
                type $lane = i32;
                $work
            }
        }
    };
}
pub(crate) use in_lane;

/// A result: of two atoms, or with at least one vector.
pub(crate) enum Out<T> {
    Atom(T),
    Items(Vec<T>),
}

/// One argument of an operation, in the type that it is calculated in.
pub(crate) enum Side<'a, T: Lane> {
    Atom(T),
    Borrowed(Slice<'a, T>),
    Converted(Vec<T>),
}

impl<'a, T: Lane> Side<'a, T> {
    /// The numbers of an atom or vector that has some.
    pub(crate) fn new(value: Value<'a>, convert: Convert) -> Result<Self, Fault> {
        match value {
            Value::Atom(atom) => {
                let item = single(atom, |vector| numbers(vector, convert).and_then(|items| items.first().copied()));
                item.map(Self::Atom).ok_or(Fault::TYPE)
            }
            Value::Vector(vector) => match (T::native(vector), convert) {
                (Some(items), Convert::Raw) => Ok(Self::Borrowed(items)),
                _ => numbers(vector, convert).map(Self::Converted).ok_or(Fault::TYPE),
            },
            _ => Err(Fault::TYPE),
        }
    }

    /// The atom, or else the items.
    pub(crate) fn split(&self) -> Result<T, Slice<'_, T>> {
        match self {
            Self::Atom(item) => Ok(*item),
            Self::Borrowed(items) => Err(*items),
            Self::Converted(items) => Err(Slice::new(items)),
        }
    }

    /// The items as they are.
    pub(crate) fn out(self) -> Out<T> {
        match self {
            Self::Atom(item) => Out::Atom(item),
            Self::Borrowed(items) => Out::Items(items.to_vec()),
            Self::Converted(items) => Out::Items(items),
        }
    }

    /// Applies a function to each item.
    pub(crate) fn map<R>(&self, function: impl Fn(T) -> R) -> Out<R> {
        match self.split() {
            Ok(item) => Out::Atom(function(item)),
            Err(items) => Out::Items(items.iter().map(function).collect()),
        }
    }

    /// Applies a function to pairs of items; an atom pairs with every item.
    pub(crate) fn zip<R>(&self, other: &Self, function: impl Fn(T, T) -> R) -> Out<R> {
        match (self.split(), other.split()) {
            (Ok(x), Ok(y)) => Out::Atom(function(x, y)),
            (Ok(x), Err(y)) => Out::Items(y.iter().map(|y| function(x, y)).collect()),
            (Err(x), Ok(y)) => Out::Items(x.iter().map(|x| function(x, y)).collect()),
            (Err(x), Err(y)) => Out::Items(x.iter().zip(y.iter()).map(|(x, y)| function(x, y)).collect()),
        }
    }
}

/// A body of the atom or the items, as the type that `make` wraps them in.
fn wrap<T, R>(out: Out<T>, make: impl Fn(T) -> R) -> Result<Body, Fault>
where
    for<'a> Value<'a>: From<R> + From<&'a Vec<R>>,
{
    match out {
        Out::Atom(item) => encode(make(item)),
        Out::Items(items) => encode(&items.into_iter().map(make).collect::<Vec<R>>()),
    }
}

/// A body of booleans.
pub(crate) fn booleans(out: Out<bool>) -> Result<Body, Fault> {
    wrap(out, |item| item)
}

macro_rules! integer_lane {
    ($ty:ident $native:ident from $from_long:expr, { $($kind:pat => $body:expr;)* }) => {
        impl Lane for $ty {
            fn from_long(long: i64) -> Self {
                $from_long(long)
            }

            /// Rounds to the nearest, halves up.
            fn from_double(double: f64) -> Self {
                if double.is_nan() { Self::MIN } else { ((double + 0.5).floor() as Self).max(-Self::MAX) }
            }

            fn plus(self, other: Self) -> Self {
                if self == Self::MIN || other == Self::MIN { Self::MIN } else { self.wrapping_add(other) }
            }

            fn minus(self, other: Self) -> Self {
                if self == Self::MIN || other == Self::MIN { Self::MIN } else { self.wrapping_sub(other) }
            }

            fn times(self, other: Self) -> Self {
                if self == Self::MIN || other == Self::MIN { Self::MIN } else { self.wrapping_mul(other) }
            }

            fn below(self, other: Self) -> bool {
                self < other
            }

            fn same(self, other: Self) -> bool {
                self == other
            }

            fn native(vector: Vector<'_>) -> Option<Slice<'_, Self>> {
                if let Vector::$native(items) = vector { Some(items) } else { None }
            }

            fn body(kind: Kind, out: Out<Self>) -> Result<Body, Fault> {
                match kind {
                    $($kind => $body(out),)*
                }
            }
        }
    };
}

integer_lane!(i64 Long from |long| long, {
    Kind::Timestamp => |out| wrap(out, Timestamp);
    Kind::Timespan => |out| wrap(out, Timespan);
    _ => |out| wrap(out, |item| item);
});

integer_lane!(i32 Int from saturate, {
    Kind::Boolean => |out| wrap(out, |item| item != 0);
    Kind::Byte => |out| wrap(out, |item| item as u8);
    Kind::Char => chars;
    Kind::Short => |out| wrap(out, shorten);
    Kind::Month => |out| wrap(out, Month);
    Kind::Date => |out| wrap(out, Date);
    Kind::Minute => |out| wrap(out, Minute);
    Kind::Second => |out| wrap(out, Second);
    Kind::Time => |out| wrap(out, Time);
    _ => |out| wrap(out, |item| item);
});

/// A long as an int: infinite where it is out of range.
fn saturate(long: i64) -> i32 {
    if long == i64::MIN { i32::MIN } else { long.clamp(-i64::from(i32::MAX), i64::from(i32::MAX)) as i32 }
}

/// An int as a short, likewise.
fn shorten(int: i32) -> i16 {
    if int == i32::MIN { i16::MIN } else { int.clamp(-i32::from(i16::MAX), i32::from(i16::MAX)) as i16 }
}

fn chars(out: Out<i32>) -> Result<Body, Fault> {
    match out {
        Out::Atom(item) => encode(kcodec::Atom::Char(item as u8)),
        Out::Items(items) => encode(Value::chars(&items.into_iter().map(|item| item as u8).collect::<Vec<u8>>())),
    }
}

/// How far apart, relative to the larger, two floats may be and still be equal.
const TOLERANCE: f64 = 1.0 / (1_u64 << 43) as f64;

macro_rules! float_lane {
    ($ty:ident $native:ident $null:ident, { $($kind:pat => $body:expr;)* }) => {
        impl Lane for $ty {
            fn from_long(long: i64) -> Self {
                if long == i64::MIN { $null } else { long as Self }
            }

            fn from_double(double: f64) -> Self {
                double as Self
            }

            fn plus(self, other: Self) -> Self {
                self + other
            }

            fn minus(self, other: Self) -> Self {
                self - other
            }

            fn times(self, other: Self) -> Self {
                self * other
            }

            fn below(self, other: Self) -> bool {
                self < other || (self.is_nan() && !other.is_nan())
            }

            fn same(self, other: Self) -> bool {
                let apart = (self - other).abs();
                self == other
                    || apart <= (TOLERANCE as Self) * self.abs().max(other.abs()) && apart.is_finite()
                    || (self.is_nan() && other.is_nan())
            }

            fn native(vector: Vector<'_>) -> Option<Slice<'_, Self>> {
                if let Vector::$native(items) = vector { Some(items) } else { None }
            }

            fn body(kind: Kind, out: Out<Self>) -> Result<Body, Fault> {
                match kind {
                    $($kind => $body(out),)*
                }
            }
        }
    };
}

float_lane!(f32 Real NULL_REAL, { _ => |out| wrap(out, |item| item); });
float_lane!(f64 Float NULL_FLOAT, {
    Kind::Datetime => |out| wrap(out, Datetime);
    _ => |out| wrap(out, |item| item);
});
