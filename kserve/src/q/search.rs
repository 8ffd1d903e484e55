//! Where items stand: `? in bin binr where distinct group except inter union`.

use std::collections::HashMap;

use super::build;
use super::fault::{Fault, R};
use super::func::Func;
use super::key::{Exact, Key, Keyed};
use super::noun::{Atom, Dict, Items, List, Noun, Table, Vector, empty, vector, with_items};
use super::take::as_list;
use super::verb::{Verb, infix, many, unary};
use super::vm::Vm;
use kcodec::{Attribute, Kind};

pub(crate) static VERBS: &[Verb] = &[
    many("?", Some(17), true, query),
    unary("distinct", Some(17), |vm, x| vm.distinct(&x)),
    infix("in", Some(23), |vm, x, y| vm.is_in(&x, &y)),
    infix("except", None, |vm, x, y| {
        let found = vm.member(&x, &y)?;
        vm.keep(&x, &found, false)
    }),
    infix("inter", None, |vm, x, y| {
        if let (Noun::Dict(x), Noun::Dict(y)) = (&x, &y) {
            let found = vm.member(&x.values, &y.values)?;
            return vm.keep(&x.values, &found, true);
        }
        let found = vm.member(&x, &y)?;
        vm.keep(&x, &found, true)
    }),
    infix("union", None, |vm, x, y| {
        let both = vm.join(x, y)?;
        vm.distinct(&both)
    }),
    unary("where", Some(5), |vm, x| vm.places_of(&x)),
    unary("group", Some(8), |vm, x| vm.group(&x)),
];

/// The number of an item that is not there.
const NONE: u32 = u32::MAX;
/// Lookups up to which one after the other is faster than a table of all.
const FEW: usize = 4;

/// Items numbered in the order in which they first appear.
pub(crate) struct Numbered {
    /// The number of each item.
    pub(crate) numbers: Vec<u32>,
    /// Where the first item of each number is.
    pub(crate) firsts: Vec<usize>,
}

/// `x?y`, `?[b;x;y]`, `?[t;c;b;a]`
fn query(vm: &mut Vm<'_>, args: Vec<Noun>) -> R {
    let data = |x: &Noun| matches!(x, Noun::Table(_) | Noun::Dict(_)) || x.as_sym().is_some();
    match <[Noun; 2]>::try_from(args) {
        Ok([x, y]) if x.is_atom() => vm.roll(&x, &y),
        Ok([x, y]) => vm.find(&x, &y),
        Err(args) => match <[Noun; 3]>::try_from(args) {
            Ok([test, x, y]) if !data(&test) => vm.choose(&test, &x, &y),
            Ok(args) => vm.functional_select(args.into()),
            Err(args) => vm.functional_select(args),
        },
    }
}

