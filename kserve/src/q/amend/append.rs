//! Appends items and rows in place.

use std::sync::Arc;

use crate::q::build;
use crate::q::enumeration::is_enumeration;
use crate::q::fault::{Fault, R};
use crate::q::key::Key;
use crate::q::noun::{Atom, Item, Items, Lane, List, Noun, Table, Vector, empty, with_items};
use crate::q::vm::Vm;
use kcodec::{Attribute, Kind};

impl Vm<'_> {
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
                let join = crate::q::verb::require(",")?;
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
