//! Arithmetic: `+ - * % & | ^`, `div mod xbar`, `neg abs signum reciprocal floor ceiling`.
//!
//! The kinds of the arguments give the kind of the result ([`promote`]), which says in what lane it is calculated and
//! what each argument is converted to. A null makes the result null; infinities of integers are plain numbers and
//! wrap around.

use kcodec::Kind;

use super::atomic::Lone;
use super::fault::{Fault, R};
use super::noun::{Item, Noun, null_item};
use super::number::{self, Number, in_lane};
use super::promote::{self, is_number, promote};
use super::temporal::{Convert, conversion};
use super::verb::{Verb, infix, unary};
use super::vm::Vm;

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
    infix("div", Some(31), div),
    infix("mod", None, modulo),
    infix("xbar", None, xbar),
    unary("neg", Some(2), neg),
    unary("abs", Some(31), abs),
    unary("signum", None, signum),
    unary("reciprocal", Some(4), reciprocal),
    unary("floor", Some(14), floor),
    unary("ceiling", None, ceiling),
];

/// The kind of an atom or vector.
pub(crate) fn kind_of(x: &Noun) -> R<Kind> {
    x.kind().ok_or(Fault::TYPE)
}

/// How an argument gets into the lane of the result.
#[derive(Clone, Copy)]
enum Unit {
    /// Its number as it is.
    Raw,
    /// In the unit of the result; `true`: a timestamp that becomes a time counts as its time of the day.
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

/// A leaf: two atoms or vectors by an operation that is there for every lane.
macro_rules! leaf {
    ($table:expr, $unit:expr, $op:ident) => {
        |vm: &mut Vm<'_>, x: Noun, y: Noun| {
            let (from, to) = (kind_of(&x)?, kind_of(&y)?);
            let kind = promote($table, from, to).ok_or(Fault::TYPE)?;
            let (x, y) = ((x, $unit.convert(from, kind)), (y, $unit.convert(to, kind)));
            in_lane!(kind, T => number::pairs_in_place::<T>(vm, kind, x, y, T::$op))
        }
    };
}

/// Two long atoms or two float atoms: no look-up, no allocation.
macro_rules! quick {
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
pub(crate) use quick;

/// `x+y`
pub(crate) fn add(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    quick!(x, y, |x: i64, y| Noun::long(x.plus(y)), |x, y| Noun::float(x + y));
    vm.atomic2(x, y, Lone::Keep, leaf!(&promote::ADD, Unit::Of(false), plus))
}

/// `x-y`
pub(crate) fn subtract(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    quick!(x, y, |x: i64, y| Noun::long(x.minus(y)), |x, y| Noun::float(x - y));
    vm.atomic2(x, y, Lone::Negate, leaf!(&promote::SUBTRACT, Unit::Of(false), minus))
}

/// `x*y`
pub(crate) fn multiply(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    quick!(x, y, |x: i64, y| Noun::long(x.times(y)), |x, y| Noun::float(x * y));
    vm.atomic2(x, y, Lone::Keep, leaf!(&promote::MULTIPLY, Unit::Raw, times))
}

/// `x&y`
pub(crate) fn lesser(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Lone::Keep, leaf!(&promote::GREATER, Unit::Of(true), lesser))
}

/// `x|y`
pub(crate) fn greater(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Lone::Keep, leaf!(&promote::GREATER, Unit::Of(true), greater))
}

/// `x%y`: the ratio of what is underneath, always a float.
pub(crate) fn divide(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    quick!(x, y, |x: i64, y: i64| Noun::float(x.double() / y.double()), |x, y| Noun::float(x / y));
    vm.atomic2(x, y, Lone::Keep, |vm, x, y| {
        number::pairs_in_place::<f64>(vm, Kind::Float, (x, Convert::Raw), (y, Convert::Raw), |x, y| x / y)
    })
}

/// `x^y`: `y` with its nulls replaced.
pub(crate) fn fill(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Lone::Keep, |vm, x, y| {
        let (from, to) = (kind_of(&x)?, kind_of(&y)?);
        match (from, to) {
            (Kind::Symbol, Kind::Symbol) => fill_same::<super::symbols::Sym>(vm, Kind::Symbol, &x, &y),
            (Kind::Guid, Kind::Guid) => fill_same::<[u8; 16]>(vm, Kind::Guid, &x, &y),
            (Kind::Char, Kind::Char) => fill_chars(vm, &x, &y),
            _ => leaf!(&promote::GREATER, Unit::Of(true), fill)(vm, x, y),
        }
    })
}

