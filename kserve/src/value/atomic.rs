//! Operations on items, carried into lists, dicts and tables.

use kcodec::{Body, Dict, Value};

use super::budget::Budget;
use super::build;
use super::fault::Fault;
use super::items::{items, uniform};

/// An operation where both arguments are atoms or vectors.
pub(crate) type Binary<'f> = &'f dyn Fn(&mut Budget, Value<'_>, Value<'_>) -> Result<Body, Fault>;

/// An operation on an atom or a vector.
pub(crate) type Unary<'f> = &'f dyn Fn(&mut Budget, Value<'_>) -> Result<Body, Fault>;

/// Applies a unary operation to whatever is inside.
pub(crate) fn unary(budget: &mut Budget, x: Value<'_>, leaf: Unary<'_>) -> Result<Body, Fault> {
    match x {
        Value::Atom(_) | Value::Vector(_) => leaf(budget, x),
        Value::List(list) => {
            budget.touch(list.len())?;
            let bodies =
                budget.nest(|budget| list.iter().map(|item| unary(budget, item, leaf)).collect::<Result<_, _>>());
            collect(budget, bodies?)
        }
        Value::Dict(dict) => {
            let values = budget.nest(|budget| unary(budget, dict.values(), leaf))?;
            build::dict(dict.keys(), values.value())
        }
        Value::Table(table) => {
            let columns: Result<Vec<Body>, Fault> =
                budget.nest(|budget| table.list().iter().map(|column| unary(budget, column, leaf)).collect());
            build::table(table.names(), &columns?)
        }
        _ => Err(Fault::TYPE),
    }
}

/// Applies a binary operation to pairs of whatever is inside; an atom pairs with everything.
pub(crate) fn binary(budget: &mut Budget, x: Value<'_>, y: Value<'_>, leaf: Binary<'_>) -> Result<Body, Fault> {
    match (x, y) {
        (Value::Atom(_) | Value::Vector(_), Value::Atom(_) | Value::Vector(_)) => leaf(budget, x, y),
        (Value::Dict(x), Value::Dict(y)) => dicts(budget, x, y, leaf),
        (Value::Dict(dict), _) => {
            let values = budget.nest(|budget| binary(budget, dict.values(), y, leaf))?;
            build::dict(dict.keys(), values.value())
        }
        (_, Value::Dict(dict)) => {
            let values = budget.nest(|budget| binary(budget, x, dict.values(), leaf))?;
            build::dict(dict.keys(), values.value())
        }
        (Value::Table(table), Value::Table(other)) if table.names() == other.names() => {
            let pairs: Vec<_> = table.list().iter().zip(other.list()).collect();
            build::table(table.names(), &paired(budget, &pairs, leaf)?)
        }
        (Value::Table(table), Value::Atom(_) | Value::Vector(_)) => {
            let pairs: Vec<_> = table.list().iter().map(|column| (column, y)).collect();
            build::table(table.names(), &paired(budget, &pairs, leaf)?)
        }
        (Value::Atom(_) | Value::Vector(_), Value::Table(table)) => {
            let pairs: Vec<_> = table.list().iter().map(|column| (x, column)).collect();
            build::table(table.names(), &paired(budget, &pairs, leaf)?)
        }
        (Value::List(_), _) | (_, Value::List(_)) => lists(budget, x, y, leaf),
        _ => Err(Fault::TYPE),
    }
}

fn paired(budget: &mut Budget, pairs: &[(Value<'_>, Value<'_>)], leaf: Binary<'_>) -> Result<Vec<Body>, Fault> {
    budget.touch(pairs.len())?;
    budget.nest(|budget| pairs.iter().map(|&(x, y)| binary(budget, x, y, leaf)).collect())
}

fn lists(budget: &mut Budget, x: Value<'_>, y: Value<'_>, leaf: Binary<'_>) -> Result<Body, Fault> {
    let pairs: Vec<_> = if x.is_atom() {
        items(budget, y)?.into_iter().map(|y| (x, y)).collect()
    } else if y.is_atom() {
        items(budget, x)?.into_iter().map(|x| (x, y)).collect()
    } else if x.count() != y.count() {
        return Err(Fault::LENGTH);
    } else {
        items(budget, x)?.into_iter().zip(items(budget, y)?).collect()
    };
    let bodies = paired(budget, &pairs, leaf)?;
    collect(budget, bodies)
}

/// Two dicts of the same keys; q's union of keys that differ is not done.
fn dicts(budget: &mut Budget, x: Dict<'_>, y: Dict<'_>, leaf: Binary<'_>) -> Result<Body, Fault> {
    if x.keys() != y.keys() {
        return Err(Fault::NYI);
    }
    let values = budget.nest(|budget| binary(budget, x.values(), y.values(), leaf))?;
    build::dict(x.keys(), values.value())
}

/// The bodies as a list, or as a vector where all are atoms of one kind.
pub(crate) fn collect(budget: &mut Budget, bodies: Vec<Body>) -> Result<Body, Fault> {
    let bytes = bodies.iter().map(|body| body.as_bytes().len()).fold(0, usize::saturating_add);
    budget.make(bytes, 1)?;
    uniform(&bodies.iter().map(Body::value).collect::<Vec<_>>())
}
