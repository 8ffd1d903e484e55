//! General lists: objects of any kind, one after the other.

use std::{fmt, slice};

use crate::counted::Counted;
use crate::decode::extent;
use crate::kind::Attribute;
use crate::plain::Plain;
use crate::symbol::{Symbol, Symbols, SymbolsIter};
use crate::value::Value;
use crate::view::{plain, view};

/// Objects in order: bytes of a checked body, or borrowed values.
///
/// ```
/// use kcodec::{Attribute, List, ListIter, Value};
///
/// let items = [Value::from(1_i64), Value::symbol("a")];
/// let list = List::new(&items);
/// assert_eq!((list.len(), list.is_empty(), list.get(1)), (2, false, Some(items[1])));
/// let mut iter: ListIter<'_> = list.iter();
/// assert_eq!((iter.next(), iter.len()), (Some(items[0]), 1));
/// assert_eq!(list.with_attribute(Attribute::Unique).attribute(), Attribute::Unique);
/// ```
#[derive(Clone, Copy)]
pub struct List<'a>(ListRepr<'a>);

#[derive(Clone, Copy)]
pub(crate) enum ListRepr<'a> {
    /// Checked: as many objects as are counted and nothing else.
    Wire {
        objects: Counted<'a>,
        canonical: bool,
        attribute: Attribute,
    },
    Values(&'a [Value<'a>], Attribute),
    /// A char vector for each text.
    Strings(Symbols<'a>, Attribute),
}

impl<'a> List<'a> {
    /// Borrows values.
    #[must_use]
    pub const fn new(items: &'a [Value<'a>]) -> Self {
        Self(ListRepr::Values(items, Attribute::None))
    }

    /// Strings as q has them, a char vector for each text, without a value for each in between.
    ///
    /// ```
    /// use kcodec::{List, Value};
    ///
    /// let names = vec![String::from("one"), String::from("three")];
    /// let strings = List::strings(&names);
    /// assert_eq!(strings.get(1), Some("three".into()));
    /// assert_eq!(Value::List(strings).to_string(), r#"("one";"three")"#);
    /// ```
    #[must_use]
    pub fn strings(texts: impl Into<Symbols<'a>>) -> Self {
        Self(ListRepr::Strings(texts.into(), Attribute::None))
    }

    #[inline(always)]
    pub(crate) const fn from_wire(objects: Counted<'a>, canonical: bool, attribute: Attribute) -> Self {
        Self(ListRepr::Wire { objects, canonical, attribute })
    }

    /// The list whose bytes behind its type these are, checked.
    #[inline(always)]
    pub(crate) fn behind_type(bytes: &'a [u8], canonical: bool) -> Self {
        let objects = Counted::new(bytes);
        Self::from_wire(objects, canonical, objects.attribute())
    }

    /// The same items under another attribute; nothing is verified.
    #[must_use]
    pub const fn with_attribute(self, attribute: Attribute) -> Self {
        Self(match self.0 {
            ListRepr::Wire { objects, canonical, .. } => ListRepr::Wire { objects, canonical, attribute },
            ListRepr::Values(items, _) => ListRepr::Values(items, attribute),
            ListRepr::Strings(texts, _) => ListRepr::Strings(texts, attribute),
        })
    }

    /// What the sender claims of the items' order.
    #[must_use]
    pub const fn attribute(self) -> Attribute {
        let (ListRepr::Wire { attribute, .. } | ListRepr::Values(_, attribute) | ListRepr::Strings(_, attribute)) =
            self.0;
        attribute
    }

    /// Number of items.
    #[must_use]
    #[inline]
    pub fn len(self) -> usize {
        match self.0 {
            ListRepr::Wire { objects, .. } => objects.count(),
            ListRepr::Values(items, _) => items.len(),
            ListRepr::Strings(texts, _) => texts.len(),
        }
    }

    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The item at `index`. On bytes of a body this walks all before it.
    #[must_use]
    pub fn get(self, index: usize) -> Option<Value<'a>> {
        match self.0 {
            ListRepr::Wire { .. } => self.iter().nth(index),
            ListRepr::Values(items, _) => items.get(index).copied(),
            ListRepr::Strings(texts, _) => texts.get(index).map(string),
        }
    }

    /// The items in order.
    #[must_use]
    #[inline]
    pub fn iter(self) -> ListIter<'a> {
        let (count, left) = match self.0 {
            ListRepr::Wire { objects, canonical, .. } => {
                let (count, bytes) = objects.split();
                (count, Left::Wire { bytes, canonical })
            }
            ListRepr::Values(items, _) => (items.len(), Left::Values(items.iter())),
            ListRepr::Strings(texts, _) => (texts.len(), Left::Strings(texts.iter())),
        };
        ListIter { count, left }
    }

    pub(crate) const fn items(self) -> ListRepr<'a> {
        self.0
    }

    /// The items' bytes, if they are those of a body, and whether they can be sent as they stand.
    #[inline]
    pub(crate) fn wire(self) -> Option<(&'a [u8], bool)> {
        match self.0 {
            ListRepr::Wire { objects, canonical, .. } => Some((objects.rest(), canonical)),
            ListRepr::Values(..) | ListRepr::Strings(..) => None,
        }
    }
}

