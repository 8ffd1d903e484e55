//! Interned symbols: each distinct text has one number.

use std::collections::HashMap;
use std::sync::Arc;

/// The number of an interned text. Only the [`Symbols`] that interned it can resolve it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub(crate) struct Sym(u32);

impl Sym {
    /// The null symbol, whose text is empty.
    pub(crate) const NULL: Self = Self(0);
    /// `.z.pg`, looked up for every sync message.
    pub(crate) const PG: Self = Self(1);
    /// `.z.ps`, looked up for every async message.
    pub(crate) const PS: Self = Self(2);

    /// The number, for tables indexed by symbol. Less than [`Symbols::len`].
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// All symbols of one interpreter.
#[derive(Debug)]
pub(crate) struct Symbols {
    /// The texts by number; empty for a free number.
    texts: Vec<Arc<[u8]>>,
    /// Uses the standard library's hasher, which is keyed at random, so that clients cannot choose colliding texts.
    numbers: HashMap<Arc<[u8]>, Sym>,
    free: Vec<Sym>,
    /// Total bytes of all texts.
    bytes: usize,
    /// The weight above which a collection is due.
    threshold: usize,
}

/// The texts of the constant symbols, by number.
const FIXED: [&[u8]; 3] = [b"", b".z.pg", b".z.ps"];
/// Approximate bytes per symbol, in addition to its text.
const OVERHEAD: usize = 96;
/// Weight below which no collection is due.
const MIN_THRESHOLD: usize = 16 << 20;

impl Symbols {
    pub(crate) fn new() -> Self {
        let texts: Vec<Arc<[u8]>> = FIXED.map(Arc::from).to_vec();
        let numbers = texts.iter().cloned().zip((0..).map(Sym)).collect();
        let bytes = texts.iter().map(|text| text.len()).sum();
        Self { texts, numbers, free: Vec::new(), bytes, threshold: MIN_THRESHOLD }
    }

    /// One more than the greatest number.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Number of symbols in use.
    pub(crate) fn count(&self) -> usize {
        self.numbers.len()
    }

    /// Total bytes of all texts.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Interns a text, which ends at its first NUL.
    pub(crate) fn intern(&mut self, text: &[u8]) -> Sym {
        if let Some(&sym) = self.numbers.get(text) {
            return sym;
        }
        if let Some(end) = text.iter().position(|&byte| byte == 0) {
            return self.intern(text.get(..end).unwrap_or_default());
        }
        let text: Arc<[u8]> = text.into();
        self.bytes += text.len();
        let next = Sym(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        let sym = self.free.pop().unwrap_or(next);
        match self.texts.get_mut(sym.index()) {
            Some(place) => *place = text.clone(),
            None => self.texts.push(text.clone()),
        }
        self.numbers.insert(text, sym);
        sym
    }

    /// The symbol of a text, if it is interned.
    pub(crate) fn find(&self, text: &[u8]) -> Option<Sym> {
        self.numbers.get(text).copied()
    }

    pub(crate) fn text(&self, sym: Sym) -> &[u8] {
        debug_assert!(sym.index() < self.texts.len(), "a symbol of another interpreter");
        self.texts.get(sym.index()).map(|text| &**text).unwrap_or_default()
    }

    fn weight(&self) -> usize {
        self.bytes + self.numbers.len() * OVERHEAD
    }

    /// Whether a collection is due.
    pub(crate) fn is_collection_due(&self) -> bool {
        self.weight() > self.threshold
    }

    /// Frees all symbols that are not marked, except the constant ones. `marks` is indexed by symbol number.
    pub(crate) fn keep(&mut self, marks: &[bool]) {
        let empty: Arc<[u8]> = Arc::from([]);
        for (index, text) in self.texts.iter_mut().enumerate().skip(FIXED.len()) {
            if marks.get(index) == Some(&true) || text.is_empty() {
                continue;
            }
            let text = std::mem::replace(text, empty.clone());
            self.bytes -= text.len();
            if let Some(sym) = self.numbers.remove(&text) {
                self.free.push(sym);
            }
        }
        self.numbers.shrink_to_fit();
        self.threshold = (2 * self.weight()).max(MIN_THRESHOLD);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn freed_numbers_are_reused() {
        let mut symbols = Symbols::new();
        let [a, b] = [b"a", b"b"].map(|text| symbols.intern(text));
        let mut marks = vec![false; symbols.len()];
        marks[b.index()] = true;
        symbols.keep(&marks);
        assert_eq!((symbols.find(b"a"), symbols.find(b"b"), symbols.text(a)), (None, Some(b), b"".as_slice()));
        assert_eq!(symbols.intern(b"c"), a);
        assert_eq!((symbols.text(a), symbols.count()), (b"c".as_slice(), FIXED.len() + 2));
        assert_eq!([Sym::NULL, Sym::PG, Sym::PS].map(|sym| symbols.text(sym)), FIXED);
    }
}
