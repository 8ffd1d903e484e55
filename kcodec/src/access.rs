//! Values by name, and accessors that say what was expected where something else was found.

use std::ops::Deref;

use crate::dict::Dict;
use crate::function::Function;
use crate::list::List;
use crate::mismatch::{Mismatch, Place};
use crate::slice::Slice;
use crate::symbol::{Symbol, Symbols};
use crate::table::Table;
use crate::temporal::{Date, Datetime, Guid, Minute, Month, Second, Time, Timespan, Timestamp};
use crate::value::Value;
use crate::vector::Vector;

/// A value and the column or key under which it was found, which the errors of its accessors name.
///
/// Everything else of [`Value`] is reached through it, or through the field.
///
/// ```
/// let body = kcodec::parse("`sym`size!(`ibm;100i)")?;
/// let size: kcodec::Named<'_> = body.value().as_dict()?.get("size")?;
/// assert_eq!((size.name().as_str(), size.as_i32()?, size.get::<Option<i32>>()?), (Some("size"), 100, Some(100)));
/// let wrong = size.as_i64().unwrap_err();
/// assert_eq!(wrong.to_string(), "key `size`: expected a long atom, found an int atom");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Named<'a> {
    /// The value.
    pub value: Value<'a>,
    place: Place,
    name: Symbol<'a>,
    row: Option<usize>,
}

impl<'a> Named<'a> {
    pub(crate) const fn new(place: Place, name: Symbol<'a>, value: Value<'a>) -> Self {
        Self { value, place, name, row: None }
    }

    pub(crate) const fn at_row(self, row: usize) -> Self {
        Self { row: Some(row), ..self }
    }

    /// The name of the column or key.
    #[must_use]
    pub const fn name(self) -> Symbol<'a> {
        self.name
    }

    /// The value as a Rust type.
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] for a value of another type.
    pub fn get<T: crate::FromValue<'a>>(self) -> Result<T, Mismatch> {
        T::from_value(self.value).map_err(|wrong| self.blame(wrong))
    }

    /// The error with the place of this value.
    pub(crate) fn blame(self, wrong: Mismatch) -> Mismatch {
        let wrong = match self.row {
            Some(row) => wrong.at_row(row),
            None => wrong,
        };
        wrong.at(self.place, &self.name.to_string())
    }
}

impl<'a> Deref for Named<'a> {
    type Target = Value<'a>;

    fn deref(&self) -> &Value<'a> {
        &self.value
    }
}

impl<'a> From<Named<'a>> for Value<'a> {
    fn from(named: Named<'a>) -> Self {
        named.value
    }
}

