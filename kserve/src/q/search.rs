//! Search: `?` and `in`.

use std::collections::HashMap;

use super::build;
use super::fault::{Fault, R};
use super::func::Func;
use super::key::{Exact, HASH, Key, SeededHasher, hash_cost};
use super::noun::{Atom, Dict, List, Noun, Table, Vector, empty, vector, with_items};
use super::take::as_list;
use super::verb::{Verb, infix, many};
use super::vm::Vm;
use kcodec::{Attribute, Kind};

pub(crate) static VERBS: &[Verb] =
    &[many("?", Some(17), true, query), infix("in", Some(23), |vm, x, y| vm.is_in(&x, &y))];

/// Sentinel: no number.
pub(crate) const NONE: u32 = u32::MAX;
/// Up to this many lookups, a linear scan each is faster than a table of all items.
const FEW: usize = 4;

/// `x?y`, `?[b;x;y]`, `?[t;c;b;a]`
fn query(vm: &mut Vm<'_>, args: Vec<Noun>) -> R {
    let data = |x: &Noun| matches!(x, Noun::Table(_) | Noun::Dict(_)) || x.as_sym().is_some();
    match <[Noun; 2]>::try_from(args) {
        Ok([x, y]) if x.is_atom() => match x.as_sym() {
            Some(domain) => vm.extend_domain(domain, y),
            None => {
                let (x, y) = (vm.plain(x)?, vm.plain(y)?);
                vm.roll(&x, &y)
            }
        },
        Ok([x, y]) => vm.find(&x, &y),
        Err(args) => match <[Noun; 3]>::try_from(args) {
            Ok([test, x, y]) if !data(&test) => vm.choose(&test, &x, &y),
            Ok(args) => vm.functional_select(args.into()),
            Err(args) => vm.functional_select(args),
        },
    }
}

