//! Comparison: `= <> < > <= >=`, `not null`, `within`.

use kcodec::Kind;

use super::arith::{kind_of, scalar_fast_path};
use super::atomic::Unmatched;
use super::fault::{Fault, R};
use super::loops::{self, conform};
use super::noun::{Item, Lane, Noun, Vector, atom, null_item, vector, with_items};
use super::number::{Number, in_lane};
use super::promote::{self, is_number, promote};
use super::symbols::Sym;
use super::temporal::{Convert, conversion};
use super::verb::{Verb, infix, unary};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[
    infix("=", Some(8), equal),
    infix("<", Some(9), less),
    infix(">", Some(10), greater),
    infix("<>", None, unequal),
    infix("<=", None, at_most),
    infix(">=", None, at_least),
    infix("within", Some(24), within),
    unary("not", Some(15), not),
    unary("null", Some(7), null),
];

/// The comparison of two items.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Order {
    Equal,
    Less,
    Greater,
}

macro_rules! compare {
    ($name:ident, $order:expr, $not:expr, $test:expr) => {
        fn $name(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
            #[inline]
            fn test<T: Number>(x: T, y: T) -> bool {
                let test: fn(T, T) -> bool = $test;
                test(x, y)
            }
            scalar_fast_path!(x, y, |x, y| Noun::bool(test::<i64>(x, y)), |x, y| Noun::bool(test::<f64>(x, y)));
            vm.atomic2(x, y, Unmatched::Null, |vm, x, y| compare(vm, $order, $not, x, y))
        }
    };
}
compare!(equal, Order::Equal, false, |x, y| x.same(y));
compare!(unequal, Order::Equal, true, |x, y| !x.same(y));
compare!(less, Order::Less, false, |x, y| x.less(y));
compare!(at_least, Order::Less, true, |x, y| !x.less(y));
compare!(greater, Order::Greater, false, |x, y| y.less(x));
compare!(at_most, Order::Greater, true, |x, y| !y.less(x));

/// Compares two atoms or vectors; `not` inverts the result.
fn compare(vm: &mut Vm<'_>, order: Order, not: bool, x: Noun, y: Noun) -> R {
    let (from, to) = (kind_of(&x)?, kind_of(&y)?);
    match (from, to) {
        (Kind::Symbol, Kind::Symbol) => symbols(vm, order, not, &x, &y),
        (Kind::Guid, Kind::Guid) => zip(vm, Kind::Boolean, &x, &y, |x: [u8; 16], y| {
            u8::from(
                not != match order {
                    Order::Equal => x == y,
                    Order::Less => x < y,
                    Order::Greater => x > y,
                },
            )
        }),
        _ if is_number(from) && is_number(to) => {
            let (lane, common) = lane(from, to);
            let convert = |kind| common.map_or(Convert::Raw, |common| conversion(kind, common, true));
            let (x, y) = ((&x, convert(from)), (&y, convert(to)));
            in_lane!(lane, T => numbers::<T>(vm, order, not, x, y))
        }
        _ => Err(Fault::TYPE),
    }
}

fn numbers<T: Number>(vm: &mut Vm<'_>, order: Order, not: bool, x: (&Noun, Convert), y: (&Noun, Convert)) -> R {
    let kind = Kind::Boolean;
    match (order, not) {
        (Order::Equal, false) => loops::pairs::<T, u8>(vm, kind, x, y, |x, y| u8::from(x.same(y))),
        (Order::Equal, true) => loops::pairs::<T, u8>(vm, kind, x, y, |x, y| u8::from(!x.same(y))),
        (Order::Less, false) => loops::pairs::<T, u8>(vm, kind, x, y, |x, y| u8::from(x.less(y))),
        (Order::Less, true) => loops::pairs::<T, u8>(vm, kind, x, y, |x, y| u8::from(!x.less(y))),
        (Order::Greater, false) => loops::pairs::<T, u8>(vm, kind, x, y, |x, y| u8::from(y.less(x))),
        (Order::Greater, true) => loops::pairs::<T, u8>(vm, kind, x, y, |x, y| u8::from(!y.less(x))),
    }
}

/// The kind in whose lane two kinds are compared, and the kind to whose unit both are converted. `None` compares
/// the bare numbers.
fn lane(x: Kind, y: Kind) -> (Kind, Option<Kind>) {
    if x == y {
        return (x, None);
    }
    let temporal = |kind: Kind| kind >= Kind::Timestamp;
    let common = match (x, y) {
        _ if !temporal(x) || !temporal(y) => None,
        (Kind::Timestamp, Kind::Timespan) | (Kind::Timespan, Kind::Timestamp) => Some(Kind::Timespan),
        _ => promote(&promote::GREATER, x, y),
    };
    if let Some(common) = common {
        return (common, Some(common));
    }
    let width = |kind| match kind {
        Kind::Real | Kind::Float | Kind::Datetime => Kind::Float,
        Kind::Long | Kind::Timestamp | Kind::Timespan => Kind::Long,
        _ => Kind::Int,
    };
    let lane = match (width(x), width(y)) {
        (Kind::Float, _) | (_, Kind::Float) => Kind::Float,
        (Kind::Long, _) | (_, Kind::Long) => Kind::Long,
        _ => Kind::Int,
    };
    (lane, None)
}

