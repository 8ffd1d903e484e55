//! Verbs on tables: `cols meta xkey xcol xasc xgroup ungroup key tables`.

mod find;

use std::sync::Arc;

use super::build;
use super::fault::{Fault, R};
use super::noun::{self, Atom, Dict, List, Noun, Table, Vector};
use super::symbols::Sym;
use super::take::attribute_of;
use super::verb::{Verb, infix, unary};
use super::vm::Vm;
use kcodec::{Attribute, Kind};

pub(crate) static VERBS: &[Verb] = &[
    unary("key", Some(16), key),
    unary("cols", None, |vm, x| vm.columns_of(x).map(Noun::syms)),
    unary("keys", None, |vm, x| {
        let (value, _) = vm.source(x)?;
        let (table, keys) = vm.flat(&value)?;
        Ok(Noun::syms(table.names().iter().take(keys).copied().collect()))
    }),
    unary("meta", None, meta),
    unary("tables", None, tables),
    unary("fkeys", None, fkeys),
    unary("ungroup", None, ungroup),
    infix("xkey", None, |vm, x, y| vm.on_table(y, |vm, table| vm.xkey(&x, table))),
    infix("xcol", None, |vm, x, y| vm.xcol(&x, &y)),
    infix("xcols", None, |vm, x, y| vm.xcols(&x, &y)),
    infix("xasc", None, |vm, x, y| vm.on_table(y, |vm, table| vm.sort_by(&x, table, false))),
    infix("xdesc", None, |vm, x, y| vm.on_table(y, |vm, table| vm.sort_by(&x, table, true))),
    infix("xgroup", None, |vm, x, y| vm.xgroup(&x, y)),
];

/// q's built-in namespaces.
pub(crate) const SPACES: [&[u8]; 5] = [b"q", b"Q", b"h", b"j", b"o"];

/// `key x`
fn key(vm: &mut Vm<'_>, x: Noun) -> R {
    match &x {
        Noun::Dict(dict) => Ok(dict.keys.clone()),
        Noun::Atom(Atom { kind: Kind::Symbol, .. }) => vm.key_of_name(x.as_sym().unwrap_or_default()),
        Noun::Atom(_) => {
            let count = x.as_long().ok_or(Fault::TYPE)?;
            let count = usize::try_from(count).map_err(|_| Fault::DOMAIN)?;
            let mut items = vm.vec(count)?;
            items.extend((0_i64..).take(count));
            Ok(Noun::longs(items))
        }
        Noun::Vector(vector) => Ok(Noun::sym(vm.intern(vector.kind.name().as_bytes()))),
        _ => Err(Fault::TYPE),
    }
}

/// `meta t`
fn meta(vm: &mut Vm<'_>, x: Noun) -> R {
    let (value, _) = vm.source(x)?;
    let (table, _) = vm.flat(&value)?;
    let foreign = table.columns().iter().map(|column| vm.refers_to(column).unwrap_or_default()).collect();
    let mut letters = vm.vec(table.columns().len())?;
    for column in table.columns() {
        letters.push(match column {
            Noun::Enum(_) => letter(&vm.plain(column.clone())?),
            column => letter(column),
        });
    }
    let attributes: Vec<Sym> = table
        .columns()
        .iter()
        .map(|column| match column {
            Noun::Vector(_) | Noun::Enum(_) => {
                let text = attribute_of(column).prefix().trim_matches(['`', '#']);
                vm.intern(text.as_bytes())
            }
            _ => Sym::NULL,
        })
        .collect();
    let names = |vm: &mut Vm<'_>, names: &[&[u8]]| Arc::new(names.iter().map(|name| vm.intern(name)).collect());
    let keys = Table::new(names(vm, &[b"c"]), vec![Noun::syms(table.names().to_vec())])?;
    let columns = vec![Noun::text(letters), Noun::syms(foreign), Noun::syms(attributes)];
    Dict::new(keys, Table::new(names(vm, &[b"t", b"f", b"a"]), columns)?)
}

/// `fkeys t`: the foreign key columns and the tables they refer to.
fn fkeys(vm: &mut Vm<'_>, x: Noun) -> R {
    let (value, _) = vm.source(x)?;
    let (table, _) = vm.flat(&value)?;
    let referring = table.names().iter().zip(table.columns());
    let (names, tables) =
        referring.filter_map(|(&name, column)| vm.refers_to(column).map(|domain| (name, domain))).unzip();
    Dict::new(Noun::syms(names), Noun::syms(tables))
}

/// The type letter of a column; upper case for lists of one kind, blank otherwise.
fn letter(column: &Noun) -> u8 {
    let of = |kind: Kind| u8::try_from(kind.letter()).unwrap_or(b' ');
    match column {
        Noun::Vector(vector) => of(vector.kind),
        Noun::List(list) => match list.items().first() {
            Some(Noun::Vector(first)) => of(first.kind).to_ascii_uppercase(),
            _ => b' ',
        },
        _ => b' ',
    }
}

