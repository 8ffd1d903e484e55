//! Enumerations: positions in a domain. The domain is a global, named by a symbol, and is looked up at every
//! access.
//!
//! A domain is a list of symbols, a keyed table with one key column (a foreign key), or a table (a link, whose
//! items are row numbers). Verbs that only move items run on the positions. Verbs without support for enumerations
//! receive the items themselves. Values that leave the process never contain enumerations.

mod print;
mod verbs;

use std::sync::Arc;

use super::build;
use super::fault::{Fault, R};
use super::noun::{Atom, Dict, Item, Noun, Table, Vector, empty};
use super::symbols::Sym;
use super::vm::Vm;
use kcodec::{Attribute, Kind};

/// Positions in a domain.
#[derive(Debug)]
pub(crate) struct Enumeration {
    pub(crate) domain: Sym,
    /// A long atom or a long vector.
    pub(crate) places: Noun,
}

pub(crate) const fn is_enumeration(noun: &Noun) -> bool {
    matches!(noun, Noun::Enum(_))
}

/// Turns positions, at any depth, into an enumeration. Other values are returned unchanged.
pub(crate) fn over(domain: Sym, places: Noun) -> R {
    match places {
        Noun::Atom(Atom { kind: Kind::Long, .. }) | Noun::Vector(Vector { kind: Kind::Long, .. }) => {
            Ok(Noun::Enum(Arc::new(Enumeration { domain, places })))
        }
        Noun::List(list) => {
            build::tidy(list.items().iter().map(|item| over(domain, item.clone())).collect::<R<Vec<Noun>>>()?)
        }
        Noun::Dict(dict) => Dict::new(dict.keys.clone(), over(domain, dict.values.clone())?),
        other => Ok(other),
    }
}

/// The value of a domain.
enum Domain {
    /// Its items; for a keyed table its keys.
    Items(Noun),
    /// A table without a single key column: items are row numbers.
    Rows,
}

