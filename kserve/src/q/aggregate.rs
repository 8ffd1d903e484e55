//! From many to one: `sum prd min max avg all any first last`, `var dev cov cor med wsum wavg` and their like.

use kcodec::{Kind, Slice};

use super::arith::{self, kind_of};
use super::build;
use super::compare;
use super::fault::{Fault, R};
use super::math::all_floats;
use super::noun::{Items, NULL_FLOAT, Noun, Vector, atom};
use super::number::{self, Number, Part, Side, in_lane, pair_blocks};
use super::promote::{self, is_number};
use super::temporal::Convert;
use super::verb::{Verb, infix, unary};
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
    unary("var", Some(42), |vm, x| spread(vm, x, |moments| moments.variance(0.0))),
    unary("dev", Some(43), |vm, x| spread(vm, x, |moments| moments.variance(0.0).sqrt())),
    unary("svar", None, |vm, x| spread(vm, x, |moments| moments.variance(1.0))),
    unary("sdev", None, |vm, x| spread(vm, x, |moments| moments.variance(1.0).sqrt())),
    unary("med", None, med),
    infix("wsum", Some(29), wsum),
    infix("wavg", Some(30), wavg),
    infix("cov", Some(35), |vm, x, y| together(vm, x, y, |both| both.covariance(0.0))),
    infix("scov", None, |vm, x, y| together(vm, x, y, |both| both.covariance(1.0))),
    infix("cor", Some(36), |vm, x, y| together(vm, x, y, Both::correlation)),
];

/// Of a vector, the one item that stands for all; of a dict that of its values; of a table that of each column. Anything
/// else is left to `list`.
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
        Noun::Null | Noun::Elided | Noun::Func(_) => Err(Fault::TYPE),
    }
}

/// A general list's items put together pair by pair, from left to right.
fn fold(vm: &mut Vm<'_>, items: &[Noun], verb: fn(&mut Vm<'_>, Noun, Noun) -> R) -> R<Option<Noun>> {
    let mut items = items.iter().cloned();
    let Some(mut value) = items.next() else { return Ok(None) };
    for item in items {
        vm.charge(16)?;
        value = verb(vm, value, item)?;
    }
    Ok(Some(value))
}

/// `first x`: an item of a list, the null where there is none; of a dict that of its values.
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
        return in_lane!(kind, T => number::map::<T, T>(vm, kind, x, Convert::Raw, |item| item));
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

/// A sum of items narrower than a long, as an int; it wraps around.
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

/// The items of a vector into one, nulls left out, from `start`; the result is of `kind`.
fn reduce<T: Number>(vm: &mut Vm<'_>, x: &Noun, kind: Kind, start: T, step: impl Fn(T, T) -> T + Copy) -> R {
    let mut value = start;
    Side::<T>::new(x, Convert::Raw)?.blocks(vm, |items| {
        value = items.iter().fold(value, |so_far, &item| if item.is_null() { so_far } else { step(so_far, item) });
    })?;
    Ok(atom(kind, value))
}

/// `min x`: nulls are left out; of nothing, the greatest of the kind.
pub(crate) fn min(vm: &mut Vm<'_>, x: Noun) -> R {
    extreme::<false>(vm, x)
}

/// `max x`: nulls are left out; of nothing, the least of the kind.
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

/// The least or greatest item that is no null, in several lanes side by side.
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

/// `avg x`: the mean as a float, nulls left out of vectors.
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
            // Nulls among atoms of several kinds count as items, but add nothing.
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

/// The sum of the items that are no nulls, and how many these are.
fn total(vm: &mut Vm<'_>, x: &Noun) -> R<(f64, f64)> {
    fn sums<T: Number>(items: &[T], sum: impl Into<Option<f64>>) -> (f64, f64) {
        let count = items.iter().map(|item| usize::from(!item.is_null())).sum::<usize>() as f64;
        (sum.into().unwrap_or_else(|| side_by_side(items)), count)
    }
    /// Eight sums that do not wait for each other.
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
        // The sum of longs may be more than a long holds.
        Items::I64(items) => sums(items, None),
        Items::F32(items) => sums(items, Slice::new(items.as_slice()).sum()),
        Items::F64(items) => sums(items, Slice::new(items.as_slice()).sum()),
        _ => return Err(Fault::TYPE),
    })
}

/// `all x`, `any x`: the least and the greatest of whether the items are other than zero.
fn flags(vm: &mut Vm<'_>, x: Noun, of: fn(&mut Vm<'_>, Noun) -> R) -> R {
    let zero = compare::not(vm, x)?;
    let flags = compare::not(vm, zero)?;
    if matches!(&flags, Noun::List(list) if list.items().is_empty()) {
        return of(vm, super::noun::empty(Kind::Boolean));
    }
    of(vm, flags)
}

