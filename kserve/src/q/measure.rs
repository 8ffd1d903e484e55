//! Statistics: `var dev svar sdev med`, `wsum wavg cov scov cor`.

use kcodec::Slice;

use super::aggregate::sum;
use super::arith;
use super::build;
use super::fault::{Fault, R};
use super::loops::{self, Part, Side, pair_blocks};
use super::math::all_floats;
use super::noun::{NULL_FLOAT, Noun};
use super::temporal::Convert;
use super::verb::{Verb, infix, unary};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[
    unary("var", Some(42), |vm, x| dispersion(vm, x, |moments| moments.variance(0.0))),
    unary("dev", Some(43), |vm, x| dispersion(vm, x, |moments| moments.variance(0.0).sqrt())),
    unary("svar", None, |vm, x| dispersion(vm, x, |moments| moments.variance(1.0))),
    unary("sdev", None, |vm, x| dispersion(vm, x, |moments| moments.variance(1.0).sqrt())),
    unary("med", None, med),
    infix("wsum", Some(29), wsum),
    infix("wavg", Some(30), wavg),
    infix("cov", Some(35), |vm, x, y| pair_statistic(vm, x, y, |both| both.covariance(0.0))),
    infix("scov", None, |vm, x, y| pair_statistic(vm, x, y, |both| both.covariance(1.0))),
    infix("cor", Some(36), |vm, x, y| pair_statistic(vm, x, y, PairSums::correlation)),
];

/// Number of items, and their sum of squared deviations from the mean. Nulls are skipped.
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

    /// `less`: 0 for the population, 1 for a sample.
    fn variance(&self, less: f64) -> f64 {
        if self.count > less { self.squares / (self.count - less) } else { NULL_FLOAT }
    }
}

/// Applies a statistic to the items of a list; to a list of lists item by item across the lists.
fn dispersion(vm: &mut Vm<'_>, x: Noun, measure: fn(&Moments) -> f64) -> R {
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
        Noun::List(_) => across(vm, &x, &mut |vm, x| dispersion(vm, x, measure)),
        Noun::Dict(dict) => dispersion(vm, dict.values.clone(), measure),
        Noun::Table(table) => {
            let mut cells = vm.vec(table.columns().len())?;
            for column in table.columns() {
                cells.push(dispersion(vm, column.clone(), measure)?);
            }
            build::dict(table.names().to_vec(), cells)
        }
        _ => Err(Fault::TYPE),
    }
}

/// Applies `work` to the first items of all lists, then to the second items, and so on. Fails with `type` if no
/// item is a list, because `work` would receive its own argument again and recurse for ever.
pub(crate) fn across(vm: &mut Vm<'_>, lists: &Noun, work: &mut dyn FnMut(&mut Vm<'_>, Noun) -> R) -> R {
    let lists = build::items(lists);
    let width = lists.iter().find(|list| list.is_list()).ok_or(Fault::TYPE)?.len();
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

/// `med x`: the median. Nulls sort first.
fn med(vm: &mut Vm<'_>, x: Noun) -> R {
    match &x {
        Noun::List(list) if !list.items().is_empty() && !list.items().iter().all(Noun::is_atom) => {
            across(vm, &x, &mut med)
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
            Ok(Noun::float(median(&mut items)))
        }
    }
}

/// The median. Reorders the items.
pub(crate) fn median(items: &mut [f64]) -> f64 {
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

/// Whether both are vectors.
fn plain(x: &Noun, y: &Noun) -> bool {
    matches!((x, y), (Noun::Vector(_), Noun::Vector(_)))
}

/// `x wsum y`: the sum of the products. Pairs with a null are skipped.
pub(crate) fn wsum(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    if plain(&x, &y) {
        return Ok(Noun::float(weighted(vm, &x, &y)?.0));
    }
    let products = arith::multiply(vm, x, y)?;
    sum(vm, products)
}

/// `x wavg y`: the mean of `y` with weights `x`. Pairs with a null are skipped.
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

/// The sum of the products and the sum of the weights. Four accumulators, so that additions do not wait for each
/// other.
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

/// Sums for the covariance of two vectors. Pairs with a null are skipped.
struct PairSums {
    count: f64,
    products: f64,
    left: f64,
    right: f64,
}

impl PairSums {
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

    /// `less`: 0 for the population, 1 for a sample.
    fn covariance(&self, less: f64) -> f64 {
        if self.count > less { self.products / (self.count - less) } else { NULL_FLOAT }
    }

    fn correlation(&self) -> f64 {
        self.products / (self.left * self.right).sqrt()
    }
}

/// Applies a statistic to two vectors.
fn pair_statistic(vm: &mut Vm<'_>, x: Noun, y: Noun, measure: fn(&PairSums) -> f64) -> R {
    let flat = |noun: &Noun| match noun {
        Noun::Atom(_) | Noun::Vector(_) => true,
        Noun::List(list) => list.items().iter().all(Noun::is_atom),
        _ => false,
    };
    if !flat(&x) || !flat(&y) {
        return Err(Fault::nyi("cov, scov or cor of lists of lists"));
    }
    let (left, right) = (all_floats(vm, &x)?, all_floats(vm, &y)?);
    loops::conform(Some(left.len()), Some(right.len()))?;
    vm.charge(left.len().saturating_mul(4))?;
    Ok(Noun::float(measure(&PairSums::of(&left, &right))))
}