/// `tables[]`, `` tables `.a ``
fn tables(vm: &mut Vm<'_>, x: Noun) -> R {
    let space = match x.as_sym() {
        Some(space) => vm.text(space).to_vec(),
        None if matches!(x, Noun::Null) || x.len() == 0 => Vec::new(),
        None => return Err(Fault::TYPE),
    };
    vm.table_names(&space)
}

/// `ungroup t`: one row per item of the lists in a row.
fn ungroup(vm: &mut Vm<'_>, x: Noun) -> R {
    let (table, _) = vm.flat(&x)?;
    if table.len() == 0 || table.columns().iter().all(|column| matches!(column, Noun::Vector(_))) {
        return Ok(Noun::Table(table));
    }
    // The number of new rows per row.
    let mut times = vm.vec(table.len())?;
    for row in 0..table.len() {
        let cells =
            table.columns().iter().filter(|column| matches!(column, Noun::List(_))).map(|column| column.at(row));
        let mut lengths = cells.filter(Noun::is_list).map(|cell| cell.len());
        let first = lengths.next();
        if lengths.any(|length| Some(length) != first) {
            return Err(Fault::LENGTH);
        }
        times.push(first.unwrap_or(1));
    }
    let total = times.iter().sum::<usize>();
    let mut rows = vm.vec(total)?;
    for (row, &times) in times.iter().enumerate() {
        rows.extend(std::iter::repeat_n(row, times));
    }
    let mut columns = vm.vec(table.columns().len())?;
    for column in table.columns() {
        let Noun::List(list) = column else {
            columns.push(vm.gather(column, &rows)?);
            continue;
        };
        let mut all = noun::empty(Kind::List);
        for (cell, &times) in list.items().iter().zip(&times) {
            let cell = if cell.is_list() { cell.clone() } else { vm.repeat(cell, times)? };
            if all.len() == 0 { all = cell } else { vm.append(&mut all, cell)? }
        }
        columns.push(all);
    }
    Table::new(table.names().clone(), columns)
}

