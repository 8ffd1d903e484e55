//! Enumerations: positions in a domain. The domain is a global, named by a symbol, and is looked up at every
//! access.
//!
//! A domain is a list of symbols, a keyed table with one key column (a foreign key), or a table (a link, whose
//! items are row numbers). Verbs that only move items run on the positions. Verbs without support for enumerations
//! receive the items themselves. Values that leave the process never contain enumerations.

use std::sync::Arc;

use super::build;
use super::code::Code;
use super::fault::{Fault, R};
use super::func::{Func, Lambda};
use super::noun::{Atom, Dict, Item, List, Noun, Table, Vector, empty};
use super::symbols::Sym;
use super::take::attribute_of;
use super::verb::Verb;
use super::vm::Vm;
use kcodec::{Attribute, Kind};

/// Positions in a domain.
#[derive(Debug)]
pub(crate) struct Enumeration {
    pub(crate) domain: Sym,
    /// A long atom or a long vector.
    pub(crate) places: Noun,
}

/// Verbs that handle enumerations themselves.
const KNOWN: &[&str] = &[
    "$", "!", "?", ",", "@", ".", ":", "::", "~", "type", "count", "value", "get", "key", "enlist", ",:", "attr",
    "set", "each", "peach", "group", "null", "asc", "desc", "show", ".Q.s", ".Q.s1", "insert", "upsert",
];

/// Verbs that only move the items of their last argument: they run on the positions.
const MOVES: &[&str] =
    &["first", "last", "reverse", "next", "prev", "distinct", "#", "_", "rotate", "sublist", "xprev", "cut"];

