//! Order: `asc desc iasc idesc rank xrank bin binr`, and the attributes that claim one.
//!
//! Items are ordered by 64 bits ([`Key::prefix`]): long lists are cut by the first of the bits that differ into
//! pieces that fit the cache, and these are sorted one by one. Symbols are ordered by the ranks of the distinct ones.

use std::cmp::Ordering;
use std::sync::Arc;

use rustc_hash::FxHashMap;

use super::fault::{Fault, R};
use super::key::Key;
use super::noun::{Atom, Dict, Item, Items, Lane, Noun, Table, Vector, with_items};
use super::search::long;
use super::symbols::{Sym, Symbols};
use super::take::attribute_of;
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
    infix("bin", Some(26), |vm, x, y| vm.bin(&x, &y, false)),
    infix("binr", Some(34), |vm, x, y| vm.bin(&x, &y, true)),
];

/// Items that are sorted at once.
const PIECE: usize = 1 << 13;
/// Units that one item of a sort costs.
const SORT: usize = 24;

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

    /// `iasc x`, `idesc x`; of a dict its keys in the order of the values.
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

    /// The vector sorted ascending.
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

    /// The order of the items of a list, the rows of a table: stable.
    pub(crate) fn grade(&mut self, x: &Noun, down: bool) -> R<Vec<usize>> {
        match x {
            Noun::Vector(vector) => match &vector.items {
                Items::Sym(items) => {
                    let ranks = self.ranks(items)?.ranks;
                    self.grade_keys(ranks.len(), ranks.iter().map(|&rank| u64::from(rank)), down)
                }
                Items::Guid(items) => self.grade_by(items.len(), |_, x, y| {
                    let (x, y) = (items.get(x).map(|item| item.bits()), items.get(y).map(|item| item.bits()));
                    if down { y.cmp(&x) } else { x.cmp(&y) }
                }),
                items => with_items!(items, items => {
                    self.grade_keys(items.len(), items.iter().map(|item| item.prefix()), down)
                }),
            },
            Noun::List(list) => {
                let items = list.items();
                self.grade_by(items.len(), |symbols, x, y| {
                    let order = match (items.get(x), items.get(y)) {
                        (Some(x), Some(y)) => order(symbols, x, y),
                        _ => Ordering::Equal,
                    };
                    if down { order.reverse() } else { order }
                })
            }
            Noun::Table(table) => self.grade_columns(table.columns(), down),
            Noun::Dict(dict) => self.grade(&dict.values, down),
            _ => Err(Fault::TYPE),
        }
    }

    /// The order of rows: by the first column, among equals by the second, and so on.
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

    fn grade_by(&mut self, count: usize, compare: impl Fn(&Symbols, usize, usize) -> Ordering) -> R<Vec<usize>> {
        let levels = usize::try_from(count.checked_ilog2().unwrap_or(0)).unwrap_or(0) + 1;
        self.charge(count.saturating_mul(levels).saturating_mul(16))?;
        let mut places: Vec<usize> = self.vec(count)?;
        places.extend(0..count);
        let symbols = &self.q.symbols;
        places.sort_by(|&x, &y| compare(symbols, x, y));
        Ok(places)
    }

    /// The ranks of symbols by their texts.
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
        self.charge(by_rank.len().saturating_mul(SORT * 16))?;
        let symbols = &self.q.symbols;
        by_rank.sort_unstable_by(|&x, &y| symbols.text(x).cmp(symbols.text(y)));
        for (rank, sym) in (0_u32..).zip(&by_rank) {
            known.insert(*sym, rank);
        }
        let mut ranks = self.vec(items.len())?;
        ranks.extend(items.iter().map(|item| known.get(item).copied().unwrap_or(0)));
        Ok(Ranks { ranks, by_rank })
    }

    /// `n xrank x`: which of n parts each item would be in.
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

    /// `x bin y`: the last item that is not above `y`; `x binr y`: the first that is not below.
    fn bin(&mut self, x: &Noun, y: &Noun, right: bool) -> R {
        match (x, y) {
            (Noun::Vector(list), Noun::Atom(item)) => {
                let items = std::slice::from_ref(item);
                let places = self.bin_items(list, items.iter().copied(), 1, right)?;
                Ok(Noun::long(places.first().copied().unwrap_or(-1)))
            }
            (Noun::Vector(list), Noun::Vector(wanted)) => {
                let kind = wanted.kind;
                let places = with_items!(&wanted.items, items => {
                    let atoms = items.iter().map(|item| Atom { kind, item: item.item() });
                    self.bin_items(list, atoms, items.len(), right)?
                });
                Ok(Noun::longs(places))
            }
            (Noun::Vector(_), Noun::List(_)) => self.deeper(|vm| vm.each(y, |vm, item| vm.bin(x, &item, right))),
            (Noun::List(list), _) if y.is_atom() || list.items().first().is_some_and(Noun::is_list) => {
                let many = matches!(y, Noun::List(_));
                if many {
                    return self.deeper(|vm| vm.each(y, |vm, item| vm.bin(x, &item, right)));
                }
                self.charge(256)?;
                let symbols = &self.q.symbols;
                let at = list.items().partition_point(|item| match order(symbols, item, y) {
                    Ordering::Less => true,
                    Ordering::Equal => !right,
                    Ordering::Greater => false,
                });
                Ok(Noun::long(if right { long(at) } else { long(at) - 1 }))
            }
            (Noun::Vector(_) | Noun::List(_), Noun::Dict(dict)) => {
                let values = self.bin(x, &dict.values, right)?;
                Dict::new(dict.keys.clone(), values)
            }
            (Noun::Table(_) | Noun::Dict(_), _) => Err(Fault::nyi("bin of a table or dictionary")),
            _ => Err(Fault::TYPE),
        }
    }

    fn bin_items(
        &mut self,
        list: &Vector,
        wanted: impl Iterator<Item = Atom>,
        count: usize,
        right: bool,
    ) -> R<Vec<i64>> {
        let levels = usize::try_from(list.len().checked_ilog2().unwrap_or(0)).unwrap_or(0) + 1;
        self.charge(count.saturating_mul(levels).saturating_mul(4))?;
        let mut out = self.vec(count)?;
        for item in wanted {
            if item.kind != list.kind {
                return Err(Fault::TYPE);
            }
            let at = match (&list.items, item.item) {
                (Items::Sym(items), Item::Sym(sym)) => {
                    let text = self.q.symbols.text(sym);
                    items.partition_point(|&item| below(self.q.symbols.text(item).cmp(text), right))
                }
                (items, item) => with_items!(items, items => partition(items, item, right)),
            };
            out.push(if right { long(at) } else { long(at) - 1 });
        }
        Ok(out)
    }

    /// `` `s#x `` and its likes: the value under the attribute, where it may claim it.
    ///
    /// # Errors
    ///
    /// `s-fail` and `u-fail`.
    pub(crate) fn set_attribute(&mut self, letter: &[u8], y: Noun) -> R {
        let attr = match letter {
            b"" => Attribute::None,
            b"s" => Attribute::Sorted,
            b"u" => Attribute::Unique,
            b"p" => Attribute::Parted,
            b"g" => Attribute::Grouped,
            _ => return Err(Fault::TYPE),
        };
        match y {
            Noun::Vector(mut vector) => {
                if vector.attr != attr {
                    let list = Noun::Vector(vector);
                    self.claim(attr, &list)?;
                    let Noun::Vector(list) = list else { return Err(Fault::TYPE) };
                    vector = list;
                }
                vector.attr = attr;
                Ok(Noun::Vector(vector))
            }
            // A general list holds no attribute here; the claim is verified.
            Noun::List(_) => {
                self.claim(attr, &y)?;
                Ok(y)
            }
            Noun::Dict(dict) => {
                let keys = self.set_attribute(letter, dict.keys.clone())?;
                match attr {
                    Attribute::Sorted => Dict::stepped(keys, dict.values.clone()),
                    _ => Dict::new(keys, dict.values.clone()),
                }
            }
            Noun::Table(table) => self.table_attribute(attr, &table),
            _ => Err(Fault::TYPE),
        }
    }

    /// An attribute of a table is one of its first column.
    fn table_attribute(&mut self, attr: Attribute, table: &Table) -> R {
        match attr {
            Attribute::Sorted => self.claim(attr, &Table::new(table.names().clone(), table.columns().to_vec())?)?,
            Attribute::None => {}
            Attribute::Unique | Attribute::Parted | Attribute::Grouped => {
                return Err(Fault::nyi("an attribute other than s of a table"));
            }
        }
        let mut columns = table.columns().to_vec();
        if let Some(Noun::Vector(first)) = columns.first_mut() {
            first.attr = attr;
        }
        let made = Table::new(table.names().clone(), columns)?;
        match made {
            Noun::Table(mut made) => {
                if let Some(own) = Arc::get_mut(&mut made) {
                    own.attr = attr;
                }
                Ok(Noun::Table(made))
            }
            other => Ok(other),
        }
    }

    /// Verifies what an attribute says.
    fn claim(&mut self, attr: Attribute, list: &Noun) -> R<()> {
        self.charge(list.len())?;
        match attr {
            Attribute::None => Ok(()),
            Attribute::Sorted => {
                if self.is_ascending(list)? {
                    Ok(())
                } else {
                    Err(Fault::new("s-fail"))
                }
            }
            Attribute::Grouped => Ok(()),
            Attribute::Unique => {
                let distinct =
                    attribute_of(list) == Attribute::Unique || self.numbered(list)?.firsts.len() == list.len();
                if distinct { Ok(()) } else { Err(Fault::new("u-fail")) }
            }
            Attribute::Parted => {
                // In parts: no number comes again after another.
                let numbered = self.numbered(list)?;
                if numbered.numbers.is_sorted() { Ok(()) } else { Err(Fault::new("u-fail")) }
            }
        }
    }

    /// Whether no item is below the one before.
    fn is_ascending(&mut self, list: &Noun) -> R<bool> {
        let symbols = &self.q.symbols;
        Ok(match list {
            Noun::Vector(vector) => match &vector.items {
                Items::Sym(items) => items.is_sorted_by(|&x, &y| x == y || symbols.text(x) <= symbols.text(y)),
                items => with_items!(items, items => items.is_sorted_by(|x, y| x.bits() <= y.bits())),
            },
            Noun::List(list) => list.items().is_sorted_by(|x, y| order(symbols, x, y).is_le()),
            Noun::Table(_) => {
                let places = self.grade(list, false)?;
                places.is_sorted()
            }
            _ => return Err(Fault::TYPE),
        })
    }
}

