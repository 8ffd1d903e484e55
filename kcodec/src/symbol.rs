//! Symbols: bytes that end with a NUL on the wire and hold none themselves.

use std::fmt;

use crate::coded::CodedSymbols;
use crate::counted::Counted;
use crate::kind::Attribute;
use crate::simd;

mod iter;

pub use iter::SymbolsIter;

/// One symbol: its bytes, by convention UTF-8, without the terminator.
///
/// The text of an error has the same form.
///
/// ```
/// use kcodec::Symbol;
///
/// let symbol = Symbol::new("ibm");
/// assert_eq!((symbol.as_str(), symbol.as_bytes(), symbol.is_empty()), (Some("ibm"), &b"ibm"[..], false));
/// assert_eq!(Symbol::from_bytes(b"\xff").as_str(), None); // not UTF-8
/// assert_eq!(Symbol::NULL, Symbol::new(""));
/// ```
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Symbol<'a>(&'a [u8]);

impl<'a> Symbol<'a> {
    /// Borrows text; a NUL byte in it is refused when it is encoded.
    #[must_use]
    pub const fn new(text: &'a str) -> Self {
        Self(text.as_bytes())
    }

    /// Borrows bytes; a NUL byte among them is refused when they are encoded.
    #[must_use]
    pub const fn from_bytes(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// The bytes, without the terminator.
    #[must_use]
    pub const fn as_bytes(self) -> &'a [u8] {
        self.0
    }

    /// The text, if it is UTF-8.
    #[must_use]
    pub fn as_str(self) -> Option<&'a str> {
        str::from_utf8(self.0).ok()
    }

    /// Whether this is q's null symbol.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0.is_empty()
    }
}

impl<'a> From<&'a str> for Symbol<'a> {
    fn from(text: &'a str) -> Self {
        Self::new(text)
    }
}

impl PartialEq<str> for Symbol<'_> {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Symbol<'_> {
    fn eq(&self, other: &&str) -> bool {
        self == *other
    }
}

/// The raw text; bytes that are not UTF-8 show as U+FFFD.
impl fmt::Display for Symbol<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&String::from_utf8_lossy(self.0))
    }
}

impl fmt::Debug for Symbol<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{self}")
    }
}

/// A symbol vector: terminated texts of a body, or borrowed Rust slices.
///
/// ```
/// use kcodec::{Attribute, Symbols, SymbolsIter};
///
/// let symbols = Symbols::new(&["ibm", "msft"]).with_attribute(Attribute::Unique);
/// assert_eq!((symbols.len(), symbols.is_empty(), symbols.attribute()), (2, false, Attribute::Unique));
/// assert_eq!(symbols.get(1).and_then(|symbol| symbol.as_str()), Some("msft"));
/// let iter: SymbolsIter<'_> = symbols.iter();
/// assert_eq!(iter.filter(|symbol| *symbol == "ibm").count(), 1);
/// let body = kcodec::parse("`a`bc")?;
/// assert_eq!(body.value().as_symbols()?.as_bytes(), Some(&b"a\0bc\0"[..])); // as they stand in a body
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy)]
pub struct Symbols<'a>(SymbolsRepr<'a>);

#[derive(Clone, Copy)]
pub(crate) enum SymbolsRepr<'a> {
    /// Checked: as many terminators as are counted, the last byte one of them.
    Wire(Counted<'a>, Attribute),
    Text(&'a [&'a str], Attribute),
    Symbols(&'a [Symbol<'a>], Attribute),
    Strings(&'a [String], Attribute),
    Coded(&'a CodedSymbols<'a>, Attribute),
}

