//! Loops over one or two arguments, atoms or vectors, in one lane (item type).
//!
//! ```text
//! for each block of BLOCK items:
//!     x, y = the block of each argument, in the loop's lane
//!     append op(x, y) to the result
//! ```
//!
//! An argument in the loop's lane is borrowed. Any other is converted block by block into a buffer that stays in
//! the L1 cache, so mixed kinds also cost only one pass over memory. An unshared argument in the loop's lane is
//! overwritten with the result.

use std::borrow::Cow;
use std::sync::Arc;

use kcodec::{Attribute, Kind};

use super::fault::{Fault, R};
use super::noun::{Atom, Item, Items, Lane, Noun, Vector, atom, vector, with_items};
use super::number::Number;
use super::temporal::Convert;
use super::vm::Vm;

/// Items converted at a time.
const BLOCK: usize = 1024;

/// Converts a number to another lane.
#[inline]
fn convert_raw<S: Number, T: Number>(item: S) -> T {
    if S::FLOAT { T::from_double(item.double()) } else { T::from_long(item.long()) }
}

/// Converts a number between the units of temporal kinds. Infinities stay infinite.
#[inline]
fn convert_unit<S: Number, T: Number>(item: S, convert: Convert) -> T {
    if S::FLOAT {
        convert.double(item.double())
    } else if item == S::MOST {
        T::MOST
    } else if item == S::LEAST {
        T::LEAST
    } else {
        convert.long(item.long())
    }
}

/// Converts an item to a lane; `None` for guids and symbols.
pub(crate) fn convert_item<T: Number>(item: Item, convert: Convert) -> Option<T> {
    fn one<S: Number, T: Number>(item: S, convert: Convert) -> T {
        match convert {
            Convert::Raw => convert_raw(item),
            _ => convert_unit(item, convert),
        }
    }
    Some(match item {
        Item::U8(item) => one(item, convert),
        Item::I16(item) => one(item, convert),
        Item::I32(item) => one(item, convert),
        Item::I64(item) => one(item, convert),
        Item::F32(item) => one(item, convert),
        Item::F64(item) => one(item, convert),
        Item::Guid(_) | Item::Sym(_) => return None,
    })
}

/// Converts a range of items to another lane and appends them.
fn convert_into<T: Number>(items: &Items, from: usize, to: usize, convert: Convert, out: &mut Vec<T>) {
    fn run<S: Number, T: Number>(items: &[S], convert: Convert, out: &mut Vec<T>) {
        match convert {
            Convert::Raw => out.extend(items.iter().map(|&item| convert_raw::<S, T>(item))),
            _ => out.extend(items.iter().map(|&item| convert_unit::<S, T>(item, convert))),
        }
    }
    with_items!(items, items => run(items.get(from..to).unwrap_or_default(), convert, out), _ => ());
}

