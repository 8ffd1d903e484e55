//! Tables as Arrow record batches, and back: feature `arrow`.
//!
//! [`to_batch`] makes a [`RecordBatch`] of a table or keyed table, [`to_body`] a body of a batch. A table that went
//! through both has the bytes it had, in kdb+'s own spelling.
//!
//! ```
//! use kcodec::{Body, arrow};
//!
//! let trade = kcodec::parse("([]time:2024.01.31D09:30:00 0Np;sym:`ibm`msft;price:101.5 402.25)")?;
//! let batch = arrow::to_batch(&trade)?;
//! assert_eq!((batch.num_rows(), batch.num_columns()), (2, 3));
//! assert_eq!(batch.column(0).null_count(), 1);
//! assert_eq!(arrow::to_body(&batch)?.as_bytes(), trade.as_bytes());
//!
//! assert_eq!(arrow::copy_to_batch(trade.value())?, batch); // of a value that is only borrowed
//! let error = arrow::copy_to_batch(&[1_i64, 2]).unwrap_err();
//! assert!(matches!(error, arrow::Error::NotTable(kcodec::Kind::Long)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! | q | Arrow | |
//! |---|---|---|
//! | boolean | `Boolean` | |
//! | guid | `FixedSizeBinary(16)` | extension `arrow.uuid`; shared |
//! | byte | `UInt8` | shared |
//! | short, int, long | `Int16`, `Int32`, `Int64` | shared |
//! | real, float | `Float32`, `Float64` | shared |
//! | char | `Utf8`, one byte each; `Binary` unless all are ASCII | text shared |
//! | symbol | `Dictionary(Int32, Utf8)`; `Binary` unless all are UTF-8 | |
//! | timestamp | `Timestamp(ns)` without time zone | since 1970 |
//! | month | `Int32` | months since 2000.01; shared |
//! | date | `Date32` | since 1970 |
//! | datetime | `Float64` | days since 2000.01.01; shared |
//! | timespan | `Duration(ns)` | shared |
//! | minute | `Time32(s)` | times 60 |
//! | second, time | `Time32(s)`, `Time32(ms)` | negative or over a day where q's are; shared |
//! | list of char vectors | `Utf8`; `Binary` unless all are UTF-8 | |
//! | list of vectors of another kind | `List` of the type above | |
//! | empty general list | `Null` | |
//!
//! *Shared* columns keep the body's memory alive and copy nothing, if their bytes happen to be aligned for the Arrow
//! type; any other takes one copying pass. Texts and lists of more than 2 GiB or 2^31 items have 8-byte offsets
//! (`LargeUtf8`, `LargeList`).
//!
//! **Nulls** of q are nulls in Arrow: `0N` of any kind, NaN, the empty symbol, the guid of zeros. Booleans, bytes and
//! chars have none. **Infinities** stay the largest and the smallest but one number of their type, `0Wp` and `0Wd`
//! among them: they are not moved to the other epoch. A timestamp after 2262.04.11, which Arrow cannot hold, is
//! [`Error::Range`].
//!
//! **Metadata** keeps what Arrow has no place for. A field has `kdb:type`, the name of its kind or `list`, and where
//! they are not none `kdb:attribute`, a letter of `supg`, and `kdb:items`, the attribute of the vectors in a list. The
//! schema has `kdb:type`, 98 for a table, 99 or 127 for a keyed one, and `kdb:keys`, how many of the columns are keys;
//! `kdb:table` and `kdb:key` are four digits for the table's and the key table's own attribute, those of its names and
//! of its list of columns, and 1 for an inner dict of type 127. Attributes are believed on the way back: whoever
//! reorders or changes rows must drop them. The Parquet reader of arrow-rs keeps the schema's metadata in its own
//! schema only, which `RecordBatch::with_schema` gives back to a batch; without it a keyed table comes back as a plain
//! one.
//!
//! Batches from elsewhere need no metadata. Integers become the narrowest kind that holds them, `Time64` and
//! `Duration` timespans, texts and dictionaries symbols, `Binary` lists of byte vectors. A number that q takes for its
//! null becomes one; a null list is an empty one.

mod array;
mod column;
mod foreign;
mod item;
mod metadata;

use std::sync::Arc;

use arrow_array::{RecordBatch, RecordBatchOptions};
use arrow_schema::{ArrowError, DataType, Schema};
use bytes::Bytes;

use crate::body::Body;
use crate::capability::Capability;
use crate::encode::Encoder;
use crate::kind::Kind;
use crate::rows::keys_and_table;
use crate::table::Table;
use crate::value::Value;
use crate::wire::{DICT, SORTED_DICT};
use metadata::Half;

