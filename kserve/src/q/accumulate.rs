//! Aggregates over groups: `sum avg min max count first last wavg`, each in one pass over the rows.

use super::fault::{Fault, R};
use super::group::Groups;
use super::noun::{self, Items, Lane, Noun, Vector, with_items};
use super::vm::Vm;
use kcodec::Kind;

/// Rows checked for nulls at a time.
const BLOCK: usize = 256;

/// Applies `step` to the state of each item's group.
#[inline]
fn fold<T: Copy, S>(groups: &Groups, items: &[T], states: &mut [S], step: impl Fn(&mut S, T)) {
    for (&id, &item) in groups.ids().iter().zip(items) {
        if let Some(state) = states.get_mut(id as usize) {
            step(state, item);
        }
    }
}

/// Adds up weights and products of weight and item, per group. Nulls are skipped.
///
/// Fast path: a block without integer nulls is added without a test per item. A float null makes its group's sum
/// NaN; if any sum ends as NaN, the slow path adds all rows again with a test per item.
fn weigh<W: Number, X: Number>(groups: &Groups, weights: &[W], items: &[X], sums: &mut [[f64; 2]]) {
    let blocks = || groups.ids().chunks(BLOCK).zip(weights.chunks(BLOCK)).zip(items.chunks(BLOCK));
    for ((ids, weights), items) in blocks() {
        if W::any_integer_null(weights) || X::any_integer_null(items) {
            weigh_block::<W, X, true>(ids, weights, items, sums);
        } else {
            weigh_block::<W, X, false>(ids, weights, items, sums);
        }
    }
    if sums.iter().any(|sum| sum[1].is_nan()) {
        sums.fill([0.0; 2]);
        for ((ids, weights), items) in blocks() {
            weigh_block::<W, X, true>(ids, weights, items, sums);
        }
    }
}

/// `ASK`: whether the items may contain nulls.
#[inline]
fn weigh_block<W: Number, X: Number, const ASK: bool>(ids: &[u32], weights: &[W], items: &[X], sums: &mut [[f64; 2]]) {
    for ((&id, x), w) in ids.iter().zip(items).zip(weights) {
        let (w, x) = if ASK { (w.float_or_null(), x.float_or_null()) } else { (w.float(), x.float()) };
        let product = w * x;
        if let Some(sum) = sums.get_mut(id as usize)
            && !(ASK && product.is_nan())
        {
            let [weights, products] = *sum;
            *sum = [weights + w, products + product];
        }
    }
}

/// An item that converts to a float.
trait Number: Lane {
    /// Converts an item that is not null.
    fn float(self) -> f64;

    /// Whether the item is a null that [`float`](Self::float) would convert to an ordinary number.
    #[inline]
    fn is_integer_null(self) -> bool {
        self == Self::NULL
    }

    /// Converts an item; a null becomes NaN.
    #[inline]
    fn float_or_null(self) -> f64 {
        if self.is_integer_null() { f64::NAN } else { self.float() }
    }

    #[inline]
    fn any_integer_null(items: &[Self]) -> bool {
        items.iter().fold(false, |any, item| any | item.is_integer_null())
    }
}

macro_rules! without_integer_null {
    ($($ty:ty),*) => {$(
        impl Number for $ty {
            #[inline]
            fn float(self) -> f64 {
                f64::from(self)
            }

            #[inline]
            fn is_integer_null(self) -> bool {
                false
            }
        }
    )*};
}
without_integer_null!(u8, f32, f64);

macro_rules! integers {
    ($($ty:ty),*) => {$(
        impl Number for $ty {
            #[inline]
            fn float(self) -> f64 {
                f64::from(self)
            }
        }
    )*};
}
integers!(i16, i32);

impl Number for i64 {
    #[inline]
    #[expect(clippy::cast_precision_loss, reason = "q's conversion of longs to floats")]
    fn float(self) -> f64 {
        self as f64
    }
}

