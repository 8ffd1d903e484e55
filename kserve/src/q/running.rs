//! Uniform functions: running and moving aggregates, and neighbours of items.

use kcodec::Kind;

use super::arith::{self, kind_of};
use super::build;
use super::compare;
use super::fault::{Fault, R};
use super::loops::Side;
use super::matches::same_item;
use super::moving;
use super::noun::{Dict, Lane, Noun, Vector, empty, null_item, vector, with_items};
use super::number::{Number, in_lane};
use super::promote;
use super::temporal::Convert;
use super::verb::{Verb, infix, unary};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[
    unary("sums", None, |vm, x| running(vm, x, sums)),
    unary("prds", None, |vm, x| running(vm, x, prds)),
    unary("mins", None, |vm, x| running(vm, x, extremes::<false>)),
    unary("maxs", None, |vm, x| running(vm, x, extremes::<true>)),
    unary("avgs", None, |vm, x| running(vm, x, avgs)),
    unary("deltas", None, |vm, x| running(vm, x, deltas)),
    unary("ratios", None, |vm, x| running(vm, x, ratios)),
    unary("fills", None, |vm, x| running(vm, x, fills)),
    unary("differ", None, differ),
    unary("prev", None, |vm, x| shift(vm, x, 1)),
    unary("next", None, |vm, x| shift(vm, x, -1)),
    infix("xprev", None, xprev),
    infix("msum", None, |vm, n, x| moving::moving(vm, n, x, moving::msum)),
    infix("mavg", None, |vm, n, x| moving::moving(vm, n, x, moving::mavg)),
    infix("mcount", None, |vm, n, x| moving::moving(vm, n, x, moving::mcount)),
    infix("mmin", None, |vm, n, x| moving::moving(vm, n, x, moving::mextreme::<false>)),
    infix("mmax", None, |vm, n, x| moving::moving(vm, n, x, moving::mextreme::<true>)),
    infix("mdev", None, |vm, n, x| moving::moving(vm, n, x, moving::mdev)),
    infix("ema", None, ema),
];

/// A running aggregate over a vector or general list.
type Running = fn(&mut Vm<'_>, &Noun) -> R;

/// Applies a running aggregate to a list, the values of a dict, or each column of a table.
fn running(vm: &mut Vm<'_>, x: Noun, run: Running) -> R {
    match x {
        Noun::Vector(_) => run(vm, &x),
        Noun::List(ref list) if list.items().is_empty() => Ok(x),
        Noun::List(_) => run(vm, &x),
        Noun::Atom(_) => run(vm, &x),
        Noun::Dict(dict) => {
            let values = running(vm, dict.values.clone(), run)?;
            Dict::new(dict.keys.clone(), values)
        }
        Noun::Table(table) => vm.each_column(table, |vm, column| running(vm, column, run)),
        Noun::Enum(list) => {
            let members = vm.members(&list)?;
            run(vm, &members)
        }
        Noun::Null | Noun::Elided | Noun::Func(_) => Err(Fault::TYPE),
    }
}

/// `f\x` for a general list.
fn scan(vm: &mut Vm<'_>, x: &Noun, verb: fn(&mut Vm<'_>, Noun, Noun) -> R) -> R {
    let items = build::items(x);
    let mut out: Vec<Noun> = vm.vec(items.len())?;
    for item in items {
        vm.charge(16)?;
        let value = match out.last() {
            Some(before) => verb(vm, before.clone(), item)?,
            None => item,
        };
        out.push(value);
    }
    build::tidy(out)
}

/// Maps the items of a vector with a stateful function.
fn stateful<T: Number, U: Lane>(vm: &mut Vm<'_>, kind: Kind, x: &Noun, mut step: impl FnMut(T) -> U) -> R {
    let side = Side::<T>::new(x, Convert::Raw)?;
    let mut out = vm.vec(side.count().unwrap_or(1))?;
    side.blocks(vm, |items| out.extend(items.iter().map(|&item| step(item))))?;
    match out.as_slice() {
        [only] if x.is_atom() => Ok(super::noun::atom(kind, *only)),
        _ => Ok(vector(kind, out)),
    }
}

pub(crate) fn summed(x: &Noun) -> R<Kind> {
    promote::result(promote::SUM, kind_of(x)?).ok_or(Fault::TYPE)
}

/// `sums x`: nulls add nothing.
fn sums(vm: &mut Vm<'_>, x: &Noun) -> R {
    if matches!(x, Noun::List(_)) {
        return scan(vm, x, arith::add);
    }
    let kind = summed(x)?;
    in_lane!(kind, T => {
        let mut sum = T::default();
        stateful::<T, T>(vm, kind, x, |item| {
            if !item.is_null() {
                sum = sum.plus(item);
            }
            sum
        })
    })
}