/// Symbols: equality compares numbers, order compares text.
fn symbols(vm: &mut Vm<'_>, order: Order, not: bool, x: &Noun, y: &Noun) -> R {
    if order == Order::Equal {
        return zip(vm, Kind::Boolean, x, y, |x: Sym, y| u8::from(not != (x == y)));
    }
    let (left, right) = (x.as_syms().ok_or(Fault::TYPE)?, y.as_syms().ok_or(Fault::TYPE)?);
    let test = |vm: &Vm<'_>, x: Sym, y: Sym| {
        let (x, y) = (vm.text(x), vm.text(y));
        u8::from(not != if order == Order::Less { x < y } else { x > y })
    };
    let Some(count) = conform((!x.is_atom()).then_some(left.len()), (!y.is_atom()).then_some(right.len()))? else {
        let (&x, &y) = left.first().zip(right.first()).ok_or(Fault::TYPE)?;
        return Ok(atom(Kind::Boolean, test(vm, x, y)));
    };
    let mut out = vm.vec(count)?;
    vm.charge(count.saturating_mul(8))?;
    let (left, right) = (left.iter().cycle(), right.iter().cycle());
    out.extend(left.zip(right).take(count).map(|(&x, &y)| test(vm, x, y)));
    Ok(vector(Kind::Boolean, out))
}

/// Applies `op` to each pair of items, for any item type.
pub(crate) fn zip<T: Lane, U: Lane>(vm: &mut Vm<'_>, kind: Kind, x: &Noun, y: &Noun, op: impl Fn(T, T) -> U) -> R {
    let single = |noun: &Noun| match noun {
        Noun::Atom(atom) => T::from_item(atom.item),
        _ => None,
    };
    match (single(x), single(y)) {
        (Some(x), Some(y)) => Ok(atom(kind, op(x, y))),
        (Some(x), None) => {
            let y = y.items::<T>().ok_or(Fault::TYPE)?;
            let mut out = vm.vec(y.len())?;
            out.extend(y.iter().map(|&y| op(x, y)));
            Ok(vector(kind, out))
        }
        (None, Some(y)) => {
            let x = x.items::<T>().ok_or(Fault::TYPE)?;
            let mut out = vm.vec(x.len())?;
            out.extend(x.iter().map(|&x| op(x, y)));
            Ok(vector(kind, out))
        }
        (None, None) => {
            let (x, y) = (x.items::<T>().ok_or(Fault::TYPE)?, y.items::<T>().ok_or(Fault::TYPE)?);
            let count = conform(Some(x.len()), Some(y.len()))?.unwrap_or(0);
            let mut out = vm.vec(count)?;
            out.extend(x.iter().zip(y).map(|(&x, &y)| op(x, y)));
            Ok(vector(kind, out))
        }
    }
}

/// `x within y`: whether `x` lies between the two items of `y`, inclusive.
fn within(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    if !y.is_list() {
        return Err(Fault::TYPE);
    }
    if y.len() != 2 {
        return Err(Fault::LENGTH);
    }
    let above = at_least(vm, x.clone(), y.at(0))?;
    let below = at_most(vm, x, y.at(1))?;
    super::arith::lesser(vm, above, below)
}

/// `not x`: whether the underlying number is zero.
pub(crate) fn not(vm: &mut Vm<'_>, x: Noun) -> R {
    vm.atomic1(x, |vm, x| {
        let kind = kind_of(&x)?;
        in_lane!(kind, T => loops::map::<T, u8>(vm, Kind::Boolean, &x, Convert::Raw, |item| {
            u8::from(item == T::default())
        }))
    })
}

/// `null x`
pub(crate) fn null(vm: &mut Vm<'_>, x: Noun) -> R {
    if matches!(x, Noun::Null) {
        return Ok(Noun::bool(true));
    }
    vm.atomic1(x, |vm, x| match &x {
        Noun::Atom(atom) => Ok(Noun::bool(is_null(atom.kind, atom.item))),
        Noun::Vector(Vector { kind, items, .. }) => {
            with_items!(items, items => {
                let mut out = vm.vec(items.len())?;
                out.extend(items.iter().map(|item| u8::from(is_null(*kind, item.item()))));
                Ok(vector(Kind::Boolean, out))
            })
        }
        _ => Err(Fault::TYPE),
    })
}

/// Whether an item is the null of its kind. Booleans and bytes have no null.
pub(crate) fn is_null(kind: Kind, item: Item) -> bool {
    match item {
        Item::F64(item) => item.is_nan(),
        Item::F32(item) => item.is_nan(),
        _ => !matches!(kind, Kind::Boolean | Kind::Byte) && item == null_item(kind),
    }
}
