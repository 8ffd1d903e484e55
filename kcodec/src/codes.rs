//! Symbols as numbers: each distinct one once, and for every item which it is.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::hash::{BuildHasher, RandomState};

use crate::symbol::{Symbol, Symbols};

/// Slots of the smallest table.
const SLOTS: usize = 1 << 8;

/// Slots of the largest table that fits a cache: 256 KiB.
const ROOMY: usize = 1 << 14;

/// How many slots may be looked at for each symbol, on average, before the table is given up.
const PATIENCE: usize = 8;

impl<'a> Symbols<'a> {
    /// The distinct symbols in order of first appearance, and for each item the position of its
    /// symbol among them: a dictionary encoding, in one pass.
    ///
    /// A symbol that is the 2^32nd distinct one or later is left out of the first and has the code
    /// [`u32::MAX`].
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
        hashed(self, PATIENCE).unwrap_or_else(|| mapped(self))
    }
}

/// By the standard library's map, whose time nobody can make quadratic.
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

/// By a table made for short symbols; `None` when `patience` runs out.
///
/// Open addressing: a symbol is in the first slot from where its hash points that holds it, or
/// would be in the first empty one. The hash of a symbol of up to eight bytes is made of one number
/// that no other symbol of its length has, so that comparing the numbers compares the symbols; of
/// a longer one the bytes are compared too. The hash is keyed anew on every call. Should symbols
/// crowd nevertheless, because somebody has found out how to make them, the table is given up after
/// a number of steps that is in proportion to the symbols.
fn hashed<'a>(symbols: Symbols<'a>, patience: usize) -> Option<(Vec<Symbol<'a>>, Vec<u32>)> {
    let mut steps = symbols.len().saturating_mul(patience).saturating_add(SLOTS);
    let mut table = Table::new();
    let mut codes = Vec::with_capacity(symbols.len());
    for symbol in symbols {
        codes.push(table.code(symbol, &mut steps)?);
    }
    Some((table.distinct, codes))
}

struct Table<'a> {
    key: u64,
    distinct: Vec<Symbol<'a>>,
    /// A power of two.
    slots: Vec<Slot>,
    /// How many distinct symbols there may be before there are more slots.
    most: usize,
}

/// What is known of a distinct symbol; `code` is one more than its code, zero in an empty slot.
#[derive(Clone, Copy, Default)]
struct Slot {
    number: u64,
    length: u32,
    code: u32,
}

impl<'a> Table<'a> {
    fn new() -> Self {
        Self {
            key: RandomState::new().hash_one(0) | 1,
            distinct: Vec::new(),
            slots: vec![Slot::default(); SLOTS],
            most: most(SLOTS),
        }
    }

    #[inline]
    fn code(&mut self, symbol: Symbol<'a>, steps: &mut usize) -> Option<u32> {
        let text = symbol.as_bytes();
        let number = number(text, self.key);
        let length = u32::try_from(text.len()).unwrap_or(u32::MAX);
        let mut at = self.start(number);
        loop {
            *steps = steps.checked_sub(1)?;
            let slot = self.slots.get_mut(at)?;
            if slot.code == 0 {
                let code = append(&mut self.distinct, symbol);
                *slot = Slot { number, length, code: code.checked_add(1)? };
                if self.distinct.len() >= self.most {
                    self.grow();
                }
                return Some(code);
            }
            let code = slot.code.wrapping_sub(1);
            if slot.number == number
                && slot.length == length
                && (length <= 8 || self.distinct.get(code as usize) == Some(&symbol))
            {
                return Some(code);
            }
            at = at.wrapping_add(1) & self.slots.len().wrapping_sub(1);
        }
    }

    /// The first slot to look at.
    #[inline]
    fn start(&self, number: u64) -> usize {
        let mask = self.slots.len().wrapping_sub(1) as u64;
        usize::try_from(fold(number ^ self.key.rotate_left(32), self.key) & mask).unwrap_or_default()
    }

    /// Makes more slots.
    #[cold]
    fn grow(&mut self) {
        let times = if self.slots.len() < ROOMY { 4 } else { 2 };
        let slots = vec![Slot::default(); self.slots.len().saturating_mul(times)];
        self.most = most(slots.len());
        let old = std::mem::replace(&mut self.slots, slots);
        for slot in old.into_iter().filter(|slot| slot.code > 0) {
            let mask = self.slots.len().wrapping_sub(1);
            let mut at = self.start(slot.number);
            while let Some(taken) = self.slots.get_mut(at) {
                if taken.code == 0 {
                    *taken = slot;
                    break;
                }
                at = at.wrapping_add(1) & mask;
            }
        }
    }
}

/// How many of so many slots may be taken: few of a table that fits a cache anyway, for then the
/// first slot is nearly always the right one, and half of a large one.
const fn most(slots: usize) -> usize {
    if slots <= ROOMY { slots >> 3 } else { slots >> 1 }
}

/// A number that says all of up to eight bytes, if their count is known, and mixes up more.
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
    // Up to three: the first, the middle and the last.
    let byte = |at: usize| text.get(at).copied().map_or(0, u64::from);
    byte(0) | byte(text.len() >> 1) << 8 | byte(text.len().wrapping_sub(1)) << 16
}

/// Both halves of a product, which together depend on every bit of either factor.
#[inline]
#[expect(clippy::cast_possible_truncation, reason = "the halves are what is wanted")]
fn fold(one: u64, other: u64) -> u64 {
    let product = u128::from(one).wrapping_mul(u128::from(other));
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
    fn without_patience_the_table_is_given_up() {
        let texts: Vec<String> = (0..2000).map(|number| format!("s{number}")).collect();
        let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
        let symbols = Symbols::new(&texts);
        assert_eq!(hashed(symbols, 0), None);
        assert_eq!(hashed(symbols, 8), Some(mapped(symbols)));
    }
}
