//! Sorting: `asc desc iasc idesc rank xrank`. Symbols are sorted by the ranks of the distinct ones.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::fault::{Fault, R};
use super::key::Key;
use super::noun::{Dict, Items, Lane, Noun, Vector, with_items};
use super::order::order;
use super::radix::sort;
use super::symbols::{Sym, Symbols};
use super::verb::{Verb, infix, unary};
use super::vm::Vm;
use kcodec::Attribute;

pub(crate) static VERBS: &[Verb] = &[
    unary("asc", None, |vm, x| vm.ascending(x)),
    unary("desc", None, |vm, x| vm.descending(x)),
    unary("iasc", Some(9), |vm, x| vm.graded(&x, false)),
    unary("idesc", Some(10), |vm, x| vm.graded(&x, true)),
    unary("rank", None, |vm, x| {
        let order = vm.graded(&x, false)?;
        vm.graded(&order, false)
    }),
    infix("xrank", None, |vm, x, y| vm.buckets(&x, &y)),
];

/// Units charged per distinct symbol that is sorted.
const SORT: usize = 400;

/// Items per run that is sorted before merging.
const RUN: usize = 256;

impl Vm<'_> {
    /// `asc x`
    fn ascending(&mut self, x: Noun) -> R {
        match x {
            Noun::Vector(vector) if vector.attr == Attribute::Sorted => Ok(Noun::Vector(vector)),
            Noun::Vector(vector) => {
                let mut sorted = self.sorted(vector)?;
                sorted.attr = Attribute::Sorted;
                Ok(Noun::Vector(sorted))
            }
            Noun::List(list) if list.items().is_empty() => Ok(Noun::List(list)),
            Noun::List(_) => {
                let places = self.grade(&x, false)?;
                self.gather(&x, &places)
            }
            Noun::Table(_) => {
                let places = self.grade(&x, false)?;
                let sorted = self.gather(&x, &places)?;
                self.set_attribute(b"s", sorted)
            }
            Noun::Dict(dict) => {
                let places = self.grade(&dict.values, false)?;
                let keys = self.gather(&dict.keys, &places)?;
                let values = self.gather(&dict.values, &places)?;
                let values = match values {
                    Noun::Vector(mut values) => {
                        values.attr = Attribute::Sorted;
                        Noun::Vector(values)
                    }
                    other => other,
                };
                Dict::new(keys, values)
            }
            Noun::Atom(_) => Err(Fault::RANK),
            _ => Err(Fault::TYPE),
        }
    }

    /// `desc x`
    fn descending(&mut self, x: Noun) -> R {
        match x {
            Noun::Vector(vector) => {
                let sorted = self.sorted(vector)?;
                self.reverse(Noun::Vector(sorted))
            }
            Noun::List(_) | Noun::Table(_) => {
                let places = self.grade(&x, true)?;
                self.gather(&x, &places)
            }
            Noun::Dict(dict) => {
                let places = self.grade(&dict.values, true)?;
                let keys = self.gather(&dict.keys, &places)?;
                Dict::new(keys, self.gather(&dict.values, &places)?)
            }
            Noun::Atom(_) => Err(Fault::RANK),
            _ => Err(Fault::TYPE),
        }
    }

    /// `iasc x`, `idesc x`; of a dict, its keys in the order of its values.
    fn graded(&mut self, x: &Noun, down: bool) -> R {
        match x {
            Noun::Dict(dict) => {
                let places = self.grade(&dict.values, down)?;
                self.gather(&dict.keys, &places)
            }
            Noun::Atom(_) => Err(Fault::RANK),
            _ => {
                let places = self.grade(x, down)?;
                self.longs(&places)
            }
        }
    }

    /// Sorts a vector in ascending order.
    fn sorted(&mut self, mut vector: Vector) -> R<Vector> {
        vector.attr = Attribute::None;
        if vector.len() < 2 {
            return Ok(vector);
        }
        if let Items::Sym(items) = &vector.items {
            let ranked = self.ranks(items)?;
            let mut counts: Vec<usize> = self.vec(ranked.by_rank.len())?;
            counts.resize(ranked.by_rank.len(), 0);
            for &rank in &ranked.ranks {
                if let Some(count) = counts.get_mut(rank as usize) {
                    *count += 1;
                }
            }
            let mut out = self.vec(items.len())?;
            for (&sym, count) in ranked.by_rank.iter().zip(counts) {
                out.extend(std::iter::repeat_n(sym, count));
            }
            vector.items = Sym::wrap(Arc::new(out));
            return Ok(vector);
        }
        with_items!(&mut vector.items, items => self.sort_items(items)?);
        Ok(vector)
    }

    fn sort_items<T: Key>(&mut self, items: &mut Arc<Vec<T>>) -> R<()> {
        self.charge(items.len())?;
        if items.is_sorted_by(|x, y| x.bits() <= y.bits()) {
            return Ok(());
        }
        let items = self.own(items)?;
        sort(self, items, T::EXACT, |item| item.prefix(), |x, y| x.compare(*y))
    }

    /// The positions of a list's items, or a table's rows, in sorted order. Stable.
    pub(crate) fn grade(&mut self, x: &Noun, down: bool) -> R<Vec<usize>> {
        match x {
            Noun::Vector(vector) => match &vector.items {
                Items::Sym(items) => {
                    let ranks = self.ranks(items)?.ranks;
                    self.grade_keys(ranks.len(), ranks.iter().map(|&rank| u64::from(rank)), down)
                }
                Items::Guid(items) => self.grade_by(items.len(), 8, |_, x, y| {
                    let (x, y) = (items.get(x).map(|item| item.bits()), items.get(y).map(|item| item.bits()));
                    if down { y.cmp(&x) } else { x.cmp(&y) }
                }),
                items => with_items!(items, items => {
                    self.grade_keys(items.len(), items.iter().map(|item| item.prefix()), down)
                }),
            },
            Noun::List(list) => {
                let items = list.items();
                let cost = 16 + super::wire::weight(x) / items.len().max(1) / 8;
                self.grade_by(items.len(), cost, |symbols, x, y| {
                    let order = match (items.get(x), items.get(y)) {
                        (Some(x), Some(y)) => order(symbols, x, y),
                        _ => Ordering::Equal,
                    };
                    if down { order.reverse() } else { order }
                })
            }
            Noun::Table(table) => self.grade_columns(table.columns(), down),
            Noun::Dict(dict) => self.grade(&dict.values, down),
            Noun::Enum(list) => {
                let members = self.members(list)?;
                self.grade(&members, down)
            }
            _ => Err(Fault::TYPE),
        }
    }

    /// The positions of rows in order of the first column, ties by the second, and so on.
    pub(crate) fn grade_columns(&mut self, columns: &[Noun], down: bool) -> R<Vec<usize>> {
        let mut places: Option<Vec<usize>> = None;
        for column in columns.iter().rev() {
            places = Some(match places {
                None => self.grade(column, down)?,
                Some(places) => {
                    let column = self.gather(column, &places)?;
                    let mut order = self.grade(&column, down)?;
                    for place in &mut order {
                        *place = places.get(*place).copied().unwrap_or(0);
                    }
                    order
                }
            });
        }
        Ok(places.unwrap_or_default())
    }

    fn grade_keys(&mut self, count: usize, keys: impl Iterator<Item = u64>, down: bool) -> R<Vec<usize>> {
        if u32::try_from(count).is_err() {
            return Err(Fault::WSFULL);
        }
        let mut pairs: Vec<(u64, u32)> = self.vec(count)?;
        pairs.extend(keys.map(|key| if down { !key } else { key }).zip(0_u32..));
        if !pairs.is_sorted() {
            sort(self, &mut pairs, true, |pair| pair.0, Ord::cmp)?;
        }
        let mut places = self.vec(count)?;
        places.extend(pairs.iter().map(|&(_, place)| place as usize));
        Ok(places)
    }

    /// The positions in order of a comparison that costs about `cost` units. A merge sort: runs are sorted first,
    /// then merged, so that interrupts are checked between comparisons.
    fn grade_by(
        &mut self,
        count: usize,
        cost: usize,
        compare: impl Fn(&Symbols, usize, usize) -> Ordering,
    ) -> R<Vec<usize>> {
        let mut places: Vec<usize> = self.vec(count)?;
        places.extend(0..count);
        for run in places.chunks_mut(RUN) {
            self.charge(run.len().saturating_mul(cost).saturating_mul(8))?;
            let symbols = &self.q.symbols;
            run.sort_by(|&x, &y| compare(symbols, x, y));
        }
        let mut width = RUN;
        while width < count {
            let mut merged = self.vec(count)?;
            for pair in places.chunks(width.saturating_mul(2)) {
                let (mut left, mut right) = pair.split_at(width.min(pair.len()));
                while let (Some((&x, lefts)), Some((&y, rights))) = (left.split_first(), right.split_first()) {
                    self.charge(cost)?;
                    if compare(&self.q.symbols, x, y).is_le() {
                        merged.push(x);
                        left = lefts;
                    } else {
                        merged.push(y);
                        right = rights;
                    }
                }
                merged.extend_from_slice(left);
                merged.extend_from_slice(right);
            }
            places = merged;
            width = width.saturating_mul(2);
        }
        Ok(places)
    }

    /// The rank of each symbol by its text.
    fn ranks(&mut self, items: &[Sym]) -> R<Ranks> {
        self.charge(items.len().saturating_mul(4))?;
        let mut known: FxHashMap<Sym, u32> = FxHashMap::default();
        let mut by_rank = Vec::new();
        for &item in items {
            if let std::collections::hash_map::Entry::Vacant(place) = known.entry(item) {
                place.insert(0);
                self.grow(&mut by_rank, 1)?;
                by_rank.push(item);
            }
        }
        self.charge(by_rank.len().saturating_mul(SORT))?;
        let symbols = &self.q.symbols;
        by_rank.sort_unstable_by(|&x, &y| symbols.text(x).cmp(symbols.text(y)));
        for (rank, sym) in (0_u32..).zip(&by_rank) {
            known.insert(*sym, rank);
        }
        let mut ranks = self.vec(items.len())?;
        ranks.extend(items.iter().map(|item| known.get(item).copied().unwrap_or(0)));
        Ok(Ranks { ranks, by_rank })
    }

    /// `n xrank x`: the number of each item's bucket, of n buckets of equal size.
    fn buckets(&mut self, x: &Noun, y: &Noun) -> R {
        let parts = i128::from(x.as_long().ok_or(Fault::TYPE)?);
        let places = match y {
            Noun::Dict(dict) => self.grade(&dict.values, false)?,
            Noun::Atom(_) => return Err(Fault::RANK),
            _ => self.grade(y, false)?,
        };
        let count = places.len() as i128;
        let mut out: Vec<i64> = self.vec(places.len())?;
        out.resize(places.len(), 0);
        for (rank, place) in (0_i128..).zip(places) {
            if let Some(part) = out.get_mut(place) {
                *part = i64::try_from((rank * parts).div_euclid(count.max(1))).unwrap_or(i64::MIN);
            }
        }
        match y {
            Noun::Dict(dict) => Dict::new(dict.keys.clone(), Noun::longs(out)),
            _ => Ok(Noun::longs(out)),
        }
    }
}

/// The ranks of symbols.
struct Ranks {
    /// The rank of each item.
    ranks: Vec<u32>,
    /// The distinct symbols, sorted by text.
    by_rank: Vec<Sym>,
}
