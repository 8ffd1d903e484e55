//! Iterators over the items of vectors, lists and dicts, and code that is generic over kinds.

use std::fmt;
use std::iter::{Copied, FusedIterator, Zip};
use std::slice;

use crate::atom::Atom;
use crate::dict::Dict;
use crate::kind::{Kind, fixed_kinds};
use crate::list::ListIter;
use crate::mismatch::Mismatch;
use crate::slice::{Item, Slice};
use crate::symbol::{Symbols, SymbolsIter};
use crate::table::{Columns, Table};
use crate::value::Value;
use crate::vector::Vector;

/// Iterator over a [`Slice`] by value. [`Slice::iter`] is faster to `collect` and to `zip`, because std specializes those
/// for its own `Map`, which `IntoIterator` cannot name.
#[derive(Clone)]
pub struct SliceIter<'a, T: Item>(Copied<slice::Iter<'a, T::Bytes>>);

impl<T: Item> Iterator for SliceIter<'_, T> {
    type Item = T;

    #[inline]
    fn next(&mut self) -> Option<T> {
        self.0.next().map(T::from_bytes)
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<T> {
        self.0.nth(n).map(T::from_bytes)
    }

    #[inline]
    fn fold<B, F: FnMut(B, T) -> B>(self, init: B, mut f: F) -> B {
        self.0.fold(init, |all, item| f(all, T::from_bytes(item)))
    }

    #[inline]
    fn size_hint(&self) -> (usize, Option<usize>) {
        self.0.size_hint()
    }
}

impl<T: Item> DoubleEndedIterator for SliceIter<'_, T> {
    #[inline]
    fn next_back(&mut self) -> Option<T> {
        self.0.next_back().map(T::from_bytes)
    }
}

impl<T: Item> ExactSizeIterator for SliceIter<'_, T> {}
impl<T: Item> FusedIterator for SliceIter<'_, T> {}

impl<T: Item> fmt::Debug for SliceIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

impl<'a, T: Item> IntoIterator for Slice<'a, T> {
    type Item = T;
    type IntoIter = SliceIter<'a, T>;

    #[inline]
    fn into_iter(self) -> SliceIter<'a, T> {
        SliceIter(self.raw().iter().copied())
    }
}

/// Iterator over the items of a [`Vector`], as atoms. For speed, match the vector's kind first.
#[derive(Debug, Clone)]
pub struct VectorIter<'a>(Atoms<'a>);

#[derive(Debug, Clone)]
enum Atoms<'a> {
    Fixed {
        vector: Vector<'a>,
        next: usize,
    },
    /// Found one after the other.
    Symbols(SymbolsIter<'a>),
}

impl<'a> Vector<'a> {
    /// The items in order.
    ///
    /// ```
    /// use kcodec::{Atom, Slice, Vector};
    ///
    /// let items: Vec<Atom<'_>> = Vector::Long(Slice::new(&[1, 2])).iter().collect();
    /// assert_eq!(items, [Atom::Long(1), Atom::Long(2)]);
    /// ```
    #[must_use]
    #[inline]
    pub fn iter(self) -> VectorIter<'a> {
        VectorIter(match self {
            Self::Symbol(symbols) => Atoms::Symbols(symbols.iter()),
            vector => Atoms::Fixed { vector, next: 0 },
        })
    }
}

impl<'a> Iterator for VectorIter<'a> {
    type Item = Atom<'a>;

    #[inline]
    fn next(&mut self) -> Option<Atom<'a>> {
        match &mut self.0 {
            Atoms::Fixed { vector, next } => {
                let item = vector.get(*next)?;
                *next += 1;
                Some(item)
            }
            Atoms::Symbols(symbols) => symbols.next().map(Atom::Symbol),
        }
    }

    #[inline]
    fn nth(&mut self, n: usize) -> Option<Atom<'a>> {
        match &mut self.0 {
            Atoms::Fixed { next, .. } => {
                *next = next.saturating_add(n);
                self.next()
            }
            Atoms::Symbols(symbols) => symbols.nth(n).map(Atom::Symbol),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.0 {
            Atoms::Fixed { vector, next } => {
                let left = vector.len().saturating_sub(*next);
                (left, Some(left))
            }
            Atoms::Symbols(symbols) => symbols.size_hint(),
        }
    }
}

impl ExactSizeIterator for VectorIter<'_> {}
impl FusedIterator for VectorIter<'_> {}

