//! Loops over one or two arguments, atoms or vectors, in one lane.
//!
//! A loop runs over blocks of [`BLOCK`] items. An argument whose items are of the loop's own lane is borrowed block
//! by block, any other is converted into a buffer that stays in the L1 cache, so that mixed kinds cost one pass over
//! memory as well. An argument that nobody else holds is overwritten with the result.

use std::borrow::Cow;
use std::sync::Arc;

use kcodec::{Attribute, Kind};

use super::fault::{Fault, R};
use super::noun::{Atom, Item, Items, Lane, Noun, Vector, atom, vector};
use super::number::Number;
use super::temporal::Convert;
use super::vm::Vm;

/// Items that are converted at once.
const BLOCK: usize = 1024;

/// Runs an expression with `$items` as the slice of a numeric vector; otherwise `$else`.
macro_rules! with_numbers {
    ($value:expr, $items:ident => $work:expr, $else:expr) => {
        match $value {
            $crate::q::noun::Items::U8($items) => $work,
            $crate::q::noun::Items::I16($items) => $work,
            $crate::q::noun::Items::I32($items) => $work,
            $crate::q::noun::Items::I64($items) => $work,
            $crate::q::noun::Items::F32($items) => $work,
            $crate::q::noun::Items::F64($items) => $work,
            _ => $else,
        }
    };
}

/// A number of one lane in another.
#[inline]
fn convert_raw<S: Number, T: Number>(item: S) -> T {
    if S::FLOAT { T::from_double(item.double()) } else { T::from_long(item.long()) }
}

/// Likewise, from the unit of one temporal kind to that of another. Infinities stay infinite.
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

/// An item in a lane; `None` for guids and symbols.
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

/// Appends items in another lane.
fn convert_into<T: Number>(items: &Items, from: usize, to: usize, convert: Convert, out: &mut Vec<T>) {
    fn run<S: Number, T: Number>(items: &[S], convert: Convert, out: &mut Vec<T>) {
        match convert {
            Convert::Raw => out.extend(items.iter().map(|&item| convert_raw::<S, T>(item))),
            _ => out.extend(items.iter().map(|&item| convert_unit::<S, T>(item, convert))),
        }
    }
    with_numbers!(items, items => run(items.get(from..to).unwrap_or_default(), convert, out), ());
}

/// One argument of a loop.
pub(crate) enum Side<'a, T> {
    Atom(T),
    Items(&'a [T]),
    Other(&'a Vector, Convert),
}

/// A block of an argument.
#[derive(Clone, Copy)]
pub(crate) enum Part<'a, T> {
    Atom(T),
    Items(&'a [T]),
}

impl<'a, T: Number> Side<'a, T> {
    /// # Errors
    ///
    /// `type` for what has no numbers underneath.
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

    /// Items; `None` of an atom.
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

    /// All items in the lane, copied.
    pub(crate) fn items(&self, vm: &mut Vm<'_>) -> R<Vec<T>> {
        let mut out = vm.vec(self.count().unwrap_or(1))?;
        match self {
            Self::Atom(item) => out.push(*item),
            Self::Items(items) => out.extend_from_slice(items),
            Self::Other(vector, convert) => convert_into(&vector.items, 0, vector.len(), *convert, &mut out),
        }
        Ok(out)
    }

    /// All items in the lane, borrowed if they are of it.
    pub(crate) fn all(&self, vm: &mut Vm<'_>) -> R<Cow<'_, [T]>> {
        match self {
            Self::Items(items) => Ok(Cow::Borrowed(items)),
            _ => self.items(vm).map(Cow::Owned),
        }
    }

    /// Calls `work` with each block of items, in order; an atom is a block of one.
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

/// The count of what two arguments make together; `None` for two atoms.
///
/// # Errors
///
/// `length` where the counts differ.
pub(crate) fn conform(x: Option<usize>, y: Option<usize>) -> R<Option<usize>> {
    match (x, y) {
        (Some(x), Some(y)) if x != y => Err(Fault::LENGTH),
        (Some(count), _) | (None, Some(count)) => Ok(Some(count)),
        (None, None) => Ok(None),
    }
}

/// Calls `work` with each pair of items, block by block.
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

/// `op` on each pair of items, of atoms or vectors; the result is of `kind`, whose lane is `U`.
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

/// Like [`pairs`], where the result is of the lane that is calculated in: an argument of that lane which nobody else
/// holds is overwritten.
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

/// The items of an argument to overwrite, if it is a vector of this lane that nobody else holds.
fn own<T: Number>(side: &mut (Noun, Convert)) -> Option<&mut Vec<T>> {
    match side {
        (Noun::Vector(vector), Convert::Raw) => T::of_mut(&mut vector.items).and_then(Arc::get_mut),
        _ => None,
    }
}

/// `op` on each item in place, with an atom or as many items. Whatever fails does so before an item is changed.
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

/// A vector as one of another kind in the same lane, without attribute.
pub(crate) fn of_kind(noun: Noun, kind: Kind) -> Noun {
    match noun {
        Noun::Vector(Vector { items, .. }) => Noun::Vector(Vector { kind, attr: Attribute::None, items }),
        Noun::Atom(Atom { item, .. }) => Noun::Atom(Atom { kind, item }),
        other => other,
    }
}

/// `op` on each item of an atom or vector; the result is of `kind`, whose lane is `U`.
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

/// Like [`map`], within the lane: a vector that nobody else holds is overwritten.
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