impl<'a> Symbols<'a> {
    /// Borrows texts.
    #[must_use]
    pub const fn new(items: &'a [&'a str]) -> Self {
        Self(SymbolsRepr::Text(items, Attribute::None))
    }

    pub(crate) const fn coded(coded: &'a CodedSymbols<'a>) -> Self {
        Self(SymbolsRepr::Coded(coded, Attribute::None))
    }

    #[inline(always)]
    pub(crate) fn from_wire(symbols: Counted<'a>) -> Self {
        Self(SymbolsRepr::Wire(symbols, symbols.attribute()))
    }

    pub(crate) const fn items(self) -> SymbolsRepr<'a> {
        self.0
    }

    /// The same symbols under another attribute; nothing is verified.
    #[must_use]
    pub const fn with_attribute(self, attribute: Attribute) -> Self {
        Self(match self.0 {
            SymbolsRepr::Wire(symbols, _) => SymbolsRepr::Wire(symbols, attribute),
            SymbolsRepr::Text(items, _) => SymbolsRepr::Text(items, attribute),
            SymbolsRepr::Symbols(items, _) => SymbolsRepr::Symbols(items, attribute),
            SymbolsRepr::Strings(items, _) => SymbolsRepr::Strings(items, attribute),
            SymbolsRepr::Coded(items, _) => SymbolsRepr::Coded(items, attribute),
        })
    }

    /// What the sender claims of the symbols' order.
    #[must_use]
    pub const fn attribute(self) -> Attribute {
        let (SymbolsRepr::Wire(_, attribute)
        | SymbolsRepr::Text(_, attribute)
        | SymbolsRepr::Symbols(_, attribute)
        | SymbolsRepr::Strings(_, attribute)
        | SymbolsRepr::Coded(_, attribute)) = self.0;
        attribute
    }

    /// Number of symbols.
    #[must_use]
    #[inline]
    pub fn len(self) -> usize {
        match self.0 {
            SymbolsRepr::Wire(symbols, _) => symbols.count(),
            SymbolsRepr::Text(items, _) => items.len(),
            SymbolsRepr::Symbols(items, _) => items.len(),
            SymbolsRepr::Strings(items, _) => items.len(),
            SymbolsRepr::Coded(items, _) => items.codes().len(),
        }
    }

    /// Whether there are no symbols.
    #[must_use]
    pub fn is_empty(self) -> bool {
        self.len() == 0
    }

    /// The symbol at `index`. On bytes of a body this walks all before it.
    #[must_use]
    pub fn get(self, index: usize) -> Option<Symbol<'a>> {
        match self.0 {
            SymbolsRepr::Wire(symbols, _) => {
                let bytes = symbols.rest();
                let left = bytes.get(simd::skip_texts(bytes, index)?..)?;
                left.get(..simd::text_len(left)?).map(Symbol)
            }
            SymbolsRepr::Text(items, _) => items.get(index).copied().map(Symbol::new),
            SymbolsRepr::Symbols(items, _) => items.get(index).copied(),
            SymbolsRepr::Strings(items, _) => items.get(index).map(|text| Symbol::new(text)),
            SymbolsRepr::Coded(items, _) => items.codes().get(index).map(|&code| items.text(code)),
        }
    }

    /// The terminated texts as they stand in a body; `None` for borrowed Rust slices.
    #[must_use]
    pub fn as_bytes(self) -> Option<&'a [u8]> {
        match self.0 {
            SymbolsRepr::Wire(symbols, _) => Some(symbols.rest()),
            SymbolsRepr::Text(..) | SymbolsRepr::Symbols(..) | SymbolsRepr::Strings(..) | SymbolsRepr::Coded(..) => {
                None
            }
        }
    }
}

impl<'a> From<&'a [Symbol<'a>]> for Symbols<'a> {
    fn from(items: &'a [Symbol<'a>]) -> Self {
        Self(SymbolsRepr::Symbols(items, Attribute::None))
    }
}

impl<'a> From<&'a [&'a str]> for Symbols<'a> {
    fn from(items: &'a [&'a str]) -> Self {
        Self::new(items)
    }
}

impl<'a, const N: usize> From<&'a [&'a str; N]> for Symbols<'a> {
    fn from(items: &'a [&'a str; N]) -> Self {
        Self::new(items)
    }
}

impl<'a> From<&'a Vec<&'a str>> for Symbols<'a> {
    fn from(items: &'a Vec<&'a str>) -> Self {
        Self::new(items)
    }
}

impl<'a> From<&'a [String]> for Symbols<'a> {
    fn from(items: &'a [String]) -> Self {
        Self(SymbolsRepr::Strings(items, Attribute::None))
    }
}

impl<'a> From<&'a Vec<String>> for Symbols<'a> {
    fn from(items: &'a Vec<String>) -> Self {
        items.as_slice().into()
    }
}

impl<'a> From<&'a Vec<Symbol<'a>>> for Symbols<'a> {
    fn from(items: &'a Vec<Symbol<'a>>) -> Self {
        items.as_slice().into()
    }
}

impl<'a> IntoIterator for Symbols<'a> {
    type Item = Symbol<'a>;
    type IntoIter = SymbolsIter<'a>;

    fn into_iter(self) -> SymbolsIter<'a> {
        self.iter()
    }
}

/// Equal symbols in equal order; attributes do not count.
impl PartialEq for Symbols<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl fmt::Debug for Symbols<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
