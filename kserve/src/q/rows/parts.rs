//! New rows as one part per column.

use super::Rows;
use crate::q::build;
use crate::q::fault::{Fault, R};
use crate::q::noun::{Noun, Table};
use crate::q::symbols::Sym;
use crate::q::vm::Vm;

impl Vm<'_> {
    /// Splits a row, rows, columns, a dict or a table into one part per column.
    pub(super) fn new_rows(&mut self, names: &[Sym], columns: &[Noun], rows: Noun, insert: bool) -> R<Rows> {
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
}
