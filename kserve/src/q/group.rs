//! Rows by the values of some columns: numbers of groups, and sums over them.
//!
//! Each column becomes group numbers in one pass: symbols, bytes and integers of a small range through a table,
//! everything else through a hash map. Several columns are combined two by two. Groups are numbered as they appear;
//! `order` has them ascending by key, which is how `by` gives them.

use std::collections::HashMap;

use super::fault::{Fault, R};
use super::noun::{self, Item, Items, Lane, Noun, Vector};
use super::order;
use super::verb::Verb;
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[];

/// The groups that rows belong to.
pub(crate) struct Groups {
    /// Of each row.
    pub(crate) ids: Vec<u32>,
    /// The first row of each group.
    pub(crate) firsts: Vec<usize>,
    /// The groups in the order of their keys.
    pub(crate) order: Vec<usize>,
}

/// Group numbers under way.
struct Numbering {
    ids: Vec<u32>,
    firsts: Vec<usize>,
}

/// No group yet, in tables of them.
const NONE: u32 = u32::MAX;
/// Table entries that are always worth it; beyond that as many as rows.
const TABLE: usize = 1 << 16;

impl Groups {
    pub(crate) fn count(&self) -> usize {
        self.firsts.len()
    }

    /// The first rows, in the order of the keys.
    pub(crate) fn heads(&self) -> Vec<usize> {
        self.order.iter().filter_map(|&group| self.firsts.get(group).copied()).collect()
    }

    /// The rows of each group one after the other, and where each group's end, by number.
    pub(crate) fn rows(&self, vm: &mut Vm<'_>) -> R<(Vec<usize>, Vec<usize>)> {
        let mut ends = vm.vec::<usize>(self.count() + 1)?;
        ends.resize(self.count(), 0);
        for &id in &self.ids {
            if let Some(count) = ends.get_mut(id as usize) {
                *count += 1;
            }
        }
        let mut next = vm.vec::<usize>(ends.len())?;
        let mut sum = 0;
        for end in &mut ends {
            next.push(sum);
            sum += *end;
            *end = sum;
        }
        let mut rows = vm.vec::<usize>(self.ids.len())?;
        rows.resize(self.ids.len(), 0);
        for (row, &id) in self.ids.iter().enumerate() {
            if let Some(next) = next.get_mut(id as usize) {
                if let Some(place) = rows.get_mut(*next) {
                    *place = row;
                }
                *next += 1;
            }
        }
        Ok((rows, ends))
    }
}

