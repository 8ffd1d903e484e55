//! Values of the evaluator: atoms are inline, everything longer is refcounted.
//!
//! Kinds with the same representation share a lane: dates, months and ints are all `i32` items. A verb is written
//! once per lane, and looks the kind of its result up in a table. An unshared vector may be changed in place
//! ([`Arc::get_mut`]). Code that copies must ask [`Vm::vec`](super::vm::Vm::vec) for the memory.

use std::sync::Arc;

use kcodec::{Attribute, Kind};

use super::enumeration::Enumeration;
use super::fault::{Fault, R};
use super::func::Func;
use super::symbols::Sym;

/// Any q value.
#[derive(Debug, Clone, Default)]
pub(crate) enum Noun {
    /// `::`
    #[default]
    Null,
    /// An elided argument of a projection.
    Elided,
    Atom(Atom),
    Vector(Vector),
    /// A general list. Never a list that q would store as a vector, unless built by [`List::raw`].
    List(Arc<List>),
    Dict(Arc<Dict>),
    Table(Arc<Table>),
    /// An enumeration: one position in a domain, or a list of them.
    Enum(Arc<Enumeration>),
    Func(Func),
}

/// One item and its kind.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Atom {
    pub(crate) kind: Kind,
    pub(crate) item: Item,
}

/// An item in its lane.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Item {
    U8(u8),
    I16(i16),
    I32(i32),
    I64(i64),
    F32(f32),
    F64(f64),
    Guid([u8; 16]),
    Sym(Sym),
}

/// Items of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Vector {
    pub(crate) kind: Kind,
    pub(crate) attr: Attribute,
    pub(crate) items: Items,
}

/// Items in their lane.
#[derive(Debug, Clone)]
pub(crate) enum Items {
    U8(Arc<Vec<u8>>),
    I16(Arc<Vec<i16>>),
    I32(Arc<Vec<i32>>),
    I64(Arc<Vec<i64>>),
    F32(Arc<Vec<f32>>),
    F64(Arc<Vec<f64>>),
    Guid(Arc<Vec<[u8; 16]>>),
    Sym(Arc<Vec<Sym>>),
}

/// Runs `$work` with `$items` bound to the `Arc<Vec<_>>` of the vector's lane.
macro_rules! with_items {
    ($value:expr, $items:ident => $work:expr) => {
        match $value {
            $crate::q::noun::Items::U8($items) => $work,
            $crate::q::noun::Items::I16($items) => $work,
            $crate::q::noun::Items::I32($items) => $work,
            $crate::q::noun::Items::I64($items) => $work,
            $crate::q::noun::Items::F32($items) => $work,
            $crate::q::noun::Items::F64($items) => $work,
            $crate::q::noun::Items::Guid($items) => $work,
            $crate::q::noun::Items::Sym($items) => $work,
        }
    };
}
pub(crate) use with_items;

/// A Rust type that stores items.
pub(crate) trait Lane: Copy + PartialEq + Default + std::fmt::Debug + Send + Sync + 'static {
    /// The null of the lane's numeric kinds. Bytes, chars and booleans differ: see [`null_item`].
    const NULL: Self;

    fn item(self) -> Item;
    fn from_item(item: Item) -> Option<Self>;
    fn wrap(items: Arc<Vec<Self>>) -> Items;
    fn of(items: &Items) -> Option<&Arc<Vec<Self>>>;
    fn of_mut(items: &mut Items) -> Option<&mut Arc<Vec<Self>>>;
}

macro_rules! lanes {
    ($($ty:ty, $lane:ident, $null:expr;)*) => {$(
        impl Lane for $ty {
            const NULL: Self = $null;

            fn item(self) -> Item {
                Item::$lane(self)
            }

            fn from_item(item: Item) -> Option<Self> {
                if let Item::$lane(item) = item { Some(item) } else { None }
            }

            fn wrap(items: Arc<Vec<Self>>) -> Items {
                Items::$lane(items)
            }

            fn of(items: &Items) -> Option<&Arc<Vec<Self>>> {
                if let Items::$lane(items) = items { Some(items) } else { None }
            }

            fn of_mut(items: &mut Items) -> Option<&mut Arc<Vec<Self>>> {
                if let Items::$lane(items) = items { Some(items) } else { None }
            }
        }
    )*};
}
lanes! {
    u8, U8, 0;
    i16, I16, i16::MIN;
    i32, I32, i32::MIN;
    i64, I64, i64::MIN;
    f32, F32, NULL_REAL;
    f64, F64, NULL_FLOAT;
    [u8; 16], Guid, [0; 16];
    Sym, Sym, Sym::NULL;
}

