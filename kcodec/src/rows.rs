//! Tables row by row.

use std::fmt;

use crate::access::Named;
use crate::index::{ListIndex, SymbolsIndex, TableIndex};
use crate::mismatch::{Mismatch, Place};
use crate::symbol::Symbol;
use crate::table::Table;
use crate::value::Value;
use crate::vector::Vector;

/// The rows of a table or keyed table, each found in constant time: [`Table::rows`].
///
/// ```
/// use kcodec::{Row, Rows, RowsIter};
///
/// let body = kcodec::parse("([]sym:`ibm`msft;price:101.5 402.25)")?;
/// let rows: Rows<'_> = body.value().rows()?;
/// assert_eq!((rows.len(), rows.is_empty()), (2, false));
/// let last: Row<'_, '_> = rows.get(1).expect("a row");
/// assert_eq!((last.index(), last.get("price")?.as_f64()?), (1, 402.25));
/// assert_eq!(last.iter().map(|item| item.name().to_string()).collect::<Vec<_>>(), ["sym", "price"]);
/// let iter: RowsIter<'_, '_> = rows.iter();
/// assert_eq!(iter.rev().next().map(|row| row.index()), Some(1));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Rows<'a> {
    columns: Vec<(Symbol<'a>, Cells<'a>)>,
    len: usize,
}

#[derive(Debug, Clone)]
enum Cells<'a> {
    Fixed(Vector<'a>),
    Symbols(SymbolsIndex<'a>),
    List(ListIndex<'a>),
}

impl<'a> Table<'a> {
    /// The rows. Allocates an index of the columns, and 4 bytes an item for each column of symbols or of a general
    /// list; columns are faster read as such, by [`get`](Self::get).
    ///
    /// ```
    /// let body = kcodec::parse("+`sym`price!(`ibm`msft;101.5 402.25)")?;
    /// for row in &body.value().as_table()?.rows()? {
    ///     println!("{} {}", row.get("sym")?.as_str()?, row.get("price")?.as_f64()?);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] for a column that is itself a table.
    pub fn rows(self) -> Result<Rows<'a>, Mismatch> {
        Rows::new([self])
    }
}

impl<'a> Value<'a> {
    /// The rows of a table, or of a keyed table with the columns of its key first.
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] for anything else, and as [`Table::rows`].
    pub fn rows(self) -> Result<Rows<'a>, Mismatch> {
        Rows::new(tables_of(self)?)
    }

    /// The columns of a table, or of a keyed table with those of its key first, viewed once. Allocates as many names
    /// and values as there are columns.
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] for anything else.
    pub fn columns(self) -> Result<TableIndex<'a>, Mismatch> {
        Ok(TableIndex::new(tables_of(self)?))
    }
}

/// The table, and before it the table of its keys if it is keyed.
pub(crate) fn keys_and_table(value: Value<'_>) -> Option<(Option<Table<'_>>, Table<'_>)> {
    match value {
        Value::Table(table) => Some((None, table)),
        Value::Dict(dict) => dict.as_keyed_table().map(|(keys, table)| (Some(keys), table)),
        _ => None,
    }
}

/// The one table of a table, the two of a keyed table.
fn tables_of(value: Value<'_>) -> Result<impl IntoIterator<Item = Table<'_>>, Mismatch> {
    let (keys, table) = keys_and_table(value).ok_or_else(|| Mismatch::new("a table", value))?;
    Ok(keys.into_iter().chain([table]))
}

impl<'a> Rows<'a> {
    fn new(tables: impl IntoIterator<Item = Table<'a>>) -> Result<Self, Mismatch> {
        let (mut columns, mut len) = (Vec::new(), 0);
        for table in tables {
            len = table.len();
            for (name, column) in table.columns() {
                let cells = match column {
                    Value::Vector(Vector::Symbol(symbols)) => Cells::Symbols(symbols.index()),
                    Value::Vector(vector) => Cells::Fixed(vector),
                    Value::List(list) => Cells::List(list.index()),
                    _ => return Err(Mismatch::new("a vector or list", column).at(Place::Column, &name.to_string())),
                };
                columns.push((name, cells));
            }
        }
        Ok(Self { columns, len })
    }

    /// Number of rows.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether there are no rows.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The row at `index`.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Row<'_, 'a>> {
        (index < self.len).then_some(Row { rows: self, index })
    }

    /// The rows, in order and from either end.
    pub fn iter(&self) -> RowsIter<'_, 'a> {
        RowsIter { rows: self, left: 0..self.len }
    }
}

impl<'r, 'a> IntoIterator for &'r Rows<'a> {
    type Item = Row<'r, 'a>;
    type IntoIter = RowsIter<'r, 'a>;

    fn into_iter(self) -> RowsIter<'r, 'a> {
        self.iter()
    }
}

/// Iterator over [`Rows`].
#[derive(Debug, Clone)]
pub struct RowsIter<'r, 'a> {
    rows: &'r Rows<'a>,
    left: std::ops::Range<usize>,
}

impl<'r, 'a> Iterator for RowsIter<'r, 'a> {
    type Item = Row<'r, 'a>;

    fn next(&mut self) -> Option<Row<'r, 'a>> {
        self.left.next().map(|index| Row { rows: self.rows, index })
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.left.size_hint()
    }
}

impl DoubleEndedIterator for RowsIter<'_, '_> {
    fn next_back(&mut self) -> Option<Self::Item> {
        self.left.next_back().map(|index| Row { rows: self.rows, index })
    }
}

impl ExactSizeIterator for RowsIter<'_, '_> {}

/// One row of a table.
#[derive(Clone, Copy)]
pub struct Row<'r, 'a> {
    rows: &'r Rows<'a>,
    index: usize,
}

impl<'r, 'a> Row<'r, 'a> {
    /// The item in the first column of that name.
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] that names the column, if there is none.
    pub fn get(self, name: &str) -> Result<Named<'a>, Mismatch> {
        let found = self.rows.columns.iter().find(|(found, _)| found == name);
        found.map(|column| self.item(column)).ok_or_else(|| Mismatch::missing(Place::Column, name))
    }

    /// The number of the row, counted from 0.
    #[must_use]
    pub const fn index(self) -> usize {
        self.index
    }

    /// The items in the order of the columns.
    pub fn iter(self) -> impl ExactSizeIterator<Item = Named<'a>> + use<'r, 'a> {
        self.rows.columns.iter().map(move |column| self.item(column))
    }

    fn item(self, (name, cells): &'r (Symbol<'a>, Cells<'a>)) -> Named<'a> {
        let item = match cells {
            Cells::Fixed(vector) => vector.get(self.index).map(Value::Atom),
            Cells::Symbols(symbols) => symbols.get(self.index).map(Value::from),
            Cells::List(list) => list.get(self.index),
        };
        // Never absent: columns are of one length, which the index is below.
        Named::new(Place::Column, *name, item.unwrap_or(Value::NULL)).at_row(self.index)
    }
}

impl fmt::Debug for Row<'_, '_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.iter().map(|item| (item.name(), item.value))).finish()
    }
}
