//! Bodies of kdb+ IPC messages: bytes as kdb+ sends them, checked once, read in place.
//!
//! [`Value::decode`] checks a body and returns a view that borrows it; every accessor after that is
//! infallible and copies nothing. The same [`Value`] is built from borrowed Rust slices, and
//! [`Value::encode`] appends it to a buffer, which grows at most once; [`Value::gather`] lends the long runs instead.
//! [`Body`] owns a checked body.
//!
//! A body is what follows the eight bytes of a message's header. Headers, logins and sockets are in the crate `kwire`.
//!
//! ## Decode a message
//!
//! ```
//! use kcodec::{Atom, Body, Value, Vector};
//!
//! let bytes = [7, 0, 2, 0, 0, 0, 42, 0, 0, 0, 0, 0, 0, 0, 43, 0, 0, 0, 0, 0, 0, 0]; // 42 43
//! match Value::decode(&bytes)? {
//!     Value::Vector(Vector::Long(items)) => assert_eq!(items.to_vec(), [42, 43]),
//!     Value::Atom(Atom::Long(item)) => println!("{item}"),
//!     Value::Error(text) => println!("'{text}"), // a failed request
//!     other => println!("{:?}: {other}", other.kind()),
//! }
//! let body = Body::decode(bytes.to_vec())?; // the same, owned and shared by its clones
//! assert_eq!(body.value().get::<Vec<i64>>()?, [42, 43]);
//! let error = Value::decode(&bytes[..10]).unwrap_err(); // an offset and a reason
//! assert_eq!(error.to_string(), "2: count 2 is more than the bytes that follow");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Read a table's columns
//!
//! ```
//! # let bytes = kcodec::Body::encode(kcodec::parse("+`sym`price!(`ibm`msft;101.5 402.25)")?.value())?;
//! # let bytes = bytes.as_bytes();
//! use kcodec::Value;
//!
//! let trade = Value::decode(bytes)?.as_table()?;
//! let price = trade.get("price")?.as_float()?; // a view; its items are read in place
//! assert_eq!((price.get(1), price.iter().sum::<f64>()), (Some(402.25), 503.75));
//! let sym: Vec<&str> = trade.get("sym")?.get()?; // or Vec<String>, Vec<Option<f64>>, Vec<Date>, ...
//! assert_eq!(sym, ["ibm", "msft"]);
//! let wrong = trade.get("price")?.as_long().unwrap_err();
//! assert_eq!(wrong.to_string(), "column `price`: expected a long vector, found a float vector");
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`FromValue`] lists the Rust types that a value can be read as. Where the kind is not known, match on [`Value`],
//! [`Vector`] and [`Atom`], or write a [`Visitor`].
//!
//! ## Read rows
//!
//! With the feature `derive` into structs, column by column; the feature `serde` does the same for structs that are
//! `Deserialize`. Without a struct, [`Table::rows`] gives each row's items by name.
//!
//! ```
//! # #[cfg(feature = "derive")] {
//! use kcodec::{Date, FromTable};
//!
//! #[derive(FromTable)]
//! struct Trade<'a> {
//!     sym: &'a str,
//!     #[kdb(name = "price")]
//!     last: f64,
//!     size: Option<i64>,
//! }
//!
//! let body = kcodec::parse("+`sym`price`size!(`ibm`msft;101.5 402.25;100 0N)")?;
//! let trades: Vec<Trade<'_>> = body.value().get()?;
//! assert_eq!((trades[1].sym, trades[1].last, trades[1].size), ("msft", 402.25, None));
//! # }
//! # let body = kcodec::parse("+`sym`price!(`ibm`msft;101.5 402.25)")?;
//! for row in &body.value().rows()? {
//!     println!("{} {}", row.get("sym")?.as_str()?, row.get("price")?.as_f64()?);
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Build and encode a table
//!
//! ```
//! use kcodec::{Table, Value};
//!
//! let (sym, price) = (["ibm", "msft"], vec![101.5, 402.25]);
//! let columns = [Value::symbols(&sym), (&price).into()]; // lent, not copied
//! let mut body = Vec::new();
//! Value::from(Table::new(&["sym", "price"], &columns)?).encode(&mut body)?;
//! # assert_eq!(Value::decode(&body)?.count(), 2);
//! # Ok::<(), kcodec::Error>(())
//! ```
//!
//! From structs, columns or rows, with the feature `derive`; a [`Batch`] takes rows one by one:
//!
//! ```
//! # #[cfg(feature = "derive")] {
//! use kcodec::{Batch, ToTable};
//!
//! #[derive(ToTable)]
//! struct Trade {
//!     sym: String,
//!     price: f64,
//!     #[kdb(chars)]
//!     note: String, // a char vector; texts are symbols otherwise
//! }
//!
//! let mut batch = Batch::new();
//! batch.push(&Trade { sym: "ibm".into(), price: 101.5, note: "first".into() })?;
//! assert_eq!(batch.to_body()?.to_string(), "+`sym`price`note!(,`ibm;,101.5;,\"first\")");
//! # }
//! # Ok::<(), kcodec::Error>(())
//! ```
//!
//! ## Dates, times and nulls
//!
//! ```
//! use std::time::SystemTime;
//!
//! use kcodec::{Date, Null, Timespan, Timestamp};
//!
//! let date = Date::from_ymd(2024, 1, 31).expect("a day of the calendar");
//! let noon = date.at(Timespan::from_hms_nano(12, 0, 0, 0).expect("a time")).expect("before 2292");
//! assert_eq!((noon.to_string(), noon.hour()), ("2024.01.31D12:00:00.000000000".into(), Some(12)));
//! let time: SystemTime = noon.try_into()?; // and back; with features `jiff` and `chrono` to their types
//! assert_eq!(Timestamp::try_from(time)?, noon);
//!
//! assert_eq!((Date::NULL.year(), i64::NULL, f64::NULL.some()), (None, i64::MIN, None));
//! let size = i64::or_null([Some(100), None]); // a column with nulls
//! assert_eq!(kcodec::Value::from(&size).get::<Vec<Option<i64>>>()?, [Some(100), None]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Compress
//!
//! kdb+'s own compression, byte for byte. The two functions handle everything that follows a message's header.
//!
//! ```
//! use kcodec::{Threshold, compress, decompress};
//!
//! let mut body = Vec::new();
//! kcodec::Value::from(&vec![1.5; 10_000]).encode(&mut body)?;
//! let mut compressed = Vec::new();
//! let kind = compress(&body, Threshold::Body, &mut compressed).expect("it halves"); // `None`: send the plain body
//! assert_eq!(decompress(&compressed, kind, false, 1 << 20)?, body); // to at most 1 MiB
//! # Ok::<(), kcodec::Error>(())
//! ```
//!
//! [`decompress_to_slice`] writes into a caller-provided buffer; [`Decompressor`] accepts the input in pieces.
//!
//! ## Read a log
//!
//! [`Log`] reads the records in place. With the feature `map`, [`log`] maps log files and appends to them.
//!
//! ```
//! use kcodec::{Log, Update};
//!
//! # let mut file = kcodec::log::HEAD.to_vec();
//! # file.extend_from_slice(kcodec::parse("(`upd;`trade;(`ibm;101.5))")?.as_bytes());
//! let mut rows = 0;
//! for record in Log::new(&file)? {
//!     if let Some(update) = Update::new(record?) { // (`upd;`trade;x)
//!         rows += update.rows();
//!     }
//! }
//! assert_eq!(rows, 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! ## Arrow
//!
//! With the feature `arrow`, `arrow::to_batch` makes a record batch of a table, and `arrow::to_body` a table of a
//! batch.
//!
//! ## Symbols
//!
//! ```
//! use kcodec::{CodedSymbols, List, Value};
//!
//! let owned = vec![String::from("ibm"), String::from("msft")];
//! let symbols = Value::symbols(&owned); // or of &str, Symbol
//! assert_eq!((symbols.to_string(), Value::symbol("ibm").to_string()), ("`ibm`msft".into(), "`ibm".into()));
//! assert_eq!(Value::from("ibm").to_string(), "\"ibm\""); // a string of q, which is a char vector
//! assert_eq!(Value::List(List::strings(&owned)).to_string(), r#"("ibm";"msft")"#); // a column of strings
//!
//! let coded = CodedSymbols::new(&owned, &[0, 1, 0])?; // distinct texts, and which of them each item is
//! let (distinct, codes) = Value::symbols(&coded).as_symbols()?.to_codes();
//! assert_eq!((distinct.len(), codes), (2, vec![0, 1, 0]));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![cfg_attr(
    not(test),
    warn(clippy::cast_possible_truncation, clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used)
)]

