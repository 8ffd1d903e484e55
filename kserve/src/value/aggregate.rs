//! From many to one: `sum prd min max avg`.

use kcodec::{Body, Kind, Value};

use super::arith::{Op, arithmetic, divide};
use super::atomic;
use super::budget::Budget;
use super::build;
use super::compare;
use super::convert::Convert;
use super::fault::Fault;
use super::items::{NULL_FLOAT, encode, items};
use super::lane::{Lane, Out, Side, in_lane};
use super::promote::{is_number, summed};

/// Of a vector the one item that stands for all; of a list the items put together pair by pair; of a
/// dict that of its values; of a table that of each column. Anything else is its own.
fn aggregate(
    budget: &mut Budget,
    x: Value<'_>,
    op: Op,
    vector: fn(&mut Budget, Value<'_>) -> Result<Body, Fault>,
) -> Result<Body, Fault> {
    match x {
        Value::Vector(_) => vector(budget, x),
        Value::List(_) => {
            let mut left = items(budget, x)?.into_iter();
            let Some(first) = left.next() else { return encode(x) };
            left.try_fold(encode(first)?, |so_far, item| {
                atomic::binary(budget, so_far.value(), item, &|budget, x, y| arithmetic(budget, op, x, y))
            })
        }
        Value::Dict(dict) => budget.nest(|budget| aggregate(budget, dict.values(), op, vector)),
        Value::Table(table) => {
            let columns: Result<Vec<_>, _> =
                budget.nest(|budget| table.list().iter().map(|column| aggregate(budget, column, op, vector)).collect());
            let cells = atomic::collect(budget, columns?)?;
            build::dict(Value::symbols(table.names()), cells.value())
        }
        Value::Atom(_) => encode(x),
        _ => Err(Fault::TYPE),
    }
}

/// The items of a vector into one, nulls left out, from `start`; the result is of `kind`.
fn fold<T: Lane>(
    budget: &mut Budget,
    x: Value<'_>,
    kind: Kind,
    start: T,
    step: impl Fn(T, T) -> T,
) -> Result<Body, Fault> {
    budget.make(x.count(), size_of::<T>())?;
    let side = Side::<T>::new(x, Convert::Raw)?;
    let Err(items) = side.split() else { return Err(Fault::TYPE) };
    T::body(
        kind,
        Out::Atom(items.iter().fold(start, |so_far, item| if item.is_null() { so_far } else { step(so_far, item) })),
    )
}

/// `sum x`: nulls count as zero.
pub(crate) fn sum(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    aggregate(budget, x, Op::Add, |budget, x| {
        let kind = summed(x.kind()).ok_or(Fault::TYPE)?;
        in_lane!(kind, T => fold::<T>(budget, x, kind, T::from_long(0), T::plus))
    })
}

/// `prd x`: nulls count as one.
pub(crate) fn prd(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    aggregate(budget, x, Op::Multiply, |budget, x| {
        let kind = summed(x.kind()).ok_or(Fault::TYPE)?;
        in_lane!(kind, T => fold::<T>(budget, x, kind, T::from_long(1), T::times))
    })
}

/// `min x`: nulls are left out; of nothing, the greatest of the kind.
pub(crate) fn min(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    aggregate(budget, x, Op::Lesser, |budget, x| {
        let kind = Some(x.kind()).filter(|&kind| is_number(kind)).ok_or(Fault::TYPE)?;
        in_lane!(kind, T => fold::<T>(budget, x, kind, T::most(kind), T::lesser))
    })
}

/// `max x`: nulls are left out; of nothing, the least of the kind.
pub(crate) fn max(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    aggregate(budget, x, Op::Greater, |budget, x| {
        let kind = Some(x.kind()).filter(|&kind| is_number(kind)).ok_or(Fault::TYPE)?;
        let least = |kind| !matches!(kind, Kind::Boolean | Kind::Byte | Kind::Char);
        in_lane!(kind, T => {
            let start = if least(kind) { T::from_long(0).minus(T::most(kind)) } else { T::from_long(0) };
            fold::<T>(budget, x, kind, start, T::greater)
        })
    })
}

/// `avg x`: the mean as a float, nulls left out of vectors.
pub(crate) fn avg(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    match x {
        Value::Atom(_) => divide(budget, x, Value::from(1_i64)),
        Value::Vector(_) => {
            budget.make(x.count(), size_of::<f64>())?;
            let side = Side::<f64>::new(x, Convert::Raw)?;
            let Err(items) = side.split() else { return Err(Fault::TYPE) };
            let (sum, count) = items
                .iter()
                .filter(|item| !item.is_nan())
                .fold((0.0, 0.0), |(sum, count), item| (sum + item, count + 1.0));
            encode(sum / count)
        }
        Value::Dict(dict) => budget.nest(|budget| avg(budget, dict.values())),
        Value::List(list) if list.is_empty() => encode(NULL_FLOAT),
        Value::List(_) => {
            let total = sum(budget, x)?;
            let count = Value::from(x.count() as f64);
            atomic::binary(budget, total.value(), count, &|budget, x, y| divide(budget, x, y))
        }
        Value::Table(table) => {
            let columns: Result<Vec<_>, _> =
                budget.nest(|budget| table.list().iter().map(|column| avg(budget, column)).collect());
            let cells = atomic::collect(budget, columns?)?;
            build::dict(Value::symbols(table.names()), cells.value())
        }
        _ => Err(Fault::TYPE),
    }
}

/// `all x` and `any x`: the least and the greatest of booleans.
pub(crate) fn flags(budget: &mut Budget, x: Value<'_>, all: bool) -> Result<Body, Fault> {
    let flags = atomic::unary(budget, x, &|budget, x| compare::not(budget, x))?;
    let none = if all { max(budget, flags.value())? } else { min(budget, flags.value())? };
    atomic::unary(budget, none.value(), &|budget, x| compare::not(budget, x))
}