/// Verbs that compare or look up items: they run on the items, whatever the domain.
const COMPARES: &[&str] = &[
    "=", "<>", "<", ">", "<=", ">=", "in", "within", "bin", "binr", "iasc", "idesc", "rank", "except", "inter",
    "union", "differ", "raze", "string", "like", ".j.j",
];

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

    /// The form for printing. The codec cannot print enumerations, but prints the text of a lambda verbatim. So a
    /// part that contains an enumeration is replaced by a lambda with its text. `whole`: console form, in which
    /// columns and grids show items only.
    pub(crate) fn print_form(&mut self, x: &Noun, whole: bool) -> R {
        if !self.q.enumerates || !self.holds_enumeration(x)? {
            return Ok(x.clone());
        }
        match x {
            Noun::Table(_) if whole => self.plain(x.clone()),
            Noun::Dict(dict) if whole => {
                let keys = self.plain(dict.keys.clone())?;
                let values = match &dict.values {
                    Noun::List(list) if !is_grid(list.items()) => self.shown_items(list.items())?,
                    values => self.plain(values.clone())?,
                };
                if dict.sorted { Dict::stepped(keys, values) } else { Dict::new(keys, values) }
            }
            Noun::List(list) if whole && is_grid(list.items()) => self.plain(x.clone()),
            Noun::List(list) => self.shown_items(list.items()),
            Noun::Enum(enumeration) => {
                let is_link = matches!(self.domain(enumeration.domain)?, Domain::Rows);
                let mut members = self.members(enumeration)?;
                let attr = attribute_of(&members);
                if let Noun::Vector(members) = &mut members {
                    members.attr = Attribute::None;
                }
                if members.is_list() && members.len() == 0 {
                    members = empty(Kind::List);
                }
                let mut text = attr.prefix().as_bytes().to_vec();
                text.extend(self.line_text(&Noun::sym(enumeration.domain))?);
                text.push(if is_link { b'!' } else { b'$' });
                text.extend(self.line_text(&members)?);
                Ok(as_text(text))
            }
            Noun::Table(table) => {
                let names = self.line_text(&Noun::syms(table.names().to_vec()))?;
                let columns = List::raw(table.columns().to_vec())?;
                let columns = self.line_text(&columns)?;
                let open = if table.names().len() == 1 { (&b"("[..], &b")"[..]) } else { (&b""[..], &b""[..]) };
                let prefix = table.attr.prefix().as_bytes();
                Ok(as_text([prefix, b"+", open.0, &names, open.1, b"!", &columns].concat()))
            }
            Noun::Dict(dict) => {
                let is_open = match &dict.keys {
                    Noun::Vector(keys) => keys.len() < 2 || keys.attr != Attribute::None,
                    Noun::List(keys) => keys.items().len() == 1,
                    _ => true,
                };
                let open = if is_open { (&b"("[..], &b")"[..]) } else { (&b""[..], &b""[..]) };
                let keys = self.recurse(|vm| vm.line_text(&dict.keys))?;
                let values = self.recurse(|vm| vm.line_text(&dict.values))?;
                let prefix: &[u8] = if dict.sorted { b"`s#" } else { b"" };
                Ok(as_text([prefix, open.0, &keys, open.1, b"!", &values].concat()))
            }
            other => Ok(other.clone()),
        }
    }

    fn shown_items(&mut self, items: &[Noun]) -> R {
        let mut forms = self.vec(items.len())?;
        for item in items {
            forms.push(self.recurse(|vm| vm.print_form(item, false))?);
        }
        List::raw(forms)
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

    /// Applies a verb to arguments of which at least one is an enumeration.
    pub(crate) fn apply_enumerated(&mut self, verb: &'static Verb, mut args: Vec<Noun>) -> R {
        if KNOWN.contains(&verb.name) {
            return self.apply_known(verb, args);
        }
        if MOVES.contains(&verb.name)
            && let Some(Noun::Enum(last)) = args.last()
            && args.iter().filter(|arg| is_enumeration(arg)).count() == 1
            // For `#` and `_` the other argument must be a count or positions; a symbol would set an attribute.
            && !args.iter().rev().skip(1).any(|arg| arg.as_syms().is_some())
        {
            let (domain, places) = (last.domain, last.places.clone());
            args.pop();
            args.push(places);
            let moved = verb.run(self, args)?;
            return over(domain, moved);
        }
        if let ("#", Some(letter), Some(Noun::Enum(last))) =
            (verb.name, args.first().and_then(Noun::as_sym), args.last().cloned())
        {
            return self.attributed(letter, &last);
        }
        let plain = self.plain_all(&args)?;
        let is_number = |(arg, plain): (&Noun, &Noun)| is_enumeration(arg) && plain.kind() != Some(Kind::Symbol);
        if args.iter().zip(&plain).any(is_number) && !COMPARES.contains(&verb.name) {
            return Err(Fault::nyi("a verb on a foreign key to numbers"));
        }
        verb.run(self, plain)
    }

    fn apply_known(&mut self, verb: &'static Verb, mut args: Vec<Noun>) -> R {
        let Some(Noun::Enum(enumeration)) = args.last() else { return verb.run(self, args) };
        let (domain, places) = (enumeration.domain, enumeration.places.clone());
        match verb.name {
            "null" => verb.run(self, vec![places]),
            "group" => match verb.run(self, vec![places])? {
                Noun::Dict(groups) => Dict::new(over(domain, groups.keys.clone())?, groups.values.clone()),
                other => Ok(other),
            },
            "asc" | "desc" if places.is_list() => {
                let members = self.members(enumeration.clone().as_ref())?;
                let order = self.grade(&members, verb.name == "desc")?;
                let mut sorted = self.gather(&places, &order)?;
                if let (Noun::Vector(sorted), "asc") = (&mut sorted, verb.name) {
                    sorted.attr = Attribute::Sorted;
                }
                over(domain, sorted)
            }
            "value" | "get" => self.members(enumeration.clone().as_ref()),
            "key" => Ok(Noun::sym(domain)),
            "attr" => verb.run(self, vec![places]),
            _ => {
                args.shrink_to_fit();
                verb.run(self, args)
            }
        }
    }

    /// `` `p#e ``
    fn attributed(&mut self, letter: Sym, enumeration: &Enumeration) -> R {
        let members = self.members(enumeration)?;
        let letter = self.text(letter).to_vec();
        let claimed = self.set_attribute(&letter, members)?;
        match (claimed, enumeration.places.clone()) {
            (Noun::Vector(claimed), Noun::Vector(mut places)) => {
                places.attr = claimed.attr;
                over(enumeration.domain, Noun::Vector(places))
            }
            _ => Err(Fault::TYPE),
        }
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

/// Whether all items are lists of one length, which the console prints as a grid.
fn is_grid(items: &[Noun]) -> bool {
    let count = items.first().filter(|item| item.is_list()).map(Noun::len);
    count.is_some() && items.iter().all(|item| item.is_list() && Some(item.len()) == count)
}

/// A value that prints as this text.
fn as_text(text: Vec<u8>) -> Noun {
    let (params, slots, body) = (Vec::new(), Vec::new(), Code::default());
    Noun::Func(Func::Lambda(Arc::new(Lambda { source: text.into(), context: Sym::NULL, params, slots, body })))
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
