//! `v[i]`, `d[k]`, `t[c]`: values as functions of their indexes.

use kcodec::{Atom, Body, Dict, Function, Kind, Symbol, Table, Value, Vector};

use super::atomic::collect;
use super::budget::Budget;
use super::build;
use super::convert::Convert;
use super::fault::Fault;
use super::items::{empty, encode, items, null, uniform};
use super::lane::Side;
use super::search;
use super::take::pick;

/// The place of an item that is not there.
pub(crate) const MISSING: usize = usize::MAX;

/// `value[i;j;..]`: the indexes go from the outside in; an elided one takes all.
pub(crate) fn index(budget: &mut Budget, value: &Body, indexes: &[Body]) -> Result<Body, Fault> {
    let Some((first, rest)) = indexes.split_first() else { return Ok(value.clone()) };
    if rest.is_empty() {
        return if is_all(first.value()) { Ok(value.clone()) } else { at(budget, value.value(), first.value()) };
    }
    budget.enter()?;
    let found = deep(budget, value, first, rest);
    budget.leave();
    found
}

fn deep(budget: &mut Budget, value: &Body, first: &Body, rest: &[Body]) -> Result<Body, Fault> {
    if let (Value::Table(_), Some((column, []))) = (value.value(), rest.split_first())
        && !is_all(column.value())
    {
        let column = at(budget, value.value(), column.value())?;
        return index(budget, &column, std::slice::from_ref(first));
    }
    if first.value().is_atom() {
        let item = at(budget, value.value(), first.value())?;
        return index(budget, &item, rest);
    }
    let part = if is_all(first.value()) { value.clone() } else { at(budget, value.value(), first.value())? };
    let mut found = Vec::new();
    for item in items(budget, part.value())? {
        found.push(index(budget, &encode(item)?, rest)?);
    }
    build::list(budget, found)
}

/// Whether an index stands for all items.
const fn is_all(index: Value<'_>) -> bool {
    matches!(index, Value::Function(Function::Unary(0 | 255)))
}

/// `value[index]`
pub(crate) fn at(budget: &mut Budget, value: Value<'_>, index: Value<'_>) -> Result<Body, Fault> {
    match (value, index) {
        (Value::Table(table), Value::Atom(Atom::Symbol(name))) => column(budget, table, name),
        (Value::Dict(dict), _) => entry(budget, dict, index),
        (_, Value::List(list)) => {
            budget.touch(list.len())?;
            let found: Result<Vec<_>, _> =
                budget.nest(|budget| list.iter().map(|index| at(budget, value, index)).collect());
            build::list(budget, found?)
        }
        (Value::Table(table), Value::Vector(Vector::Symbol(names))) => {
            let columns: Result<Vec<_>, _> = names.iter().map(|name| column(budget, table, name)).collect();
            collect(budget, columns?)
        }
        (Value::Vector(_) | Value::List(_) | Value::Table(_), Value::Atom(atom)) => {
            let place = position(atom).ok_or(Fault::TYPE)?.unwrap_or(MISSING);
            item(budget, value, place)
        }
        (Value::Vector(_) | Value::List(_) | Value::Table(_), Value::Vector(vector)) => {
            let places = positions(budget, vector)?;
            pick(budget, value, &places)
        }
        _ => Err(Fault::TYPE),
    }
}

/// The place that an integer names; inside, `None` for a negative one or a null.
pub(crate) fn position(atom: Atom<'_>) -> Option<Option<usize>> {
    Some(match atom {
        Atom::Boolean(place) => Some(usize::from(place)),
        Atom::Byte(place) => Some(usize::from(place)),
        Atom::Short(place) => usize::try_from(place).ok(),
        Atom::Int(place) => usize::try_from(place).ok(),
        Atom::Long(place) => usize::try_from(place).ok(),
        _ => return None,
    })
}

fn positions(budget: &mut Budget, vector: Vector<'_>) -> Result<Vec<usize>, Fault> {
    if vector.kind() > Kind::Long || vector.kind() == Kind::Guid {
        return Err(Fault::TYPE);
    }
    budget.make(vector.len(), size_of::<usize>())?;
    match Side::<i64>::new(Value::Vector(vector), Convert::Raw)?.split() {
        Err(places) => Ok(places.iter().map(|place| usize::try_from(place).unwrap_or(MISSING)).collect()),
        Ok(_) => Err(Fault::TYPE),
    }
}