/// `prds x`
fn prds(vm: &mut Vm<'_>, x: &Noun) -> R {
    if matches!(x, Noun::List(_)) {
        return scan(vm, x, arith::multiply);
    }
    let kind = summed(x)?;
    in_lane!(kind, T => {
        let mut product = T::from_long(1);
        stateful::<T, T>(vm, kind, x, |item| {
            if !item.is_null() {
                product = product.times(item);
            }
            product
        })
    })
}

/// `mins x`, `maxs x`: leading nulls become the greatest or least value of the kind.
fn extremes<const MAX: bool>(vm: &mut Vm<'_>, x: &Noun) -> R {
    if matches!(x, Noun::List(_)) {
        return scan(vm, x, if MAX { arith::greater } else { arith::lesser });
    }
    let kind = kind_of(x)?;
    if x.is_atom() {
        return Ok(x.clone());
    }
    in_lane!(kind, T => {
        let mut best = if MAX { T::LEAST } else if kind == Kind::Boolean { T::from_long(1) } else { T::MOST };
        stateful::<T, T>(vm, kind, x, |item| {
            if !item.is_null() {
                best = if MAX { best.greater(item) } else { best.lesser(item) };
            }
            best
        })
    })
}

/// `avgs x`: nulls are skipped.
fn avgs(vm: &mut Vm<'_>, x: &Noun) -> R {
    if matches!(x, Noun::List(_)) {
        let sums = sums(vm, x)?;
        let counts = (1..=x.len()).map(|count| count as f64).collect();
        return arith::divide(vm, sums, vector(Kind::Float, counts));
    }
    let (mut sum, mut count) = (0.0, 0.0);
    stateful::<f64, f64>(vm, Kind::Float, x, |item| {
        if !item.is_nan() {
            sum += item;
            count += 1.0;
        }
        sum / count
    })
}

/// Applies a verb to each item and its predecessor; `first` is the first result.
fn with_prior(vm: &mut Vm<'_>, x: &Noun, verb: fn(&mut Vm<'_>, Noun, Noun) -> R, first: Noun) -> R {
    if let Noun::List(list) = x {
        let mut all = vm.vec(list.items().len())?;
        all.push(first);
        for (before, item) in list.items().iter().zip(list.items().iter().skip(1)) {
            vm.charge(16)?;
            all.push(verb(vm, item.clone(), before.clone())?);
        }
        return build::tidy(all);
    }
    let before = shift(vm, x.clone(), 1)?;
    let mut all = verb(vm, x.clone(), before)?;
    if let (Noun::Vector(_), Noun::Atom(_)) = (&all, &first)
        && all.kind() == first.kind()
    {
        vm.put(&mut all, 0, first)?;
        return Ok(all);
    }
    let mut items = build::items(&all);
    if let Some(place) = items.first_mut() {
        *place = first;
    }
    build::tidy(items)
}

/// `deltas x`
pub(crate) fn deltas(vm: &mut Vm<'_>, x: &Noun) -> R {
    match x {
        Noun::Vector(items) if items.len() == 0 || items.kind == Kind::Symbol => {
            kind_of(x).and_then(|kind| promote::result(promote::NEGATE, kind).ok_or(Fault::TYPE)).map(empty)
        }
        Noun::Vector(Vector { kind: Kind::Long, .. }) => {
            let mut before = 0_i64;
            stateful::<i64, i64>(vm, Kind::Long, x, |item| item.minus(std::mem::replace(&mut before, item)))
        }
        Noun::Vector(Vector { kind: Kind::Float, .. }) => {
            let mut before = 0.0;
            stateful::<f64, f64>(vm, Kind::Float, x, |item| item - std::mem::replace(&mut before, item))
        }
        Noun::Atom(_) => Ok(x.clone()),
        _ => {
            let first = arith::subtract(vm, x.at(0), Noun::bool(false));
            let first = match first {
                Ok(first) if first.kind().is_some_and(|kind| kind < Kind::Timestamp) => first,
                _ => x.at(0),
            };
            with_prior(vm, x, arith::subtract, first)
        }
    }
}

/// `ratios x`
fn ratios(vm: &mut Vm<'_>, x: &Noun) -> R {
    match x {
        Noun::Atom(_) => Ok(x.clone()),
        Noun::Vector(items) if items.len() == 0 => Ok(empty(Kind::Float)),
        _ => {
            let first = arith::divide(vm, x.at(0), Noun::long(1))?;
            with_prior(vm, x, arith::divide, first)
        }
    }
}