impl Vm<'_> {
    /// Groups rows by the values in columns of equal count, at least one.
    pub(crate) fn groups(&mut self, columns: &[Noun]) -> R<Groups> {
        let numbering = self.numbered(columns)?;
        let heads: R<Vec<Noun>> = columns.iter().map(|column| self.gather(column, &numbering.firsts)).collect();
        let order = order::grade(self, &heads?, false)?;
        Ok(Groups { ids: numbering.ids, firsts: numbering.firsts, order })
    }

    /// Groups that stay in the order of their appearance.
    pub(crate) fn groups_as_met(&mut self, columns: &[Noun]) -> R<Groups> {
        let Numbering { ids, firsts } = self.numbered(columns)?;
        let order = (0..firsts.len()).collect();
        Ok(Groups { ids, firsts, order })
    }

    fn numbered(&mut self, columns: &[Noun]) -> R<Numbering> {
        let mut all: Option<Numbering> = None;
        for column in columns {
            let next = self.number(column)?;
            all = Some(match all {
                None => next,
                Some(all) => self.combine(&all, &next)?,
            });
        }
        all.ok_or(Fault::LENGTH)
    }

    fn number(&mut self, column: &Noun) -> R<Numbering> {
        let vector = match column {
            Noun::Vector(vector) => vector,
            _ => return self.number_values(column),
        };
        match &vector.items {
            Items::Sym(items) => {
                let size = self.q.symbols.len();
                self.by_table(items, size, |item| item.index())
            }
            Items::U8(items) => self.by_table(items, 256, |item| usize::from(item)),
            Items::I16(items) => self.by_table(items, 1 << 16, |item| usize::from(item.cast_unsigned())),
            Items::I32(items) => self.by_range(items, i64::from),
            Items::I64(items) => self.by_range(items, |item| item),
            Items::F64(items) => self.by_hash(items, |item| float_key(item).cast_signed()),
            Items::F32(items) => self.by_hash(items, |item| float_key(f64::from(item)).cast_signed()),
            Items::Guid(items) => self.by_hash(items, |item| item),
        }
    }

    /// Items that are small numbers.
    fn by_table<T: Copy>(&mut self, items: &[T], size: usize, key: impl Fn(T) -> usize) -> R<Numbering> {
        let mut table = self.vec::<u32>(size)?;
        table.resize(size, NONE);
        let mut ids = self.vec::<u32>(items.len())?;
        let mut firsts = Vec::new();
        // A table of 2^k entries or one larger than every key: the lookup cannot fail.
        ids.extend(items.iter().enumerate().map(|(row, &item)| {
            let Some(entry) = table.get_mut(key(item)) else { return NONE };
            if *entry == NONE {
                *entry = u32::try_from(firsts.len()).unwrap_or(NONE);
                firsts.push(row);
            }
            *entry
        }));
        Ok(Numbering { ids, firsts })
    }

    /// Integers: through a table if their range is small.
    fn by_range<T: Copy>(&mut self, items: &[T], key: impl Fn(T) -> i64 + Copy) -> R<Numbering> {
        let (low, high) = items
            .iter()
            .map(|&item| key(item))
            .fold((i64::MAX, i64::MIN), |(low, high), item| (low.min(item), high.max(item)));
        let range = high.checked_sub(low).and_then(|range| usize::try_from(range).ok());
        match range {
            Some(range) if range < TABLE.max(items.len()) => self
                .by_table(items, range + 1, |item| usize::try_from(key(item).wrapping_sub(low)).unwrap_or(usize::MAX)),
            _ => self.by_hash(items, key),
        }
    }

    fn by_hash<T: Copy, K: Eq + std::hash::Hash + Copy>(&mut self, items: &[T], key: impl Fn(T) -> K) -> R<Numbering> {
        // A map entry takes about four times its key, and some thirty nanoseconds.
        self.charge(items.len().saturating_mul(30))?;
        let mut ids = self.vec::<u32>(items.len())?;
        let mut map: HashMap<K, u32> = HashMap::new();
        let mut firsts = Vec::new();
        let mut last: Option<(K, u32)> = None;
        for (row, &item) in items.iter().enumerate() {
            let item = key(item);
            let id = match last {
                Some((before, id)) if before == item => id,
                _ => {
                    let next = u32::try_from(firsts.len()).unwrap_or(NONE);
                    let id = *map.entry(item).or_insert(next);
                    if id == next {
                        firsts.push(row);
                        if next & 0xfff == 0 {
                            self.room(0x1000 * 4 * size_of::<K>())?;
                        }
                    }
                    id
                }
            };
            last = Some((item, id));
            ids.push(id);
        }
        Ok(Numbering { ids, firsts })
    }

    /// Any values, by their encoding.
    fn number_values(&mut self, column: &Noun) -> R<Numbering> {
        let count = column.len();
        let mut ids = self.vec::<u32>(count)?;
        let mut map: HashMap<Vec<u8>, u32> = HashMap::new();
        let mut firsts = Vec::new();
        for row in 0..count {
            self.charge(100)?;
            let item = column.at(row);
            let key = match item.as_text() {
                Some(text) if !item.is_atom() => [b"\x0a", text].concat(),
                _ => self.body(&item)?.as_bytes().to_vec(),
            };
            let next = u32::try_from(firsts.len()).unwrap_or(NONE);
            self.room(key.len())?;
            let id = *map.entry(key).or_insert(next);
            if id == next {
                firsts.push(row);
            }
            ids.push(id);
        }
        Ok(Numbering { ids, firsts })
    }

    fn combine(&mut self, x: &Numbering, y: &Numbering) -> R<Numbering> {
        let width = y.firsts.len().max(1);
        let size = x.firsts.len().saturating_mul(width);
        let pairs: Vec<u64> = {
            let mut pairs = self.vec(x.ids.len())?;
            let width = u64::try_from(width).unwrap_or(u64::MAX);
            pairs.extend(
                x.ids.iter().zip(&y.ids).map(|(&x, &y)| u64::from(x).wrapping_mul(width).wrapping_add(y.into())),
            );
            pairs
        };
        if size <= TABLE.max(pairs.len().saturating_mul(2)) {
            self.by_table(&pairs, size, |pair| usize::try_from(pair).unwrap_or(usize::MAX))
        } else {
            self.by_hash(&pairs, |pair| pair)
        }
    }
}

