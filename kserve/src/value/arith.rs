//! `+ - * & | %` on atoms and vectors.
//!
//! The kinds of the arguments give the kind of the result ([`promote`]), this gives the type that is
//! calculated in and what each argument must be converted to. A null makes the result null;
//! infinities of integers are plain numbers and wrap.

use kcodec::{Body, Kind, Value};

use super::budget::Budget;
use super::fault::Fault;
use super::lane::{Convert, DAY, Lane, Side, in_lane};
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

/// How what is underneath `from` becomes what is underneath `to`. `clock`: a timestamp or date that
/// becomes a time counts as its time of the day. Numbers and times stay what they are to each other.
pub(crate) fn conversion(from: Kind, to: Kind, clock: bool) -> Convert {
    let clock = clock && matches!(to, Kind::Timespan | Kind::Minute | Kind::Second | Kind::Time);
    match (from, nanoseconds(from), to, nanoseconds(to)) {
        _ if from == to => Convert::Raw,
        (Kind::Month | Kind::Date, _, _, Some(_)) if clock => Convert::Times(0),
        (Kind::Month, _, _, Some(target)) => Convert::Months(DAY / target.max(1)),
        (Kind::Datetime, _, Kind::Month, _) => Convert::Month(DAY),
        (_, Some(unit), Kind::Month, _) => Convert::Month(DAY / unit.max(1)),
        (Kind::Timestamp | Kind::Datetime, _, _, Some(target)) if clock => Convert::Clock(target),
        (Kind::Datetime, _, Kind::Date, _) => Convert::Floor(DAY),
        (Kind::Datetime, Some(unit), _, Some(target)) | (_, Some(unit), Kind::Datetime, Some(target)) => {
            Convert::Scale(unit as f64 / target as f64)
        }
        (_, Some(unit), _, Some(target)) if unit > target => Convert::Times(unit / target.max(1)),
        (_, Some(unit), _, Some(target)) if unit < target => Convert::Floor(target / unit.max(1)),
        _ => Convert::Raw,
    }
}

/// Nanoseconds of the unit that a temporal kind counts in; months vary.
pub(crate) const fn nanoseconds(kind: Kind) -> Option<i64> {
    match kind {
        Kind::Timestamp | Kind::Timespan => Some(1),
        Kind::Time => Some(1_000_000),
        Kind::Second => Some(1_000_000_000),
        Kind::Minute => Some(60_000_000_000),
        Kind::Date | Kind::Datetime => Some(DAY),
        _ => None,
    }
}
