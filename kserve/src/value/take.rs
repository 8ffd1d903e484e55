//! Parts of a value: some of its items, in some order, and `# _ reverse`.

use kcodec::{Atom, Attribute, Body, Capability, Kind, Slice, Symbol, Table, Value, Vector};

use super::atomic::collect;
use super::budget::Budget;
use super::build;
use super::convert::Convert;
use super::fault::Fault;
use super::index::{MISSING, null_like, position};
use super::items::{Blank, encode, single, uniform};
use super::kinds::map_items;
use super::lane::Side;
use super::search;

/// The items at some places; where there is none, the null of the items. Rows of a table, entries
/// of a dict.
pub(crate) fn pick(budget: &mut Budget, value: Value<'_>, places: &[usize]) -> Result<Body, Fault> {
    match value {
        Value::Vector(vector) => {
            budget.make(places.len(), vector.kind().width().unwrap_or(1))?;
            map_items!(vector, items => gather(items, places, vector.kind()), symbols => {
                let all: Vec<_> = symbols.iter().collect();
                let picked: Vec<_> =
                    places.iter().map(|&place| all.get(place).copied().unwrap_or_default()).collect();
                texts(budget, &picked)
            })
        }
        Value::List(list) => {
            let all: Vec<_> = list.iter().collect();
            let blank = null_like(all.first().copied());
            let picked: Vec<_> = places.iter().map(|&place| all.get(place).copied().unwrap_or(blank)).collect();
            values(budget, &picked)
        }
        Value::Table(table) => each_column(budget, table, |budget, column| pick(budget, column, places)),
        Value::Dict(dict) => {
            let keys = pick(budget, dict.keys(), places)?;
            build::dict(keys.value(), pick(budget, dict.values(), places)?.value())
        }
        _ => Err(Fault::TYPE),
    }
}

fn gather<T: Blank>(items: Slice<'_, T>, places: &[usize], kind: Kind) -> Vec<T> {
    places.iter().map(|&place| items.get(place).unwrap_or_else(|| T::blank(kind))).collect()
}

/// The items from `start` to before `end`, which are within the value.
pub(crate) fn range(budget: &mut Budget, value: Value<'_>, start: usize, end: usize) -> Result<Body, Fault> {
    let count = end.saturating_sub(start);
    match value {
        _ if start == 0 && count == value.count() && !value.is_atom() => encode(value),
        Value::Vector(vector) => {
            budget.make(count, vector.kind().width().unwrap_or(1))?;
            map_items!(vector, items => items.range(start, end).to_vec(), symbols => {
                let cut: Vec<_> = symbols.iter().skip(start).take(count).collect();
                texts(budget, &cut)
            })
        }
        Value::List(list) => {
            let cut: Vec<_> = list.iter().skip(start).take(count).collect();
            values(budget, &cut)
        }
        Value::Table(table) => each_column(budget, table, |budget, column| range(budget, column, start, end)),
        Value::Dict(dict) => {
            let keys = range(budget, dict.keys(), start, end)?;
            build::dict(keys.value(), range(budget, dict.values(), start, end)?.value())
        }
        _ => Err(Fault::TYPE),
    }
}