/// The bits of a float, of one null and one zero.
fn float_key(item: f64) -> u64 {
    if item.is_nan() {
        return noun::NULL_FLOAT.to_bits();
    }
    (item + 0.0).to_bits()
}

/// Sums and their like over groups, each in one pass; `None` for what has no loop here.
impl Vm<'_> {
    /// `verb column` of each group, in the order of the keys.
    pub(crate) fn aggregate(&mut self, verb: &str, column: &Noun, groups: &Groups) -> R<Option<Noun>> {
        let count = groups.count();
        match verb {
            "first" => return self.gather(column, &groups.heads()).map(Some),
            "last" => {
                let mut lasts = self.vec(count)?;
                lasts.resize(count, 0);
                for (row, &id) in groups.ids.iter().enumerate() {
                    if let Some(last) = lasts.get_mut(id as usize) {
                        *last = row;
                    }
                }
                let lasts = in_order(groups, &lasts);
                return self.gather(column, &lasts).map(Some);
            }
            "count" => return self.counts(groups).map(Some),
            _ => {}
        }
        let Noun::Vector(vector) = column else { return Ok(None) };
        self.charge(groups.ids.len())?;
        Ok(match (verb, &vector.items) {
            ("sum", Items::I64(items)) if matches!(vector.kind, Kind::Long | Kind::Timespan) => {
                let mut sums = self.zeros::<i64>(count)?;
                fold(groups, items, &mut sums, |sum, item| {
                    *sum = sum.wrapping_add(if item == i64::MIN { 0 } else { item });
                });
                Some(ordered(groups, vector.kind, &sums))
            }
            ("sum", Items::I32(items)) if vector.kind == Kind::Int => {
                let mut sums = self.zeros::<i32>(count)?;
                fold(groups, items, &mut sums, |sum, item| {
                    *sum = sum.wrapping_add(if item == i32::MIN { 0 } else { item });
                });
                Some(ordered(groups, vector.kind, &sums))
            }
            ("sum", Items::F64(items)) if vector.kind == Kind::Float => {
                let mut sums = self.zeros::<f64>(count)?;
                fold(groups, items, &mut sums, |sum, item| *sum += if item.is_nan() { 0.0 } else { item });
                Some(ordered(groups, vector.kind, &sums))
            }
            ("min" | "max", Items::I64(items)) => self.extreme(verb == "max", vector.kind, items, groups)?,
            ("min" | "max", Items::I32(items)) => self.extreme(verb == "max", vector.kind, items, groups)?,
            ("min" | "max", Items::I16(items)) => self.extreme(verb == "max", vector.kind, items, groups)?,
            ("min" | "max", Items::F64(items)) => self.extreme(verb == "max", vector.kind, items, groups)?,
            ("avg", _) => self.average(None, vector, groups)?,
            _ => None,
        })
    }

    /// `weights wavg column` of each group.
    pub(crate) fn weighted(&mut self, weights: &Noun, column: &Noun, groups: &Groups) -> R<Option<Noun>> {
        match (weights, column) {
            (Noun::Vector(weights), Noun::Vector(column)) => self.average(Some(weights), column, groups),
            _ => Ok(None),
        }
    }

    pub(crate) fn counts(&mut self, groups: &Groups) -> R {
        let mut counts = self.zeros::<i64>(groups.count())?;
        for &id in &groups.ids {
            if let Some(count) = counts.get_mut(id as usize) {
                *count += 1;
            }
        }
        Ok(ordered(groups, Kind::Long, &counts))
    }

    fn zeros<T: Clone + Default>(&mut self, count: usize) -> R<Vec<T>> {
        let mut zeros = self.vec(count)?;
        zeros.resize(count, T::default());
        Ok(zeros)
    }

    /// The least or greatest item of each group, nulls aside.
    fn extreme<T: Lane + PartialOrd>(
        &mut self,
        max: bool,
        kind: Kind,
        items: &[T],
        groups: &Groups,
    ) -> R<Option<Noun>> {
        if !matches!(noun::null_item(kind), Item::I16(_) | Item::I32(_) | Item::I64(_) | Item::F64(_)) {
            return Ok(None);
        }
        let mut best = self.vec(groups.count())?;
        best.resize(groups.count(), T::NULL);
        // Nulls are below everything, and comparisons with a float's are false.
        let is_null = |item: T| item == T::NULL || item != item;
        if max {
            fold(groups, items, &mut best, |best, item| {
                if item > *best || is_null(*best) {
                    *best = item;
                }
            });
        } else {
            fold(groups, items, &mut best, |best, item| {
                if (item < *best && !is_null(item)) || is_null(*best) {
                    *best = item;
                }
            });
        }
        Ok(Some(ordered(groups, kind, &best)))
    }

    fn average(&mut self, weights: Option<&Vector>, column: &Vector, groups: &Groups) -> R<Option<Noun>> {
        if !is_number(column.kind) || weights.is_some_and(|weights| !is_number(weights.kind)) {
            return Ok(None);
        }
        let mut sums = self.zeros::<(f64, f64)>(groups.count())?;
        match (weights.map(|weights| &weights.items), &column.items) {
            (None, Items::F64(items)) => add(groups, items.iter().map(|&item| (1.0, item)), &mut sums),
            (None, Items::I64(items)) => add(groups, items.iter().map(|&item| (1.0, long(item))), &mut sums),
            (Some(Items::I64(w)), Items::F64(x)) => {
                add(groups, w.iter().zip(x.iter()).map(|(&w, &x)| (long(w), x)), &mut sums);
            }
            (Some(Items::F64(w)), Items::F64(x)) => {
                add(groups, w.iter().zip(x.iter()).map(|(&w, &x)| (w, x)), &mut sums);
            }
            (Some(Items::I32(w)), Items::F64(x)) => {
                add(groups, w.iter().zip(x.iter()).map(|(&w, &x)| (int(w), x)), &mut sums);
            }
            (weights, items) => {
                let items = self.floats(items)?;
                let weights = match weights {
                    Some(weights) => self.floats(weights)?,
                    None => vec![1.0; items.len()],
                };
                add(groups, weights.iter().zip(&items).map(|(&w, &x)| (w, x)), &mut sums);
            }
        }
        let averages: Vec<f64> = sums.iter().map(|&(w, x)| if w == 0.0 { noun::NULL_FLOAT } else { x / w }).collect();
        Ok(Some(ordered(groups, Kind::Float, &averages)))
    }

    fn floats(&mut self, items: &Items) -> R<Vec<f64>> {
        let mut out = self.vec(noun::with_items!(items, items => items.len()))?;
        match items {
            Items::U8(items) => out.extend(items.iter().map(|&item| f64::from(item))),
            Items::I16(items) => {
                out.extend(items.iter().map(|&item| if item == i16::MIN { f64::NAN } else { f64::from(item) }));
            }
            Items::I32(items) => out.extend(items.iter().map(|&item| int(item))),
            Items::I64(items) => out.extend(items.iter().map(|&item| long(item))),
            Items::F32(items) => out.extend(items.iter().map(|&item| f64::from(item))),
            Items::F64(items) => out.extend_from_slice(items),
            Items::Guid(_) | Items::Sym(_) => return Err(Fault::TYPE),
        }
        Ok(out)
    }
}

