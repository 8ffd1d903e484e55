//! Dicts, tables and lists made of parts.

use std::sync::Arc;

use kcodec::{Body, Dict, Symbol, Symbols, Table, Value, Vector};

use super::atomic::collect;
use super::budget::Budget;
use super::fault::Fault;
use super::index::position;
use super::items::{encode, items, nested, uniform};
use super::take;

/// A name of a column and its values.
pub(crate) type Column = (Arc<[u8]>, Body);

pub(crate) fn dict(keys: Value<'_>, values: Value<'_>) -> Result<Body, Fault> {
    nested(Dict::new(&keys, &values)?)
}

pub(crate) fn table<'a>(names: impl Into<Symbols<'a>>, columns: &[Body]) -> Result<Body, Fault> {
    let columns: Vec<_> = columns.iter().map(Body::value).collect();
    nested(Table::new(names.into(), &columns)?)
}

/// What `(a;b;c)` is: a vector of atoms of one kind, a table of dicts with the same names, a list.
pub(crate) fn list(budget: &mut Budget, bodies: Vec<Body>) -> Result<Body, Fault> {
    match rows(budget, &bodies) {
        Some(table) => table,
        None => collect(budget, bodies),
    }
}

/// Rows of one table; `None` where the values are something else.
fn rows(budget: &mut Budget, bodies: &[Body]) -> Option<Result<Body, Fault>> {
    let record = |body: &Body| matches!(body.value(), Value::Dict(_));
    if bodies.is_empty() || !bodies.iter().all(record) {
        return None;
    }
    let dicts: Vec<_> =
        bodies.iter().filter_map(|body| if let Value::Dict(dict) = body.value() { Some(dict) } else { None }).collect();
    let Value::Vector(Vector::Symbol(names)) = dicts.first()?.keys() else { return None };
    if !dicts.iter().all(|dict| dict.keys() == Value::symbols(names)) {
        return None;
    }
    let cells: Result<Vec<_>, _> = dicts.iter().map(|dict| items(budget, dict.values())).collect();
    let cells = match cells {
        Ok(cells) => cells,
        Err(fault) => return Some(Err(fault)),
    };
    let column = |at: usize| {
        let cells: Vec<_> = cells.iter().filter_map(|row| row.get(at).copied()).collect();
        uniform(&cells)
    };
    let columns: Result<Vec<_>, _> = (0..names.len()).map(column).collect();
    Some(columns.and_then(|columns| table(names, &columns)))
}

/// What `([k:..]v:..)` is: atoms are repeated to the length of the columns; without keys a table,
/// without values, `([k:..])`, a dict of the names.
pub(crate) fn table_of(budget: &mut Budget, keys: Vec<Column>, columns: Vec<Column>) -> Result<Body, Fault> {
    if columns.is_empty() && !keys.is_empty() {
        let names: Vec<_> = keys.iter().map(|(name, _)| Symbol::from_bytes(name)).collect();
        let values = list(budget, keys.iter().map(|(_, body)| body.clone()).collect())?;
        return dict(Value::symbols(&names), values.value());
    }
    let lists = keys.iter().chain(&columns).filter(|(_, body)| body.value().is_list());
    let rows = lists.map(|(_, body)| body.value().count()).next().ok_or(Fault::RANK)?;
    let mut half = |columns: Vec<Column>| {
        let names: Vec<_> = columns.iter().map(|(name, _)| Symbol::from_bytes(name)).collect();
        let extend = |(_, body): &Column| match body.value() {
            atom @ Value::Atom(_) => take::repeat(budget, atom, rows),
            _ => Ok(body.clone()),
        };
        let bodies: Result<Vec<_>, _> = columns.iter().map(extend).collect();
        table(&names, &bodies?)
    };
    if keys.is_empty() {
        return half(columns);
    }
    let (keys, values) = (half(keys)?, half(columns)?);
    dict(keys.value(), values.value())
}

/// `x!y`: a dict of two lists; with a number on the left a table with so many key columns.
pub(crate) fn bang(budget: &mut Budget, x: &Body, y: &Body) -> Result<Body, Fault> {
    let (x_bytes, y_bytes) = (x.as_bytes().len(), y.as_bytes().len());
    match (x.value(), y.value()) {
        (Value::Atom(count), table @ (Value::Table(_) | Value::Dict(_))) => {
            let count = position(count).ok_or(Fault::TYPE)?.ok_or(Fault::NYI)?;
            key_by(count, table)
        }
        (Value::Atom(_), Value::Atom(_)) | (_, Value::Function(_)) => Err(Fault::NYI),
        (x, y) if x.is_list() && y.is_list() => {
            budget.make(x_bytes.saturating_add(y_bytes), 1)?;
            dict(x, y)
        }
        _ => Err(Fault::LENGTH),
    }
}

/// The table with its first `count` columns as the key.
fn key_by(count: usize, value: Value<'_>) -> Result<Body, Fault> {
    let (mut names, mut columns) = (Vec::new(), Vec::new());
    for half in halves(value).ok_or(Fault::TYPE)? {
        names.extend(half.names());
        columns.extend(half.list());
    }
    let split = || Some((names.split_at_checked(count)?, columns.split_at_checked(count)?));
    let ((key_names, names), (key_columns, columns)) = split().ok_or(Fault::LENGTH)?;
    let values = Table::new(Symbols::from(names), columns)?;
    if count == 0 {
        return encode(values);
    }
    if names.is_empty() {
        return Err(Fault::LENGTH);
    }
    let keys = Table::new(Symbols::from(key_names), key_columns)?;
    dict(keys.into(), values.into())
}

/// A table, or the two that make a keyed one.
pub(crate) fn halves(value: Value<'_>) -> Option<Vec<Table<'_>>> {
    match value {
        Value::Table(table) => Some(vec![table]),
        Value::Dict(dict) => dict.as_keyed_table().map(|(keys, values)| vec![keys, values]),
        _ => None,
    }
}
