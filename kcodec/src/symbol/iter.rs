//! Iteration over symbols, received or borrowed.

use std::{fmt, slice};

use super::{Symbol, Symbols, SymbolsRepr};
use crate::coded::CodedSymbols;
use crate::simd::{self, BLOCK, SLACK};

impl<'a> Symbols<'a> {
    /// The symbols in order.
    #[must_use]
    #[inline]
    pub fn iter(self) -> SymbolsIter<'a> {
        SymbolsIter {
            left: match self.0 {
                SymbolsRepr::Wire(symbols, _) => {
                    let (count, bytes) = symbols.split();
                    Left::Wire(Texts { bytes, count, start: 0, ahead: 0, nuls: 0 })
                }
                SymbolsRepr::Text(items, _) => Left::Text(items.iter()),
                SymbolsRepr::Symbols(items, _) => Left::Symbols(items.iter()),
                SymbolsRepr::Strings(items, _) => Left::Strings(items.iter()),
                SymbolsRepr::Coded(items, _) => Left::Coded(items, items.codes().iter()),
            },
        }
    }
}

/// Iterator over [`Symbols`].
#[derive(Clone)]
pub struct SymbolsIter<'a> {
    left: Left<'a>,
}

#[derive(Clone)]
enum Left<'a> {
    Wire(Texts<'a>),
    Text(slice::Iter<'a, &'a str>),
    Symbols(slice::Iter<'a, Symbol<'a>>),
    Strings(slice::Iter<'a, String>),
    Coded(&'a CodedSymbols<'a>, slice::Iter<'a, u32>),
}

impl<'a> Left<'a> {
    /// Out of line: few arms keep the loops over the others free of jump tables.
    #[inline(never)]
    fn next_other(&mut self) -> Option<Symbol<'a>> {
        match self {
            Self::Strings(items) => items.next().map(|text| Symbol::new(text)),
            Self::Coded(coded, codes) => codes.next().map(|&code| coded.text(code)),
            _ => None,
        }
    }
}

impl<'a> Iterator for SymbolsIter<'a> {
    type Item = Symbol<'a>;

    #[inline]
    fn next(&mut self) -> Option<Symbol<'a>> {
        match &mut self.left {
            Left::Wire(texts) => texts.next(),
            Left::Text(items) => items.next().copied().map(Symbol::new),
            Left::Symbols(items) => items.next().copied(),
            other => other.next_other(),
        }
    }

    /// One loop for each form of symbols.
    #[inline]
    fn fold<B, F: FnMut(B, Symbol<'a>) -> B>(self, init: B, mut f: F) -> B {
        match self.left {
            Left::Wire(texts) => texts.fold(init, f),
            Left::Text(items) => items.fold(init, |all, text| f(all, Symbol::new(text))),
            Left::Symbols(items) => items.copied().fold(init, f),
            Left::Strings(items) => items.fold(init, |all, text| f(all, Symbol::new(text))),
            Left::Coded(coded, codes) => codes.fold(init, |all, &code| f(all, coded.text(code))),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        match &self.left {
            Left::Wire(texts) => (texts.count, Some(texts.count)),
            Left::Text(items) => items.size_hint(),
            Left::Symbols(items) => items.size_hint(),
            Left::Strings(items) => items.size_hint(),
            Left::Coded(_, codes) => codes.size_hint(),
        }
    }
}

impl ExactSizeIterator for SymbolsIter<'_> {}

impl fmt::Debug for SymbolsIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

/// Bytes whose terminators are located at once, if there are as many.
const INDEXED: usize = 1024;

/// Terminated texts, their ends found a block at a time.
#[derive(Clone)]
struct Texts<'a> {
    bytes: &'a [u8],
    /// Texts to come.
    count: usize,
    /// Where the next text starts.
    start: usize,
    /// Where the bytes start that were not yet searched.
    ahead: usize,
    /// The terminators to come in the block before `ahead`.
    nuls: u64,
}

impl<'a> Texts<'a> {
    #[inline]
    fn next(&mut self) -> Option<Symbol<'a>> {
        while self.nuls == 0 {
            self.nuls = simd::mask(self.bytes.get(self.ahead..).filter(|ahead| !ahead.is_empty())?);
            self.ahead += BLOCK;
        }
        let end = self.ahead - BLOCK + self.nuls.trailing_zeros() as usize;
        let text = self.bytes.get(self.start..end)?;
        self.nuls &= self.nuls - 1;
        self.start = end + 1;
        self.count -= 1;
        Some(Symbol(text))
    }

    /// Passes all texts to come: the terminators of many blocks are located at once.
    #[inline]
    fn fold<B, F: FnMut(B, Symbol<'a>) -> B>(mut self, init: B, mut f: F) -> B {
        let mut all = init;
        if self.bytes.len() - self.start < INDEXED {
            while let Some(text) = self.next() {
                all = f(all, text);
            }
            return all;
        }
        let mut ends = [0; INDEXED + SLACK];
        let (mut start, mut base) = (self.start, self.start);
        for block in self.bytes.get(base..).unwrap_or_default().chunks(INDEXED) {
            let found = simd::index_texts(block, &mut ends);
            for &end in ends.get(..found).unwrap_or_default() {
                let end = base + end as usize;
                let Some(text) = self.bytes.get(start..end) else { unreachable!("ends ascend") };
                all = f(all, Symbol(text));
                start = end + 1;
            }
            base += block.len();
        }
        all
    }
}