impl Vm<'_> {
    fn key_of_name(&mut self, name: Sym) -> R {
        let text = self.text(name).to_vec();
        if text.is_empty() {
            return self.spaces();
        }
        if text.first() == Some(&b':') {
            return self.key_of_path(name);
        }
        match self.global(name) {
            Ok(Noun::Dict(dict)) => Ok(dict.keys.clone()),
            Ok(_) => Ok(Noun::sym(name)),
            Err(_) if text == b"." => Ok(noun::empty(Kind::Symbol)),
            Err(_) => Ok(noun::empty(Kind::List)),
        }
    }

    /// `` key ` ``: the namespaces.
    fn spaces(&mut self) -> R {
        let mut names: Vec<Sym> = SPACES.iter().map(|name| self.intern(name)).collect();
        self.charge(self.q.globals.len())?;
        let found: Vec<Vec<u8>> = self
            .q
            .globals
            .keys()
            .filter_map(|&name| self.text(name).strip_prefix(b"."))
            .filter_map(|name| name.split(|&byte| byte == b'.').next())
            .map(<[u8]>::to_vec)
            .collect();
        let mut seen: std::collections::HashSet<Sym> = names.iter().copied().collect();
        for name in found {
            let name = self.intern(&name);
            if seen.insert(name) && self.text(name) != b"z" {
                names.push(name);
            }
        }
        Ok(Noun::syms(names))
    }

    /// The column names of a table, or of the table that a symbol names.
    pub(crate) fn columns_of(&mut self, x: Noun) -> R<Vec<Sym>> {
        let (value, _) = self.source(x)?;
        Ok(self.flat(&value)?.0.names().to_vec())
    }

    /// Changes a table. If it is given by name, changes the global and returns the name.
    fn on_table(&mut self, table: Noun, change: impl FnOnce(&mut Self, Noun) -> R) -> R {
        let (value, name) = self.source(table)?;
        let changed = change(self, value)?;
        match name {
            Some(name) => {
                self.define(name, changed)?;
                Ok(Noun::sym(name))
            }
            None => Ok(changed),
        }
    }

    /// The column names in the left argument.
    fn left_names(&self, x: &Noun) -> R<Vec<Sym>> {
        match x {
            Noun::List(list) if list.items().is_empty() => Ok(Vec::new()),
            _ => x.as_syms().map(<[Sym]>::to_vec).ok_or(Fault::TYPE),
        }
    }

    /// Moves some columns to the front.
    fn first_columns(&mut self, names: &[Sym], table: &Table) -> R {
        let mut order = self.vec(table.columns().len())?;
        for &name in names {
            order.push(table.position(name).ok_or_else(|| Fault::named(self.text(name)))?);
        }
        let others: Vec<usize> = (0..table.columns().len()).filter(|at| !order.contains(at)).collect();
        order.extend(others);
        let names = order.iter().filter_map(|&at| table.names().get(at).copied()).collect();
        let columns = order.iter().filter_map(|&at| table.columns().get(at).cloned()).collect();
        Table::new(Arc::new(names), columns)
    }

    fn xkey(&mut self, x: &Noun, table: Noun) -> R {
        let names = self.left_names(x)?;
        let (table, _) = self.flat(&table)?;
        let turned = self.first_columns(&names, &table)?;
        if names.is_empty() { Ok(turned) } else { self.key_table(turned, names.len()) }
    }

    /// Renames the first columns, or those in a dict.
    fn xcol(&self, x: &Noun, y: &Noun) -> R {
        let (table, keys) = self.flat(y)?;
        let mut names = table.names().to_vec();
        match x {
            Noun::Dict(dict) => {
                let (old, new) = (dict.keys.as_syms().ok_or(Fault::TYPE)?, dict.values.as_syms().ok_or(Fault::TYPE)?);
                for (old, new) in old.iter().zip(new) {
                    let at = table.position(*old).ok_or_else(|| Fault::named(self.text(*old)))?;
                    if let Some(name) = names.get_mut(at) {
                        *name = *new;
                    }
                }
            }
            _ => {
                let new = self.left_names(x)?;
                if new.len() > names.len() {
                    return Err(Fault::LENGTH);
                }
                for (name, new) in names.iter_mut().zip(new) {
                    *name = new;
                }
            }
        }
        let renamed = Table::new(Arc::new(names), table.columns().to_vec())?;
        if keys == 0 { Ok(renamed) } else { self.key_table(renamed, keys) }
    }

    fn xcols(&mut self, x: &Noun, y: &Noun) -> R {
        let Noun::Table(table) = y else { return Err(Fault::TYPE) };
        let names = self.left_names(x)?;
        self.first_columns(&names, table)
    }

    /// `xasc`, `xdesc`
    fn sort_by(&mut self, x: &Noun, value: Noun, descending: bool) -> R {
        let names = self.left_names(x)?;
        let (table, keys) = self.flat(&value)?;
        let mut columns = self.vec(names.len())?;
        for &name in &names {
            columns.push(table.column(name).cloned().ok_or_else(|| Fault::named(self.text(name)))?);
        }
        let Some(first) = columns.first() else { return Ok(value) };
        if !descending && matches!(first, Noun::Vector(Vector { attr: Attribute::Sorted, .. })) && columns.len() == 1 {
            return Ok(value);
        }
        let rows = self.grade_columns(&columns, descending)?;
        let mut sorted = self.gather(&Noun::Table(table), &rows)?;
        if let Noun::Table(table) = &mut sorted
            && !descending
            && let Some(at) = names.first().and_then(|&name| table.position(name))
            && let Some(table) = Arc::get_mut(table)
            && let Some(Noun::Vector(column)) = table.columns_mut().get_mut(at)
        {
            column.attr = Attribute::Sorted;
        }
        if keys == 0 { Ok(sorted) } else { self.key_table(sorted, keys) }
    }

    /// `` `a xgroup t ``: for each key the lists of the other columns, in order of first appearance.
    fn xgroup(&mut self, x: &Noun, y: Noun) -> R {
        let names = self.left_names(x)?;
        let (value, _) = self.source(y)?;
        let (table, _) = self.flat(&value)?;
        let turned = self.first_columns(&names, &table)?;
        let Noun::Table(turned) = turned else { return Err(Fault::TYPE) };
        let (keys, others) = turned.columns().split_at_checked(names.len()).ok_or(Fault::LENGTH)?;
        if keys.is_empty() || others.is_empty() {
            return Err(Fault::LENGTH);
        }
        let groups = self.groups_by_appearance(keys)?;
        let (rows, ends) = groups.rows(self)?;
        let mut heads = self.vec(keys.len())?;
        for key in keys {
            heads.push(self.gather(key, groups.firsts())?);
        }
        let mut columns = self.vec(others.len())?;
        for other in others {
            let mut lists = self.vec(groups.count())?;
            for group in 0..groups.count() {
                lists.push(self.gather(other, super::select::rows_of_group(&rows, &ends, group))?);
            }
            columns.push(List::raw(lists)?);
        }
        let other_names = turned.names().get(names.len()..).unwrap_or_default().to_vec();
        Dict::new(Table::new(Arc::new(names), heads)?, Table::new(Arc::new(other_names), columns)?)
    }

    /// Concatenates two lists.
    pub(crate) fn concatenated(&mut self, x: &Noun, y: &Noun) -> R {
        match (x, y) {
            (Noun::Vector(left), Noun::Vector(right)) if left.kind == right.kind => {
                let mut all = x.clone();
                self.append(&mut all, y.clone())?;
                Ok(all)
            }
            (Noun::Enum(_), _) | (_, Noun::Enum(_)) => self.join(x.clone(), y.clone()),
            _ => {
                let mut all = build::items(x);
                self.grow(&mut all, y.len())?;
                all.extend(build::items(y));
                if all.is_empty() { Ok(x.clone()) } else { build::tidy(all) }
            }
        }
    }
}
