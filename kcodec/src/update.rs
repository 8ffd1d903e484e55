//! Updates: what feeds send to a tickerplant, it to its subscribers, and both into its log.

use std::fmt;

use crate::atom::Atom;
use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::items::VectorIter;
use crate::list::{List, ListIter};
use crate::simd;
use crate::symbol::{Symbol, Symbols};
use crate::table::Table;
use crate::value::Value;
use crate::vector::Vector;
use crate::view::view;
use crate::wire::SYMBOL;

/// A message ``(`upd;`trade;x)``: a function's name, a table's name, and rows for it.
///
/// In a log, and from a feed, x is the list of columns in the table's order, each an atom, which is one row, or
/// each a vector. To subscribers x is a table. Nothing is copied.
///
/// ```
/// use kcodec::{Update, Value, Vector};
///
/// let body = kcodec::parse("(`upd;`trade;+`sym`price!(`a`b;1.5 2.5))")?;
/// let Some(update) = Update::new(body.value()) else { panic!("an update went in") };
/// assert_eq!((update.function().as_str(), update.table().as_str()), (Some("upd"), Some("trade")));
/// let Some(Value::Vector(Vector::Float(price))) = update.column(1) else { panic!("no prices") };
/// assert_eq!((update.rows(), price.iter().sum()), (2, 4.0));
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq)]
pub struct Update<'a> {
    function: Symbol<'a>,
    table: Symbol<'a>,
    data: Data<'a>,
}

/// The third item.
#[derive(Clone, Copy, PartialEq)]
enum Data<'a> {
    Table(Table<'a>),
    Columns(List<'a>),
    /// One row whose items are of one kind.
    Row(Vector<'a>),
}

impl<'a> Data<'a> {
    #[inline]
    fn new(value: Value<'a>) -> Option<Self> {
        match value {
            Value::Table(table) => Some(Data::Table(table)),
            Value::List(columns) => Some(Data::Columns(columns)),
            Value::Vector(row) => Some(Data::Row(row)),
            _ => None,
        }
    }
}

/// A checked text, and what follows its NUL.
#[inline(always)]
fn split_text(bytes: &[u8]) -> Option<(Symbol<'_>, &[u8])> {
    let (text, rest) = bytes.split_at_checked(simd::text_len(bytes)?)?;
    Some((Symbol::from_bytes(text), rest.get(1..)?))
}

impl<'a> Update<'a> {
    /// The update that a message or a log's record is; `None` unless it is a list of a name, a symbol, and a table
    /// or a list of columns. The function's name may be a symbol or a string, as feeds send `".u.upd"`.
    #[must_use]
    #[inline]
    pub fn new(message: Value<'a>) -> Option<Self> {
        let Value::List(items) = message else { return None };
        if let Some((bytes, canonical)) = items.wire()
            && let [SYMBOL, names @ ..] = bytes
            && items.len() == 3
        {
            let (function, table) = split_text(names)?;
            let [SYMBOL, table @ ..] = table else { return None };
            let (table, data) = split_text(table)?;
            let data = match data {
                // As in a log; inlined, which views of any kind are not.
                [0, list @ ..] => Data::Columns(List::behind_type(list, canonical)),
                _ => Data::new(view(data, canonical))?,
            };
            return Some(Self { function, table, data });
        }
        let mut items = items.iter();
        if items.len() != 3 {
            return None;
        }
        let function = match items.next()? {
            Value::Atom(Atom::Symbol(name)) => name,
            Value::Vector(Vector::Char(name)) => Symbol::from_bytes(name.as_bytes()),
            _ => return None,
        };
        let Value::Atom(Atom::Symbol(table)) = items.next()? else { return None };
        Some(Self { function, table, data: Data::new(items.next()?)? })
    }

    /// The function's name, mostly `upd`.
    #[must_use]
    pub const fn function(&self) -> Symbol<'a> {
        self.function
    }

    /// The table's name.
    #[must_use]
    pub const fn table(&self) -> Symbol<'a> {
        self.table
    }

    /// The rows as they were sent.
    #[must_use]
    pub fn data(&self) -> Value<'a> {
        match self.data {
            Data::Table(table) => table.into(),
            Data::Columns(columns) => columns.into(),
            Data::Row(row) => row.into(),
        }
    }

    /// The columns' names, which only a table has.
    #[must_use]
    pub fn names(&self) -> Option<Symbols<'a>> {
        match self.data {
            Data::Table(table) => Some(table.names()),
            Data::Columns(_) | Data::Row(_) => None,
        }
    }

    /// The columns in order: vectors and lists, or atoms if the update is one row without names.
    #[inline]
    pub fn columns(&self) -> impl ExactSizeIterator<Item = Value<'a>> + use<'a> {
        match self.data {
            Data::Table(table) => Columns::Objects(table.list().iter()),
            Data::Columns(columns) => Columns::Objects(columns.iter()),
            Data::Row(row) => Columns::Row(row.iter()),
        }
    }

    /// The column at `index`, counted from 0. Walks those before it.
    #[must_use]
    #[inline]
    pub fn column(&self, index: usize) -> Option<Value<'a>> {
        self.columns().nth(index)
    }

    /// Number of rows. As q's tickerplant does, it asks the first column alone: an atom makes one row of them all,
    /// in which a string is one item.
    #[must_use]
    pub fn rows(&self) -> usize {
        match self.data {
            Data::Table(table) => table.len(),
            Data::Columns(columns) => columns.iter().next().map_or(0, Value::count),
            Data::Row(row) => usize::from(!row.is_empty()),
        }
    }
}