/// A position as q gives it.
pub(crate) fn long(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// How deeply a value nests, as its first items tell: an atom 0, a vector 1.
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
    /// `x?y`: the first position of each item of `y`, the count of `x` where it is not there.
    pub(crate) fn find(&mut self, x: &Noun, y: &Noun) -> R {
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
                // What has the rank of the items of `x` is looked for whole.
                let inner = list.items().first().map_or(0, rank);
                match y {
                    // Among lists no atom is looked for.
                    Noun::Atom(_) if inner > 0 => Ok(Noun::long(long(list.items().len()))),
                    Noun::Vector(_) if inner == 0 => {
                        let places = self.positions(x, y)?;
                        self.longs(&places)
                    }
                    Noun::List(items) if rank(y) > inner => {
                        if rank(y) > inner + 1 && items.items().len() > 0 {
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

    /// The results of lookups, of none the empty vector of positions.
    fn each_position(&mut self, y: &Noun, work: impl FnMut(&mut Self, Noun) -> R) -> R {
        if y.len() == 0 { Ok(empty(Kind::Long)) } else { self.deeper(|vm| vm.each(y, work)) }
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

    /// For each item of `y`, a list, its first position in `x`, a list as well; the count of `x` where it is not there.
    pub(crate) fn positions(&mut self, x: &Noun, y: &Noun) -> R<Vec<usize>> {
        match (x, y) {
            (Noun::Vector(x), Noun::Vector(y)) if x.kind == y.kind => with_items!(&x.items, items => {
                let wanted = super::noun::Lane::of(&y.items).ok_or(Fault::TYPE)?;
                self.positions_of(items, wanted)
            }),
            (Noun::Vector(_), Noun::Vector(_)) => Err(Fault::TYPE),
            (Noun::Table(x), Noun::Table(y)) => self.row_positions(x, y),
            _ => {
                let (all, wanted) = (build::items(x), build::items(y));
                self.charge(all.len().saturating_add(wanted.len()).saturating_mul(64))?;
                self.room(all.len().saturating_mul(32))?;
                let mut numbers = HashMap::with_capacity(all.len());
                for (place, item) in all.iter().enumerate() {
                    numbers.entry(Exact(item)).or_insert(place);
                }
                let mut out = self.vec(wanted.len())?;
                out.extend(wanted.iter().map(|item| numbers.get(&Exact(item)).copied().unwrap_or(all.len())));
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
        self.charge(count.saturating_add(wanted.len()).saturating_mul(16))?;
        self.room(count.saturating_mul(24))?;
        let mut numbers = HashMap::with_capacity_and_hasher(count, Keyed::new());
        for (place, item) in all.iter().enumerate() {
            numbers.entry(item.bits()).or_insert(place);
        }
        out.extend(wanted.iter().map(|item| numbers.get(&item.bits()).copied().unwrap_or(count)));
        Ok(out)
    }

    /// The position of a row, or of rows: a dict or table of the same columns, or the cells of one row.
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
                // Cells of one row, or, where they are lists themselves, columns of several.
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

    /// The first row with these cells, each in a list of its own.
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

    /// The first positions of rows in a table with columns of the same names.
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

    /// Numbers the items of a list, the rows of a table.
    pub(crate) fn numbered(&mut self, x: &Noun) -> R<Numbered> {
        match x {
            Noun::Vector(vector) => with_items!(&vector.items, items => self.numbered_items(items)),
            Noun::Table(table) => self.numbered_columns(table.columns()),
            Noun::List(list) => {
                let items = list.items();
                self.charge(items.len().saturating_mul(64))?;
                self.room(items.len().saturating_mul(24))?;
                let mut known = HashMap::with_capacity(items.len());
                let (mut numbers, mut firsts) = (self.vec(items.len())?, Vec::new());
                for (place, item) in items.iter().enumerate() {
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

    /// Numbers rows by their columns.
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
        self.charge(items.len().saturating_mul(16))?;
        self.room(items.len().saturating_mul(24))?;
        let mut known = HashMap::with_hasher(Keyed::new());
        for (place, item) in items.iter().enumerate() {
            let next = number(firsts.len());
            let found = *known.entry(item.bits()).or_insert(next);
            if found == next {
                self.grow(&mut firsts, 1)?;
                firsts.push(place);
            }
            numbers.push(found);
        }
        Ok(Numbered { numbers, firsts })
    }

    /// `distinct x`: each item once, where it first stands.
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

    /// The positions of each number, in order.
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

    /// Which items of the list `x` are among those of `y`; an atom stands for itself.
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

    /// The items where `flags` is `which`.
    pub(crate) fn keep(&mut self, x: &Noun, flags: &[bool], which: bool) -> R {
        let mut places = self.vec(flags.len())?;
        places.extend(flags.iter().enumerate().filter(|(_, flag)| **flag == which).map(|(place, _)| place));
        if places.len() == x.len() { Ok(x.clone()) } else { self.gather(x, &places) }
    }

    /// `x in y`
    fn is_in(&mut self, x: &Noun, y: &Noun) -> R {
        match (x, y) {
            (_, Noun::Dict(dict)) if y.as_keyed().is_none() => return self.is_in(x, &dict.values),
            (_, Noun::Dict(_)) => return Err(Fault::nyi("in a keyed table")),
            // One item is compared, whatever its kind.
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

    /// Which of the positions, at any depth, are below a count.
    fn below(&mut self, places: &Noun, count: i64) -> R {
        match places {
            Noun::Atom(_) => Ok(Noun::bool(places.as_long().is_some_and(|place| place < count))),
            Noun::Vector(_) => {
                let places = places.items::<i64>().ok_or(Fault::TYPE)?;
                let mut out: Vec<u8> = self.vec(places.len())?;
                out.extend(places.iter().map(|&place| u8::from(place < count)));
                Ok(vector(Kind::Boolean, out))
            }
            _ => self.deeper(|vm| vm.each(places, |vm, item| vm.below(&item, count))),
        }
    }

    /// `where x`: each position as often as the item says; of a dict, its keys.
    fn places_of(&mut self, x: &Noun) -> R {
        match x {
            Noun::Dict(dict) => {
                let places = self.places_of(&dict.values)?;
                self.index(&dict.keys, &places)
            }
            Noun::Vector(Vector { kind: Kind::Boolean, items: Items::U8(flags), .. }) => {
                let count = flags.iter().map(|&flag| usize::from(flag)).sum();
                self.charge(flags.len() / 2)?;
                let mut out: Vec<i64> = self.vec(count)?;
                out.extend((0_i64..).zip(flags.iter()).filter(|(_, flag)| **flag != 0).map(|(place, _)| place));
                Ok(Noun::longs(out))
            }
            Noun::Vector(Vector { kind: Kind::Byte | Kind::Short | Kind::Int | Kind::Long, items, .. }) => {
                match items {
                    Items::U8(items) => self.copies(items.iter().map(|&item| i64::from(item))),
                    Items::I16(items) => self.copies(items.iter().map(|&item| i64::from(item))),
                    Items::I32(items) => self.copies(items.iter().map(|&item| i64::from(item))),
                    Items::I64(items) => self.copies(items.iter().copied()),
                    _ => Err(Fault::TYPE),
                }
            }
            Noun::List(list) if list.items().is_empty() => Ok(empty(Kind::Long)),
            _ => Err(Fault::TYPE),
        }
    }

    fn copies(&mut self, counts: impl ExactSizeIterator<Item = i64> + Clone) -> R {
        let size = |count: i64| usize::try_from(count).unwrap_or(0);
        self.charge(counts.len())?;
        let total = counts.clone().map(size).fold(0, usize::saturating_add);
        let mut out: Vec<i64> = self.vec(total)?;
        out.extend((0_i64..).zip(counts).flat_map(|(place, count)| std::iter::repeat_n(place, size(count))));
        Ok(Noun::longs(out))
    }

    /// `?[b;x;y]`: the items of `x` where `b` holds, those of `y` elsewhere.
    fn choose(&mut self, test: &Noun, x: &Noun, y: &Noun) -> R {
        match test {
            Noun::Atom(Atom { kind: Kind::Boolean, .. }) => {
                let holds = super::eval::truth(test)?;
                let count = [x, y].iter().filter(|part| part.is_list()).map(|part| part.len()).next();
                let Some(count) = count else { return Ok(if holds { x.clone() } else { y.clone() }) };
                let tests = self.repeat(test, count)?;
                self.choose(&tests, x, y)
            }
            Noun::Vector(Vector { kind: Kind::Boolean, items: Items::U8(flags), .. }) => {
                let count = flags.len();
                if [x, y].iter().any(|part| part.is_list() && part.len() != count) {
                    return Err(Fault::LENGTH);
                }
                // Items of both, then one place of each pair.
                let many = |part: &Noun| part.is_list();
                let first = if many(x) { count } else { 1 };
                if matches!((x, y), (Noun::Vector(_) | Noun::Atom(_), Noun::Vector(_) | Noun::Atom(_)))
                    && x.kind() != y.kind()
                {
                    return Err(Fault::TYPE);
                }
                let both = match (x, y) {
                    (Noun::Dict(_), _) | (_, Noun::Dict(_)) => return Err(Fault::TYPE),
                    _ => {
                        let x = as_list(x)?;
                        let y = as_list(y)?;
                        self.join(x, y)?
                    }
                };
                let (of_x, of_y) = (many(x), many(y));
                let mut places = self.vec(count)?;
                places.extend(flags.iter().enumerate().map(|(place, &flag)| match flag {
                    0 => first + if of_y { place } else { 0 },
                    _ if of_x => place,
                    _ => 0,
                }));
                self.gather(&both, &places)
            }
            _ => Err(Fault::TYPE),
        }
    }
}

/// Whether dicts are among the items of a list.
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

/// The lowest of the items' bits, and how many lie between it and the highest.
fn span<T: Key>(items: &[T]) -> Option<(u64, usize)> {
    let first = items.first()?.prefix();
    let (low, high) =
        items.iter().fold((first, first), |(low, high), item| (low.min(item.prefix()), high.max(item.prefix())));
    let size = usize::try_from(high - low).ok()?.checked_add(1)?;
    Some((low, size))
}

fn offset(prefix: u64, low: u64) -> usize {
    usize::try_from(prefix.wrapping_sub(low)).unwrap_or(usize::MAX)
}

fn number(count: usize) -> u32 {
    u32::try_from(count).unwrap_or(NONE)
}
