//! Do temporal items and guids survive the way through jiff, chrono and uuid?

use std::fmt::Debug;

use kcodec::{Date, Guid, Time, Timespan, Timestamp};

fn there_and_back<Q, F>(item: Q, text: &str)
where
    Q: TryFrom<F> + Copy + PartialEq + Debug,
    F: TryFrom<Q> + ToString,
{
    let Ok(foreign) = F::try_from(item) else { panic!("{item:?} has no foreign form") };
    assert_eq!((foreign.to_string(), Q::try_from(foreign).ok()), (text.into(), Some(item)));
}

fn has_none<Q, F: TryFrom<Q>>(items: impl IntoIterator<Item = Q>) {
    assert!(items.into_iter().all(|item| F::try_from(item).is_err()));
}

const TIMESTAMPS: [Timestamp; 3] = [Timestamp::NULL, Timestamp::INFINITY, Timestamp::NEG_INFINITY];
const DATES: [Date; 3] = [Date::NULL, Date::INFINITY, Date::NEG_INFINITY];
const TIMES: [Time; 4] = [Time::NULL, Time::INFINITY, Time(-1), Time(86_400_000)];
const TIMESPANS: [Timespan; 3] = [Timespan::NULL, Timespan::INFINITY, Timespan::NEG_INFINITY];

#[test]
fn jiff() {
    there_and_back::<_, jiff::Timestamp>(Timestamp(1), "2000-01-01T00:00:00.000000001Z");
    there_and_back::<_, jiff::civil::DateTime>(Timestamp(-1), "1999-12-31T23:59:59.999999999");
    there_and_back::<_, jiff::civil::Date>(Date(8825), "2024-02-29");
    there_and_back::<_, jiff::civil::Time>(Time(3_723_004), "01:02:03.004");
    there_and_back::<_, jiff::SignedDuration>(Timespan(-1_000_000_000), "-PT1S");
    has_none::<_, jiff::Timestamp>(TIMESTAMPS);
    has_none::<_, jiff::civil::DateTime>(TIMESTAMPS);
    has_none::<_, jiff::civil::Date>(DATES);
    has_none::<_, jiff::civil::Time>(TIMES);
    has_none::<_, jiff::SignedDuration>(TIMESPANS);
    assert!(Timestamp::try_from(jiff::Timestamp::MAX).is_err() && Timestamp::try_from(jiff::Timestamp::MIN).is_err());
    assert!(Date::try_from(jiff::civil::date(-5, 1, 1)).is_err());
}

#[test]
fn chrono() {
    use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

    there_and_back::<_, DateTime<Utc>>(Timestamp(1), "2000-01-01 00:00:00.000000001 UTC");
    there_and_back::<_, NaiveDateTime>(Timestamp(-1), "1999-12-31 23:59:59.999999999");
    there_and_back::<_, NaiveDate>(Date(8825), "2024-02-29");
    there_and_back::<_, NaiveTime>(Time(3_723_004), "01:02:03.004");
    there_and_back::<_, TimeDelta>(Timespan(-1_000_000_000), "-PT1S");
    has_none::<_, DateTime<Utc>>(TIMESTAMPS);
    has_none::<_, NaiveDateTime>(TIMESTAMPS);
    has_none::<_, NaiveDate>(DATES);
    has_none::<_, NaiveTime>(TIMES);
    has_none::<_, TimeDelta>(TIMESPANS);
    assert!(Timestamp::try_from(NaiveDateTime::MAX).is_err() && Timestamp::try_from(NaiveDateTime::MIN).is_err());
    assert!(Date::try_from(NaiveDate::MIN).is_err());
    let leap = NaiveTime::from_hms_nano_opt(23, 59, 59, 1_500_000_000);
    assert_eq!(leap.map(Time::from), Some(Time(86_399_999)));
}

#[test]
fn uuid() {
    there_and_back::<Guid, uuid::Uuid>(Guid([0xab; 16]), "abababab-abab-abab-abab-abababababab");
}
