//! Values of the evaluator: atoms are inline, everything longer is refcounted.
//!
//! Kinds with the same representation share a lane: dates, months and ints are all `i32` items. A verb is written
//! once per lane, and looks the kind of its result up in a table. An unshared vector may be changed in place
//! ([`Arc::get_mut`]). Code that copies must ask [`Vm::vec`](super::vm::Vm::vec) for the memory.

mod dict;
mod lane;
mod list;
mod table;

use std::sync::Arc;

use kcodec::{Attribute, Kind};

use super::enumeration::Enumeration;
use super::fault::{Fault, R};
use super::func::Func;
use super::symbols::Sym;

pub(crate) use dict::Dict;
pub(crate) use lane::{Item, Items, Lane, NULL_FLOAT, NULL_REAL, null_item, with_items};
pub(crate) use list::List;
pub(crate) use table::Table;

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

/// Items of one kind.
#[derive(Debug, Clone)]
pub(crate) struct Vector {
    pub(crate) kind: Kind,
    pub(crate) attr: Attribute,
    pub(crate) items: Items,
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
        return Noun::List(Arc::new(List::EMPTY));
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
            Self::List(list) => list.items().len(),
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
            Self::List(list) => list.items().get(index).cloned().unwrap_or_else(|| self.null_of()),
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
            Self::List(list) => match list.items().first() {
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

/// The type number of every enumeration.
const ENUMERATION: i16 = 20;

/// Bound on the nesting depth of values. Equals the default bound for messages, so that every value can be sent.
pub(crate) const DEPTH: u8 = 100;

/// One more than the depth of the deepest part, or the error `stack`.
pub(crate) fn nest<'a>(parts: impl IntoIterator<Item = &'a Noun>) -> R<u8> {
    let depth = parts.into_iter().map(Noun::depth).max().unwrap_or(0) + 1;
    if depth > DEPTH { Err(Fault::STACK) } else { Ok(depth) }
}
