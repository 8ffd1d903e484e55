//! Random access to symbols and list items.
//!
//! They differ in length, so that finding one means skipping all before it. An index skips them once and keeps the
//! offset of each end.

use std::fmt;

use crate::access::Named;
use crate::decode::extents;
use crate::list::List;
use crate::mismatch::{Mismatch, Place};
use crate::simd::{self, SLACK};
use crate::symbol::{Symbol, Symbols};
use crate::table::Table;
use crate::value::Value;
use crate::view::view;

/// A symbol vector whose symbols are found by position in constant time: [`Symbols::index`].
///
/// ```
/// use kcodec::{Symbols, SymbolsIndex};
///
/// let index: SymbolsIndex<'_> = Symbols::new(&["ibm", "msft"]).index();
/// assert_eq!((index.len(), index.is_empty(), index.symbols().len()), (2, false, 2));
/// assert_eq!((index.get(1).map(|sym| sym.as_bytes()), index.iter().rev().count()), (Some(&b"msft"[..]), 2));
/// ```
#[derive(Clone)]
pub struct SymbolsIndex<'a> {
    symbols: Symbols<'a>,
    ends: Ends,
}

impl<'a> Symbols<'a> {
    /// Locates every symbol in one pass.
    ///
    /// Allocates 4 bytes a symbol, 8 past 4 GiB of text; nothing for borrowed Rust slices.
    ///
    /// ```
    /// use kcodec::{Value, Vector};
    ///
    /// let Value::Vector(Vector::Symbol(symbols)) = Value::decode(b"\x0b\0\x03\0\0\0one\0two\0three\0")? else {
    ///     panic!("a symbol vector")
    /// };
    /// let index = symbols.index();
    /// assert_eq!(index.get(2).and_then(|symbol| symbol.as_str()), Some("three"));
    /// assert_eq!(index.get(3), None);
    /// # Ok::<(), kcodec::Error>(())
    /// ```
    #[must_use]
    pub fn index(self) -> SymbolsIndex<'a> {
        let ends = self.as_bytes().map_or(Ends::NONE, |bytes| Ends::of_texts(bytes, self.len()));
        SymbolsIndex { symbols: self, ends }
    }
}

impl<'a> SymbolsIndex<'a> {
    /// The vector that was indexed.
    #[must_use]
    pub const fn symbols(&self) -> Symbols<'a> {
        self.symbols
    }

    /// Number of symbols.
    #[must_use]
    pub fn len(&self) -> usize {
        self.symbols.len()
    }

    /// Whether there are no symbols.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.symbols.is_empty()
    }

    /// The symbol at `index`, in constant time.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Symbol<'a>> {
        let Some(bytes) = self.symbols.as_bytes() else { return self.symbols.get(index) };
        let (start, end) = self.ends.span(index, 1)?;
        bytes.get(start..end).map(Symbol::from_bytes)
    }

    /// The symbols, in order and from either end.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Symbol<'a>> + ExactSizeIterator {
        (0..self.len()).map(|index| self.get(index).unwrap_or_else(|| unreachable!("an index below the length")))
    }
}

impl fmt::Debug for SymbolsIndex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.symbols.fmt(f)
    }
}

/// A list whose items are found by position in constant time: [`List::index`].
///
/// ```
/// use kcodec::ListIndex;
///
/// let body = kcodec::parse("(1;`a;2.5)")?;
/// let index: ListIndex<'_> = body.value().as_list()?.index();
/// assert_eq!((index.len(), index.is_empty(), index.list().len()), (3, false, 3));
/// assert_eq!((index.get(2), index.iter().next_back()), (Some(2.5.into()), Some(2.5.into())));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct ListIndex<'a> {
    list: List<'a>,
    ends: Ends,
}

impl<'a> List<'a> {
    /// Locates every item in one pass.
    ///
    /// Allocates 4 bytes an item, 8 past 4 GiB of items; nothing for borrowed values.
    ///
    /// ```
    /// use kcodec::Value;
    ///
    /// let items = [1_i64.into(), "two".into(), Value::symbol("three")];
    /// let mut body = Vec::new();
    /// Value::from(&items).encode(&mut body)?;
    /// let Value::List(list) = Value::decode(&body)? else { panic!("a list") };
    /// let index = list.index();
    /// assert_eq!(index.get(1), Some("two".into()));
    /// assert_eq!(index.iter().next_back(), Some(Value::symbol("three")));
    /// # Ok::<(), kcodec::Error>(())
    /// ```
    #[must_use]
    pub fn index(self) -> ListIndex<'a> {
        let ends = self.wire().map_or(Ends::NONE, |(bytes, _)| Ends::of_objects(bytes, self.len()));
        ListIndex { list: self, ends }
    }
}

impl<'a> ListIndex<'a> {
    /// The list that was indexed.
    #[must_use]
    pub const fn list(&self) -> List<'a> {
        self.list
    }

    /// Number of items.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// The item at `index`, in constant time.
    #[must_use]
    pub fn get(&self, index: usize) -> Option<Value<'a>> {
        let Some((bytes, canonical)) = self.list.wire() else { return self.list.get(index) };
        let (start, end) = self.ends.span(index, 0)?;
        bytes.get(start..end).map(|item| view(item, canonical))
    }

    /// The items, in order and from either end.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = Value<'a>> + ExactSizeIterator {
        (0..self.len()).map(|index| self.get(index).unwrap_or_else(|| unreachable!("an index below the length")))
    }
}

