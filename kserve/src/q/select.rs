//! Functional `?[t;c;b;a]`: evaluates `select` and `exec`.

mod by;
mod grouped;

use std::sync::Arc;

use super::build;
use super::fault::{Fault, R};
use super::func::Func;
use super::noun::{self, Atom, Dict, Noun, Table};
use super::query::{Query, QueryWord};
use super::scope::Scope;
use super::symbols::Sym;
use super::verb::{Verb, infix};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) use grouped::{Grouped, rows_of_group};

pub(crate) static VERBS: &[Verb] = &[infix("fby", None, by::fby)];

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
}

/// An empty list with the kind of a value.
pub(crate) fn empty_like(value: &Noun) -> Noun {
    match value {
        Noun::Atom(Atom { kind, .. }) => noun::empty(*kind),
        _ => noun::empty(Kind::List),
    }
}
