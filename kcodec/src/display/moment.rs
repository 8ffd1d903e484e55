//! Text of dates and times.

use std::{fmt, iter};

use super::ascii::Ascii;
use super::item::{self, Integer, Text, special_float};
use crate::calendar::{self, Day};
use crate::kind::Kind;
use crate::temporal::{Date, Datetime, Guid, Minute, Month, Second, Time, Timespan, Timestamp};

const SECOND: u64 = 1_000_000_000;
const DAY: u64 = 86_400 * SECOND;

/// Implements [`Text`] by two functions: one names nulls and infinities, one writes all other values. The names do not
/// imply the kind: if all items have one, the suffix follows, `0N 0Nd`.
macro_rules! moments {
    ($($ty:ident $special:path, $write:path;)*) => {$(
        impl Text for $ty {
            fn bare(self, out: &mut Ascii<'_, '_>) -> Result<bool, fmt::Error> {
                match $special(self.0) {
                    Some(name) => out.text(name).map(|()| false),
                    None => $write(self.0, out).map(|()| true),
                }
            }
        }
    )*};
}
moments! {
    Timestamp Integer::special, timestamp;
    Month Integer::special, month;
    Date Integer::special, date;
    Datetime special_float, datetime;
    Timespan Integer::special, timespan;
    Minute Integer::special, minute;
    Second Integer::special, second;
    Time Integer::special, time;
}

macro_rules! display {
    ($($ty:ident,)*) => {$(
        #[doc = concat!("As q displays an atom of kind [`Kind::", stringify!($ty), "`].")]
        impl fmt::Display for $ty {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                item::write(Kind::$ty, iter::once(*self), f)
            }
        }
    )*};
}
display! { Guid, Timestamp, Month, Date, Datetime, Timespan, Minute, Second, Time, }

fn timestamp(nanoseconds: i64, out: &mut Ascii<'_, '_>) -> fmt::Result {
    let day = DAY.cast_signed();
    write_day(calendar::day_of(nanoseconds.div_euclid(day)), out)?;
    out.byte(b'D')?;
    clock(nanoseconds.rem_euclid(day).unsigned_abs(), SECOND, 9, out)
}

fn month(months: i32, out: &mut Ascii<'_, '_>) -> fmt::Result {
    // Zeros outside the calendar, as q displays them.
    let (year, month) = calendar::year_and_month(months.into()).unwrap_or_default();
    out.number(year.into(), 4)?;
    out.byte(b'.')?;
    out.number(month.into(), 2)
}

fn date(days: i32, out: &mut Ascii<'_, '_>) -> fmt::Result {
    write_day(calendar::day_of(days.into()), out)
}

/// Writes `yyyy.mm.dd`; a day outside the calendar is all zeros, as q displays it.
fn write_day(day: Option<Day>, out: &mut Ascii<'_, '_>) -> fmt::Result {
    let Day { year, month, day } = day.unwrap_or(Day { year: 0, month: 0, day: 0 });
    out.number(year.into(), 4)?;
    out.byte(b'.')?;
    out.number(month.into(), 2)?;
    out.byte(b'.')?;
    out.number(day.into(), 2)
}

#[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and a saturated value is outside the calendar")]
fn datetime(days: f64, out: &mut Ascii<'_, '_>) -> fmt::Result {
    const DAY: i64 = 86_400_000;
    let milliseconds = (days * 86_400_000.0).round() as i64;
    let day = calendar::day_of(milliseconds.div_euclid(DAY));
    let of_day = if day.is_some() { milliseconds.rem_euclid(DAY).unsigned_abs() } else { 0 };
    write_day(day, out)?;
    out.byte(b'T')?;
    clock(of_day, 1000, 3, out)
}

fn timespan(nanoseconds: i64, out: &mut Ascii<'_, '_>) -> fmt::Result {
    let magnitude = sign(nanoseconds, out)?;
    out.number(magnitude / DAY, 1)?;
    out.byte(b'D')?;
    clock(magnitude % DAY, SECOND, 9, out)
}

fn time(milliseconds: i32, out: &mut Ascii<'_, '_>) -> fmt::Result {
    clock(sign(milliseconds.into(), out)?, 1000, 3, out)
}

fn second(seconds: i32, out: &mut Ascii<'_, '_>) -> fmt::Result {
    hours_minutes_seconds(sign(seconds.into(), out)?, out)
}

fn minute(minutes: i32, out: &mut Ascii<'_, '_>) -> fmt::Result {
    hours_minutes(sign(minutes.into(), out)?, out)
}

/// Writes the sign of a negative number and returns the magnitude.
fn sign(number: i64, out: &mut Ascii<'_, '_>) -> Result<u64, fmt::Error> {
    if number < 0 {
        out.byte(b'-')?;
    }
    Ok(number.unsigned_abs())
}

/// Writes `hh:mm:ss.f` with `digits` decimals; `units`: time of day in units of 1/`per_second` s.
fn clock(units: u64, per_second: u64, digits: usize, out: &mut Ascii<'_, '_>) -> fmt::Result {
    let seconds = units / per_second;
    hours_minutes_seconds(seconds, out)?;
    out.byte(b'.')?;
    out.number(units % per_second, digits)
}

fn hours_minutes_seconds(seconds: u64, out: &mut Ascii<'_, '_>) -> fmt::Result {
    hours_minutes(seconds / 60, out)?;
    out.byte(b':')?;
    out.number(seconds % 60, 2)
}

/// Writes `hh:mm`. Hours are not reduced modulo 24 and may have more than two digits.
fn hours_minutes(minutes: u64, out: &mut Ascii<'_, '_>) -> fmt::Result {
    out.number(minutes / 60, 2)?;
    out.byte(b':')?;
    out.number(minutes % 60, 2)
}
