//! `+ - * & | %` on atoms and vectors.
//!
//! The kinds of the arguments give the kind of the result ([`promote`]), this gives the type that is
//! calculated in and what each argument must be converted to. A null makes the result null;
//! infinities of integers are plain numbers and wrap.

use kcodec::{Body, Kind, Value};

use super::budget::Budget;
use super::convert::{Convert, conversion};
use super::fault::Fault;
use super::lane::{Lane, Side, in_lane};
use super::promote::promote;

/// An operation on two numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Op {
    Add,
    Subtract,
    Multiply,
    Lesser,
    Greater,
}

/// `x op y` where both are atoms or vectors.
pub(crate) fn arithmetic(budget: &mut Budget, op: Op, x: Value<'_>, y: Value<'_>) -> Result<Body, Fault> {
    let kind = promote(op, x.kind(), y.kind()).ok_or(Fault::TYPE)?;
    in_lane!(kind, T => calculate::<T>(budget, op, x, y, kind))
}

fn calculate<T: Lane>(budget: &mut Budget, op: Op, x: Value<'_>, y: Value<'_>, kind: Kind) -> Result<Body, Fault> {
    budget.make(conform(x, y)?, size_of::<T>())?;
    let convert = |from| match op {
        Op::Multiply => Convert::Raw,
        Op::Add | Op::Subtract => conversion(from, kind, false),
        Op::Lesser | Op::Greater => conversion(from, kind, true),
    };
    let x = Side::<T>::new(x, convert(x.kind()))?;
    let y = Side::<T>::new(y, convert(y.kind()))?;
    let out = match op {
        Op::Add => x.zip(&y, T::plus),
        Op::Subtract => x.zip(&y, T::minus),
        Op::Multiply => x.zip(&y, T::times),
        Op::Lesser => x.zip(&y, T::lesser),
        Op::Greater => x.zip(&y, T::greater),
    };
    T::body(kind, out)
}

/// `x%y` where both are atoms or vectors: the ratio of what is underneath, always a float.
pub(crate) fn divide(budget: &mut Budget, x: Value<'_>, y: Value<'_>) -> Result<Body, Fault> {
    budget.make(conform(x, y)?, size_of::<f64>())?;
    let x = Side::<f64>::new(x, Convert::Raw)?;
    let y = Side::<f64>::new(y, Convert::Raw)?;
    f64::body(Kind::Float, x.zip(&y, |x, y| x / y))
}

/// The length of the result of pairing items: atoms go with any number, vectors with their equals.
pub(crate) fn conform(x: Value<'_>, y: Value<'_>) -> Result<usize, Fault> {
    match (x.is_atom(), y.is_atom()) {
        (true, true) => Ok(1),
        (true, false) => Ok(y.count()),
        (false, true) => Ok(x.count()),
        (false, false) if x.count() == y.count() => Ok(x.count()),
        (false, false) => Err(Fault::LENGTH),
    }
}

/// A unary operation that gives items of `kind`, calculated in `T`.
pub(crate) fn unary<T: Lane>(
    budget: &mut Budget,
    value: Value<'_>,
    kind: Kind,
    function: impl Fn(T) -> T,
) -> Result<Body, Fault> {
    budget.make(value.count(), size_of::<T>())?;
    T::body(kind, Side::<T>::new(value, Convert::Raw)?.map(function))
}
