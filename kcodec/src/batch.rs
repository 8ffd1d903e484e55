//! Tables out of structs: of columns, or of rows that are taken apart into columns as they are pushed.

use std::fmt;
use std::marker::PhantomData;

use crate::body::Body;
use crate::column::{Column, ColumnBuf};
use crate::error::Error;
use crate::kind::Kind;
use crate::table::Table;
use crate::value::Value;

/// A struct of columns or a slice of rows, from which a table is made. Derived, as [`ToRow`] for the struct of one row,
/// by `#[derive(ToTable)]` (feature `derive`).
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use kcodec::{Slice, ToTable};
///
/// #[derive(ToTable)]
/// struct Trade<'a> {
///     sym: Vec<&'a str>,
///     price: Slice<'a, f64>, // lent
/// }
///
/// let prices = [101.5, 402.25];
/// let trade = Trade { sym: vec!["ibm", "msft"], price: Slice::new(&prices) };
/// assert_eq!((Trade::NAMES, trade.to_columns()?.len()), (["sym", "price"].as_slice(), 2));
/// assert_eq!(trade.to_body()?.to_string(), "+`sym`price!(`ibm`msft;101.5 402.25)");
/// let mut body = Vec::new();
/// trade.encode_table(&mut body)?; // the same, appended to a buffer
/// assert_eq!(body, *trade.to_body()?.as_bytes());
/// # }
/// # Ok::<(), kcodec::Error>(())
/// ```
pub trait ToTable {
    /// The columns' names.
    const NAMES: &'static [&'static str];

    /// The columns, as many as names. Those that need not be converted are lent.
    ///
    /// # Errors
    ///
    /// As [`ToItem::append`](crate::ToItem::append).
    fn to_columns(&self) -> Result<Vec<Column<'_>>, Error>;

    /// Appends a body that is the table to `out`.
    ///
    /// # Errors
    ///
    /// As [`to_columns`](Self::to_columns), [`Table::new`] and [`Value::encode`]; `out` is as it was then.
    fn encode_table(&self, out: &mut Vec<u8>) -> Result<(), Error> {
        with_table(self, |table| table.encode(out))
    }

    /// A body that is the table.
    ///
    /// # Errors
    ///
    /// As [`encode_table`](Self::encode_table).
    fn to_body(&self) -> Result<Body, Error> {
        with_table(self, |table| Body::encode(table))
    }
}

/// Lends the table to `then`.
fn with_table<T: ToTable + ?Sized, R>(rows: &T, then: impl FnOnce(Value<'_>) -> Result<R, Error>) -> Result<R, Error> {
    let columns = rows.to_columns()?;
    let columns: Vec<Value<'_>> = columns.iter().map(Column::value).collect();
    then(Table::new(T::NAMES, &columns)?.into())
}

/// A struct that is one row of a table.
///
/// The derived code, written by hand:
///
/// ```
/// use kcodec::{Batch, ColumnBuf, Error, Kind, ToItem, ToRow};
///
/// struct Trade {
///     price: f64,
///     size: Option<i64>,
/// }
///
/// impl ToRow for Trade {
///     const NAMES: &'static [&'static str] = &["price", "size"];
///     const KINDS: &'static [Kind] = &[f64::KIND, <Option<i64>>::KIND];
///
///     fn append(&self, columns: &mut [ColumnBuf]) -> Result<(), Error> {
///         let [price, size] = columns else { unreachable!("as many columns as names") };
///         self.price.append(price)?;
///         self.size.append(size)
///     }
/// }
///
/// let mut batch = Batch::new();
/// batch.push(&Trade { price: 101.5, size: None })?;
/// assert_eq!(batch.to_body()?.to_string(), "+`price`size!(,101.5;,0N)");
/// # Ok::<(), kcodec::Error>(())
/// ```
pub trait ToRow {
    /// The columns' names.
    const NAMES: &'static [&'static str];

    /// The columns' kinds, as many as names.
    const KINDS: &'static [Kind];

    /// Appends each field to its column, of which there are as many as names.
    ///
    /// # Errors
    ///
    /// As [`ToItem::append`](crate::ToItem::append); some columns may be longer by an item then.
    fn append(&self, columns: &mut [ColumnBuf]) -> Result<(), Error>;
}