/// Adds each row's weight and weighted item to its group; rows with a null of either count for nothing.
fn add(groups: &Groups, pairs: impl Iterator<Item = (f64, f64)>, sums: &mut [(f64, f64)]) {
    for (&id, (w, x)) in groups.ids.iter().zip(pairs) {
        let product = w * x;
        if let Some(sum) = sums.get_mut(id as usize)
            && !product.is_nan()
        {
            sum.0 += w;
            sum.1 += product;
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "q's conversion of longs to floats")]
fn long(item: i64) -> f64 {
    if item == i64::MIN { f64::NAN } else { item as f64 }
}

fn int(item: i32) -> f64 {
    if item == i32::MIN { f64::NAN } else { f64::from(item) }
}

const fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Boolean | Kind::Byte | Kind::Short | Kind::Int | Kind::Long | Kind::Real | Kind::Float)
}

/// Takes each item to the state of its group.
#[inline]
fn fold<T: Copy, S>(groups: &Groups, items: &[T], states: &mut [S], step: impl Fn(&mut S, T)) {
    for (&id, &item) in groups.ids.iter().zip(items) {
        if let Some(state) = states.get_mut(id as usize) {
            step(state, item);
        }
    }
}

fn in_order<T: Copy>(groups: &Groups, items: &[T]) -> Vec<T> {
    groups.order.iter().filter_map(|&group| items.get(group).copied()).collect()
}

fn ordered<T: Lane>(groups: &Groups, kind: Kind, items: &[T]) -> Noun {
    noun::vector(kind, in_order(groups, items))
}
