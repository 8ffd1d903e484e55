//! Adds rows to tables: `insert`, `upsert`.

mod join;
mod parts;

use std::sync::Arc;

use super::build;
use super::fault::{Fault, R};
use super::noun::{List, Noun, Table};
use super::symbols::Sym;
use super::verb::{Verb, infix};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[infix("insert", Some(28), insert), infix("upsert", None, upsert)];

/// New rows: for each column of the table an atom if it is a single row, otherwise a list; `None` if missing.
struct Rows {
    parts: Vec<Option<Noun>>,
    /// Whether it is a single row, whose cells are the parts.
    one: bool,
    count: usize,
}

/// `` `t insert x ``: returns the positions of the new rows.
fn insert(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    let name = x.as_sym().filter(|_| x.is_atom()).ok_or(Fault::TYPE)?;
    let name = vm.global_name(name);
    if vm.text(name).starts_with(b":") {
        return Err(Fault::nyi("insert into a file"));
    }
    if vm.q.views.contains(name) {
        return Err(Fault::nyi("insert into a view"));
    }
    if !vm.q.globals.contains_key(&name) {
        return vm.create_table(name, y, true);
    }
    let mut range = (0, 0);
    vm.change_global(name, true, |vm, value| {
        let before = value.len();
        vm.add(value, y, true)?;
        range = (before, value.len());
        Ok(())
    })?;
    let mut rows = vm.vec(range.1.saturating_sub(range.0))?;
    rows.extend((range.0..range.1).map(|row| i64::try_from(row).unwrap_or(i64::MAX)));
    Ok(Noun::longs(rows))
}

/// `x upsert y`
fn upsert(vm: &mut Vm<'_>, x: Noun, y: Noun) -> R {
    match x.as_sym().filter(|_| x.is_atom()) {
        Some(name) if vm.text(name).first() == Some(&b':') => {
            let path = vm.path(&x)?;
            let mut value = vm.stored(&path)?;
            vm.add(&mut value, y, false)?;
            vm.store_file(&path, &value)?;
            Ok(x)
        }
        Some(name) => {
            let full = vm.global_name(name);
            if vm.q.views.contains(full) {
                return Err(Fault::nyi("upsert to a view"));
            }
            if vm.q.globals.contains_key(&full) {
                vm.change_global(full, true, |vm, value| vm.add(value, y, false))?;
            } else {
                vm.create_table(full, y, false)?;
            }
            Ok(x)
        }
        None => {
            let mut value = x;
            vm.add(&mut value, y, false)?;
            Ok(value)
        }
    }
}

