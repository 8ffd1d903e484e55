//! Conversion of temporal items to and from years, months, hours and the standard library's types; nulls and
//! infinities.

use std::time::{Duration, SystemTime};

use kcodec::{Atom, Date, Datetime, Infinite, Minute, Month, Null, Second, Symbol, Time, Timespan, Timestamp, Value};

#[test]
fn constants_equal_q_literals() {
    for (text, atom) in [
        ("0Nh", Atom::Short(i16::NULL)),
        ("0Wi", Atom::Int(i32::INFINITY)),
        ("-0W", Atom::Long(i64::NEG_INFINITY)),
        ("0Ne", Atom::Real(f32::NULL)),
        ("-0w", Atom::Float(f64::NEG_INFINITY)),
        ("0Np", Atom::Timestamp(Timestamp::NULL)),
        ("0Wm", Atom::Month(Month::INFINITY)),
        ("-0Wd", Atom::Date(Date::NEG_INFINITY)),
        ("0Nz", Atom::Datetime(Datetime::NULL)),
        ("0Wn", Atom::Timespan(Timespan::INFINITY)),
        ("0Nu", Atom::Minute(Minute::NULL)),
        ("-0Wv", Atom::Second(Second::NEG_INFINITY)),
        ("0Wt", Atom::Time(Time::INFINITY)),
    ] {
        let (mut body, parsed) = (Vec::new(), kcodec::parse(text).unwrap());
        Value::from(atom).encode(&mut body).unwrap();
        assert_eq!((&body[..], atom.is_null()), (&parsed.as_bytes()[..], text.contains('N')), "{text}");
    }
    assert_eq!((f64::NAN.some(), Symbol::NULL.some(), 1_i16.some()), (None, None, Some(1)));
    assert!(!Date::NULL.is_finite() && !Date::INFINITY.is_finite() && Date(0).is_finite());
}

#[test]
fn dates_months_and_timestamps() {
    let date = Date::from_ymd(1999, 12, 31).unwrap();
    assert_eq!((date, date.year(), date.month(), date.day()), (Date(-1), Some(1999), Some(12), Some(31)));
    assert_eq!(Month::from_ym(1999, 12).map(|month| (month, month.ym())), Some((Month(-1), Some((1999, 12)))));
    assert_eq!(Month(1).first_day(), Some(Date(31)));
    let timestamp = date.at(Timespan::from_hms_nano(23, 59, 58, 7).unwrap()).unwrap();
    assert_eq!(timestamp.to_string(), "1999.12.31D23:59:58.000000007");
    assert_eq!(timestamp.date(), Some(date));
    let parts = [timestamp.hour(), timestamp.minute(), timestamp.second(), timestamp.nanosecond()];
    assert_eq!(parts, [23, 59, 58, 7].map(Some));
    assert_eq!((Timestamp::NULL.date(), Timestamp::INFINITY.hour(), Date::INFINITY.ymd()), (None, None, None));
    assert_eq!((Date::NULL.at(Timespan(0)), Date(1_000_000).at(Timespan(0))), (None, None));
    assert_eq!(Datetime(0.5).timestamp(), Some(Timestamp(43_200_000_000_000)));
    assert_eq!((Datetime::NULL.timestamp(), Datetime::INFINITY.timestamp()), (None, None));
}

#[test]
fn times() {
    let time = Time::from_hms_milli(25, 1, 2, 3).unwrap();
    assert_eq!(time.to_string(), "25:01:02.003");
    assert_eq!([time.hour(), time.minute(), time.second(), time.millisecond()], [25, 1, 2, 3].map(Some));
    assert_eq!(Time(-1).millisecond(), Some(1));
    assert_eq!(Minute::from_hm(1, 2), Some(Minute(62)));
    assert_eq!(Second::from_hms(0, 1, 2).map(|second| (second.minute(), second.second())), Some((Some(1), Some(2))));
    assert_eq!((Second::from_hms(0, 60, 0), Time::from_hms_milli(0, 0, 0, 1000)), (None, None));
    assert_eq!((Minute::from_hm(u32::MAX, 0), Time::NULL.hour()), (None, None));
}

#[test]
fn clocks_of_the_standard_library() {
    for nanoseconds in [0, 1, -1, 1 << 62, -(1 << 62), i64::MAX - 1, -i64::MAX + 1] {
        let time = SystemTime::try_from(Timestamp(nanoseconds)).unwrap();
        assert_eq!(Timestamp::try_from(time), Ok(Timestamp(nanoseconds)));
    }
    for timestamp in [Timestamp::NULL, Timestamp::INFINITY, Timestamp::NEG_INFINITY] {
        assert!(SystemTime::try_from(timestamp).is_err());
    }
    assert!(Timestamp::try_from(SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40)).is_err());
    assert!(Timestamp::now().is_ok_and(|now| now.date().is_some()));
    assert_eq!(Timespan::try_from(Duration::from_secs(1)), Ok(Timespan(1_000_000_000)));
    assert_eq!(Duration::try_from(Timespan(5)), Ok(Duration::from_nanos(5)));
    assert!(Duration::try_from(Timespan(-5)).is_err() && Duration::try_from(Timespan::INFINITY).is_err());
    assert!(Timespan::try_from(Duration::MAX).is_err());
}
