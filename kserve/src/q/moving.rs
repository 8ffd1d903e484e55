//! Moving aggregates: `msum mavg mcount mmin mmax mdev`.

use std::collections::VecDeque;

use kcodec::Kind;

use super::arith::kind_of;
use super::compare;
use super::fault::{Fault, R};
use super::loops::Side;
use super::measure::across;
use super::noun::{Dict, Noun, vector};
use super::number::{Number, in_lane};
use super::running::summed;
use super::temporal::Convert;
use super::vm::Vm;

/// A moving aggregate over a vector, with the number of items in the window.
pub(crate) type Moving = fn(&mut Vm<'_>, usize, &Noun) -> R;

/// Applies a moving aggregate; to a list of lists item by item across the lists.
pub(crate) fn moving(vm: &mut Vm<'_>, n: Noun, x: Noun, run: Moving) -> R {
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
            let columns = across(vm, &x, &mut |vm, column| window(vm, count, column, run))?;
            across(vm, &columns, &mut |_, row| Ok(row))
        }
        Noun::Dict(dict) => {
            let values = window(vm, count, dict.values.clone(), run)?;
            Dict::new(dict.keys.clone(), values)
        }
        Noun::Table(table) => vm.each_column(table, |vm, column| window(vm, count, column, run)),
        _ => Err(Fault::TYPE),
    }
}

/// `n msum x`, as q computes it: the prefix sum at the item minus the prefix sum before the window. Nulls add
/// nothing.
pub(crate) fn msum(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let kind = summed(x)?;
    in_lane!(kind, T => {
        let side = Side::<T>::new(x, Convert::Raw)?;
        let items = side.all(vm)?;
        let value = |item: T| if item.is_null() { T::default() } else { item };
        let (mut head, mut tail) = (T::default(), T::default());
        let mut out = vm.vec(items.len())?;
        out.extend(items.iter().zip(leaving(&items, count)).map(|(&item, gone)| {
            head = head.plus(value(item));
            if let Some(gone) = gone {
                tail = tail.plus(value(gone));
            }
            head.minus(tail)
        }));
        Ok(vector(kind, out))
    })
}

/// For each item, the item that leaves the window when it enters.
fn leaving<T: Copy>(items: &[T], count: usize) -> impl Iterator<Item = Option<T>> {
    std::iter::repeat_n(None, count.min(items.len())).chain(items.iter().copied().map(Some))
}

/// Prefix sums of the items and of their squares, and the number of items. Nulls are skipped.
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

/// Computes `of` for the window that ends at each item, from the difference of two prefix sums. `from` is
/// subtracted from every item first.
fn windows(vm: &mut Vm<'_>, count: usize, items: &[f64], from: f64, of: impl Fn(f64, f64, f64) -> f64) -> R {
    let (mut head, mut tail) = (Prefix::default(), Prefix::default());
    let mut out = vm.vec(items.len())?;
    vm.charge(items.len().saturating_mul(2))?;
    out.extend(items.iter().zip(leaving(items, count)).map(|(&item, gone)| {
        head.take(item - from);
        if let Some(gone) = gone {
            tail.take(gone - from);
        }
        of(head.sum - tail.sum, head.squares - tail.squares, head.count - tail.count)
    }));
    Ok(vector(Kind::Float, out))
}

/// `n mavg x`: nulls are skipped.
pub(crate) fn mavg(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let side = Side::<f64>::new(x, Convert::Raw)?;
    let items = side.all(vm)?;
    windows(vm, count, &items, 0.0, |sum, _, known| sum / known)
}

/// `n mcount x`: the number of items in the window that are not null.
pub(crate) fn mcount(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let null = compare::null(vm, x.clone())?;
    let known = compare::not(vm, null)?;
    msum(vm, count, &known)
}

/// `n mdev x`: from the means of the squares and of the items.
pub(crate) fn mdev(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let side = Side::<f64>::new(x, Convert::Raw)?;
    let items = side.all(vm)?;
    // Items are taken relative to the overall mean: far from zero, the squares would lose the digits in which items
    // differ.
    let (sum, known) =
        items.iter().filter(|item| item.is_finite()).fold((0.0, 0.0), |(sum, known), &item| (sum + item, known + 1.0));
    let mean = if known > 0.0 { sum / known } else { 0.0 };
    windows(vm, count, &items, mean, |sum, squares, known| {
        let (mean, square) = (sum / known, squares / known);
        let variance = square - mean * mean;
        // Below this bound, the variance of equal items is rounding error.
        if variance < square.abs() * 1e-14 { 0.0 } else { variance.sqrt() }
    })
}

/// `n mmin x`, `n mmax x`: nulls are the least items.
pub(crate) fn mextreme<const MAX: bool>(vm: &mut Vm<'_>, count: usize, x: &Noun) -> R {
    let kind = kind_of(x)?;
    in_lane!(kind, T => {
        let items = x.items::<T>().ok_or(Fault::TYPE)?;
        let mut out = vm.vec(items.len())?;
        vm.charge(items.len().saturating_mul(4))?;
        // Monotonic queue: positions in the window whose item is not beaten by a later one. The front is the
        // window's extreme.
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
