//! Integer division and rounding: `div mod xbar floor ceiling`.

use kcodec::Kind;

use super::arith::kind_of;
use super::atomic::Unmatched;
use super::fault::{Fault, R};
use super::loops;
use super::noun::{Noun, null_item};
use super::number::{Number, in_lane};
use super::promote::{self, is_number, promote};
use super::temporal::Convert;
use super::vm::Vm;

/// Floored division.
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

/// Rounds down, but to the nearest integer if that is within the tolerance.
fn tolerant_floor(x: f64) -> f64 {
    let nearest = x.round();
    if nearest.same(x) { nearest } else { x.floor() }
}

/// Runs `$work` with the lane in which a kind is divided.
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

/// The kind of `x div y`, by the kind of x.
fn divided(x: Kind, y: Kind) -> R<Kind> {
    if !is_number(x) || !is_number(y) {
        return Err(Fault::TYPE);
    }
    let kind = promote::result(promote::DIV, x).filter(|_| y < Kind::Timestamp);
    // Dividing a temporal by a float is not supported.
    kind.filter(|_| x < Kind::Timestamp || !matches!(y, Kind::Real | Kind::Float))
        .ok_or_else(|| Fault::nyi("div, mod or xbar of these temporal types"))
}

/// The lane in which two kinds are divided.
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

/// Computes in the lane of the wider argument, then converts the result to `kind`.
fn whole(vm: &mut Vm<'_>, kind: Kind, x: Noun, y: Noun, op: WholeOp) -> R {
    let lane = wider(kind_of(&x)?, kind_of(&y)?);
    let (x, y) = ((x, Convert::Raw), (y, Convert::Raw));
    let out = in_whole!(lane, T => match op {
        WholeOp::Div => loops::pairs_in_place::<T>(vm, lane, x, y, T::quotient),
        WholeOp::Mod => loops::pairs_in_place::<T>(vm, lane, x, y, T::remainder),
        WholeOp::Bar => loops::pairs_in_place::<T>(vm, lane, x, y, |x, y| x.times(y.quotient(x))),
    })?;
    let (from, to) = (null_item(lane), null_item(kind));
    if std::mem::discriminant(&from) == std::mem::discriminant(&to) {
        return Ok(loops::of_kind(out, kind));
    }
    in_lane!(kind, T => loops::map::<T, T>(vm, kind, &out, Convert::Raw, |item| item))
}

#[derive(Clone, Copy)]
enum WholeOp {
    Div,
    Mod,
    Bar,
}

/// `x div y`: the quotient, rounded down.
pub(crate) fn div(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Unmatched::Keep, |vm, x, y| {
        let kind = divided(kind_of(&x)?, kind_of(&y)?)?;
        whole(vm, kind, x, y, WholeOp::Div)
    })
}

/// `x mod y`: `x-y*x div y`, with the sign of `y`. For dates a plain number.
pub(crate) fn modulo(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Unmatched::Keep, |vm, x, y| {
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

/// `x xbar y`: `x*y div x`, which is `y` rounded down to a multiple of `x`.
pub(crate) fn xbar(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    vm.atomic2(x, y, Unmatched::Keep, |vm, x, y| {
        let (from, to) = (kind_of(&x)?, kind_of(&y)?);
        let kind = match (from, to) {
            (Kind::Timespan, Kind::Timestamp | Kind::Timespan) => Some(to),
            _ if from == to && from >= Kind::Timestamp && from != Kind::Datetime => Some(to),
            _ => promote(&promote::MULTIPLY, numeric(from), divided(to, from)?),
        };
        whole(vm, kind.ok_or(Fault::TYPE)?, x, y, WholeOp::Bar)
    })
}

/// `floor x`: rounds down; of a datetime, its date.
pub(crate) fn floor(vm: &mut Vm<'_>, x: Noun) -> R {
    vm.atomic1(x, |vm, x| whole_number(vm, x, tolerant_floor))
}

/// `ceiling x`
pub(crate) fn ceiling(vm: &mut Vm<'_>, x: Noun) -> R {
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
        Kind::Date => loops::map::<f64, i32>(vm, kind, &x, Convert::Raw, |item| i32::from_double(round(item))),
        Kind::Long => loops::map::<f64, i64>(vm, kind, &x, Convert::Raw, |item| i64::from_double(round(item))),
        _ => loops::map::<i32, i32>(vm, kind, &x, Convert::Raw, |item| item),
    }
}