/// kdb+'s float null: a quiet NaN with the sign bit set.
pub(crate) const NULL_FLOAT: f64 = f64::from_bits(0xfff8_0000_0000_0000);
/// kdb+'s real null.
pub(crate) const NULL_REAL: f32 = f32::from_bits(0xffc0_0000);

/// The null of a kind: 0 for booleans and bytes, a blank for chars.
pub(crate) const fn null_item(kind: Kind) -> Item {
    match kind {
        Kind::Boolean | Kind::Byte => Item::U8(0),
        Kind::Char => Item::U8(b' '),
        Kind::Short => Item::I16(i16::MIN),
        Kind::Real => Item::F32(NULL_REAL),
        Kind::Float | Kind::Datetime => Item::F64(NULL_FLOAT),
        Kind::Long | Kind::Timestamp | Kind::Timespan => Item::I64(i64::MIN),
        Kind::Guid => Item::Guid([0; 16]),
        Kind::Symbol => Item::Sym(Sym::NULL),
        _ => Item::I32(i32::MIN),
    }
}

/// A vector of `kind`. `T` must be the lane of the kind.
pub(crate) fn vector<T: Lane>(kind: Kind, items: Vec<T>) -> Noun {
    Noun::Vector(Vector { kind, attr: Attribute::None, items: T::wrap(Arc::new(items)) })
}

/// An atom of `kind`. `T` must be the lane of the kind.
pub(crate) fn atom<T: Lane>(kind: Kind, item: T) -> Noun {
    Noun::Atom(Atom { kind, item: item.item() })
}

/// An empty vector; for [`Kind::List`] the empty general list.
pub(crate) fn empty(kind: Kind) -> Noun {
    if kind == Kind::List {
        return Noun::List(Arc::new(List { items: Vec::new(), depth: 1 }));
    }
    let items = match null_item(kind) {
        Item::U8(_) => u8::wrap(Arc::default()),
        Item::I16(_) => i16::wrap(Arc::default()),
        Item::I32(_) => i32::wrap(Arc::default()),
        Item::I64(_) => i64::wrap(Arc::default()),
        Item::F32(_) => f32::wrap(Arc::default()),
        Item::F64(_) => f64::wrap(Arc::default()),
        Item::Guid(_) => <[u8; 16]>::wrap(Arc::default()),
        Item::Sym(_) => Sym::wrap(Arc::default()),
    };
    Noun::Vector(Vector { kind, attr: Attribute::None, items })
}

/// Constructors for common values.
impl Noun {
    pub(crate) fn long(item: i64) -> Self {
        atom(Kind::Long, item)
    }

    pub(crate) fn int(item: i32) -> Self {
        atom(Kind::Int, item)
    }

    pub(crate) fn float(item: f64) -> Self {
        atom(Kind::Float, item)
    }

    pub(crate) fn bool(item: bool) -> Self {
        atom(Kind::Boolean, u8::from(item))
    }

    pub(crate) fn char(item: u8) -> Self {
        atom(Kind::Char, item)
    }

    pub(crate) fn sym(item: Sym) -> Self {
        atom(Kind::Symbol, item)
    }

    /// A char vector.
    pub(crate) fn text(text: impl Into<Vec<u8>>) -> Self {
        vector(Kind::Char, text.into())
    }

    pub(crate) fn syms(items: Vec<Sym>) -> Self {
        vector(Kind::Symbol, items)
    }

    pub(crate) fn longs(items: Vec<i64>) -> Self {
        vector(Kind::Long, items)
    }

    pub(crate) fn bools(items: Vec<bool>) -> Self {
        vector(Kind::Boolean, items.into_iter().map(u8::from).collect::<Vec<u8>>())
    }
}

impl Noun {
    /// q's `count`: 1 for atoms and functions.
    pub(crate) fn len(&self) -> usize {
        match self {
            Self::Vector(vector) => vector.len(),
            Self::List(list) => list.items.len(),
            Self::Dict(dict) => dict.keys.len(),
            Self::Table(table) => table.len(),
            Self::Enum(enumeration) => enumeration.places.len(),
            _ => 1,
        }
    }

