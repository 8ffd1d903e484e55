//! Temporal items from and to years, months, days, hours, minutes and seconds, and the clocks of the standard library.
//!
//! Nulls, infinities and days outside of 0001.01.01 to 9999.12.31 have no civil form: `None`.

use std::time::{Duration, SystemTime};

use crate::calendar::{self, Day};
use crate::error::{Error, ErrorKind};
use crate::null::Null;
use crate::temporal::{Date, Datetime, Minute, Month, Second, Time, Timespan, Timestamp};

/// Nanoseconds of a second and of a day.
const SECOND: i64 = 1_000_000_000;
const DAY: i64 = 86_400 * SECOND;

/// Seconds from 1970.01.01 to 2000.01.01.
const EPOCH: u64 = 10_957 * 86_400;

pub(crate) const OUT_OF_RANGE: Error = Error::new(0, ErrorKind::Range);

impl Month {
    /// The month of a year, counted from 1; `None` if there is no such month or outside the years 1 to 9999.
    #[must_use]
    pub fn from_ym(year: u32, month: u32) -> Option<Self> {
        calendar::month_number(year, month).map(Self)
    }

    /// Year and month, counted from 1.
    #[must_use]
    pub fn ym(self) -> Option<(u32, u32)> {
        calendar::year_and_month(self.0.into())
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> Option<u32> {
        self.ym().map(|(year, _)| year)
    }

    /// The month of the year, counted from 1.
    #[must_use]
    pub fn month(self) -> Option<u32> {
        self.ym().map(|(_, month)| month)
    }

    /// The first day of the month.
    #[must_use]
    pub fn first_day(self) -> Option<Date> {
        let (year, month) = self.ym()?;
        Date::from_ymd(year, month, 1)
    }
}

impl Date {
    /// The day of a month of a year, day and month counted from 1; `None` if there is no such day, and outside of the
    /// years 1 to 9999.
    ///
    /// ```
    /// use kcodec::Date;
    ///
    /// let leap = Date::from_ymd(2024, 2, 29).expect("a leap year");
    /// assert_eq!((leap.0, leap.ymd()), (8825, Some((2024, 2, 29))));
    /// assert_eq!(Date::from_ymd(2023, 2, 29), None);
    /// assert_eq!(Date::NULL.year(), None);
    /// ```
    #[must_use]
    pub fn from_ymd(year: u32, month: u32, day: u32) -> Option<Self> {
        calendar::day_number(Day { year, month, day }).map(Self)
    }

    /// Year, month and day, the last two counted from 1.
    #[must_use]
    pub fn ymd(self) -> Option<(u32, u32, u32)> {
        calendar::day_of(self.0.into()).map(|Day { year, month, day }| (year, month, day))
    }

    /// The year.
    #[must_use]
    pub fn year(self) -> Option<u32> {
        self.ymd().map(|(year, ..)| year)
    }

    /// The month of the year, counted from 1.
    #[must_use]
    pub fn month(self) -> Option<u32> {
        self.ymd().map(|(_, month, _)| month)
    }

    /// The day of the month, counted from 1.
    #[must_use]
    pub fn day(self) -> Option<u32> {
        self.ymd().map(|(.., day)| day)
    }

    /// The timestamp so long after the day's midnight; `None` where no timestamp reaches, which is from 1707.09.22 to
    /// 2292.04.10, and for nulls and infinities.
    #[must_use]
    pub fn at(self, since_midnight: Timespan) -> Option<Timestamp> {
        if !(self.is_finite() && since_midnight.is_finite()) {
            return None;
        }
        let midnight = i64::from(self.0).checked_mul(DAY)?;
        Some(Timestamp(midnight.checked_add(since_midnight.0)?)).filter(|timestamp| timestamp.is_finite())
    }
}

impl Timestamp {
    /// The date.
    #[must_use]
    pub fn date(self) -> Option<Date> {
        self.is_finite().then(|| i32::try_from(self.0.div_euclid(DAY)).ok().map(Date))?
    }

