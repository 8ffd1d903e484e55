//! The one value type: a view of a body or of borrowed Rust data.

use std::fmt;

use crate::atom::Atom;
use crate::decode::check;
use crate::dict::Dict;
use crate::error::Error;
use crate::function::Function;
use crate::kind::Kind;
use crate::limits::Limits;
use crate::list::List;
use crate::slice::Slice;
use crate::symbol::{Symbol, Symbols};
use crate::table::{Splayed, Table};
use crate::temporal::{Date, Datetime, Guid, Minute, Month, Second, Time, Timespan, Timestamp};
use crate::vector::Vector;
use crate::view::{self, view};

/// Any q object, borrowed.
///
/// Equality is q's `~`: kind and content, nulls match, attributes do not count.
///
/// Each kind has an accessor: atoms by the name of the Rust type, vectors by the name of the kind.
///
/// ```
/// use kcodec::{Date, Function, Time, Value};
///
/// let body = kcodec::parse("(1b;0x2a;3h;4i;5;1.5e;2.5;`ibm;2024.01.31;12:00:00.000;{x+y})")?;
/// let atoms: Vec<Value<'_>> = body.value().items()?.collect();
/// assert_eq!((atoms[0].as_bool()?, atoms[1].as_u8()?, atoms[2].as_i16()?, atoms[3].as_i32()?), (true, 42, 3, 4));
/// assert_eq!((atoms[4].as_i64()?, atoms[5].as_f32()?, atoms[6].as_f64()?), (5, 1.5, 2.5));
/// assert_eq!((atoms[7].as_symbol()?.as_str(), atoms[8].as_date()?), (Some("ibm"), Date(8796)));
/// assert_eq!(atoms[9].as_time()?, Time(12 * 3_600_000)); // and the other temporal types
/// assert!(matches!(atoms[10].as_function()?, Function::Lambda(_)));
///
/// let body = kcodec::parse("(10b;0x0102;\"text\";1 2h;1 2i;1 2;1 2e;1 2f;`a`b;2024.01.31 0Nd)")?;
/// let vectors: Vec<Value<'_>> = body.value().items()?.collect();
/// assert_eq!((vectors[0].as_boolean()?.len(), vectors[1].as_byte()?.len()), (2, 2));
/// assert_eq!(vectors[2].as_bytes()?, b"text");
/// assert_eq!((vectors[3].as_short()?.sum(), vectors[4].as_int()?.sum(), vectors[5].as_long()?.sum()), (3, 3, 3));
/// assert_eq!((vectors[6].as_real()?.sum(), vectors[7].as_float()?.sum()), (3.0, 3.0));
/// assert_eq!((vectors[8].as_symbols()?.len(), vectors[9].as_dates()?.null_count()), (2, 1));
/// assert_eq!(vectors[5].as_vector()?.get(1), Some(kcodec::Atom::Long(2)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// What a value is:
///
/// ```
/// use kcodec::{Function, Kind, List, Value, primitive};
///
/// let text = Value::chars(b"text");
/// assert_eq!((text.kind(), text.type_code(), text.count()), (Kind::Char, 10, 4));
/// assert_eq!((text.is_atom(), text.is_list(), text.as_text()), (false, true, Some(&b"text"[..])));
/// assert_eq!((Value::from(1_i64).type_code(), Value::error("type").to_string()), (-7, "'type".into()));
/// let plus = Value::from(primitive::named("+").expect("a primitive"));
/// let parts = [plus, Value::ELIDED, Value::from(1_i64)];
/// assert_eq!(Value::from(Function::Projection(List::new(&parts))).to_string(), "+[;1]");
/// assert_eq!(Value::NULL.to_string(), "::");
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Value<'a> {
    /// One item.
    Atom(Atom<'a>),
    /// Items of one kind.
    Vector(Vector<'a>),
    /// Objects of any kind.
    List(List<'a>),
    /// Keys and values; a keyed table is one.
    Dict(Dict<'a>),
    /// Columns of equal length.
    Table(Table<'a>),
    /// A table whose columns stayed on the sender's disk.
    Splayed(Splayed<'a>),
    /// Code.
    Function(Function<'a>),
    /// What a failed request is answered with; never inside another object.
    Error(Symbol<'a>),
}

impl<'a> Value<'a> {
    /// Checks a body under the default [`Limits`] and returns a view of it.
    ///
    /// Takes time for each nested object and each byte of a symbol, none for the items of a vector
    /// of fixed width, booleans excepted. Allocates nothing.
    ///
    /// # Errors
    ///
    /// What kdb+'s own validator refuses, and further: dicts whose halves differ in count or are
    /// no lists, tables without columns of equal length, nesting past the limit, trailing bytes.
    #[inline(always)]
    pub fn decode(body: &'a [u8]) -> Result<Self, Error> {
        Self::decode_with(body, Limits::default())
    }

    /// Like [`decode`](Self::decode), under limits of the caller's.
    ///
    /// # Errors
    ///
    /// As [`decode`](Self::decode).
    #[inline(always)]
    pub fn decode_with(body: &'a [u8], limits: Limits) -> Result<Self, Error> {
        let checked = check(body, limits)?;
        Ok(match checked.names {
            Some(_) => view::table(body, checked.canonical, checked.names),
            None => view(body, checked.canonical),
        })
    }

    /// q's generic null, `::`.
    pub const NULL: Self = Self::Function(Function::Unary(0));

    /// The argument left out of a projection.
    pub const ELIDED: Self = Self::Function(Function::Unary(255));

    /// A symbol vector that borrows texts or symbols.
    #[must_use]
    pub fn symbols(items: impl Into<Symbols<'a>>) -> Self {
        Self::Vector(Vector::Symbol(items.into()))
    }

    /// A symbol atom.
    #[must_use]
    pub const fn symbol(text: &'a str) -> Self {
        Self::Atom(Atom::Symbol(Symbol::new(text)))
    }

    /// A char vector that borrows bytes of text.
    #[must_use]
    pub fn chars(text: &'a [u8]) -> Self {
        Self::Vector(Vector::Char(Slice::new(text)))
    }

    /// The error a failed request is answered with.
    #[must_use]
    pub const fn error(text: &'a str) -> Self {
        Self::Error(Symbol::new(text))
    }

    /// The kind, the same for an atom and a vector of it.
    #[must_use]
    #[inline]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Atom(atom) => atom.kind(),
            Self::Vector(vector) => vector.kind(),
            Self::List(_) => Kind::List,
            Self::Dict(dict) if dict.is_sorted() => Kind::SortedDict,
            Self::Dict(_) => Kind::Dict,
            Self::Table(_) | Self::Splayed(_) => Kind::Table,
            Self::Function(function) => function.kind(),
            Self::Error(_) => Kind::Error,
        }
    }

    /// q's type number: negative for atoms and errors, 127 for a sorted dict.
    #[must_use]
    #[inline]
    pub const fn type_code(self) -> i8 {
        let code = self.kind().code().cast_signed();
        if matches!(self, Self::Atom(_)) { -code } else { code }
    }

    /// q's `count`: items of a list, rows of a table, keys of a dict; 1 for everything else.
    #[must_use]
    #[inline(always)]
    pub fn count(self) -> usize {
        match self {
            Self::Vector(vector) => vector.len(),
            Self::List(list) => list.len(),
            Self::Dict(dict) => dict.len(),
            Self::Table(table) => table.len(),
            Self::Atom(_) | Self::Splayed(_) | Self::Function(_) | Self::Error(_) => 1,
        }
    }

    /// Whether this is an atom.
    #[must_use]
    pub const fn is_atom(self) -> bool {
        matches!(self, Self::Atom(_))
    }

    /// Whether `count` counts something: a vector, a list, a dict or a table.
    #[must_use]
    pub const fn is_list(self) -> bool {
        matches!(self, Self::Vector(_) | Self::List(_) | Self::Dict(_) | Self::Table(_))
    }

    /// The bytes of a char vector or char atom, as q strings go over the wire.
    #[must_use]
    pub fn as_text(&self) -> Option<&[u8]> {
        match self {
            Self::Vector(Vector::Char(text)) => Some(text.as_bytes()),
            Self::Atom(Atom::Char(text)) => Some(std::slice::from_ref(text)),
            _ => None,
        }
    }
}

/// One object inside another: bytes of a checked body, or a borrowed value.
#[derive(Clone, Copy)]
pub(crate) enum Object<'a> {
    /// Exactly one checked object. `canonical`: no count in it is wider than it need be, so that
    /// the bytes can be sent as they stand.
    Wire { bytes: &'a [u8], canonical: bool },
    /// A value of the caller's.
    Value(&'a Value<'a>),
}

impl<'a> Object<'a> {
    pub(crate) fn value(self) -> Value<'a> {
        match self {
            Self::Wire { bytes, canonical } => view(bytes, canonical),
            Self::Value(value) => *value,
        }
    }

    /// The object's bytes, when they can be sent as they stand.
    pub(crate) const fn canonical_bytes(self) -> Option<&'a [u8]> {
        match self {
            Self::Wire { bytes, canonical: true } => Some(bytes),
            _ => None,
        }
    }
}

impl PartialEq for Object<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.value() == other.value()
    }
}

impl fmt::Debug for Object<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

macro_rules! from_items {
    ($($kind:ident $ty:ty,)*) => {$(
        impl From<$ty> for Value<'_> {
            fn from(item: $ty) -> Self {
                Self::Atom(Atom::$kind(item))
            }
        }

        impl<'a> From<&'a [$ty]> for Value<'a> {
            fn from(items: &'a [$ty]) -> Self {
                Self::Vector(Vector::$kind(Slice::new(items)))
            }
        }

        impl<'a, const N: usize> From<&'a [$ty; N]> for Value<'a> {
            fn from(items: &'a [$ty; N]) -> Self {
                items.as_slice().into()
            }
        }

        impl<'a> From<&'a Vec<$ty>> for Value<'a> {
            fn from(items: &'a Vec<$ty>) -> Self {
                items.as_slice().into()
            }
        }
    )*};
}
// Every fixed kind but char, whose items are bytes too: text has `From<&str>` and `Value::chars`.
from_items! {
    Boolean bool, Guid Guid, Byte u8, Short i16, Int i32, Long i64, Real f32, Float f64,
    Timestamp Timestamp, Month Month, Date Date, Datetime Datetime, Timespan Timespan,
    Minute Minute, Second Second, Time Time,
}

