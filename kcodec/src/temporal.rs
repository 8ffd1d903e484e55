//! Items that are more than their number: guids and kdb+'s temporal types.

use bytemuck::{Pod, Zeroable};

/// A guid: 16 bytes in the order in which its text shows them, on every machine.
///
/// ```
/// use kcodec::{Guid, Value};
///
/// let guid = Guid(*b"0123456789abcdef");
/// assert_eq!(guid.to_string(), "30313233-3435-3637-3839-616263646566");
/// assert_ne!(guid, Guid::NULL); // with the feature `uuid` also from and to `Uuid`
/// assert_eq!((Value::from(guid).as_guid()?, Value::from(&[guid, guid]).as_guids()?.len()), (guid, 2));
/// # Ok::<(), kcodec::Mismatch>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Guid(pub [u8; 16]);

/// Nanoseconds since 2000.01.01.
///
/// ```
/// use kcodec::{Date, Timestamp};
///
/// let open = kcodec::parse("2024.01.31D09:30:00.000000001")?.value().as_timestamp()?;
/// assert_eq!(open.date(), Date::from_ymd(2024, 1, 31));
/// assert_eq!((open.hour(), open.minute(), open.second(), open.nanosecond()), (Some(9), Some(30), Some(0), Some(1)));
/// assert_eq!(open.time_of_day().map(|time| time.to_string()), Some("0D09:30:00.000000001".into()));
/// assert!(Timestamp::now()? > open);
/// let column = kcodec::parse("2024.01.31D09:30:00 0Np")?;
/// assert_eq!(column.value().as_timestamps()?.null_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Timestamp(pub i64);

/// Months since 2000.01.
///
/// ```
/// use kcodec::{Date, Month};
///
/// let month = Month::from_ym(2024, 2).expect("a month");
/// assert_eq!((month.ym(), month.year(), month.month()), (Some((2024, 2)), Some(2024), Some(2)));
/// assert_eq!((month.first_day(), month.to_string()), (Date::from_ymd(2024, 2, 1), "2024.02m".into()));
/// assert_eq!(kcodec::parse("2024.02m")?.value().as_month()?, month);
/// assert_eq!(kcodec::parse("2024.01 2024.02m")?.value().as_months()?.max(), Some(month));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Month(pub i32);

/// Days since 2000.01.01.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Date(pub i32);

/// Days since 2000.01.01 with a fraction; deprecated in q, still sent.
///
/// ```
/// use kcodec::{Datetime, Timestamp};
///
/// assert_eq!(Datetime(0.5).timestamp(), Some(Timestamp(12 * 3_600_000_000_000)));
/// assert_eq!(Datetime::NULL.timestamp(), None);
/// let column = kcodec::parse("2000.01.01T12:00:00.000 0Nz")?;
/// let noon = column.value().as_datetimes()?.max().expect("a datetime");
/// assert_eq!((noon, kcodec::Value::from(noon).as_datetime()?), (Datetime(0.5), noon));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, PartialOrd, Pod, Zeroable)]
#[repr(transparent)]
pub struct Datetime(pub f64);

/// Nanoseconds; may be negative or longer than a day.
///
/// ```
/// use kcodec::Timespan;
///
/// let span = Timespan::from_hms_nano(25, 1, 2, 3).expect("a timespan"); // 1D01:01:02.000000003
/// assert_eq!((span.hour(), span.minute(), span.second(), span.nanosecond()), (Some(25), Some(1), Some(2), Some(3)));
/// assert_eq!(kcodec::parse("1D01:01:02.000000003")?.value().as_timespan()?, span);
/// assert_eq!(kcodec::parse("0D12:00:00 0Nn")?.value().as_timespans()?.null_count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Timespan(pub i64);

/// Minutes; may be negative or longer than a day.
///
/// ```
/// let open = kcodec::Minute::from_hm(9, 30).expect("a minute");
/// assert_eq!((open.hour(), open.minute(), open.to_string()), (Some(9), Some(30), "09:30".into()));
/// assert_eq!(kcodec::parse("09:30")?.value().as_minute()?, open);
/// assert_eq!(kcodec::parse("09:30 16:00")?.value().as_minutes()?.min(), Some(open));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Minute(pub i32);

/// Seconds; may be negative or longer than a day.
///
/// ```
/// let open = kcodec::Second::from_hms(9, 30, 15).expect("a second");
/// assert_eq!((open.hour(), open.minute(), open.second()), (Some(9), Some(30), Some(15)));
/// assert_eq!(kcodec::parse("09:30:15")?.value().as_second()?, open);
/// assert_eq!(kcodec::parse("09:30:15 16:00:00")?.value().as_seconds()?.min(), Some(open));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Second(pub i32);

/// Milliseconds; may be negative or longer than a day.
///
/// ```
/// let open = kcodec::Time::from_hms_milli(9, 30, 15, 250).expect("a time");
/// assert_eq!((open.hour(), open.minute()), (Some(9), Some(30)));
/// assert_eq!((open.second(), open.millisecond()), (Some(15), Some(250)));
/// assert_eq!(kcodec::parse("09:30:15.250")?.value().as_time()?, open);
/// assert_eq!(kcodec::parse("09:30:15.250 16:00:00.000")?.value().as_times()?.min(), Some(open));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Pod, Zeroable)]
#[repr(transparent)]
pub struct Time(pub i32);
