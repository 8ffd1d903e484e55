//! Bodies of kdb+ IPC messages: bytes as kdb+ sends them, checked once, read in place.
//!
//! [`Value::decode`] checks a body and returns a view that borrows it; every accessor after that is
//! infallible and copies nothing. The same [`Value`] is built from borrowed Rust slices, and
//! [`Value::encode`] appends it to a buffer, which grows once and by as much as it must, while
//! [`Value::gather`] lends the long runs. [`Body`] owns a checked body.
//! [`compress`] and [`decompress`] speak kdb+'s own compression, byte for byte.
//!
//! ```
//! use kcodec::{Table, Value, Vector};
//!
//! let sym = ["IBM", "MSFT"];
//! let price = [101.5, 402.25];
//! let columns = [Value::symbols(&sym), (&price).into()];
//! let mut body = Vec::new();
//! Value::from(Table::new(&["sym", "price"], &columns)?).encode(&mut body)?;
//!
//! let Value::Table(trade) = Value::decode(&body)? else { panic!("a table went in") };
//! let Some(Value::Vector(Vector::Float(price))) = trade.column("price") else { panic!("no price") };
//! assert_eq!(price.iter().sum::<f64>(), 503.75);
//! # Ok::<(), kcodec::Error>(())
//! ```

#![cfg_attr(
    not(test),
    warn(
        clippy::arithmetic_side_effects,
        clippy::cast_possible_truncation,
        clippy::indexing_slicing,
        clippy::print_stdout,
        clippy::unwrap_used
    )
)]

#[cfg(target_endian = "big")]
compile_error!("kcodec reads and writes little-endian bodies in place: big-endian hosts are not supported");

mod access;
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
pub use rows::{NamedColumns, Row, Rows, RowsIter};
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
