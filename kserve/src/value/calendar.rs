//! Months and the days they begin on, counted from 2000.

/// Days of an era of 400 years.
const ERA: i64 = 146_097;

/// Days from 0000.03.01 to 2000.01.01. Years that begin with March have their leap day last.
const EPOCH: i64 = 730_425;

/// The day that a month begins on.
pub(crate) fn days_of_month(month: i64) -> i64 {
    let month = month + 2000 * 12 - 2;
    let (year, month) = (month.div_euclid(12), month.rem_euclid(12));
    let (era, year) = (year.div_euclid(400), year.rem_euclid(400));
    era * ERA + year * 365 + year / 4 - year / 100 + (month * 153 + 2) / 5 - EPOCH
}

/// The month that a day is in.
pub(crate) fn month_of_days(day: i64) -> i64 {
    let day = day + EPOCH;
    let (era, day) = (day.div_euclid(ERA), day.rem_euclid(ERA));
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    (era * 400 + year) * 12 + (day * 5 + 2) / 153 + 2 - 2000 * 12
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn months_begin_and_end_where_they_should() {
        assert_eq!([0, 1, 2, 12, -1, -10 * 12].map(days_of_month), [0, 31, 60, 366, -31, -3652]);
        for month in -30_000..30_000 {
            let day = days_of_month(month);
            assert_eq!((month_of_days(day), month_of_days(day - 1)), (month, month - 1));
        }
    }
}
