//! Indexing: `x[i]`, `x i`, by position, key or column.

use super::build;
use super::enumeration;
use super::fault::{Fault, R};
use super::noun::{Atom, Dict, Item, Items, Lane, List, Noun, Table, Vector, empty, null_item, with_items};
use super::vm::Vm;
use kcodec::{Attribute, Kind};

impl Vm<'_> {
    /// `x[i;j;…]`
    pub(crate) fn index_deep(&mut self, x: &Noun, indexes: &[Noun]) -> R {
        let Some((first, others)) = indexes.split_first() else { return Ok(x.clone()) };
        if others.is_empty() {
            return self.index(x, first);
        }
        // The first index of a table may be a column.
        if let (Noun::Dict(_), Noun::Elided | Noun::Null, true) = (x, first, x.as_keyed().is_none()) {
            return self.each(x, |vm, item| vm.apply(&item, others.to_vec()));
        }
        match first {
            Noun::Elided | Noun::Null => self.each(x, |vm, item| vm.apply(&item, others.to_vec())),
            Noun::Vector(_) | Noun::List(_) | Noun::Enum(_) if first.is_list() => self.each(first, |vm, index| {
                let item = vm.index(x, &index)?;
                vm.apply(&item, others.to_vec())
            }),
            _ => {
                let item = self.index(x, first)?;
                self.recurse(|vm| vm.apply(&item, others.to_vec()))
            }
        }
    }

    /// `x i`
    pub(crate) fn index(&mut self, x: &Noun, index: &Noun) -> R {
        match (x, index) {
            (_, Noun::Elided | Noun::Null) => Ok(x.clone()),
            (_, Noun::Enum(index)) => {
                let index = self.members(index)?;
                self.index(x, &index)
            }
            (Noun::Enum(list), _) => enumeration::over(list.domain, self.index(&list.places, index)?),
            (Noun::Dict(dict), _) => self.lookup(dict, index),
            (Noun::Table(table), _) if index.as_syms().is_some() => self.column_index(table, index),
            (Noun::Vector(_) | Noun::List(_) | Noun::Table(_), Noun::Atom(_)) => {
                Ok(x.at(place(index.as_long().filter(|_| is_place(index)).ok_or(Fault::TYPE)?)))
            }
            (Noun::Vector(_) | Noun::List(_) | Noun::Table(_), Noun::Vector(_)) => {
                let places = self.places(index)?;
                self.gather(x, &places)
            }
            (Noun::Vector(_) | Noun::List(_) | Noun::Table(_), Noun::List(list)) => {
                if list.items().is_empty() {
                    return Ok(empty(Kind::List));
                }
                self.each(index, |vm, index| vm.index(x, &index))
            }
            (_, Noun::Dict(dict)) => {
                let values = self.index(x, &dict.values)?;
                Dict::new(dict.keys.clone(), values)
            }
            _ => Err(Fault::TYPE),
        }
    }

    /// `t`c`, ``t`c`d``
    fn column_index(&self, table: &Table, names: &Noun) -> R {
        if let Some(name) = names.as_sym() {
            return table.column(name).cloned().ok_or_else(|| Fault::named(self.text(name)));
        }
        let syms = names.as_syms().unwrap_or_default();
        let columns: Option<Vec<Noun>> = syms.iter().map(|&name| table.column(name).cloned()).collect();
        List::raw(columns.ok_or(Fault::INDEX)?)
    }

    /// Converts a vector of integers to positions. Null and negative integers become `usize::MAX`.
    pub(crate) fn places(&mut self, index: &Noun) -> R<Vec<usize>> {
        let Noun::Vector(vector) = index else { return Err(Fault::TYPE) };
        let mut places = self.vec(vector.len())?;
        match &vector.items {
            _ if !is_place(index) => return Err(Fault::TYPE),
            Items::I64(items) => places.extend(items.iter().map(|&item| place(item))),
            Items::I32(items) => places.extend(items.iter().map(|&item| place(i64::from(item)))),
            Items::I16(items) => places.extend(items.iter().map(|&item| place(i64::from(item)))),
            Items::U8(items) => places.extend(items.iter().map(|&item| usize::from(item))),
            _ => return Err(Fault::TYPE),
        }
        Ok(places)
    }

    /// Gathers the items at positions. A position past the end gives a null.
    pub(crate) fn gather(&mut self, x: &Noun, places: &[usize]) -> R {
        match x {
            Noun::Enum(list) => enumeration::over(list.domain, self.gather(&list.places, places)?),
            Noun::Vector(vector) => {
                let kind = vector.kind;
                with_items!(&vector.items, items => self.gather_lane(kind, items, places))
            }
            Noun::List(list) => {
                let null = x.null_of();
                let mut out = self.vec(places.len())?;
                out.extend(places.iter().map(|&place| list.items().get(place).unwrap_or(&null).clone()));
                if out.is_empty() { Ok(empty(Kind::List)) } else { build::tidy(out) }
            }
            Noun::Table(table) => {
                let mut columns = self.vec(table.columns().len())?;
                for column in table.columns() {
                    columns.push(self.gather(column, places)?);
                }
                Table::new(table.names().clone(), columns)
            }
            Noun::Dict(dict) => {
                let keys = self.gather(&dict.keys, places)?;
                Dict::new(keys, self.gather(&dict.values, places)?)
            }
            _ => Err(Fault::TYPE),
        }
    }

    fn gather_lane<T: Lane>(&mut self, kind: Kind, items: &[T], places: &[usize]) -> R {
        let null = T::from_item(null_item(kind)).unwrap_or(T::NULL);
        let mut out = self.vec(places.len())?;
        out.extend(places.iter().map(|&place| items.get(place).copied().unwrap_or(null)));
        Ok(super::noun::vector(kind, out))
    }

    /// Looks up keys in a dict. A missing key gives the null of the values.
    pub(crate) fn lookup(&mut self, dict: &Dict, key: &Noun) -> R {
        let found = self.find_keys(dict, key)?;
        match found {
            Noun::Atom(_) => Ok(dict.values.at(place(found.as_long().unwrap_or(i64::MIN)))),
            _ => self.index(&dict.values, &found),
        }
    }

    /// `keys?key`. A step dict finds the last key that is at most `key`.
    fn find_keys(&mut self, dict: &Dict, key: &Noun) -> R {
        if dict.sorted {
            let bin = super::verb::require("bin")?;
            return bin.apply(self, vec![dict.keys.clone(), key.clone()]);
        }
        // A keyed table is indexed by a row, a list of key cells, or a single cell if it has one key column.
        if let Noun::Table(keys) = &dict.keys {
            let key = self.key_rows(keys, key)?;
            return self.find(&dict.keys, &key);
        }
        self.find(&dict.keys, key)
    }

    /// Converts an index of a keyed table to a row (a dict) or rows (a table) of its key.
    fn key_rows(&mut self, keys: &Table, key: &Noun) -> R {
        let names = || {
            Noun::Vector(Vector { kind: Kind::Symbol, attr: Attribute::None, items: Items::Sym(keys.names().clone()) })
        };
        match key {
            Noun::Table(_) | Noun::Dict(_) => Ok(key.clone()),
            Noun::Atom(_) => Dict::new(names(), build::enlist(key.clone())?),
            Noun::Enum(key) => {
                let key = self.members(key)?;
                self.key_rows(keys, &key)
            }
            // One key column: a vector holds several keys. Several columns: a list is one row, a list of lists
            // several rows.
            Noun::Vector(_) if keys.names().len() == 1 => Table::new(keys.names().clone(), vec![key.clone()]),
            _ if key.len() == keys.names().len() && build::items(key).iter().all(Noun::is_atom) => {
                Dict::new(names(), key.clone())
            }
            Noun::List(list) => {
                let rows: R<Vec<Noun>> = list.items().iter().map(|row| self.key_rows(keys, row)).collect();
                build::tidy(rows?)
            }
            _ => Err(Fault::LENGTH),
        }
    }

    /// `count#enlist x`: a list of `count` equal items.
    pub(crate) fn repeat(&mut self, x: &Noun, count: usize) -> R {
        match x {
            Noun::Enum(item) if x.is_atom() => enumeration::over(item.domain, self.repeat(&item.places, count)?),
            Noun::Atom(Atom { kind, item }) => Ok(match *item {
                Item::U8(item) => self.filled(*kind, item, count)?,
                Item::I16(item) => self.filled(*kind, item, count)?,
                Item::I32(item) => self.filled(*kind, item, count)?,
                Item::I64(item) => self.filled(*kind, item, count)?,
                Item::F32(item) => self.filled(*kind, item, count)?,
                Item::F64(item) => self.filled(*kind, item, count)?,
                Item::Guid(item) => self.filled(*kind, item, count)?,
                Item::Sym(item) => self.filled(*kind, item, count)?,
            }),
            _ => {
                let mut out = self.vec(count)?;
                out.resize(count, x.clone());
                List::raw(out)
            }
        }
    }

    fn filled<T: Lane>(&mut self, kind: Kind, item: T, count: usize) -> R {
        let mut out = self.vec(count)?;
        out.resize(count, item);
        Ok(super::noun::vector(kind, out))
    }
}

/// Whether a value's kind can index a list.
fn is_place(index: &Noun) -> bool {
    matches!(index.kind(), Some(Kind::Boolean | Kind::Byte | Kind::Short | Kind::Int | Kind::Long))
}

/// Converts an integer to a position. Null and negative integers become `usize::MAX`, which is past any end.
pub(crate) fn place(long: i64) -> usize {
    usize::try_from(long).unwrap_or(usize::MAX)
}
