//! Temporal items and guids: text in formats for people, numbers or bytes in others.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::atom::Atom;
use crate::temporal::{Date, Datetime, Guid, Minute, Month, Second, Time, Timespan, Timestamp};

/// Whether the atom is serialized as ISO 8601 text or the like.
pub(super) const fn is_temporal(atom: Atom<'_>) -> bool {
    use Atom as A;
    matches!(
        atom,
        A::Timestamp(_)
            | A::Month(_)
            | A::Date(_)
            | A::Datetime(_)
            | A::Timespan(_)
            | A::Minute(_)
            | A::Second(_)
            | A::Time(_)
    )
}

/// The text of an item in formats for people.
pub(super) trait Text: Copy + fmt::Display {
    /// ISO 8601, for what has a civil form.
    fn iso(self) -> Option<String> {
        None
    }

    /// ISO 8601, or what q shows.
    fn text(self) -> String {
        self.iso().unwrap_or_else(|| self.to_string())
    }
}

/// Reads ISO 8601 or q's text, which may lack the type's letter.
fn parse<T>(text: &str, letter: &str, get: impl Fn(crate::Value<'_>) -> Option<T>) -> Option<T> {
    // `2024-01-31T12:00` is `2024.01.31D12:00`; a minus at the start is a sign.
    let (sign, rest) = text.split_at_checked(usize::from(text.starts_with('-')))?;
    let rest = rest.trim_end_matches('Z').replace('-', ".");
    let clock = if letter == "z" { "T" } else { "D" };
    let literal = format!("{sign}{}", rest.replace(['T', 'D'], clock));
    let read = |text: &str| get(crate::parse(text).ok()?.value());
    read(&literal).or_else(|| read(&format!("{literal}{letter}")))
}

impl Text for Date {
    fn iso(self) -> Option<String> {
        let (year, month, day) = self.ymd()?;
        Some(format!("{year:04}-{month:02}-{day:02}"))
    }
}

impl Text for Month {
    fn iso(self) -> Option<String> {
        let (year, month) = self.ym()?;
        Some(format!("{year:04}-{month:02}"))
    }
}

impl Text for Timestamp {
    fn iso(self) -> Option<String> {
        let (date, time) = (self.date()?.iso()?, self.time_of_day()?);
        let (hour, minute, second) = (time.hour()?, time.minute()?, time.second()?);
        Some(format!("{date}T{hour:02}:{minute:02}:{second:02}.{:09}", time.nanosecond()?))
    }
}

/// To the millisecond, as q shows it.
impl Text for Datetime {
    fn iso(self) -> Option<String> {
        let mut text = self.timestamp()?.iso()?;
        text.truncate("0000-00-00T00:00:00.000".len());
        Some(text)
    }
}

impl Text for Timespan {}
impl Text for Minute {}
impl Text for Second {}
impl Text for Time {}
impl Text for Guid {}

/// The name under which each type asks a deserializer for itself, which ours answers with the number.
macro_rules! temporal {
    ($($ty:ident($number:ty) $name:literal $letter:literal $serialize:ident $deserialize:ident $visit:ident;)*) => {
        /// The number or bytes of the type of this name in the value, if there is such a type.
        pub(super) fn visit_number<'de, V: Visitor<'de>>(
            name: &str,
            value: crate::Value<'de>,
            visitor: V,
        ) -> Result<Result<V::Value, crate::Mismatch>, V> {
            match name {
                $($name => Ok(value.get::<$ty>().and_then(|item| visitor.$visit(item.0))),)*
                GUID => Ok(value.get::<Guid>().and_then(|item| visitor.visit_bytes(&item.0))),
                _ => Err(visitor),
            }
        }

        $(
            impl Serialize for $ty {
                fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                    if serializer.is_human_readable() {
                        serializer.serialize_str(&self.text())
                    } else {
                        serializer.$serialize(self.0)
                    }
                }
            }

            impl<'de> Deserialize<'de> for $ty {
                fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                    struct Read;

                    impl<'de> Visitor<'de> for Read {
                        type Value = $ty;

                        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                            f.write_str(concat!("the number or text of a ", $name))
                        }

                        fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<$ty, D::Error> {
                            if inner.is_human_readable() {
                                inner.deserialize_any(self)
                            } else {
                                inner.$deserialize(self)
                            }
                        }

                        fn visit_i64<E: Error>(self, number: i64) -> Result<$ty, E> {
                            let item = Number::from_i64(number).map($ty);
                            item.ok_or_else(|| E::invalid_value(Unexpected::Signed(number), &self))
                        }

                        fn visit_u64<E: Error>(self, number: u64) -> Result<$ty, E> {
                            let item = i64::try_from(number).ok().and_then(Number::from_i64).map($ty);
                            item.ok_or_else(|| E::invalid_value(Unexpected::Unsigned(number), &self))
                        }

                        fn visit_f64<E: Error>(self, number: f64) -> Result<$ty, E> {
                            let item = Number::from_f64(number).map($ty);
                            item.ok_or_else(|| E::invalid_value(Unexpected::Float(number), &self))
                        }

                        fn visit_str<E: Error>(self, text: &str) -> Result<$ty, E> {
                            let item = parse(text, $letter, |value| value.get().ok());
                            item.ok_or_else(|| E::invalid_value(Unexpected::Str(text), &self))
                        }
                    }
                    deserializer.deserialize_newtype_struct($name, Read)
                }
            }
        )*
    };
}
temporal! {
    Timestamp(i64) "kcodec::Timestamp" "p" serialize_i64 deserialize_i64 visit_i64;
    Month(i32) "kcodec::Month" "m" serialize_i32 deserialize_i32 visit_i32;
    Date(i32) "kcodec::Date" "d" serialize_i32 deserialize_i32 visit_i32;
    Datetime(f64) "kcodec::Datetime" "z" serialize_f64 deserialize_f64 visit_f64;
    Timespan(i64) "kcodec::Timespan" "n" serialize_i64 deserialize_i64 visit_i64;
    Minute(i32) "kcodec::Minute" "u" serialize_i32 deserialize_i32 visit_i32;
    Second(i32) "kcodec::Second" "v" serialize_i32 deserialize_i32 visit_i32;
    Time(i32) "kcodec::Time" "t" serialize_i32 deserialize_i32 visit_i32;
}

