//! Adds rows to tables: `insert`, `upsert`, `x,y`.

use std::sync::Arc;

use super::build;
use super::fault::{Fault, R};
use super::noun::{List, Noun, Table};
use super::symbols::Sym;
use super::verb::{Verb, infix};
use super::vm::Vm;
use kcodec::Kind;

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

    /// Splits a row, rows, columns, a dict or a table into one part per column.
    fn new_rows(&mut self, names: &[Sym], columns: &[Noun], rows: Noun, insert: bool) -> R<Rows> {
        let mut rows = self.given_rows(names, columns, rows, insert)?;
        if self.q.enumerates {
            for (column, part) in columns.iter().zip(&mut rows.parts) {
                if let Some(given) = part.take() {
                    *part = Some(self.conform_to_domain(column, given)?);
                }
            }
        }
        Ok(rows)
    }

    fn given_rows(&mut self, names: &[Sym], columns: &[Noun], rows: Noun, insert: bool) -> R<Rows> {
        match rows {
            Noun::Table(more) => self.table_rows(names, &more),
            Noun::Dict(dict) => match (&dict.keys, &dict.values) {
                (Noun::Table(_), Noun::Table(_)) => {
                    let (more, _) = self.flat(&Noun::Dict(dict.clone()))?;
                    self.table_rows(names, &more)
                }
                (keys, values) => {
                    let keys = keys.as_syms().ok_or(Fault::TYPE)?;
                    if keys.iter().any(|key| !names.contains(key)) {
                        return Err(Fault::MISMATCH);
                    }
                    let part = |name: &Sym| keys.iter().position(|key| key == name).map(|at| values.at(at));
                    Ok(Rows { parts: names.iter().map(part).collect(), one: true, count: 1 })
                }
            },
            Noun::Vector(_) | Noun::List(_) => self.list_rows(columns, &rows, insert),
            // An atom is a row of a table with one column.
            atom if names.len() == 1 => Ok(Rows { parts: vec![Some(atom)], one: true, count: 1 }),
            _ => Err(Fault::TYPE),
        }
    }

    fn table_rows(&self, names: &[Sym], more: &Table) -> R<Rows> {
        if more.names().iter().any(|name| !names.contains(name)) {
            return Err(Fault::MISMATCH);
        }
        let parts = names.iter().map(|&name| more.column(name).cloned()).collect();
        Ok(Rows { parts, one: false, count: more.len() })
    }

    fn list_rows(&mut self, columns: &[Noun], rows: &Noun, insert: bool) -> R<Rows> {
        let first_is_list = matches!(rows, Noun::List(list) if list.items().first().is_some_and(Noun::is_list));
        let nested =
            columns.first().is_some_and(|column| matches!(column, Noun::List(list) if !list.items().is_empty()));
        if !insert && first_is_list && !nested {
            // A list of rows.
            let mut parts = self.vec(columns.len())?;
            for at in 0..columns.len() {
                let Noun::List(list) = rows else { return Err(Fault::TYPE) };
                let mut cells = self.vec(list.items().len())?;
                for row in list.items() {
                    if row.len() != columns.len() {
                        return Err(Fault::LENGTH);
                    }
                    cells.push(row.at(at));
                }
                parts.push(Some(build::tidy(cells)?));
            }
            return Ok(Rows { parts, one: false, count: rows.len() });
        }
        if rows.len() != columns.len() {
            return Err(Fault::LENGTH);
        }
        let items = build::items(rows);
        let fits_row = |(item, column): (&Noun, &Noun)| !item.is_list() || matches!(column, Noun::List(_));
        let one = items.iter().any(|item| !item.is_list()) && items.iter().zip(columns).all(fits_row);
        if one {
            return Ok(Rows { parts: items.into_iter().map(Some).collect(), one: true, count: 1 });
        }
        let count = items.iter().find(|item| item.is_list()).map_or(1, Noun::len);
        let mut parts = self.vec(items.len())?;
        for item in items {
            let part = if item.is_list() { item } else { self.repeat(&item, count)? };
            if part.len() != count {
                return Err(Fault::LENGTH);
            }
            parts.push(Some(part));
        }
        Ok(Rows { parts, one: false, count })
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

    /// `x,y` if one of them is a dict or a table.
    pub(crate) fn join_tables(&mut self, x: Noun, y: Noun) -> R {
        match (&x, &y) {
            (Noun::Table(left), Noun::Table(right)) if is_mixed(left, right) => {
                // Columns of different kinds become a general list.
                let mut columns = self.vec(left.columns().len())?;
                for (&name, column) in left.names().iter().zip(left.columns()) {
                    let more = right.column(name).ok_or(Fault::MISMATCH)?;
                    columns.push(self.concatenated(column, more)?);
                }
                Table::new(left.names().clone(), columns)
            }
            (Noun::Table(left), Noun::Table(right)) => {
                if left.columns().len() != right.columns().len() {
                    return Err(Fault::MISMATCH);
                }
                let mut joined = x;
                self.add(&mut joined, y, false)?;
                Ok(joined)
            }
            (Noun::Dict(_), Noun::Dict(_) | Noun::Table(_)) if x.as_keyed().is_some() => {
                let mut joined = x;
                self.add(&mut joined, y, false)?;
                Ok(joined)
            }
            (Noun::Dict(_), Noun::Dict(_)) => {
                let mut joined = x;
                self.join_dict(&mut joined, &y)?;
                Ok(joined)
            }
            (Noun::Dict(_), Noun::Table(_)) => {
                let mut joined = build::enlist(x)?;
                self.add(&mut joined, y, false)?;
                Ok(joined)
            }
            (Noun::Table(_), Noun::Dict(_)) if y.as_keyed().is_none() => {
                let mut joined = x;
                self.add(&mut joined, y, false)?;
                Ok(joined)
            }
            (Noun::Table(_), Noun::Vector(_) | Noun::List(_)) | (Noun::Dict(_), Noun::Vector(_) | Noun::List(_))
                if x.as_keyed().is_some() || matches!(x, Noun::Table(_)) =>
            {
                if y.len() == 0 {
                    return Ok(x);
                }
                let mut joined = x;
                self.add(&mut joined, y, false)?;
                Ok(joined)
            }
            (Noun::Vector(_) | Noun::List(_), Noun::Table(_)) => {
                let items = [build::items(&x), build::items(&y)].concat();
                build::tidy(items)
            }
            _ => Err(Fault::TYPE),
        }
    }

    /// Joins dicts: the union of the keys, with the values of `y` where both have a key. In place if the left dict
    /// is unshared.
    fn join_dict(&mut self, x: &mut Noun, y: &Noun) -> R<()> {
        let Noun::Dict(right) = y else { return Err(Fault::TYPE) };
        let Noun::Dict(left) = x else { return Err(Fault::TYPE) };
        if left.keys.len() == 0 {
            *x = y.clone();
            return Ok(());
        }
        let columns = |keys: &Noun| match keys {
            Noun::Table(table) => table.columns().to_vec(),
            other => vec![other.clone()],
        };
        let new_keys = columns(&right.keys);
        let found = self.match_rows(&columns(&left.keys), &new_keys)?;
        let (known, new) = self.split_known(&found, &new_keys)?;
        let places: Vec<usize> = known.iter().map(|&(at, _)| at).collect();
        let rows: Vec<usize> = known.iter().map(|&(_, row)| row).collect();
        let firsts: Vec<usize> = new.iter().map(|&(first, _)| first).collect();
        let lasts: Vec<usize> = new.iter().map(|&(_, last)| last).collect();
        let more_keys = self.gather(&right.keys, &firsts)?;
        let more = self.gather_raw(&right.values, &lasts)?;
        let cells = self.gather_raw(&right.values, &rows)?;
        Arc::make_mut(left).change(|keys, values| {
            if right.values.kind() != values.kind() && matches!(values, Noun::Vector(_)) {
                *values = List::raw(build::items(values))?;
            }
            if !places.is_empty() {
                self.scatter(values, &places, &cells)?;
            }
            if !firsts.is_empty() {
                self.extend(keys, more_keys)?;
                self.extend(values, more)?;
            }
            Ok(())
        })
    }

    /// Appends the items of a list of any type.
    fn extend(&mut self, list: &mut Noun, more: Noun) -> R<()> {
        match (&*list, &more) {
            (Noun::Vector(x), Noun::Vector(y)) if x.kind == y.kind => self.append(list, more),
            (Noun::List(x), Noun::List(_)) if !x.items().is_empty() => self.append(list, more),
            (Noun::Table(_), Noun::Table(_)) => self.add(list, more, false),
            _ => {
                *list = self.concatenated(list, &more)?;
                Ok(())
            }
        }
    }
}

/// Whether two tables have a column of the same name with different kinds.
fn is_mixed(x: &Table, y: &Table) -> bool {
    x.columns().len() == y.columns().len()
        && x.names().iter().zip(x.columns()).any(|(&name, column)| {
            y.column(name).is_some_and(|more| match (column, more) {
                (Noun::Enum(x), Noun::Enum(y)) => x.domain != y.domain,
                _ => column.kind() != more.kind() && column.kind() != Some(Kind::List),
            })
        })
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
