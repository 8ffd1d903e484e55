//! Arithmetic: `+ - * % & | ^`, `div mod xbar`, `neg abs signum reciprocal floor ceiling`.
//!
//! The table of each verb ([`promote`](mod@promote)) maps the kinds of the arguments to the kind of the result, which
//! sets the lane (item type) of the loop and the conversion of each argument. A null makes the result null. Integer
//! infinities are ordinary numbers and wrap around.

use std::sync::Arc;

use kcodec::{Attribute, Kind};

use super::atomic::Unmatched;
use super::fault::{Fault, R};
use super::loops::{self, Side};
use super::noun::{Item, Lane, Noun};
use super::number::{Number, in_lane};
use super::promote::{self, promote};
use super::temporal::{Convert, conversion};
use super::verb::{Verb, infix, unary};
use super::vm::Vm;
use super::whole;

pub(crate) static VERBS: &[Verb] = &[
    infix("+", Some(1), add),
    infix("-", Some(2), subtract),
    infix("*", Some(3), multiply),
    infix("%", Some(4), divide),
    infix("&", Some(5), lesser),
    infix("and", Some(5), lesser),
    infix("|", Some(6), greater),
    infix("or", Some(6), greater),
    infix("^", Some(7), fill),
    infix("div", Some(31), whole::div),
    infix("mod", None, whole::modulo),
    infix("xbar", None, whole::xbar),
    unary("neg", Some(2), neg),
    unary("abs", Some(31), abs),
    unary("signum", None, signum),
    unary("reciprocal", Some(4), reciprocal),
    unary("floor", Some(14), whole::floor),
    unary("ceiling", None, whole::ceiling),
];

/// The kind of an atom or vector.
pub(crate) fn kind_of(x: &Noun) -> R<Kind> {
    x.kind().ok_or(Fault::TYPE)
}

/// How an argument is converted to the lane of the result.
#[derive(Clone, Copy)]
enum Unit {
    /// Its number, unchanged.
    Raw,
    /// Converted to the unit of the result. `true`: a timestamp converted to a time gives its time of day.
    Of(bool),
}

impl Unit {
    fn convert(self, from: Kind, to: Kind) -> Convert {
        match self {
            Self::Raw => Convert::Raw,
            Self::Of(clock) => conversion(from, to, clock),
        }
    }
}

/// A leaf function: applies an operation of [`Number`] to two atoms or vectors.
macro_rules! leaf {
    ($table:expr, $unit:expr, $op:ident) => {
        |vm: &mut Vm<'_>, x: Noun, y: Noun| {
            let (from, to) = (kind_of(&x)?, kind_of(&y)?);
            let kind = promote($table, from, to).ok_or(Fault::TYPE)?;
            let (x, y) = ((x, $unit.convert(from, kind)), (y, $unit.convert(to, kind)));
            in_lane!(kind, T => loops::pairs_in_place::<T>(vm, kind, x, y, T::$op))
        }
    };
}

/// Fast path for two long atoms or two float atoms: no table lookup, no allocation.
macro_rules! scalar_fast_path {
    ($x:expr, $y:expr, $long:expr, $float:expr) => {
        if let (Noun::Atom(x), Noun::Atom(y)) = (&$x, &$y) {
            match (x, y) {
                (
                    $crate::q::noun::Atom { kind: Kind::Long, item: Item::I64(x) },
                    $crate::q::noun::Atom { kind: Kind::Long, item: Item::I64(y) },
                ) => {
                    return Ok($long(*x, *y));
                }
                (
                    $crate::q::noun::Atom { kind: Kind::Float, item: Item::F64(x) },
                    $crate::q::noun::Atom { kind: Kind::Float, item: Item::F64(y) },
                ) => {
                    return Ok($float(*x, *y));
                }
                _ => {}
            }
        }
    };
}
pub(crate) use scalar_fast_path;

/// `x+y`
pub(crate) fn add(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    scalar_fast_path!(x, y, |x: i64, y| Noun::long(x.plus(y)), |x, y| Noun::float(x + y));
    vm.atomic2(x, y, Unmatched::Keep, leaf!(&promote::ADD, Unit::Of(false), plus))
}

/// `x-y`
pub(crate) fn subtract(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    scalar_fast_path!(x, y, |x: i64, y| Noun::long(x.minus(y)), |x, y| Noun::float(x - y));
    vm.atomic2(x, y, Unmatched::Negate, leaf!(&promote::SUBTRACT, Unit::Of(false), minus))
}

/// `x*y`
pub(crate) fn multiply(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    scalar_fast_path!(x, y, |x: i64, y| Noun::long(x.times(y)), |x, y| Noun::float(x * y));
    vm.atomic2(x, y, Unmatched::Keep, leaf!(&promote::MULTIPLY, Unit::Raw, times))
}

/// `x&y`
pub(crate) fn lesser(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Unmatched::Keep, leaf!(&promote::GREATER, Unit::Of(true), lesser))
}

/// `x|y`
pub(crate) fn greater(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Unmatched::Keep, leaf!(&promote::GREATER, Unit::Of(true), greater))
}