/// An argument of a loop.
pub(crate) enum Side<'a, T> {
    Atom(T),
    Items(&'a [T]),
    Other(&'a Vector, Convert),
}

/// One block of an argument.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a, T> {
    Atom(T),
    Items(&'a [T]),
}

impl<'a, T: Number> Side<'a, T> {
    /// # Errors
    ///
    /// `type` for values that are not numeric underneath.
    pub(crate) fn new(x: &'a Noun, convert: Convert) -> R<Self> {
        match x {
            Noun::Atom(atom) => convert_item(atom.item, convert).map(Self::Atom).ok_or(Fault::TYPE),
            Noun::Vector(vector) => match (T::of(&vector.items), &vector.items) {
                (_, Items::Guid(_) | Items::Sym(_)) => Err(Fault::TYPE),
                (Some(items), _) if convert == Convert::Raw => Ok(Self::Items(items)),
                _ => Ok(Self::Other(vector, convert)),
            },
            _ => Err(Fault::TYPE),
        }
    }

    /// Number of items; `None` for an atom.
    pub(crate) fn count(&self) -> Option<usize> {
        match self {
            Self::Atom(_) => None,
            Self::Items(items) => Some(items.len()),
            Self::Other(vector, _) => Some(vector.len()),
        }
    }

    fn block<'b>(&'b self, from: usize, to: usize, buffer: &'b mut Vec<T>) -> Part<'b, T> {
        match self {
            Self::Atom(item) => Part::Atom(*item),
            Self::Items(items) => Part::Items(items.get(from..to).unwrap_or_default()),
            Self::Other(vector, convert) => {
                buffer.clear();
                convert_into(&vector.items, from, to, *convert, buffer);
                Part::Items(buffer)
            }
        }
    }

    /// Copies all items, converted to the lane.
    pub(crate) fn items(&self, vm: &mut Vm<'_>) -> R<Vec<T>> {
        let mut out = vm.vec(self.count().unwrap_or(1))?;
        match self {
            Self::Atom(item) => out.push(*item),
            Self::Items(items) => out.extend_from_slice(items),
            Self::Other(vector, convert) => convert_into(&vector.items, 0, vector.len(), *convert, &mut out),
        }
        Ok(out)
    }

    /// All items in the lane; borrowed if no conversion is needed.
    pub(crate) fn all(&self, vm: &mut Vm<'_>) -> R<Cow<'_, [T]>> {
        match self {
            Self::Items(items) => Ok(Cow::Borrowed(items)),
            _ => self.items(vm).map(Cow::Owned),
        }
    }

    /// Calls `work` with each block in order. An atom is a block of one item.
    pub(crate) fn blocks(&self, vm: &mut Vm<'_>, mut work: impl FnMut(&[T])) -> R<()> {
        match self {
            Self::Atom(item) => work(&[*item]),
            Self::Items(items) => {
                vm.charge(items.len() / 2)?;
                work(items);
            }
            Self::Other(vector, _) => {
                let count = vector.len();
                vm.charge(count)?;
                let mut buffer = Vec::with_capacity(BLOCK.min(count));
                for from in (0..count).step_by(BLOCK) {
                    if let Part::Items(items) = self.block(from, (from + BLOCK).min(count), &mut buffer) {
                        work(items);
                    }
                }
            }
        }
        Ok(())
    }
}

/// The length of the result of two arguments; `None` for two atoms.
///
/// # Errors
///
/// `length` if both are vectors of different lengths.
pub(crate) fn conform(x: Option<usize>, y: Option<usize>) -> R<Option<usize>> {
    match (x, y) {
        (Some(x), Some(y)) if x != y => Err(Fault::LENGTH),
        (Some(count), _) | (None, Some(count)) => Ok(Some(count)),
        (None, None) => Ok(None),
    }
}

/// Calls `work` with each pair of blocks.
pub(crate) fn pair_blocks<T: Number, S: Number>(
    vm: &mut Vm<'_>,
    x: &Side<'_, T>,
    y: &Side<'_, S>,
    mut work: impl FnMut(Part<'_, T>, Part<'_, S>),
) -> R<()> {
    let Some(count) = conform(x.count(), y.count())? else { return Ok(()) };
    vm.charge(count)?;
    let borrowed = !matches!(x, Side::Other(..)) && !matches!(y, Side::Other(..));
    let step = if borrowed { count.max(1) } else { BLOCK };
    let (mut left, mut right) = (Vec::new(), Vec::new());
    for from in (0..count).step_by(step) {
        let to = from.saturating_add(step).min(count);
        work(x.block(from, to, &mut left), y.block(from, to, &mut right));
    }
    Ok(())
}

fn extend<T: Copy, S: Copy, U>(out: &mut Vec<U>, x: Part<'_, T>, y: Part<'_, S>, op: impl Fn(T, S) -> U) {
    match (x, y) {
        (Part::Items(x), Part::Items(y)) => out.extend(x.iter().zip(y).map(|(&x, &y)| op(x, y))),
        (Part::Items(x), Part::Atom(y)) => out.extend(x.iter().map(|&x| op(x, y))),
        (Part::Atom(x), Part::Items(y)) => out.extend(y.iter().map(|&y| op(x, y))),
        (Part::Atom(x), Part::Atom(y)) => out.push(op(x, y)),
    }
}

/// Applies `op` to each pair of items. The result is of `kind`, whose lane must be `U`.
pub(crate) fn pairs<T: Number, U: Lane>(
    vm: &mut Vm<'_>,
    kind: Kind,
    x: (&Noun, Convert),
    y: (&Noun, Convert),
    op: impl Fn(T, T) -> U + Copy,
) -> R {
    let (x, y) = (Side::<T>::new(x.0, x.1)?, Side::<T>::new(y.0, y.1)?);
    if let (Side::Atom(x), Side::Atom(y)) = (&x, &y) {
        return Ok(atom(kind, op(*x, *y)));
    }
    let mut out = vm.vec(conform(x.count(), y.count())?.unwrap_or(1))?;
    pair_blocks(vm, &x, &y, |x, y| extend(&mut out, x, y, op))?;
    Ok(vector(kind, out))
}

/// Like [`pairs`], for a result in the loop's lane: an unshared argument in that lane is overwritten.
pub(crate) fn pairs_in_place<T: Number>(
    vm: &mut Vm<'_>,
    kind: Kind,
    mut x: (Noun, Convert),
    mut y: (Noun, Convert),
    op: impl Fn(T, T) -> T + Copy,
) -> R {
    let overwritten = match (own::<T>(&mut x), own::<T>(&mut y)) {
        (Some(items), _) => overwrite(vm, items, &Side::new(&y.0, y.1)?, op)?.then_some(x.0),
        (_, Some(items)) => overwrite(vm, items, &Side::new(&x.0, x.1)?, |y, x| op(x, y))?.then_some(y.0),
        _ => return pairs(vm, kind, (&x.0, x.1), (&y.0, y.1), op),
    };
    Ok(overwritten.map_or(Noun::Null, |noun| of_kind(noun, kind)))
}

/// Mutable access to the items of an argument, if it is an unshared vector of this lane.
fn own<T: Number>(side: &mut (Noun, Convert)) -> Option<&mut Vec<T>> {
    match side {
        (Noun::Vector(vector), Convert::Raw) => T::of_mut(&mut vector.items).and_then(Arc::get_mut),
        _ => None,
    }
}

/// Applies `op` to each item in place, with an atom or a vector of equal length. An error leaves all items
/// unchanged.
pub(crate) fn overwrite<T: Number>(
    vm: &mut Vm<'_>,
    items: &mut [T],
    other: &Side<'_, T>,
    op: impl Fn(T, T) -> T,
) -> R<bool> {
    let count = items.len();
    conform(Some(count), other.count())?;
    vm.charge(count)?;
    let step = if matches!(other, Side::Other(..)) { BLOCK } else { count.max(1) };
    let mut buffer = Vec::new();
    for (block, from) in items.chunks_mut(step).zip((0..count).step_by(step)) {
        match other.block(from, from.saturating_add(step).min(count), &mut buffer) {
            Part::Atom(other) => block.iter_mut().for_each(|item| *item = op(*item, other)),
            Part::Items(others) => block.iter_mut().zip(others).for_each(|(item, &other)| *item = op(*item, other)),
        }
    }
    Ok(true)
}

/// Changes the kind of a value within its lane, and removes the attribute.
pub(crate) fn of_kind(noun: Noun, kind: Kind) -> Noun {
    match noun {
        Noun::Vector(Vector { items, .. }) => Noun::Vector(Vector { kind, attr: Attribute::None, items }),
        Noun::Atom(Atom { item, .. }) => Noun::Atom(Atom { kind, item }),
        other => other,
    }
}

/// Applies `op` to each item of an atom or vector. The result is of `kind`, whose lane must be `U`.
pub(crate) fn map<T: Number, U: Lane>(
    vm: &mut Vm<'_>,
    kind: Kind,
    x: &Noun,
    convert: Convert,
    op: impl Fn(T) -> U + Copy,
) -> R {
    let side = Side::<T>::new(x, convert)?;
    let Some(count) = side.count() else {
        let Side::Atom(item) = side else { return Err(Fault::TYPE) };
        return Ok(atom(kind, op(item)));
    };
    let mut out = vm.vec(count)?;
    side.blocks(vm, |items| out.extend(items.iter().map(|&item| op(item))))?;
    Ok(vector(kind, out))
}

/// Like [`map`], for a result in the argument's lane: an unshared vector is overwritten.
pub(crate) fn map_in_place<T: Number>(vm: &mut Vm<'_>, kind: Kind, x: Noun, op: impl Fn(T) -> T + Copy) -> R {
    let mut side = (x, Convert::Raw);
    match own::<T>(&mut side) {
        Some(items) => {
            vm.charge(items.len())?;
            items.iter_mut().for_each(|item| *item = op(*item));
            Ok(of_kind(side.0, kind))
        }
        None => map(vm, kind, &side.0, Convert::Raw, op),
    }
}
