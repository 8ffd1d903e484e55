//! Atomic application: verbs applied to the items of lists, the values of dicts and the columns of tables.

use std::sync::Arc;

use kcodec::Kind;

use super::build;
use super::fault::{Fault, R};
use super::noun::{Dict, Noun, Table, empty};
use super::vm::Vm;

/// What a dyadic verb does with a key that only one of the two dicts has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unmatched {
    /// Keeps its value.
    Keep,
    /// Keeps its value; a value of the right dict is negated.
    Negate,
    /// Applies the verb to its value and a null.
    Null,
}

/// Units charged per item of a general list.
const STEP: usize = 16;

impl Vm<'_> {
    /// Applies `leaf` to every atom and vector in `x`.
    pub(crate) fn atomic1<F: Fn(&mut Self, Noun) -> R + Copy>(&mut self, x: Noun, leaf: F) -> R {
        match x {
            Noun::Atom(_) | Noun::Vector(_) => leaf(self, x),
            Noun::List(list) => {
                if list.items().is_empty() {
                    return Ok(Noun::List(list));
                }
                let mut out = self.vec(list.items().len())?;
                for item in unshared(list) {
                    self.charge(STEP)?;
                    out.push(self.atomic1(item, leaf)?);
                }
                build::tidy(out)
            }
            Noun::Dict(dict) => {
                let (keys, values) = parts(dict);
                Dict::new(keys, self.atomic1(values, leaf)?)
            }
            Noun::Table(table) => self.each_column(table, |vm, column| vm.atomic1(column, leaf)),
            Noun::Enum(list) => {
                let members = self.members(&list)?;
                leaf(self, members)
            }
            Noun::Null | Noun::Elided | Noun::Func(_) => Err(Fault::TYPE),
        }
    }

    /// Builds a table with `work` applied to each column.
    pub(crate) fn each_column(&mut self, table: Arc<Table>, mut work: impl FnMut(&mut Self, Noun) -> R) -> R {
        let mut columns = self.vec(table.columns().len())?;
        let (names, old) = (table.names().clone(), columns_of(table));
        for column in old {
            columns.push(work(self, column)?);
        }
        Table::new(names, columns)
    }

    /// Applies `leaf` to every pair of atoms or vectors in `x` and `y`.
    pub(crate) fn atomic2<F: Fn(&mut Self, Noun, Noun) -> R + Copy>(
        &mut self,
        x: Noun,
        y: Noun,
        unmatched: Unmatched,
        leaf: F,
    ) -> R {
        use Noun as N;
        match (x, y) {
            (x @ (N::Atom(_) | N::Vector(_)), y @ (N::Atom(_) | N::Vector(_))) => leaf(self, x, y),
            (N::Null | N::Elided | N::Func(_), _) | (_, N::Null | N::Elided | N::Func(_)) => Err(Fault::TYPE),
            (N::Enum(x), y) => {
                let members = self.members(&x)?;
                self.atomic2(members, y, unmatched, leaf)
            }
            (x, N::Enum(y)) => {
                let members = self.members(&y)?;
                self.atomic2(x, members, unmatched, leaf)
            }
            (N::Dict(x), N::Dict(y)) => self.union(&x, &y, unmatched, leaf),
            (N::Dict(x), N::Table(y)) | (N::Table(y), N::Dict(x)) => {
                let _ = (x, y);
                Err(Fault::nyi("a dict with a table"))
            }
            (N::Dict(x), y) => {
                let (keys, values) = parts(x);
                Dict::new(keys, self.atomic2(values, y, unmatched, leaf)?)
            }
            (x, N::Dict(y)) => {
                let (keys, values) = parts(y);
                Dict::new(keys, self.atomic2(x, values, unmatched, leaf)?)
            }
            (N::Table(x), N::Table(y)) => {
                if x.len() != y.len() {
                    return Err(Fault::LENGTH);
                }
                let mut columns = self.vec(x.columns().len())?;
                for (&name, column) in x.names().iter().zip(x.columns()) {
                    let other = y.column(name).ok_or_else(|| Fault::nyi("tables of different columns"))?;
                    columns.push(self.atomic2(column.clone(), other.clone(), unmatched, leaf)?);
                }
                if x.names().len() != y.names().len() {
                    return Err(Fault::nyi("tables of different columns"));
                }
                Table::new(x.names().clone(), columns)
            }
            (N::Table(x), y @ N::Atom(_)) => {
                self.each_column(x, |vm, column| vm.atomic2(column, y.clone(), unmatched, leaf))
            }
            (x @ N::Atom(_), N::Table(y)) => {
                self.each_column(y, |vm, column| vm.atomic2(x.clone(), column, unmatched, leaf))
            }
            (N::Table(_), _) | (_, N::Table(_)) => Err(Fault::nyi("a table with a list")),
            (x, y) => self.lists(&x, &y, unmatched, leaf),
        }
    }

    /// At least one argument is a general list; the other one is a list or an atom.
    fn lists<F: Fn(&mut Self, Noun, Noun) -> R + Copy>(
        &mut self,
        x: &Noun,
        y: &Noun,
        unmatched: Unmatched,
        leaf: F,
    ) -> R {
        let count = match (x.is_list(), y.is_list()) {
            (true, true) if x.len() != y.len() => return Err(Fault::LENGTH),
            (true, _) => x.len(),
            _ => y.len(),
        };
        if count == 0 {
            return Ok(empty(Kind::List));
        }
        let item = |side: &Noun, index| if side.is_list() { side.at(index) } else { side.clone() };
        let mut out = self.vec(count)?;
        for index in 0..count {
            self.charge(STEP)?;
            out.push(self.atomic2(item(x, index), item(y, index), unmatched, leaf)?);
        }
        build::tidy(out)
    }

    /// Two dicts or keyed tables: the union of their keys, the left ones first.
    fn union<F: Fn(&mut Self, Noun, Noun) -> R + Copy>(
        &mut self,
        x: &Dict,
        y: &Dict,
        unmatched: Unmatched,
        leaf: F,
    ) -> R {
        if self.matches(&x.keys, &y.keys)? {
            return Dict::new(x.keys.clone(), self.atomic2(x.values.clone(), y.values.clone(), unmatched, leaf)?);
        }
        let found = self.find(&x.keys, &y.keys)?;
        let found = self.places(&found)?;
        let count = x.keys.len();
        let fresh: Vec<usize> =
            (0..found.len()).filter(|&at| found.get(at).is_some_and(|&place| place >= count)).collect();
        let more = self.gather(&y.keys, &fresh)?;
        let mut keys = x.keys.clone();
        self.append(&mut keys, more)?;
        let joined = Joined { count, found: &found, fresh: &fresh };
        let values = match (&x.values, &y.values) {
            (Noun::Table(a), Noun::Table(b)) => {
                let mut names = a.names().to_vec();
                names.extend(b.names().iter().filter(|name| a.column(**name).is_none()));
                if names.len() != a.names().len() || names.len() != b.names().len() {
                    return Err(Fault::nyi("keyed tables of different columns"));
                }
                let mut columns = self.vec(names.len())?;
                for (&name, column) in names.iter().zip(a.columns()) {
                    let other = b.column(name).ok_or(Fault::LENGTH)?;
                    columns.push(self.join_values(column, other, &joined, unmatched, leaf)?);
                }
                Table::new(Arc::new(names), columns)?
            }
            (a, b) => self.join_values(a, b, &joined, unmatched, leaf)?,
        };
        Dict::new(keys, values)
    }

    /// The values for the union of keys, for one column or for all values.
    fn join_values<F: Fn(&mut Self, Noun, Noun) -> R + Copy>(
        &mut self,
        x: &Noun,
        y: &Noun,
        joined: &Joined<'_>,
        unmatched: Unmatched,
        leaf: F,
    ) -> R {
        // For each key of the left dict its position in the right one, or `usize::MAX`.
        let mut partner = self.vec(joined.count)?;
        partner.resize(joined.count, usize::MAX);
        for (at, &place) in joined.found.iter().enumerate() {
            if let Some(partner) = partner.get_mut(place) {
                *partner = at;
            }
        }
        if unmatched == Unmatched::Null {
            let right = [partner.as_slice(), joined.fresh].concat();
            let left: Vec<usize> = (0..joined.count).chain(joined.fresh.iter().map(|_| usize::MAX)).collect();
            let (x, y) = (self.gather(x, &left)?, self.gather(y, &right)?);
            return self.atomic2(x, y, unmatched, leaf);
        }
        let common: Vec<usize> = (0..joined.count).filter(|&at| partner.get(at) != Some(&usize::MAX)).collect();
        let partners: Vec<usize> = partner.iter().copied().filter(|&at| at != usize::MAX).collect();
        let (left, right) = (self.gather(x, &common)?, self.gather(y, &partners)?);
        let both = build::items(&self.atomic2(left, right, unmatched, leaf)?);
        let mut all = build::items(x);
        self.charge(all.len())?;
        for (at, value) in common.into_iter().zip(both) {
            if let Some(place) = all.get_mut(at) {
                *place = value;
            }
        }
        let mut fresh = self.gather(y, joined.fresh)?;
        if unmatched == Unmatched::Negate {
            fresh = super::arith::neg(self, fresh)?;
        }
        all.extend(build::items(&fresh));
        if all.is_empty() { Ok(x.clone()) } else { build::tidy(all) }
    }
}

/// How the keys of two dicts match.
struct Joined<'a> {
    /// Number of keys of the left dict.
    count: usize,
    /// For each key of the right dict its position in the left one; `count` or more if it is missing there.
    found: &'a [usize],
    /// Positions of the keys that only the right dict has.
    fresh: &'a [usize],
}

/// The items of a list; moved out if it is unshared.
fn unshared(list: Arc<super::noun::List>) -> Vec<Noun> {
    Arc::try_unwrap(list).map_or_else(|shared| shared.items().to_vec(), super::noun::List::into_items)
}

/// The columns of a table; moved out if it is unshared.
fn columns_of(table: Arc<Table>) -> Vec<Noun> {
    match Arc::try_unwrap(table) {
        Ok(mut table) => table.columns_mut().iter_mut().map(std::mem::take).collect(),
        Err(shared) => shared.columns().to_vec(),
    }
}

/// Keys and values of a dict; moved out if it is unshared.
fn parts(dict: Arc<Dict>) -> (Noun, Noun) {
    match Arc::try_unwrap(dict) {
        Ok(dict) => (dict.keys, dict.values),
        Err(shared) => (shared.keys.clone(), shared.values.clone()),
    }
}
