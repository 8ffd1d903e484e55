//! Dictionary encoding of symbols: the distinct ones, and for every item the index of its symbol.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};

use crate::symbol::{Symbol, Symbols};

/// Slots of the smallest hash table.
const SLOTS: usize = 1 << 8;

/// Slots of the largest hash table that fits the L2 cache: 256 KiB.
const CACHED: usize = 1 << 14;

/// Average probes per symbol after which the hash table is abandoned.
const PROBES: usize = 8;

impl<'a> Symbols<'a> {
    /// Dictionary encoding in one pass: the distinct symbols in order of first appearance, and for each item the index
    /// of its symbol among them.
    ///
    /// The 2^32nd distinct symbol and later ones are left out of the first list and have the code [`u32::MAX`].
    ///
    /// ```
    /// use kcodec::{Symbol, Symbols};
    ///
    /// let (distinct, codes) = Symbols::new(&["ibm", "msft", "ibm"]).to_codes();
    /// assert_eq!(distinct, [Symbol::new("ibm"), Symbol::new("msft")]);
    /// assert_eq!(codes, [0, 1, 0]);
    /// ```
    #[must_use]
    pub fn to_codes(self) -> (Vec<Symbol<'a>>, Vec<u32>) {
        hashed(self, PROBES).unwrap_or_else(|| mapped(self))
    }
}

/// The fallback: the standard library's map, whose keyed hash an attacker cannot predict.
fn mapped<'a>(symbols: Symbols<'a>) -> (Vec<Symbol<'a>>, Vec<u32>) {
    let mut distinct = Vec::new();
    let mut known = HashMap::new();
    let codes = symbols.iter().map(|symbol| match known.entry(symbol) {
        Entry::Occupied(code) => *code.get(),
        Entry::Vacant(vacant) => *vacant.insert(append(&mut distinct, symbol)),
    });
    let codes = codes.collect();
    (distinct, codes)
}

/// The code of a symbol seen for the first time.
fn append<'a>(distinct: &mut Vec<Symbol<'a>>, symbol: Symbol<'a>) -> u32 {
    let code = u32::try_from(distinct.len()).unwrap_or(u32::MAX);
    if code < u32::MAX {
        distinct.push(symbol);
    }
    code
}

/// The fast path: a hash table for short symbols, by open addressing with linear probing. `None` after `probes` probes
/// per symbol.
///
/// A slot keeps a number made of the symbol's bytes and its length. For up to eight bytes the number is unique among
/// symbols of that length, so that comparing numbers compares symbols; for longer ones the bytes are compared, too. The
/// hash has a new key on every call. If symbols cluster nevertheless, because an attacker has found the key, the table
/// is abandoned after a number of probes in proportion to the symbols.
fn hashed<'a>(symbols: Symbols<'a>, probes: usize) -> Option<(Vec<Symbol<'a>>, Vec<u32>)> {
    let mut interner = Interner::new(symbols.len().saturating_mul(probes));
    let mut codes = Vec::with_capacity(symbols.len());
    symbols.iter().for_each(|symbol| codes.push(interner.code(symbol)));
    interner.probes.map(|_| (interner.distinct, codes))
}

struct Interner<'a> {
    key: u64,
    distinct: Vec<Symbol<'a>>,
    /// A power of two.
    slots: Vec<Slot>,
    /// The number of distinct symbols at which the table grows.
    most: usize,
    /// Probes left; `None` if the table was abandoned.
    probes: Option<usize>,
}

/// A distinct symbol: its number, its length and its code.
#[derive(Clone, Copy)]
struct Slot {
    number: u64,
    length: u32,
    code: u32,
}

impl Slot {
    /// Of a length that no symbol has.
    const EMPTY: Self = Self { number: 0, length: u32::MAX, code: 0 };

    const fn is_empty(self) -> bool {
        self.length == Self::EMPTY.length
    }
}

impl<'a> Interner<'a> {
    fn new(probes: usize) -> Self {
        Self {
            key: RandomState::new().hash_one(0) | 1,
            distinct: Vec::new(),
            slots: vec![Slot::EMPTY; SLOTS],
            most: most(SLOTS),
            probes: Some(probes),
        }
    }

    /// The code of a symbol. Fast path: the first probe finds a short one.
    #[inline(always)]
    fn code(&mut self, symbol: Symbol<'a>) -> u32 {
        let text = symbol.as_bytes();
        let number = number(text, self.key);
        let at = self.start(number);
        match self.slots.get(at) {
            Some(slot) if slot.number == number && slot.length as usize == text.len() && text.len() <= 8 => slot.code,
            _ => self.search(symbol, number, at),
        }
    }

