//! Functional `![t;c;b;a]`: evaluates `update` and `delete`.

use std::sync::Arc;

use super::build;
use super::fault::{Fault, R};
use super::group::Groups;
use super::noun::{self, Items, Lane, Noun, Table, Vector};
use super::scope::Scope;
use super::select::{Grouped, Phrase, rows_of_group};
use super::symbols::Sym;
use super::vm::Vm;
use kcodec::{Attribute, Kind};

impl Vm<'_> {
    /// `![t;c;b;a]`
    pub(crate) fn functional_update(&mut self, args: Vec<Noun>) -> R {
        self.recurse(|vm| vm.update_from(args, false))
    }

    /// Updates or deletes. If the table is given by name, changes the global and returns the name.
    pub(crate) fn update_from(&mut self, args: Vec<Noun>, locals: bool) -> R {
        let [table, conditions, by, columns] = <[Noun; 4]>::try_from(args).map_err(|_| Fault::RANK)?;
        let name = table.as_sym().filter(|_| table.is_atom());
        if let (Some(name), Some(gone)) = (name, columns.as_syms())
            && self.text(name).first() == Some(&b'.')
            && !self.q.globals.contains_key(&name)
        {
            self.delete_globals(name, gone)?;
            return Ok(table);
        }
        let (value, name) = self.source(table)?;
        if let Some(name) = name {
            self.may_write(name)?;
        }
        let changed = match columns.as_syms() {
            Some([]) => self.delete_rows(&value, &conditions, locals)?,
            Some(gone) => self.delete_columns(&value, gone)?,
            None => self.update_columns(&value, &conditions, &by, &columns, locals)?,
        };
        match name {
            Some(name) => {
                self.define(name, changed)?;
                Ok(Noun::sym(name))
            }
            None => Ok(changed),
        }
    }

    /// ``delete a from `.``
    fn delete_globals(&mut self, space: Sym, names: &[Sym]) -> R<()> {
        let space = match self.text(space) {
            b"." => Vec::new(),
            name => [name, b"."].concat(),
        };
        for &name in names {
            let full = [space.as_slice(), self.text(name)].concat();
            let full = self.intern(&full);
            self.may_write(full)?;
            if self.q.views.contains(full) {
                self.q.views.remove(full);
            } else if self.q.globals.shift_remove(&full).is_none() {
                return Err(Fault::named(self.text(name)));
            }
            self.global_changed(full)?;
        }
        Ok(())
    }

    fn delete_rows(&mut self, value: &Noun, conditions: &Noun, locals: bool) -> R {
        let (table, keys) = self.flat(value)?;
        let left = match self.filter(&table, conditions, locals)? {
            None => Vec::new(),
            Some(gone) if gone.is_empty() => return Ok(value.clone()),
            Some(gone) => {
                let mut left = self.vec(table.len())?;
                let mut gone = gone.into_iter().peekable();
                left.extend((0..table.len()).filter(|row| gone.next_if_eq(row).is_none()));
                left
            }
        };
        let left = self.gather(&Noun::Table(table), &left)?;
        if keys == 0 { Ok(left) } else { self.key_table(left, keys) }
    }

    fn delete_columns(&mut self, value: &Noun, gone: &[Sym]) -> R {
        if let (Noun::Dict(dict), None) = (value, value.as_keyed()) {
            let keys = dict.keys.as_syms().ok_or(Fault::TYPE)?;
            let left: Vec<usize> =
                (0..keys.len()).filter(|&at| keys.get(at).is_some_and(|key| !gone.contains(key))).collect();
            return self.gather(value, &left);
        }
        let (table, keys) = self.flat(value)?;
        if let Some(missing) = gone.iter().find(|&&name| table.position(name).is_none()) {
            return Err(Fault::named(self.text(*missing)));
        }
        let (mut names, mut columns, mut keys_left) = (Vec::new(), Vec::new(), 0);
        for (at, (name, column)) in table.names().iter().zip(table.columns()).enumerate() {
            if !gone.contains(name) {
                names.push(*name);
                columns.push(column.clone());
                keys_left += usize::from(at < keys);
            }
        }
        let left = Table::new(Arc::new(names), columns)?;
        if keys_left == 0 { Ok(left) } else { self.key_table(left, keys_left) }
    }

    fn update_columns(&mut self, value: &Noun, conditions: &Noun, by: &Noun, columns: &Noun, locals: bool) -> R {
        let (table, keys) = self.flat(value)?;
        let Noun::Dict(phrase) = columns else { return Err(Fault::TYPE) };
        let phrase = Phrase::of(phrase)?;
        let rows = self.filter(&table, conditions, locals)?;
        let mut scope = Scope::of(&table, rows.as_deref(), locals);
        let groups = match by {
            Noun::Dict(by) => {
                let by = self.by_columns(&Phrase::of(by)?.trees, &mut scope)?;
                Some(self.group_rows(&by)?)
            }
            _ => None,
        };
        let mut values = self.vec(phrase.trees.len())?;
        for tree in &phrase.trees {
            let value = match &groups {
                None => self.eval_tree(tree, &mut scope)?,
                Some(groups) => self.update_group(tree, &mut scope, groups)?,
            };
            let value = if value.is_list() { value } else { self.repeat(&value, scope.count())? };
            if value.len() != scope.count() {
                return Err(Fault::LENGTH);
            }
            values.push(value);
        }
        let (mut names, mut lists) = (table.names().to_vec(), table.columns().to_vec());
        drop(table);
        for (name, value) in phrase.names.into_iter().zip(values) {
            let at = names.iter().position(|&found| found == name);
            let old = at.and_then(|at| lists.get_mut(at));
            match (old, &rows) {
                (Some(old), None) => *old = value,
                (Some(old), Some(rows)) => self.scatter(old, rows, &value)?,
                (None, rows) => {
                    let value = match rows {
                        None => value,
                        Some(rows) => self.placed(&value, rows, lists.first().map_or(0, Noun::len))?,
                    };
                    names.push(name);
                    lists.push(value);
                }
            }
        }
        let updated = Table::new(Arc::new(names), lists)?;
        if keys == 0 { Ok(updated) } else { self.key_table(updated, keys) }
    }

    /// The values of an expression by group, one per selected row.
    fn update_group(&mut self, tree: &Noun, scope: &mut Scope<'_>, groups: &Groups) -> R {
        match self.grouped(tree, scope, groups)? {
            Some(Grouped::Rows(values)) => return Ok(values),
            Some(Grouped::Groups(values)) => return self.expand_to_rows(&values, groups),
            Some(Grouped::Constant(value)) => return self.repeat(&value, scope.count()),
            None => {}
        }
        let values = self.each_group(tree, scope, groups)?;
        if values.iter().all(|value| !value.is_list()) {
            let values = build::tidy(values)?;
            return self.expand_to_rows(&values, groups);
        }
        let (rows, ends) = groups.rows(self)?;
        let mut all = noun::empty(Kind::List);
        let mut places = self.vec(rows.len())?;
        for (value, &group) in values.into_iter().zip(&groups.order) {
            let rows = rows_of_group(&rows, &ends, group);
            let value = if value.is_list() { value } else { self.repeat(&value, rows.len())? };
            if value.len() != rows.len() {
                return Err(Fault::LENGTH);
            }
            places.extend_from_slice(rows);
            if all.len() == 0 { all = value } else { self.append(&mut all, value)? }
        }
        let count = places.len();
        self.placed(&all, &places, count)
    }

    /// A list of `count` items: `values` at these places, nulls elsewhere.
    pub(crate) fn placed(&mut self, values: &Noun, places: &[usize], count: usize) -> R {
        let mut from = self.vec(count)?;
        from.resize(count, usize::MAX);
        for (index, &place) in places.iter().enumerate() {
            if let Some(entry) = from.get_mut(place) {
                *entry = index;
            }
        }
        self.gather(values, &from)
    }

    /// Stores values at places of a list.
    pub(crate) fn scatter(&mut self, list: &mut Noun, places: &[usize], values: &Noun) -> R<()> {
        match (&mut *list, values) {
            (Noun::Vector(Vector { kind, attr, items }), Noun::Vector(new)) if *kind == new.kind => {
                *attr = Attribute::None;
                noun::with_items!(items, items => scatter_lane(self, items, places, &new.items))
            }
            (Noun::Vector(_) | Noun::Enum(_), _) if places.is_empty() => Ok(()),
            (Noun::Enum(_), _) => {
                let new = self.conform_to_domain(list, values.clone())?;
                let (Noun::Enum(old), Noun::Enum(new)) = (&*list, &new) else { return Err(Fault::TYPE) };
                let (domain, mut positions) = (old.domain, old.places.clone());
                self.scatter(&mut positions, places, &new.places)?;
                *list = super::enumeration::over(domain, positions)?;
                Ok(())
            }
            (Noun::List(_), _) => {
                let mut all = build::items(list);
                for (index, &place) in places.iter().enumerate() {
                    self.charge(16)?;
                    if let Some(entry) = all.get_mut(place) {
                        *entry = values.at(index);
                    }
                }
                *list = if all.is_empty() { noun::empty(Kind::List) } else { build::tidy(all)? };
                Ok(())
            }
            _ => Err(Fault::TYPE),
        }
    }
}

fn scatter_lane<T: Lane>(vm: &mut Vm<'_>, items: &mut Arc<Vec<T>>, places: &[usize], new: &Items) -> R<()> {
    let new = T::of(new).ok_or(Fault::TYPE)?;
    vm.charge(places.len())?;
    let own = vm.own(items)?;
    for (&place, &item) in places.iter().zip(new.iter()) {
        if let Some(entry) = own.get_mut(place) {
            *entry = item;
        }
    }
    Ok(())
}