/// `fills x`: replaces each null by the last item before it that is not null.
fn fills(vm: &mut Vm<'_>, x: &Noun) -> R {
    match x {
        Noun::Vector(Vector { kind, items, .. }) => with_items!(items, items => fill_items(vm, *kind, items)),
        Noun::List(_) => scan(vm, x, arith::fill),
        _ => Ok(x.clone()),
    }
}

fn fill_items<T: Lane>(vm: &mut Vm<'_>, kind: Kind, items: &[T]) -> R {
    let mut out = vm.vec(items.len())?;
    let mut last = T::from_item(null_item(kind)).unwrap_or(T::NULL);
    out.extend(items.iter().map(|&item| {
        if !compare::is_null(kind, item.item()) {
            last = item;
        }
        last
    }));
    Ok(vector(kind, out))
}

/// `differ x`: whether each item differs from the one before it.
fn differ(vm: &mut Vm<'_>, x: Noun) -> R {
    match &x {
        Noun::Vector(Vector { items, .. }) => with_items!(items, items => differ_items(vm, items)),
        Noun::List(_) | Noun::Table(_) => {
            let items = build::items(&x);
            let mut out: Vec<u8> = vm.vec(items.len())?;
            for (index, item) in items.iter().enumerate() {
                let before = index.checked_sub(1).and_then(|before| items.get(before));
                out.push(u8::from(match before {
                    Some(before) => !vm.matches(item, before)?,
                    None => true,
                }));
            }
            Ok(vector(Kind::Boolean, out))
        }
        Noun::Dict(dict) => {
            let values = differ(vm, dict.values.clone())?;
            Dict::new(dict.keys.clone(), values)
        }
        _ => Err(Fault::TYPE),
    }
}

fn differ_items<T: Lane>(vm: &mut Vm<'_>, items: &[T]) -> R {
    let mut out: Vec<u8> = vm.vec(items.len())?;
    if !items.is_empty() {
        out.push(1);
    }
    out.extend(
        items
            .iter()
            .zip(items.iter().skip(1))
            .map(|(before, item)| u8::from(before != item && !same_item(before.item(), item.item()))),
    );
    Ok(vector(Kind::Boolean, out))
}

/// `n xprev x`
fn xprev(vm: &mut Vm<'_>, n: Noun, x: Noun) -> R {
    let count = n.as_long().ok_or(Fault::TYPE)?;
    shift(vm, x, count)
}

/// Shifts items by `by` places towards the end. Vacated places become nulls.
fn shift(vm: &mut Vm<'_>, x: Noun, by: i64) -> R {
    match &x {
        Noun::Vector(Vector { kind, items, .. }) => with_items!(items, items => shift_items(vm, *kind, items, by)),
        Noun::Enum(list) => super::enumeration::over(list.domain, shift(vm, list.places.clone(), by)?),
        Noun::Table(table) => vm.each_column(table.clone(), |vm, column| shift(vm, column, by)),
        Noun::List(_) => {
            let count = x.len();
            let mut places = vm.vec(count)?;
            places.extend((0..count as i64).map(|place| super::index::place(place.saturating_sub(by))));
            if count == 0 { Ok(x) } else { vm.gather(&x, &places) }
        }
        Noun::Dict(dict) => {
            let values = shift(vm, dict.values.clone(), by)?;
            Dict::new(dict.keys.clone(), values)
        }
        _ => Err(Fault::TYPE),
    }
}

fn shift_items<T: Lane>(vm: &mut Vm<'_>, kind: Kind, items: &[T], by: i64) -> R {
    let null = T::from_item(null_item(kind)).unwrap_or(T::NULL);
    let count = items.len();
    let gap = usize::try_from(by.unsigned_abs()).unwrap_or(usize::MAX).min(count);
    let mut out = vm.vec(count)?;
    if by < 0 {
        out.extend_from_slice(items.get(gap..).unwrap_or_default());
    }
    out.resize(out.len() + gap, null);
    if by >= 0 {
        out.extend_from_slice(items.get(..count - gap).unwrap_or_default());
    }
    Ok(vector(kind, out))
}

/// `a ema x`: exponential moving average, `v[i] = (1 - a) * v[i-1] + a * x[i]`.
fn ema(vm: &mut Vm<'_>, a: Noun, x: Noun) -> R {
    let Side::Atom(a) = Side::<f64>::new(&a, Convert::Raw)? else { return Err(Fault::nyi("ema of a list of factors")) };
    match &x {
        Noun::Vector(_) => {
            let mut last = None;
            stateful::<f64, f64>(vm, Kind::Float, &x, |item| {
                let value = last.map_or(item, |last: f64| last * (1.0 - a) + a * item);
                last = Some(value);
                value
            })
        }
        _ => Err(Fault::nyi("ema of a value that is not a vector")),
    }
}