    /// The time since midnight, at least zero and less than a day.
    #[must_use]
    pub fn time_of_day(self) -> Option<Timespan> {
        self.is_finite().then(|| Timespan(self.0.rem_euclid(DAY)))
    }

    /// The clock of the operating system, as q's `.z.p`.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Range`] for a clock before 1707.09.22 or past 2292.04.10.
    pub fn now() -> Result<Self, Error> {
        SystemTime::now().try_into()
    }
}

impl Datetime {
    /// The timestamp, to the millisecond that a datetime has.
    #[must_use]
    #[expect(clippy::cast_possible_truncation, reason = "`as` saturates, and what saturates is out of range")]
    pub fn timestamp(self) -> Option<Timestamp> {
        let milliseconds = self.some().map(|days| (days.0 * 86_400_000.0).round() as i64)?;
        Some(Timestamp(milliseconds.checked_mul(1_000_000)?)).filter(|timestamp| timestamp.is_finite())
    }
}

/// Hours, minutes and seconds of types that count some unit from midnight.
macro_rules! clocks {
    ($($ty:ident $per_hour:literal $($part:ident $unit:literal $modulus:literal $doc:literal,)*;)*) => {$(
        impl $ty {
            /// Whole hours, which may be more than 23; of a negative time, of its magnitude.
            #[must_use]
            pub fn hour(self) -> Option<u32> {
                self.is_finite().then(|| u32::try_from(self.0.unsigned_abs() / $per_hour).ok())?
            }

            $(
                #[doc = $doc]
                #[must_use]
                pub fn $part(self) -> Option<u32> {
                    self.is_finite().then(|| u32::try_from(self.0.unsigned_abs() / $unit % $modulus).ok())?
                }
            )*
        }
    )*};
}
clocks! {
    Timespan 3_600_000_000_000
        minute 60_000_000_000 60 "Minutes of the hour.",
        second 1_000_000_000 60 "Seconds of the minute.",
        nanosecond 1 1_000_000_000 "Nanoseconds of the second.",;
    Minute 60 minute 1 60 "Minutes of the hour.",;
    Second 3600 minute 60 60 "Minutes of the hour.", second 1 60 "Seconds of the minute.",;
    Time 3_600_000
        minute 60_000 60 "Minutes of the hour.",
        second 1000 60 "Seconds of the minute.",
        millisecond 1 1000 "Milliseconds of the second.",;
}

/// The parts of a day's time, from the timespan since midnight.
macro_rules! time_of_day {
    ($($part:ident $doc:literal,)*) => {
        impl Timestamp {$(
            #[doc = $doc]
            #[must_use]
            pub fn $part(self) -> Option<u32> {
                self.time_of_day()?.$part()
            }
        )*}
    };
}
time_of_day! {
    hour "The hour of the day.",
    minute "The minute of the hour.",
    second "The second of the minute.",
    nanosecond "The nanosecond of the second.",
}

/// Whole units: hours of any number, minutes and seconds below 60, a rest below a second's units.
fn units(hour: u32, minute: u32, second: u32, rest: u32, per_second: u32) -> Option<i64> {
    if minute >= 60 || second >= 60 || rest >= per_second {
        return None;
    }
    let seconds = (i64::from(hour) * 60 + i64::from(minute)) * 60 + i64::from(second);
    seconds.checked_mul(per_second.into())?.checked_add(rest.into())
}

impl Minute {
    /// Hours, which may be more than 23, and minutes below 60.
    #[must_use]
    pub fn from_hm(hour: u32, minute: u32) -> Option<Self> {
        let seconds = units(hour, minute, 0, 0, 1)?;
        i32::try_from(seconds / 60).ok().map(Self)
    }
}

impl Second {
    /// Hours, which may be more than 23, and minutes and seconds below 60.
    #[must_use]
    pub fn from_hms(hour: u32, minute: u32, second: u32) -> Option<Self> {
        i32::try_from(units(hour, minute, second, 0, 1)?).ok().map(Self)
    }
}

impl Time {
    /// Hours, which may be more than 23, minutes and seconds below 60, and milliseconds below 1000.
    #[must_use]
    pub fn from_hms_milli(hour: u32, minute: u32, second: u32, millisecond: u32) -> Option<Self> {
        i32::try_from(units(hour, minute, second, millisecond, 1000)?).ok().map(Self)
    }
}

impl Timespan {
    /// Hours, which may be more than 23, minutes and seconds below 60, and nanoseconds below 1,000,000,000.
    #[must_use]
    pub fn from_hms_nano(hour: u32, minute: u32, second: u32, nanosecond: u32) -> Option<Self> {
        units(hour, minute, second, nanosecond, 1_000_000_000).map(Self)
    }
}

/// Fails with [`ErrorKind::Range`] before 1707.09.22 and past 2292.04.10.
///
/// ```
/// use std::time::{Duration, SystemTime};
///
/// use kcodec::Timestamp;
///
/// let time = SystemTime::UNIX_EPOCH + Duration::new(946_684_800, 1); // 2000.01.01 and a nanosecond
/// assert_eq!(Timestamp::try_from(time), Ok(Timestamp(1)));
/// assert_eq!(SystemTime::try_from(Timestamp(1)), Ok(time));
/// assert!(SystemTime::try_from(Timestamp::NULL).is_err());
/// ```
impl TryFrom<SystemTime> for Timestamp {
    type Error = Error;

