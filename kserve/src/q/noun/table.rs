//! Tables.

use std::sync::Arc;

use kcodec::{Attribute, Kind};

use super::{DEPTH, Dict, Items, List, Noun, Vector, empty, nest};
use crate::q::fault::{Fault, R};
use crate::q::symbols::Sym;

/// Named columns of equal length.
#[derive(Debug, Clone)]
pub(crate) struct Table {
    names: Arc<Vec<Sym>>,
    columns: Vec<Noun>,
    pub(super) depth: u8,
    pub(crate) attr: Attribute,
}

impl Table {
    /// # Errors
    ///
    /// `length` if there are not as many names as columns, or if the columns differ in length. `type` if a column
    /// is not a list.
    #[expect(clippy::new_ret_no_self, reason = "a table is only made to be a value")]
    pub(crate) fn new(names: Arc<Vec<Sym>>, columns: Vec<Noun>) -> R {
        let length = columns.first().map(Noun::len);
        if names.len() != columns.len() || columns.iter().any(|column| Some(column.len()) != length) {
            return Err(Fault::LENGTH);
        }
        if columns.is_empty() || !columns.iter().all(Noun::is_list) {
            return Err(Fault::TYPE);
        }
        let depth = nest(&columns)?.saturating_add(2);
        if depth > DEPTH {
            return Err(Fault::STACK);
        }
        Ok(Noun::Table(Arc::new(Self { names, columns, depth, attr: Attribute::None })))
    }

    /// Number of rows.
    pub(crate) fn len(&self) -> usize {
        self.columns.first().map_or(0, Noun::len)
    }

    pub(crate) fn names(&self) -> &Arc<Vec<Sym>> {
        &self.names
    }

    pub(crate) fn columns(&self) -> &[Noun] {
        &self.columns
    }

    pub(crate) fn column(&self, name: Sym) -> Option<&Noun> {
        self.position(name).and_then(|index| self.columns.get(index))
    }

    pub(crate) fn position(&self, name: Sym) -> Option<usize> {
        self.names.iter().position(|&found| found == name)
    }

    /// Mutable access to the columns. The caller must leave them at equal length, also on an error.
    pub(crate) fn columns_mut(&mut self) -> &mut [Noun] {
        &mut self.columns
    }

    /// A row as a dict; a row of nulls past the end.
    pub(crate) fn row(&self, index: usize) -> Noun {
        // Neither call fails: `new` rejects tables whose rows, two levels deeper, would exceed the depth limit.
        let items: Vec<Noun> = self.columns.iter().map(|column| column.at(index)).collect();
        let values = crate::q::build::tidy(items).unwrap_or(Noun::Null);
        let keys =
            Noun::Vector(Vector { kind: Kind::Symbol, attr: Attribute::None, items: Items::Sym(self.names.clone()) });
        Dict::new(keys, values).unwrap_or(Noun::Null)
    }

    /// The same columns without rows.
    pub(crate) fn without_rows(&self) -> Noun {
        let columns = self.columns.iter().map(|column| match column {
            Noun::Enum(enumeration) => enumeration.without_items(),
            _ => empty(column.kind().unwrap_or(Kind::List)),
        });
        // Never fails: there are as many names as columns, and all columns are empty lists.
        Self::new(self.names.clone(), columns.collect()).unwrap_or_default()
    }

    /// The table as a dict of names and columns.
    pub(crate) fn flip(&self) -> R {
        let keys =
            Noun::Vector(Vector { kind: Kind::Symbol, attr: Attribute::None, items: Items::Sym(self.names.clone()) });
        Dict::new(keys, List::raw(self.columns.clone())?)
    }
}
