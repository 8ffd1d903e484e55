//! The proleptic Gregorian calendar in kdb+'s units: days since 2000.01.01, months since 2000.01.
//!
//! The plain algorithm from a date to a day number; `month_of` is its inverse:
//!
//! ```text
//! days = 0
//! for each year before: days += 366 if it is a leap year, otherwise 365
//! for each month before in the year: days += its length
//! days += day of the month - 1
//! ```
//!
//! The functions below compute both sums in constant time, without loops or tables:
//!
//! - **Years begin on 1 March.** The leap day is then the last day of a year, so it changes no offset within the year.
//! - **Eras of 400 years.** The calendar repeats after 400 years, which have 146097 days. Euclidean division by the era
//!   makes the rest non-negative, so dates before the epoch need no separate case. Within an era, y years have
//!   365y + y/4 - y/100 days; y is at most 399, so the rule for every 400th year never applies.
//! - **Months from March** are 31 30 31 30 31, 31 30 31 30 31, 31 and the rest days long: every five have 153 days. The
//!   month m begins on day (153m + 2) / 5, and the day d is in month (5d + 2) / 153.
//! - **From a day of an era to its year.** Subtracting the leap days leaves years of 365 days, so a division finds the
//!   year. The leap days follow from the day number: one every 1460 days, less one every 36524 days, plus one on the
//!   last day of the era. A test compares every day of the years 1 to 9999 with a calendar that adds one day at a time.

/// Days of an era.
const ERA: i64 = 146_097;

/// Days from 0000.03.01 to 2000.01.01.
const SHIFT: i64 = 730_425;

/// Months from 0000.03 to 2000.01.
const SHIFT_MONTHS: i64 = 2000 * 12 - 2;

/// The day numbers that q can display: 0001.01.01 to 9999.12.31.
const DAYS: std::ops::RangeInclusive<i64> = -730_119..=2_921_939;

/// The years that q can display.
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

/// The first day of a month, in days since 2000.01.01; `month`: months since 2000.01. For casts between temporal types.
/// Wraps on overflow, which is far outside the range of kdb+'s types.
///
/// ```
/// assert_eq!(kcodec::calendar::first_day(1), 31); // 2000.02.01
/// assert_eq!(kcodec::calendar::first_day(-1), -31); // 1999.12.01
/// ```
#[must_use]
pub const fn first_day(month: i64) -> i64 {
    let month = month.wrapping_add(SHIFT_MONTHS);
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12));
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    let of_era = days_before_year(year) + days_before_month(month);
    era.wrapping_mul(ERA).wrapping_add(of_era).wrapping_sub(SHIFT)
}

/// The month of a day, in months since 2000.01; `day`: days since 2000.01.01. The inverse of [`first_day`] for every
/// day of the month. Wraps on overflow.
///
/// ```
/// assert_eq!((kcodec::calendar::month_of(59), kcodec::calendar::month_of(60)), (1, 2)); // a leap year
/// ```
#[must_use]
pub const fn month_of(day: i64) -> i64 {
    let day = day.wrapping_add(SHIFT);
    let (era, day) = (day.div_euclid(ERA), day.rem_euclid(ERA));
    let leap_days = day / 1460 - day / 36_524 + day / (ERA - 1);
    let year = (day - leap_days) / 365;
    let day = day - days_before_year(year);
    let month = (day * 5 + 2) / 153;
    // There are fewer months than days, so that this does not overflow.
    (era * 400 + year) * 12 + month - SHIFT_MONTHS
}

/// Days of an era before the year `year`, 0 to 399, which begins on 1 March.
const fn days_before_year(year: i64) -> i64 {
    year * 365 + year / 4 - year / 100
}

/// Days of a year before the month `month`; March is 0.
const fn days_before_month(month: i64) -> i64 {
    (month * 153 + 2) / 5
}

/// A date, 0001.01.01 to 9999.12.31.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) year: u32,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

/// The date of a day number, days since 2000.01.01; `None` outside 0001.01.01 to 9999.12.31.
pub(crate) fn day_of(days: i64) -> Option<Day> {
    let number = month_of(days);
    let (year, month) = DAYS.contains(&days).then(|| year_and_month(number))??;
    let day = u32::try_from(days - first_day(number)).ok()? + 1;
    Some(Day { year, month, day })
}

/// The day number of a date, days since 2000.01.01; `None` if the calendar has no such date.
pub(crate) fn day_number(Day { year, month, day }: Day) -> Option<i32> {
    let number = i64::from(month_number(year, month)?);
    let date = first_day(number) + i64::from(day) - 1;
    (day > 0 && month_of(date) == number).then(|| i32::try_from(date).ok())?
}

/// The month number of a year and month, months since 2000.01; `None` outside 0001.01 to 9999.12.
pub(crate) fn month_number(year: u32, month: u32) -> Option<i32> {
    let known = YEARS.contains(&year.into()) && (1..=12).contains(&month);
    let months = (i64::from(year) - 2000) * 12 + i64::from(month) - 1;
    known.then(|| i32::try_from(months).ok())?
}

/// The year and month of a month number, months since 2000.01; `None` outside 0001.01 to 9999.12.
pub(crate) fn year_and_month(months: i64) -> Option<(u32, u32)> {
    let year = months.div_euclid(12) + 2000;
    let month = u32::try_from(months.rem_euclid(12)).ok()? + 1;
    YEARS.contains(&year).then(|| Some((u32::try_from(year).ok()?, month)))?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn length(year: u32, month: u32) -> u32 {
        match month {
            2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
            2 => 28,
            4 | 6 | 9 | 11 => 30,
            _ => 31,
        }
    }

    #[test]
    fn first_day_and_month_of_are_inverse() {
        assert_eq!([0, 1, 2, 12, -1, -10 * 12].map(first_day), [0, 31, 60, 366, -31, -3652]);
        for month in -30_000..30_000 {
            let day = first_day(month);
            assert_eq!((month_of(day), month_of(day - 1)), (month, month - 1));
        }
    }

    #[test]
    fn every_day_round_trips() {
        let mut expected = Day { year: 1, month: 1, day: 1 };
        for number in DAYS {
            assert_eq!(day_of(number), Some(expected));
            assert_eq!(day_number(expected).map(i64::from), Some(number));
            expected.day += 1;
            if expected.day > length(expected.year, expected.month) {
                expected = Day { day: 1, month: expected.month + 1, ..expected };
            }
            if expected.month > 12 {
                expected = Day { year: expected.year + 1, month: 1, day: 1 };
            }
        }
        assert_eq!(expected.year, 10_000);
        assert_eq!(day_of(-730_120), None);
        assert_eq!(day_of(2_921_940), None);
    }

    #[test]
    fn nonexistent_days_are_none() {
        for (year, month, day) in [(2001, 2, 29), (1900, 2, 29), (2000, 13, 1), (2000, 0, 1), (2000, 4, 31), (0, 1, 1)]
        {
            assert_eq!(day_number(Day { year, month, day }), None);
        }
        assert_eq!(day_number(Day { year: 2000, month: 2, day: 29 }), Some(59));
    }

    #[test]
    fn every_month_round_trips() {
        for year in 1..=9999 {
            for of_year in 1..=12 {
                let number = month_number(year, of_year).unwrap();
                assert_eq!(year_and_month(number.into()), Some((year, of_year)));
            }
        }
        assert_eq!(month_number(2000, 1), Some(0));
        assert_eq!(year_and_month(i32::MIN.into()), None);
        assert_eq!(year_and_month(i32::MAX.into()), None);
    }
}