/// How many numbers there are, their mean, and the sum of the squares of what they are apart from it.
struct Moments {
    count: f64,
    squares: f64,
}

impl Moments {
    fn of(items: &[f64]) -> Self {
        let known = || items.iter().copied().filter(|item| !item.is_nan());
        let count = known().count() as f64;
        let mean = Slice::new(items).sum() / count;
        Self { count, squares: known().map(|item| (item - mean) * (item - mean)).sum() }
    }

    /// `less` is 1 for that of a sample.
    fn variance(&self, less: f64) -> f64 {
        if self.count > less { self.squares / (self.count - less) } else { NULL_FLOAT }
    }
}

/// A measure of how far apart numbers are: of a list of lists along the lists.
fn spread(vm: &mut Vm<'_>, x: Noun, measure: fn(&Moments) -> f64) -> R {
    match &x {
        Noun::Atom(_) | Noun::Vector(_) => {
            let items = all_floats(vm, &x)?;
            vm.charge(items.len().saturating_mul(2))?;
            Ok(Noun::float(measure(&Moments::of(&items))))
        }
        Noun::List(list) if list.items().is_empty() => Ok(Noun::float(NULL_FLOAT)),
        Noun::List(list) if list.items().iter().all(Noun::is_atom) => {
            let items = all_floats(vm, &x)?;
            Ok(Noun::float(measure(&Moments::of(&items))))
        }
        Noun::List(_) => along(vm, &x, &mut |vm, x| spread(vm, x, measure)),
        Noun::Dict(dict) => spread(vm, dict.values.clone(), measure),
        Noun::Table(table) => {
            let mut cells = vm.vec(table.columns().len())?;
            for column in table.columns() {
                cells.push(spread(vm, column.clone(), measure)?);
            }
            build::dict(table.names().to_vec(), cells)
        }
        _ => Err(Fault::TYPE),
    }
}

/// What `work` makes of the first items of all lists, of the second ones, and so on.
pub(crate) fn along(vm: &mut Vm<'_>, lists: &Noun, work: &mut dyn FnMut(&mut Vm<'_>, Noun) -> R) -> R {
    let lists = build::items(lists);
    let width = lists.iter().find(|list| list.is_list()).map_or(1, Noun::len);
    if lists.iter().any(|list| list.is_list() && list.len() != width) {
        return Err(Fault::LENGTH);
    }
    let mut out = vm.vec(width)?;
    for index in 0..width {
        vm.charge(lists.len().saturating_mul(16))?;
        let column = lists.iter().map(|list| if list.is_list() { list.at(index) } else { list.clone() }).collect();
        let column = build::tidy(column)?;
        out.push(work(vm, column)?);
    }
    build::tidy(out)
}

/// `med x`: the mean of the two items in the middle of the order, where nulls are the least.
fn med(vm: &mut Vm<'_>, x: Noun) -> R {
    match &x {
        Noun::List(list) if !list.items().is_empty() && !list.items().iter().all(Noun::is_atom) => {
            along(vm, &x, &mut med)
        }
        Noun::Dict(dict) => med(vm, dict.values.clone()),
        Noun::Table(table) => {
            let mut cells = vm.vec(table.columns().len())?;
            for column in table.columns() {
                cells.push(med(vm, column.clone())?);
            }
            build::dict(table.names().to_vec(), cells)
        }
        _ => {
            let mut items = all_floats(vm, &x)?;
            vm.charge(items.len().saturating_mul(4))?;
            Ok(Noun::float(middle(&mut items)))
        }
    }
}

/// The median; the order of the items changes.
pub(crate) fn middle(items: &mut [f64]) -> f64 {
    let order = |x: &f64, y: &f64| {
        y.is_nan().cmp(&x.is_nan()).then_with(|| x.partial_cmp(y).unwrap_or(std::cmp::Ordering::Equal))
    };
    let Some(last) = items.len().checked_sub(1) else { return NULL_FLOAT };
    let (below, &mut upper, _) = items.select_nth_unstable_by(items.len() / 2, order);
    let lower = if last % 2 == 0 { upper } else { below.iter().copied().max_by(order).unwrap_or(upper) };
    match (lower.is_nan(), upper.is_nan()) {
        (true, true) => NULL_FLOAT,
        (true, false) => upper,
        _ => lower + (upper - lower) / 2.0,
    }
}

/// Whether both are vectors, or lists of atoms, of numbers.
fn plain(x: &Noun, y: &Noun) -> bool {
    matches!((x, y), (Noun::Vector(_), Noun::Vector(_)))
}

