//! Where items are: `? in distinct where`.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use kcodec::{Body, Item, Kind, Slice, Symbol, Symbols, Value, Vector};

use super::atomic;
use super::budget::Budget;
use super::compare::{self, Order};
use super::convert::Convert;
use super::fault::Fault;
use super::index::at;
use super::items::{encode, items, single};
use super::kinds::{fixed_kinds, with_items};
use super::lane::{Lane, Side, in_lane};
use super::take::pick;

macro_rules! same_kind {
    ({ ($x:expr) ($y:expr) $a:ident $b:ident ($fixed:expr) ($text:expr) } $($kind:ident)*) => {
        match ($x, $y) {
            $((Vector::$kind($a), Vector::$kind($b)) => Ok($fixed),)*
            (Vector::Symbol($a), Vector::Symbol($b)) => Ok($text),
            _ => Err(Fault::TYPE),
        }
    };
}

/// For each of `wanted` its first place in `all`, or the count of `all`.
fn look_up(all: Vector<'_>, wanted: Vector<'_>) -> Result<Vec<usize>, Fault> {
    fixed_kinds!(same_kind, { (all) (wanted) a b (places_of(a, b)) (places_of_symbols(a, b)) })
}

/// One item is looked for from the front; for several all are put in a table first.
fn places_of<T: Item>(all: Slice<'_, T>, wanted: Slice<'_, T>) -> Vec<usize>
where
    T::Bytes: Hash + Eq,
{
    match wanted.get(0) {
        Some(one) if wanted.len() == 1 => vec![all.iter().position(|item| item.matches(one)).unwrap_or(all.len())],
        _ => first_places(all.iter().map(T::to_bytes), wanted.iter().map(T::to_bytes)),
    }
}

fn places_of_symbols(all: Symbols<'_>, wanted: Symbols<'_>) -> Vec<usize> {
    match wanted.get(0) {
        Some(one) if wanted.len() == 1 => vec![all.iter().position(|item| item == one).unwrap_or(all.len())],
        _ => first_places(all.iter(), wanted.iter()),
    }
}

fn first_places<T: Hash + Eq>(all: impl ExactSizeIterator<Item = T>, wanted: impl Iterator<Item = T>) -> Vec<usize> {
    let count = all.len();
    let mut first = HashMap::with_capacity(count.min(1 << 16));
    for (place, item) in all.enumerate() {
        first.entry(item).or_insert(place);
    }
    wanted.map(|item| first.get(&item).copied().unwrap_or(count)).collect()
}

/// The place of one item, an atom of a vector's kind or any value of a list; else the count.
pub(crate) fn place(budget: &mut Budget, all: Value<'_>, wanted: Value<'_>) -> Result<usize, Fault> {
    budget.touch(all.count())?;
    match (all, wanted) {
        (Value::Vector(all), Value::Atom(atom)) => {
            let places = single(atom, |wanted| look_up(all, wanted))?;
            Ok(places.first().copied().unwrap_or(all.len()))
        }
        (Value::List(all), wanted) => Ok(all.iter().position(|item| item == wanted).unwrap_or(all.len())),
        _ => Err(Fault::TYPE),
    }
}

/// The places of several items.
pub(crate) fn places(budget: &mut Budget, all: Value<'_>, wanted: Value<'_>) -> Result<Vec<usize>, Fault> {
    budget.make(wanted.count(), size_of::<usize>())?;
    match (all, wanted) {
        (Value::Vector(all), Value::Vector(wanted)) => {
            budget.make(all.len(), 32)?;
            look_up(all, wanted)
        }
        _ => items(budget, wanted)?.into_iter().map(|wanted| place(budget, all, wanted)).collect(),
    }
}

/// `x?y`
pub(crate) fn find(budget: &mut Budget, x: &Body, y: &Body) -> Result<Body, Fault> {
    search(budget, x.value(), y.value())
}

fn search(budget: &mut Budget, x: Value<'_>, y: Value<'_>) -> Result<Body, Fault> {
    let long = |place: usize| i64::try_from(place).unwrap_or(i64::MAX);
    let items_are_lists = matches!(x, Value::List(list) if list.iter().next().is_some_and(Value::is_list));
    match (x, y) {
        (Value::Dict(dict), _) => {
            let places = search(budget, dict.values(), y)?;
            at(budget, dict.keys(), places.value())
        }
        (Value::Vector(_), Value::List(list)) => {
            let found: Result<Vec<_>, _> =
                budget.nest(|budget| list.iter().map(|item| search(budget, x, item)).collect());
            atomic::collect(budget, found?)
        }
        (Value::Atom(_), _) => Err(Fault::NYI),
        (_, Value::Atom(_) | Value::Function(_)) => encode(long(place(budget, x, y)?)),
        (Value::List(_), Value::Vector(_)) if items_are_lists => encode(long(place(budget, x, y)?)),
        (Value::Vector(_) | Value::List(_), Value::Vector(_) | Value::List(_)) => {
            encode(&places(budget, x, y)?.into_iter().map(long).collect::<Vec<i64>>())
        }
        _ => Err(Fault::NYI),
    }
}

