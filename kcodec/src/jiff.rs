//! Temporal items from and to those of crate `jiff`. Nulls, infinities and what the other type cannot hold are
//! [`ErrorKind::Range`]; units that q's type does not have are cut off.

use jiff::SignedDuration;
use jiff::civil;

use crate::civil::OUT_OF_RANGE;
use crate::error::Error;
use crate::temporal::{Date, Time, Timespan, Timestamp};

/// Nanoseconds from 1970.01.01 to 2000.01.01.
const EPOCH: i128 = 10_957 * 86_400 * 1_000_000_000;

/// A kdb+ timestamp has no time zone; this takes it to be UTC.
impl TryFrom<Timestamp> for jiff::Timestamp {
    type Error = Error;

    fn try_from(timestamp: Timestamp) -> Result<Self, Error> {
        let nanoseconds = i128::from(timestamp.0) + EPOCH;
        let time = Self::from_nanosecond(nanoseconds).ok();
        time.filter(|_| timestamp.is_finite()).ok_or(OUT_OF_RANGE)
    }
}

impl TryFrom<jiff::Timestamp> for Timestamp {
    type Error = Error;

    fn try_from(time: jiff::Timestamp) -> Result<Self, Error> {
        let nanoseconds = time.as_nanosecond() - EPOCH;
        let timestamp = i64::try_from(nanoseconds).ok().map(Self);
        timestamp.filter(|timestamp| timestamp.is_finite()).ok_or(OUT_OF_RANGE)
    }
}

impl TryFrom<Timestamp> for civil::DateTime {
    type Error = Error;

    fn try_from(timestamp: Timestamp) -> Result<Self, Error> {
        let time = jiff::Timestamp::try_from(timestamp)?;
        Ok(jiff::tz::Offset::UTC.to_datetime(time))
    }
}

impl TryFrom<civil::DateTime> for Timestamp {
    type Error = Error;

    fn try_from(time: civil::DateTime) -> Result<Self, Error> {
        jiff::tz::Offset::UTC.to_timestamp(time).map_err(|_| OUT_OF_RANGE)?.try_into()
    }
}

impl TryFrom<Date> for civil::Date {
    type Error = Error;

    fn try_from(date: Date) -> Result<Self, Error> {
        let (year, month, day) = date.ymd().ok_or(OUT_OF_RANGE)?;
        let parts = (i16::try_from(year).ok(), i8::try_from(month).ok(), i8::try_from(day).ok());
        let (Some(year), Some(month), Some(day)) = parts else { return Err(OUT_OF_RANGE) };
        Self::new(year, month, day).map_err(|_| OUT_OF_RANGE)
    }
}

impl TryFrom<civil::Date> for Date {
    type Error = Error;

    fn try_from(date: civil::Date) -> Result<Self, Error> {
        let parts = (u32::try_from(date.year()), u32::try_from(date.month()), u32::try_from(date.day()));
        let (Ok(year), Ok(month), Ok(day)) = parts else { return Err(OUT_OF_RANGE) };
        Self::from_ymd(year, month, day).ok_or(OUT_OF_RANGE)
    }
}

/// Fails for negative times and those of a day or more, too.
impl TryFrom<Time> for civil::Time {
    type Error = Error;

    fn try_from(time: Time) -> Result<Self, Error> {
        let parts = || {
            let part = |part: Option<u32>| i8::try_from(part?).ok();
            let nanosecond = i32::try_from(time.millisecond()?).ok()? * 1_000_000;
            Self::new(part(time.hour())?, part(time.minute())?, part(time.second())?, nanosecond).ok()
        };
        parts().filter(|_| time.0 >= 0).ok_or(OUT_OF_RANGE)
    }
}

impl From<civil::Time> for Time {
    fn from(time: civil::Time) -> Self {
        let nanoseconds = civil::Time::midnight().duration_until(time).as_nanos();
        // Below 86,400,000.
        Self(i32::try_from(nanoseconds / 1_000_000).unwrap_or_default())
    }
}

impl TryFrom<Timespan> for SignedDuration {
    type Error = Error;

    fn try_from(timespan: Timespan) -> Result<Self, Error> {
        if timespan.is_finite() { Ok(Self::from_nanos(timespan.0)) } else { Err(OUT_OF_RANGE) }
    }
}

impl TryFrom<SignedDuration> for Timespan {
    type Error = Error;

    fn try_from(duration: SignedDuration) -> Result<Self, Error> {
        let timespan = i64::try_from(duration.as_nanos()).ok().map(Self);
        timespan.filter(|timespan| timespan.is_finite()).ok_or(OUT_OF_RANGE)
    }
}
