//! `= < >` and their opposites on atoms and vectors, and `~`.

use kcodec::{Atom, Body, Guid, Item, Kind, Symbol, Value, Vector};

use super::arith::{Op, conform};
use super::budget::Budget;
use super::convert::{Convert, conversion};
use super::fault::Fault;
use super::items::encode;
use super::lane::{Lane, Out, Side, booleans};
use super::promote::{is_number, promote};

/// What is asked of two items.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Order {
    Equal,
    Less,
    Greater,
}

/// `x order y` where both are atoms or vectors; `not`: the opposite, `<> >= <=`.
pub(crate) fn compare(budget: &mut Budget, order: Order, not: bool, x: Value<'_>, y: Value<'_>) -> Result<Body, Fault> {
    let count = conform(x, y)?;
    match (x.kind(), y.kind()) {
        (Kind::Symbol, Kind::Symbol) => {
            budget.make(count, size_of::<Symbol<'_>>() * 2)?;
            ordered(order, not, &symbols(x), &symbols(y))
        }
        (Kind::Guid, Kind::Guid) => {
            budget.make(count, size_of::<Guid>() * 2)?;
            ordered(order, not, &guids(x), &guids(y))
        }
        (from, to) if is_number(from) && is_number(to) => match width(from).max(width(to)) {
            Width::Int => numbers::<i32>(budget, order, not, x, y),
            Width::Long => numbers::<i64>(budget, order, not, x, y),
            Width::Float => numbers::<f64>(budget, order, not, x, y),
        },
        _ => Err(Fault::TYPE),
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Width {
    Int,
    Long,
    Float,
}

const fn width(kind: Kind) -> Width {
    match kind {
        Kind::Real | Kind::Float | Kind::Datetime => Width::Float,
        Kind::Long | Kind::Timestamp | Kind::Timespan => Width::Long,
        _ => Width::Int,
    }
}

fn numbers<T: Lane>(budget: &mut Budget, order: Order, not: bool, x: Value<'_>, y: Value<'_>) -> Result<Body, Fault> {
    budget.make(conform(x, y)?, size_of::<T>())?;
    let (from, to) = (x.kind(), y.kind());
    let common = common(from, to);
    let convert = |kind| common.map_or(Convert::Raw, |common| conversion(kind, common, true));
    let x = Side::<T>::new(x, convert(from))?;
    let y = Side::<T>::new(y, convert(to))?;
    booleans(match order {
        Order::Equal => x.zip(&y, |x, y| x.same(y) != not),
        Order::Less => x.zip(&y, |x, y| x.less(y) != not),
        Order::Greater => x.zip(&y, |x, y| y.less(x) != not),
    })
}

/// The kind that two temporal kinds are compared as; `None` where the bare numbers are.
fn common(x: Kind, y: Kind) -> Option<Kind> {
    let temporal = |kind: Kind| kind >= Kind::Timestamp;
    match (x, y) {
        _ if x == y || !temporal(x) || !temporal(y) => None,
        (Kind::Timestamp, Kind::Timespan) | (Kind::Timespan, Kind::Timestamp) => Some(Kind::Timespan),
        _ => promote(Op::Lesser, x, y),
    }
}

/// One argument: an atom, or items.
enum Texts<T> {
    Atom(T),
    Items(Vec<T>),
}

fn symbols(value: Value<'_>) -> Texts<Symbol<'_>> {
    match value {
        Value::Atom(Atom::Symbol(symbol)) => Texts::Atom(symbol),
        Value::Vector(Vector::Symbol(symbols)) => Texts::Items(symbols.iter().collect()),
        _ => Texts::Items(Vec::new()),
    }
}

fn guids(value: Value<'_>) -> Texts<Guid> {
    match value {
        Value::Atom(Atom::Guid(guid)) => Texts::Atom(guid),
        Value::Vector(Vector::Guid(guids)) => Texts::Items(guids.to_vec()),
        _ => Texts::Items(Vec::new()),
    }
}

fn ordered<T: Ord>(order: Order, not: bool, x: &Texts<T>, y: &Texts<T>) -> Result<Body, Fault> {
    let test = |x: &T, y: &T| {
        not != match order {
            Order::Equal => x == y,
            Order::Less => x < y,
            Order::Greater => x > y,
        }
    };
    booleans(match (x, y) {
        (Texts::Atom(x), Texts::Atom(y)) => Out::Atom(test(x, y)),
        (Texts::Atom(x), Texts::Items(y)) => Out::Items(y.iter().map(|y| test(x, y)).collect()),
        (Texts::Items(x), Texts::Atom(y)) => Out::Items(x.iter().map(|x| test(x, y)).collect()),
        (Texts::Items(x), Texts::Items(y)) => Out::Items(x.iter().zip(y).map(|(x, y)| test(x, y)).collect()),
    })
}

/// `x~y`: floats by tolerance, everything else to the bit.
pub(crate) fn matches(budget: &mut Budget, x: &Body, y: &Body) -> Result<Body, Fault> {
    budget.touch(x.as_bytes().len().min(y.as_bytes().len()) / 8)?;
    encode(match (x.value(), y.value()) {
        (Value::Vector(Vector::Float(x)), Value::Vector(Vector::Float(y))) => {
            x.len() == y.len() && x.iter().zip(y.iter()).all(|(x, y)| x.same(y))
        }
        (Value::Atom(Atom::Float(x)), Value::Atom(Atom::Float(y))) => x.same(y),
        (x, y) => x == y,
    })
}

/// `not x` where x is an atom or a vector: whether what is underneath is zero.
pub(crate) fn not(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    match width(x.kind()) {
        _ if !is_number(x.kind()) => Err(Fault::TYPE),
        Width::Int => is_zero::<i32>(budget, x),
        Width::Long => is_zero::<i64>(budget, x),
        Width::Float => is_zero::<f64>(budget, x),
    }
}

fn is_zero<T: Lane>(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    budget.make(x.count(), size_of::<T>())?;
    let zero = T::from_long(0);
    booleans(Side::<T>::new(x, Convert::Raw)?.map(|x| Item::matches(x, zero)))
}
