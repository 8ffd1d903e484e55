//! Rows by the values of some columns: groups, and sums over them in one pass each.

use std::sync::Arc;

use super::fault::{Fault, R};
use super::noun::{self, Item, Items, Lane, Noun, Vector};
use super::symbols::Sym;
use super::verb::Verb;
use super::vm::Vm;
use kcodec::Kind;

/// Symbols whose number costs no more than numbering a few rows.
const MANY: usize = 1 << 10;

pub(crate) static VERBS: &[Verb] = &[];

/// The groups that rows belong to.
pub(crate) struct Groups {
    ids: Ids,
    /// The first row of each group by number; of a number that no row has, `usize::MAX`.
    pub(crate) firsts: Vec<usize>,
    /// The groups in the order of their keys.
    pub(crate) order: Vec<usize>,
}

/// The number of each row's group.
enum Ids {
    Own(Vec<u32>),
    /// Symbols are numbers already.
    Symbols(Arc<Vec<Sym>>),
}

impl Groups {
    /// The group of each row.
    pub(crate) fn ids(&self) -> &[u32] {
        match &self.ids {
            Ids::Own(ids) => ids,
            Ids::Symbols(symbols) => bytemuck::cast_slice(symbols),
        }
    }

    /// Takes off the rows from one on, and gives the groups of those.
    pub(crate) fn split_off(&mut self, row: usize) -> Vec<u32> {
        let mut ids = match std::mem::replace(&mut self.ids, Ids::Own(Vec::new())) {
            Ids::Own(ids) => ids,
            Ids::Symbols(symbols) => bytemuck::cast_slice(&symbols).to_vec(),
        };
        let left = ids.split_off(row.min(ids.len()));
        self.ids = Ids::Own(ids);
        left
    }

    /// One more than the greatest number of a group.
    pub(crate) fn numbers(&self) -> usize {
        self.firsts.len()
    }

    /// How many groups there are.
    pub(crate) fn count(&self) -> usize {
        self.order.len()
    }

    /// The first rows, in the order of the keys.
    pub(crate) fn heads(&self) -> Vec<usize> {
        self.order.iter().filter_map(|&group| self.firsts.get(group).copied()).collect()
    }

    /// The rows of each group one after the other, and where each group's end, by number.
    pub(crate) fn rows(&self, vm: &mut Vm<'_>) -> R<(Vec<usize>, Vec<usize>)> {
        let mut ends = vm.vec::<usize>(self.numbers() + 1)?;
        ends.resize(self.numbers(), 0);
        for &id in self.ids() {
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
        let mut rows = vm.vec::<usize>(self.ids().len())?;
        rows.resize(self.ids().len(), 0);
        for (row, &id) in self.ids().iter().enumerate() {
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
    pub(crate) fn group_rows(&mut self, columns: &[Noun]) -> R<Groups> {
        if let [Noun::Vector(Vector { items: Items::Sym(symbols), .. })] = columns
            && self.q.symbols.len() <= MANY.max(symbols.len() / 4)
        {
            return self.group_symbols(symbols);
        }
        let numbered = self.numbered_columns(columns)?;
        let heads: R<Vec<Noun>> = columns.iter().map(|column| self.gather(column, &numbered.firsts)).collect();
        let order = self.grade_columns(&heads?, false)?;
        Ok(Groups { ids: Ids::Own(numbered.numbers), firsts: numbered.firsts, order })
    }

    /// Groups numbered as their symbols are: no list of numbers is made.
    fn group_symbols(&mut self, symbols: &Arc<Vec<Sym>>) -> R<Groups> {
        self.charge(symbols.len())?;
        let mut firsts = self.vec(self.q.symbols.len())?;
        firsts.resize(self.q.symbols.len(), usize::MAX);
        let mut found = Vec::new();
        for (row, symbol) in symbols.iter().enumerate() {
            if let Some(first) = firsts.get_mut(symbol.index())
                && *first == usize::MAX
            {
                *first = row;
                found.push(*symbol);
            }
        }
        let order = self.grade_columns(&[Noun::syms(found.clone())], false)?;
        let order = order.iter().filter_map(|&at| found.get(at).map(|symbol| symbol.index())).collect();
        Ok(Groups { ids: Ids::Symbols(symbols.clone()), firsts, order })
    }

    /// Groups that stay in the order of their appearance.
    pub(crate) fn groups_as_met(&mut self, columns: &[Noun]) -> R<Groups> {
        let numbered = self.numbered_columns(columns)?;
        let order = (0..numbered.firsts.len()).collect();
        Ok(Groups { ids: Ids::Own(numbered.numbers), firsts: numbered.firsts, order })
    }
}

/// Sums and their like over groups, each in one pass; `None` for what has no loop here.
impl Vm<'_> {
    /// `verb column` of each group, in the order of the keys.
    pub(crate) fn aggregate(&mut self, verb: &str, column: &Noun, groups: &Groups) -> R<Option<Noun>> {
        let count = groups.numbers();
        match verb {
            "first" => return self.gather(column, &groups.heads()).map(Some),
            "last" => {
                let mut lasts = self.vec(count)?;
                lasts.resize(count, 0);
                for (row, &id) in groups.ids().iter().enumerate() {
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
        self.charge(groups.ids().len())?;
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
        let mut counts = self.zeros::<i64>(groups.numbers())?;
        for &id in groups.ids() {
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
        let mut best = self.vec(groups.numbers())?;
        best.resize(groups.numbers(), T::NULL);
        // Nulls are below everything, and comparisons with a float's are false.
        let is_null = |item: T| item == T::NULL || item.partial_cmp(&item).is_none();
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
        let mut sums = self.zeros::<(f64, f64)>(groups.numbers())?;
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
    for (&id, (w, x)) in groups.ids().iter().zip(pairs) {
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
    for (&id, &item) in groups.ids().iter().zip(items) {
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
