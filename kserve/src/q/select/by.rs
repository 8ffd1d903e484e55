//! `by`: selections by group, and `fby`.

use std::sync::Arc;

use super::{Phrase, rows_of_group};
use crate::q::build;
use crate::q::fault::{Fault, R};
use crate::q::func::Func;
use crate::q::group::Groups;
use crate::q::noun::{Dict, Noun, Table};
use crate::q::scope::Scope;
use crate::q::symbols::Sym;
use crate::q::vm::Vm;
use kcodec::Attribute;

impl Vm<'_> {
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

    pub(super) fn select_by(&mut self, by: &Phrase, columns: Option<&Phrase>, scope: &mut Scope<'_>) -> R {
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

    pub(super) fn exec_by(&mut self, by: &Noun, columns: &Noun, scope: &mut Scope<'_>) -> R {
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
}

/// `(f;x) fby g`
pub(super) fn fby(vm: &mut Vm<'_>, x: Noun, by: Noun) -> R {
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
