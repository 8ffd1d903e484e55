//! Views of updates: the messages of feeds to a tickerplant, of the tickerplant to its subscribers, and its log's
//! records.

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

/// A view of a message ``(`upd;`trade;x)``: the name of a function, the name of a table, and its new rows.
///
/// From a feed and in a log, x is the list of columns in the table's order: all atoms, which is one row, or all
/// vectors. To subscribers, x is a table. Nothing is copied.
///
/// ```
/// use kcodec::{Update, Value, Vector};
///
/// let body = kcodec::parse("(`upd;`trade;+`sym`price!(`a`b;1.5 2.5))")?;
/// let Some(update) = Update::new(body.value()) else { panic!("not an update") };
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
    /// One row of items of one kind.
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

/// The text at the start of checked bytes, and the bytes after its NUL.
#[inline(always)]
fn split_text(bytes: &[u8]) -> (Symbol<'_>, &[u8]) {
    match simd::text_len(bytes).and_then(|length| bytes.split_at_checked(length)) {
        Some((text, [_, rest @ ..])) => (Symbol::from_bytes(text), rest),
        _ => unreachable!("checked: the terminator of a symbol"),
    }
}

impl<'a> Update<'a> {
    /// The view of a message or a log's record; `None` unless it is a list of three items: a function's name, a table's
    /// name, and a table, list or vector. The function's name may be a symbol or a string, because feeds send
    /// `".u.upd"`; the table's name is a symbol.
    #[must_use]
    #[inline]
    pub fn new(message: Value<'a>) -> Option<Self> {
        let Value::List(items) = message else { return None };
        if let Some((bytes, canonical)) = items.wire()
            && let [SYMBOL, names @ ..] = bytes
            && items.len() == 3
        {
            let (function, table) = split_text(names);
            let [SYMBOL, table @ ..] = table else { return None };
            let (table, data) = split_text(table);
            let data = match data {
                // Fast path: a list, as in a log. This view is inlined; `view` is a call.
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

    /// The function's name, usually `upd`.
    #[must_use]
    pub const fn function(&self) -> Symbol<'a> {
        self.function
    }

    /// The table's name.
    #[must_use]
    pub const fn table(&self) -> Symbol<'a> {
        self.table
    }

    /// The rows as sent: the third item of the message.
    #[must_use]
    pub fn data(&self) -> Value<'a> {
        match self.data {
            Data::Table(table) => table.into(),
            Data::Columns(columns) => columns.into(),
            Data::Row(row) => row.into(),
        }
    }

    /// The names of the columns; `None` unless the rows are a table.
    #[must_use]
    pub fn names(&self) -> Option<Symbols<'a>> {
        match self.data {
            Data::Table(table) => Some(table.names()),
            Data::Columns(_) | Data::Row(_) => None,
        }
    }

    /// The columns in order: vectors and lists, or atoms if the update is one row and not a table.
    #[inline]
    pub fn columns(&self) -> impl ExactSizeIterator<Item = Value<'a>> + use<'a> {
        match self.data {
            Data::Table(table) => Columns::Objects(table.list().iter()),
            Data::Columns(columns) => Columns::Objects(columns.iter()),
            Data::Row(row) => Columns::Row(row.iter()),
        }
    }

    /// The column at `index`, from 0. Takes time in proportion to the columns before it.
    #[must_use]
    #[inline]
    pub fn column(&self, index: usize) -> Option<Value<'a>> {
        self.columns().nth(index)
    }

    /// Number of rows. As in q's tickerplant, the first column determines it: if it is an atom, the update is one row,
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
    /// A new update of the rows for which `is_wanted` returns true; `None` if there are none. `is_wanted` is called
    /// once per row, in order. The rows are copied.
    ///
    /// ```
    /// use kcodec::Update;
    ///
    /// let body = kcodec::parse("(`upd;`trade;([]sym:`a`b`a;price:1.5 2.5 3.5))")?;
    /// let update = Update::new(body.value()).expect("an update");
    /// let sym = update.data().as_table()?.get("sym")?.as_symbols()?.index();
    /// let wanted = update.select(|row| sym.get(row).is_some_and(|sym| sym == "a"))?.expect("rows");
    /// let wanted = Update::new(wanted.value()).expect("an update");
    /// assert_eq!((wanted.rows(), wanted.columns().len()), (2, 2));
    /// assert_eq!(wanted.names().map(|names| names.len()), Some(2));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Unsupported`] for columns other than vectors and lists;
    /// [`ErrorKind::Ragged`] for columns with another length than the first;
    /// [`ErrorKind::Limit`] for 2^32 wanted rows or more.
    pub fn select(&self, is_wanted: impl FnMut(usize) -> bool) -> Result<Option<Body>, Error> {
        let wanted: Vec<bool> = (0..self.rows()).map(is_wanted).collect();
        let count = wanted.iter().filter(|&&is_wanted| is_wanted).count();
        let count = u32::try_from(count).map_err(|_| Error::new(0, ErrorKind::Limit))?;
        if count == 0 {
            return Ok(None);
        }
        if self.column(0).is_some_and(Value::is_atom) {
            // The update is one row, which is wanted.
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

/// Appends a vector or list of the wanted items, of which there are `count`.
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
            for index in (0..wanted.len()).filter(is_wanted) {
                let Some(item) = items.get(index) else { unreachable!("as many items as rows") };
                // The wire form of an item is that of its atom without the type.
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
