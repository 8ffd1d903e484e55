//! Functions of floats, `til`, and dense matrices.

use kcodec::Kind;

use super::arith::kind_of;
use super::atomic::Unmatched;
use super::build;
use super::fault::{Fault, R};
use super::loops::{self, Side};
use super::noun::{List, Noun, vector};
use super::promote::is_number;
use super::temporal::Convert;
use super::verb::{Verb, infix, unary};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[
    unary("til", None, til),
    unary("sqrt", Some(32), |vm, x| float(vm, x, f64::sqrt)),
    unary("log", Some(33), |vm, x| float(vm, x, f64::ln)),
    unary("exp", Some(34), |vm, x| float(vm, x, f64::exp)),
    unary("sin", Some(35), |vm, x| float(vm, x, f64::sin)),
    unary("asin", Some(36), |vm, x| float(vm, x, f64::asin)),
    unary("cos", Some(37), |vm, x| float(vm, x, f64::cos)),
    unary("acos", Some(38), |vm, x| float(vm, x, f64::acos)),
    unary("tan", Some(39), |vm, x| float(vm, x, f64::tan)),
    unary("atan", Some(40), |vm, x| float(vm, x, f64::atan)),
    infix("xexp", Some(32), |vm, x, y| floats(vm, x, y, f64::powf)),
    infix("xlog", None, |vm, x, y| floats(vm, x, y, |x, y| y.ln() / x.ln())),
    infix("mmu", None, multiply),
    unary("inv", None, invert),
    infix("lsq", None, least_squares),
];

/// Units charged per item of a transcendental function.
const COST: usize = 10;

/// `til x`
fn til(vm: &mut Vm<'_>, x: Noun) -> R {
    if matches!(x.kind(), Some(Kind::Boolean | Kind::Byte | Kind::Short | Kind::Int | Kind::Long)) {
        let count = x.as_long().ok_or(Fault::TYPE)?;
        let count = usize::try_from(count).map_err(|_| Fault::DOMAIN)?;
        let mut out = vm.vec(count)?;
        out.extend((0..count).map(|item| item as i64));
        return Ok(Noun::longs(out));
    }
    Err(Fault::TYPE)
}

/// Applies a function of one float.
fn float(vm: &mut Vm<'_>, x: Noun, function: fn(f64) -> f64) -> R {
    vm.atomic1(x, |vm, x| {
        if !is_number(kind_of(&x)?) {
            return Err(Fault::TYPE);
        }
        vm.charge(COST.saturating_mul(x.len()))?;
        // Preserves the bits of a NaN: the sign of q's null must not change.
        loops::map_in_place::<f64>(vm, Kind::Float, x, |item| if item.is_nan() { item } else { function(item) })
    })
}

/// Applies a function of two floats.
fn floats(vm: &mut Vm<'_>, x: Noun, y: Noun, function: fn(f64, f64) -> f64) -> R {
    vm.atomic2(x, y, Unmatched::Keep, |vm, x, y| {
        vm.charge(COST.saturating_mul(x.len().max(y.len())))?;
        let (x, y) = ((x, Convert::Raw), (y, Convert::Raw));
        loops::pairs_in_place::<f64>(vm, Kind::Float, x, y, |x, y| {
            if x.is_nan() || y.is_nan() { super::noun::NULL_FLOAT } else { function(x, y) }
        })
    })
}

/// A matrix in row-major order.
struct Matrix {
    width: usize,
    items: Vec<f64>,
}

impl Matrix {
    /// Builds a matrix from a list of float vectors. A float vector is a single row. Other kinds fail with `type`,
    /// as in q.
    fn new(vm: &mut Vm<'_>, x: &Noun) -> R<Self> {
        let rows = match x {
            Noun::Vector(_) => std::slice::from_ref(x),
            Noun::List(list) => list.items(),
            _ => return Err(Fault::TYPE),
        };
        let width = rows.first().map_or(0, Noun::len);
        let mut items = vm.vec(width.checked_mul(rows.len()).ok_or(Fault::WSFULL)?)?;
        for row in rows {
            let row = row.items::<f64>().ok_or(Fault::TYPE)?;
            if row.len() != width {
                return Err(Fault::LENGTH);
            }
            items.extend_from_slice(row);
        }
        Ok(Self { width, items })
    }

    fn zeros(vm: &mut Vm<'_>, height: usize, width: usize) -> R<Self> {
        let count = height.checked_mul(width).ok_or(Fault::WSFULL)?;
        let mut items = vm.vec(count)?;
        items.resize(count, 0.0);
        Ok(Self { width, items })
    }

    const fn height(&self) -> usize {
        match self.items.len().checked_div(self.width) {
            Some(height) => height,
            None => 0,
        }
    }

    fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.items.chunks_exact(self.width.max(1))
    }

    fn row_mut(&mut self, row: usize) -> &mut [f64] {
        let from = row.saturating_mul(self.width);
        self.items.get_mut(from..from.saturating_add(self.width)).unwrap_or_default()
    }

    fn at(&self, row: usize, column: usize) -> f64 {
        self.items.get(row.saturating_mul(self.width).saturating_add(column)).copied().unwrap_or_default()
    }

    fn swap(&mut self, x: usize, y: usize) {
        if x != y {
            for column in 0..self.width {
                self.items.swap(x * self.width + column, y * self.width + column);
            }
        }
    }

    /// Adds `factor` times one row to another row.
    fn add_row(&mut self, from: usize, to: usize, factor: f64) {
        let row = self.rows().nth(from).map(<[f64]>::to_vec).unwrap_or_default();
        self.row_mut(to).iter_mut().zip(row).for_each(|(item, other)| *item += factor * other);
    }

    fn transposed(&self, vm: &mut Vm<'_>) -> R<Self> {
        let mut out = Self::zeros(vm, self.width, self.height())?;
        let width = out.width;
        for (index, row) in self.rows().enumerate() {
            for (column, &item) in row.iter().enumerate() {
                if let Some(place) = out.items.get_mut(column * width + index) {
                    *place = item;
                }
            }
        }
        Ok(out)
    }

    fn times(&self, vm: &mut Vm<'_>, other: &Self) -> R<Self> {
        if self.width != other.height() {
            return Err(Fault::LENGTH);
        }
        vm.charge(self.items.len().saturating_mul(other.width))?;
        let mut out = Self::zeros(vm, self.height(), other.width)?;
        for (sums, row) in out.items.chunks_exact_mut(other.width.max(1)).zip(self.rows()) {
            for (&factor, others) in row.iter().zip(other.rows()) {
                sums.iter_mut().zip(others).for_each(|(sum, &item)| *sum += factor * item);
            }
        }
        Ok(out)
    }

    /// Solves `self` x = `right` by Gauss-Jordan elimination with partial pivoting. A singular matrix gives nulls.
    fn solve(mut self, vm: &mut Vm<'_>, mut right: Self) -> R<Self> {
        let count = self.width;
        vm.charge(count.saturating_mul(count).saturating_mul(count.saturating_add(right.width)))?;
        for column in 0..count {
            let larger = |x: &usize, y: &usize| self.at(*x, column).abs().total_cmp(&self.at(*y, column).abs());
            let pivot = (column..count).max_by(larger).unwrap_or(column);
            if self.at(pivot, column) == 0.0 {
                right.items.fill(super::noun::NULL_FLOAT);
                return Ok(right);
            }
            self.swap(column, pivot);
            right.swap(column, pivot);
            let factor = 1.0 / self.at(column, column);
            for matrix in [&mut self, &mut right] {
                matrix.row_mut(column).iter_mut().for_each(|item| *item *= factor);
            }
            for row in (0..count).filter(|&row| row != column) {
                let factor = -self.at(row, column);
                if factor != 0.0 {
                    self.add_row(column, row, factor);
                    right.add_row(column, row, factor);
                }
            }
        }
        Ok(right)
    }

    fn noun(&self, vm: &mut Vm<'_>) -> R {
        let mut rows = vm.vec(self.height())?;
        for row in self.rows() {
            let mut items = vm.vec(row.len())?;
            items.extend_from_slice(row);
            rows.push(vector(Kind::Float, items));
        }
        List::raw(rows)
    }
}

/// `x mmu y`: matrix product. A vector is a row on the left and a column on the right.
pub(crate) fn multiply(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    let (row, column) = (matches!(x, Noun::Vector(_)), matches!(y, Noun::Vector(_)));
    let left = Matrix::new(vm, &x)?;
    let mut right = Matrix::new(vm, &y)?;
    if column {
        right.width = 1;
    }
    let product = left.times(vm, &right)?;
    match (row, column) {
        (true, true) => product.items.first().map(|&item| Noun::float(item)).ok_or(Fault::LENGTH),
        (false, false) => product.noun(vm),
        _ => Ok(vector(Kind::Float, product.items)),
    }
}

/// `inv x`
fn invert(vm: &mut Vm<'_>, x: Noun) -> R {
    if matches!(x, Noun::Vector(_)) {
        return Err(Fault::TYPE);
    }
    let matrix = Matrix::new(vm, &x)?;
    let count = matrix.width;
    if count != matrix.height() {
        return Err(Fault::LENGTH);
    }
    let mut one = Matrix::zeros(vm, count, count)?;
    for at in 0..count {
        if let Some(place) = one.row_mut(at).get_mut(at) {
            *place = 1.0;
        }
    }
    matrix.solve(vm, one)?.noun(vm)
}

/// `x lsq y`: the least-squares solution z of z mmu y = x, by the normal equations.
fn least_squares(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    if matches!(x, Noun::Vector(_)) || matches!(y, Noun::Vector(_)) {
        return Err(Fault::LENGTH);
    }
    let (x, y) = (Matrix::new(vm, &x)?, Matrix::new(vm, &y)?);
    let turned = y.transposed(vm)?;
    if x.width != y.width {
        return Err(Fault::LENGTH);
    }
    // z (y y') = x y', which is (y y') z' = y x'.
    let square = y.times(vm, &turned)?;
    let x = x.transposed(vm)?;
    let right = y.times(vm, &x)?;
    square.solve(vm, right)?.transposed(vm)?.noun(vm)
}

/// Converts all numbers of an atom, a vector or a general list of atoms to floats.
pub(crate) fn all_floats(vm: &mut Vm<'_>, x: &Noun) -> R<Vec<f64>> {
    match x {
        Noun::List(_) => {
            let items = build::items(x);
            let mut out = vm.vec(items.len())?;
            for item in &items {
                match Side::<f64>::new(item, Convert::Raw)? {
                    Side::Atom(item) => out.push(item),
                    _ => return Err(Fault::TYPE),
                }
            }
            Ok(out)
        }
        _ => Side::<f64>::new(x, Convert::Raw)?.items(vm),
    }
}
