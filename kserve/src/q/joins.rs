//! Table joins: `lj ij uj pj ej` by key, `aj asof wj` by time.

use std::sync::Arc;

use super::build;
use super::fault::{Fault, R};
use super::key::Key;
use super::noun::{self, Item, Noun, Table};
use super::select::rows_of_group;
use super::symbols::Sym;
use super::verb::{self, Verb, infix, many};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[
    infix("lj", None, |vm, x, y| left_join(vm, &x, &y, false)),
    infix("ljf", None, |vm, x, y| left_join(vm, &x, &y, true)),
    infix("ij", None, |vm, x, y| inner_join(vm, &x, &y, false)),
    infix("ijf", None, |vm, x, y| inner_join(vm, &x, &y, true)),
    infix("uj", None, |vm, x, y| union_join(vm, x, y, false)),
    infix("ujf", None, |vm, x, y| union_join(vm, x, y, true)),
    infix("pj", None, plus_join),
    many("ej", None, false, equi_join),
    many("aj", None, false, |vm, args| as_of_join(vm, args, false, false)),
    many("aj0", None, false, |vm, args| as_of_join(vm, args, true, false)),
    many("ajf", None, false, |vm, args| as_of_join(vm, args, false, true)),
    many("ajf0", None, false, |vm, args| as_of_join(vm, args, true, true)),
    infix("asof", None, as_of),
    many("wj", None, false, |vm, args| window_join(vm, args, true)),
    many("wj1", None, false, |vm, args| window_join(vm, args, false)),
];

/// The columns of a table under construction.
struct Columns {
    names: Vec<Sym>,
    lists: Vec<Noun>,
}

impl Columns {
    fn of(table: &Table) -> Self {
        Self { names: table.names().to_vec(), lists: table.columns().to_vec() }
    }

    /// Sets the rows of a column to the items of `from` at `places`, where a place is within `from`. If the column
    /// is new, its other rows are null. `fill`: a null of `from` keeps the old item.
    fn take(&mut self, vm: &mut Vm<'_>, name: Sym, from: &Noun, places: &[usize], fill: bool) -> R<()> {
        let new = vm.gather(from, places)?;
        let Some(at) = self.names.iter().position(|&found| found == name) else {
            self.names.push(name);
            self.lists.push(new);
            return Ok(());
        };
        let Some(old) = self.lists.get_mut(at) else { return Err(Fault::TYPE) };
        if fill {
            let fill = verb::require("^")?;
            *old = fill.apply(vm, vec![old.clone(), new])?;
            return Ok(());
        }
        if places.iter().all(|&place| place < from.len()) && !places.is_empty() {
            *old = new;
            return Ok(());
        }
        let rows: Vec<usize> =
            places.iter().enumerate().filter(|(_, place)| **place < from.len()).map(|(row, _)| row).collect();
        if rows.is_empty() {
            return Ok(());
        }
        let found: Vec<usize> = rows.iter().filter_map(|&row| places.get(row).copied()).collect();
        let cells = vm.gather(from, &found)?;
        vm.scatter(old, &rows, &cells)
    }

    fn table(self) -> R {
        Table::new(Arc::new(self.names), self.lists)
    }
}

impl Vm<'_> {
    /// The key columns of a table, with enumerations replaced by their items.
    fn column_list(&mut self, table: &Table, names: &[Sym]) -> R<Vec<Noun>> {
        let column = |&name: &Sym| table.column(name).cloned().ok_or_else(|| Fault::named(self.text(name)));
        let columns = names.iter().map(column).collect::<R<Vec<Noun>>>()?;
        self.plain_all(&columns)
    }

    /// Restores the key columns that [`flat`](Self::flat) removed.
    fn rekey(&self, table: Noun, keys: usize) -> R {
        if keys == 0 { Ok(table) } else { self.key_table(table, keys) }
    }
}

/// `x lj y`: adds to each row of `x` the values of `y` for its key.
fn left_join(vm: &mut Vm<'_>, x: &Noun, y: &Noun, fill: bool) -> R {
    let (keys, values) = y.as_keyed().map(|(keys, values)| (keys.clone(), values.clone())).ok_or(Fault::TYPE)?;
    let (table, keyed) = vm.flat(x)?;
    let wanted = vm.column_list(&table, keys.names())?;
    let places = vm.match_rows(keys.columns(), &wanted)?;
    let mut columns = Columns::of(&table);
    for (&name, value) in values.names().iter().zip(values.columns()) {
        columns.take(vm, name, value, &places, fill)?;
    }
    let joined = columns.table()?;
    vm.rekey(joined, keyed)
}

