//! `x,y`: one after the other.

use kcodec::{Body, Dict, Item, Slice, Symbol, Table, Value, Vector};

use super::budget::Budget;
use super::build;
use super::fault::Fault;
use super::index::enlist;
use super::items::{encode, items, single, uniform};
use super::kinds::fixed_kinds;
use super::search::places;

/// `x,y`: items of both; rows of tables with the same names; entries of both dicts, those of y first
/// where a key is in both.
pub(crate) fn join(budget: &mut Budget, x: &Body, y: &Body) -> Result<Body, Fault> {
    budget.make(x.as_bytes().len().saturating_add(y.as_bytes().len()), 1)?;
    match (x.value(), y.value()) {
        (Value::Table(x), Value::Table(y)) => tables(budget, x, y),
        (Value::Dict(x), Value::Dict(y)) => dicts(budget, x, y),
        (Value::Table(table), Value::Dict(row)) => {
            let row = enlist(budget, &encode(row)?)?;
            match row.value() {
                Value::Table(row) => tables(budget, table, row),
                _ => Err(Fault::NYI),
            }
        }
        (Value::Table(_) | Value::Dict(_), _) | (_, Value::Table(_) | Value::Dict(_)) => Err(Fault::NYI),
        (x, y) => values(budget, x, y),
    }
}

/// Atoms and lists.
fn values(budget: &mut Budget, x: Value<'_>, y: Value<'_>) -> Result<Body, Fault> {
    match (x, y) {
        (Value::Vector(x), Value::Vector(y)) if x.kind() == y.kind() => vectors(x, y),
        (Value::Vector(x), Value::Atom(y)) if x.kind() == y.kind() => single(y, |y| vectors(x, y)),
        (Value::Atom(x), Value::Vector(y)) if x.kind() == y.kind() => single(x, |x| vectors(x, y)),
        (list, nothing) | (nothing, list) if list.is_list() && nothing.is_list() && nothing.count() == 0 => {
            encode(list)
        }
        _ => {
            let mut all = items(budget, x)?;
            all.extend(items(budget, y)?);
            uniform(&all)
        }
    }
}

macro_rules! define {
    ({} $($kind:ident)*) => {
        /// Two vectors of one kind.
        fn vectors(x: Vector<'_>, y: Vector<'_>) -> Result<Body, Fault> {
            match (x, y) {
                $((Vector::$kind(x), Vector::$kind(y)) => encode(Vector::$kind(Slice::new(&chain(x, y)))),)*
                (Vector::Symbol(x), Vector::Symbol(y)) => {
                    encode(Value::symbols(&x.iter().chain(y.iter()).collect::<Vec<Symbol<'_>>>()))
                }
                _ => Err(Fault::TYPE),
            }
        }
    };
}
fixed_kinds!(define, {});

fn chain<T: Item>(x: Slice<'_, T>, y: Slice<'_, T>) -> Vec<T> {
    let mut all = Vec::with_capacity(x.len() + y.len());
    all.extend(x.iter());
    all.extend(y.iter());
    all
}

fn tables(budget: &mut Budget, x: Table<'_>, y: Table<'_>) -> Result<Body, Fault> {
    if x.names() != y.names() {
        return Err(Fault::new("mismatch"));
    }
    let pairs = x.list().iter().zip(y.list());
    let columns: Result<Vec<_>, _> = pairs.map(|(x, y)| values(budget, x, y)).collect();
    build::table(x.names(), &columns?)
}

/// The entries of x with those of y in their place, then what only y has.
fn dicts(budget: &mut Budget, x: Dict<'_>, y: Dict<'_>) -> Result<Body, Fault> {
    if x.as_keyed_table().is_some() || y.as_keyed_table().is_some() {
        return Err(Fault::NYI);
    }
    let (mut keys, mut entries) = (items(budget, x.keys())?, items(budget, x.values())?);
    let targets = places(budget, x.keys(), y.keys())?;
    let new = items(budget, y.keys())?.into_iter().zip(items(budget, y.values())?);
    for (target, (key, value)) in targets.into_iter().zip(new) {
        match entries.get_mut(target) {
            Some(entry) if target < x.len() => *entry = value,
            _ => {
                keys.push(key);
                entries.push(value);
            }
        }
    }
    let (keys, entries) = (uniform(&keys)?, uniform(&entries)?);
    build::dict(keys.value(), entries.value())
}
