//! Symbols given as numbers: distinct texts once, and for every item which it is.

use crate::error::{Error, ErrorKind};
use crate::index::SymbolsIndex;
use crate::symbol::{Symbol, Symbols};

/// A dictionary-coded column of symbols, the inverse of [`Symbols::to_codes`]. It is encoded as a plain symbol vector,
/// without a text for each item in between.
///
/// ```
/// use kcodec::{CodedSymbols, Value};
///
/// let coded = CodedSymbols::new(&["ibm", "msft"], &[0, 1, 0])?;
/// assert_eq!(Value::symbols(&coded), Value::symbols(&["ibm", "msft", "ibm"]));
/// # Ok::<(), kcodec::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct CodedSymbols<'a> {
    distinct: SymbolsIndex<'a>,
    codes: &'a [u32],
}

impl<'a> CodedSymbols<'a> {
    /// Borrows texts, and codes that are positions among them.
    ///
    /// # Errors
    ///
    /// [`ErrorKind::Range`] for a code that is no position among the texts, at the position of the code.
    pub fn new(distinct: impl Into<Symbols<'a>>, codes: &'a [u32]) -> Result<Self, Error> {
        let distinct = distinct.into().index();
        match codes.iter().position(|&code| code as usize >= distinct.len()) {
            Some(at) => Err(Error::new(at, ErrorKind::Range)),
            None => Ok(Self { distinct, codes }),
        }
    }

    /// Which of the texts each item is.
    #[must_use]
    pub const fn codes(&self) -> &'a [u32] {
        self.codes
    }

    /// The text of a code.
    #[inline]
    pub(crate) fn text(&self, code: u32) -> Symbol<'a> {
        // Never absent: checked by `new`.
        self.distinct.get(code as usize).unwrap_or_default()
    }
}

impl<'a> From<&'a CodedSymbols<'a>> for Symbols<'a> {
    fn from(coded: &'a CodedSymbols<'a>) -> Self {
        Self::coded(coded)
    }
}
