//! Amend: `x[i]:y`, `@[x;i;f;y]`, `.[x;i;f;y]`.

use std::sync::Arc;

use super::build;
use super::enumeration::{is_enumeration, over};
use super::fault::{Fault, R};
use super::func::Func;
use super::index::place;
use super::key::Key;
use super::noun::{Atom, Item, Items, Lane, List, Noun, Table, Vector, empty, with_items};
use super::symbols::Sym;
use super::verb::Verb;
use super::vm::Vm;
use kcodec::{Attribute, Kind};

/// The places to change: `@` items of one level, `.` a path.
pub(crate) enum Where {
    At(Noun),
    Deep(Noun),
}

impl Vm<'_> {
    /// `@[x;i;f]`, `@[x;i;f;y]` and the same with `.`. If `x` is a name, changes the global in place and returns
    /// the name.
    pub(crate) fn amend(&mut self, x: Noun, at: Where, function: Noun, y: Option<Noun>) -> R {
        let path = match at {
            Where::At(index) => vec![index],
            Where::Deep(Noun::Null) => Vec::new(),
            Where::Deep(list) => match &list {
                Noun::Vector(_) | Noun::List(_) => build::items(&list),
                _ => return Err(Fault::TYPE),
            },
        };
        match x.as_sym() {
            Some(name) if x.is_atom() => {
                self.amend_named(name, &path, &function, y)?;
                Ok(x)
            }
            _ => {
                let mut value = x;
                self.amend_noun(&mut value, &path, &function, y)?;
                Ok(value)
            }
        }
    }

    fn amend_noun(&mut self, value: &mut Noun, path: &[Noun], function: &Noun, y: Option<Noun>) -> R<()> {
        match y {
            None => self.amend_path(value, path, &mut |vm, old| vm.apply1(function, old), None),
            Some(y) => self.amend_at(value, path, Some(function), y),
        }
    }

    /// Changes a global. For the name of a namespace, `path` holds the names of its globals.
    fn amend_named(&mut self, name: Sym, path: &[Noun], function: &Noun, y: Option<Noun>) -> R<()> {
        if self.q.globals.contains_key(&name) || self.q.views.contains(name) {
            let alone = verb_of(function).is_some();
            return self.change_global(name, alone, |vm, value| vm.amend_noun(value, path, function, y));
        }
        match (path.split_first(), y) {
            (_, y) if self.text(name).starts_with(b":") => self.amend_file(name, path, function, y),
            (None, Some(y)) if is_assign(function) => self.define(name, y),
            (Some((keys, others)), y) if self.text(name).starts_with(b".") => {
                let prefix = match self.text(name) {
                    b"." => Vec::new(),
                    space => [space, b"."].concat(),
                };
                let many = keys.is_list() && y.as_ref().is_some_and(Noun::is_list);
                if many && y.as_ref().is_some_and(|y| y.len() != keys.len()) {
                    return Err(Fault::LENGTH);
                }
                for (index, key) in keys.as_syms().ok_or(Fault::TYPE)?.iter().enumerate() {
                    let full = [prefix.as_slice(), self.text(*key)].concat();
                    let full = self.intern(&full);
                    let y = y.as_ref().map(|y| if many { y.at(index) } else { y.clone() });
                    self.recurse(|vm| vm.amend_named(full, others, function, y))?;
                }
                Ok(())
            }
            _ => Err(Fault::named(self.text(name))),
        }
    }

    /// ``.[`:file;();:;y]`` writes an object to a file; ``.[`:file;();,;y]`` appends to the object in it.
    fn amend_file(&mut self, file: Sym, path: &[Noun], function: &Noun, y: Option<Noun>) -> R<()> {
        let (true, Some(y)) = (path.is_empty(), y) else { return Err(Fault::nyi("a change of a file in place")) };
        let file = self.path(&Noun::sym(file))?;
        let value = if is_assign(function) {
            y
        } else {
            let mut value = self.stored(&file)?;
            self.amend_whole(&mut value, function, y)?;
            value
        };
        self.store_file(&file, &value)
    }

    /// `a+:y`: applies a verb to the whole value.
    pub(crate) fn amend_whole(&mut self, value: &mut Noun, verb: &Noun, y: Noun) -> R<()> {
        if is_join(verb) {
            return self.join_in_place(value, y);
        }
        if let Some(verb) = verb_of(verb)
            && super::arith::change_in_place(self, verb.name, value, &y)?
        {
            return Ok(());
        }
        let old = std::mem::take(value);
        // Restored if the verb fails.
        let kept = old.clone();
        match self.apply2(verb, old, y) {
            Ok(new) => {
                *value = new;
                Ok(())
            }
            Err(fault) => {
                *value = kept;
                Err(fault)
            }
        }
    }

    /// `a,:y`. Unlike `a,y`, a vector stays a vector, and a list of vectors appends a vector as one item.
    fn join_in_place(&mut self, value: &mut Noun, y: Noun) -> R<()> {
        let y = if self.q.enumerates { self.conform_to_domain(value, y)? } else { y };
        match (&mut *value, &y) {
            (Noun::Vector(_), Noun::List(list)) if list.items().is_empty() => Ok(()),
            (Noun::Vector(vector), Noun::Atom(_) | Noun::Vector(_) | Noun::List(_))
                if y.kind() != Some(vector.kind) =>
            {
                Err(Fault::TYPE)
            }
            // Columns missing in `y` are filled with nulls.
            (Noun::Table(_), Noun::Table(_)) => self.add(value, y, false),
            (Noun::Dict(dict), Noun::Dict(more)) if matches!((&dict.values, &more.values), (Noun::Vector(x), Noun::Vector(y)) if x.kind != y.kind) => {
                Err(Fault::TYPE)
            }
            (Noun::List(list), Noun::Vector(more)) if matches!(list.items().first(), Some(Noun::Vector(first)) if first.kind == more.kind) =>
            {
                self.charge(4)?;
                self.own_list(list)?.push(y)
            }
            _ => self.append(value, y),
        }
    }

    /// `a[i;j]:y` and `a[i;j]+:y`. The verb `:`, or `None`, assigns.
    pub(crate) fn amend_at(&mut self, value: &mut Noun, path: &[Noun], verb: Option<&Noun>, y: Noun) -> R<()> {
        match verb.filter(|verb| !is_assign(verb)) {
            None => self.amend_path(value, path, &mut |_, _| Err(Fault::TYPE), Some(&y)),
            Some(verb) => self.amend_path_with(value, path, verb, &y),
        }
    }

    /// Like [`amend_path`](Self::amend_path), but combines the old items with those of `y` through a verb.
    fn amend_path_with(&mut self, value: &mut Noun, path: &[Noun], verb: &Noun, y: &Noun) -> R<()> {
        let Some((first, others)) = path.split_first() else { return self.amend_whole(value, verb, y.clone()) };
        match first {
            Noun::Elided | Noun::Null => {
                let all = self.all_places(value)?;
                self.amend_each(value, &all, others, verb, y)
            }
            Noun::Vector(_) | Noun::List(_) => self.amend_each(value, first, others, verb, y),
            _ => self.amend_one(value, first, &mut |vm, item| vm.amend_path_with(item, others, verb, y)),
        }
    }

    /// `@[x;i;f;y]` for a list `i`. A list `y` must have the same length; an atom is used for every item.
    fn amend_each(&mut self, value: &mut Noun, places: &Noun, others: &[Noun], verb: &Noun, y: &Noun) -> R<()> {
        let many = y.is_list();
        if many && y.len() != places.len() {
            return Err(Fault::LENGTH);
        }
        for index in 0..places.len() {
            self.charge(16)?;
            let y = if many { y.at(index) } else { y.clone() };
            let place = places.at(index);
            match &place {
                Noun::Vector(_) | Noun::List(_) => self.amend_each(value, &place, others, verb, &y)?,
                Noun::Null => self.amend_path_with(value, &[&[place], others].concat(), verb, &y)?,
                _ => self.amend_one(value, &place, &mut |vm, item| vm.amend_path_with(item, others, verb, &y))?,
            }
        }
        Ok(())
    }

    /// Replaces the items at a path by `y`, spread over the places, or by the result of `work` on the old items.
    fn amend_path(
        &mut self,
        value: &mut Noun,
        path: &[Noun],
        work: &mut dyn FnMut(&mut Self, Noun) -> R,
        y: Option<&Noun>,
    ) -> R<()> {
        self.check_stack()?;
        let Some((first, others)) = path.split_first() else {
            *value = match y {
                Some(y) => y.clone(),
                None => work(self, std::mem::take(value))?,
            };
            return Ok(());
        };
        let all;
        let places = match first {
            Noun::Elided | Noun::Null => {
                all = self.all_places(value)?;
                &all
            }
            other => other,
        };
        match places {
            Noun::Vector(_) | Noun::List(_) => {
                let many = y.is_some_and(Noun::is_list);
                if many && y.is_some_and(|y| y.len() != places.len()) {
                    return Err(Fault::LENGTH);
                }
                for index in 0..places.len() {
                    self.charge(16)?;
                    let part = y.map(|y| if many { y.at(index) } else { y.clone() });
                    let place = places.at(index);
                    if matches!(place, Noun::Vector(_) | Noun::List(_) | Noun::Null) {
                        let nested = [std::slice::from_ref(&place), others].concat();
                        self.amend_path(value, &nested, work, part.as_ref())?;
                    } else {
                        self.amend_one(value, &place, &mut |vm, item| {
                            vm.amend_path(item, others, work, part.as_ref())
                        })?;
                    }
                }
                Ok(())
            }
            place => self.amend_one(value, place, &mut |vm, item| vm.amend_path(item, others, work, y)),
        }
    }

    fn all_places(&mut self, value: &Noun) -> R {
        match value {
            Noun::Dict(dict) => Ok(dict.keys.clone()),
            _ => {
                let count = value.len();
                let mut places = self.vec(count)?;
                places.extend((0..count).map(|index| i64::try_from(index).unwrap_or(i64::MAX)));
                Ok(Noun::longs(places))
            }
        }
    }

    /// Changes one item: of a list by position; of a dict by key, which is appended if missing; of a table a row or
    /// a column.
    fn amend_one(&mut self, value: &mut Noun, at: &Noun, work: &mut dyn FnMut(&mut Self, &mut Noun) -> R<()>) -> R<()> {
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

    /// `value,:y` in amortised constant time per item.
    pub(crate) fn append(&mut self, value: &mut Noun, y: Noun) -> R<()> {
        let y = if self.q.enumerates { self.conform_to_domain(value, y)? } else { y };
        match (&mut *value, &y) {
            (Noun::Enum(_), Noun::Enum(_)) => self.append_places(value, &y),
            (Noun::Vector(Vector { kind, items, attr }), Noun::Vector(more)) if *kind == more.kind => {
                if *attr != Attribute::None {
                    *attr = kept(*attr, *kind, items, &more.items);
                }
                with_items!(items, items => extend(self, items, more))
            }
            (Noun::Vector(Vector { kind, items, attr }), Noun::Atom(more)) if *kind == more.kind => {
                if *attr != Attribute::None {
                    *attr = with_items!(items, items => kept_by(*attr, *kind, items, &[more.item]));
                }
                with_items!(items, items => push(self, items, more))
            }
            (Noun::List(list), Noun::List(more)) if !list.items().is_empty() => {
                let more = more.clone();
                let list = self.own_list(list)?;
                for item in more.items() {
                    self.charge(4)?;
                    list.push(item.clone())?;
                }
                Ok(())
            }
            (Noun::Table(table), Noun::Table(more)) if table.names() == more.names() => {
                let more = more.clone();
                self.append_columns(table, more.columns())
            }
            (Noun::Table(_), Noun::Dict(_) | Noun::Vector(_) | Noun::List(_)) => self.add(value, y, false),
            (Noun::Dict(_), Noun::Dict(_)) => self.add(value, y, false),
            _ => {
                let join = super::verb::require(",")?;
                let old = std::mem::take(value);
                let kept = old.clone();
                match join.apply(self, vec![old, y]) {
                    Ok(new) => {
                        *value = new;
                        Ok(())
                    }
                    Err(fault) => {
                        *value = kept;
                        Err(fault)
                    }
                }
            }
        }
    }

    /// Appends rows, given as columns. On an error all columns keep their old length.
    pub(crate) fn append_columns(&mut self, table: &mut Arc<Table>, more: &[Noun]) -> R<()> {
        let before = table.len();
        let table = Arc::make_mut(table);
        let mut done = Ok(());
        for (column, more) in table.columns_mut().iter_mut().zip(more) {
            done = done.and_then(|()| {
                if !is_enumeration(column)
                    && column.kind() != more.kind()
                    && !(column.kind() == Some(Kind::List) || column.len() == 0)
                {
                    return Err(Fault::TYPE);
                }
                self.append(column, more.clone())
            });
        }
        let after = table.columns().first().map_or(0, Noun::len);
        if done.is_err() || table.columns().iter().any(|column| column.len() != after) {
            for column in table.columns_mut() {
                truncate(column, before);
            }
            return done.and(Err(Fault::LENGTH));
        }
        Ok(())
    }

    /// Appends one item of any type.
    pub(crate) fn append_item(&mut self, list: &mut Noun, item: Noun) -> R<()> {
        if item.is_atom() && !matches!(list, Noun::List(list) if !list.items().is_empty()) {
            return self.append(list, item);
        }
        let one = build::enlist(item)?;
        self.append(list, one)
    }
}

