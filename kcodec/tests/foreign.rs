//! Conversion of temporal items and guids to and from the types of jiff, chrono and uuid.

use std::fmt::Debug;

use kcodec::{Date, Guid, Time, Timespan, Timestamp};

fn round_trip<Q, F>(item: Q, text: &str)
where
    Q: TryFrom<F> + Copy + PartialEq + Debug,
    F: TryFrom<Q> + ToString,
{
    let Ok(foreign) = F::try_from(item) else { panic!("{item:?} has no foreign form") };
    assert_eq!((foreign.to_string(), Q::try_from(foreign).ok()), (text.into(), Some(item)));
}

fn all_refused<Q, F: TryFrom<Q>>(items: impl IntoIterator<Item = Q>) {
    assert!(items.into_iter().all(|item| F::try_from(item).is_err()));
}

const TIMESTAMPS: [Timestamp; 3] = [Timestamp::NULL, Timestamp::INFINITY, Timestamp::NEG_INFINITY];
const DATES: [Date; 3] = [Date::NULL, Date::INFINITY, Date::NEG_INFINITY];
const TIMES: [Time; 4] = [Time::NULL, Time::INFINITY, Time(-1), Time(86_400_000)];
const TIMESPANS: [Timespan; 3] = [Timespan::NULL, Timespan::INFINITY, Timespan::NEG_INFINITY];

#[test]
fn jiff() {
    round_trip::<_, jiff::Timestamp>(Timestamp(1), "2000-01-01T00:00:00.000000001Z");
    round_trip::<_, jiff::civil::DateTime>(Timestamp(-1), "1999-12-31T23:59:59.999999999");
    round_trip::<_, jiff::civil::Date>(Date(8825), "2024-02-29");
    round_trip::<_, jiff::civil::Time>(Time(3_723_004), "01:02:03.004");
    round_trip::<_, jiff::SignedDuration>(Timespan(-1_000_000_000), "-PT1S");
    all_refused::<_, jiff::Timestamp>(TIMESTAMPS);
    all_refused::<_, jiff::civil::DateTime>(TIMESTAMPS);
    all_refused::<_, jiff::civil::Date>(DATES);
    all_refused::<_, jiff::civil::Time>(TIMES);
    all_refused::<_, jiff::SignedDuration>(TIMESPANS);
    assert!(Timestamp::try_from(jiff::Timestamp::MAX).is_err() && Timestamp::try_from(jiff::Timestamp::MIN).is_err());
    assert!(Date::try_from(jiff::civil::date(-5, 1, 1)).is_err());
}

#[test]
fn chrono() {
    use chrono::{DateTime, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Utc};

    round_trip::<_, DateTime<Utc>>(Timestamp(1), "2000-01-01 00:00:00.000000001 UTC");
    round_trip::<_, NaiveDateTime>(Timestamp(-1), "1999-12-31 23:59:59.999999999");
    round_trip::<_, NaiveDate>(Date(8825), "2024-02-29");
    round_trip::<_, NaiveTime>(Time(3_723_004), "01:02:03.004");
    round_trip::<_, TimeDelta>(Timespan(-1_000_000_000), "-PT1S");
    all_refused::<_, DateTime<Utc>>(TIMESTAMPS);
    all_refused::<_, NaiveDateTime>(TIMESTAMPS);
    all_refused::<_, NaiveDate>(DATES);
    all_refused::<_, NaiveTime>(TIMES);
    all_refused::<_, TimeDelta>(TIMESPANS);
    assert!(Timestamp::try_from(NaiveDateTime::MAX).is_err() && Timestamp::try_from(NaiveDateTime::MIN).is_err());
    assert!(Date::try_from(NaiveDate::MIN).is_err());
    let leap = NaiveTime::from_hms_nano_opt(23, 59, 59, 1_500_000_000);
    assert_eq!(leap.map(Time::from), Some(Time(86_399_999)));
}

#[test]
fn uuid() {
    round_trip::<Guid, uuid::Uuid>(Guid([0xab; 16]), "abababab-abab-abab-abab-abababababab");
}