impl Vm<'_> {
    /// `verb column` per group, in the order of the keys. `None` if there is no loop for this verb and kind.
    pub(crate) fn aggregate(&mut self, verb: &str, column: &Noun, groups: &Groups) -> R<Option<Noun>> {
        let count = groups.numbers();
        match verb {
            "first" => {
                let rows = groups.first_rows(self)?;
                return self.gather(column, &rows).map(Some);
            }
            "last" => {
                let rows = groups.last_rows(self)?;
                return self.gather(column, &rows).map(Some);
            }
            "count" => return self.counts(groups).map(Some),
            _ => {}
        }
        let Noun::Vector(vector) = column else { return Ok(None) };
        self.charge(groups.ids().len())?;
        let kind = vector.kind;
        Ok(match (verb, &vector.items) {
            ("sum", Items::I64(items)) if matches!(kind, Kind::Long | Kind::Timespan) => {
                let mut sums = self.zeros::<i64>(count)?;
                fold(groups, items, &mut sums, |sum, item| {
                    *sum = sum.wrapping_add(if item == i64::MIN { 0 } else { item });
                });
                Some(ordered(groups, kind, &sums))
            }
            ("sum", Items::I32(items)) if kind == Kind::Int => {
                let mut sums = self.zeros::<i32>(count)?;
                fold(groups, items, &mut sums, |sum, item| {
                    *sum = sum.wrapping_add(if item == i32::MIN { 0 } else { item });
                });
                Some(ordered(groups, kind, &sums))
            }
            ("sum", Items::F64(items)) if kind == Kind::Float => {
                let mut sums = self.zeros::<f64>(count)?;
                fold(groups, items, &mut sums, |sum, item: f64| *sum += if item.is_nan() { 0.0 } else { item });
                Some(ordered(groups, kind, &sums))
            }
            ("min" | "max", Items::I64(items)) => {
                self.extreme(verb == "max", kind, items, groups, [-i64::MAX, i64::MAX])?
            }
            ("min" | "max", Items::I32(items)) => {
                self.extreme(verb == "max", kind, items, groups, [-i32::MAX, i32::MAX])?
            }
            ("min" | "max", Items::I16(items)) => {
                self.extreme(verb == "max", kind, items, groups, [-i16::MAX, i16::MAX])?
            }
            ("min" | "max", Items::F64(items)) => {
                self.extreme(verb == "max", kind, items, groups, [f64::NEG_INFINITY, f64::INFINITY])?
            }
            ("avg", _) => self.average(None, vector, groups)?,
            _ => None,
        })
    }

    /// `weights wavg column` per group, in the order of the keys.
    pub(crate) fn weighted(&mut self, weights: &Noun, column: &Noun, groups: &Groups) -> R<Option<Noun>> {
        match (weights, column) {
            (Noun::Vector(weights), Noun::Vector(column)) => self.average(Some(weights), column, groups),
            _ => Ok(None),
        }
    }

    pub(crate) fn counts(&mut self, groups: &Groups) -> R {
        let mut counts = self.zeros::<i64>(groups.numbers())?;
        for &id in groups.ids() {
            if let Some(count) = counts.get_mut(id as usize) {
                *count += 1;
            }
        }
        Ok(ordered(groups, Kind::Long, &counts))
    }

    fn zeros<T: Clone + Default>(&mut self, count: usize) -> R<Vec<T>> {
        let mut zeros = self.vec(count)?;
        zeros.resize(count, T::default());
        Ok(zeros)
    }

    /// The least or greatest item per group, without nulls. A group without items gives the opposite infinity, as
    /// in q.
    fn extreme<T: Lane + PartialOrd>(
        &mut self,
        max: bool,
        kind: Kind,
        items: &[T],
        groups: &Groups,
        [low, high]: [T; 2],
    ) -> R<Option<Noun>> {
        let mut best = self.vec(groups.numbers())?;
        best.resize(groups.numbers(), if max { low } else { high });
        // Integer nulls are the least value of their type, and comparisons with NaN are false.
        if max {
            fold(groups, items, &mut best, |best, item| {
                if item > *best {
                    *best = item;
                }
            });
        } else {
            fold(groups, items, &mut best, |best, item| {
                if item < *best && item != T::NULL {
                    *best = item;
                }
            });
        }
        Ok(Some(ordered(groups, kind, &best)))
    }

    fn average(&mut self, weights: Option<&Vector>, column: &Vector, groups: &Groups) -> R<Option<Noun>> {
        if !is_number(column.kind) || weights.is_some_and(|weights| !is_number(weights.kind)) {
            return Ok(None);
        }
        self.charge(groups.ids().len())?;
        let mut sums = self.zeros::<[f64; 2]>(groups.numbers())?;
        match (weights.map(|weights| &weights.items), &column.items) {
            (Some(Items::I64(w)), Items::F64(x)) => weigh(groups, w, x, &mut sums),
            (Some(Items::I32(w)), Items::F64(x)) => weigh(groups, w, x, &mut sums),
            (Some(Items::F64(w)), Items::F64(x)) => weigh(groups, w, x, &mut sums),
            (weights, items) => {
                let items = self.floats(items)?;
                let weights = match weights {
                    Some(weights) => self.floats(weights)?,
                    None => {
                        let mut ones = self.vec(items.len())?;
                        ones.resize(items.len(), 1.0);
                        ones
                    }
                };
                weigh(groups, &weights, &items, &mut sums);
            }
        }
        let average = |&[w, x]: &[f64; 2]| if w == 0.0 { noun::NULL_FLOAT } else { x / w };
        let averages: Vec<f64> = sums.iter().map(average).collect();
        Ok(Some(ordered(groups, Kind::Float, &averages)))
    }

    fn floats(&mut self, items: &Items) -> R<Vec<f64>> {
        fn of<T: Number>(vm: &mut Vm<'_>, items: &[T]) -> R<Vec<f64>> {
            let mut out = vm.vec(items.len())?;
            out.extend(items.iter().map(|item| item.float_or_null()));
            Ok(out)
        }
        with_items!(items, items => of(self, items), _ => Err(Fault::TYPE))
    }
}

const fn is_number(kind: Kind) -> bool {
    matches!(kind, Kind::Boolean | Kind::Byte | Kind::Short | Kind::Int | Kind::Long | Kind::Real | Kind::Float)
}

fn ordered<T: Lane>(groups: &Groups, kind: Kind, items: &[T]) -> Noun {
    noun::vector(kind, groups.in_order(items))
}