/// Symbols by rank.
struct Ranks {
    /// The rank of each item.
    ranks: Vec<u32>,
    /// The distinct symbols in order.
    by_rank: Vec<Sym>,
}

const fn below(order: Ordering, right: bool) -> bool {
    match order {
        Ordering::Less => true,
        Ordering::Equal => !right,
        Ordering::Greater => false,
    }
}

fn partition<T: Key>(items: &[T], wanted: Item, right: bool) -> usize {
    let Some(wanted) = T::from_item(wanted) else { return 0 };
    items.partition_point(|item| below(item.compare(wanted), right))
}

/// Sorts; `exact`: items of one key are equal, or stand in their order already.
fn sort<T: Copy>(
    vm: &mut Vm<'_>,
    items: &mut [T],
    exact: bool,
    key: impl Fn(&T) -> u64 + Copy,
    compare: impl Fn(&T, &T) -> Ordering + Copy,
) -> R<()> {
    if items.len() <= PIECE {
        vm.charge(items.len().saturating_mul(SORT))?;
        items.sort_unstable_by(compare);
        return Ok(());
    }
    let mut spare = vm.vec(items.len())?;
    spare.extend_from_slice(items);
    pieces(vm, items, &mut spare, exact, key, compare)
}

/// Spreads items by the first eight bits in which their keys differ, then sorts what has the same.
fn pieces<T: Copy>(
    vm: &mut Vm<'_>,
    items: &mut [T],
    spare: &mut [T],
    exact: bool,
    key: impl Fn(&T) -> u64 + Copy,
    compare: impl Fn(&T, &T) -> Ordering + Copy,
) -> R<()> {
    let low = items.iter().map(key).min().unwrap_or(0);
    let high = items.iter().map(key).max().unwrap_or(0);
    if low == high && exact {
        return Ok(());
    }
    vm.charge(items.len().saturating_mul(4))?;
    if items.len() <= PIECE || low == high {
        vm.charge(items.len().saturating_mul(SORT))?;
        items.sort_unstable_by(compare);
        return Ok(());
    }
    let shift = (u64::BITS - (high - low).leading_zeros()).saturating_sub(8);
    let digit = |item: &T| ((key(item) - low) >> shift) as usize & 0xff;
    let mut ends = [0_usize; 256];
    for item in items.iter() {
        if let Some(end) = ends.get_mut(digit(item)) {
            *end += 1;
        }
    }
    let mut sum = 0;
    for end in &mut ends {
        // Where the next item of the digit goes: once all are there, where the digit ends.
        sum += std::mem::replace(end, sum);
    }
    for item in items.iter() {
        if let Some(end) = ends.get_mut(digit(item)) {
            if let Some(place) = spare.get_mut(*end) {
                *place = *item;
            }
            *end += 1;
        }
    }
    items.copy_from_slice(spare);
    let (mut items, mut spare, mut start) = (items, spare, 0);
    for end in ends {
        let (piece, left) = items.split_at_mut(end - start);
        let (room, more) = spare.split_at_mut(end - start);
        if piece.len() > 1 && shift > 0 || !exact {
            pieces(vm, piece, room, exact, key, compare)?;
        }
        (items, spare, start) = (left, more, end);
    }
    Ok(())
}