/// `x in y`
pub(crate) fn is_in(budget: &mut Budget, x: &Body, y: &Body) -> Result<Body, Fault> {
    if y.value().is_atom() {
        return compare::matches(budget, x, y);
    }
    let count = i64::try_from(y.value().count()).unwrap_or(i64::MAX);
    let places = find(budget, y, x)?;
    atomic::binary(budget, places.value(), Value::from(count), &|budget, x, y| {
        compare::compare(budget, Order::Less, false, x, y)
    })
}

/// The places of the items that are not among `without`.
pub(crate) fn except(budget: &mut Budget, all: Value<'_>, without: Value<'_>) -> Result<Vec<usize>, Fault> {
    budget.make(all.count(), size_of::<usize>())?;
    let gone: HashSet<usize> = match without {
        Value::Vector(_) => {
            items(budget, without)?.into_iter().map(|wanted| place(budget, all, wanted)).collect::<Result<_, _>>()?
        }
        _ => HashSet::from([place(budget, all, without)?]),
    };
    Ok((0..all.count()).filter(|place| !gone.contains(place)).collect())
}

/// `distinct x`: the first of each item, in order.
pub(crate) fn distinct(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    let first: Vec<usize> = match x {
        Value::Vector(vector) => {
            let places = places(budget, x, Value::Vector(vector))?;
            places.into_iter().enumerate().filter(|(at, first)| at == first).map(|(at, _)| at).collect()
        }
        Value::List(_) => {
            let all = items(budget, x)?;
            budget.touch(all.len().saturating_mul(all.len()))?;
            let is_first =
                |&at: &usize| all.get(at).is_some_and(|item| !all.iter().take(at).any(|other| other == item));
            (0..all.len()).filter(is_first).collect()
        }
        _ => return Err(Fault::NYI),
    };
    pick(budget, x, &first)
}

/// `where x`: each place as often as the number there says; of a dict, its keys.
pub(crate) fn r#where(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    let counts = match x {
        Value::Dict(dict) => {
            let places = r#where(budget, dict.values())?;
            return at(budget, dict.keys(), places.value());
        }
        Value::Vector(Vector::Boolean(flags)) => {
            budget.make(flags.len(), size_of::<i64>())?;
            let places = (0_i64..).zip(flags.iter()).filter(|(_, flag)| *flag).map(|(place, _)| place);
            return encode(&places.collect::<Vec<i64>>());
        }
        Value::Vector(vector) if vector.kind() <= Kind::Long => Side::<i64>::new(x, Convert::Raw)?,
        Value::List(list) if list.is_empty() => return encode(&Vec::<i64>::new()),
        _ => return Err(Fault::TYPE),
    };
    let Err(counts) = counts.split() else { return Err(Fault::TYPE) };
    let copies = |count: i64| usize::try_from(count).unwrap_or(0);
    budget.make(counts.iter().map(copies).fold(0, usize::saturating_add), size_of::<i64>())?;
    let places = (0_i64..).zip(counts.iter()).flat_map(|(place, count)| std::iter::repeat_n(place, copies(count)));
    encode(&places.collect::<Vec<i64>>())
}

/// Whether no item comes after a greater one.
pub(crate) fn is_ascending(vector: Vector<'_>) -> bool {
    match vector {
        Vector::Symbol(symbols) => symbols.iter().is_sorted(),
        Vector::Guid(guids) => guids.iter().is_sorted(),
        _ => in_lane!(vector.kind(), T => in_order::<T>(vector)),
    }
}

fn in_order<T: Lane>(vector: Vector<'_>) -> bool {
    let items = Side::<T>::new(Value::Vector(vector), Convert::Raw);
    let items = items.as_ref().map(Side::split);
    matches!(items, Ok(Err(items)) if items.iter().is_sorted_by(|x, y| !y.below(*x)))
}

/// `null x` where x is an atom or a vector.
pub(crate) fn null(budget: &mut Budget, x: Value<'_>) -> Result<Body, Fault> {
    budget.make(x.count(), 1)?;
    match x {
        Value::Atom(atom) => encode(atom.is_null()),
        Value::Vector(Vector::Char(chars)) => encode(&chars.iter().map(|char| char == b' ').collect::<Vec<bool>>()),
        Value::Vector(vector) => {
            let nulls: Vec<bool> = with_items!(vector, items => items.iter().map(Item::is_null).collect(),
                symbols => symbols.iter().map(Symbol::is_empty).collect());
            encode(&nulls)
        }
        _ => Err(Fault::TYPE),
    }
}
