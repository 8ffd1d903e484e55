//! Tables: names and as many columns of equal length.

use std::fmt;

use crate::counted::Counted;
use crate::error::{Error, ErrorKind};
use crate::kind::Attribute;
use crate::list::{List, ListIter};
use crate::symbol::{Symbol, Symbols, SymbolsIter};
use crate::value::Value;
use crate::view::plain;
use crate::wire::SYMBOL;

/// Column names and columns of equal length.
///
/// ```
/// use kcodec::{Attribute, Columns, Table, Value};
///
/// let columns = [Value::symbols(&["ibm", "msft"]), (&[101.5, 402.25]).into()];
/// let trade = Table::new(&["sym", "price"], &columns)?;
/// assert_eq!((trade.len(), trade.width(), trade.is_empty()), (2, 2, false));
/// assert_eq!((trade.names().len(), trade.list().len()), (2, 2));
/// assert_eq!((trade.column("price"), trade.column("size")), (Some(columns[1]), None));
/// let iter: Columns<'_> = trade.columns();
/// assert_eq!(iter.map(|(name, _)| name.to_string()).collect::<Vec<_>>(), ["sym", "price"]);
/// assert_eq!(trade.with_attribute(Attribute::Sorted).attribute(), Attribute::Sorted);
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Table<'a>(Parts<'a>);

#[derive(Clone, Copy)]
enum Parts<'a> {
    /// Checked: names from their attribute on, which take so many bytes, the type of a list, and columns.
    Wire {
        bytes: &'a [u8],
        names: usize,
        canonical: bool,
        attribute: Attribute,
        sorted: bool,
    },
    Values {
        names: Symbols<'a>,
        columns: &'a [Value<'a>],
        attribute: Attribute,
    },
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
            if !column.kind().is_column() || column.is_atom() {
                return fail(ErrorKind::TableColumns);
            }
            if found != expected {
                return fail(ErrorKind::Ragged { expected, found });
            }
        }
        Ok(Self(Parts::Values { names, columns, attribute: Attribute::None }))
    }

    #[inline(always)]
    pub(crate) const fn from_wire(
        bytes: &'a [u8],
        names: usize,
        canonical: bool,
        attribute: Attribute,
        sorted: bool,
    ) -> Self {
        Self(Parts::Wire { bytes, names, canonical, attribute, sorted })
    }

    /// The same table under another attribute; nothing is verified.
    #[must_use]
    pub const fn with_attribute(mut self, new: Attribute) -> Self {
        let (Parts::Wire { attribute, .. } | Parts::Values { attribute, .. }) = &mut self.0;
        *attribute = new;
        self
    }

    /// The table's own attribute; its columns have theirs.
    #[must_use]
    pub const fn attribute(self) -> Attribute {
        let (Parts::Wire { attribute, .. } | Parts::Values { attribute, .. }) = self.0;
        attribute
    }

    /// Whether the dict inside is a sorted one: seen on the wire, without meaning of its own.
    pub(crate) const fn is_sorted(self) -> bool {
        matches!(self.0, Parts::Wire { sorted: true, .. })
    }

    /// The column names.
    #[must_use]
    #[inline]
    pub fn names(self) -> Symbols<'a> {
        match self.0 {
            Parts::Wire { bytes, names, .. } => wire_names(bytes, names),
            Parts::Values { names, .. } => names,
        }
    }

    /// The columns, without their names.
    #[must_use]
    #[inline]
    pub fn list(self) -> List<'a> {
        match self.0 {
            Parts::Wire { bytes, names, canonical, .. } => {
                let Some([_, columns @ ..]) = bytes.get(names..) else { unreachable!("checked: a list of columns") };
                let columns = Counted::new(columns);
                List::from_wire(columns, canonical, columns.attribute())
            }
            Parts::Values { columns, .. } => List::new(columns),
        }
    }

    /// Names and columns, in order.
    #[must_use]
    #[inline]
    pub fn columns(self) -> Columns<'a> {
        Columns { names: self.names().iter(), columns: self.list().iter() }
    }

    /// The first column of that name.
    #[must_use]
    pub fn column(self, name: &str) -> Option<Value<'a>> {
        self.columns().find(|(found, _)| found == name).map(|(_, column)| column)
    }

    /// Number of columns.
    #[must_use]
    pub fn width(self) -> usize {
        self.list().len()
    }

    /// Number of rows.
    #[must_use]
    pub fn len(self) -> usize {
        self.list().iter().next().map_or(0, Value::count)
    }

    /// Whether there are no rows.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// The names that take the first bytes of a table or splayed table.
