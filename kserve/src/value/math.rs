//! Arithmetic on one number.

use kcodec::{Body, Kind, Value};

use super::arith::unary;
use super::budget::Budget;
use super::convert::Convert;
use super::fault::Fault;
use super::index::position;
use super::items::encode;
use super::lane::{Lane, Out, Side, in_lane};
use super::promote::{is_number, negated};

/// `neg x` where x is an atom or a vector.
pub(crate) fn neg(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    let kind = negated(x.kind()).ok_or(Fault::TYPE)?;
    in_lane!(kind, T => unary::<T>(budget, x, kind, |item| item.times(T::from_long(-1))))
}

/// `abs x` where x is an atom or a vector.
pub(crate) fn abs(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    let kind = negated(x.kind()).ok_or(Fault::TYPE)?;
    in_lane!(kind, T => {
        let (zero, minus) = (T::from_long(0), T::from_long(-1));
        unary::<T>(budget, x, kind, |item| if item.below(zero) { item.times(minus) } else { item })
    })
}

/// `signum x` where x is an atom or a vector; that of a null is -1.
pub(crate) fn signum(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    if !is_number(x.kind()) {
        return Err(Fault::TYPE);
    }
    budget.make(x.count(), size_of::<i64>())?;
    in_lane!(x.kind(), T => {
        let zero = T::from_long(0);
        let sign = |item: T| i32::from(zero.below(item)) - i32::from(item.below(zero));
        i32::body(Kind::Int, Side::<T>::new(x, Convert::Raw)?.map(sign))
    })
}

/// `floor x` and `ceiling x` where x is an atom or a vector: longs of floats, integers as they are.
pub(crate) fn round(budget: &mut Budget, x: Value<'_>, function: fn(f64) -> f64) -> Result<Body, Fault> {
    budget.make(x.count(), size_of::<i64>())?;
    match x.kind() {
        Kind::Real | Kind::Float => {
            let out: Out<i64> = Side::<f64>::new(x, Convert::Raw)?.map(|item| i64::from_double(function(item)));
            i64::body(Kind::Long, out)
        }
        Kind::Short | Kind::Int | Kind::Long => encode(x),
        _ => Err(Fault::TYPE),
    }
}

/// A function of floats where x is an atom or a vector.
pub(crate) fn float(budget: &mut Budget, x: Value<'_>, function: fn(f64) -> f64) -> Result<Body, Fault> {
    unary::<f64>(budget, x, Kind::Float, function)
}

/// `til x`
pub(crate) fn til(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    let Value::Atom(atom) = x else { return Err(Fault::TYPE) };
    let count = position(atom).ok_or(Fault::TYPE)?.ok_or(Fault::DOMAIN)?;
    budget.make(count, size_of::<i64>())?;
    encode(&(0..i64::try_from(count).unwrap_or(i64::MAX)).collect::<Vec<i64>>())
}
