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
use super::number::{Number, Side, in_lane};
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

/// Each item of a list with the one before it, by an operator on lists; the first one is given.
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
        Noun::Vector(Vector { kind, items, .. }) => with_items!(items, items => shift_items(vm, *kind, items, by)),
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
        let side = Side::<T>::new(x, Convert::Raw)?;
        let items = side.all(vm)?;
        let value = |item: T| if item.is_null() { T::default() } else { item };
        let (mut head, mut tail) = (T::default(), T::default());
        let mut out = vm.vec(items.len())?;
        out.extend(items.iter().zip(left_behind(&items, count)).map(|(&item, gone)| {
            head = head.plus(value(item));
            if let Some(gone) = gone {
                tail = tail.plus(value(gone));
            }
            head.minus(tail)
        }));
        Ok(vector(kind, out))
    })
}

/// Of each item, the one that leaves the window as it comes in.
fn left_behind<T: Copy>(items: &[T], count: usize) -> impl Iterator<Item = Option<T>> {
    std::iter::repeat_n(None, count.min(items.len())).chain(items.iter().copied().map(Some))
}

/// Sums of the numbers and of their squares, and how many there were, up to an item.
#[derive(Default, Clone, Copy)]
struct Prefix {
    sum: f64,
    squares: f64,
    count: f64,
}

impl Prefix {
    fn take(&mut self, item: f64) {
        if !item.is_nan() {
            self.sum += item;
            self.squares += item * item;
            self.count += 1.0;
        }
    }
}

/// What `of` makes of the window that ends at each item, by the difference of two prefixes.
fn windows(vm: &mut Vm<'_>, count: usize, items: &[f64], from: f64, of: impl Fn(f64, f64, f64) -> f64) -> R {
    let (mut head, mut tail) = (Prefix::default(), Prefix::default());
    let mut out = vm.vec(items.len())?;
    vm.charge(items.len().saturating_mul(2))?;
    out.extend(items.iter().zip(left_behind(items, count)).map(|(&item, gone)| {
        head.take(item - from);
        if let Some(gone) = gone {
            tail.take(gone - from);
        }
        of(head.sum - tail.sum, head.squares - tail.squares, head.count - tail.count)
    }));
    Ok(vector(Kind::Float, out))
}

/// `n mavg x`: nulls are left out.
fn mavg(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let side = Side::<f64>::new(x, Convert::Raw)?;
    let items = side.all(vm)?;
    windows(vm, count, &items, 0.0, |sum, _, known| sum / known)
}

/// `n mcount x`: how many are no nulls.
fn mcount(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let null = compare::null(vm, x.clone())?;
    let known = compare::not(vm, null)?;
    msum(vm, count, &known)
}

/// `n mdev x`: from the means of the squares and of the items.
fn mdev(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let side = Side::<f64>::new(x, Convert::Raw)?;
    let items = side.all(vm)?;
    // Far from zero the squares would lose what the items differ by: they are counted from the mean.
    let (sum, known) =
        items.iter().filter(|item| item.is_finite()).fold((0.0, 0.0), |(sum, known), &item| (sum + item, known + 1.0));
    let mean = if known > 0.0 { sum / known } else { 0.0 };
    windows(vm, count, &items, mean, |sum, squares, known| {
        let (mean, square) = (sum / known, squares / known);
        let variance = square - mean * mean;
        // What is left of equal numbers is rounding.
        if variance < square.abs() * 1e-14 { 0.0 } else { variance.sqrt() }
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
