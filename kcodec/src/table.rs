//! Tables: names and as many columns of equal length.

use crate::error::{Error, ErrorKind};
use crate::kind::{Attribute, Kind};
use crate::list::{List, ListIter};
use crate::symbol::{Symbol, Symbols, SymbolsIter};
use crate::value::Value;
use crate::view::plain;

/// Column names and columns of equal length.
#[derive(Debug, Clone, Copy)]
pub struct Table<'a> {
    names: Symbols<'a>,
    columns: List<'a>,
    attribute: Attribute,
    sorted: bool,
}

impl<'a> Table<'a> {
    /// Borrows names and columns.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::TableWidth`] unless there are as many names as columns,
    /// [`ErrorKind::TableColumns`] unless every column is a vector, a list or a table,
    /// [`ErrorKind::Ragged`] unless all have one length.
    pub fn new(names: impl Into<Symbols<'a>>, columns: &'a [Value<'a>]) -> Result<Self, Error> {
        let names = names.into();
        let fail = |kind| Err(Error::new(0, kind));
        if names.len() != columns.len() {
            return fail(ErrorKind::TableWidth { names: names.len() as u64, columns: columns.len() as u64 });
        }
        let expected = columns.first().map_or(0, |column| column.count() as u64);
        for column in columns {
            let found = column.count() as u64;
            if !is_column(column.kind()) || column.is_atom() {
                return fail(ErrorKind::TableColumns);
            }
            if found != expected {
                return fail(ErrorKind::Ragged { expected, found });
            }
        }
        Ok(Self { names, columns: List::new(columns), attribute: Attribute::None, sorted: false })
    }

    pub(crate) const fn from_wire(names: Symbols<'a>, columns: List<'a>, attribute: Attribute, sorted: bool) -> Self {
        Self { names, columns, attribute, sorted }
    }

    /// The same table under another attribute; nothing is verified.
    #[must_use]
    pub const fn with_attribute(self, attribute: Attribute) -> Self {
        Self { attribute, ..self }
    }

    /// The table's own attribute; its columns have theirs.
    #[must_use]
    pub const fn attribute(self) -> Attribute {
        self.attribute
    }

    /// Whether the dict inside is a sorted one: seen on the wire, without meaning of its own.
    pub(crate) const fn is_sorted(self) -> bool {
        self.sorted
    }

    /// The column names.
    #[must_use]
    pub const fn names(self) -> Symbols<'a> {
        self.names
    }

    /// The columns, without their names.
    #[must_use]
    pub const fn list(self) -> List<'a> {
        self.columns
    }

    /// Names and columns, in order.
    #[must_use]
    pub fn columns(self) -> Columns<'a> {
        Columns { names: self.names.iter(), columns: self.columns.iter() }
    }

    /// The first column of that name.
    #[must_use]
    pub fn column(self, name: &str) -> Option<Value<'a>> {
        self.columns().find(|(found, _)| found == name).map(|(_, column)| column)
    }

    /// Number of columns.
    #[must_use]
    pub const fn width(self) -> usize {
        self.columns.len()
    }

    /// Number of rows.
    #[must_use]
    pub fn len(self) -> usize {
        self.columns.iter().next().map_or(0, Value::count)
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// Iterator over the columns of a [`Table`] and their names.
#[derive(Debug, Clone)]
pub struct Columns<'a> {
    names: SymbolsIter<'a>,
    columns: ListIter<'a>,
}

impl<'a> Iterator for Columns<'a> {
    type Item = (Symbol<'a>, Value<'a>);

    #[inline(always)]
    fn next(&mut self) -> Option<(Symbol<'a>, Value<'a>)> {
        // There are as many columns as names.
        let name = self.names.next()?;
        match self.columns.plain() {
            Some(vector) => Some((name, plain(vector))),
            None => Some((name, self.columns.item())),
        }
    }

    #[inline]
    fn fold<B, F: FnMut(B, Self::Item) -> B>(mut self, init: B, mut f: F) -> B {
        let mut all = init;
        for name in self.names.by_ref() {
            // Two calls, so that what is done with a plain vector is compiled for it alone.
            all = match self.columns.plain() {
                Some(vector) => f(all, (name, plain(vector))),
                None => f(all, (name, self.columns.item())),
            };
        }
        all
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        self.columns.size_hint()
    }
}

impl ExactSizeIterator for Columns<'_> {}

/// What may stand as a column: anything q indexes by row number.
pub(crate) const fn is_column(kind: Kind) -> bool {
    kind.code() <= Kind::Table.code()
}

/// q's `~`: equal names and columns in equal order; attributes do not count.
impl PartialEq for Table<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.names == other.names && self.columns == other.columns
    }
}

/// A splayed table that is still on its owner's disk: the names and where the columns are.
///
/// kdb+ sends it for a table mapped from disk, as type 98 whose dict has a symbol for its value.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Splayed<'a> {
    names: Symbols<'a>,
    path: Symbol<'a>,
    attribute: Attribute,
    sorted: bool,
}

impl<'a> Splayed<'a> {
    /// Borrows names and path.
    #[must_use]
    pub fn new(names: impl Into<Symbols<'a>>, path: Symbol<'a>) -> Self {
        Self { names: names.into(), path, attribute: Attribute::None, sorted: false }
    }

    pub(crate) const fn from_wire(names: Symbols<'a>, path: Symbol<'a>, attribute: Attribute, sorted: bool) -> Self {
        Self { names, path, attribute, sorted }
    }

    /// The table's own attribute.
    #[must_use]
    pub const fn attribute(self) -> Attribute {
        self.attribute
    }

    pub(crate) const fn is_sorted(self) -> bool {
        self.sorted
    }

    /// The column names.
    #[must_use]
    pub const fn names(self) -> Symbols<'a> {
        self.names
    }

    /// The table's folder on the sender's machine.
    #[must_use]
    pub const fn path(self) -> Symbol<'a> {
        self.path
    }
}