impl<'a> From<&'a [Value<'a>]> for List<'a> {
    fn from(items: &'a [Value<'a>]) -> Self {
        Self::new(items)
    }
}

impl<'a> IntoIterator for List<'a> {
    type Item = Value<'a>;
    type IntoIter = ListIter<'a>;

    fn into_iter(self) -> ListIter<'a> {
        self.iter()
    }
}

/// q's `~` item by item; attributes do not count.
impl PartialEq for List<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl fmt::Debug for List<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

/// Iterator over a [`List`].
#[derive(Clone)]
pub struct ListIter<'a> {
    /// Items to come.
    count: usize,
    left: Left<'a>,
}

#[derive(Clone)]
enum Left<'a> {
    Wire { bytes: &'a [u8], canonical: bool },
    Values(slice::Iter<'a, Value<'a>>),
    Strings(SymbolsIter<'a>),
}

/// A text as a char vector.
fn string(text: Symbol<'_>) -> Value<'_> {
    Value::chars(text.as_bytes())
}

impl<'a> ListIter<'a> {
    /// The next item, if it is a plain vector or one of symbols.
    #[inline(always)]
    pub(crate) fn plain(&mut self) -> Option<Plain<'a>> {
        let Left::Wire { bytes, .. } = &mut self.left else { return None };
        let (vector, rest) = Plain::split(bytes).or_else(|| Plain::split_symbols(bytes, self.count == 1))?;
        *bytes = rest;
        self.count -= 1;
        Some(vector)
    }

    /// The next item. The caller must have compared the count: there is one.
    #[inline(always)]
    pub(crate) fn item(&mut self) -> Value<'a> {
        self.count -= 1;
        match &mut self.left {
            Left::Wire { bytes, canonical } => {
                // Fast path: the last item extends to the end of the bytes.
                let end = if self.count == 0 { bytes.len() } else { extent(bytes) };
                let Some((item, rest)) = bytes.split_at_checked(end) else { unreachable!("checked: an item") };
                *bytes = rest;
                view(item, *canonical)
            }
            _ => self.borrowed(),
        }
    }

    /// The next item of Rust data. Out of line: loops over bytes of a body stay small.
    #[inline(never)]
    fn borrowed(&mut self) -> Value<'a> {
        let item = match &mut self.left {
            Left::Wire { .. } => None,
            Left::Values(items) => items.next().copied(),
            Left::Strings(texts) => texts.next().map(string),
        };
        item.unwrap_or_else(|| unreachable!("the caller compared the count"))
    }
}

impl<'a> Iterator for ListIter<'a> {
    type Item = Value<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Value<'a>> {
        if self.count == 0 {
            return None;
        }
        match self.plain() {
            Some(vector) => Some(plain(vector)),
            None => Some(self.item()),
        }
    }

    /// Passes items without a view of them.
    fn nth(&mut self, n: usize) -> Option<Value<'a>> {
        if n >= self.count {
            self.count = 0;
            return None;
        }
        self.count -= n;
        match &mut self.left {
            Left::Wire { bytes, .. } => {
                for _ in 0..n {
                    let Some(rest) = bytes.get(extent(bytes)..) else { unreachable!("checked: an item") };
                    *bytes = rest;
                }
            }
            Left::Values(items) => *items = items.as_slice().get(n..).unwrap_or_default().iter(),
            Left::Strings(texts) => texts.by_ref().take(n).for_each(drop),
        }
        self.next()
    }

    #[inline]
    fn fold<B, F: FnMut(B, Value<'a>) -> B>(mut self, init: B, mut f: F) -> B {
        let mut all = init;
        while self.count > 0 {
            // Two calls, so that what is done with a plain vector is compiled for it alone.
            all = match self.plain() {
                Some(vector) => f(all, plain(vector)),
                None => f(all, self.item()),
            };
        }
        all
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        (self.count, Some(self.count))
    }
}

impl ExactSizeIterator for ListIter<'_> {}

impl fmt::Debug for ListIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