/// The number of a temporal type, out of those that formats have.
trait Number: Sized {
    fn from_i64(number: i64) -> Option<Self>;

    fn from_f64(_: f64) -> Option<Self> {
        None
    }
}

impl Number for i64 {
    fn from_i64(number: i64) -> Option<Self> {
        Some(number)
    }
}

impl Number for i32 {
    fn from_i64(number: i64) -> Option<Self> {
        number.try_into().ok()
    }
}

impl Number for f64 {
    #[expect(clippy::cast_precision_loss, reason = "days of a datetime, which have a fraction")]
    fn from_i64(number: i64) -> Option<Self> {
        Some(number as Self)
    }

    fn from_f64(number: f64) -> Option<Self> {
        Some(number)
    }
}

const GUID: &str = "kcodec::Guid";

impl Serialize for Guid {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if serializer.is_human_readable() {
            serializer.serialize_str(&self.text())
        } else {
            serializer.serialize_bytes(&self.0)
        }
    }
}

impl<'de> Deserialize<'de> for Guid {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Read;

        impl<'de> Visitor<'de> for Read {
            type Value = Guid;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the text or the 16 bytes of a guid")
            }

            fn visit_newtype_struct<D: Deserializer<'de>>(self, inner: D) -> Result<Guid, D::Error> {
                if inner.is_human_readable() { inner.deserialize_str(self) } else { inner.deserialize_bytes(self) }
            }

            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Guid, E> {
                let guid = bytes.try_into().map(Guid);
                guid.map_err(|_| E::invalid_length(bytes.len(), &self))
            }

            fn visit_str<E: Error>(self, text: &str) -> Result<Guid, E> {
                text.parse().map_err(|_| E::invalid_value(Unexpected::Str(text), &self))
            }
        }
        deserializer.deserialize_newtype_struct(GUID, Read)
    }
}
