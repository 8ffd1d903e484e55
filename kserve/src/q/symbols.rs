//! Interned texts: a symbol is a number, and equal texts have equal numbers.

use std::collections::HashMap;
use std::sync::Arc;

/// The number of an interned text; only the [`Symbols`] that gave it can tell the text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub(crate) struct Sym(u32);

impl Sym {
    /// The null symbol, whose text is empty.
    pub(crate) const NULL: Self = Self(0);

    /// The number, for tables indexed by it: below [`Symbols::len`].
    pub(crate) const fn index(self) -> usize {
        self.0 as usize
    }
}

/// All symbols of one interpreter. None is ever forgotten, as in q; what they take counts as memory held.
#[derive(Debug)]
pub(crate) struct Symbols {
    texts: Vec<Arc<[u8]>>,
    /// The standard library's hasher is keyed at random: nobody can choose texts that collide.
    numbers: HashMap<Arc<[u8]>, Sym>,
    bytes: usize,
}

impl Symbols {
    pub(crate) fn new() -> Self {
        let null: Arc<[u8]> = Arc::from([]);
        Self { texts: vec![null.clone()], numbers: HashMap::from([(null, Sym::NULL)]), bytes: 0 }
    }

    pub(crate) fn len(&self) -> usize {
        self.texts.len()
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
        let sym = Sym(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        let text: Arc<[u8]> = text.into();
        self.bytes += text.len();
        self.texts.push(text.clone());
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
}
