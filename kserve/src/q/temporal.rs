//! Conversions between temporal kinds, and the parts of dates and times.

use kcodec::Kind;
use kcodec::calendar::{first_day, month_of};

use super::fault::{Fault, R};
use super::loops::map;
use super::noun::Noun;
use super::number::Number;
use super::vm::Vm;

/// Nanoseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000_000;
/// Nanoseconds from 1970 to 2000.01.01.
pub(crate) const EPOCH: i64 = 946_684_800_000_000_000;

/// Conversion of the number under one kind to that of another.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Convert {
    /// Unchanged.
    Raw,
    /// To a smaller unit: multiplies.
    Times(i64),
    /// Between a float of days and another unit.
    Scale(f64),
    /// Months to days, then to the other unit.
    Months(i64),
    /// The time of day of a timestamp, in units of this many nanoseconds.
    Clock(i64),
    /// To a larger unit: divides and rounds down.
    Floor(i64),
    /// To the month. Holds the number of units per day.
    Month(i64),
}

impl Convert {
    #[inline]
    pub(crate) fn long<T: Number>(self, long: i64) -> T {
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

    /// Datetimes are converted by way of nanoseconds if the conversion rounds down.
    #[inline]
    pub(crate) fn double<T: Number>(self, double: f64) -> T {
        match self {
            Self::Scale(factor) => T::from_double(double * factor),
            Self::Clock(_) | Self::Floor(_) | Self::Month(_) if double.is_finite() => {
                self.long((double * DAY as f64).round() as i64)
            }
            _ => T::from_double(double),
        }
    }
}

/// The conversion between two kinds. `clock`: a timestamp or date converted to a time gives its time of day.
/// Numbers are unchanged.
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

/// Nanoseconds per unit of a temporal kind; `None` for months, which vary.
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

/// A component of a date or time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Year,
    Month,
    Day,
    Hour,
    Minute,
    Second,
    Week,
}

impl Part {
    pub(crate) fn named(name: &[u8]) -> Option<Self> {
        Some(match name {
            b"year" => Self::Year,
            b"mm" => Self::Month,
            b"dd" => Self::Day,
            b"hh" => Self::Hour,
            b"uu" => Self::Minute,
            b"ss" => Self::Second,
            b"week" => Self::Week,
            _ => return None,
        })
    }

    const fn of_date(self) -> bool {
        matches!(self, Self::Year | Self::Month | Self::Day | Self::Week)
    }

    /// Computes the component from days since 2000.01.01, or from nanoseconds.
    fn take(self, long: i64) -> i32 {
        const SECOND: i64 = 1_000_000_000;
        if long == i64::MIN {
            return i32::MIN;
        }
        i32::from_long(match self {
            Self::Year => month_of(long).div_euclid(12) + 2000,
            Self::Month => month_of(long).rem_euclid(12) + 1,
            Self::Day => long - first_day(month_of(long)) + 1,
            // 2000.01.01 is a Saturday, and weeks begin on Monday.
            Self::Week => long - (long - 2).rem_euclid(7),
            Self::Hour => long / (3600 * SECOND),
            Self::Minute => long / (60 * SECOND) % 60,
            Self::Second => long / SECOND % 60,
        })
    }
}

/// Whether a name is a component of temporal values, or a temporal kind to cast to.
pub(crate) fn is_part(name: &[u8]) -> bool {
    Part::named(name).is_some() || temporal_kind(name).is_some()
}

fn temporal_kind(name: &[u8]) -> Option<Kind> {
    std::str::from_utf8(name)
        .ok()
        .and_then(Kind::from_name)
        .filter(|&kind| kind >= Kind::Timestamp && kind <= Kind::Time)
}

impl Vm<'_> {
    /// `` `year$x `` and `x.year`: a component, or the cast to a temporal kind such as `date`.
    pub(crate) fn part(&mut self, x: Noun, name: &[u8]) -> R {
        match (Part::named(name), temporal_kind(name)) {
            (Some(part), _) => self.take_part(x, part),
            (_, Some(kind)) => self.cast_to(kind, x),
            _ => Err(Fault::TYPE),
        }
    }

    /// `` `year$x ``
    pub(crate) fn take_part(&mut self, x: Noun, part: Part) -> R {
        self.atomic1(x, |vm, x| {
            let from = x.kind().ok_or(Fault::TYPE)?;
            let has_date = matches!(from, Kind::Timestamp | Kind::Datetime | Kind::Date | Kind::Month);
            let to = match (part.of_date(), has_date) {
                (true, true) => Kind::Date,
                (true, false) => return Err(Fault::nyi("the date of a time")),
                // The time of day; for a timespan all of its hours.
                (false, _) if nanoseconds(from).is_some() || from == Kind::Month => Kind::Timespan,
                (false, _) => return Err(Fault::TYPE),
            };
            let kind = if part == Part::Week { Kind::Date } else { Kind::Int };
            map::<i64, i32>(vm, kind, &x, conversion(from, to, true), |long| part.take(long))
        })
    }
}