/// The item at a place: of a table its row, a dict.
pub(crate) fn item(budget: &mut Budget, value: Value<'_>, place: usize) -> Result<Body, Fault> {
    match value {
        Value::Vector(vector) => {
            budget.touch(if vector.kind() == Kind::Symbol { place.min(vector.len()) / 8 } else { 1 })?;
            encode(vector.get(place).map_or_else(|| null(vector.kind()), Value::Atom))
        }
        Value::List(list) => {
            budget.touch(place.min(list.len()))?;
            encode(list.get(place).unwrap_or_else(|| null_like(list.get(0))))
        }
        Value::Table(table) => {
            let cells: Result<Vec<_>, _> = table.list().iter().map(|column| item(budget, column, place)).collect();
            let cells = collect(budget, cells?)?;
            build::dict(Value::symbols(table.names()), cells.value())
        }
        Value::Dict(dict) => item(budget, dict.values(), place),
        _ => Err(Fault::TYPE),
    }
}

/// What stands for an item that is not there, by the first that is: its null, or its empty list.
pub(crate) fn null_like(first: Option<Value<'_>>) -> Value<'static> {
    match first {
        Some(Value::Atom(atom)) => null(atom.kind()),
        Some(Value::Vector(vector)) => empty(vector.kind()),
        Some(Value::Function(_)) => Value::NULL,
        _ => empty(Kind::List),
    }
}

fn column(budget: &mut Budget, table: Table<'_>, name: Symbol<'_>) -> Result<Body, Fault> {
    let found = table.columns().find(|(other, _)| *other == name).map(|(_, column)| column);
    let column = found.ok_or_else(|| Fault::named(name.as_bytes()))?;
    budget.make(column.count(), 1)?;
    encode(column)
}

/// The value of a key, or of each of several.
fn entry(budget: &mut Budget, dict: Dict<'_>, key: Value<'_>) -> Result<Body, Fault> {
    if is_all(key) {
        return encode(dict);
    }
    if let Some((keys, values)) = dict.as_keyed_table() {
        return row(budget, keys, values, key);
    }
    let keys = dict.keys();
    let one = key.is_atom() || (matches!(keys, Value::List(_)) && !matches!(key, Value::List(_)));
    let places = if one { vec![search::place(budget, keys, key)?] } else { search::places(budget, keys, key)? };
    if dict.is_sorted() && places.iter().any(|&place| place >= keys.count()) {
        return Err(Fault::NYI);
    }
    match (one, places.first()) {
        (true, Some(&place)) => item(budget, dict.values(), place),
        _ => pick(budget, dict.values(), &places),
    }
}

/// The row of a keyed table for a key: an atom where there is one key column, else a list of one
/// item for each.
fn row(budget: &mut Budget, keys: Table<'_>, values: Table<'_>, key: Value<'_>) -> Result<Body, Fault> {
    let mut columns = keys.list().iter();
    let place = match (columns.next(), columns.len(), key) {
        (_, _, Value::Dict(_) | Value::Table(_)) => return Err(Fault::NYI),
        (Some(column), 0, _) => search::place(budget, column, key)?,
        _ => {
            let wanted = items(budget, key)?;
            row_of(budget, keys, &wanted)?
        }
    };
    item(budget, Value::Table(values), place)
}

/// The first row whose cells are those wanted.
fn row_of(budget: &mut Budget, keys: Table<'_>, wanted: &[Value<'_>]) -> Result<usize, Fault> {
    if wanted.len() != keys.width() {
        return Err(Fault::LENGTH);
    }
    let columns = keys.list().iter().map(|column| items(budget, column)).collect::<Result<Vec<_>, _>>()?;
    let same = |row: &usize| columns.iter().zip(wanted).all(|(column, key)| column.get(*row) == Some(key));
    Ok((0..keys.len()).find(same).unwrap_or(MISSING))
}

/// `d . i`, where the items of `i` are the indexes.
pub(crate) fn arguments(budget: &mut Budget, list: Value<'_>) -> Result<Vec<Body>, Fault> {
    items(budget, list)?.into_iter().map(encode).collect()
}

/// `first x`
pub(crate) fn first(budget: &mut Budget, value: Value<'_>) -> Result<Body, Fault> {
    if value.is_list() { item(budget, value, 0) } else { encode(value) }
}

/// `last x`
pub(crate) fn last(budget: &mut Budget, value: Value<'_>) -> Result<Body, Fault> {
    match value.count().checked_sub(1) {
        Some(place) if value.is_list() => item(budget, value, place),
        None => item(budget, value, MISSING),
        Some(_) => encode(value),
    }
}

/// A list of the one value: an atom becomes a vector, a dict a table.
pub(crate) fn enlist(budget: &mut Budget, value: &Body) -> Result<Body, Fault> {
    budget.make(value.as_bytes().len(), 1)?;
    match value.value() {
        Value::Dict(_) => build::list(budget, vec![value.clone()]),
        value => uniform(&[value]),
    }
}
