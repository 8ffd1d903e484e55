//! Functional `?[t;c;b;a]`: evaluates `select` and `exec`.

use std::sync::Arc;

use super::build;
use super::fault::{Fault, R};
use super::func::Func;
use super::group::Groups;
use super::noun::{self, Atom, Dict, List, Noun, Table, Vector};
use super::query::{Query, QueryWord};
use super::scope::Scope;
use super::symbols::Sym;
use super::verb::{Verb, infix};
use super::vm::Vm;
use kcodec::{Attribute, Kind};

pub(crate) static VERBS: &[Verb] = &[infix("fby", None, fby)];

/// The columns of a phrase: names and parse trees.
pub(crate) struct Phrase {
    pub(crate) names: Vec<Sym>,
    pub(crate) trees: Vec<Noun>,
}

impl Phrase {
    pub(crate) fn of(dict: &Dict) -> R<Self> {
        let names = dict.keys.as_syms().ok_or(Fault::TYPE)?.to_vec();
        Ok(Self { names, trees: build::items(&dict.values) })
    }
}

/// The value of an expression over groups.
pub(crate) enum Grouped {
    /// One item per row.
    Rows(Noun),
    /// One item per group, in the order of the keys.
    Groups(Noun),
    /// The same value for all rows.
    Constant(Noun),
}

/// Atomic verbs: applied to whole columns, they give the same items as applied to each group.
const ATOMIC: &[&str] = &[
    "+",
    "-",
    "*",
    "%",
    "=",
    "<>",
    "<",
    ">",
    "<=",
    ">=",
    "&",
    "|",
    "and",
    "or",
    "neg",
    "abs",
    "not",
    "null",
    "div",
    "mod",
    "xbar",
    "floor",
    "ceiling",
    "sqrt",
    "exp",
    "log",
    "signum",
    "reciprocal",
    "xexp",
    "xlog",
    "sin",
    "cos",
];