impl Vm<'_> {
    fn domain(&mut self, name: Sym) -> R<Domain> {
        let value = match self.q.globals.get(&name) {
            Some(value) => value.clone(),
            None => return Err(Fault::named(self.text(name))),
        };
        match &value {
            Noun::Vector(Vector { kind: Kind::Symbol, .. }) => Ok(Domain::Items(value)),
            Noun::List(list) if list.items().is_empty() => Ok(Domain::Items(empty(Kind::Symbol))),
            Noun::Table(_) => Ok(Domain::Rows),
            _ => match value.as_keyed().map(|(keys, _)| keys.columns()) {
                Some([key]) => {
                    let key = key.clone();
                    self.recurse(|vm| vm.plain(key)).map(Domain::Items)
                }
                Some(_) => Ok(Domain::Rows),
                None => Err(Fault::nyi("an enumeration over a value that is neither a symbol list nor a table")),
            },
        }
    }

    /// The items that an enumeration refers to.
    pub(crate) fn members(&mut self, enumeration: &Enumeration) -> R {
        match self.domain(enumeration.domain)? {
            Domain::Rows => Ok(enumeration.places.clone()),
            Domain::Items(items) => match (&enumeration.places, self.index(&items, &enumeration.places)?) {
                (Noun::Vector(places), Noun::Vector(mut members)) => {
                    members.attr = places.attr;
                    Ok(Noun::Vector(members))
                }
                (_, members) => Ok(members),
            },
        }
    }

    /// Replaces enumerations by their items, at any depth.
    pub(crate) fn plain(&mut self, x: Noun) -> R {
        if !self.q.enumerates {
            return Ok(x);
        }
        match &x {
            Noun::Enum(enumeration) => self.members(enumeration),
            _ if !self.holds_enumeration(&x)? => Ok(x),
            Noun::List(list) => {
                let items = self.plain_all(list.items())?;
                build::tidy(items)
            }
            Noun::Table(table) => {
                let columns = self.plain_all(table.columns())?;
                let mut plain = Table::new(table.names().clone(), columns)?;
                if let Noun::Table(plain) = &mut plain
                    && let Some(plain) = Arc::get_mut(plain)
                {
                    plain.attr = table.attr;
                }
                Ok(plain)
            }
            Noun::Dict(dict) => {
                let keys = self.plain(dict.keys.clone())?;
                let values = self.plain(dict.values.clone())?;
                if dict.sorted { Dict::stepped(keys, values) } else { Dict::new(keys, values) }
            }
            _ => Ok(x),
        }
    }

    pub(crate) fn plain_all(&mut self, items: &[Noun]) -> R<Vec<Noun>> {
        let mut all = self.vec(items.len())?;
        for item in items {
            all.push(self.plain(item.clone())?);
        }
        Ok(all)
    }

    pub(crate) fn holds_enumeration(&mut self, x: &Noun) -> R<bool> {
        let any = |vm: &mut Self, items: &[Noun]| {
            vm.charge(items.len())?;
            for item in items {
                if vm.holds_enumeration(item)? {
                    return Ok(true);
                }
            }
            Ok(false)
        };
        match x {
            Noun::Enum(_) => Ok(true),
            Noun::List(list) => any(self, list.items()),
            Noun::Table(table) => any(self, table.columns()),
            Noun::Dict(dict) => Ok(self.holds_enumeration(&dict.keys)? || self.holds_enumeration(&dict.values)?),
            _ => Ok(false),
        }
    }

    /// `` `d$y ``
    pub(crate) fn enumerate(&mut self, domain: Sym, y: Noun) -> R {
        let Domain::Items(items) = self.domain(domain)? else {
            return Err(Fault::nyi("a cast to a table without a single key"));
        };
        let y = self.plain(y)?;
        self.enumerate_in(domain, &items, &y)
    }

    fn enumerate_in(&mut self, domain: Sym, items: &Noun, y: &Noun) -> R {
        match y {
            Noun::List(list) if list.items().is_empty() => self.enumerated(domain, empty(Kind::Long)),
            Noun::List(_) => self.recurse(|vm| vm.each(y, |vm, item| vm.enumerate_in(domain, items, &item))),
            Noun::Atom(_) | Noun::Vector(_) if y.kind() == items.kind() => {
                let places = self.find(items, y)?;
                let count = i64::try_from(items.len()).unwrap_or(i64::MAX);
                let known = match &places {
                    Noun::Atom(_) => places.as_long().is_some_and(|place| place < count),
                    _ => places.items::<i64>().is_some_and(|places| places.iter().all(|&place| place < count)),
                };
                if known { self.enumerated(domain, places) } else { Err(Fault::new("cast")) }
            }
            _ => Err(Fault::TYPE),
        }
    }

    /// `` `d?y ``: missing items are appended to the domain.
    pub(crate) fn extend_domain(&mut self, domain: Sym, y: Noun) -> R {
        if self.text(domain).starts_with(b":") {
            return Err(Fault::nyi("enumeration over a file"));
        }
        let items = match self.q.globals.contains_key(&domain) {
            false => return Err(Fault::nyi("extending a domain that does not exist")),
            true => match self.domain(domain)? {
                Domain::Items(items) if items.kind() == Some(Kind::Symbol) => items,
                _ => return Err(Fault::nyi("extending a table")),
            },
        };
        let y = self.plain(y)?;
        let wanted = match &y {
            Noun::Atom(Atom { kind: Kind::Symbol, .. }) => build::enlist(y.clone())?,
            Noun::Vector(Vector { kind: Kind::Symbol, .. }) => self.distinct(&y)?,
            Noun::List(list) if list.items().is_empty() => empty(Kind::Symbol),
            _ => return Err(Fault::TYPE),
        };
        let places = self.positions(&items, &wanted)?;
        let fresh: Vec<usize> =
            places.iter().enumerate().filter(|(_, place)| **place >= items.len()).map(|(at, _)| at).collect();
        let mut all = items;
        if !fresh.is_empty() {
            let fresh = self.gather(&wanted, &fresh)?;
            self.append(&mut all, fresh)?;
            self.define(domain, all.clone())?;
        }
        self.enumerate_in(domain, &all, &y)
    }

    /// `` `d!y ``
    pub(crate) fn enumerate_places(&mut self, domain: Sym, y: Noun) -> R {
        if !self.q.globals.contains_key(&domain) {
            return Err(Fault::nyi("an enumeration over a domain that does not exist"));
        }
        self.domain(domain)?;
        let places = self.cast_to(Kind::Long, y)?;
        self.enumerated(domain, places)
    }

    fn enumerated(&mut self, domain: Sym, places: Noun) -> R {
        self.q.enumerates = true;
        over(domain, places)
    }

    /// Converts `y` for insertion into `list`: to an enumeration if the list is one, otherwise from an enumeration
    /// to symbols.
    pub(crate) fn conform_to_domain(&mut self, list: &Noun, y: Noun) -> R {
        match (list, &y) {
            (Noun::Enum(x), Noun::Enum(y)) if x.domain == y.domain => {}
            (Noun::Enum(x), _) => return self.enumerate(x.domain, y),
            (Noun::Vector(_), Noun::Enum(_)) => return self.plain(y),
            _ => {}
        }
        Ok(y)
    }

    /// `enumeration,:y`, where `y` is an enumeration over the same domain.
    pub(crate) fn append_places(&mut self, list: &mut Noun, y: &Noun) -> R<()> {
        let (Noun::Enum(x), Noun::Enum(y)) = (&mut *list, y) else { return Err(Fault::TYPE) };
        let domain = x.domain;
        let more = y.places.clone();
        let mut places = match Arc::get_mut(x) {
            Some(own) => std::mem::take(&mut own.places),
            None => x.places.clone(),
        };
        // The order of the positions is not the order of the items, so `s` does not carry over.
        if let Noun::Vector(places) = &mut places
            && places.attr != Attribute::Grouped
        {
            places.attr = Attribute::None;
        }
        let done = if places.is_atom() { Err(Fault::TYPE) } else { self.append(&mut places, more) };
        *list = over(domain, places)?;
        done
    }

    /// `p.name`: a column of the domain table, at the enumeration's positions.
    pub(crate) fn foreign_column(&mut self, enumeration: &Enumeration, column: Sym) -> R {
        let table = self.q.globals.get(&enumeration.domain).cloned().unwrap_or_default();
        let (table, _) = self.flat(&table)?;
        let found = table.column(column).cloned().ok_or_else(|| Fault::named(self.text(column)))?;
        self.index(&found, &enumeration.places)
    }

    /// The table that a column refers to, if it is a foreign key or link.
    pub(crate) fn refers_to(&self, column: &Noun) -> Option<Sym> {
        let Noun::Enum(enumeration) = column else { return None };
        let domain = self.q.globals.get(&enumeration.domain)?;
        (matches!(domain, Noun::Table(_)) || domain.as_keyed().is_some()).then_some(enumeration.domain)
    }
}

impl Enumeration {
    /// The item at a position, as an enumeration atom.
    pub(crate) fn at(&self, index: usize) -> Noun {
        Noun::Enum(Arc::new(Self { domain: self.domain, places: self.places.at(index) }))
    }

    /// An empty enumeration over the same domain.
    pub(crate) fn without_items(&self) -> Noun {
        Noun::Enum(Arc::new(Self { domain: self.domain, places: empty(Kind::Long) }))
    }

    /// Builds an enumeration from its items. `None` unless all of them are atoms over one domain.
    pub(crate) fn list_of(items: &[Noun]) -> Option<Noun> {
        let Some(Noun::Enum(first)) = items.first() else { return None };
        let place = |item: &Noun| match item {
            Noun::Enum(item) if item.domain == first.domain => match item.places {
                Noun::Atom(Atom { item: Item::I64(place), .. }) => Some(place),
                _ => None,
            },
            _ => None,
        };
        let places = items.iter().map(place).collect::<Option<Vec<i64>>>()?;
        Some(Noun::Enum(Arc::new(Self { domain: first.domain, places: Noun::longs(places) })))
    }
}