/// Converts a position to a q long.
pub(crate) fn long(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Nesting rank, judged by first items: 0 for an atom, 1 for a vector.
fn rank(x: &Noun) -> usize {
    let (mut x, mut rank) = (x, 0);
    loop {
        match x {
            Noun::Vector(_) => return rank + 1,
            Noun::List(list) => match list.items().first() {
                Some(first) => (x, rank) = (first, rank + 1),
                None => return rank + 1,
            },
            _ => return rank,
        }
    }
}

impl Vm<'_> {
    /// `x?y`: the first position of each item of `y`; the count of `x` for a missing item.
    pub(crate) fn find(&mut self, x: &Noun, y: &Noun) -> R {
        if self.q.enumerates && !matches!(x, Noun::Dict(_)) {
            let (x, y) = (self.plain(x.clone())?, self.plain(y.clone())?);
            return self.find_plain(&x, &y);
        }
        self.find_plain(x, y)
    }

    fn find_plain(&mut self, x: &Noun, y: &Noun) -> R {
        match (x, y) {
            (Noun::Dict(dict), _) => {
                let at = self.find(&dict.values, y)?;
                self.index(&dict.keys, &at)
            }
            (_, Noun::Dict(dict)) if !matches!(x, Noun::Table(_)) && rank(x) == 1 && !has_dicts(x) => {
                let values = self.find(x, &dict.values)?;
                Dict::new(dict.keys.clone(), values)
            }
            (Noun::Vector(x), Noun::Atom(y)) => Ok(Noun::long(long(self.find_atom(x, y)?))),
            (Noun::Vector(_), Noun::Vector(_)) => {
                let places = self.positions(x, y)?;
                self.longs(&places)
            }
            (Noun::Vector(_), Noun::List(_)) => self.each_position(y, |vm, item| vm.find(x, &item)),
            (Noun::Table(table), _) => self.find_row(table, y),
            (Noun::List(list), _) => {
                // A value with the rank of `x`'s items is searched as a whole.
                let inner = list.items().first().map_or(0, rank);
                match y {
                    // An atom is never equal to a list.
                    Noun::Atom(_) if inner > 0 => Ok(Noun::long(long(list.items().len()))),
                    Noun::Vector(_) if inner == 0 => {
                        let places = self.positions(x, y)?;
                        self.longs(&places)
                    }
                    Noun::List(items) if rank(y) > inner => {
                        if rank(y) > inner + 1 && !items.items().is_empty() {
                            return self.each_position(y, |vm, item| vm.find(x, &item));
                        }
                        let places = self.positions(x, y)?;
                        self.longs(&places)
                    }
                    _ => {
                        let mut at = list.items().len();
                        for (index, item) in list.items().iter().enumerate() {
                            self.charge(4)?;
                            if Exact(item) == Exact(y) {
                                at = index;
                                break;
                            }
                        }
                        Ok(Noun::long(long(at)))
                    }
                }
            }
            _ => Err(Fault::TYPE),
        }
    }

    /// Applies `work` to each item. No items give the empty vector of positions.
    fn each_position(&mut self, y: &Noun, work: impl FnMut(&mut Self, Noun) -> R) -> R {
        if y.len() == 0 { Ok(empty(Kind::Long)) } else { self.recurse(|vm| vm.each(y, work)) }
    }

    pub(crate) fn longs(&mut self, places: &[usize]) -> R {
        let mut out = self.vec(places.len())?;
        out.extend(places.iter().map(|&place| long(place)));
        Ok(Noun::longs(out))
    }

    fn find_atom(&mut self, list: &Vector, item: &Atom) -> R<usize> {
        if list.kind != item.kind {
            return Err(Fault::TYPE);
        }
        let count = list.len();
        if list.attr == Attribute::Sorted && count > 64 && list.kind != Kind::Symbol {
            return Ok(with_items!(&list.items, items => sorted_position(items, *item)));
        }
        self.charge(count / 4)?;
        Ok(with_items!(&list.items, items => position(items, *item)))
    }

    /// For each item of the list `y` its first position in the list `x`; the count of `x` for a missing item.
    #[expect(clippy::mutable_key_type, reason = "what is mutable in a function is none of its key")]
    pub(crate) fn positions(&mut self, x: &Noun, y: &Noun) -> R<Vec<usize>> {
        match (x, y) {
            (Noun::Enum(_), _) | (_, Noun::Enum(_)) => {
                let (x, y) = (self.plain(x.clone())?, self.plain(y.clone())?);
                self.positions(&x, &y)
            }
            (Noun::Vector(x), Noun::Vector(y)) if x.kind == y.kind => with_items!(&x.items, items => {
                let wanted = super::noun::Lane::of(&y.items).ok_or(Fault::TYPE)?;
                self.positions_of(items, wanted)
            }),
            (Noun::Vector(_), Noun::Vector(_)) => Err(Fault::TYPE),
            (Noun::Table(x), Noun::Table(y)) => self.row_positions(x, y),
            _ => {
                let (all, wanted) = (build::items(x), build::items(y));
                self.room(all.len().saturating_mul(32))?;
                let mut numbers = HashMap::with_capacity(all.len());
                for (place, item) in all.iter().enumerate() {
                    self.charge(hash_cost(item))?;
                    numbers.entry(Exact(item)).or_insert(place);
                }
                let mut out = self.vec(wanted.len())?;
                for item in &wanted {
                    self.charge(hash_cost(item))?;
                    out.push(numbers.get(&Exact(item)).copied().unwrap_or(all.len()));
                }
                Ok(out)
            }
        }
    }

    fn positions_of<T: Key>(&mut self, all: &[T], wanted: &[T]) -> R<Vec<usize>> {
        let count = all.len();
        let mut out = self.vec(wanted.len())?;
        if wanted.len() <= FEW {
            self.charge(count.saturating_mul(wanted.len()))?;
            let place = |item: &T| all.iter().position(|found| found.bits() == item.bits()).unwrap_or(count);
            out.extend(wanted.iter().map(place));
            return Ok(out);
        }
        if let Some((low, size)) = span(all).filter(|(_, size)| T::EXACT && *size <= count.saturating_mul(4) + 1024) {
            let mut firsts: Vec<u32> = self.vec(size)?;
            firsts.resize(size, NONE);
            for (place, item) in (0_u32..).zip(all) {
                if let Some(first) = firsts.get_mut(offset(item.prefix(), low)).filter(|first| **first == NONE) {
                    *first = place;
                }
            }
            out.extend(wanted.iter().map(|item| {
                let first = firsts.get(offset(item.prefix(), low)).copied().unwrap_or(NONE);
                if first == NONE { count } else { first as usize }
            }));
            return Ok(out);
        }
        self.room(count.saturating_mul(32))?;
        let mut numbers = HashMap::with_capacity_and_hasher(count, SeededHasher::new());
        for (place, item) in all.iter().enumerate() {
            self.charge(2 * HASH)?;
            numbers.entry(item.bits()).or_insert(place);
        }
        for item in wanted {
            self.charge(2 * HASH)?;
            out.push(numbers.get(&item.bits()).copied().unwrap_or(count));
        }
        Ok(out)
    }

    /// The position of a row (a dict, or its cells) or of rows (a table).
    fn find_row(&mut self, table: &Table, y: &Noun) -> R {
        let cells =
            |row: &Noun| -> R<Vec<Noun>> { (0..table.columns().len()).map(|at| build::enlist(row.at(at))).collect() };
        match y {
            Noun::Table(rows) => {
                let places = self.row_positions(table, rows)?;
                self.longs(&places)
            }
            Noun::Dict(row) => {
                let by_name: R<Vec<Noun>> = table
                    .names()
                    .iter()
                    .map(|&name| {
                        let keys = row.keys.as_syms().ok_or(Fault::TYPE)?;
                        let at = keys.iter().position(|&key| key == name).ok_or(Fault::MISMATCH)?;
                        Ok(row.values.at(at))
                    })
                    .collect();
                let row = List::raw(by_name?)?;
                self.find_cells(table, &cells(&row)?)
            }
            Noun::List(_) | Noun::Vector(_) if y.len() == table.columns().len() => {
                // The cells of one row; if they are lists themselves, the columns of several rows.
                if y.len() > 0 && (0..y.len()).all(|at| y.at(at).is_list()) {
                    let rows = Table::new(table.names().clone(), build::items(y))?;
                    return self.find_row(table, &rows);
                }
                self.find_cells(table, &cells(y)?)
            }
            Noun::List(_) | Noun::Vector(_) => Err(Fault::LENGTH),
            _ => Err(Fault::TYPE),
        }
    }

    /// The first row with these cells, each given as a list of one item.
    fn find_cells(&mut self, table: &Table, cells: &[Noun]) -> R {
        let count = table.len();
        for (column, cell) in table.columns().iter().zip(cells) {
            if matches!(column, Noun::Vector(_)) && column.kind() != cell.kind() {
                return Err(Fault::TYPE);
            }
        }
        let Some((first, others)) = table.columns().split_first() else { return Ok(Noun::long(0)) };
        let wanted = cells.first().map(|cell| cell.at(0)).unwrap_or_default();
        let mut start = 0;
        while start < count {
            let at = match (first, &wanted) {
                (Noun::Vector(Vector { items, .. }), Noun::Atom(atom)) => {
                    self.charge((count - start) / 4)?;
                    with_items!(items, items => {
                        let left = items.get(start..).unwrap_or_default();
                        let at = position(left, *atom);
                        if at == left.len() { break }
                        start + at
                    })
                }
                _ => start,
            };
            self.charge(32)?;
            let same = Exact(&first.at(at)) == Exact(&wanted)
                && others
                    .iter()
                    .zip(cells.iter().skip(1))
                    .all(|(column, cell)| Exact(&column.at(at)) == Exact(&cell.at(0)));
            if same {
                return Ok(Noun::long(long(at)));
            }
            start = at + 1;
        }
        Ok(Noun::long(long(count)))
    }

    /// The first positions of rows in a table with the same column names.
    fn row_positions(&mut self, table: &Table, rows: &Table) -> R<Vec<usize>> {
        let count = table.len();
        let mut both = self.vec(table.columns().len())?;
        for (at, (&name, column)) in table.names().iter().zip(table.columns()).enumerate() {
            let other = match rows.column(name) {
                Some(other) => other,
                None => rows.columns().get(at).filter(|_| false).ok_or(Fault::MISMATCH)?,
            };
            if let [single] = table.columns()
                && matches!((single, other), (Noun::Vector(_), Noun::Vector(_)))
            {
                return self.positions(single, other);
            }
            if column.len() > 0 && other.len() > 0 && column.kind() != other.kind() {
                return Err(Fault::TYPE);
            }
            both.push(self.join(column.clone(), other.clone())?);
        }
        let numbered = self.numbered_columns(&both)?;
        let mut out = self.vec(rows.len())?;
        let numbers = numbered.numbers.get(count..).unwrap_or_default();
        out.extend(numbers.iter().map(|&number| {
            numbered.firsts.get(number as usize).copied().filter(|&first| first < count).unwrap_or(count)
        }));
        Ok(out)
    }

    /// Whether each item of the list `x` is in `y`. An atom `y` counts as a list of one item.
    pub(crate) fn member(&mut self, x: &Noun, y: &Noun) -> R<Vec<bool>> {
        let y = if y.is_list() { y.clone() } else { build::enlist(y.clone())? };
        if !x.is_list() {
            return Err(Fault::TYPE);
        }
        let count = y.len();
        if count == 0 && !matches!((x, &y), (Noun::Vector(_), Noun::Vector(_))) {
            return Ok(vec![false; x.len()]);
        }
        let places = self.positions(&y, x)?;
        let mut out = self.vec(places.len())?;
        out.extend(places.iter().map(|&place| place < count));
        Ok(out)
    }

    /// `x in y`
    fn is_in(&mut self, x: &Noun, y: &Noun) -> R {
        match (x, y) {
            (_, Noun::Dict(dict)) if y.as_keyed().is_none() => return self.is_in(x, &dict.values),
            (_, Noun::Dict(_)) => return Err(Fault::nyi("in a keyed table")),
            // A single item is compared with `=`, whatever its kind.
            (Noun::Atom(_) | Noun::Vector(_), Noun::Atom(_) | Noun::Vector(_))
                if (y.is_atom() || y.len() == 1) && x.kind() != y.kind() =>
            {
                let equal = super::verb::require("=")?;
                return equal.apply(self, vec![x.clone(), y.at(0)]);
            }
            (Noun::Vector(_), Noun::Vector(_)) => return self.member(x, y).map(Noun::bools),
            (_, Noun::Atom(_) | Noun::Null | Noun::Func(_)) => {
                let y = as_list(y)?;
                return self.is_in(x, &y);
            }
            _ => {}
        }
        let count = long(y.len());
        let places = self.find(y, x)?;
        self.below(&places, count)
    }

    /// Whether positions, at any depth, are below a count.
    fn below(&mut self, places: &Noun, count: i64) -> R {
        match places {
            Noun::Atom(_) => Ok(Noun::bool(places.as_long().is_some_and(|place| place < count))),
            Noun::Vector(_) => {
                let places = places.items::<i64>().ok_or(Fault::TYPE)?;
                let mut out: Vec<u8> = self.vec(places.len())?;
                out.extend(places.iter().map(|&place| u8::from(place < count)));
                Ok(vector(Kind::Boolean, out))
            }
            _ => self.recurse(|vm| vm.each(places, |vm, item| vm.below(&item, count))),
        }
    }
}

