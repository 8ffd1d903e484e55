//! Concatenates and rearranges lists: `,`, `raze cross flip`.

use std::sync::Arc;

use super::build;
use super::enumeration::over;
use super::fault::{Fault, R};
use super::noun::{Dict, Item, Lane, List, Noun, Table, Vector, empty, vector, with_items};
use super::verb::{Verb, infix, unary};
use super::vm::Vm;
use kcodec::{Attribute, Kind};

pub(crate) static VERBS: &[Verb] = &[
    infix(",", Some(12), |vm, x, y| vm.join(x, y)),
    unary("raze", None, |vm, x| vm.raze(x)),
    infix("cross", None, |vm, x, y| vm.cross(&x, &y)),
    unary("flip", Some(1), |vm, x| vm.flip(&x)),
];

impl Vm<'_> {
    /// `x,y`
    pub(crate) fn join(&mut self, x: Noun, y: Noun) -> R {
        match (x, y) {
            (x @ Noun::Enum(_), y @ (Noun::Enum(_) | Noun::Atom(_) | Noun::Vector(_)))
            | (x @ (Noun::Atom(_) | Noun::Vector(_)), y @ Noun::Enum(_)) => self.join_enumerations(x, y),
            (x @ (Noun::Table(_) | Noun::Dict(_)), y @ (Noun::Table(_) | Noun::Dict(_))) => self.join_tables(x, y),
            // A row, or rows, given as lists.
            (x @ Noun::Table(_), y @ (Noun::Vector(_) | Noun::List(_))) => self.join_tables(x, y),
            (x @ Noun::Dict(_), y @ (Noun::Vector(_) | Noun::List(_))) if x.as_keyed().is_some() => {
                self.join_tables(x, y)
            }
            (Noun::Atom(_) | Noun::Vector(_), Noun::Dict(_)) | (Noun::Dict(_), Noun::Atom(_) | Noun::Vector(_)) => {
                Err(Fault::TYPE)
            }
            (Noun::List(list), y) if list.items().is_empty() && y.is_list() => Ok(y),
            (x, Noun::List(list)) if list.items().is_empty() && x.is_list() => Ok(x),
            // Same kind: appends in place if the left vector is unshared.
            (Noun::Vector(mut x), Noun::Vector(y)) if x.kind == y.kind => {
                if x.len() == 0 {
                    return Ok(bare(y));
                }
                x.attr = Attribute::None;
                let mut list = Noun::Vector(x);
                self.append(&mut list, Noun::Vector(y))?;
                Ok(list)
            }
            (Noun::Vector(mut x), Noun::Atom(y)) if x.kind == y.kind => {
                x.attr = Attribute::None;
                let mut list = Noun::Vector(x);
                self.append(&mut list, Noun::Atom(y))?;
                Ok(list)
            }
            (Noun::Atom(x), Noun::Vector(Vector { kind, items, .. })) if x.kind == kind => {
                with_items!(&items, items => {
                    let mut out = self.vec(items.len() + 1)?;
                    push(&mut out, x.item);
                    out.extend_from_slice(items);
                    Ok(vector(kind, out))
                })
            }
            (x @ Noun::Table(_), y) | (x, y @ Noun::Table(_)) if joins_by_item(&x) && joins_by_item(&y) => {
                // A table and a list: rows become dict items of a general list.
                self.join_items(x, y)
            }
            (Noun::Vector(x), Noun::Vector(y)) if x.len() == 0 => Ok(bare(y)),
            (Noun::Vector(x), Noun::Vector(y)) if y.len() == 0 => Ok(bare(x)),
            (Noun::List(list), y) if !list.items().is_empty() => self.join_list(list, y),
            (x, y) => self.join_items(x, y),
        }
    }

    /// Enumerations over one domain stay an enumeration; two atoms form a list; everything else is converted to
    /// plain items.
    fn join_enumerations(&mut self, x: Noun, y: Noun) -> R {
        match (&x, &y) {
            (Noun::Enum(left), Noun::Enum(right)) if left.domain == right.domain => {
                over(left.domain, self.join(left.places.clone(), right.places.clone())?)
            }
            _ if x.is_atom() && y.is_atom() => List::raw(vec![x, y]),
            _ => {
                let (x, y) = (self.plain(x)?, self.plain(y)?);
                self.join(x, y)
            }
        }
    }

    /// Appends to a general list, in place if it is unshared.
    fn join_list(&mut self, mut list: Arc<List>, y: Noun) -> R {
        let own = self.own_list(&mut list)?;
        match y {
            y if y.is_list() => {
                for item in build::items(&y) {
                    self.charge(8)?;
                    own.push(item)?;
                }
            }
            y => own.push(y)?,
        }
        Ok(Noun::List(list))
    }

    fn join_items(&mut self, x: Noun, y: Noun) -> R {
        let count = |part: &Noun| if part.is_list() { part.len() } else { 1 };
        let mut all = self.vec(count(&x).saturating_add(count(&y)))?;
        for part in [x, y] {
            match part {
                part if part.is_list() => all.extend(build::items(&part)),
                part => all.push(part),
            }
        }
        if all.is_empty() { Ok(empty(Kind::List)) } else { build::tidy(all) }
    }

    /// `raze x`: joins all items.
    fn raze(&mut self, x: Noun) -> R {
        match x {
            Noun::List(list) => {
                if let Some(flat) = self.concatenate(list.items())? {
                    return Ok(flat);
                }
                let mut items = list.items().iter().cloned();
                let Some(mut all) = items.next() else { return Ok(empty(Kind::List)) };
                for item in items {
                    self.charge(16)?;
                    all = self.join(all, item)?;
                }
                if list.items().len() == 1 && !all.is_list() && !matches!(all, Noun::Dict(_)) {
                    return build::enlist(all);
                }
                self.made_uniform(all)
            }
            Noun::Dict(dict) if !matches!(dict.values, Noun::Table(_)) => self.raze(dict.values.clone()),
            Noun::Atom(_) => build::enlist(x),
            other => Ok(other),
        }
    }

    /// Fast path: concatenates vectors and atoms of one kind. `None` for other items.
    fn concatenate(&mut self, parts: &[Noun]) -> R<Option<Noun>> {
        let Some(kind) = parts.iter().find(|part| part.len() > 0).and_then(Noun::kind) else { return Ok(None) };
        let fits = |part: &Noun| match part {
            Noun::Vector(vector) => vector.kind == kind || vector.len() == 0,
            Noun::Atom(atom) => atom.kind == kind,
            Noun::List(list) => list.items().is_empty(),
            _ => false,
        };
        if kind == Kind::List || !parts.iter().all(fits) {
            return Ok(None);
        }
        let count = parts.iter().map(Noun::len).fold(0, usize::saturating_add);
        let sample = empty(kind);
        let Noun::Vector(Vector { items, .. }) = &sample else { return Ok(None) };
        with_items!(items, items => {
            let mut out = self.vec(count)?;
            out.extend_from_slice(items);
            for part in parts {
                self.charge(4)?;
                match part {
                    Noun::Vector(vector) => {
                        if let Some(items) = Lane::of(&vector.items).filter(|_| vector.kind == kind) {
                            out.extend_from_slice(items);
                        }
                    }
                    Noun::Atom(atom) => push(&mut out, atom.item),
                    _ => {}
                }
            }
            Ok(Some(vector(kind, out)))
        })
    }

    /// Converts a general list to a vector if its items have become uniform.
    fn made_uniform(&mut self, all: Noun) -> R {
        match all {
            Noun::List(list) if !list.items().is_empty() => {
                self.charge(list.items().len())?;
                build::tidy(list.items().to_vec())
            }
            other => Ok(other),
        }
    }

    /// `x cross y`: all pairs of an item of `x` and an item of `y`.
    fn cross(&mut self, x: &Noun, y: &Noun) -> R {
        let part = |part: &Noun| if part.is_list() { Ok(part.clone()) } else { build::enlist(part.clone()) };
        if let (Noun::Dict(left), Noun::Dict(right)) = (x, y) {
            let keys = self.cross(&left.keys, &right.keys)?;
            return Dict::new(keys, self.cross(&left.values, &right.values)?);
        }
        let (x, y) = (part(x)?, part(y)?);
        let (wide, high) = (y.len(), x.len());
        let count = wide.checked_mul(high).ok_or(Fault::WSFULL)?;
        let mut left = self.vec(count)?;
        left.extend((0..high).flat_map(|place| std::iter::repeat_n(place, wide)));
        let mut right = self.vec(count)?;
        right.extend((0..high).flat_map(|_| 0..wide));
        if let (Noun::Table(_), Noun::Table(_)) = (&x, &y) {
            let (x, y) = (self.gather(&x, &left)?, self.gather(&y, &right)?);
            let (Noun::Table(x), Noun::Table(y)) = (x, y) else { return Err(Fault::TYPE) };
            if y.names().iter().any(|&name| x.position(name).is_some()) {
                return Err(Fault::nyi("cross of tables with a column in common"));
            }
            let names = [x.names().as_slice(), y.names()].concat();
            return Table::new(Arc::new(names), [x.columns(), y.columns()].concat());
        }
        let mut out = self.vec(count)?;
        for (&left, &right) in left.iter().zip(&right) {
            self.charge(32)?;
            out.push(self.join(x.at(left), y.at(right))?);
        }
        if out.is_empty() { Ok(empty(Kind::List)) } else { build::tidy(out) }
    }

    /// `flip x`: transposes lists; converts a dict of columns to a table and back.
    pub(crate) fn flip(&mut self, x: &Noun) -> R {
        match x {
            Noun::Table(table) => table.flip(),
            Noun::Dict(dict) => {
                if x.as_keyed().is_some() {
                    return Err(Fault::nyi("flip of a keyed table"));
                }
                let names = dict.keys.as_syms().ok_or(Fault::TYPE)?.to_vec();
                let columns = build::items(&dict.values);
                let lists = columns.iter().filter(|column| column.is_list());
                let count = lists.map(Noun::len).max().ok_or(Fault::RANK)?;
                let mut made = self.vec(columns.len())?;
                for column in columns {
                    made.push(if column.is_list() { column } else { self.repeat(&column, count)? });
                }
                Table::new(Arc::new(names), made)
            }
            Noun::List(list) => self.transpose(list.items()),
            Noun::Vector(_) => Err(Fault::RANK),
            _ => Err(Fault::TYPE),
        }
    }

    fn transpose(&mut self, rows: &[Noun]) -> R {
        let Some(count) = rows.iter().filter(|row| row.is_list()).map(Noun::len).next() else {
            return Err(Fault::RANK);
        };
        if rows.iter().any(|row| row.is_list() && row.len() != count) {
            return Err(Fault::LENGTH);
        }
        if count == 0 {
            return Ok(empty(Kind::List));
        }
        let mut out = self.vec(count)?;
        if let Some(Noun::Vector(first)) = rows.first()
            && rows.iter().all(|row| matches!(row, Noun::Vector(row) if row.kind == first.kind))
        {
            let kind = first.kind;
            with_items!(&first.items, items => {
                let rows: Vec<&[_]> = std::iter::once(items.as_slice())
                    .chain(rows.iter().skip(1).filter_map(Noun::items))
                    .collect();
                for at in 0..count {
                    let mut column = self.vec(rows.len())?;
                    column.extend(rows.iter().filter_map(|row| row.get(at).copied()));
                    out.push(vector(kind, column));
                }
            });
            return List::raw(out);
        }
        for at in 0..count {
            let mut column = self.vec(rows.len())?;
            column.extend(rows.iter().map(|row| if row.is_list() { row.at(at) } else { row.clone() }));
            out.push(build::tidy(column)?);
        }
        List::raw(out)
    }
}

/// Appends one item.
fn push<T: Lane>(out: &mut Vec<T>, item: Item) {
    out.extend(T::from_item(item));
}

/// Removes the attribute.
fn bare(mut vector: Vector) -> Noun {
    vector.attr = Attribute::None;
    Noun::Vector(vector)
}

/// Whether the value can be joined item by item, which dicts cannot.
fn joins_by_item(part: &Noun) -> bool {
    !matches!(part, Noun::Dict(_))
}