/// A table that Arrow cannot hold, or a batch that q cannot.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Neither a table nor a keyed table.
    #[error("not a table: {}", .0.name())]
    NotTable(Kind),
    /// A column whose name is not UTF-8: its position from 0.
    #[error("column {0}: name is not UTF-8")]
    Name(usize),
    /// A column of what has no Arrow type: tables, dicts, and lists of anything but vectors of one kind.
    #[error("column {column}: no Arrow type for {found}")]
    Kind {
        /// The column's name.
        column: String,
        /// What the column holds.
        found: String,
    },
    /// A column of an Arrow type that no kind of q stands for.
    #[error("column {column}: no q type for {found}")]
    DataType {
        /// The column's name.
        column: String,
        /// The column's type.
        found: DataType,
    },
    /// A moment or a number that the other side's type cannot hold.
    #[error("column {column}: {} out of range", kind.name())]
    Range {
        /// The column's name.
        column: String,
        /// The kind on q's side.
        kind: Kind,
    },
    /// A null in a column of a kind that has none.
    #[error("column {column}: null {}", kind.name())]
    Null {
        /// The column's name.
        column: String,
        /// The kind on q's side.
        kind: Kind,
    },
    /// Texts that take more bytes than there is memory for, once each item has its own.
    #[error("no memory for {0} bytes of text")]
    Memory(usize),
    /// Metadata of the schema that this module did not write.
    #[error("metadata {key}: {value:?}")]
    Metadata {
        /// The key.
        key: &'static str,
        /// What stands there.
        value: String,
    },
    /// What the arrow crates refuse.
    #[error(transparent)]
    Arrow(#[from] ArrowError),
    /// What a body cannot hold, as a NUL in a symbol.
    #[error(transparent)]
    Body(#[from] crate::Error),
}

/// The table or keyed table as a record batch, which shares the body's memory where it can.
///
/// # Errors
///
/// [`Error::NotTable`], [`Error::Name`], [`Error::Kind`], and [`Error::Range`].
pub fn to_batch(body: &Body) -> Result<RecordBatch, Error> {
    batch(body.value(), Some(body.as_bytes()))
}

/// Like [`to_batch`] for a value that owns nothing: copies every column.
///
/// # Errors
///
/// As [`to_batch`].
pub fn copy_to_batch<'a>(value: impl Into<Value<'a>>) -> Result<RecordBatch, Error> {
    batch(value.into(), None)
}

fn batch(value: Value<'_>, owner: Option<&Bytes>) -> Result<RecordBatch, Error> {
    let (keys, table) = keys_and_table(value).ok_or(Error::NotTable(value.kind()))?;
    let metadata = metadata::of_table(value.type_code(), keys, table);
    let (mut fields, mut arrays) = (Vec::new(), Vec::new());
    for (name, column) in keys.into_iter().flat_map(Table::columns).chain(table.columns()) {
        let name = name.as_str().ok_or(Error::Name(fields.len()))?;
        let (field, array) = array::column(name, column, owner)?;
        fields.push(field);
        arrays.push(array);
    }
    let options = RecordBatchOptions::new().with_row_count(Some(keys.unwrap_or(table).len()));
    let schema = Arc::new(Schema::new_with_metadata(fields, metadata));
    Ok(RecordBatch::try_new_with_options(schema, arrays, &options)?)
}

/// The batch as the body of a table, or of the keyed table that its metadata tells of.
///
/// # Errors
///
/// [`Error::DataType`], [`Error::Range`], [`Error::Null`], [`Error::Memory`], [`Error::Metadata`], and [`Error::Body`]
/// for a NUL in a symbol or name.
pub fn to_body(batch: &RecordBatch) -> Result<Body, Error> {
    let schema = batch.schema_ref();
    let (code, keys) = metadata::to_shape(schema.metadata(), batch.num_columns())?;
    let mut encoder = Encoder { capability: Capability::MAX, out: Vec::with_capacity(column::size(batch)) };
    if let Some(keys) = keys {
        encoder.out.push(if code == SORTED_DICT { SORTED_DICT } else { DICT });
        half(batch, 0, keys, metadata::to_half(schema.metadata(), metadata::KEY)?, &mut encoder)?;
    }
    let half_of = metadata::to_half(schema.metadata(), metadata::TABLE)?;
    half(batch, keys.unwrap_or(0), batch.num_columns(), half_of, &mut encoder)?;
    Ok(Body::decode(encoder.out)?)
}

/// Writes the columns from `start` to before `end` as a table.
fn half(
    batch: &RecordBatch,
    start: usize,
    end: usize,
    half: Half,
    encoder: &mut Encoder<Vec<u8>>,
) -> Result<(), Error> {
    let count = end - start;
    let columns = || batch.schema_ref().fields().iter().zip(batch.columns()).skip(start).take(count);
    encoder.table_head(half.table, half.sorted);
    encoder.head(Kind::Symbol.code(), half.names, count)?;
    columns().try_for_each(|(field, _)| encoder.text(field.name().as_str().into()))?;
    encoder.head(Kind::List.code(), half.columns, count)?;
    columns().try_for_each(|(field, array)| column::write(field, array, encoder))
}