    /// q's type number: negative for atoms, 98 for tables, 99 for dicts.
    pub(crate) fn type_code(&self) -> i16 {
        match self {
            Self::Null | Self::Elided => 101,
            Self::Atom(atom) => -i16::from(atom.kind.code()),
            Self::Vector(vector) => i16::from(vector.kind.code()),
            Self::List(_) => 0,
            Self::Dict(dict) if dict.sorted => 127,
            Self::Dict(_) => 99,
            Self::Table(_) => 98,
            Self::Enum(enumeration) if enumeration.places.is_atom() => -ENUMERATION,
            Self::Enum(_) => ENUMERATION,
            Self::Func(func) => i16::from(func.kind().code()),
        }
    }

    /// The kind of an atom or vector; [`Kind::List`] for a general list.
    pub(crate) fn kind(&self) -> Option<Kind> {
        match self {
            Self::Atom(atom) => Some(atom.kind),
            Self::Vector(vector) => Some(vector.kind),
            Self::List(_) => Some(Kind::List),
            _ => None,
        }
    }

    pub(crate) fn is_atom(&self) -> bool {
        match self {
            Self::Atom(_) => true,
            Self::Enum(enumeration) => matches!(enumeration.places, Self::Atom(_)),
            _ => false,
        }
    }

    /// Whether it can be indexed by position: a vector, list or table.
    pub(crate) fn is_list(&self) -> bool {
        match self {
            Self::Vector(_) | Self::List(_) | Self::Table(_) => true,
            Self::Enum(enumeration) => matches!(enumeration.places, Self::Vector(_)),
            _ => false,
        }
    }

    pub(crate) const fn is_func(&self) -> bool {
        matches!(self, Self::Func(_) | Self::Null)
    }

    /// The key table and the value table of a keyed table.
    pub(crate) fn as_keyed(&self) -> Option<(&Arc<Table>, &Arc<Table>)> {
        match self {
            Self::Dict(dict) => match (&dict.keys, &dict.values) {
                (Self::Table(keys), Self::Table(values)) => Some((keys, values)),
                _ => None,
            },
            _ => None,
        }
    }

    /// The bytes of a char vector or char atom.
    pub(crate) fn as_text(&self) -> Option<&[u8]> {
        match self {
            Self::Vector(Vector { kind: Kind::Char, items: Items::U8(text), .. }) => Some(text),
            Self::Atom(Atom { kind: Kind::Char, item: Item::U8(byte) }) => Some(std::slice::from_ref(byte)),
            _ => None,
        }
    }

    pub(crate) const fn as_sym(&self) -> Option<Sym> {
        match self {
            Self::Atom(Atom { item: Item::Sym(sym), .. }) => Some(*sym),
            _ => None,
        }
    }

    /// The symbols of a symbol atom or vector.
    pub(crate) fn as_syms(&self) -> Option<&[Sym]> {
        match self {
            Self::Vector(Vector { items: Items::Sym(syms), .. }) => Some(syms),
            Self::Atom(Atom { item: Item::Sym(sym), .. }) => Some(std::slice::from_ref(sym)),
            _ => None,
        }
    }

    /// The number of an integer atom (boolean, byte, short, int, long, integral temporals). A null is `i64::MIN`.
    pub(crate) fn as_long(&self) -> Option<i64> {
        let Self::Atom(atom) = self else { return None };
        match atom.item {
            Item::U8(byte) if atom.kind != Kind::Char => Some(i64::from(byte)),
            Item::I16(i16::MIN) | Item::I32(i32::MIN) => Some(i64::MIN),
            Item::I16(short) => Some(i64::from(short)),
            Item::I32(int) => Some(i64::from(int)),
            Item::I64(long) => Some(long),
            _ => None,
        }
    }

    /// The items of a vector, if it has this lane.
    pub(crate) fn items<T: Lane>(&self) -> Option<&[T]> {
        match self {
            Self::Vector(vector) => T::of(&vector.items).map(|items| items.as_slice()),
            _ => None,
        }
    }

