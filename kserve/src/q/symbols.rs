//! Interned texts: a symbol is a number, and equal texts have equal numbers.

use std::collections::HashMap;
use std::sync::Arc;

/// The number of an interned text; only the [`Symbols`] that gave it can tell the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default, bytemuck::Pod, bytemuck::Zeroable)]
#[repr(transparent)]
pub(crate) struct Sym(u32);

impl Sym {
    /// The null symbol, whose text is empty.
    pub(crate) const NULL: Self = Self(0);
    /// `.z.pg`, which every sync message asks for.
    pub(crate) const PG: Self = Self(1);
    /// `.z.ps`, which every async message asks for.
    pub(crate) const PS: Self = Self(2);

    /// The number, for tables indexed by it: below [`Symbols::len`].
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// All symbols of one interpreter.
#[derive(Debug)]
pub(crate) struct Symbols {
    /// The texts by number; a free place holds an empty one.
    texts: Vec<Arc<[u8]>>,
    /// The standard library's hasher is keyed at random: nobody can choose texts that collide.
    numbers: HashMap<Arc<[u8]>, Sym>,
    free: Vec<Sym>,
    /// Bytes of all texts.
    bytes: usize,
    /// The weight from which on it is worth looking for symbols that nothing holds.
    crowded: usize,
}

/// The texts of the symbols that have a constant, by number.
const FIXED: [&[u8]; 3] = [b"", b".z.pg", b".z.ps"];
/// About what a symbol takes beside its text.
const EACH: usize = 96;
/// Weight up to which nobody looks.
const ROOM: usize = 16 << 20;

impl Symbols {
    pub(crate) fn new() -> Self {
        let texts: Vec<Arc<[u8]>> = FIXED.map(Arc::from).to_vec();
        let numbers = texts.iter().cloned().zip((0..).map(Sym)).collect();
        let bytes = texts.iter().map(|text| text.len()).sum();
        Self { texts, numbers, free: Vec::new(), bytes, crowded: ROOM }
    }

    /// One more than the greatest number.
    pub(crate) fn len(&self) -> usize {
        self.texts.len()
    }

    /// Symbols that have a text.
    pub(crate) fn count(&self) -> usize {
        self.numbers.len()
    }

    /// Bytes of all texts.
    pub(crate) const fn bytes(&self) -> usize {
        self.bytes
    }

    /// The symbol of a text. A NUL ends it: no symbol holds one.
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

    /// The symbol of a text, if there is one already.
    pub(crate) fn find(&self, text: &[u8]) -> Option<Sym> {
        self.numbers.get(text).copied()
    }

    pub(crate) fn text(&self, sym: Sym) -> &[u8] {
        self.texts.get(sym.index()).map(|text| &**text).unwrap_or_default()
    }

    fn weight(&self) -> usize {
        self.bytes + self.numbers.len() * EACH
    }

    /// Whether so many have come since the last time that some may be forgotten.
    pub(crate) fn is_crowded(&self) -> bool {
        self.weight() > self.crowded
    }

    /// Forgets all symbols but those that are marked by their number, and those that have a constant.
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
        self.crowded = (2 * self.weight()).max(ROOM);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn forgotten_numbers_are_given_again() {
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