impl fmt::Debug for ListIndex<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.list.fmt(f)
    }
}

/// The columns of a table or keyed table, viewed once: [`Table::index`], [`Value::columns`].
///
/// ```
/// use kcodec::TableIndex;
///
/// let body = kcodec::parse("([]sym:`ibm`msft;price:101.5 402.25)")?;
/// let index: TableIndex<'_> = body.value().as_table()?.index();
/// assert_eq!((index.columns().len(), index.column("size")), (2, None));
/// assert_eq!(index.get("price")?.as_float()?.sum(), 503.75);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct TableIndex<'a>(Vec<(Symbol<'a>, Value<'a>)>);

impl<'a> Table<'a> {
    /// Views every column in one pass. Allocates a name and a value for each.
    #[must_use]
    pub fn index(self) -> TableIndex<'a> {
        TableIndex::new([self])
    }
}

impl<'a> TableIndex<'a> {
    pub(crate) fn new(tables: impl IntoIterator<Item = Table<'a>>) -> Self {
        Self(tables.into_iter().flat_map(Table::columns).collect())
    }

    /// Names and columns, in order.
    #[must_use]
    pub fn columns(&self) -> &[(Symbol<'a>, Value<'a>)] {
        &self.0
    }

    /// The first column of that name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<Value<'a>> {
        self.find(name).map(|(_, column)| column)
    }

    /// The first column of that name.
    ///
    /// ```
    /// let body = kcodec::parse("(+(,`sym)!,`ibm`msft)!+(,`price)!,1.5 2.5")?;
    /// let columns = body.value().columns()?;
    /// assert_eq!(columns.get("sym")?.as_symbols()?.len(), 2);
    /// assert_eq!(columns.get("price")?.as_float()?.sum(), 4.0);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] that names the column, if there is none.
    pub fn get(&self, name: &str) -> Result<Named<'a>, Mismatch> {
        let (name, column) = self.find(name).ok_or_else(|| Mismatch::missing(Place::Column, name))?;
        Ok(Named::new(Place::Column, name, column))
    }

    fn find(&self, name: &str) -> Option<(Symbol<'a>, Value<'a>)> {
        self.0.iter().find(|(found, _)| found == name).copied()
    }
}

/// The offsets of the ends of items, in 4 bytes if they fit.
#[derive(Clone)]
enum Ends {
    Narrow(Vec<u32>),
    Wide(Vec<usize>),
}

impl Ends {
    const NONE: Self = Self::Narrow(Vec::new());

    /// The ends of `count` texts: the offsets of their terminators.
    fn of_texts(bytes: &[u8], count: usize) -> Self {
        match u32::try_from(bytes.len()) {
            Ok(_) => Self::Narrow(nuls(bytes, count)),
            Err(_) => Self::Wide(wide_nuls(bytes, count, 1 << 20)),
        }
    }

    /// The ends of `count` objects.
    fn of_objects(bytes: &[u8], count: usize) -> Self {
        match u32::try_from(bytes.len()) {
            Ok(_) => {
                let mut ends = Vec::with_capacity(count);
                // No end is past the length, which fits.
                extents(bytes, count, |end| ends.push(u32::try_from(end).unwrap_or(u32::MAX)));
                Self::Narrow(ends)
            }
            Err(_) => {
                let mut ends = Vec::with_capacity(count);
                extents(bytes, count, |end| ends.push(end));
                Self::Wide(ends)
            }
        }
    }

    /// Start and end of the item at `index`. It starts `gap` bytes past the end of the one before.
    #[inline]
    fn span(&self, index: usize, gap: usize) -> Option<(usize, usize)> {
        let end = self.get(index)?;
        let start = match index.checked_sub(1) {
            Some(before) => self.get(before)? + gap,
            None => 0,
        };
        Some((start, end))
    }

    #[inline]
    fn get(&self, index: usize) -> Option<usize> {
        match self {
            Self::Narrow(ends) => ends.get(index).map(|&end| end as usize),
            Self::Wide(ends) => ends.get(index).copied(),
        }
    }
}

/// The offsets of `count` NULs, all below 4 GiB.
fn nuls(bytes: &[u8], count: usize) -> Vec<u32> {
    let mut ends = vec![0; count + SLACK];
    let found = simd::index_texts(bytes, &mut ends);
    ends.truncate(found);
    ends
}

/// The offsets of `count` NULs, found in pieces of `piece` bytes.
fn wide_nuls(bytes: &[u8], count: usize, piece: usize) -> Vec<usize> {
    let mut ends = Vec::with_capacity(count);
    let mut room = vec![0; piece + SLACK];
    for (piece, base) in bytes.chunks(piece).zip((0_usize..).step_by(piece)) {
        let found = simd::index_texts(piece, &mut room);
        ends.extend(room.iter().take(found).map(|&end| base + end as usize));
    }
    ends
}

#[cfg(test)]
mod tests {
    use super::{nuls, wide_nuls};

    #[test]
    fn offsets_past_4_gib_are_found_like_the_others() {
        let bytes = b"one\0two\0\0three\0".repeat(1000);
        let narrow: Vec<usize> = nuls(&bytes, 4000).into_iter().map(|end| end as usize).collect();
        assert_eq!(narrow.len(), 4000);
        for piece in [1, 7, 64, 100, 4096, 1 << 20] {
            assert_eq!(wide_nuls(&bytes, 4000, piece), narrow);
        }
    }
}
