//! As long as what they are made of: running and moving aggregates, and items with their neighbours.

use std::collections::VecDeque;

use kcodec::Kind;

use super::aggregate::along;
use super::arith::{self, kind_of};
use super::build;
use super::compare;
use super::fault::{Fault, R};
use super::find::same_item;
use super::noun::{Dict, Lane, Noun, Vector, empty, null_item, vector, with_items};
use super::number::{self, Number, Side, in_lane};
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
    infix("msum", None, |vm, n, x| moving(vm, n, x, msum)),
    infix("mavg", None, |vm, n, x| moving(vm, n, x, mavg)),
    infix("mcount", None, |vm, n, x| moving(vm, n, x, mcount)),
    infix("mmin", None, |vm, n, x| moving(vm, n, x, mextreme::<false>)),
    infix("mmax", None, |vm, n, x| moving(vm, n, x, mextreme::<true>)),
    infix("mdev", None, |vm, n, x| moving(vm, n, x, mdev)),
    infix("ema", None, ema),
];

/// A loop over a vector, or a general list.
type Running = fn(&mut Vm<'_>, &Noun) -> R;

/// Along a list, the values of a dict, each column of a table.
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
        Noun::Null | Noun::Elided | Noun::Func(_) => Err(Fault::TYPE),
    }
}

/// `f\x` of a general list.
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

/// What a loop that keeps a state makes of each item of a vector.
fn stateful<T: Number, U: Lane>(vm: &mut Vm<'_>, kind: Kind, x: &Noun, mut step: impl FnMut(T) -> U) -> R {
    let side = Side::<T>::new(x, Convert::Raw)?;
    let mut out = vm.vec(side.count().unwrap_or(1))?;
    side.blocks(vm, |items| out.extend(items.iter().map(|&item| step(item))))?;
    match out.as_slice() {
        [only] if x.is_atom() => Ok(super::noun::atom(kind, *only)),
        _ => Ok(vector(kind, out)),
    }
}