/// Whether the items of a list include dicts.
fn has_dicts(x: &Noun) -> bool {
    matches!(x, Noun::List(list) if list.items().iter().any(|item| matches!(item, Noun::Dict(_) | Noun::Func(Func::Verb(_)))))
}

/// The position of an item, or the count.
fn position<T: Key>(items: &[T], wanted: Atom) -> usize {
    let Some(wanted) = T::from_item(wanted.item) else { return items.len() };
    let found = items.iter().position(|item| item.bits() == wanted.bits());
    found.unwrap_or(items.len())
}

fn sorted_position<T: Key>(items: &[T], wanted: Atom) -> usize {
    let Some(wanted) = T::from_item(wanted.item) else { return items.len() };
    let at = items.partition_point(|item| item.bits() < wanted.bits());
    if items.get(at).is_some_and(|item| item.bits() == wanted.bits()) { at } else { items.len() }
}

/// The lowest key, and the size of the range up to the highest.
pub(crate) fn span<T: Key>(items: &[T]) -> Option<(u64, usize)> {
    let first = items.first()?.prefix();
    let (low, high) =
        items.iter().fold((first, first), |(low, high), item| (low.min(item.prefix()), high.max(item.prefix())));
    let size = usize::try_from(high - low).ok()?.checked_add(1)?;
    Some((low, size))
}

pub(crate) fn offset(prefix: u64, low: u64) -> usize {
    usize::try_from(prefix.wrapping_sub(low)).unwrap_or(usize::MAX)
}
