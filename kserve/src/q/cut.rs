//! Slices and reorders lists: `cut sublist rotate reverse`.

use super::build;
use super::fault::{Fault, R};
use super::noun::{Dict, List, Noun, Vector, empty, vector, with_items};
use super::verb::{Verb, infix, unary};
use super::vm::Vm;
use kcodec::{Attribute, Kind};

pub(crate) static VERBS: &[Verb] = &[
    infix("sublist", None, |vm, x, y| vm.sublist(&x, y)),
    infix("cut", None, |vm, x, y| vm.cut(&x, y)),
    infix("rotate", None, |vm, x, y| vm.rotate(&x, y)),
    unary("reverse", Some(6), |vm, x| vm.reverse(x)),
];

impl Vm<'_> {
    /// `2 4 _ y`: the pieces that start at these positions.
    pub(crate) fn cut_at(&mut self, places: &Noun, y: &Noun) -> R {
        if !y.is_list() && !matches!(y, Noun::Dict(_)) {
            return Err(Fault::TYPE);
        }
        let places = self.places(places)?;
        let mut out = self.vec(places.len())?;
        for (index, &start) in places.iter().enumerate() {
            let end = places.get(index + 1).copied().unwrap_or(y.len());
            if end < start || end > y.len() {
                return Err(if places.is_sorted() { Fault::LENGTH } else { Fault::DOMAIN });
            }
            self.charge(16)?;
            out.push(if start == end { self.take_count(0, y)? } else { self.range(y, start, end)? });
        }
        if out.is_empty() { Ok(empty(Kind::List)) } else { List::raw(out) }
    }

    /// `n cut y`, `places cut y`
    fn cut(&mut self, x: &Noun, y: Noun) -> R {
        if !x.is_atom() {
            return self.drop(x, y);
        }
        let size = x.as_long().ok_or(Fault::TYPE)?;
        let y = if y.is_atom() { build::enlist(y)? } else { y };
        match usize::try_from(size) {
            Ok(size) if size > 0 => self.chunks(size, &y),
            _ => Err(Fault::DOMAIN),
        }
    }

    /// `n sublist y`, `start count sublist y`: at most as many items as there are.
    fn sublist(&mut self, x: &Noun, y: Noun) -> R {
        if y.is_atom() {
            return Err(Fault::TYPE);
        }
        let has = y.len();
        let size = |long: i64| usize::try_from(long).unwrap_or(0);
        let (start, end) = match (x, x.len()) {
            (Noun::Atom(_), _) => {
                let count = x.as_long().ok_or(Fault::TYPE)?;
                let wanted = usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX).min(has);
                if count < 0 { (has - wanted, has) } else { (0, wanted) }
            }
            (Noun::Vector(_), 2) => {
                let (Some(start), Some(count)) = (x.at(0).as_long(), x.at(1).as_long()) else {
                    return Err(Fault::TYPE);
                };
                if start < 0 {
                    return Err(Fault::nyi("sublist from before the first item"));
                }
                let (start, count) = (size(start).min(has), size(count));
                (start, start.saturating_add(count).min(has))
            }
            (Noun::Vector(_), _) => return Err(Fault::LENGTH),
            _ => return Err(Fault::TYPE),
        };
        if start == end { self.take_count(0, &y) } else { self.range(&y, start, end) }
    }

    /// `n rotate y`
    fn rotate(&mut self, x: &Noun, y: Noun) -> R {
        let turn = x.as_long().ok_or(Fault::TYPE)?;
        let has = y.len();
        let places = |turn: i64| -> usize {
            let count = i64::try_from(has.max(1)).unwrap_or(i64::MAX);
            usize::try_from(turn.rem_euclid(count)).unwrap_or(0)
        };
        let at = places(turn);
        match y {
            Noun::Vector(Vector { kind, items, .. }) => with_items!(items, items => {
                let mut out = self.vec(has)?;
                out.extend_from_slice(items.get(at..).unwrap_or_default());
                out.extend_from_slice(items.get(..at).unwrap_or_default());
                Ok(vector(kind, out))
            }),
            Noun::List(list) => {
                let mut out = self.vec(has)?;
                out.extend(list.items().iter().cycle().skip(at).take(has).cloned());
                if has == 0 { Ok(empty(Kind::List)) } else { List::raw(out) }
            }
            Noun::Table(table) => self.by_column(&table, |vm, column| vm.rotate(x, column.clone())),
            _ => Err(Fault::TYPE),
        }
    }

    /// `reverse x`
    pub(crate) fn reverse(&mut self, x: Noun) -> R {
        match x {
            Noun::Vector(Vector { kind, mut items, .. }) => {
                with_items!(&mut items, items => {
                    self.charge(items.len())?;
                    self.own(items)?.reverse();
                });
                Ok(Noun::Vector(Vector { kind, attr: Attribute::None, items }))
            }
            Noun::List(list) => {
                let mut out = self.vec(list.items().len())?;
                out.extend(list.items().iter().rev().cloned());
                if out.is_empty() { Ok(empty(Kind::List)) } else { List::raw(out) }
            }
            Noun::Enum(list) => super::enumeration::over(list.domain, self.reverse(list.places.clone())?),
            Noun::Table(table) => self.by_column(&table, |vm, column| vm.reverse(column.clone())),
            Noun::Dict(dict) => {
                let keys = self.reverse(dict.keys.clone())?;
                Dict::new(keys, self.reverse(dict.values.clone())?)
            }
            other => Ok(other),
        }
    }

    /// Splits into pieces of `size` items; the last one may be shorter.
    pub(crate) fn chunks(&mut self, size: usize, y: &Noun) -> R {
        let has = y.len();
        let mut out = self.vec(has.div_ceil(size))?;
        let mut start = 0;
        while start < has {
            let end = start.saturating_add(size).min(has);
            self.charge(16)?;
            out.push(self.range(y, start, end)?);
            start = end;
        }
        if out.is_empty() { Ok(empty(Kind::List)) } else { List::raw(out) }
    }
}
