//! What a value is and what it is made of: `type count cols key flip string`.

use kcodec::{Atom, Body, Dict, Function, Kind, Symbol, Value, Vector};

use super::atomic::collect;
use super::budget::Budget;
use super::build::{self, halves};
use super::fault::Fault;
use super::items::{encode, items, nested, uniform};

/// `type x`
pub(crate) fn type_of(x: Value<'_>) -> Result<Body, Fault> {
    encode(i16::from(x.type_code()))
}

/// `count x`
pub(crate) fn count(x: Value<'_>) -> Result<Body, Fault> {
    encode(i64::try_from(x.count()).unwrap_or(i64::MAX))
}

/// `cols x`: the names of all columns, those of the key first.
pub(crate) fn cols(x: Value<'_>) -> Result<Body, Fault> {
    let halves = halves(x).ok_or(Fault::TYPE)?;
    let names: Vec<Symbol<'_>> = halves.into_iter().flat_map(|half| half.names()).collect();
    encode(Value::symbols(&names))
}

/// `keys x`: the names of the key columns.
pub(crate) fn keys(x: Value<'_>) -> Result<Body, Fault> {
    match halves(x).ok_or(Fault::TYPE)?.as_slice() {
        [key, _] => encode(Value::symbols(key.names())),
        _ => encode(Value::symbols(&[] as &[Symbol<'_>])),
    }
}

/// `key x`: the keys of a dict, the name of a vector's kind, the first so many integers.
pub(crate) fn key(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    match x {
        Value::Dict(dict) => encode(dict.keys()),
        Value::Vector(vector) => encode(Value::symbol(vector.kind().name())),
        Value::Atom(_) => super::math::til(budget, x),
        _ => Err(Fault::TYPE),
    }
}

/// `flip x`: a table of a dict of columns, the dict of a table, columns of rows.
pub(crate) fn flip(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    match x {
        Value::Table(table) => nested(Dict::new(&Value::symbols(table.names()), &Value::List(table.list()))?),
        Value::Dict(dict) => {
            let Value::Vector(Vector::Symbol(names)) = dict.keys() else { return Err(Fault::NYI) };
            let bodies = items(budget, dict.values())?.into_iter().map(encode).collect::<Result<Vec<_>, _>>()?;
            let names = names.iter().map(|name| name.as_bytes().into());
            build::table_of(budget, Vec::new(), names.zip(bodies).collect())
        }
        Value::List(list) => {
            let rows = list.iter().map(|row| items(budget, row)).collect::<Result<Vec<_>, _>>()?;
            let width = rows.iter().map(Vec::len).max().unwrap_or(0);
            if rows.iter().any(|row| row.len() != width) {
                return Err(Fault::LENGTH);
            }
            let column = |at: usize| uniform(&rows.iter().filter_map(|row| row.get(at).copied()).collect::<Vec<_>>());
            let columns = (0..width).map(column).collect::<Result<Vec<_>, _>>()?;
            collect(budget, columns)
        }
        _ => Err(Fault::RANK),
    }
}

/// `value x` where x is neither code nor a name: what is inside.
pub(crate) fn parts(x: Value<'_>) -> Result<Body, Fault> {
    match x {
        Value::Dict(dict) => encode(dict.values()),
        Value::Function(Function::Unary(id) | Function::Binary(id) | Function::Iterator(id)) => encode(i64::from(id)),
        Value::Function(Function::Projection(list) | Function::Composition(list)) => {
            uniform(&list.iter().collect::<Vec<_>>())
        }
        Value::Function(Function::Derived(derived)) => encode(derived.function()),
        Value::Function(Function::Lambda(_)) => Err(Fault::NYI),
        _ => Err(Fault::TYPE),
    }
}

/// `string x`: the text of every atom inside.
pub(crate) fn string(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    match x {
        Value::Atom(atom) => encode(Value::chars(&text(atom))),
        Value::Vector(_) | Value::List(_) => {
            let strings: Result<Vec<_>, _> = items(budget, x)?
                .into_iter()
                .map(|item| {
                    budget.step()?;
                    budget.nest(|budget| string(budget, item))
                })
                .collect();
            collect(budget, strings?)
        }
        Value::Dict(dict) => {
            let values = budget.nest(|budget| string(budget, dict.values()))?;
            build::dict(dict.keys(), values.value())
        }
        Value::Table(table) => {
            let columns: Result<Vec<_>, _> =
                budget.nest(|budget| table.list().iter().map(|column| string(budget, column)).collect());
            build::table(table.names(), &columns?)
        }
        Value::Function(_) => encode(Value::chars(x.to_string().as_bytes())),
        _ => Err(Fault::TYPE),
    }
}

/// The text of an atom: as displayed, but without the marks of its kind; that of a null is empty.
fn text(atom: Atom<'_>) -> Vec<u8> {
    match atom {
        Atom::Symbol(symbol) => return symbol.as_bytes().to_vec(),
        Atom::Char(char) => return vec![char],
        _ if atom.is_null() && atom.kind() != Kind::Guid => return Vec::new(),
        _ => {}
    }
    let shown = Value::Atom(atom).to_string();
    let letter = atom.kind().letter();
    let bare = match atom.kind() {
        Kind::Byte => shown.strip_prefix("0x"),
        Kind::Boolean | Kind::Short | Kind::Int | Kind::Real | Kind::Float => shown.strip_suffix(letter),
        _ => None,
    };
    bare.unwrap_or(&shown).as_bytes().to_vec()
}