impl Update<'_> {
    /// A new update of those rows for which `is_wanted` is true, called once for each, in order. Copies; `None` if
    /// no row is wanted.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for columns other than vectors and lists;
    /// [`ErrorKind::Ragged`] for columns of another length than the first.
    pub fn select(&self, is_wanted: impl FnMut(usize) -> bool) -> Result<Option<Body>, Error> {
        let wanted: Vec<bool> = (0..self.rows()).map(is_wanted).collect();
        let count = wanted.iter().filter(|&&is_wanted| is_wanted).count();
        let count = u32::try_from(count).map_err(|_| Error::new(0, ErrorKind::Limit))?;
        if count == 0 {
            return Ok(None);
        }
        if self.column(0).is_some_and(Value::is_atom) {
            // The only row.
            return Body::encode(&[self.function.into(), self.table.into(), self.data()]).map(Some);
        }
        let mut columns = Vec::new();
        for column in self.columns() {
            let mut body = Vec::new();
            append_items(column, &wanted, count, &mut body)?;
            columns.push(Body::decode(body)?);
        }
        let columns: Vec<Value<'_>> = columns.iter().map(Body::value).collect();
        let data = match self.names() {
            Some(names) => Table::new(names, &columns)?.into(),
            None => Value::from(&columns),
        };
        Body::encode(&[self.function.into(), self.table.into(), data]).map(Some)
    }
}

/// Appends a vector or list of the wanted items.
fn append_items(column: Value<'_>, wanted: &[bool], count: u32, out: &mut Vec<u8>) -> Result<(), Error> {
    let (expected, found) = (wanted.len() as u64, column.count() as u64);
    if expected != found {
        return Err(Error::new(0, ErrorKind::Ragged { expected, found }));
    }
    out.extend([column.kind().code(), 0]);
    out.extend(count.to_le_bytes());
    let is_wanted = |index: &usize| wanted.get(*index) == Some(&true);
    match column {
        Value::List(items) => {
            let mut items = items.iter().enumerate().filter(|(index, _)| is_wanted(index));
            items.try_for_each(|(_, item)| item.encode(out))
        }
        Value::Vector(Vector::Symbol(items)) => {
            for (_, item) in items.iter().enumerate().filter(|(index, _)| is_wanted(index)) {
                out.extend(item.as_bytes());
                out.push(0);
            }
            Ok(())
        }
        Value::Vector(items) => {
            for item in (0..wanted.len()).filter(is_wanted).filter_map(|index| items.get(index)) {
                // An item is an atom without its type.
                let start = out.len();
                Value::from(item).encode(out)?;
                out.remove(start);
            }
            Ok(())
        }
        _ => Err(Error::new(0, ErrorKind::Unsupported)),
    }
}

impl fmt::Debug for Update<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Update").field(&self.function).field(&self.table).field(&self.data()).finish()
    }
}

/// Iterator over the columns of an [`Update`].
enum Columns<'a> {
    Objects(ListIter<'a>),
    /// The items of one row of one kind.
    Row(VectorIter<'a>),
}

impl<'a> Iterator for Columns<'a> {
    type Item = Value<'a>;

    #[inline]
    fn next(&mut self) -> Option<Value<'a>> {
        match self {
            Self::Objects(objects) => objects.next(),
            Self::Row(row) => row.next().map(Value::from),
        }
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<Value<'a>> {
        match self {
            Self::Objects(objects) => objects.nth(n),
            Self::Row(row) => row.nth(n).map(Value::from),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Objects(objects) => objects.size_hint(),
            Self::Row(row) => row.size_hint(),
        }
    }
}

impl ExactSizeIterator for Columns<'_> {}