/// A char vector, whatever its length: what q calls a string.
impl<'a> From<&'a str> for Value<'a> {
    fn from(text: &'a str) -> Self {
        Self::chars(text.as_bytes())
    }
}

/// A char vector, whatever its length: what q calls a string.
impl<'a> From<&'a String> for Value<'a> {
    fn from(text: &'a String) -> Self {
        text.as_str().into()
    }
}

impl<'a> From<&'a [Self]> for Value<'a> {
    fn from(items: &'a [Self]) -> Self {
        Self::List(List::new(items))
    }
}

impl<'a, const N: usize> From<&'a [Self; N]> for Value<'a> {
    fn from(items: &'a [Self; N]) -> Self {
        items.as_slice().into()
    }
}

impl<'a> From<&'a Vec<Self>> for Value<'a> {
    fn from(items: &'a Vec<Self>) -> Self {
        items.as_slice().into()
    }
}

macro_rules! from_views {
    ($($variant:ident $view:ident,)*) => {$(
        impl<'a> From<$view<'a>> for Value<'a> {
            fn from(view: $view<'a>) -> Self {
                Self::$variant(view)
            }
        }
    )*};
}
from_views! {
    Atom Atom, Vector Vector, List List, Dict Dict, Table Table, Splayed Splayed, Function Function,
}

impl<'a> From<Symbol<'a>> for Value<'a> {
    fn from(symbol: Symbol<'a>) -> Self {
        Self::Atom(Atom::Symbol(symbol))
    }
}

/// Lists of values are read at the speed of memory, so that every byte counts.
const _: () = assert!(size_of::<Value<'_>>() <= 48);