/// The attribute after an append: `g` is kept, `s` if the new items continue the order. `u` and `p` are dropped,
/// because they are not verified here.
fn kept(attr: Attribute, kind: Kind, items: &Items, more: &Items) -> Attribute {
    let ascending = with_items!(more, more => more.is_sorted_by(|x, y| x.bits() <= y.bits()));
    let first = with_items!(more, more => more.first().map(|item| item.item()));
    match (attr, first) {
        (_, None) => attr,
        (Attribute::Sorted, _) if !ascending => Attribute::None,
        (_, Some(first)) => with_items!(items, items => kept_by(attr, kind, items, &[first])),
    }
}

fn kept_by<T: Key>(attr: Attribute, kind: Kind, items: &[T], more: &[Item]) -> Attribute {
    match attr {
        Attribute::Grouped => attr,
        // Symbols are ordered by text, not by number.
        Attribute::Sorted if kind != Kind::Symbol => {
            let next = more.first().and_then(|&item| T::from_item(item));
            let above = items.last().zip(next).is_none_or(|(last, next)| last.bits() <= next.bits());
            if above { attr } else { Attribute::None }
        }
        _ => Attribute::None,
    }
}

fn put_lane<T: Lane>(vm: &mut Vm<'_>, items: &mut Arc<Vec<T>>, index: usize, atom: &Atom) -> R<()> {
    let item = T::from_item(atom.item).ok_or(Fault::TYPE)?;
    *vm.own(items)?.get_mut(index).ok_or(Fault::INDEX)? = item;
    Ok(())
}