#[cfg(target_endian = "big")]
compile_error!("kcodec reads and writes little-endian bodies in place: big-endian hosts are not supported");

mod access;
#[cfg(feature = "arrow")]
pub mod arrow;
mod atom;
mod batch;
mod body;
pub mod calendar;
mod capability;
#[cfg(feature = "chrono")]
mod chrono;
mod civil;
mod coded;
mod codes;
mod column;
mod compress;
mod console;
mod convert;
mod counted;
mod decode;
mod decompress;
mod dict;
mod display;
mod encode;
mod error;
mod file;
mod function;
mod gather;
mod index;
mod inflate;
mod items;
#[cfg(feature = "jiff")]
mod jiff;
mod kernel;
mod kind;
mod limits;
mod list;
pub mod log;
#[cfg(feature = "map")]
mod map;
mod mismatch;
mod null;
mod parse;
mod plain;
pub mod primitive;
mod reader;
mod rows;
#[cfg(feature = "serde")]
pub mod serde;
mod settings;
mod short;
mod simd;
mod sink;
mod slice;
mod swap;
mod symbol;
mod table;
mod temporal;
mod update;
#[cfg(feature = "uuid")]
mod uuid;
mod value;
mod vector;
mod view;
mod wire;

pub use access::Named;
pub use atom::Atom;
pub use batch::{Batch, ToRow, ToTable};
pub use body::Body;
pub use capability::Capability;
pub use coded::CodedSymbols;
pub use column::{Column, ColumnBuf, ToColumn, ToItem};
pub use compress::{Threshold, compress};
pub use console::{Console, console};
pub use convert::FromValue;
pub use decompress::{Compression, Decompressor, decompress, decompress_into, decompress_to_slice};
pub use dict::Dict;
pub use error::{Error, ErrorKind};
pub use file::{decode_file, encode_file};
pub use function::{Derived, Function, Lambda};
pub use gather::Gather;
pub use index::{ListIndex, SymbolsIndex, TableIndex};
pub use items::{Items, Pairs, SliceIter, VectorIter, Visitor};
#[cfg(feature = "derive")]
pub use kcodec_derive::{FromTable, ToTable};
pub use kernel::Number;
pub use kind::{Attribute, Kind};
pub use limits::Limits;
pub use list::{List, ListIter};
pub use log::Log;
pub use mismatch::Mismatch;
pub use null::{Infinite, Null};
pub use rows::{Row, Rows, RowsIter};
#[cfg(any(test, fuzzing))]
pub use simd::fuzz_simd;
pub use slice::{Item, Slice};
pub use swap::to_little_endian;
pub use symbol::{Symbol, Symbols, SymbolsIter};
pub use table::{Columns, Splayed, Table};
pub use temporal::{Date, Datetime, Guid, Minute, Month, Second, Time, Timespan, Timestamp};
pub use update::Update;
pub use value::Value;
pub use vector::Vector;

pub use parse::{literal, parse};