macro_rules! accessors {
    ($($name:ident $ty:ty, $what:literal;)*) => {
        impl<'a> Value<'a> {
            accessors! { @ $($name $ty, $what;)* }
        }

        impl<'a> Named<'a> {
            accessors! { @ $($name $ty, $what;)* }
        }
    };
    (@ $($name:ident $ty:ty, $what:literal;)*) => {$(
        #[doc = concat!("The value, if it is ", $what, ".")]
        ///
        /// # Errors
        ///
        /// A [`Mismatch`] if it is anything else. No number is converted.
        pub fn $name(self) -> Result<$ty, Mismatch> {
            self.get()
        }
    )*};
}
// Atoms by the Rust type's name, vectors by the kind's; where these are the same, vectors in the plural.
accessors! {
    as_bool bool, "a boolean atom";
    as_u8 u8, "a byte or char atom";
    as_i16 i16, "a short atom";
    as_i32 i32, "an int atom";
    as_i64 i64, "a long atom";
    as_f32 f32, "a real atom";
    as_f64 f64, "a float atom";
    as_str &'a str, "a symbol or a char vector, of UTF-8";
    as_symbol Symbol<'a>, "a symbol atom";
    as_guid Guid, "a guid atom";
    as_timestamp Timestamp, "a timestamp atom";
    as_month Month, "a month atom";
    as_date Date, "a date atom";
    as_datetime Datetime, "a datetime atom";
    as_timespan Timespan, "a timespan atom";
    as_minute Minute, "a minute atom";
    as_second Second, "a second atom";
    as_time Time, "a time atom";
    as_vector Vector<'a>, "a vector of any kind";
    as_boolean Slice<'a, bool>, "a boolean vector";
    as_byte Slice<'a, u8>, "a byte or char vector";
    as_bytes &'a [u8], "a byte or char vector";
    as_short Slice<'a, i16>, "a short vector";
    as_int Slice<'a, i32>, "an int vector";
    as_long Slice<'a, i64>, "a long vector";
    as_real Slice<'a, f32>, "a real vector";
    as_float Slice<'a, f64>, "a float vector";
    as_symbols Symbols<'a>, "a symbol vector";
    as_guids Slice<'a, Guid>, "a guid vector";
    as_timestamps Slice<'a, Timestamp>, "a timestamp vector";
    as_months Slice<'a, Month>, "a month vector";
    as_dates Slice<'a, Date>, "a date vector";
    as_datetimes Slice<'a, Datetime>, "a datetime vector";
    as_timespans Slice<'a, Timespan>, "a timespan vector";
    as_minutes Slice<'a, Minute>, "a minute vector";
    as_seconds Slice<'a, Second>, "a second vector";
    as_times Slice<'a, Time>, "a time vector";
    as_list List<'a>, "a general list";
    as_dict Dict<'a>, "a dict or keyed table";
    as_table Table<'a>, "a table";
    as_function Function<'a>, "a function";
}

impl<'a> Table<'a> {
    /// The first column of that name.
    ///
    /// ```
    /// let body = kcodec::parse("+`sym`price!(`ibm`msft;101.5 402.25)")?;
    /// let trade = body.value().as_table()?;
    /// assert_eq!(trade.get("price")?.as_float()?.sum(), 503.75);
    /// assert_eq!(trade.get("size").unwrap_err().to_string(), "column `size`: not found");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] that names the column, if there is none.
    pub fn get(self, name: &str) -> Result<Named<'a>, Mismatch> {
        let mut columns = self.columns().filter(|(found, _)| found == name);
        let (name, column) = columns.next().ok_or_else(|| Mismatch::missing(Place::Column, name))?;
        Ok(Named::new(Place::Column, name, column))
    }
}

impl<'a> Dict<'a> {
    /// The value of the first key of that name, which is a symbol or a string.
    ///
    /// Passes all keys and values before it.
    ///
    /// ```
    /// let body = kcodec::parse("`host`port!(\"localhost\";5001)")?;
    /// let dict = body.value().as_dict()?;
    /// assert_eq!((dict.get("host")?.as_str()?, dict.get("port")?.as_i64()?), ("localhost", 5001));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] that names the key, if there is none.
    pub fn get(self, key: &str) -> Result<Named<'a>, Mismatch> {
        let text = |item: Value<'a>| item.get::<Symbol<'a>>().or_else(|_| item.as_bytes().map(Symbol::from_bytes));
        let is_wanted =
            |(name, value): (Value<'a>, Value<'a>)| Some((text(name).ok().filter(|name| name == key)?, value));
        let found = self.pairs().ok().and_then(|mut pairs| pairs.find_map(is_wanted));
        let (name, value) = found.ok_or_else(|| Mismatch::missing(Place::Key, key))?;
        Ok(Named::new(Place::Key, name, value))
    }

    /// The value of the first key that matches, by q's `~`. Passes all keys and values before it.
    ///
    /// ```
    /// let body = kcodec::parse("1 2 3!`one`two`three")?;
    /// assert_eq!(body.value().as_dict()?.find(2_i64).map(|value| value.as_str()), Some(Ok("two")));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn find<'k>(self, key: impl Into<Value<'k>>) -> Option<Value<'a>> {
        let key = key.into();
        self.pairs().ok()?.find(|(found, _)| *found == key).map(|(_, value)| value)
    }
}
