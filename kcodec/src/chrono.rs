//! Temporal items from and to those of crate `chrono`. Nulls, infinities and what the other type cannot hold are
//! [`ErrorKind::Range`]; units that q's type does not have are cut off.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike, Utc};

use crate::civil::OUT_OF_RANGE;
use crate::error::Error;
use crate::temporal::{Date, Time, Timespan, Timestamp};

/// Nanoseconds of a second, and seconds from 1970.01.01 to 2000.01.01.
const SECOND: i64 = 1_000_000_000;
const EPOCH: i64 = 10_957 * 86_400;

/// A kdb+ timestamp has no time zone; this takes it to be UTC.
impl TryFrom<Timestamp> for DateTime<Utc> {
    type Error = Error;

    fn try_from(timestamp: Timestamp) -> Result<Self, Error> {
        let seconds = timestamp.0.div_euclid(SECOND) + EPOCH;
        let nanoseconds = u32::try_from(timestamp.0.rem_euclid(SECOND)).ok();
        let time = nanoseconds.and_then(|nanoseconds| Self::from_timestamp(seconds, nanoseconds));
        time.filter(|_| timestamp.is_finite()).ok_or(OUT_OF_RANGE)
    }
}

impl TryFrom<DateTime<Utc>> for Timestamp {
    type Error = Error;

    fn try_from(time: DateTime<Utc>) -> Result<Self, Error> {
        let seconds = i128::from(time.timestamp()) - i128::from(EPOCH);
        let nanoseconds = seconds * i128::from(SECOND) + i128::from(time.timestamp_subsec_nanos());
        let timestamp = i64::try_from(nanoseconds).ok().map(Self);
        timestamp.filter(|timestamp| timestamp.is_finite()).ok_or(OUT_OF_RANGE)
    }
}

impl TryFrom<Timestamp> for NaiveDateTime {
    type Error = Error;

    fn try_from(timestamp: Timestamp) -> Result<Self, Error> {
        DateTime::<Utc>::try_from(timestamp).map(|time| time.naive_utc())
    }
}

impl TryFrom<NaiveDateTime> for Timestamp {
    type Error = Error;

    fn try_from(time: NaiveDateTime) -> Result<Self, Error> {
        time.and_utc().try_into()
    }
}

impl TryFrom<Date> for NaiveDate {
    type Error = Error;

    fn try_from(date: Date) -> Result<Self, Error> {
        let (year, month, day) = date.ymd().ok_or(OUT_OF_RANGE)?;
        let year = i32::try_from(year).ok();
        year.and_then(|year| Self::from_ymd_opt(year, month, day)).ok_or(OUT_OF_RANGE)
    }
}

impl TryFrom<NaiveDate> for Date {
    type Error = Error;

    fn try_from(date: NaiveDate) -> Result<Self, Error> {
        let year = u32::try_from(date.year()).ok();
        year.and_then(|year| Self::from_ymd(year, date.month(), date.day())).ok_or(OUT_OF_RANGE)
    }
}

/// Fails for negative times and those of a day or more, too.
impl TryFrom<Time> for NaiveTime {
    type Error = Error;

    fn try_from(time: Time) -> Result<Self, Error> {
        let parts = (time.hour(), time.minute(), time.second(), time.millisecond());
        let (Some(hour), Some(minute), Some(second), Some(millisecond)) = parts else { return Err(OUT_OF_RANGE) };
        let time_of_day = Self::from_hms_milli_opt(hour, minute, second, millisecond);
        time_of_day.filter(|_| time.0 >= 0).ok_or(OUT_OF_RANGE)
    }
}

/// A leap second is the last millisecond of its minute.
impl From<NaiveTime> for Time {
    fn from(time: NaiveTime) -> Self {
        let millisecond = (time.nanosecond() / 1_000_000).min(999);
        // Never absent: a time of day.
        Self::from_hms_milli(time.hour(), time.minute(), time.second(), millisecond).unwrap_or_default()
    }
}

impl TryFrom<Timespan> for TimeDelta {
    type Error = Error;

    fn try_from(timespan: Timespan) -> Result<Self, Error> {
        if timespan.is_finite() { Ok(Self::nanoseconds(timespan.0)) } else { Err(OUT_OF_RANGE) }
    }
}

impl TryFrom<TimeDelta> for Timespan {
    type Error = Error;

    fn try_from(duration: TimeDelta) -> Result<Self, Error> {
        let timespan = duration.num_nanoseconds().map(Self);
        timespan.filter(|timespan| timespan.is_finite()).ok_or(OUT_OF_RANGE)
    }
}