/// `x^y` in a lane that is not calculated in.
fn fill_same<T: super::noun::Lane>(vm: &mut Vm<'_>, kind: Kind, x: &Noun, y: &Noun) -> R {
    super::compare::zip(vm, kind, x, y, |x: T, y: T| if y == T::NULL { x } else { y })
}

fn fill_chars(vm: &mut Vm<'_>, x: &Noun, y: &Noun) -> R {
    super::compare::zip(vm, Kind::Char, x, y, |x: u8, y: u8| if y == b' ' { x } else { y })
}

/// Whole quotients and what is left of them.
trait Whole: Number {
    fn quotient(self, other: Self) -> Self;
    fn remainder(self, other: Self) -> Self;
}

macro_rules! whole {
    ($($ty:ty),*) => {$(
        impl Whole for $ty {
            fn quotient(self, other: Self) -> Self {
                if self == Self::MIN || other == Self::MIN || other == 0 {
                    return Self::MIN;
                }
                let quotient = self.wrapping_div(other);
                quotient.wrapping_sub(Self::from(self.wrapping_rem(other) != 0 && (self < 0) != (other < 0)))
            }

            fn remainder(self, other: Self) -> Self {
                if self == Self::MIN || other == Self::MIN || other == 0 {
                    return Self::MIN;
                }
                let left = self.wrapping_rem(other);
                if left != 0 && (left < 0) != (other < 0) { left.wrapping_add(other) } else { left }
            }
        }
    )*};
}
whole!(i32, i64);

macro_rules! whole_float {
    ($($ty:ty),*) => {$(
        impl Whole for $ty {
            fn quotient(self, other: Self) -> Self {
                tolerant_floor(self / other)
            }

            fn remainder(self, other: Self) -> Self {
                self - other * self.quotient(other)
            }
        }
    )*};
}
whole_float!(f64);

/// The greatest whole number that does not exceed a float by more than the tolerance.
fn tolerant_floor(x: f64) -> f64 {
    let nearest = x.round();
    if nearest.same(x) { nearest } else { x.floor() }
}

/// Runs an expression with the lane that a kind is divided in.
macro_rules! in_whole {
    ($kind:expr, $lane:ident => $work:expr) => {
        match $kind {
            Kind::Long => {
                type $lane = i64;
                $work
            }
            Kind::Float => {
                type $lane = f64;
                $work
            }
            _ => {
                type $lane = i32;
                $work
            }
        }
    };
}

/// The kind of `x div y`, by that of x.
fn divided(x: Kind, y: Kind) -> R<Kind> {
    if !is_number(x) || !is_number(y) {
        return Err(Fault::TYPE);
    }
    let kind = promote::result(promote::DIV, x).filter(|_| y < Kind::Timestamp);
    // The fraction of a time is none.
    kind.filter(|_| x < Kind::Timestamp || !matches!(y, Kind::Real | Kind::Float))
        .ok_or_else(|| Fault::nyi("div, mod or xbar of these temporal types"))
}

/// The lane that a quotient of two kinds is calculated in.
fn wider(x: Kind, y: Kind) -> Kind {
    let float = |kind| matches!(kind, Kind::Real | Kind::Float);
    let long = |kind| matches!(kind, Kind::Long | Kind::Timestamp | Kind::Timespan);
    if float(x) || float(y) {
        Kind::Float
    } else if long(x) || long(y) {
        Kind::Long
    } else {
        Kind::Int
    }
}

/// Two arguments in the lane of the wider one; the result is brought to `kind`.
fn whole(vm: &mut Vm<'_>, kind: Kind, x: Noun, y: Noun, op: WholeOp) -> R {
    let lane = wider(kind_of(&x)?, kind_of(&y)?);
    let (x, y) = ((x, Convert::Raw), (y, Convert::Raw));
    let out = in_whole!(lane, T => match op {
        WholeOp::Div => number::pairs_in_place::<T>(vm, lane, x, y, T::quotient),
        WholeOp::Mod => number::pairs_in_place::<T>(vm, lane, x, y, T::remainder),
        WholeOp::Bar => number::pairs_in_place::<T>(vm, lane, x, y, |x, y| x.times(y.quotient(x))),
    })?;
    let (from, to) = (null_item(lane), null_item(kind));
    if std::mem::discriminant(&from) == std::mem::discriminant(&to) {
        return Ok(number::of_kind(out, kind));
    }
    in_lane!(kind, T => number::map::<T, T>(vm, kind, &out, Convert::Raw, |item| item))
}