fn each_column(
    budget: &mut Budget,
    table: Table<'_>,
    mut part: impl FnMut(&mut Budget, Value<'_>) -> Result<Body, Fault>,
) -> Result<Body, Fault> {
    let columns: Result<Vec<_>, _> =
        budget.nest(|budget| table.list().iter().map(|column| part(budget, column)).collect());
    build::table(table.names(), &columns?)
}

/// A symbol vector, its bytes accounted for.
fn texts(budget: &mut Budget, symbols: &[Symbol<'_>]) -> Result<Body, Fault> {
    budget.make(symbols.iter().map(|symbol| symbol.as_bytes().len() + 1).fold(0, usize::saturating_add), 1)?;
    encode(Value::symbols(symbols))
}

/// A list, its bytes accounted for.
fn values(budget: &mut Budget, values: &[Value<'_>]) -> Result<Body, Fault> {
    let mut bytes = 0_usize;
    for value in values {
        bytes = bytes.saturating_add(value.encoded_len(Capability::MAX)?);
    }
    budget.make(bytes, 1)?;
    uniform(values)
}

/// The atom, so many times.
pub(crate) fn repeat(budget: &mut Budget, value: Value<'_>, count: usize) -> Result<Body, Fault> {
    budget.make(count, size_of::<usize>())?;
    let places = vec![0; count];
    match value {
        Value::Atom(atom) => single(atom, |vector| pick(budget, Value::Vector(vector), &places)),
        _ => pick(budget, Value::from(&[value]), &places),
    }
}

/// `x#y`: so many items from the front or, negative, from the end, around again where there are not
/// enough; with names, these columns or entries; with an attribute's letter, the same value under it.
pub(crate) fn take(budget: &mut Budget, x: &Body, y: &Body) -> Result<Body, Fault> {
    match (x.value(), y.value()) {
        (Value::Atom(Atom::Symbol(letter)), Value::Vector(vector)) => attribute(letter, vector),
        (Value::Atom(Atom::Symbol(_)) | Value::Vector(Vector::Symbol(_)), y) => named(budget, x.value(), y),
        (Value::Atom(atom), y) => {
            let count = signed(atom).ok_or(Fault::TYPE)?;
            circular(budget, y, count)
        }
        (Value::Vector(shape), y) if shape.kind() <= Kind::Long => reshape(budget, shape, y),
        _ => Err(Fault::TYPE),
    }
}

fn circular(budget: &mut Budget, y: Value<'_>, count: i64) -> Result<Body, Fault> {
    let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX);
    let has = y.count();
    if !y.is_list() {
        return repeat(budget, y, wanted);
    }
    if wanted <= has {
        return if count < 0 { range(budget, y, has - wanted, has) } else { range(budget, y, 0, wanted) };
    }
    budget.make(wanted, size_of::<usize>())?;
    let first = if count < 0 && has > 0 { (has - wanted % has) % has } else { 0 };
    let places: Vec<usize> = match has {
        0 => vec![MISSING; wanted],
        _ => (0..has).cycle().skip(first).take(wanted).collect(),
    };
    pick(budget, y, &places)
}

/// `2 3#y`: rows of so many items, around again.
fn reshape(budget: &mut Budget, shape: Vector<'_>, y: Value<'_>) -> Result<Body, Fault> {
    let sizes: Option<Vec<usize>> =
        (0..shape.len()).map(|at| position(shape.get(at)?).flatten().filter(|&size| size != MISSING)).collect();
    match *sizes.ok_or(Fault::NYI)?.as_slice() {
        [size] => circular(budget, y, i64::try_from(size).unwrap_or(i64::MAX)),
        [rows, columns] => {
            let flat = circular(budget, y, i64::try_from(rows.saturating_mul(columns)).unwrap_or(i64::MAX))?;
            budget.make(rows, 16)?;
            let row = |row: usize| range(budget, flat.value(), row * columns, (row + 1) * columns);
            let rows: Result<Vec<_>, _> = (0..rows).map(row).collect();
            collect(budget, rows?)
        }
        _ => Err(Fault::NYI),
    }
}

/// Columns or entries by name, in the order of the names.
fn named(budget: &mut Budget, names: Value<'_>, y: Value<'_>) -> Result<Body, Fault> {
    let keys = match y {
        Value::Table(table) => Value::symbols(table.names()),
        Value::Dict(dict) => dict.keys(),
        _ => return Err(Fault::TYPE),
    };
    let Value::Vector(Vector::Symbol(names)) = names else { return Err(Fault::TYPE) };
    let places = search::places(budget, keys, Value::symbols(names))?;
    if places.iter().any(|&place| place >= keys.count()) {
        return Err(Fault::NYI);
    }
    let Value::Table(table) = y else { return pick(budget, y, &places) };
    let columns: Vec<_> = table.list().iter().collect();
    let picked: Vec<_> = places.iter().filter_map(|&place| columns.get(place).copied()).collect();
    encode(Table::new(names, &picked)?)
}

/// `` `s#y ``; the attributes that need a search to be verified are not done.
fn attribute(letter: Symbol<'_>, vector: Vector<'_>) -> Result<Body, Fault> {
    match letter.as_bytes() {
        b"" => encode(vector.with_attribute(Attribute::None)),
        b"g" => encode(vector.with_attribute(Attribute::Grouped)),
        b"s" if search::is_ascending(vector) => encode(vector.with_attribute(Attribute::Sorted)),
        b"s" => Err(Fault::new("s-fail")),
        b"u" | b"p" => Err(Fault::NYI),
        _ => Err(Fault::TYPE),
    }
}

/// `x_y`: without so many items at the front or, negative, at the end; without the columns or entries
/// of some names.
pub(crate) fn drop(budget: &mut Budget, x: &Body, y: &Body) -> Result<Body, Fault> {
    let (x, y) = (x.value(), y.value());
    match (x, y) {
        (Value::Atom(atom), _) if atom.kind() <= Kind::Long => {
            let count = signed(atom).ok_or(Fault::TYPE)?;
            let (has, without) = (y.count(), usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX));
            let left = has.saturating_sub(without);
            if count < 0 { range(budget, y, 0, left) } else { range(budget, y, has - left, has) }
        }
        (_, Value::Dict(dict)) if dict.as_keyed_table().is_none() => {
            let keep = search::except(budget, dict.keys(), x)?;
            pick(budget, y, &keep)
        }
        (Value::Vector(Vector::Symbol(names)), Value::Table(table)) => {
            let keep: Vec<_> = table.columns().filter(|(name, _)| names.iter().all(|other| other != *name)).collect();
            let (names, columns): (Vec<_>, Vec<_>) = keep.into_iter().unzip();
            encode(Table::new(&names, &columns)?)
        }
        (_, Value::Atom(_)) => Err(Fault::NYI),
        _ => Err(Fault::TYPE),
    }
}

/// `reverse x`
pub(crate) fn reverse(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    if !x.is_list() {
        return encode(x);
    }
    budget.make(x.count(), size_of::<usize>())?;
    let places: Vec<usize> = (0..x.count()).rev().collect();
    pick(budget, x, &places)
}

/// The number of an integer atom; a null is the least.
fn signed(atom: Atom<'_>) -> Option<i64> {
    if atom.kind() > Kind::Long || atom.kind() == Kind::Guid {
        return None;
    }
    Side::<i64>::new(Value::Atom(atom), Convert::Raw).ok()?.split().ok()
}
