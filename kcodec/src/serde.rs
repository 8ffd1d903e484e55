//! Values to and from everything that speaks serde (feature `serde`).
//!
//! Every value can be serialized. A table or keyed table is a sequence of maps, one for each row; a dict is a map; char
//! vectors and symbols are strings; functions are their text. In formats for people, such as JSON, dates and times are
//! ISO 8601 text (timespans, infinities and what has no date, q's); in other formats they are numbers. Nulls are
//! `none`, but the null symbol is an empty string and the null char a blank.
//!
//! [`from_value`] reads a table into a `Vec` of structs, or into a struct of columns; a dict into a struct or a map; a
//! null as `None` where an `Option` is asked for.
//!
//! ```
//! use kcodec::Date;
//! use serde::Deserialize;
//!
//! #[derive(Debug, PartialEq, Deserialize)]
//! struct Trade {
//!     sym: String,
//!     price: f64,
//!     size: Option<i64>,
//!     date: Date,
//! }
//!
//! let body = kcodec::parse("+`sym`price`size`date!(`ibm`msft;1.5 2.5;100 0N;2024.01.31 2024.02.01)")?;
//! let trades: Vec<Trade> = kcodec::serde::from_value(body.value())?;
//! assert_eq!(trades[1], Trade { sym: "msft".into(), price: 2.5, size: None, date: Date(8797) });
//! let json = serde_json::to_value(body.value())?;
//! assert_eq!(json[0], serde_json::json!({"sym": "ibm", "price": 1.5, "size": 100, "date": "2024-01-31"}));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod de;
mod items;
mod ser;

use serde::Deserialize;

use crate::mismatch::Mismatch;
use crate::value::Value;

/// Reads a value as anything that can be deserialized.
///
/// # Errors
///
/// A [`Mismatch`], which names the column and row where it is in one.
pub fn from_value<'de, T: Deserialize<'de>>(value: Value<'de>) -> Result<T, Mismatch> {
    T::deserialize(value)
}