/// Which of two values comes first: by type, then by content.
pub(crate) fn order(symbols: &Symbols, x: &Noun, y: &Noun) -> Ordering {
    match (x, y) {
        (Noun::Atom(x), Noun::Atom(y)) if x.kind == y.kind => order_items(symbols, x.item, y.item),
        (Noun::Vector(x), Noun::Vector(y)) if x.kind == y.kind => match (&x.items, &y.items) {
            (Items::Sym(x), Items::Sym(y)) => {
                x.iter().map(|&item| symbols.text(item)).cmp(y.iter().map(|&item| symbols.text(item)))
            }
            (items, other) => with_items!(items, items => match Lane::of(other) {
                Some(other) => compare_all(items, other),
                None => Ordering::Equal,
            }),
        },
        (Noun::List(_) | Noun::Vector(_), Noun::List(_) | Noun::Vector(_)) => {
            let first =
                (0..x.len().min(y.len())).map(|at| order(symbols, &x.at(at), &y.at(at))).find(|order| order.is_ne());
            first.unwrap_or_else(|| x.len().cmp(&y.len()))
        }
        (Noun::Dict(x), Noun::Dict(y)) => order(symbols, &x.values, &y.values),
        _ => {
            let kind = |noun: &Noun| (noun.type_code().unsigned_abs(), !noun.is_atom());
            kind(x).cmp(&kind(y))
        }
    }
}

fn compare_all<T: Key>(x: &[T], y: &[T]) -> Ordering {
    x.iter().map(|item| item.bits()).cmp(y.iter().map(|item| item.bits()))
}

fn order_items(symbols: &Symbols, x: Item, y: Item) -> Ordering {
    match (x, y) {
        (Item::U8(x), Item::U8(y)) => x.cmp(&y),
        (Item::I16(x), Item::I16(y)) => x.cmp(&y),
        (Item::I32(x), Item::I32(y)) => x.cmp(&y),
        (Item::I64(x), Item::I64(y)) => x.cmp(&y),
        (Item::F32(x), Item::F32(y)) => x.compare(y),
        (Item::F64(x), Item::F64(y)) => x.compare(y),
        (Item::Guid(x), Item::Guid(y)) => x.cmp(&y),
        (Item::Sym(x), Item::Sym(y)) => symbols.text(x).cmp(symbols.text(y)),
        _ => Ordering::Equal,
    }
}