/// `x+:y` in place, if the vector `x` is unshared and `y` is an atom or vector of the same kind. Returns `false` if
/// it must be done otherwise.
///
/// # Errors
///
/// `length`, or that of the charge. The vector is then unchanged.
pub(crate) fn change_in_place(vm: &mut Vm<'_>, verb: &str, x: &mut Noun, y: &Noun) -> R<bool> {
    let Noun::Vector(vector) = x else { return Ok(false) };
    let kind = vector.kind;
    if !matches!(kind, Kind::Int | Kind::Long | Kind::Real | Kind::Float) || y.kind() != Some(kind) {
        return Ok(false);
    }
    let done = in_lane!(kind, T => {
        match T::of_mut(&mut vector.items).and_then(Arc::get_mut) {
            Some(items) => {
                let y = Side::<T>::new(y, Convert::Raw)?;
                match verb {
                    "+" => loops::overwrite(vm, items, &y, T::plus),
                    "-" => loops::overwrite(vm, items, &y, T::minus),
                    "*" => loops::overwrite(vm, items, &y, T::times),
                    "&" => loops::overwrite(vm, items, &y, T::lesser),
                    "|" => loops::overwrite(vm, items, &y, T::greater),
                    _ => Ok(false),
                }
            }
            None => Ok(false),
        }
    })?;
    if done {
        vector.attr = Attribute::None;
    }
    Ok(done)
}

/// `x%y`: the ratio of the underlying numbers, always a float.
pub(crate) fn divide(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    scalar_fast_path!(x, y, |x: i64, y: i64| Noun::float(x.double() / y.double()), |x, y| Noun::float(x / y));
    vm.atomic2(x, y, Unmatched::Keep, |vm, x, y| {
        loops::pairs_in_place::<f64>(vm, Kind::Float, (x, Convert::Raw), (y, Convert::Raw), |x, y| x / y)
    })
}

/// `x^y`: `y`, with nulls replaced by `x`.
pub(crate) fn fill(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Unmatched::Keep, |vm, x, y| {
        let (from, to) = (kind_of(&x)?, kind_of(&y)?);
        match (from, to) {
            (Kind::Symbol, Kind::Symbol) => fill_same::<super::symbols::Sym>(vm, Kind::Symbol, &x, &y),
            (Kind::Guid, Kind::Guid) => fill_same::<[u8; 16]>(vm, Kind::Guid, &x, &y),
            (Kind::Char, Kind::Char) => fill_chars(vm, &x, &y),
            _ => leaf!(&promote::GREATER, Unit::Of(true), fill)(vm, x, y),
        }
    })
}

/// `x^y` for item types without arithmetic.
fn fill_same<T: Lane>(vm: &mut Vm<'_>, kind: Kind, x: &Noun, y: &Noun) -> R {
    super::compare::zip(vm, kind, x, y, |x: T, y: T| if y == T::NULL { x } else { y })
}

fn fill_chars(vm: &mut Vm<'_>, x: &Noun, y: &Noun) -> R {
    super::compare::zip(vm, Kind::Char, x, y, |x: u8, y: u8| if y == b' ' { x } else { y })
}

/// `neg x`
pub(crate) fn neg(vm: &mut Vm<'_>, x: Noun) -> R {
    vm.atomic1(x, |vm, x| {
        let (from, kind) = negated(&x)?;
        in_lane!(kind, T => {
            if from == kind {
                loops::map_in_place::<T>(vm, kind, x, |item| item.times(T::from_long(-1)))
            } else {
                loops::map::<T, T>(vm, kind, &x, Convert::Raw, |item| item.times(T::from_long(-1)))
            }
        })
    })
}

fn negated(x: &Noun) -> R<(Kind, Kind)> {
    let from = kind_of(x)?;
    promote::result(promote::NEGATE, from).map(|kind| (from, kind)).ok_or(Fault::TYPE)
}

/// `abs x`
fn abs(vm: &mut Vm<'_>, x: Noun) -> R {
    vm.atomic1(x, |vm, x| {
        let (_, kind) = negated(&x)?;
        in_lane!(kind, T => loops::map::<T, T>(vm, kind, &x, Convert::Raw, |item| {
            if item.below(T::default()) { item.times(T::from_long(-1)) } else { item }
        }))
    })
}

/// `signum x`: -1 for a null.
fn signum(vm: &mut Vm<'_>, x: Noun) -> R {
    vm.atomic1(x, |vm, x| {
        in_lane!(kind_of(&x)?, T => loops::map::<T, i32>(vm, Kind::Int, &x, Convert::Raw, |item| {
            i32::from(T::default().below(item)) - i32::from(item.below(T::default()))
        }))
    })
}

/// `reciprocal x`
fn reciprocal(vm: &mut Vm<'_>, x: Noun) -> R {
    vm.atomic1(x, |vm, x| loops::map::<f64, f64>(vm, Kind::Float, &x, Convert::Raw, |item| 1.0 / item))
}