    /// The item at a position: an atom of a vector, a row dict of a table. Past the end, the null.
    pub(crate) fn at(&self, index: usize) -> Self {
        match self {
            Self::Vector(vector) => Self::Atom(vector.at(index)),
            Self::List(list) => list.items.get(index).cloned().unwrap_or_else(|| self.null_of()),
            Self::Table(table) => table.row(index),
            Self::Dict(dict) => dict.values.at(index),
            Self::Enum(enumeration) => enumeration.at(index),
            other => other.clone(),
        }
    }

    /// The result of indexing past the end: for a vector its null, for a general list the null of its first item.
    pub(crate) fn null_of(&self) -> Self {
        match self {
            Self::Vector(Vector { kind, .. }) | Self::Atom(Atom { kind, .. }) => {
                Self::Atom(Atom { kind: *kind, item: null_item(*kind) })
            }
            Self::List(list) => match list.items.first() {
                Some(Self::Atom(first)) => Self::Atom(Atom { kind: first.kind, item: null_item(first.kind) }),
                Some(Self::Vector(first)) => empty(first.kind),
                Some(Self::Table(first)) => first.without_rows(),
                Some(first @ Self::Enum(_)) => first.null_of(),
                _ => empty(Kind::List),
            },
            Self::Table(table) => table.row(usize::MAX),
            Self::Dict(dict) => dict.values.null_of(),
            Self::Enum(enumeration) => enumeration.at(usize::MAX),
            _ => empty(Kind::List),
        }
    }

    /// Nesting depth; 1 for atoms and vectors.
    pub(crate) fn depth(&self) -> u8 {
        match self {
            Self::List(list) => list.depth,
            Self::Dict(dict) => dict.depth,
            Self::Table(table) => table.depth,
            Self::Func(func) => func.depth(),
            _ => 1,
        }
    }
}

impl Vector {
    pub(crate) fn len(&self) -> usize {
        with_items!(&self.items, items => items.len())
    }

    pub(crate) fn at(&self, index: usize) -> Atom {
        let item = with_items!(&self.items, items => items.get(index).map(|item| item.item()));
        Atom {
            kind: self.kind,
            item: item.unwrap_or(const { null_item(Kind::Long) }).or_null(self.kind, item.is_some()),
        }
    }
}

impl Item {
    const fn or_null(self, kind: Kind, found: bool) -> Self {
        if found { self } else { null_item(kind) }
    }
}

/// The type number of every enumeration.
const ENUMERATION: i16 = 20;

/// Bound on the nesting depth of values. Equals the default bound for messages, so that every value can be sent.
pub(crate) const DEPTH: u8 = 100;

/// One more than the depth of the deepest part, or the error `stack`.
pub(crate) fn nest<'a>(parts: impl IntoIterator<Item = &'a Noun>) -> R<u8> {
    let depth = parts.into_iter().map(Noun::depth).max().unwrap_or(0) + 1;
    if depth > DEPTH { Err(Fault::STACK) } else { Ok(depth) }
}

/// A general list.
#[derive(Debug, Clone)]
pub(crate) struct List {
    items: Vec<Noun>,
    depth: u8,
}

impl List {
    /// Builds a general list without converting uniform items to a vector; see [`build::tidy`](super::build::tidy).
    pub(crate) fn raw(items: Vec<Noun>) -> R {
        let depth = nest(&items)?;
        Ok(Noun::List(Arc::new(Self { items, depth })))
    }

    pub(crate) fn items(&self) -> &[Noun] {
        &self.items
    }

    /// Appends an item, in amortised constant time.
    pub(crate) fn push(&mut self, item: Noun) -> R<()> {
        self.depth = self.depth.max(nest([&item])?);
        self.items.push(item);
        Ok(())
    }

    /// Replaces an item and returns the old one.
    pub(crate) fn replace(&mut self, index: usize, item: Noun) -> R {
        self.depth = self.depth.max(nest([&item])?);
        let place = self.items.get_mut(index).ok_or(Fault::INDEX)?;
        Ok(std::mem::replace(place, item))
    }

    pub(crate) fn into_items(self) -> Vec<Noun> {
        self.items
    }
}

/// Keys and values of equal count. A keyed table if both are tables.
#[derive(Debug, Clone)]
pub(crate) struct Dict {
    pub(crate) keys: Noun,
    pub(crate) values: Noun,
    /// A step dict, type 127: a missing key has the value of the greatest key below it.
    pub(crate) sorted: bool,
    depth: u8,
}

