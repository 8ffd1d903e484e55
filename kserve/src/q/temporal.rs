//! How the number under one temporal kind becomes that of another, and the parts of dates and times.

use kcodec::Kind;
use kcodec::calendar::{first_day, month_of};

use super::fault::{Fault, R};
use super::loops::map;
use super::noun::Noun;
use super::number::Number;
use super::vm::Vm;

/// Nanoseconds of a day.
pub(crate) const DAY: i64 = 86_400_000_000_000;
/// 2000.01.01 in nanoseconds since 1970.
pub(crate) const EPOCH: i64 = 946_684_800_000_000_000;

/// How the number of one kind becomes that of another.
#[derive(Debug, Clone, Copy, PartialEq)]
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

    /// Datetimes go by way of nanoseconds wherever they are cut.
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

/// How what is underneath `from` becomes what is underneath `to`. `clock`: a timestamp or date that becomes a time
/// counts as its time of the day. Numbers and times stay what they are to each other.
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

/// What can be taken out of a date or a time.
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

    /// From days since 2000.01.01, or from nanoseconds.
    fn take(self, long: i64) -> i32 {
        const SECOND: i64 = 1_000_000_000;
        if long == i64::MIN {
            return i32::MIN;
        }
        i32::from_long(match self {
            Self::Year => month_of(long).div_euclid(12) + 2000,
            Self::Month => month_of(long).rem_euclid(12) + 1,
            Self::Day => long - first_day(month_of(long)) + 1,
            // 2000.01.01 was a Saturday: weeks begin on Monday, two days later.
            Self::Week => long - (long - 2).rem_euclid(7),
            Self::Hour => long / (3600 * SECOND),
            Self::Minute => long / (60 * SECOND) % 60,
            Self::Second => long / SECOND % 60,
        })
    }
}

/// Whether a name is that of a part of temporal values, or of a kind that they are cast to.
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
    /// `` `year$x `` and `x.year`: a part of each date or time, or the cast that a name like `date` stands for.
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
                // The time of the day, and of a timespan all of its hours.
                (false, _) if nanoseconds(from).is_some() || from == Kind::Month => Kind::Timespan,
                (false, _) => return Err(Fault::TYPE),
            };
            let kind = if part == Part::Week { Kind::Date } else { Kind::Int };
            map::<i64, i32>(vm, kind, &x, conversion(from, to, true), |long| part.take(long))
        })
    }
}