    fn try_from(time: SystemTime) -> Result<Self, Error> {
        let epoch = Duration::from_secs(EPOCH);
        let nanoseconds = match time.duration_since(SystemTime::UNIX_EPOCH) {
            Ok(since) => since.as_nanos().cast_signed(),
            Err(before) => -before.duration().as_nanos().cast_signed(),
        };
        let nanoseconds = i64::try_from(nanoseconds - epoch.as_nanos().cast_signed());
        let timestamp = nanoseconds.map(Self).map_err(|_| OUT_OF_RANGE)?;
        if timestamp.is_finite() { Ok(timestamp) } else { Err(OUT_OF_RANGE) }
    }
}

/// Fails with [`ErrorKind::Range`] for nulls, infinities, and what the operating system's clock cannot express.
impl TryFrom<Timestamp> for SystemTime {
    type Error = Error;

    fn try_from(timestamp: Timestamp) -> Result<Self, Error> {
        let epoch = Self::UNIX_EPOCH.checked_add(Duration::from_secs(EPOCH)).ok_or(OUT_OF_RANGE)?;
        let distance = Duration::from_nanos(timestamp.0.unsigned_abs());
        let time = if timestamp.0 < 0 { epoch.checked_sub(distance) } else { epoch.checked_add(distance) };
        time.filter(|_| timestamp.is_finite()).ok_or(OUT_OF_RANGE)
    }
}

/// Fails with [`ErrorKind::Range`] past 292 years.
impl TryFrom<Duration> for Timespan {
    type Error = Error;

    fn try_from(duration: Duration) -> Result<Self, Error> {
        let timespan = i64::try_from(duration.as_nanos()).map(Self).map_err(|_| OUT_OF_RANGE)?;
        if timespan.is_finite() { Ok(timespan) } else { Err(OUT_OF_RANGE) }
    }
}

/// Fails with [`ErrorKind::Range`] for negative timespans, the null and infinities.
impl TryFrom<Timespan> for Duration {
    type Error = Error;

    fn try_from(timespan: Timespan) -> Result<Self, Error> {
        let nanoseconds = u64::try_from(timespan.0).map_err(|_| OUT_OF_RANGE)?;
        if timespan.is_finite() { Ok(Self::from_nanos(nanoseconds)) } else { Err(OUT_OF_RANGE) }
    }
}