/// The columns of a table without rows.
fn empty_columns<T: ToRow>() -> Vec<ColumnBuf> {
    T::KINDS.iter().copied().map(ColumnBuf::new).collect()
}

impl<T: ToRow> ToTable for [T] {
    const NAMES: &'static [&'static str] = T::NAMES;

    fn to_columns(&self) -> Result<Vec<Column<'_>>, Error> {
        let mut columns = empty_columns::<T>();
        self.iter().try_for_each(|row| row.append(&mut columns))?;
        Ok(columns.into_iter().map(Column::from).collect())
    }
}

/// Rows that become one table: each is written into the columns' bytes when it is pushed, and the memory is used again
/// after [`clear`](Self::clear).
///
/// ```
/// # #[cfg(feature = "derive")] {
/// use kcodec::{Batch, Table, ToTable};
///
/// #[derive(ToTable)]
/// struct Trade {
///     sym: &'static str,
///     price: f64,
/// }
///
/// let mut batch = Batch::new();
/// let mut body = Vec::new();
/// for price in [101.5, 102.0] {
///     batch.push(&Trade { sym: "ibm", price })?;
///     if batch.len() == 2 {
///         let columns = batch.columns(); // for an update, or `encode` for a table
///         assert_eq!(columns[1], (&[101.5, 102.0]).into());
///         batch.encode(&mut body)?;
///         batch.clear();
///     }
/// }
/// assert!(batch.is_empty());
/// # }
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Clone)]
pub struct Batch<T> {
    columns: Vec<ColumnBuf>,
    /// The length of each column's bytes at the end of the last row.
    marks: Vec<usize>,
    rows: usize,
    row: PhantomData<fn(&T)>,
}

impl<T: ToRow> Batch<T> {
    /// No rows.
    #[must_use]
    pub fn new() -> Self {
        let columns = empty_columns::<T>();
        Self { marks: columns.iter().map(ColumnBuf::mark).collect(), columns, rows: 0, row: PhantomData }
    }

    /// Appends a row.
    ///
    /// # Errors
    ///
    /// As [`ToItem::append`](crate::ToItem::append); the batch is as it was then.
    pub fn push(&mut self, row: &T) -> Result<(), Error> {
        let appended = row.append(&mut self.columns);
        match appended {
            Ok(()) => {
                self.marks.iter_mut().zip(&self.columns).for_each(|(mark, column)| *mark = column.mark());
                self.rows += 1;
            }
            Err(_) => {
                let rows = self.rows as u64;
                self.columns.iter_mut().zip(&self.marks).for_each(|(column, &mark)| column.reset(mark, rows));
            }
        }
        appended
    }

    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.rows
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Forgets the rows and keeps the memory.
    pub fn clear(&mut self) {
        self.columns.iter_mut().for_each(ColumnBuf::clear);
        self.marks.iter_mut().zip(&self.columns).for_each(|(mark, column)| *mark = column.mark());
        self.rows = 0;
    }

    /// The columns, as a tickerplant takes them.
    pub fn columns(&mut self) -> Vec<Value<'_>> {
        self.columns.iter_mut().for_each(ColumnBuf::finish);
        self.columns.iter().map(ColumnBuf::value).collect()
    }

    /// Appends a body that is the table to `out`.
    ///
    /// # Errors
    ///
    /// As [`Value::encode`]; `out` is as it was then.
    pub fn encode(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        Value::from(Table::new(T::NAMES, &self.columns())?).encode(out)
    }

    /// A body that is the table.
    ///
    /// # Errors
    ///
    /// As [`Value::encode`].
    pub fn to_body(&mut self) -> Result<Body, Error> {
        Body::encode(Table::new(T::NAMES, &self.columns())?)
    }
}

impl<T: ToRow> Default for Batch<T> {
    fn default() -> Self {
        Self::new()
    }
}

impl<T> fmt::Debug for Batch<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batch").field("rows", &self.rows).finish_non_exhaustive()
    }
}