/// `x wsum y`: the sum of the products; pairs with a null are left out.
pub(crate) fn wsum(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    if plain(&x, &y) {
        return Ok(Noun::float(weighted(vm, &x, &y)?.0));
    }
    let products = arith::multiply(vm, x, y)?;
    sum(vm, products)
}

/// `x wavg y`: the mean of `y` with the weights `x`; pairs with a null are left out.
pub(crate) fn wavg(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    if let Noun::Table(_) = y {
        return Err(Fault::nyi("wavg of a table"));
    }
    if plain(&x, &y) {
        let (products, weights) = weighted(vm, &x, &y)?;
        return Ok(Noun::float(products / weights));
    }
    if let (Noun::Atom(_), Noun::Vector(_)) = (&x, &y) {
        let weights = vm.repeat(&x, y.len())?;
        return wavg(vm, weights, y);
    }
    let weights = match (&x, &y) {
        (Noun::Atom(_), Noun::List(_) | Noun::Dict(_)) => arith::multiply(vm, x.clone(), Noun::float(y.len() as f64))?,
        _ => sum(vm, x.clone())?,
    };
    let products = arith::multiply(vm, x, y)?;
    let products = sum(vm, products)?;
    arith::divide(vm, products, weights)
}

/// The sum of the products, and that of the weights.
fn weighted(vm: &mut Vm<'_>, x: &Noun, y: &Noun) -> R<(f64, f64)> {
    let (x, y) = (Side::<f64>::new(x, Convert::Raw)?, Side::<f64>::new(y, Convert::Raw)?);
    let mut sums = [(0.0, 0.0); 4];
    pair_blocks(vm, &x, &y, |x, y| {
        let (Part::Items(x), Part::Items(y)) = (x, y) else { return };
        let add = |(products, weights): &mut (f64, f64), x: f64, y: f64| {
            let product = x * y;
            let known = !product.is_nan() | !(x.is_nan() | y.is_nan());
            *products += if known { product } else { 0.0 };
            *weights += if known { x } else { 0.0 };
        };
        let ((xs, x_tail), (ys, y_tail)) = (x.as_chunks::<4>(), y.as_chunks::<4>());
        for (x, y) in xs.iter().zip(ys) {
            sums.iter_mut().zip(x.iter().zip(y)).for_each(|(sum, (&x, &y))| add(sum, x, y));
        }
        sums.iter_mut().zip(x_tail.iter().zip(y_tail)).for_each(|(sum, (&x, &y))| add(sum, x, y));
    })?;
    let [a, b, c, d] = sums;
    Ok(((a.0 + b.0) + (c.0 + d.0), (a.1 + b.1) + (c.1 + d.1)))
}

/// Two runs of numbers and their moments, pairs with a null left out.
struct Both {
    count: f64,
    products: f64,
    left: f64,
    right: f64,
}

impl Both {
    fn of(x: &[f64], y: &[f64]) -> Self {
        let known = || x.iter().zip(y).map(|(&x, &y)| (x, y)).filter(|(x, y)| !x.is_nan() && !y.is_nan());
        let (mut count, mut left, mut right) = (0.0, 0.0, 0.0);
        known().for_each(|(x, y)| {
            count += 1.0;
            left += x;
            right += y;
        });
        let (left_mean, right_mean) = (left / count, right / count);
        let mut both = Self { count, products: 0.0, left: 0.0, right: 0.0 };
        known().for_each(|(x, y)| {
            let (x, y) = (x - left_mean, y - right_mean);
            both.products += x * y;
            both.left += x * x;
            both.right += y * y;
        });
        both
    }

    /// `less` is 1 for that of a sample.
    fn covariance(&self, less: f64) -> f64 {
        if self.count > less { self.products / (self.count - less) } else { NULL_FLOAT }
    }

    fn correlation(&self) -> f64 {
        self.products / (self.left * self.right).sqrt()
    }
}

/// A measure of two runs of numbers: of lists of lists along the lists.
fn together(vm: &mut Vm<'_>, x: Noun, y: Noun, measure: fn(&Both) -> f64) -> R {
    let flat = |noun: &Noun| match noun {
        Noun::Atom(_) | Noun::Vector(_) => true,
        Noun::List(list) => list.items().iter().all(Noun::is_atom),
        _ => false,
    };
    if !flat(&x) || !flat(&y) {
        return Err(Fault::nyi("cov, scov or cor of lists of lists"));
    }
    let (left, right) = (all_floats(vm, &x)?, all_floats(vm, &y)?);
    number::conform(Some(left.len()), Some(right.len()))?;
    vm.charge(left.len().saturating_mul(4))?;
    Ok(Noun::float(measure(&Both::of(&left, &right))))
}