#[derive(Clone, Copy)]
enum WholeOp {
    Div,
    Mod,
    Bar,
}

/// `x div y`: the whole part of the quotient.
fn div(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Lone::Keep, |vm, x, y| {
        let kind = divided(kind_of(&x)?, kind_of(&y)?)?;
        whole(vm, kind, x, y, WholeOp::Div)
    })
}

/// `x mod y`: `x-y*x div y`, of the sign of `y`; of dates a plain number.
fn modulo(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Lone::Keep, |vm, x, y| {
        let (from, to) = (kind_of(&x)?, kind_of(&y)?);
        let div = divided(from, to)?;
        let kind = if from < Kind::Timestamp {
            promote(&promote::ADD, div, numeric(to))
        } else {
            promote::result(promote::REST, div)
        };
        whole(vm, kind.ok_or(Fault::TYPE)?, x, y, WholeOp::Mod)
    })
}

/// Chars count as ints.
fn numeric(kind: Kind) -> Kind {
    if kind == Kind::Char { Kind::Int } else { kind }
}

/// `x xbar y`: `x*y div x`, `y` rounded down to a multiple of `x`.
fn xbar(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Lone::Keep, |vm, x, y| {
        let (from, to) = (kind_of(&x)?, kind_of(&y)?);
        let kind = match (from, to) {
            (Kind::Timespan, Kind::Timestamp | Kind::Timespan) => Some(to),
            _ if from == to && from >= Kind::Timestamp && from != Kind::Datetime => Some(to),
            _ => promote(&promote::MULTIPLY, numeric(from), divided(to, from)?),
        };
        whole(vm, kind.ok_or(Fault::TYPE)?, x, y, WholeOp::Bar)
    })
}

/// `neg x`
pub(crate) fn neg(vm: &mut Vm<'_>, x: Noun) -> R {
    vm.atomic1(x, |vm, x| {
        let (from, kind) = negated(&x)?;
        in_lane!(kind, T => {
            if from == kind {
                number::map_in_place::<T>(vm, kind, x, |item| item.times(T::from_long(-1)))
            } else {
                number::map::<T, T>(vm, kind, &x, Convert::Raw, |item| item.times(T::from_long(-1)))
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
        in_lane!(kind, T => number::map::<T, T>(vm, kind, &x, Convert::Raw, |item| {
            if item.below(T::default()) { item.times(T::from_long(-1)) } else { item }
        }))
    })
}

/// `signum x`: of a null -1.
fn signum(vm: &mut Vm<'_>, x: Noun) -> R {
    vm.atomic1(x, |vm, x| {
        in_lane!(kind_of(&x)?, T => number::map::<T, i32>(vm, Kind::Int, &x, Convert::Raw, |item| {
            i32::from(T::default().below(item)) - i32::from(item.below(T::default()))
        }))
    })
}

/// `reciprocal x`
fn reciprocal(vm: &mut Vm<'_>, x: Noun) -> R {
    vm.atomic1(x, |vm, x| number::map::<f64, f64>(vm, Kind::Float, &x, Convert::Raw, |item| 1.0 / item))
}

/// `floor x`: the whole number below; of a datetime its date.
fn floor(vm: &mut Vm<'_>, x: Noun) -> R {
    vm.atomic1(x, |vm, x| whole_number(vm, x, tolerant_floor))
}

/// `ceiling x`
fn ceiling(vm: &mut Vm<'_>, x: Noun) -> R {
    vm.atomic1(x, |vm, x| whole_number(vm, x, |item| -tolerant_floor(-item)))
}

fn whole_number(vm: &mut Vm<'_>, x: Noun, round: impl Fn(f64) -> f64 + Copy) -> R {
    let from = kind_of(&x)?;
    if matches!(from, Kind::Char | Kind::Symbol) {
        return Err(Fault::nyi("floor of text"));
    }
    let kind = promote::result(promote::FLOOR, from).ok_or(Fault::TYPE)?;
    match kind {
        _ if kind == from => Ok(x),
        Kind::Date => number::map::<f64, i32>(vm, kind, &x, Convert::Raw, |item| i32::from_double(round(item))),
        Kind::Long => number::map::<f64, i64>(vm, kind, &x, Convert::Raw, |item| i64::from_double(round(item))),
        _ => number::map::<i32, i32>(vm, kind, &x, Convert::Raw, |item| item),
    }
}