/// `x ij y`: like `lj`, restricted to rows whose key is in `y`.
fn inner_join(vm: &mut Vm<'_>, x: &Noun, y: &Noun, fill: bool) -> R {
    let (keys, _) = y.as_keyed().ok_or(Fault::TYPE)?;
    let (table, keyed) = vm.flat(x)?;
    let wanted = vm.column_list(&table, keys.names())?;
    let places = vm.match_rows(keys.columns(), &wanted)?;
    let rows: Vec<usize> =
        places.iter().enumerate().filter(|(_, place)| **place != usize::MAX).map(|(row, _)| row).collect();
    let kept = vm.gather(&Noun::Table(table), &rows)?;
    let kept = vm.rekey(kept, keyed)?;
    left_join(vm, &kept, y, fill)
}

/// `x uj y`: all rows and all columns of both. For keyed tables, `y` wins where both have a key.
fn union_join(vm: &mut Vm<'_>, x: Noun, y: Noun, fill: bool) -> R {
    let (left, keys) = vm.flat(&x)?;
    let (right, right_keys) = vm.flat(&y)?;
    if keys != right_keys || left.names().get(..keys) != right.names().get(..keys) {
        return Err(if keys == 0 || right_keys == 0 { Fault::TYPE } else { Fault::MISMATCH });
    }
    let mut columns = Columns::of(&left);
    for (&name, column) in right.names().iter().zip(right.columns()) {
        match left.column(name) {
            None => {
                let nulls = vec![usize::MAX; left.len()];
                columns.names.push(name);
                columns.lists.push(vm.gather(column, &nulls)?);
            }
            Some(old) if old.kind() != column.kind() && old.len() > 0 && column.len() > 0 => {
                if let Some(list) = columns.names.iter().position(|&found| found == name) {
                    // Columns of different kinds become a general list.
                    let items = build::items(old);
                    if let Some(list) = columns.lists.get_mut(list) {
                        *list = noun::List::raw(items)?;
                    }
                }
            }
            Some(_) => {}
        }
    }
    let all = columns.table()?;
    let mut all = vm.rekey(all, keys)?;
    if fill && keys > 0 {
        return Err(Fault::nyi("ujf of keyed tables"));
    }
    vm.add(&mut all, y, false)?;
    Ok(all)
}

/// `x pj y`: adds the values of `y` to those of `x`; missing keys add 0.
fn plus_join(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    let (keys, values) = y.as_keyed().map(|(keys, values)| (keys.clone(), values.clone())).ok_or(Fault::TYPE)?;
    let (table, keyed) = vm.flat(&x)?;
    let wanted = vm.column_list(&table, keys.names())?;
    let places = vm.match_rows(keys.columns(), &wanted)?;
    let mut columns = Columns::of(&table);
    let (plus, fill) = (verb::require("+")?, verb::require("^")?);
    for (&name, value) in values.names().iter().zip(values.columns()) {
        let new = vm.gather(value, &places)?;
        let new = fill.apply(vm, vec![Noun::int(0), new])?;
        match columns.names.iter().position(|&found| found == name).and_then(|at| columns.lists.get_mut(at)) {
            Some(old) => *old = plus.apply(vm, vec![old.clone(), new])?,
            None => {
                columns.names.push(name);
                columns.lists.push(new);
            }
        }
    }
    let joined = columns.table()?;
    vm.rekey(joined, keyed)
}

/// Rows of a table, grouped by the values of some columns.
struct Index {
    rows: Vec<usize>,
    ends: Vec<usize>,
    /// For each row of the probing table its group. The group has no rows if no row of the other table matches.
    probes: Vec<usize>,
}

impl Index {
    /// Groups the rows of `have`, and finds the group of each row of `ask`. Without columns all rows are in one
    /// group.
    fn new(vm: &mut Vm<'_>, have: &[Noun], ask: &[Noun], have_count: usize, ask_count: usize) -> R<Self> {
        if have.is_empty() {
            return Ok(Self { rows: (0..have_count).collect(), ends: vec![have_count], probes: vec![0; ask_count] });
        }
        let mut both = vm.vec(have.len())?;
        for (have, ask) in have.iter().zip(ask) {
            if have.kind() != ask.kind() {
                return Err(Fault::TYPE);
            }
            both.push(vm.concatenated(have, ask)?);
        }
        let mut groups = vm.groups_by_appearance(&both)?;
        let probes = groups.split_off(have_count).into_iter().map(|id| id as usize).collect();
        let (rows, ends) = groups.rows(vm)?;
        Ok(Self { rows, ends, probes })
    }

