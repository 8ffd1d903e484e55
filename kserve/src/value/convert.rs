//! The numbers under the items of one kind as those of another: units of time, months, widths.

use kcodec::calendar::{first_day, month_of};
use kcodec::{Date, Datetime, Item, Kind, Minute, Month, Second, Slice, Time, Timespan, Timestamp, Vector};

use super::kinds::with_items;
use super::lane::Lane;

/// Nanoseconds of a day.
const DAY: i64 = 86_400_000_000_000;

/// How the number of one kind becomes that of another.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Convert {
    /// It stays.
    Raw,
    /// Units to smaller ones.
    Times(i64),
    /// A float of days to or from units of the other.
    Scale(f64),
    /// Months to days, and these to units of the other.
    Months(i64),
    /// The time of the day of a timestamp, in units of so many nanoseconds.
    Clock(i64),
    /// Units to ones so many times as large, the rest cut off.
    Floor(i64),
    /// Units, so many a day, to the month that they are in.
    Month(i64),
}

impl Convert {
    fn long<T: Lane>(self, long: i64) -> T {
        if long == i64::MIN {
            return T::from_long(long);
        }
        match self {
            Self::Raw => T::from_long(long),
            Self::Times(factor) => T::from_long(long.wrapping_mul(factor)),
            Self::Scale(factor) => T::from_double(long as f64 * factor),
            Self::Months(factor) => T::from_long(first_day(long).wrapping_mul(factor)),
            Self::Clock(unit) => T::from_long(long.rem_euclid(DAY).div_euclid(unit.max(1))),
            Self::Floor(factor) => T::from_long(long.div_euclid(factor.max(1))),
            Self::Month(factor) => T::from_long(month_of(long.div_euclid(factor.max(1)))),
        }
    }

    /// Datetimes go by way of nanoseconds wherever they are cut.
    fn double<T: Lane>(self, double: f64) -> T {
        match self {
            Self::Scale(factor) => T::from_double(double * factor),
            Self::Clock(_) | Self::Floor(_) | Self::Month(_) if double.is_finite() => {
                self.long((double * DAY as f64).round() as i64)
            }
            _ => T::from_double(double),
        }
    }
}

/// How what is underneath `from` becomes what is underneath `to`. `clock`: a timestamp or date that
/// becomes a time counts as its time of the day. Numbers and times stay what they are to each other.
pub(crate) fn conversion(from: Kind, to: Kind, clock: bool) -> Convert {
    let clock = clock && matches!(to, Kind::Timespan | Kind::Minute | Kind::Second | Kind::Time);
    match (from, nanoseconds(from), to, nanoseconds(to)) {
        _ if from == to => Convert::Raw,
        (Kind::Month | Kind::Date, _, _, Some(_)) if clock => Convert::Times(0),
        (Kind::Month, _, _, Some(target)) => Convert::Months(DAY / target.max(1)),
        (Kind::Datetime, _, Kind::Month, _) => Convert::Month(DAY),
        (_, Some(unit), Kind::Month, _) => Convert::Month(DAY / unit.max(1)),
        (Kind::Timestamp | Kind::Datetime, _, _, Some(target)) if clock => Convert::Clock(target),
        (Kind::Datetime, _, Kind::Date, _) => Convert::Floor(DAY),
        (Kind::Datetime, Some(unit), _, Some(target)) | (_, Some(unit), Kind::Datetime, Some(target)) => {
            Convert::Scale(unit as f64 / target as f64)
        }
        (_, Some(unit), _, Some(target)) if unit > target => Convert::Times(unit / target.max(1)),
        (_, Some(unit), _, Some(target)) if unit < target => Convert::Floor(target / unit.max(1)),
        _ => Convert::Raw,
    }
}

/// Nanoseconds of the unit that a temporal kind counts in; months vary.
pub(crate) const fn nanoseconds(kind: Kind) -> Option<i64> {
    match kind {
        Kind::Timestamp | Kind::Timespan => Some(1),
        Kind::Time => Some(1_000_000),
        Kind::Second => Some(1_000_000_000),
        Kind::Minute => Some(60_000_000_000),
        Kind::Date | Kind::Datetime => Some(DAY),
        _ => None,
    }
}

/// The numbers under the items; `None` where there are none.
pub(crate) fn numbers<T: Lane>(vector: Vector<'_>, convert: Convert) -> Option<Vec<T>> {
    with_items!(vector, items => Number::convert(items, convert), _symbols => None)
}

/// Items with a number underneath.
trait Number: Item {
    fn convert<T: Lane>(items: Slice<'_, Self>, convert: Convert) -> Option<Vec<T>>;
}

macro_rules! longs {
    ($($ty:ident $item:pat => $long:expr;)*) => {$(
        impl Number for $ty {
            fn convert<T: Lane>(items: Slice<'_, Self>, convert: Convert) -> Option<Vec<T>> {
                let longs = items.iter().map(|$item| $long);
                Some(match convert {
                    Convert::Raw => longs.map(T::from_long).collect(),
                    _ => longs.map(|long| convert.long(long)).collect(),
                })
            }
        }
    )*};
}
longs! {
    bool item => i64::from(item);
    u8 item => i64::from(item);
    i16 item => if item == Self::MIN { i64::MIN } else { i64::from(item) };
    i32 item => widen(item);
    i64 item => item;
    Timestamp Timestamp(item) => item;
    Timespan Timespan(item) => item;
    Month Month(item) => widen(item);
    Date Date(item) => widen(item);
    Minute Minute(item) => widen(item);
    Second Second(item) => widen(item);
    Time Time(item) => widen(item);
}

const fn widen(int: i32) -> i64 {
    if int == i32::MIN { i64::MIN } else { int as i64 }
}

macro_rules! doubles {
    ($($ty:ident $item:pat => $double:expr;)*) => {$(
        impl Number for $ty {
            fn convert<T: Lane>(items: Slice<'_, Self>, convert: Convert) -> Option<Vec<T>> {
                Some(items.iter().map(|$item| convert.double($double)).collect())
            }
        }
    )*};
}
doubles! {
    f32 item => f64::from(item);
    f64 item => item;
    Datetime Datetime(item) => item;
}

impl Number for kcodec::Guid {
    fn convert<T: Lane>(_items: Slice<'_, Self>, _convert: Convert) -> Option<Vec<T>> {
        None
    }
}
