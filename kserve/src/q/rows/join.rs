//! `x,y` for dicts and tables.

use std::sync::Arc;

use crate::q::build;
use crate::q::fault::{Fault, R};
use crate::q::noun::{List, Noun, Table};
use crate::q::vm::Vm;
use kcodec::Kind;

impl Vm<'_> {
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
    pub(super) fn join_dict(&mut self, x: &mut Noun, y: &Noun) -> R<()> {
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