    fn matching_rows(&self, row: usize) -> &[usize] {
        self.probes.get(row).map(|&group| rows_of_group(&self.rows, &self.ends, group)).unwrap_or_default()
    }
}

/// `ej[c;x;y]`: each row of `x` with every row of `y` that has equal values in columns `c`.
fn equi_join(vm: &mut Vm<'_>, args: Vec<Noun>) -> R {
    let [names, x, y] = <[Noun; 3]>::try_from(args).map_err(|_| Fault::RANK)?;
    let names = names.as_syms().ok_or(Fault::TYPE)?.to_vec();
    let ((x, _), (y, _)) = (vm.flat(&x)?, vm.flat(&y)?);
    let (have, ask) = (vm.column_list(&y, &names)?, vm.column_list(&x, &names)?);
    let index = Index::new(vm, &have, &ask, y.len(), x.len())?;
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for row in 0..x.len() {
        let matches = index.matching_rows(row);
        vm.grow(&mut left, matches.len())?;
        vm.grow(&mut right, matches.len())?;
        left.extend(std::iter::repeat_n(row, matches.len()));
        right.extend_from_slice(matches);
    }
    let joined = vm.gather(&Noun::Table(x), &left)?;
    let Noun::Table(joined) = joined else { return Err(Fault::TYPE) };
    let mut columns = Columns::of(&joined);
    for (name, column) in y.names().iter().zip(y.columns()) {
        if !names.contains(name) {
            columns.take(vm, *name, column, &right, false)?;
        }
    }
    columns.table()
}

/// Binary search in `rows`, which ascend by `times`: how many have at most `time`; with `below`, less than `time`.
fn count_until(vm: &mut Vm<'_>, rows: &[usize], times: &Noun, time: &Noun, below: bool) -> R<usize> {
    vm.charge(64)?;
    if let (Noun::Vector(times), Noun::Atom(time)) = (times, time)
        && times.kind == time.kind
        && times.kind != Kind::Symbol
    {
        return Ok(noun::with_items!(&times.items, items => count_items_until(rows, items, time.item, below)));
    }
    let symbols = &vm.q.symbols;
    Ok(rows.partition_point(|&row| {
        let order = super::order::order(symbols, &times.at(row), time);
        order.is_lt() || (order.is_eq() && !below)
    }))
}

fn count_items_until<T: Key>(rows: &[usize], items: &[T], time: Item, below: bool) -> usize {
    let Some(time) = T::from_item(time).map(Key::bits) else { return 0 };
    rows.partition_point(|&row| {
        items.get(row).is_some_and(|item| if below { item.bits() < time } else { item.bits() <= time })
    })
}

/// The last of the columns `names`, of `y` and of `x`, and the index of the rows of `y` by the others.
fn by_others(vm: &mut Vm<'_>, names: &[Sym], x: &Table, y: &Table) -> R<(Noun, Noun, Index)> {
    let (mut have, mut ask) = (vm.column_list(y, names)?, vm.column_list(x, names)?);
    let (Some(times), Some(wanted)) = (have.pop(), ask.pop()) else { return Err(Fault::LENGTH) };
    Ok((times, wanted, Index::new(vm, &have, &ask, y.len(), x.len())?))
}

/// For each row of `x`, the last row of `y` that is equal in all columns but the last and at most equal in that.
fn last_before(vm: &mut Vm<'_>, names: &[Sym], x: &Table, y: &Table) -> R<Vec<usize>> {
    let (times, wanted, index) = by_others(vm, names, x, y)?;
    if times.kind() != wanted.kind() {
        return Err(Fault::TYPE);
    }
    let mut places = vm.vec(x.len())?;
    for row in 0..x.len() {
        let matches = index.matching_rows(row);
        let count = count_until(vm, matches, &times, &wanted.at(row), false)?;
        places.push(count.checked_sub(1).and_then(|at| matches.get(at)).copied().unwrap_or(usize::MAX));
    }
    Ok(places)
}

