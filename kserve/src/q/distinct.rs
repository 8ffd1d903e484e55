//! `distinct` and `group`, based on numbering the distinct items of a list.

use std::collections::HashMap;

use super::build;
use super::fault::{Fault, R};
use super::key::{Exact, HASH, Key, SeededHasher, hash_cost};
use super::noun::{Dict, List, Noun, empty, with_items};
use super::radix::sort;
use super::search::{NONE, long, offset, span};
use super::verb::{Verb, unary};
use super::vm::Vm;
use kcodec::{Attribute, Kind};

pub(crate) static VERBS: &[Verb] =
    &[unary("distinct", Some(17), |vm, x| vm.distinct(&x)), unary("group", Some(8), |vm, x| vm.group(&x))];

/// Number of distinct items up to which a hash table fits into the cache. With more, sorting is faster.
const CACHED: usize = 1 << 15;

/// The distinct items of a list, numbered in order of first appearance.
pub(crate) struct Numbered {
    /// For each item the number of its distinct item.
    pub(crate) numbers: Vec<u32>,
    /// For each number the position of its first item.
    pub(crate) firsts: Vec<usize>,
}

impl Vm<'_> {
    /// Numbers the distinct items of a list, or the distinct rows of a table.
    #[expect(clippy::mutable_key_type, reason = "what is mutable in a function is none of its key")]
    pub(crate) fn numbered(&mut self, x: &Noun) -> R<Numbered> {
        match x {
            Noun::Vector(vector) => with_items!(&vector.items, items => self.numbered_items(items)),
            Noun::Table(table) => self.numbered_columns(table.columns()),
            Noun::Enum(list) => self.numbered(&list.places),
            Noun::List(list) => {
                let items = list.items();
                self.room(items.len().saturating_mul(24))?;
                let mut known = HashMap::with_capacity(items.len());
                let (mut numbers, mut firsts) = (self.vec(items.len())?, Vec::new());
                for (place, item) in items.iter().enumerate() {
                    self.charge(hash_cost(item))?;
                    let next = number(firsts.len());
                    numbers.push(*known.entry(Exact(item)).or_insert(next));
                    if known.len() > firsts.len() {
                        self.grow(&mut firsts, 1)?;
                        firsts.push(place);
                    }
                }
                Ok(Numbered { numbers, firsts })
            }
            _ => Err(Fault::TYPE),
        }
    }

    /// Numbers the distinct rows of several columns.
    pub(crate) fn numbered_columns(&mut self, columns: &[Noun]) -> R<Numbered> {
        let Some((first, others)) = columns.split_first() else { return Err(Fault::TYPE) };
        let mut all = self.numbered(first)?;
        for column in others {
            let next = self.numbered(column)?;
            let mut pairs: Vec<i64> = self.vec(all.numbers.len())?;
            let width = long(next.firsts.len());
            pairs.extend(all.numbers.iter().zip(&next.numbers).map(|(&x, &y)| i64::from(x) * width + i64::from(y)));
            all = self.numbered_items(&pairs)?;
        }
        Ok(all)
    }

    fn numbered_items<T: Key>(&mut self, items: &[T]) -> R<Numbered> {
        let (mut numbers, mut firsts) = (self.vec(items.len())?, Vec::new());
        if u32::try_from(items.len()).is_err() {
            return Err(Fault::WSFULL);
        }
        if let Some((low, size)) =
            span(items).filter(|(_, size)| T::EXACT && *size <= items.len().saturating_mul(4) + 256)
        {
            let mut known: Vec<u32> = self.vec(size)?;
            known.resize(size, NONE);
            for (place, item) in items.iter().enumerate() {
                let Some(known) = known.get_mut(offset(item.prefix(), low)) else { continue };
                if *known == NONE {
                    *known = number(firsts.len());
                    self.grow(&mut firsts, 1)?;
                    firsts.push(place);
                }
                numbers.push(*known);
            }
            return Ok(Numbered { numbers, firsts });
        }
        self.room(items.len().min(CACHED).saturating_mul(24))?;
        let mut known = HashMap::with_hasher(SeededHasher::new());
        for (place, item) in items.iter().enumerate() {
            self.charge(HASH)?;
            let next = number(firsts.len());
            let found = *known.entry(item.bits()).or_insert(next);
            if found == next {
                if T::EXACT && firsts.len() > CACHED {
                    return self.numbered_by_sorting(items);
                }
                if firsts.len() == known.capacity() - 1 {
                    self.room(known.capacity().saturating_mul(48))?;
                }
                self.grow(&mut firsts, 1)?;
                firsts.push(place);
            }
            numbers.push(found);
        }
        Ok(Numbered { numbers, firsts })
    }

    /// Numbers many distinct items. After sorting, equal items are adjacent.
    fn numbered_by_sorting<T: Key>(&mut self, items: &[T]) -> R<Numbered> {
        let mut pairs: Vec<(u64, u32)> = self.vec(items.len())?;
        pairs.extend(items.iter().map(|item| item.prefix()).zip(0_u32..));
        sort(self, &mut pairs, true, |pair| pair.0, Ord::cmp)?;
        // First pass: for each item the position of its first equal.
        let mut numbers: Vec<u32> = self.vec(items.len())?;
        numbers.resize(items.len(), 0);
        for equal in pairs.chunk_by(|x, y| x.0 == y.0) {
            let first = equal.first().map_or(0, |pair| pair.1);
            for &(_, place) in equal {
                if let Some(number) = numbers.get_mut(place as usize) {
                    *number = first;
                }
            }
        }
        self.charge(items.len().saturating_mul(2))?;
        let mut firsts = Vec::new();
        for place in 0..numbers.len() {
            // Second pass: earlier positions already hold their number.
            let first = numbers.get(place).map_or(0, |&first| first as usize);
            let number = if first == place {
                self.grow(&mut firsts, 1)?;
                firsts.push(place);
                number(firsts.len() - 1)
            } else {
                numbers.get(first).copied().unwrap_or(0)
            };
            if let Some(slot) = numbers.get_mut(place) {
                *slot = number;
            }
        }
        Ok(Numbered { numbers, firsts })
    }

    /// `distinct x`: each item once, in order of first appearance.
    pub(crate) fn distinct(&mut self, x: &Noun) -> R {
        match x {
            Noun::Vector(_) | Noun::List(_) | Noun::Table(_) => {
                if x.len() == 0 {
                    return Ok(x.clone());
                }
                let firsts = self.numbered(x)?.firsts;
                if firsts.len() == x.len() {
                    return Ok(x.clone());
                }
                self.gather(x, &firsts)
            }
            Noun::Dict(dict) if x.as_keyed().is_none() => self.distinct(&dict.values),
            Noun::Dict(_) => Err(Fault::nyi("distinct of a keyed table")),
            Noun::Atom(_) => build::enlist(x.clone()),
            _ => Err(Fault::TYPE),
        }
    }

    /// `group x`: the positions of each distinct item; of a dict, the keys of each value.
    pub(crate) fn group(&mut self, x: &Noun) -> R {
        match x {
            Noun::Vector(_) | Noun::List(_) | Noun::Table(_) => {
                let numbered = self.numbered(x)?;
                let keys = if x.len() == 0 { x.clone() } else { self.gather(x, &numbered.firsts)? };
                let keys = match keys {
                    Noun::Vector(mut keys) => {
                        keys.attr = Attribute::None;
                        Noun::Vector(keys)
                    }
                    other => other,
                };
                let groups = self.groups(&numbered)?;
                let mut values = self.vec(groups.len())?;
                values.extend(groups.into_iter().map(Noun::longs));
                let values = if values.is_empty() { empty(Kind::List) } else { List::raw(values)? };
                Dict::new(keys, values)
            }
            Noun::Dict(dict) => {
                let groups = self.group(&dict.values)?;
                let Noun::Dict(groups) = &groups else { return Err(Fault::TYPE) };
                let values = self.each(&groups.values, |vm, places| vm.index(&dict.keys, &places))?;
                Dict::new(groups.keys.clone(), values)
            }
            _ => Err(Fault::TYPE),
        }
    }

    /// The positions of the items of each number, ascending.
    pub(crate) fn groups(&mut self, numbered: &Numbered) -> R<Vec<Vec<i64>>> {
        let mut counts: Vec<usize> = self.vec(numbered.firsts.len())?;
        counts.resize(numbered.firsts.len(), 0);
        for &number in &numbered.numbers {
            if let Some(count) = counts.get_mut(number as usize) {
                *count += 1;
            }
        }
        let mut groups = self.vec(counts.len())?;
        for count in counts {
            groups.push(self.vec(count)?);
        }
        for (place, &number) in (0_i64..).zip(&numbered.numbers) {
            if let Some(group) = groups.get_mut(number as usize) {
                group.push(place);
            }
        }
        Ok(groups)
    }
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(NONE)
}
