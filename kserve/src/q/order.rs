//! The order of rows by the values in columns.

use std::cmp::Ordering;

use super::fault::R;
use super::noun::{Atom, Item, Items, Noun};
use super::symbols::Sym;
use super::vm::Vm;

/// The rows of columns in ascending or descending order: the first column counts most, equal rows keep their order.
pub(crate) fn grade(vm: &mut Vm<'_>, columns: &[Noun], descending: bool) -> R<Vec<usize>> {
    let count = columns.first().map_or(0, Noun::len);
    let mut keys = Vec::new();
    for column in columns {
        keys.push(ranks(vm, column)?);
    }
    // Some sixteen comparisons a row at a million rows, of a few nanoseconds each.
    vm.charge(count.saturating_mul(64))?;
    let mut rows = vm.vec(count)?;
    rows.extend(0..count);
    match keys.as_slice() {
        [only] => {
            let key = |row: &usize| only.get(*row).copied().unwrap_or(i64::MIN);
            if !only.is_sorted() || descending {
                rows.sort_by(|x, y| turned(key(x).cmp(&key(y)), descending));
            }
        }
        many => rows.sort_by(|&x, &y| {
            let order = many.iter().map(|key| key.get(x).cmp(&key.get(y))).find(|order| order.is_ne());
            turned(order.unwrap_or(Ordering::Equal), descending)
        }),
    }
    Ok(rows)
}

const fn turned(order: Ordering, descending: bool) -> Ordering {
    if descending { order.reverse() } else { order }
}

/// Numbers that are ordered as the items are.
fn ranks(vm: &mut Vm<'_>, column: &Noun) -> R<Vec<i64>> {
    let mut ranks = vm.vec(column.len())?;
    let Noun::Vector(vector) = column else { return ranks_of_values(vm, column) };
    match &vector.items {
        Items::U8(items) => ranks.extend(items.iter().map(|&item| i64::from(item))),
        Items::I16(items) => ranks.extend(items.iter().map(|&item| i64::from(item))),
        Items::I32(items) => ranks.extend(items.iter().map(|&item| i64::from(item))),
        Items::I64(items) => ranks.extend_from_slice(items),
        Items::F32(items) => ranks.extend(items.iter().map(|&item| float_rank(f64::from(item)))),
        Items::F64(items) => ranks.extend(items.iter().map(|&item| float_rank(item))),
        Items::Sym(items) => {
            let table = symbol_ranks(vm, items)?;
            ranks.extend(items.iter().map(|item| table.get(item.index()).copied().unwrap_or_default()));
        }
        Items::Guid(_) => return ranks_of_values(vm, column),
    }
    Ok(ranks)
}

/// Ranks by symbol, of the distinct ones by their text.
fn symbol_ranks(vm: &mut Vm<'_>, items: &[Sym]) -> R<Vec<i64>> {
    let size = vm.q.symbols.len();
    let mut table = vm.vec::<i64>(size)?;
    table.resize(size, -1);
    let mut distinct = Vec::new();
    for &item in items {
        if let Some(entry) = table.get_mut(item.index())
            && *entry < 0
        {
            *entry = 0;
            distinct.push(item);
        }
    }
    vm.charge(distinct.len().saturating_mul(200))?;
    distinct.sort_unstable_by(|&x, &y| vm.text(x).cmp(vm.text(y)));
    for (rank, item) in (0..).zip(distinct) {
        if let Some(entry) = table.get_mut(item.index()) {
            *entry = rank;
        }
    }
    Ok(table)
}

/// The bits of a float in the order of floats: null first.
fn float_rank(item: f64) -> i64 {
    if item.is_nan() {
        return i64::MIN;
    }
    let bits = (item + 0.0).to_bits().cast_signed();
    if bits < 0 { bits ^ i64::MAX } else { bits }
}

fn ranks_of_values(vm: &mut Vm<'_>, column: &Noun) -> R<Vec<i64>> {
    let count = column.len();
    vm.charge(count.saturating_mul(2000))?;
    let mut items = vm.vec(count)?;
    items.extend((0..count).map(|row| column.at(row)));
    let mut rows: Vec<usize> = (0..count).collect();
    let value = |row: usize| items.get(row).unwrap_or(&Noun::Null);
    rows.sort_by(|&x, &y| compare(vm, value(x), value(y)));
    let mut ranks = vec![0; count];
    let (mut rank, mut before) = (0, None);
    for row in rows {
        if before.is_some_and(|before| compare(vm, value(before), value(row)).is_ne()) {
            rank += 1;
        }
        before = Some(row);
        if let Some(place) = ranks.get_mut(row) {
            *place = rank;
        }
    }
    Ok(ranks)
}

/// q's order of any values: by type, then item by item.
pub(crate) fn compare(vm: &Vm<'_>, x: &Noun, y: &Noun) -> Ordering {
    match (x, y) {
        (Noun::Atom(x), Noun::Atom(y)) if x.kind == y.kind => compare_items(vm, x.item, y.item),
        (Noun::Vector(_) | Noun::List(_), Noun::Vector(_) | Noun::List(_)) if x.type_code() == y.type_code() => {
            let (left, right) = (x.len(), y.len());
            (0..left.min(right))
                .map(|index| compare(vm, &x.at(index), &y.at(index)))
                .find(|order| order.is_ne())
                .unwrap_or_else(|| left.cmp(&right))
        }
        (Noun::Dict(x), Noun::Dict(y)) => compare(vm, &x.values, &y.values),
        _ => x.type_code().cmp(&y.type_code()),
    }
}

fn compare_items(vm: &Vm<'_>, x: Item, y: Item) -> Ordering {
    match (x, y) {
        (Item::U8(x), Item::U8(y)) => x.cmp(&y),
        (Item::I16(x), Item::I16(y)) => x.cmp(&y),
        (Item::I32(x), Item::I32(y)) => x.cmp(&y),
        (Item::I64(x), Item::I64(y)) => x.cmp(&y),
        (Item::F32(x), Item::F32(y)) => float_rank(x.into()).cmp(&float_rank(y.into())),
        (Item::F64(x), Item::F64(y)) => float_rank(x).cmp(&float_rank(y)),
        (Item::Guid(x), Item::Guid(y)) => x.cmp(&y),
        (Item::Sym(x), Item::Sym(y)) => vm.text(x).cmp(vm.text(y)),
        _ => Ordering::Equal,
    }
}

/// Whether atoms of one kind are in this order: what `bin` and `aj` search by.
pub(crate) fn at_most(vm: &Vm<'_>, x: &Atom, y: &Atom) -> bool {
    compare_items(vm, x.item, y.item).is_le()
}