fn push<T: Lane>(vm: &mut Vm<'_>, items: &mut Arc<Vec<T>>, atom: &Atom) -> R<()> {
    let item = T::from_item(atom.item).ok_or(Fault::TYPE)?;
    let own = vm.own(items)?;
    vm.grow(own, 1)?;
    own.push(item);
    Ok(())
}

fn extend<T: Lane>(vm: &mut Vm<'_>, items: &mut Arc<Vec<T>>, more: &Vector) -> R<()> {
    let more = T::of(&more.items).ok_or(Fault::TYPE)?;
    let own = vm.own(items)?;
    vm.grow(own, more.len())?;
    own.extend_from_slice(more);
    Ok(())
}

/// Truncates a list to its first `count` items.
fn truncate(list: &mut Noun, count: usize) {
    match list {
        Noun::Vector(vector) => with_items!(&mut vector.items, items => {
            if let Some(items) = Arc::get_mut(items) {
                items.truncate(count);
            }
        }),
        Noun::List(items) => {
            let cut: Vec<Noun> = items.items().iter().take(count).cloned().collect();
            *list = List::raw(cut).unwrap_or_else(|_| empty(Kind::List));
        }
        _ => {}
    }
}

fn verb_of(noun: &Noun) -> Option<&'static Verb> {
    if let Noun::Func(Func::Verb(verb)) = noun { Some(verb) } else { None }
}

fn is_assign(noun: &Noun) -> bool {
    verb_of(noun).is_some_and(|verb| verb.name == ":")
}

fn is_join(noun: &Noun) -> bool {
    verb_of(noun).is_some_and(|verb| verb.name == ",")
}
