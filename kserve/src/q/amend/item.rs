//! Changes one item of a list, dict or table in place.

use std::sync::Arc;

use crate::q::build;
use crate::q::enumeration::over;
use crate::q::fault::{Fault, R};
use crate::q::index::place;
use crate::q::noun::{Atom, Lane, List, Noun, Table, empty, with_items};
use crate::q::symbols::Sym;
use crate::q::vm::Vm;
use kcodec::{Attribute, Kind};

impl Vm<'_> {
    /// Changes one item: of a list by position; of a dict by key, which is appended if missing; of a table a row or
    /// a column.
    pub(super) fn amend_one(
        &mut self,
        value: &mut Noun,
        at: &Noun,
        work: &mut dyn FnMut(&mut Self, &mut Noun) -> R<()>,
    ) -> R<()> {
        match value {
            Noun::Vector(_) | Noun::List(_) | Noun::Enum(_) => {
                let index = place(at.as_long().ok_or(Fault::TYPE)?);
                if index >= value.len() {
                    return Err(Fault::INDEX);
                }
                let mut item = match value {
                    // Moved out of the list, so that it is unshared and can be changed in place.
                    Noun::List(list) => self.own_list(list)?.replace(index, Noun::Null)?,
                    _ => value.at(index),
                };
                let done = work(self, &mut item);
                self.put(value, index, item)?;
                done
            }
            Noun::Dict(_) => self.amend_key(value, at, work),
            Noun::Table(table) => match at.as_sym() {
                Some(name) => {
                    let count = table.len();
                    let mut column = table.column(name).cloned().unwrap_or_else(|| empty(Kind::List));
                    self.amend_taking(table, name, &mut column, work)?;
                    let column = if column.is_list() { column } else { self.repeat(&column, count)? };
                    let (mut names, mut columns) = (table.names().to_vec(), table.columns().to_vec());
                    match table.position(name).and_then(|at| columns.get_mut(at)) {
                        Some(place) => *place = column,
                        None => {
                            names.push(name);
                            columns.push(column);
                        }
                    }
                    *value = Table::new(Arc::new(names), columns)?;
                    Ok(())
                }
                None => {
                    let index = place(at.as_long().ok_or(Fault::TYPE)?);
                    if index >= table.len() {
                        return Err(Fault::INDEX);
                    }
                    let mut row = table.row(index);
                    work(self, &mut row)?;
                    self.put_row(table, index, &row)
                }
            },
            _ => Err(Fault::TYPE),
        }
    }

    /// Runs `work` on a column while the table holds a placeholder. The column is then unshared and can be changed
    /// in place.
    fn amend_taking(
        &mut self,
        table: &mut Arc<Table>,
        name: Sym,
        column: &mut Noun,
        work: &mut dyn FnMut(&mut Self, &mut Noun) -> R<()>,
    ) -> R<()> {
        let at = table.position(name);
        let kept = column.clone();
        if let (Some(at), Some(owned)) = (at, Arc::get_mut(table))
            && let Some(place) = owned.columns_mut().get_mut(at)
        {
            // Drops the table's reference, so that `column` holds the only one.
            *place = empty(Kind::List);
            drop(kept);
            let done = work(self, column);
            if let Some(place) = owned.columns_mut().get_mut(at) {
                *place = column.clone();
            }
            return done;
        }
        work(self, column)
    }

    fn put_row(&mut self, table: &mut Arc<Table>, index: usize, row: &Noun) -> R<()> {
        let Noun::Dict(row) = row else { return Err(Fault::TYPE) };
        let names = table.names().clone();
        let table = Arc::make_mut(table);
        for (at, &name) in names.iter().enumerate() {
            let cell = match row.keys.as_syms().and_then(|keys| keys.iter().position(|&key| key == name)) {
                Some(found) => row.values.at(found),
                None => continue,
            };
            if let Some(column) = table.columns_mut().get_mut(at) {
                self.put(column, index, cell)?;
            }
        }
        Ok(())
    }

    fn amend_key(
        &mut self,
        value: &mut Noun,
        key: &Noun,
        work: &mut dyn FnMut(&mut Self, &mut Noun) -> R<()>,
    ) -> R<()> {
        let Noun::Dict(dict) = value else { return Err(Fault::TYPE) };
        let at = self.find(&dict.keys, key)?;
        let at = place(at.as_long().ok_or(Fault::TYPE)?);
        let known = at < dict.keys.len();
        let mut item = if known { dict.values.at(at) } else { dict.values.null_of() };
        work(self, &mut item)?;
        let dict = Arc::make_mut(dict);
        dict.change(|keys, values| {
            if known {
                return self.put(values, at, item);
            }
            self.append_item(keys, key.clone())?;
            self.append_item(values, item)
        })
    }

    /// Mutable access to a list's items. Copies them if they are shared.
    pub(crate) fn own_list<'a>(&mut self, list: &'a mut Arc<List>) -> R<&'a mut List> {
        if Arc::get_mut(list).is_none() {
            self.room(list.items().len().saturating_mul(size_of::<Noun>()))?;
        }
        Ok(Arc::make_mut(list))
    }

    /// Replaces an item of a list. In a general list the items may then have become uniform.
    pub(crate) fn put(&mut self, list: &mut Noun, index: usize, item: Noun) -> R<()> {
        if let Noun::Enum(_) = list {
            let Noun::Enum(item) = self.conform_to_domain(list, item)? else { return Err(Fault::TYPE) };
            let Noun::Enum(enumeration) = &*list else { return Err(Fault::TYPE) };
            let (domain, mut places) = (enumeration.domain, enumeration.places.clone());
            *list = Noun::Null;
            self.put(&mut places, index, item.places.clone())?;
            *list = over(domain, places)?;
            return Ok(());
        }
        let item = if self.q.enumerates && matches!(list, Noun::Vector(_)) { self.plain(item)? } else { item };
        if let (Noun::Vector(vector), Noun::Atom(atom)) = (&mut *list, &item)
            && vector.kind == atom.kind
        {
            vector.attr = Attribute::None;
            return with_items!(&mut vector.items, items => put_lane(self, items, index, atom));
        }
        if let Noun::List(items) = list {
            self.own_list(items)?.replace(index, item)?;
            return self.make_uniform(list);
        }
        if matches!(list, Noun::Vector(_)) && item.is_atom() && item.kind() != list.kind() {
            return Err(Fault::TYPE);
        }
        let mut items = build::items(list);
        match items.get_mut(index) {
            Some(place) => *place = item,
            None => return Err(Fault::INDEX),
        }
        *list = build::tidy(items)?;
        Ok(())
    }

    /// Converts a general list to a vector if its items have become uniform.
    fn make_uniform(&mut self, list: &mut Noun) -> R<()> {
        let Noun::List(items) = &*list else { return Ok(()) };
        if let (Some(Noun::Atom(first)), Some(Noun::Atom(last))) = (items.items().first(), items.items().last())
            && first.kind == last.kind
        {
            self.charge(items.items().len())?;
            *list = build::tidy(items.items().to_vec())?;
        }
        Ok(())
    }
}

fn put_lane<T: Lane>(vm: &mut Vm<'_>, items: &mut Arc<Vec<T>>, index: usize, atom: &Atom) -> R<()> {
    let item = T::from_item(atom.item).ok_or(Fault::TYPE)?;
    *vm.own(items)?.get_mut(index).ok_or(Fault::INDEX)? = item;
    Ok(())
}