    /// The code of a symbol, appended if it is new. The code is meaningless once the table was abandoned.
    #[inline(never)]
    fn search(&mut self, symbol: Symbol<'a>, number: u64, mut at: usize) -> u32 {
        let length = u32::try_from(symbol.as_bytes().len()).unwrap_or(u32::MAX).min(Slot::EMPTY.length - 1);
        loop {
            self.probes = self.probes.and_then(|probes| probes.checked_sub(1));
            let Some(slot) = self.slots.get_mut(at).filter(|_| self.probes.is_some()) else { return u32::MAX };
            if slot.is_empty() {
                let code = append(&mut self.distinct, symbol);
                *slot = Slot { number, length, code };
                if self.distinct.len() >= self.most {
                    self.grow();
                }
                return code;
            }
            if slot.number == number
                && slot.length == length
                && (length <= 8 || self.distinct.get(slot.code as usize) == Some(&symbol))
            {
                return slot.code;
            }
            at = (at + 1) & (self.slots.len() - 1);
        }
    }

    /// The first slot to probe.
    #[inline]
    fn start(&self, number: u64) -> usize {
        let mask = self.slots.len() as u64 - 1;
        usize::try_from(fold(number ^ self.key.rotate_left(32), self.key) & mask).unwrap_or_default()
    }

    /// Grows and rehashes.
    #[cold]
    fn grow(&mut self) {
        let times = if self.slots.len() < CACHED { 4 } else { 2 };
        let slots = vec![Slot::EMPTY; self.slots.len() * times];
        self.most = most(slots.len());
        let old = std::mem::replace(&mut self.slots, slots);
        for slot in old.into_iter().filter(|slot| !slot.is_empty()) {
            let mask = self.slots.len() - 1;
            let mut at = self.start(slot.number);
            while let Some(taken) = self.slots.get_mut(at) {
                if taken.is_empty() {
                    *taken = slot;
                    break;
                }
                at = (at + 1) & mask;
            }
        }
    }
}

/// The largest number of used slots: an eighth of a table that fits the cache, so that the first probe is nearly always
/// the last, and half of a larger one.
const fn most(slots: usize) -> usize {
    if slots <= CACHED { slots >> 3 } else { slots >> 1 }
}

/// A number that is unique for up to eight bytes of a known length, and a hash of more.
#[inline]
fn number(text: &[u8], key: u64) -> u64 {
    if let (Some(&first), Some(&last)) = (text.first_chunk(), text.last_chunk()) {
        let (mut number, last) = (u64::from_le_bytes(first), u64::from_le_bytes(last));
        if text.len() > 8 {
            for &word in text.as_chunks().0 {
                number = fold(number ^ u64::from_le_bytes(word), key);
            }
            number = fold(number ^ last, key);
        }
        return number;
    }
    if let (Some(&first), Some(&last)) = (text.first_chunk(), text.last_chunk()) {
        return u64::from(u32::from_le_bytes(first)) | u64::from(u32::from_le_bytes(last)) << 32;
    }
    // Up to three bytes: the first, the middle and the last.
    let byte = |at: usize| text.get(at).copied().map_or(0, u64::from);
    byte(0) | byte(text.len() >> 1) << 8 | text.last().copied().map_or(0, u64::from) << 16
}

/// XOR of both halves of a product, which depends on every bit of either factor.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one) * u128::from(other);
    product as u64 ^ (product >> 64) as u64
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::{Symbols, hashed, mapped, number};

    #[test]
    fn up_to_eight_bytes_have_a_number_of_their_own() {
        let mut seen = HashMap::new();
        let mut texts: Vec<Vec<u8>> = vec![vec![]];
        for length in 1..=8 {
            for at in 0..length {
                texts.extend((1..=255_u8).map(|byte| {
                    let mut text = vec![b'a'; length];
                    text[at] = byte;
                    text
                }));
            }
        }
        texts.sort();
        texts.dedup();
        for text in texts {
            assert_eq!(seen.insert((text.len(), number(&text, 12345)), text), None);
        }
    }

    #[test]
    fn without_probes_the_table_is_abandoned() {
        let texts: Vec<String> = (0..2000).map(|number| format!("s{number}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let symbols = Symbols::new(&texts);
        assert_eq!(hashed(symbols, 0), None);
        assert_eq!(hashed(symbols, 8), Some(mapped(symbols)));
    }
}