impl Vm<'_> {
    /// Runs q-sql given as text.
    pub(crate) fn run_query(&mut self, query: &Query) -> R {
        let table = self.chain(&query.table).or_else(super::eval::Exit::result)?;
        let mut args = self.vec(1 + query.args.len())?;
        args.push(table);
        args.extend_from_slice(&query.args);
        if let Some(limit) = args.get_mut(4) {
            let tree = std::mem::take(limit);
            let mut scope = Scope::none();
            scope.locals = true;
            *limit = self.eval_tree(&tree, &mut scope)?;
        }
        self.recurse(|vm| match query.word {
            QueryWord::Select | QueryWord::Exec => vm.select_from(args, true),
            QueryWord::Update | QueryWord::Delete => vm.update_from(args, true),
        })
    }

    /// `?[t;c;b;a]`, `?[t;c;b;a;n]`, `?[t;c;b;a;n;(g;c)]`, `?[t;i;x]`
    pub(crate) fn functional_select(&mut self, args: Vec<Noun>) -> R {
        self.recurse(|vm| vm.select_from(args, false))
    }

    /// The table of a query, and the global that holds it if the query names one.
    pub(crate) fn source(&mut self, table: Noun) -> R<(Noun, Option<Sym>)> {
        match table.as_sym().filter(|_| table.is_atom()) {
            Some(name) => Ok((self.global(name)?, Some(name))),
            None => Ok((table, None)),
        }
    }

    /// Flattens a keyed table. Also returns the number of key columns.
    pub(crate) fn flat(&self, value: &Noun) -> R<(Arc<Table>, usize)> {
        match (value, value.as_keyed()) {
            (Noun::Table(table), _) => Ok((table.clone(), 0)),
            (_, Some((keys, values))) => {
                let names = [keys.names().as_slice(), values.names()].concat();
                let columns = [keys.columns(), values.columns()].concat();
                match Table::new(Arc::new(names), columns)? {
                    Noun::Table(table) => Ok((table, keys.columns().len())),
                    _ => Err(Fault::TYPE),
                }
            }
            _ => Err(Fault::TYPE),
        }
    }

    pub(crate) fn select_from(&mut self, args: Vec<Noun>, locals: bool) -> R {
        let mut args = args.into_iter();
        let (Some(table), Some(conditions), Some(by)) = (args.next(), args.next(), args.next()) else {
            return Err(Fault::RANK);
        };
        let (value, _) = self.source(table)?;
        let (table, keys) = self.flat(&value)?;
        drop(value);
        let Some(columns) = args.next() else {
            // `?[t;i;x]`: selects rows by position.
            let rows = match &conditions {
                Noun::Atom(_) => vec![super::index::place(conditions.as_long().ok_or(Fault::TYPE)?)],
                _ => self.places(&conditions)?,
            };
            return self.eval_tree(&by, &mut Scope::of(&table, Some(&rows), locals));
        };
        let (limit, order) = (args.next(), args.next());
        if args.next().is_some() {
            return Err(Fault::RANK);
        }
        let mut rows = self.filter(&table, &conditions, locals)?;
        if let Some(limit) = limit {
            if matches!(by, Noun::Dict(_)) {
                return Err(Fault::nyi("select[n] with by"));
            }
            rows = Some(self.limited(&table, rows, &limit, order.as_ref(), locals)?);
        }
        let mut scope = Scope::of(&table, rows.as_deref(), locals);
        match (&by, &columns) {
            (Noun::Atom(Atom { kind: Kind::Boolean, .. }), _) => {
                let distinct = super::eval::truth(&by)?;
                self.select_rows(&columns, distinct, keys, &mut scope)
            }
            (Noun::Dict(by), Noun::Dict(columns)) => {
                let columns = Phrase::of(columns)?;
                self.select_by(&Phrase::of(by)?, Some(&columns), &mut scope)
            }
            (Noun::Dict(by), Noun::List(list)) if list.items().is_empty() => {
                self.select_by(&Phrase::of(by)?, None, &mut scope)
            }
            (Noun::List(list), _) if list.items().is_empty() => self.exec_rows(&columns, &mut scope),
            (Noun::Vector(_), _) if by.len() > 1 => Err(Fault::nyi("exec by a list of names")),
            _ => self.exec_by(&by, &columns, &mut scope),
        }
    }

    /// The first `n` rows, after sorting if an order is given.
    fn limited(
        &mut self,
        table: &Table,
        rows: Option<Vec<usize>>,
        limit: &Noun,
        order: Option<&Noun>,
        locals: bool,
    ) -> R<Vec<usize>> {
        let mut rows: Vec<usize> = match rows {
            Some(rows) => rows,
            None => {
                let mut rows = self.vec(table.len())?;
                rows.extend(0..table.len());
                rows
            }
        };
        if let Some(order) = order {
            let (grade, column) = (order.at(0), order.at(1));
            let descending = match &grade {
                Noun::Func(Func::Verb(verb)) if matches!(verb.name, "idesc" | ">:") => true,
                Noun::Func(Func::Verb(verb)) if matches!(verb.name, "iasc" | "<:") => false,
                _ => return Err(Fault::nyi("select ordered by a function")),
            };
            let column = self.eval_tree(&column, &mut Scope::of(table, Some(&rows), locals))?;
            let ranked = self.grade_columns(&[column], descending)?;
            rows = ranked.iter().filter_map(|&at| rows.get(at).copied()).collect();
        }
        let count = rows.len();
        let (from, to) = match limit {
            Noun::Atom(_) => match limit.as_long().ok_or(Fault::TYPE)? {
                n if n < 0 => (count.saturating_sub(usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX)), count),
                n => (0, super::index::place(n).min(count)),
            },
            Noun::Vector(_) if limit.len() == 2 => {
                let from = super::index::place(limit.at(0).as_long().ok_or(Fault::TYPE)?).min(count);
                (from, from.saturating_add(super::index::place(limit.at(1).as_long().ok_or(Fault::TYPE)?)).min(count))
            }
            _ => return Err(Fault::TYPE),
        };
        Ok(rows.get(from..to).unwrap_or_default().to_vec())
    }

    /// All columns at the selected rows.
    fn rows_of(&mut self, table: &Table, rows: Option<&[usize]>) -> R {
        let mut columns = self.vec(table.columns().len())?;
        for column in table.columns() {
            columns.push(match rows {
                None => column.clone(),
                Some(rows) => self.gather(column, rows)?,
            });
        }
        Table::new(table.names().clone(), columns)
    }

    fn select_rows(&mut self, columns: &Noun, distinct: bool, keys: usize, scope: &mut Scope<'_>) -> R {
        let (Some(table), rows) = (scope.table, scope.rows()) else { return Err(Fault::TYPE) };
        let selected = match columns {
            Noun::List(list) if list.items().is_empty() => {
                let whole = self.rows_of(table, rows)?;
                return match (distinct, keys) {
                    (true, _) => self.distinct_rows(whole),
                    (_, 0) => Ok(whole),
                    _ => self.key_table(whole, keys),
                };
            }
            Noun::Dict(dict) => {
                let phrase = Phrase::of(dict)?;
                let mut values = self.vec(phrase.trees.len())?;
                for tree in &phrase.trees {
                    values.push(self.eval_tree(tree, scope)?);
                }
                self.table_from(phrase.names, values)?
            }
            _ => return Err(Fault::TYPE),
        };
        if distinct { self.distinct_rows(selected) } else { Ok(selected) }
    }

    /// Builds a table from values. Atoms are repeated to the length of the lists; without lists there is one row.
    pub(crate) fn table_from(&mut self, names: Vec<Sym>, values: Vec<Noun>) -> R {
        let count = values.iter().find(|value| value.is_list()).map(Noun::len);
        let mut columns = self.vec(values.len())?;
        for value in values {
            columns.push(match (value.is_list(), count) {
                (true, _) => value,
                (false, Some(count)) => self.repeat(&value, count)?,
                (false, None) => build::enlist(value)?,
            });
        }
        Table::new(Arc::new(names), columns)
    }

    /// The distinct rows of a table, in order of first appearance.
    pub(crate) fn distinct_rows(&mut self, table: Noun) -> R {
        let Noun::Table(rows) = &table else { return Err(Fault::TYPE) };
        let groups = self.groups_by_appearance(rows.columns())?;
        if groups.count() == rows.len() { Ok(table) } else { self.gather(&table, groups.firsts()) }
    }

    /// Evaluates the expressions of `by` to lists of equal length.
    pub(crate) fn by_columns(&mut self, trees: &[Noun], scope: &mut Scope<'_>) -> R<Vec<Noun>> {
        let mut columns = self.vec(trees.len())?;
        for tree in trees {
            let value = self.eval_tree(tree, scope)?;
            let column = if value.is_list() { value } else { self.repeat(&value, scope.count())? };
            if column.len() != scope.count() {
                return Err(Fault::LENGTH);
            }
            columns.push(column);
        }
        Ok(columns)
    }

    fn select_by(&mut self, by: &Phrase, columns: Option<&Phrase>, scope: &mut Scope<'_>) -> R {
        let keys = self.by_columns(&by.trees, scope)?;
        let groups = self.group_rows(&keys)?;
        let keys = self.key_part(by.names.clone(), &keys, &groups)?;
        let (names, values) = self.group_columns(&by.names, columns, scope, &groups)?;
        if names.is_empty() {
            return Ok(keys);
        }
        Dict::new(keys, Table::new(Arc::new(names), values)?)
    }

    /// The keys of groups as a table, in their order.
    fn key_part(&mut self, names: Vec<Sym>, keys: &[Noun], groups: &Groups) -> R {
        let mut columns = self.vec(keys.len())?;
        match groups.symbols() {
            Some(symbols) => columns.push(Noun::syms(symbols)),
            None => {
                let rows = groups.first_rows(self)?;
                for key in keys {
                    columns.push(self.gather(key, &rows)?);
                }
            }
        }
        if let [Noun::Vector(only)] = columns.as_mut_slice() {
            only.attr = Attribute::Sorted;
        }
        let mut table = Table::new(Arc::new(names), columns)?;
        if let Noun::Table(table) = &mut table
            && let Some(table) = Arc::get_mut(table)
        {
            table.attr = Attribute::Sorted;
        }
        Ok(table)
    }

    /// The columns of a selection by group. Without a phrase, the last item of every other column.
    fn group_columns(
        &mut self,
        by: &[Sym],
        columns: Option<&Phrase>,
        scope: &mut Scope<'_>,
        groups: &Groups,
    ) -> R<(Vec<Sym>, Vec<Noun>)> {
        let mut values = Vec::new();
        let Some(phrase) = columns else {
            let names = scope.table.map(|table| table.names().to_vec()).unwrap_or_default();
            let names: Vec<Sym> = names.into_iter().filter(|name| !by.contains(name)).collect();
            for &name in &names {
                let column = self.scope_column(name, scope)?.ok_or(Fault::TYPE)?;
                values.push(self.aggregate("last", &column, groups)?.ok_or(Fault::TYPE)?);
            }
            return Ok((names, values));
        };
        for tree in &phrase.trees {
            values.push(self.by_group(tree, scope, groups)?);
        }
        Ok((phrase.names.clone(), values))
    }

    fn exec_rows(&mut self, columns: &Noun, scope: &mut Scope<'_>) -> R {
        match columns {
            Noun::List(list) if list.items().is_empty() => {
                // `exec from t`: the last row.
                let last = scope.count().checked_sub(1).unwrap_or(usize::MAX);
                let row = scope.rows().map_or(last, |rows| rows.get(last).copied().unwrap_or(usize::MAX));
                Ok(scope.table.map_or(Noun::Null, |table| table.row(row)))
            }
            Noun::Dict(dict) => {
                let phrase = Phrase::of(dict)?;
                let mut values = self.vec(phrase.trees.len())?;
                for tree in &phrase.trees {
                    values.push(self.eval_tree(tree, scope)?);
                }
                build::dict(phrase.names, values)
            }
            tree => self.eval_tree(tree, scope),
        }
    }

    fn exec_by(&mut self, by: &Noun, columns: &Noun, scope: &mut Scope<'_>) -> R {
        let (names, trees) = match by {
            Noun::Dict(by) => {
                let by = Phrase::of(by)?;
                (Some(by.names), by.trees)
            }
            tree => (None, vec![tree.clone()]),
        };
        let keys = self.by_columns(&trees, scope)?;
        let groups = self.group_rows(&keys)?;
        let keys = match names {
            Some(names) => self.key_part(names, &keys, &groups)?,
            None => {
                let mut key = match groups.symbols() {
                    Some(symbols) => Noun::syms(symbols),
                    None => {
                        let rows = groups.first_rows(self)?;
                        self.gather(keys.first().unwrap_or(&Noun::Null), &rows)?
                    }
                };
                if let Noun::Vector(key) = &mut key {
                    key.attr = Attribute::Sorted;
                }
                key
            }
        };
        let values = match columns {
            Noun::Dict(dict) => {
                let phrase = Phrase::of(dict)?;
                let (names, values) = self.group_columns(&[], Some(&phrase), scope, &groups)?;
                Table::new(Arc::new(names), values)?
            }
            tree => self.by_group(tree, scope, &groups)?,
        };
        Dict::new(keys, values)
    }

    /// The value of an expression per group, in the order of the keys.
    fn by_group(&mut self, tree: &Noun, scope: &mut Scope<'_>, groups: &Groups) -> R {
        match self.grouped(tree, scope, groups)? {
            Some(Grouped::Groups(values)) => Ok(values),
            Some(Grouped::Constant(value)) => self.repeat(&value, groups.count()),
            Some(Grouped::Rows(values)) if groups.count() > 0 => {
                let (rows, ends) = groups.rows(self)?;
                let mut lists = self.vec(groups.count())?;
                for &group in &groups.order {
                    lists.push(self.gather(&values, rows_of_group(&rows, &ends, group))?);
                }
                List::raw(lists)
            }
            _ if groups.count() == 0 => {
                // Without groups, the result has the type of the expression over no rows.
                let table = scope.table.ok_or(Fault::TYPE)?;
                let value = self.eval_tree(tree, &mut Scope::of(table, Some(&[]), scope.locals))?;
                Ok(empty_like(&value))
            }
            _ => {
                let values = self.each_group(tree, scope, groups)?;
                build::tidy(values)
            }
        }
    }

    /// Slow path: evaluates an expression once per group, in the order of the keys.
    pub(crate) fn each_group(&mut self, tree: &Noun, scope: &Scope<'_>, groups: &Groups) -> R<Vec<Noun>> {
        let Some(table) = scope.table else { return Err(Fault::TYPE) };
        let (mut rows, ends) = groups.rows(self)?;
        if let Some(shown) = scope.rows() {
            for row in &mut rows {
                *row = shown.get(*row).copied().unwrap_or(usize::MAX);
            }
        }
        let mut values = self.vec(groups.count())?;
        let mut inner = Scope::of(table, None, scope.locals);
        for &group in &groups.order {
            self.charge(64)?;
            inner.select_rows(rows_of_group(&rows, &ends, group));
            values.push(self.eval_tree(tree, &mut inner)?);
        }
        Ok(values)
    }

    /// Fast path: evaluates an expression for all groups at once. `None` if that could differ from evaluation per
    /// group.
    pub(crate) fn grouped(&mut self, tree: &Noun, scope: &mut Scope<'_>, groups: &Groups) -> R<Option<Grouped>> {
        let items = match tree {
            Noun::Atom(Atom { kind: Kind::Symbol, .. }) => {
                let name = tree.as_sym().unwrap_or_default();
                if let Some(column) = self.scope_column(name, scope)? {
                    return Ok(Some(Grouped::Rows(column)));
                }
                let value = self.eval_tree(tree, scope)?;
                return Ok(value.is_atom().then_some(Grouped::Constant(value)));
            }
            Noun::Atom(_) => return Ok(Some(Grouped::Constant(tree.clone()))),
            Noun::Vector(Vector { kind: Kind::Symbol, .. }) if tree.len() == 1 => {
                return Ok(Some(Grouped::Constant(tree.at(0))));
            }
            Noun::List(list) => list.items(),
            _ => return Ok(None),
        };
        let [Noun::Func(Func::Verb(verb)), args @ ..] = items else { return Ok(None) };
        match (verb.name, args) {
            ("count", [of]) => Ok(match self.grouped(of, scope, groups)? {
                Some(Grouped::Rows(_)) => Some(Grouped::Groups(self.counts(groups)?)),
                _ => None,
            }),
            ("sum" | "avg" | "min" | "max" | "first" | "last", [of]) => {
                let Some(Grouped::Rows(column)) = self.grouped(of, scope, groups)? else { return Ok(None) };
                Ok(self.aggregate(verb.name, &column, groups)?.map(Grouped::Groups))
            }
            ("wavg", [weights, of]) => {
                let Some(Grouped::Rows(column)) = self.grouped(of, scope, groups)? else { return Ok(None) };
                let Some(Grouped::Rows(weights)) = self.grouped(weights, scope, groups)? else { return Ok(None) };
                Ok(self.weighted(&weights, &column, groups)?.map(Grouped::Groups))
            }
            (name, [_] | [_, _]) if ATOMIC.contains(&name) => self.grouped_atomic(verb, args, scope, groups),
            _ => Ok(None),
        }
    }

    fn grouped_atomic(
        &mut self,
        verb: &'static Verb,
        args: &[Noun],
        scope: &mut Scope<'_>,
        groups: &Groups,
    ) -> R<Option<Grouped>> {
        let mut values = self.vec(args.len())?;
        for arg in args.iter().rev() {
            let Some(value) = self.grouped(arg, scope, groups)? else { return Ok(None) };
            values.push(value);
        }
        values.reverse();
        let by_row = values.iter().any(|value| matches!(value, Grouped::Rows(_)));
        let by_group = values.iter().any(|value| matches!(value, Grouped::Groups(_)));
        let mut nouns = self.vec(values.len())?;
        for value in values {
            nouns.push(match value {
                Grouped::Groups(values) if by_row => self.expand_to_rows(&values, groups)?,
                Grouped::Rows(noun) | Grouped::Groups(noun) | Grouped::Constant(noun) => noun,
            });
        }
        let value = verb.apply(self, nouns)?;
        Ok(Some(match (by_row, by_group) {
            (true, _) => Grouped::Rows(value),
            (_, true) => Grouped::Groups(value),
            _ => Grouped::Constant(value),
        }))
    }

    /// Expands values per group, in the order of the keys, to one item per row.
    pub(crate) fn expand_to_rows(&mut self, values: &Noun, groups: &Groups) -> R {
        let mut places = self.vec(groups.numbers())?;
        places.resize(groups.numbers(), usize::MAX);
        for (place, &group) in groups.order.iter().enumerate() {
            if let Some(entry) = places.get_mut(group) {
                *entry = place;
            }
        }
        let mut rows = self.vec(groups.ids().len())?;
        rows.extend(groups.ids().iter().map(|&id| places.get(id as usize).copied().unwrap_or(usize::MAX)));
        self.gather(values, &rows)
    }
}

