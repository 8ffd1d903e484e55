//! Days as text shows them: year, month and day of the Gregorian calendar, counted from 2000.01.01.
//!
//! A year that starts on 1 March has its leap day at its end, and the months of such a year repeat
//! every five with 153 days. So a day number splits into eras of 400 years (146097 days), years and
//! months by division alone, and joins again the same way.

/// 0001.01.01 and 9999.12.31, all that q shows.
const DAYS: std::ops::RangeInclusive<i64> = -730_119..=2_921_939;

/// Days from 0000.03.01 to 2000.01.01.
const SHIFT: i64 = 730_425;

/// Months from year 0 to 2000.01.
const MONTHS: i32 = 24_000;

const ERA: u32 = 146_097;

/// A day that q can show.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Day {
    pub(crate) year: u32,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

/// The day that is so many days after 2000.01.01, from 0001.01.01 to 9999.12.31.
#[expect(clippy::arithmetic_side_effects, reason = "a day number within DAYS, shifted, is positive and under 2^22")]
pub(crate) fn day(days: i64) -> Option<Day> {
    if !DAYS.contains(&days) {
        return None;
    }
    let shifted = u32::try_from(days + SHIFT).ok()?;
    let (era, of_era) = (shifted / ERA, shifted % ERA);
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / (ERA - 1)) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era;
    Some(if month < 10 { Day { year, month: month + 3, day } } else { Day { year: year + 1, month: month - 9, day } })
}

/// The days from 2000.01.01 to this one; `None` if there is no such day.
#[expect(clippy::arithmetic_side_effects, reason = "year, month and day are checked first and small")]
pub(crate) fn days(Day { year, month, day }: Day) -> Option<i32> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) || !(1..=month_days(year, month)).contains(&day) {
        return None;
    }
    let (shifted_year, shifted_month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, year_of_era) = (shifted_year / 400, shifted_year % 400);
    let of_year = (153 * shifted_month + 2) / 5 + day - 1;
    let of_era = 365 * year_of_era + year_of_era / 4 - year_of_era / 100 + of_year;
    i32::try_from(i64::from(era * ERA + of_era) - SHIFT).ok()
}

/// Year and month that are so many months after 2000.01, from 0001.01 to 9999.12.
pub(crate) fn month(months: i32) -> Option<(u32, u32)> {
    let months = u32::try_from(months.checked_add(MONTHS)?).ok()?;
    let (year, month) = (months / 12, (months % 12).saturating_add(1));
    (1..=9999).contains(&year).then_some((year, month))
}

/// The months from 2000.01 to this one; `None` if there is no such month.
pub(crate) fn months(year: u32, month: u32) -> Option<i32> {
    if !(1..=9999).contains(&year) || !(1..=12).contains(&month) {
        return None;
    }
    i32::try_from(year.saturating_mul(12).saturating_add(month)).ok()?.checked_sub(MONTHS.saturating_add(1))
}

const fn month_days(year: u32, month: u32) -> u32 {
    match month {
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_day_there_and_back() {
        let mut expected = Day { year: 1, month: 1, day: 1 };
        for number in DAYS {
            assert_eq!(day(number), Some(expected));
            assert_eq!(days(expected).map(i64::from), Some(number));
            expected.day += 1;
            if expected.day > month_days(expected.year, expected.month) {
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
