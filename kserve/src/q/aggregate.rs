//! Aggregates: `first last sum prd min max avg all any`.

use kcodec::{Kind, Slice};

use super::arith::{self, kind_of};
use super::build;
use super::compare;
use super::fault::{Fault, R};
use super::loops::{self, Side};
use super::noun::{Items, NULL_FLOAT, Noun, Vector, atom};
use super::number::{Number, in_lane};
use super::promote::{self, is_number};
use super::temporal::Convert;
use super::verb::{Verb, unary};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[
    unary("first", Some(3), first),
    unary("last", Some(24), last),
    unary("sum", Some(25), sum),
    unary("prd", Some(26), prd),
    unary("min", Some(27), min),
    unary("max", Some(28), max),
    unary("avg", Some(23), avg),
    unary("all", None, |vm, x| flags(vm, x, min)),
    unary("any", None, |vm, x| flags(vm, x, max)),
];

/// Reduces a vector with `vector`, a general list with `list`, a dict by its values, and a table column by column.
fn aggregate(
    vm: &mut Vm<'_>,
    x: Noun,
    vector: fn(&mut Vm<'_>, &Noun, Kind) -> R,
    list: fn(&mut Vm<'_>, &[Noun]) -> R,
) -> R {
    match &x {
        Noun::Atom(_) => vector(vm, &x, kind_of(&x)?),
        Noun::Vector(items) => vector(vm, &x, items.kind),
        Noun::List(items) => list(vm, items.items()),
        Noun::Dict(dict) => aggregate(vm, dict.values.clone(), vector, list),
        Noun::Table(table) => {
            let mut cells = vm.vec(table.columns().len())?;
            for column in table.columns() {
                cells.push(aggregate(vm, column.clone(), vector, list)?);
            }
            build::dict(table.names().to_vec(), cells)
        }
        Noun::Enum(items) => {
            let members = vm.members(items)?;
            aggregate(vm, members, vector, list)
        }
        Noun::Null | Noun::Elided | Noun::Func(_) => Err(Fault::TYPE),
    }
}

/// Folds the items of a general list with `verb`, from left to right. `None` if it is empty.
fn fold(vm: &mut Vm<'_>, items: &[Noun], verb: fn(&mut Vm<'_>, Noun, Noun) -> R) -> R<Option<Noun>> {
    let mut items = items.iter().cloned();
    let Some(mut value) = items.next() else { return Ok(None) };
    for item in items {
        vm.charge(16)?;
        value = verb(vm, value, item)?;
    }
    Ok(Some(value))
}

/// `first x`: the first item, or a null if there is none; of a dict, its first value.
pub(crate) fn first(_: &mut Vm<'_>, x: Noun) -> R {
    Ok(x.at(0))
}

/// `last x`
pub(crate) fn last(_: &mut Vm<'_>, x: Noun) -> R {
    Ok(x.at(x.len().wrapping_sub(1)))
}

/// `sum x`: nulls count as zero.
pub(crate) fn sum(vm: &mut Vm<'_>, x: Noun) -> R {
    aggregate(vm, x, sum_vector, |vm, items| Ok(fold(vm, items, arith::add)?.unwrap_or_else(|| Noun::long(0))))
}

fn sum_vector(vm: &mut Vm<'_>, x: &Noun, from: Kind) -> R {
    let kind = promote::result(promote::SUM, from).ok_or(Fault::TYPE)?;
    if x.is_atom() {
        return in_lane!(kind, T => loops::map::<T, T>(vm, kind, x, Convert::Raw, |item| item));
    }
    let Noun::Vector(Vector { items, .. }) = x else { return Err(Fault::TYPE) };
    vm.charge(x.len() / 4)?;
    Ok(match items {
        Items::U8(items) => number_of(kind, Slice::new(items.as_slice()).sum()),
        Items::I16(items) => number_of(kind, Slice::new(items.as_slice()).sum()),
        Items::I32(items) => number_of(kind, Slice::new(items.as_slice()).sum()),
        Items::I64(items) => atom(kind, Slice::new(items.as_slice()).sum()),
        Items::F32(items) => atom(kind, Slice::new(items.as_slice()).sum() as f32),
        Items::F64(items) => atom(kind, Slice::new(items.as_slice()).sum()),
        _ => return Err(Fault::TYPE),
    })
}

/// The sum of items narrower than a long: an int, with wraparound.
fn number_of(kind: Kind, sum: i64) -> Noun {
    atom(kind, sum as i32)
}

/// `prd x`: nulls count as one.
pub(crate) fn prd(vm: &mut Vm<'_>, x: Noun) -> R {
    fn prd_vector(vm: &mut Vm<'_>, x: &Noun, from: Kind) -> R {
        let kind = promote::result(promote::SUM, from).ok_or(Fault::TYPE)?;
        if x.is_atom() {
            return sum_vector(vm, x, from);
        }
        in_lane!(kind, T => reduce::<T>(vm, x, kind, T::from_long(1), T::times))
    }
    aggregate(vm, x, prd_vector, |vm, items| Ok(fold(vm, items, arith::multiply)?.unwrap_or_else(|| Noun::long(1))))
}

/// Folds the items of a vector, without nulls, from `start`. The result is of `kind`.
fn reduce<T: Number>(vm: &mut Vm<'_>, x: &Noun, kind: Kind, start: T, step: impl Fn(T, T) -> T + Copy) -> R {
    let mut value = start;
    Side::<T>::new(x, Convert::Raw)?.blocks(vm, |items| {
        value = items.iter().fold(value, |so_far, &item| if item.is_null() { so_far } else { step(so_far, item) });
    })?;
    Ok(atom(kind, value))
}

/// `min x`: without nulls; of an empty list the greatest value of the kind.
pub(crate) fn min(vm: &mut Vm<'_>, x: Noun) -> R {
    extreme::<false>(vm, x)
}

/// `max x`: without nulls; of an empty list the least value of the kind.
pub(crate) fn max(vm: &mut Vm<'_>, x: Noun) -> R {
    extreme::<true>(vm, x)
}

fn extreme<const MAX: bool>(vm: &mut Vm<'_>, x: Noun) -> R {
    aggregate(vm, x, extreme_vector::<MAX>, |vm, items| {
        let verb = if MAX { arith::greater } else { arith::lesser };
        let none = if MAX { f64::NEG_INFINITY } else { f64::INFINITY };
        Ok(fold(vm, items, verb)?.unwrap_or_else(|| Noun::float(none)))
    })
}

fn extreme_vector<const MAX: bool>(vm: &mut Vm<'_>, x: &Noun, kind: Kind) -> R {
    if !is_number(kind) {
        return Err(Fault::TYPE);
    }
    if x.is_atom() {
        return Ok(x.clone());
    }
    vm.charge(x.len() / 4)?;
    in_lane!(kind, T => {
        let items = x.items::<T>().ok_or(Fault::TYPE)?;
        Ok(atom(kind, extreme_items::<T, MAX>(items, kind == Kind::Boolean)))
    })
}

/// The least or greatest item, without nulls. Sixteen independent accumulators let the compiler vectorize the loop.
pub(crate) fn extreme_items<T: Number, const MAX: bool>(items: &[T], boolean: bool) -> T {
    let most = if boolean { T::from_long(1) } else { T::MOST };
    let start = if MAX { T::LEAST } else { most };
    let step = |so_far: T, item: T| {
        let better = if MAX { so_far.below(item) } else { item.below(so_far) & !item.is_null() };
        if better { item } else { so_far }
    };
    let (chunks, tail) = items.as_chunks::<16>();
    let mut best = [start; 16];
    for chunk in chunks {
        best.iter_mut().zip(chunk).for_each(|(best, &item)| *best = step(*best, item));
    }
    tail.iter().chain(&best).fold(start, |so_far, &item| step(so_far, item))
}

/// `avg x`: the mean as a float. Nulls in vectors are skipped.
pub(crate) fn avg(vm: &mut Vm<'_>, x: Noun) -> R {
    fn avg_vector(vm: &mut Vm<'_>, x: &Noun, _: Kind) -> R {
        let (sum, count) = total(vm, x)?;
        Ok(Noun::float(sum / count))
    }
    fn avg_list(vm: &mut Vm<'_>, items: &[Noun]) -> R {
        if items.is_empty() {
            return Ok(Noun::float(NULL_FLOAT));
        }
        let count = Noun::float(items.len() as f64);
        let total = if items.iter().all(Noun::is_atom) {
            // In a list of atoms of several kinds, nulls add nothing to the sum but count as items.
            let mut total = 0.0;
            for item in items {
                total += self::total(vm, item)?.0;
            }
            Noun::float(total)
        } else {
            fold(vm, items, arith::add)?.unwrap_or_default()
        };
        arith::divide(vm, total, count)
    }
    aggregate(vm, x, avg_vector, avg_list)
}

/// The sum and the number of the items that are not null.
fn total(vm: &mut Vm<'_>, x: &Noun) -> R<(f64, f64)> {
    fn sums<T: Number>(items: &[T], sum: impl Into<Option<f64>>) -> (f64, f64) {
        let count = items.iter().map(|item| usize::from(!item.is_null())).sum::<usize>() as f64;
        (sum.into().unwrap_or_else(|| side_by_side(items)), count)
    }
    /// Sums with eight independent accumulators, so that additions do not wait for each other.
    fn side_by_side<T: Number>(items: &[T]) -> f64 {
        let value = |item: T| if item.is_null() { 0.0 } else { item.double() };
        let (chunks, tail) = items.as_chunks::<8>();
        let mut sums = [0.0; 8];
        for chunk in chunks {
            sums.iter_mut().zip(chunk).for_each(|(sum, &item)| *sum += value(item));
        }
        tail.iter().map(|&item| value(item)).chain(sums).sum()
    }
    let Noun::Vector(Vector { items, .. }) = x else {
        let Side::Atom(item) = Side::<f64>::new(x, Convert::Raw)? else { return Err(Fault::TYPE) };
        return Ok(if item.is_nan() { (0.0, 0.0) } else { (item, 1.0) });
    };
    vm.charge(x.len() / 2)?;
    Ok(match items {
        Items::U8(items) => sums(items, Slice::new(items.as_slice()).sum() as f64),
        Items::I16(items) => sums(items, Slice::new(items.as_slice()).sum() as f64),
        Items::I32(items) => sums(items, Slice::new(items.as_slice()).sum() as f64),
        // Summed as floats, because the sum of longs may overflow.
        Items::I64(items) => sums(items, None),
        Items::F32(items) => sums(items, Slice::new(items.as_slice()).sum()),
        Items::F64(items) => sums(items, Slice::new(items.as_slice()).sum()),
        _ => return Err(Fault::TYPE),
    })
}

/// `all x`, `any x`: the least or greatest of the flags "item is not zero".
fn flags(vm: &mut Vm<'_>, x: Noun, of: fn(&mut Vm<'_>, Noun) -> R) -> R {
    let zero = compare::not(vm, x)?;
    let flags = compare::not(vm, zero)?;
    if matches!(&flags, Noun::List(list) if list.items().is_empty()) {
        return of(vm, super::noun::empty(Kind::Boolean));
    }
    of(vm, flags)
}