/// The rows of one group.
pub(crate) fn rows_of_group<'a>(rows: &'a [usize], ends: &[usize], group: usize) -> &'a [usize] {
    debug_assert!(group < ends.len(), "`ends` has an entry for each group number");
    let end = ends.get(group).copied().unwrap_or_default();
    let start = group.checked_sub(1).and_then(|before| ends.get(before)).copied().unwrap_or_default();
    rows.get(start..end).unwrap_or_default()
}

/// `(f;x) fby g`
fn fby(vm: &mut Vm<'_>, x: Noun, by: Noun) -> R {
    let Noun::List(list) = &x else { return Err(Fault::TYPE) };
    let [function, data] = list.items() else { return Err(Fault::LENGTH) };
    let by = match &by {
        Noun::Table(table) => table.columns().to_vec(),
        Noun::Vector(_) | Noun::List(_) => vec![by],
        _ => return Err(Fault::TYPE),
    };
    if by.first().is_none_or(|by| by.len() != data.len()) {
        return Err(Fault::LENGTH);
    }
    let groups = vm.groups_by_appearance(&by)?;
    if let Noun::Func(Func::Verb(verb)) = function
        && let Some(values) = vm.aggregate(verb.name, data, &groups)?
    {
        return vm.expand_to_rows(&values, &groups);
    }
    if groups.count() == 0 {
        return vm.gather(data, &[]);
    }
    let (rows, ends) = groups.rows(vm)?;
    let mut values = vm.vec(groups.count())?;
    for group in 0..groups.count() {
        let items = vm.gather(data, rows_of_group(&rows, &ends, group))?;
        values.push(vm.apply(function, vec![items])?);
    }
    let values = build::tidy(values)?;
    vm.expand_to_rows(&values, &groups)
}

/// An empty list with the kind of a value.
pub(crate) fn empty_like(value: &Noun) -> Noun {
    match value {
        Noun::Atom(Atom { kind, .. }) => noun::empty(*kind),
        _ => noun::empty(Kind::List),
    }
}
