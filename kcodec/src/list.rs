//! General lists: objects of any kind, one after the other.

use std::fmt;

use crate::decode::{Plain, extent};
use crate::kind::Attribute;
use crate::value::Value;
use crate::view::{plain, view};

/// Objects in order: bytes of a checked body, or borrowed values.
#[derive(Clone, Copy)]
pub struct List<'a> {
    items: Items<'a>,
    attribute: Attribute,
}

#[derive(Clone, Copy)]
enum Items<'a> {
    /// Checked: exactly `count` objects and nothing else.
    Wire {
        bytes: &'a [u8],
        count: usize,
        canonical: bool,
    },
    Values(&'a [Value<'a>]),
}

impl<'a> List<'a> {
    /// Borrows values.
    #[must_use]
    pub const fn new(items: &'a [Value<'a>]) -> Self {
        Self { items: Items::Values(items), attribute: Attribute::None }
    }

    pub(crate) const fn from_wire(bytes: &'a [u8], count: usize, canonical: bool, attribute: Attribute) -> Self {
        Self { items: Items::Wire { bytes, count, canonical }, attribute }
    }

    /// The same items under another attribute; nothing is verified.
    #[must_use]
    pub const fn with_attribute(self, attribute: Attribute) -> Self {
        Self { attribute, ..self }
    }

    /// What the sender claims of the items' order.
    #[must_use]
    pub const fn attribute(self) -> Attribute {
        self.attribute
    }

    /// Number of items.
    #[must_use]
    pub const fn len(self) -> usize {
        match self.items {
            Items::Wire { count, .. } => count,
            Items::Values(items) => items.len(),
        }
    }

    /// Whether there are no items.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The item at `index`. On bytes of a body this walks all before it.
    #[must_use]
    pub fn get(self, index: usize) -> Option<Value<'a>> {
        match self.items {
            Items::Wire { .. } => self.iter().nth(index),
            Items::Values(items) => items.get(index).copied(),
        }
    }

    /// The items in order.
    #[must_use]
    pub fn iter(self) -> ListIter<'a> {
        ListIter { left: self.items }
    }

    /// The items, when they are borrowed values.
    pub(crate) const fn as_values(self) -> Option<&'a [Value<'a>]> {
        match self.items {
            Items::Wire { .. } => None,
            Items::Values(items) => Some(items),
        }
    }

    /// The items' bytes, if they are those of a body, and whether they can be sent as they stand.
    pub(crate) const fn wire(self) -> Option<(&'a [u8], bool)> {
        match self.items {
            Items::Wire { bytes, canonical, .. } => Some((bytes, canonical)),
            Items::Values(_) => None,
        }
    }

    /// The items' bytes, when they can be sent as they stand.
    pub(crate) const fn canonical_bytes(self) -> Option<&'a [u8]> {
        match self.items {
            Items::Wire { bytes, canonical: true, .. } => Some(bytes),
            _ => None,
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
    left: Items<'a>,
}

impl<'a> ListIter<'a> {
    /// The next item, if it is a plain vector or one of symbols.
    #[inline(always)]
    pub(crate) fn plain(&mut self) -> Option<Plain<'a>> {
        let Items::Wire { bytes, count, .. } = &mut self.left else { return None };
        let (vector, rest) = Plain::split(bytes).or_else(|| Plain::split_symbols(bytes, *count == 1))?;
        *bytes = rest;
        *count = count.wrapping_sub(1);
        Some(vector)
    }

    /// The next item, where there must be one.
    #[inline(always)]
    pub(crate) fn item(&mut self) -> Value<'a> {
        match &mut self.left {
            Items::Wire { bytes, count, canonical } => {
                *count = count.wrapping_sub(1);
                // The last item is all that is left: its end need not be looked for.
                let end = if *count == 0 { bytes.len() } else { extent(bytes) };
                let (item, rest) = bytes.split_at_checked(end).unwrap_or_default();
                *bytes = rest;
                view(item, *canonical)
            }
            Items::Values(items) => match items.split_first() {
                Some((first, rest)) => {
                    *items = rest;
                    *first
                }
                None => Value::NULL,
            },
        }
    }
}

impl<'a> Iterator for ListIter<'a> {
    type Item = Value<'a>;

    #[inline(always)]
    fn next(&mut self) -> Option<Value<'a>> {
        if self.len() == 0 {
            return None;
        }
        match self.plain() {
            Some(vector) => Some(plain(vector)),
            None => Some(self.item()),
        }
    }

    #[inline]
    fn fold<B, F: FnMut(B, Value<'a>) -> B>(mut self, init: B, mut f: F) -> B {
        let mut all = init;
        while self.len() > 0 {
            // Two calls, so that what is done with a plain vector is compiled for it alone.
            all = match self.plain() {
                Some(vector) => f(all, plain(vector)),
                None => f(all, self.item()),
            };
        }
        all
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = List { items: self.left, attribute: Attribute::None }.len();
        (left, Some(left))
    }
}

impl ExactSizeIterator for ListIter<'_> {}

impl fmt::Debug for ListIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}
