//! The Gregorian calendar, counted as kdb+ counts: days from 2000.01.01, months from 2000.01.
//!
//! A year that starts on 1 March has its leap day at its end, and the months of such a year repeat
//! every five with 153 days. So a day number splits into eras of 400 years (146097 days), years and
//! months by division alone, and joins again the same way.

/// Days of an era.
const ERA: i64 = 146_097;

/// Days from 0000.03.01 to 2000.01.01, and months.
const SHIFT: i64 = 730_425;
const SHIFT_MONTHS: i64 = 2000 * 12 - 2;

/// 0001.01.01 and 9999.12.31, all that q shows.
const DAYS: std::ops::RangeInclusive<i64> = -730_119..=2_921_939;
const YEARS: std::ops::RangeInclusive<i64> = 1..=9999;

/// The day that a month begins on, for casts between temporal types. Wraps far outside of what kdb+
/// can hold.
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
    let of_era = days_before_year(year).wrapping_add(days_before_month(month));
    era.wrapping_mul(ERA).wrapping_add(of_era).wrapping_sub(SHIFT)
}

/// The month that a day is in, the inverse of [`first_day`] for every day of the month.
#[must_use]
pub const fn month_of(day: i64) -> i64 {
    let day = day.wrapping_add(SHIFT);
    let (era, day) = (day.div_euclid(ERA), day.rem_euclid(ERA));
    let leap_days = (day / 1460).wrapping_sub(day / 36_524).wrapping_add(day / (ERA - 1));
    let year = day.wrapping_sub(leap_days) / 365;
    let day = day.wrapping_sub(days_before_year(year));
    let month = day.wrapping_mul(5).wrapping_add(2) / 153;
    era.wrapping_mul(400).wrapping_add(year).wrapping_mul(12).wrapping_add(month).wrapping_sub(SHIFT_MONTHS)
}

/// Days of an era before its year, which begins in March.
const fn days_before_year(year: i64) -> i64 {
    year.wrapping_mul(365).wrapping_add(year / 4).wrapping_sub(year / 100)
}

/// Days of a year that begins in March before its month, March being 0.
const fn days_before_month(month: i64) -> i64 {
    month.wrapping_mul(153).wrapping_add(2) / 5
}

/// A day that q can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) year: u32,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

/// The day that is so many days after 2000.01.01, from 0001.01.01 to 9999.12.31.
pub(crate) fn day(days: i64) -> Option<Day> {
    let number = month_of(days);
    let (year, month) = DAYS.contains(&days).then(|| year_and_month(number))??;
    let day = u32::try_from(days.wrapping_sub(first_day(number))).ok()?.saturating_add(1);
    Some(Day { year, month, day })
}

/// The days from 2000.01.01 to this one; `None` if there is no such day.
pub(crate) fn days(Day { year, month, day }: Day) -> Option<i32> {
    let number = i64::from(months(year, month)?);
    let date = first_day(number).wrapping_add(i64::from(day)).wrapping_sub(1);
    (day > 0 && month_of(date) == number).then(|| i32::try_from(date).ok())?
}

/// Year and month that are so many months after 2000.01, from 0001.01 to 9999.12.
pub(crate) fn month(months: i32) -> Option<(u32, u32)> {
    year_and_month(months.into())
}

/// The months from 2000.01 to this one; `None` if there is no such month.
pub(crate) fn months(year: u32, month: u32) -> Option<i32> {
    let known = YEARS.contains(&year.into()) && (1..=12).contains(&month);
    let months = i64::from(year).wrapping_sub(2000).wrapping_mul(12).wrapping_add(month.into()).wrapping_sub(1);
    known.then(|| i32::try_from(months).ok())?
}

fn year_and_month(months: i64) -> Option<(u32, u32)> {
    let year = months.div_euclid(12).wrapping_add(2000);
    let month = u32::try_from(months.rem_euclid(12)).ok()?.saturating_add(1);
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
    fn months_begin_and_end_where_they_should() {
        assert_eq!([0, 1, 2, 12, -1, -10 * 12].map(first_day), [0, 31, 60, 366, -31, -3652]);
        for month in -30_000..30_000 {
            let day = first_day(month);
            assert_eq!((month_of(day), month_of(day - 1)), (month, month - 1));
        }
    }

    #[test]
    fn every_day_there_and_back() {
        let mut expected = Day { year: 1, month: 1, day: 1 };
        for number in DAYS {
            assert_eq!(day(number), Some(expected));
            assert_eq!(days(expected).map(i64::from), Some(number));
            expected.day += 1;
            if expected.day > length(expected.year, expected.month) {
                expected = Day { day: 1, month: expected.month + 1, ..expected };
            }
            if expected.month > 12 {
                expected = Day { year: expected.year + 1, month: 1, day: 1 };
            }
        }
        assert_eq!(expected.year, 10_000);
        assert_eq!(day(-730_120), None);
        assert_eq!(day(2_921_940), None);
    }

    #[test]
    fn days_that_are_none() {
        for (year, month, day) in [(2001, 2, 29), (1900, 2, 29), (2000, 13, 1), (2000, 0, 1), (2000, 4, 31), (0, 1, 1)]
        {
            assert_eq!(days(Day { year, month, day }), None);
        }
        assert_eq!(days(Day { year: 2000, month: 2, day: 29 }), Some(59));
    }

    #[test]
    fn every_month_there_and_back() {
        for year in 1..=9999 {
            for of_year in 1..=12 {
                let number = months(year, of_year).unwrap();
                assert_eq!(month(number), Some((year, of_year)));
            }
        }
        assert_eq!(months(2000, 1), Some(0));
        assert_eq!(month(i32::MIN), None);
        assert_eq!(month(i32::MAX), None);
    }
}