#[inline]
fn wire_names(bytes: &[u8], names: usize) -> Symbols<'_> {
    let Some(names) = bytes.get(..names) else { unreachable!("checked: the names") };
    Symbols::from_wire(Counted::new(names))
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

/// q's `~`: equal names and columns in equal order; attributes do not count.
impl PartialEq for Table<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.names() == other.names() && self.list() == other.list()
    }
}

impl fmt::Debug for Table<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.columns()).finish()
    }
}

/// A splayed table that is still on its owner's disk: the names and where the columns are.
///
/// kdb+ sends it for a table mapped from disk, as type 98 whose dict has a symbol for its value.
///
/// ```
/// use kcodec::{Attribute, Splayed, Symbol};
///
/// let trade = Splayed::new(&["sym", "price"], Symbol::new(":db/trade/"));
/// assert_eq!((trade.names().len(), trade.path().as_str()), (2, Some(":db/trade/")));
/// assert_eq!(trade.attribute(), Attribute::None);
/// ```
#[derive(Clone, Copy)]
pub struct Splayed<'a>(Place<'a>);

#[derive(Clone, Copy)]
enum Place<'a> {
    /// Checked: names from their attribute on, which take so many bytes, the type of a symbol, and a path.
    Wire {
        bytes: &'a [u8],
        names: usize,
        attribute: Attribute,
        sorted: bool,
    },
    Values {
        names: Symbols<'a>,
        path: Symbol<'a>,
    },
}

impl<'a> Splayed<'a> {
    /// Borrows names and path.
    #[must_use]
    pub fn new(names: impl Into<Symbols<'a>>, path: Symbol<'a>) -> Self {
        Self(Place::Values { names: names.into(), path })
    }

    pub(crate) const fn from_wire(bytes: &'a [u8], names: usize, attribute: Attribute, sorted: bool) -> Self {
        Self(Place::Wire { bytes, names, attribute, sorted })
    }

    /// The table's own attribute.
    #[must_use]
    pub const fn attribute(self) -> Attribute {
        match self.0 {
            Place::Wire { attribute, .. } => attribute,
            Place::Values { .. } => Attribute::None,
        }
    }

    pub(crate) const fn is_sorted(self) -> bool {
        matches!(self.0, Place::Wire { sorted: true, .. })
    }

    /// The column names.
    #[must_use]
    pub fn names(self) -> Symbols<'a> {
        match self.0 {
            Place::Wire { bytes, names, .. } => wire_names(bytes, names),
            Place::Values { names, .. } => names,
        }
    }

    /// The table's folder on the sender's machine.
    #[must_use]
    pub fn path(self) -> Symbol<'a> {
        match self.0 {
            Place::Wire { bytes, names, .. } => match bytes.get(names..) {
                Some([SYMBOL, path @ .., 0]) => Symbol::from_bytes(path),
                _ => Symbol::default(),
            },
            Place::Values { path, .. } => path,
        }
    }
}

/// Equal names in equal order and equal paths; attributes do not count.
impl PartialEq for Splayed<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.names() == other.names() && self.path() == other.path()
    }
}

impl fmt::Debug for Splayed<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Splayed").field("names", &self.names()).field("path", &self.path()).finish()
    }
}