impl Dict {
    /// # Errors
    ///
    /// `length` if the counts differ.
    #[expect(clippy::new_ret_no_self, reason = "a dict is only made to be a value")]
    pub(crate) fn new(keys: Noun, values: Noun) -> R {
        if keys.len() != values.len() {
            return Err(Fault::LENGTH);
        }
        let depth = nest([&keys, &values])?;
        Ok(Noun::Dict(Arc::new(Self { keys, values, sorted: false, depth })))
    }

    /// Builds a step dict. The counts must be equal.
    pub(crate) fn stepped(keys: Noun, values: Noun) -> R {
        let depth = nest([&keys, &values])?;
        Ok(Noun::Dict(Arc::new(Self { keys, values, sorted: true, depth })))
    }

    /// Changes keys and values, and updates the depth.
    pub(crate) fn change<T>(&mut self, change: impl FnOnce(&mut Noun, &mut Noun) -> R<T>) -> R<T> {
        let done = change(&mut self.keys, &mut self.values);
        self.depth = nest([&self.keys, &self.values])?;
        done
    }
}

/// Named columns of equal length.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    names: Arc<Vec<Sym>>,
    columns: Vec<Noun>,
    depth: u8,
    pub(crate) attr: Attribute,
}

impl Table {
    /// # Errors
    ///
    /// `length` if there are not as many names as columns, or if the columns differ in length. `type` if a column
    /// is not a list.
    #[expect(clippy::new_ret_no_self, reason = "a table is only made to be a value")]
    pub(crate) fn new(names: Arc<Vec<Sym>>, columns: Vec<Noun>) -> R {
        let length = columns.first().map(Noun::len);
        if names.len() != columns.len() || columns.iter().any(|column| Some(column.len()) != length) {
            return Err(Fault::LENGTH);
        }
        if columns.is_empty() || !columns.iter().all(Noun::is_list) {
            return Err(Fault::TYPE);
        }
        let depth = nest(&columns)?.saturating_add(2);
        if depth > DEPTH {
            return Err(Fault::STACK);
        }
        Ok(Noun::Table(Arc::new(Self { names, columns, depth, attr: Attribute::None })))
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.columns.first().map_or(0, Noun::len)
    }

    pub(crate) fn names(&self) -> &Arc<Vec<Sym>> {
        &self.names
    }

    pub(crate) fn columns(&self) -> &[Noun] {
        &self.columns
    }

    pub(crate) fn column(&self, name: Sym) -> Option<&Noun> {
        self.position(name).and_then(|index| self.columns.get(index))
    }

    pub(crate) fn position(&self, name: Sym) -> Option<usize> {
        self.names.iter().position(|&found| found == name)
    }

    /// Mutable access to the columns. The caller must leave them at equal length, also on an error.
    pub(crate) fn columns_mut(&mut self) -> &mut [Noun] {
        &mut self.columns
    }

    /// A row as a dict; a row of nulls past the end.
    pub(crate) fn row(&self, index: usize) -> Noun {
        // Neither call fails: `new` rejects tables whose rows, two levels deeper, would exceed the depth limit.
        let items: Vec<Noun> = self.columns.iter().map(|column| column.at(index)).collect();
        let values = super::build::tidy(items).unwrap_or(Noun::Null);
        let keys =
            Noun::Vector(Vector { kind: Kind::Symbol, attr: Attribute::None, items: Items::Sym(self.names.clone()) });
        Dict::new(keys, values).unwrap_or(Noun::Null)
    }

    /// The same columns without rows.
    pub(crate) fn without_rows(&self) -> Noun {
        let columns = self.columns.iter().map(|column| match column {
            Noun::Enum(enumeration) => enumeration.without_items(),
            _ => empty(column.kind().unwrap_or(Kind::List)),
        });
        // Never fails: there are as many names as columns, and all columns are empty lists.
        Self::new(self.names.clone(), columns.collect()).unwrap_or_default()
    }

    /// The table as a dict of names and columns.
    pub(crate) fn flip(&self) -> R {
        let keys =
            Noun::Vector(Vector { kind: Kind::Symbol, attr: Attribute::None, items: Items::Sym(self.names.clone()) });
        Dict::new(keys, List::raw(self.columns.clone())?)
    }
}