impl<'a> IntoIterator for Vector<'a> {
    type Item = Atom<'a>;
    type IntoIter = VectorIter<'a>;

    fn into_iter(self) -> VectorIter<'a> {
        self.iter()
    }
}

/// Code for vectors of every kind, written once: [`Vector::visit`].
///
/// ```
/// use kcodec::{Item, Kind, Slice, Symbols, Vector, Visitor};
///
/// struct Nulls;
///
/// impl<'a> Visitor<'a> for Nulls {
///     type Output = usize;
///
///     fn fixed<T: Item>(self, _kind: Kind, items: Slice<'a, T>) -> usize {
///         items.null_count()
///     }
///
///     fn symbols(self, items: Symbols<'a>) -> usize {
///         items.iter().filter(|symbol| symbol.is_empty()).count()
///     }
/// }
///
/// assert_eq!(Vector::Float(Slice::new(&[1.5, f64::NAN])).visit(Nulls), 1);
/// ```
pub trait Visitor<'a> {
    /// What comes out.
    type Output;

    /// Called with the items of a kind of fixed width. The kind tells bytes from chars.
    fn fixed<T: Item>(self, kind: Kind, items: Slice<'a, T>) -> Self::Output;

    /// Called with symbols.
    fn symbols(self, items: Symbols<'a>) -> Self::Output;
}

macro_rules! define {
    ($($kind:ident $ty:ty,)*) => {
        impl<'a> Vector<'a> {
            /// Calls the visitor's method for the vector's kind.
            pub fn visit<V: Visitor<'a>>(self, visitor: V) -> V::Output {
                match self {
                    $(Self::$kind(items) => visitor.fixed::<$ty>(Kind::$kind, items),)*
                    Self::Symbol(items) => visitor.symbols(items),
                }
            }
        }
    };
}
fixed_kinds!(define);

impl<'a> IntoIterator for Table<'a> {
    type Item = (crate::Symbol<'a>, Value<'a>);
    type IntoIter = Columns<'a>;

    /// Names and columns; rows are [`Table::rows`].
    fn into_iter(self) -> Columns<'a> {
        self.columns()
    }
}

/// Iterator over the items of a vector or a list, as values.
#[derive(Debug, Clone)]
pub enum Items<'a> {
    /// Of a vector.
    Vector(VectorIter<'a>),
    /// Of a general list.
    List(ListIter<'a>),
}

impl<'a> Value<'a> {
    /// The items of a vector, as atoms, or of a general list.
    ///
    /// ```
    /// use kcodec::{Items, Value};
    ///
    /// let body = kcodec::parse("1 2 3")?;
    /// let items: Items<'_> = body.value().items()?;
    /// assert_eq!(items.map(|item| item.to_string()).collect::<Vec<_>>(), ["1", "2", "3"]);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] for anything else.
    pub fn items(self) -> Result<Items<'a>, Mismatch> {
        match self {
            Self::Vector(vector) => Ok(Items::Vector(vector.iter())),
            Self::List(list) => Ok(Items::List(list.iter())),
            _ => Err(Mismatch::new("a vector or list", self)),
        }
    }
}

impl<'a> Iterator for Items<'a> {
    type Item = Value<'a>;

    fn next(&mut self) -> Option<Value<'a>> {
        match self {
            Self::Vector(items) => items.next().map(Value::Atom),
            Self::List(items) => items.next(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match self {
            Self::Vector(items) => items.size_hint(),
            Self::List(items) => items.size_hint(),
        }
    }
}

impl ExactSizeIterator for Items<'_> {}

/// Iterator over the keys and values of a [`Dict`].
pub type Pairs<'a> = Zip<Items<'a>, Items<'a>>;

impl<'a> Dict<'a> {
    /// Keys and values, in order.
    ///
    /// ```
    /// let body = kcodec::parse("`a`b!1 2")?;
    /// let pairs: kcodec::Pairs<'_> = body.value().as_dict()?.pairs()?;
    /// for (key, value) in pairs {
    ///     println!("{}: {}", key.as_str()?, value.as_i64()?);
    /// }
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] for a keyed table, whose halves are [`as_keyed_table`](Self::as_keyed_table), and for dicts of
    /// dicts.
    pub fn pairs(self) -> Result<Pairs<'a>, Mismatch> {
        match (self.keys().items(), self.values().items()) {
            (Ok(keys), Ok(values)) => Ok(keys.zip(values)),
            _ => Err(Mismatch::new("a dict of vectors and lists", self.into())),
        }
    }
}