fn summed(x: &Noun) -> R<Kind> {
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

/// `mins x`, `maxs x`: nulls at the start are the greatest or the least of the kind.
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

/// `avgs x`: nulls are left out.
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

/// Each item of a vector with the one before it, by an operator on vectors; the first stays, of `kind`.
fn with_prior(vm: &mut Vm<'_>, x: &Noun, verb: fn(&mut Vm<'_>, Noun, Noun) -> R, first: Noun) -> R {
    if x.len() <= 1 {
        return build::enlist(first);
    }
    let places: Vec<usize> = (1..x.len()).collect();
    let later = vm.gather(x, &places)?;
    let places: Vec<usize> = (0..x.len() - 1).collect();
    let before = vm.gather(x, &places)?;
    let rest = verb(vm, later, before)?;
    let mut all = build::enlist(first)?;
    if all.kind() == rest.kind() {
        vm.append(&mut all, rest)?;
        return Ok(all);
    }
    let mut items = build::items(&all);
    items.extend(build::items(&rest));
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

/// `fills x`: nulls are replaced by what stands before them.
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

/// `differ x`: whether each item is another than the one before.
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

/// Items moved so many places towards the end; nulls where none comes.
fn shift(vm: &mut Vm<'_>, x: Noun, by: i64) -> R {
    match &x {
        Noun::Vector(_) | Noun::List(_) | Noun::Table(_) => {
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

/// A loop over a vector with a window of so many items.
type Moving = fn(&mut Vm<'_>, usize, &Noun) -> R;

/// A moving aggregate: of lists of lists along the lists.
fn moving(vm: &mut Vm<'_>, n: Noun, x: Noun, run: Moving) -> R {
    let count = n.as_long().filter(|_| kind_of(&n).is_ok_and(|kind| kind < Kind::Real)).ok_or(Fault::TYPE)?;
    window(vm, usize::try_from(count).unwrap_or(0), x, run)
}

fn window(vm: &mut Vm<'_>, count: usize, x: Noun, run: Moving) -> R {
    match x {
        Noun::Vector(_) => run(vm, count, &x),
        Noun::List(ref list) if list.items().is_empty() => Ok(x),
        Noun::List(ref list) if list.items().iter().all(Noun::is_atom) => {
            let floats = super::math::all_floats(vm, &x)?;
            run(vm, count, &vector(Kind::Float, floats))
        }
        Noun::List(_) => {
            let columns = along(vm, &x, &mut |vm, column| window(vm, count, column, run))?;
            along(vm, &columns, &mut |_, row| Ok(row))
        }
        Noun::Dict(dict) => {
            let values = window(vm, count, dict.values.clone(), run)?;
            Dict::new(dict.keys.clone(), values)
        }
        Noun::Table(table) => vm.each_column(table, |vm, column| window(vm, count, column, run)),
        _ => Err(Fault::TYPE),
    }
}

/// `n msum x`: as q does it, the sum up to each item less that up to the one before the window; nulls add nothing.
fn msum(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let kind = summed(x)?;
    in_lane!(kind, T => {
        let mut sums = Side::<T>::new(x, Convert::Raw)?.items(vm)?;
        let mut sum = T::default();
        for item in &mut sums {
            sum = if item.is_null() { sum } else { sum.plus(*item) };
            *item = sum;
        }
        let mut out = vm.vec(sums.len())?;
        let before = std::iter::repeat_n(T::default(), count.min(sums.len())).chain(sums.iter().copied());
        out.extend(sums.iter().zip(before).map(|(sum, before)| sum.minus(before)));
        Ok(vector(kind, out))
    })
}

/// `n mavg x`: nulls are left out.
fn mavg(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let floats = number::map::<f64, f64>(vm, Kind::Float, x, Convert::Raw, |item| item)?;
    let (sums, known) = (msum(vm, count, &floats)?, mcount(vm, count, x)?);
    arith::divide(vm, sums, known)
}

/// `n mcount x`: how many are no nulls.
fn mcount(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let null = compare::null(vm, x.clone())?;
    let known = compare::not(vm, null)?;
    msum(vm, count, &known)
}

/// `n mdev x`: as q does it, from the means of the squares and of the items.
fn mdev(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let items = Side::<f64>::new(x, Convert::Raw)?.items(vm)?;
    vm.charge(items.len().saturating_mul(2))?;
    // Far from zero the squares would lose what the items differ by: they are counted from the mean.
    let known: Vec<f64> = items.iter().copied().filter(|item| item.is_finite()).collect();
    let mean = known.iter().sum::<f64>() / known.len().max(1) as f64;
    let apart = vector(Kind::Float, items.iter().map(|item| item - mean).collect::<Vec<_>>());
    let squares = vector(Kind::Float, items.iter().map(|item| (item - mean) * (item - mean)).collect::<Vec<_>>());
    let (means, squares) = (mavg(vm, count, &apart)?, mavg(vm, count, &squares)?);
    let (x, y) = ((means, Convert::Raw), (squares, Convert::Raw));
    number::pairs_in_place::<f64>(vm, Kind::Float, x, y, |mean, square| {
        let variance = square - mean * mean;
        // What is left of equal numbers is rounding.
        if variance < square.abs() * 1e-14 { if variance.is_nan() { variance } else { 0.0 } } else { variance.sqrt() }
    })
}

/// `n mmin x`, `n mmax x`: nulls are the least.
fn mextreme<const MAX: bool>(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let kind = kind_of(x)?;
    in_lane!(kind, T => {
        let items = x.items::<T>().ok_or(Fault::TYPE)?;
        let mut out = vm.vec(items.len())?;
        vm.charge(items.len().saturating_mul(4))?;
        // The positions whose items no later one in the window beats.
        let mut best: VecDeque<usize> = VecDeque::new();
        for (index, &item) in items.iter().enumerate() {
            let beaten = |&at: &usize| {
                let old = items.get(at).copied().unwrap_or(item);
                if MAX { !item.below(old) } else { !old.below(item) }
            };
            while best.back().is_some_and(beaten) {
                best.pop_back();
            }
            best.push_back(index);
            while best.front().is_some_and(|&at| at + count.max(1) <= index) {
                best.pop_front();
            }
            out.push(best.front().and_then(|&at| items.get(at)).copied().unwrap_or(item));
        }
        Ok(vector(kind, out))
    })
}

/// `a ema x`: each item by `a`, what came before by the rest.
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
        _ => Err(Fault::nyi("ema of anything but a vector")),
    }
}
