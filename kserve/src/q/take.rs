//! Takes and drops parts of lists, dicts and tables, by count, shape or name: `#` and `_`.

use std::sync::Arc;

use super::build;
use super::enumeration::over;
use super::fault::{Fault, R};
use super::noun::{Dict, Lane, List, Noun, Table, Vector, empty, null_item, vector, with_items};
use super::symbols::Sym;
use super::verb::{Verb, infix};
use super::vm::Vm;
use kcodec::{Attribute, Kind};

pub(crate) static VERBS: &[Verb] =
    &[infix("#", Some(13), |vm, x, y| vm.take(&x, y)), infix("_", Some(14), |vm, x, y| vm.drop(&x, y))];

impl Vm<'_> {
    /// The items from `start` up to but excluding `end`. Both must be within the list.
    pub(crate) fn range(&mut self, x: &Noun, start: usize, end: usize) -> R {
        let whole = start == 0 && end >= x.len();
        match x {
            _ if whole => Ok(x.clone()),
            Noun::Enum(list) => over(list.domain, self.range(&list.places, start, end)?),
            Noun::Vector(Vector { kind, items, .. }) => with_items!(items, items => {
                let part = items.get(start..end).unwrap_or_default();
                let mut out = self.vec(part.len())?;
                out.extend_from_slice(part);
                Ok(vector(*kind, out))
            }),
            Noun::List(list) => {
                let part = list.items().get(start..end).unwrap_or_default();
                let mut out = self.vec(part.len())?;
                out.extend_from_slice(part);
                if out.is_empty() { Ok(empty(Kind::List)) } else { build::tidy(out) }
            }
            Noun::Table(table) => self.by_column(table, |vm, column| vm.range(column, start, end)),
            Noun::Dict(dict) => {
                let keys = self.range(&dict.keys, start, end)?;
                Dict::new(keys, self.range(&dict.values, start, end)?)
            }
            _ => Err(Fault::TYPE),
        }
    }

    /// Builds a table by applying `work` to each column.
    pub(crate) fn by_column(&mut self, table: &Table, mut work: impl FnMut(&mut Self, &Noun) -> R) -> R {
        let mut columns = self.vec(table.columns().len())?;
        for column in table.columns() {
            columns.push(work(self, column)?);
        }
        Table::new(table.names().clone(), columns)
    }

    /// `x#y`
    fn take(&mut self, x: &Noun, y: Noun) -> R {
        match (x, &y) {
            (_, Noun::Dict(dict)) if !x.is_atom() => self.take_keys(x, dict),
            (Noun::Atom(_), _) => match (x.as_long(), x.as_sym()) {
                (Some(count), _) => self.take_count(count, &y),
                (None, Some(letter)) => {
                    let letter = self.text(letter).to_vec();
                    self.set_attribute(&letter, y)
                }
                _ => Err(Fault::TYPE),
            },
            (Noun::Vector(Vector { kind: Kind::Symbol, .. }), Noun::Table(table)) => {
                self.take_columns(x.as_syms().unwrap_or_default(), table)
            }
            (Noun::Vector(_), _) if matches!(x.kind(), Some(Kind::Short | Kind::Int | Kind::Long)) => {
                let shape: Vec<i64> = build::items(x).iter().filter_map(Noun::as_long).collect();
                self.reshape(&shape, &y)
            }
            // Rows of `y` that are also rows of `x`.
            (Noun::Table(_), Noun::Table(_)) => {
                let found = self.member(&y, x)?;
                self.keep(&y, &found, true)
            }
            _ => Err(Fault::TYPE),
        }
    }

    pub(crate) fn take_count(&mut self, count: i64, y: &Noun) -> R {
        let wanted = usize::try_from(count.unsigned_abs()).map_err(|_| Fault::WSFULL)?;
        if count == i64::MIN {
            return Err(Fault::TYPE);
        }
        let has = y.len();
        match y {
            Noun::Vector(_) | Noun::List(_) | Noun::Table(_) | Noun::Dict(_) if wanted <= has => {
                if count < 0 {
                    self.range(y, has - wanted, has)
                } else {
                    self.range(y, 0, wanted)
                }
            }
            Noun::Vector(Vector { kind, items, .. }) => {
                let first = if count < 0 { first_of_cycle(wanted, has) } else { 0 };
                with_items!(items, items => self.cycle(*kind, items, first, wanted))
            }
            Noun::List(_) if has == 0 => self.repeat(y, wanted),
            Noun::List(list) => {
                let first = if count < 0 { first_of_cycle(wanted, has) } else { 0 };
                let mut out = self.vec(wanted)?;
                out.extend(list.items().iter().cycle().skip(first).take(wanted).cloned());
                List::raw(out)
            }
            Noun::Enum(list) => over(list.domain, self.take_count(count, &list.places)?),
            Noun::Table(table) => self.by_column(table, |vm, column| vm.take_count(count, column)),
            Noun::Dict(dict) => {
                let keys = self.take_count(count, &dict.keys)?;
                Dict::new(keys, self.take_count(count, &dict.values)?)
            }
            _ => self.repeat(y, wanted),
        }
    }

    /// `wanted` items, starting at `first` and repeating the list; nulls if the list is empty.
    fn cycle<T: Lane>(&mut self, kind: Kind, items: &[T], first: usize, wanted: usize) -> R {
        let mut out = self.vec(wanted)?;
        if items.is_empty() {
            out.resize(wanted, T::from_item(null_item(kind)).unwrap_or(T::NULL));
            return Ok(vector(kind, out));
        }
        out.extend_from_slice(
            items.get(first..).unwrap_or_default().get(..wanted.min(items.len() - first)).unwrap_or_default(),
        );
        while out.len() < wanted {
            let left = wanted - out.len();
            out.extend_from_slice(items.get(..left.min(items.len())).unwrap_or_default());
        }
        Ok(vector(kind, out))
    }

    /// `2 3#y`: reshapes into nested rows. A null as one of two sizes is computed from the other.
    fn reshape(&mut self, shape: &[i64], y: &Noun) -> R {
        match *shape {
            [] => Ok(empty(Kind::List)),
            [i64::MIN, size] | [size, i64::MIN] if size < 0 => Err(Fault::DOMAIN),
            [i64::MIN, size] => {
                let size = usize::try_from(size).unwrap_or(0);
                if size == 0 {
                    return Err(Fault::DOMAIN);
                }
                self.chunks(size, y)
            }
            [rows, i64::MIN] => {
                let rows = usize::try_from(rows).unwrap_or(0);
                let has = y.len();
                let mut out = self.vec(rows)?;
                let cell =
                    |row: usize| usize::try_from((row as u128 * has as u128) / rows.max(1) as u128).unwrap_or(has);
                for row in 0..rows {
                    out.push(self.range(y, cell(row), cell(row + 1))?);
                }
                if out.is_empty() { Ok(empty(Kind::List)) } else { List::raw(out) }
            }
            // Only the innermost size may be zero.
            _ if shape.iter().any(|&size| size < 0)
                || shape.iter().rev().skip(1).take(shape.len().saturating_sub(2)).any(|&size| size == 0) =>
            {
                Err(Fault::DOMAIN)
            }
            [size] => self.take_count(size, y),
            _ => {
                let all = shape.iter().try_fold(1_i64, |all, &size| all.checked_mul(size)).ok_or(Fault::WSFULL)?;
                let y = if y.is_list() { y.clone() } else { build::enlist(y.clone())? };
                let flat = self.take_count(all, &y)?;
                let sizes: Vec<usize> = shape.iter().filter_map(|&size| usize::try_from(size).ok()).collect();
                let mut at = 0;
                self.rows(&sizes, &flat, &mut at)
            }
        }
    }

    fn rows(&mut self, sizes: &[usize], flat: &Noun, at: &mut usize) -> R {
        let Some((&first, others)) = sizes.split_first() else { return Ok(empty(Kind::List)) };
        if others.is_empty() {
            let start = *at;
            *at += first;
            // [`range`](Self::range) of an empty list returns it unchanged, so an empty row must be taken
            // explicitly.
            return if first == 0 { self.take_count(0, flat) } else { self.range(flat, start, *at) };
        }
        let mut out = self.vec(first)?;
        for _ in 0..first {
            self.charge(16)?;
            out.push(self.recurse(|vm| vm.rows(others, flat, at))?);
        }
        if out.is_empty() { Ok(empty(Kind::List)) } else { List::raw(out) }
    }

    /// ``  `a`b#d ``: the entries with these keys, in this order; of a keyed table the rows with these keys.
    fn take_keys(&mut self, keys: &Noun, dict: &Dict) -> R {
        if let (Noun::Table(_), Noun::Table(_)) = (&dict.keys, keys) {
            let found = self.member(&dict.keys, keys)?;
            let kept = self.keep(&dict.keys, &found, true)?;
            return Dict::new(kept, self.keep(&dict.values, &found, true)?);
        }
        // Columns of a keyed table; the key columns stay.
        if let (Noun::Table(values), Some(names)) = (&dict.values, keys.as_syms()) {
            return Dict::new(dict.keys.clone(), self.take_columns(names, values)?);
        }
        let found = self.find(&dict.keys, keys)?;
        let values = self.index(&dict.values, &found)?;
        Dict::new(keys.clone(), values)
    }

    fn take_columns(&mut self, names: &[Sym], table: &Table) -> R {
        let mut columns = self.vec(names.len())?;
        for &name in names {
            columns.push(table.column(name).cloned().ok_or_else(|| Fault::named(self.text(name)))?);
        }
        Table::new(Arc::new(names.to_vec()), columns)
    }

    /// `x _ y`
    pub(crate) fn drop(&mut self, x: &Noun, y: Noun) -> R {
        match (x, &y) {
            (_, Noun::Dict(dict)) if !is_count(x) => self.without_keys(x, dict),
            (Noun::Vector(_) | Noun::List(_) | Noun::Table(_), Noun::Atom(_)) if is_count(&y) => {
                let at = super::index::place(y.as_long().unwrap_or(i64::MIN));
                self.without(x, at)
            }
            (Noun::Dict(dict), _) => self.without_keys(&as_list(&y)?, dict),
            (Noun::Atom(_), _) if is_count(x) => {
                let count = x.as_long().unwrap_or(0);
                let has = y.len();
                if y.is_atom() {
                    return Err(Fault::TYPE);
                }
                let left = has.saturating_sub(usize::try_from(count.unsigned_abs()).unwrap_or(usize::MAX));
                if count == i64::MIN {
                    return Err(Fault::TYPE);
                }
                if left == 0 {
                    return self.take_count(0, &y);
                }
                if count < 0 { self.range(&y, 0, left) } else { self.range(&y, has - left, has) }
            }
            (Noun::Atom(_) | Noun::Vector(_), Noun::Table(table)) if x.as_syms().is_some() => {
                let names = x.as_syms().unwrap_or_default();
                let left: Vec<Sym> = table.names().iter().copied().filter(|name| !names.contains(name)).collect();
                if left.is_empty() { Err(Fault::LENGTH) } else { self.take_columns(&left, table) }
            }
            (Noun::Vector(_), _) => self.cut_at(x, &y),
            (Noun::List(list), _) if list.items().is_empty() => Ok(empty(Kind::List)),
            _ => Err(Fault::TYPE),
        }
    }

    /// All items except one.
    fn without(&mut self, x: &Noun, at: usize) -> R {
        let has = x.len();
        if at >= has {
            return Ok(x.clone());
        }
        match x {
            Noun::Vector(Vector { kind, items, .. }) => with_items!(items, items => {
                let mut out = self.vec(has - 1)?;
                out.extend_from_slice(items.get(..at).unwrap_or_default());
                out.extend_from_slice(items.get(at + 1..).unwrap_or_default());
                Ok(vector(*kind, out))
            }),
            Noun::Enum(list) => over(list.domain, self.without(&list.places, at)?),
            Noun::Table(table) => self.by_column(table, |vm, column| vm.without(column, at)),
            Noun::List(list) => {
                let mut out = self.vec(has - 1)?;
                out.extend(
                    list.items().iter().enumerate().filter(|(index, _)| *index != at).map(|(_, item)| item.clone()),
                );
                if out.is_empty() { Ok(empty(Kind::List)) } else { build::tidy(out) }
            }
            _ => Err(Fault::TYPE),
        }
    }

    fn without_keys(&mut self, keys: &Noun, dict: &Dict) -> R {
        if let (Noun::Table(values), Some(names)) = (&dict.values, keys.as_syms()) {
            let left: Vec<Sym> = values.names().iter().copied().filter(|name| !names.contains(name)).collect();
            let values = self.take_columns(&left, values)?;
            return Dict::new(dict.keys.clone(), values);
        }
        let found = self.member(&dict.keys, keys)?;
        let kept = self.keep(&dict.keys, &found, false)?;
        Dict::new(kept, self.keep(&dict.values, &found, false)?)
    }
}

/// The position of the first of the last `wanted` items, if the list is repeated.
fn first_of_cycle(wanted: usize, has: usize) -> usize {
    if has == 0 { 0 } else { (has - wanted % has) % has }
}

/// Whether it is an integer atom, which counts items.
fn is_count(x: &Noun) -> bool {
    x.is_atom() && matches!(x.kind(), Some(Kind::Boolean | Kind::Byte | Kind::Short | Kind::Int | Kind::Long))
}

/// A list as it is; an atom as a list of one item.
pub(crate) fn as_list(x: &Noun) -> R {
    if x.is_list() { Ok(x.clone()) } else { build::enlist(x.clone()) }
}

/// The attribute of a value; for a dict that of its keys.
pub(crate) fn attribute_of(x: &Noun) -> Attribute {
    match x {
        Noun::Vector(vector) => vector.attr,
        Noun::Enum(list) => attribute_of(&list.places),
        Noun::Table(table) => table.attr,
        Noun::Dict(dict) if dict.sorted => Attribute::Sorted,
        Noun::Dict(dict) => attribute_of(&dict.keys),
        _ => Attribute::None,
    }
}