/// `aj[c;x;y]`. `aj0` takes the times of `y`; `ajf` keeps values of `x` where those of `y` are null.
fn as_of_join(vm: &mut Vm<'_>, args: Vec<Noun>, take_time: bool, fill: bool) -> R {
    let [names, x, y] = <[Noun; 3]>::try_from(args).map_err(|_| Fault::RANK)?;
    let names = names.as_syms().ok_or(Fault::TYPE)?.to_vec();
    let ((x, keyed), (y, _)) = (vm.flat(&x)?, vm.flat(&y)?);
    let places = last_before(vm, &names, &x, &y)?;
    let mut columns = Columns::of(&x);
    for (name, column) in y.names().iter().zip(y.columns()) {
        if !names.contains(name) || (take_time && names.last() == Some(name)) {
            columns.take(vm, *name, column, &places, fill && !names.contains(name))?;
        }
    }
    let joined = columns.table()?;
    vm.rekey(joined, keyed)
}

/// `t asof d`
fn as_of(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    let (table, _) = vm.flat(&x)?;
    let (wanted, one) = match &y {
        Noun::Dict(_) if y.as_keyed().is_none() => (build::enlist(y.clone())?, true),
        _ => (y.clone(), false),
    };
    let (wanted, _) = vm.flat(&wanted)?;
    let names = wanted.names().to_vec();
    let places = last_before(vm, &names, &wanted, &table)?;
    let (mut left, mut lists) = (Vec::new(), Vec::new());
    for (name, column) in table.names().iter().zip(table.columns()) {
        if !names.contains(name) {
            left.push(*name);
            lists.push(vm.gather(column, &places)?);
        }
    }
    let found = Table::new(Arc::new(left), lists)?;
    Ok(if one { found.at(0) } else { found })
}

/// `wj[w;c;x;(y;(f;a);(g;b))]`: applies functions to the rows of `y` in a time window around each row of `x`.
/// `before`: includes the row that is prevailing at the start of the window.
fn window_join(vm: &mut Vm<'_>, args: Vec<Noun>, before: bool) -> R {
    let [windows, names, x, spec] = <[Noun; 4]>::try_from(args).map_err(|_| Fault::RANK)?;
    let names = names.as_syms().ok_or(Fault::TYPE)?.to_vec();
    let spec = build::items(&spec);
    let Some((y, aggregates)) = spec.split_first() else { return Err(Fault::LENGTH) };
    let ((x, keyed), (y, _)) = (vm.flat(&x)?, vm.flat(y)?);
    if windows.len() != 2 || windows.at(0).len() != x.len() || windows.at(1).len() != x.len() {
        return Err(Fault::LENGTH);
    }
    let (starts, ends) = (windows.at(0), windows.at(1));
    let (times, _, index) = by_others(vm, &names, &x, &y)?;
    if times.kind() != starts.kind() {
        return Err(Fault::TYPE);
    }
    let mut ranges = vm.vec(x.len())?;
    for row in 0..x.len() {
        let matches = index.matching_rows(row);
        let below = count_until(vm, matches, &times, &starts.at(row), !before)?;
        let from = if before { below.saturating_sub(1) } else { below };
        ranges.push((from, count_until(vm, matches, &times, &ends.at(row), false)?));
    }
    let mut columns = Columns::of(&x);
    let mut made = Vec::new();
    for aggregate in aggregates {
        let items = build::items(aggregate);
        let (Some(function), Some(name)) = (items.first(), items.get(1).and_then(Noun::as_sym)) else {
            return Err(Fault::TYPE);
        };
        if items.len() != 2 {
            return Err(Fault::nyi("wj with a function of several columns"));
        }
        let column = y.column(name).cloned().ok_or_else(|| Fault::named(vm.text(name)))?;
        let mut values = vm.vec(x.len())?;
        for (row, &(from, to)) in ranges.iter().enumerate() {
            let rows = index.matching_rows(row).get(from..to.max(from)).unwrap_or_default();
            let cells = vm.gather(&column, rows)?;
            values.push(vm.apply(function, vec![cells])?);
        }
        let list = if values.is_empty() { noun::empty(Kind::List) } else { build::tidy(values)? };
        if made.contains(&name) {
            return Err(Fault::nyi("wj of two functions of one column"));
        }
        made.push(name);
        match columns.names.iter().position(|&found| found == name).and_then(|at| columns.lists.get_mut(at)) {
            Some(old) => *old = list,
            None => {
                columns.names.push(name);
                columns.lists.push(list);
            }
        }
    }
    let joined = columns.table()?;
    vm.rekey(joined, keyed)
}