impl Vm<'_> {
    /// The full name of a global in the current namespace.
    fn global_name(&mut self, name: Sym) -> Sym {
        let text = self.text(name);
        if self.q.context == Sym::NULL || text.first() == Some(&b'.') || self.q.globals.contains_key(&name) {
            return name;
        }
        let full = [b".", self.text(self.q.context), b".", text].concat();
        self.intern(&full)
    }

    /// Creates the table for a global that does not exist yet.
    fn create_table(&mut self, name: Sym, rows: Noun, numbers: bool) -> R {
        let table = match &rows {
            Noun::Table(_) => rows,
            Noun::Dict(dict) if rows.as_keyed().is_none() && dict.keys.as_syms().is_some() => build::enlist(rows)?,
            Noun::Dict(_) if rows.as_keyed().is_some() => rows,
            _ => return Err(Fault::named(self.text(name))),
        };
        let count = table.len();
        self.define(name, table)?;
        let rows = (0_i64..).take(if numbers { count } else { 0 });
        Ok(Noun::longs(rows.collect()))
    }

    /// Adds rows. `insert`: lists are columns, and keys must be new. Otherwise lists are rows, and existing keys
    /// get new values.
    pub(crate) fn add(&mut self, value: &mut Noun, rows: Noun, insert: bool) -> R<()> {
        match value {
            Noun::Table(table) => {
                let names = table.names().clone();
                let rows = self.new_rows(&names, table.columns(), rows, insert)?;
                if insert && rows.parts.iter().any(Option::is_none) {
                    return Err(Fault::MISMATCH);
                }
                self.add_rows(table, rows)
            }
            Noun::Dict(_) if value.as_keyed().is_some() => self.add_keyed(value, rows, insert),
            Noun::Dict(_) if !insert && matches!(rows, Noun::Dict(_)) => self.join_dict(value, &rows),
            Noun::Vector(_) | Noun::List(_) if !insert => self.append(value, rows),
            _ => Err(Fault::TYPE),
        }
    }

    /// Appends rows to all columns. Kinds are checked first, so that an error leaves all columns unchanged.
    fn add_rows(&mut self, table: &mut Arc<Table>, rows: Rows) -> R<()> {
        for (column, part) in table.columns().iter().zip(&rows.parts) {
            if let Some(part) = part
                && !fits(column, part, rows.one, rows.count)
            {
                return Err(Fault::TYPE);
            }
        }
        // Memory is checked before any column changes.
        self.room(rows.count.saturating_mul(rows.parts.len()).saturating_mul(16))?;
        let table = Arc::make_mut(table);
        for (column, part) in table.columns_mut().iter_mut().zip(rows.parts) {
            let part = match part {
                Some(part) => part,
                None => {
                    let null = column.null_of();
                    self.repeat(&null, rows.count)?
                }
            };
            let one = rows.one && (part.is_atom() || matches!(column, Noun::List(_)));
            if one { self.append_cell(column, part)? } else { self.append_part(column, part)? }
        }
        table.attr = kcodec::Attribute::None;
        Ok(())
    }

    fn append_cell(&mut self, column: &mut Noun, cell: Noun) -> R<()> {
        match column {
            Noun::List(list) if list.items().is_empty() => {
                *column = build::enlist(cell)?;
                Ok(())
            }
            Noun::List(list) => self.own_list(list)?.push(cell),
            _ => self.append(column, cell),
        }
    }

    fn append_part(&mut self, column: &mut Noun, part: Noun) -> R<()> {
        match (&mut *column, &part) {
            (Noun::List(list), _) if list.items().is_empty() => {
                *column = part;
                Ok(())
            }
            (Noun::Vector(_), Noun::List(list)) if list.items().is_empty() => Ok(()),
            (Noun::List(list), Noun::Vector(_)) => {
                let list = self.own_list(list)?;
                for item in build::items(&part) {
                    list.push(item)?;
                }
                Ok(())
            }
            _ => self.append(column, part),
        }
    }

    fn add_keyed(&mut self, value: &mut Noun, rows: Noun, insert: bool) -> R<()> {
        let Noun::Dict(dict) = value else { return Err(Fault::TYPE) };
        let (Noun::Table(keys), Noun::Table(values)) = (&dict.keys, &dict.values) else { return Err(Fault::TYPE) };
        let width = keys.names().len();
        let names = [keys.names().as_slice(), values.names()].concat();
        let columns = [keys.columns(), values.columns()].concat();
        let Rows { parts, one, count } = self.new_rows(&names, &columns, rows, insert)?;
        let mut lists = self.vec(parts.len())?;
        for (part, column) in parts.into_iter().zip(&columns) {
            if let Some(part) = &part
                && !fits(column, part, one, count)
            {
                return Err(Fault::TYPE);
            }
            lists.push(match part {
                Some(part) if one => Some(build::enlist(part)?),
                part => part,
            });
        }
        drop(columns);
        let others = lists.split_off(width);
        let new_keys = lists.into_iter().collect::<Option<Vec<Noun>>>().ok_or(Fault::MISMATCH)?;
        let found = self.match_rows(keys.columns(), &new_keys)?;
        if insert && found.iter().any(|&at| at != usize::MAX) {
            return Err(Fault::new("insert"));
        }
        if insert && others.iter().any(Option::is_none) {
            return Err(Fault::MISMATCH);
        }
        let (known, new) = self.split_known(&found, &new_keys)?;
        let dict = Arc::make_mut(dict);
        dict.change(|keys, values| {
            let (Noun::Table(keys), Noun::Table(values)) = (keys, values) else { return Err(Fault::TYPE) };
            let old = values.len();
            if !new.is_empty() {
                let firsts: Vec<usize> = new.iter().map(|&(first, _)| first).collect();
                let lasts: Vec<usize> = new.iter().map(|&(_, last)| last).collect();
                let key_rows = self.picked(new_keys.iter().map(Some), &firsts)?;
                let value_rows = self.picked(others.iter().map(Option::as_ref), &lasts)?;
                self.add_rows(keys, key_rows)?;
                self.add_rows(values, value_rows)?;
            }
            if known.is_empty() {
                return Ok(());
            }
            debug_assert!(known.iter().all(|&(at, _)| at < old), "positions refer to the old keys");
            let places: Vec<usize> = known.iter().map(|&(at, _)| at).collect();
            let rows: Vec<usize> = known.iter().map(|&(_, row)| row).collect();
            let values = Arc::make_mut(values);
            for (column, other) in values.columns_mut().iter_mut().zip(&others) {
                if let Some(other) = other {
                    let cells = self.gather_raw(other, &rows)?;
                    self.scatter(column, &places, &cells)?;
                }
            }
            Ok(())
        })
    }

    /// Splits rows by their key: for an existing key its position and the row; for each new key its first and last
    /// row.
    #[expect(clippy::type_complexity, reason = "two lists of pairs")]
    fn split_known(&mut self, found: &[usize], keys: &[Noun]) -> R<(Vec<(usize, usize)>, Vec<(usize, usize)>)> {
        let known = found.iter().enumerate().filter(|(_, at)| **at != usize::MAX).map(|(row, &at)| (at, row)).collect();
        let fresh: Vec<usize> =
            found.iter().enumerate().filter(|(_, at)| **at == usize::MAX).map(|(row, _)| row).collect();
        if fresh.len() < 2 {
            return Ok((known, fresh.into_iter().map(|row| (row, row)).collect()));
        }
        let mut columns = self.vec(keys.len())?;
        for key in keys {
            columns.push(self.gather(key, &fresh)?);
        }
        let groups = self.groups_by_appearance(&columns)?;
        let mut new: Vec<(usize, usize)> =
            groups.firsts().iter().filter_map(|&at| fresh.get(at).map(|&row| (row, row))).collect();
        for (&id, &row) in groups.ids().iter().zip(&fresh) {
            if let Some(entry) = new.get_mut(id as usize) {
                entry.1 = row;
            }
        }
        Ok((known, new))
    }

    fn picked<'a>(&mut self, parts: impl Iterator<Item = Option<&'a Noun>>, rows: &[usize]) -> R<Rows> {
        let mut picked = Vec::new();
        for part in parts {
            picked.push(match part {
                Some(part) => Some(self.gather_raw(part, rows)?),
                None => None,
            });
        }
        Ok(Rows { parts: picked, one: false, count: rows.len() })
    }

    /// Gathers items at positions. A general list stays a general list.
    fn gather_raw(&mut self, list: &Noun, rows: &[usize]) -> R {
        match list {
            Noun::List(items) => {
                List::raw(rows.iter().map(|&row| items.items().get(row).cloned().unwrap_or_default()).collect())
            }
            _ => self.gather(list, rows),
        }
    }
}

/// Whether new rows fit into a column.
fn fits(column: &Noun, part: &Noun, one: bool, count: usize) -> bool {
    match (column, part) {
        (Noun::List(_), _) => true,
        (Noun::Vector(vector), Noun::Atom(atom)) => one && vector.kind == atom.kind,
        (Noun::Vector(vector), Noun::Vector(more)) => !one && vector.kind == more.kind,
        (Noun::Vector(_), Noun::List(list)) => !one && list.items().is_empty() && count == 0,
        (Noun::Enum(_), Noun::Enum(_)) => one == part.is_atom(),
        // A column may be a table.
        _ => column.type_code() == part.type_code(),
    }
}
