//! Name resolution in parse trees: columns of the query's table, locals, globals.

use super::code::Place;
use super::fault::{Fault, R};
use super::noun::{Noun, Table};
use super::symbols::Sym;
use super::vm::Vm;

/// The scope of a parse tree.
pub(crate) struct Scope<'a> {
    pub(crate) table: Option<&'a Table>,
    /// The selected rows of the table; `None` means all.
    rows: Option<&'a [usize]>,
    /// Columns at the selected rows, cached on first use.
    columns: Vec<Option<Noun>>,
    /// Whether locals of the current lambda are visible: in q-sql text, but not in functional form.
    pub(crate) locals: bool,
}

impl<'a> Scope<'a> {
    /// The scope of `eval`: no table.
    pub(crate) const fn none() -> Self {
        Scope { table: None, rows: None, columns: Vec::new(), locals: false }
    }

    pub(crate) fn of(table: &'a Table, rows: Option<&'a [usize]>, locals: bool) -> Self {
        Scope { table: Some(table), rows, columns: vec![None; table.columns().len()], locals }
    }

    /// Selects other rows.
    pub(crate) fn select_rows(&mut self, rows: &'a [usize]) {
        self.rows = Some(rows);
        self.columns.fill(None);
    }

    pub(crate) fn rows(&self) -> Option<&'a [usize]> {
        self.rows
    }

    /// Number of selected rows.
    pub(crate) fn count(&self) -> usize {
        self.rows.map_or_else(|| self.table.map_or(0, Table::len), <[usize]>::len)
    }
}

impl Vm<'_> {
    /// Resolves a name.
    pub(crate) fn scope_value(&mut self, name: Sym, scope: &mut Scope<'_>) -> R {
        if let Some(column) = self.scope_column(name, scope)? {
            return Ok(column);
        }
        if scope.locals
            && let Some(slot) = self.local_slot(name)
            && let Some(value) = self.q.stack.get(self.base + slot).filter(|value| !matches!(value, Noun::Elided))
        {
            return Ok(value.clone());
        }
        let full = self.scope_global(name, scope);
        match self.global(full) {
            Err(_) if full != name => self.global(name),
            value => value,
        }
    }

    /// A column at the selected rows. `i` is the row numbers, `time.minute` a part of a temporal column.
    pub(crate) fn scope_column(&mut self, name: Sym, scope: &mut Scope<'_>) -> R<Option<Noun>> {
        let Some(table) = scope.table else { return Ok(None) };
        if let Some(at) = table.position(name) {
            if let Some(Some(column)) = scope.columns.get(at) {
                return Ok(Some(column.clone()));
            }
            let column = table.columns().get(at).ok_or(Fault::TYPE)?;
            let column = match scope.rows {
                None => column.clone(),
                Some(rows) => self.gather(column, rows)?,
            };
            if let Some(place) = scope.columns.get_mut(at) {
                *place = Some(column.clone());
            }
            return Ok(Some(column));
        }
        let text = self.text(name);
        if text == b"i" {
            let mut numbers = self.vec(scope.count())?;
            let number = |row: usize| i64::try_from(row).unwrap_or(i64::MAX);
            match scope.rows {
                Some(rows) => numbers.extend(rows.iter().map(|&row| number(row))),
                None => numbers.extend((0..table.len()).map(number)),
            }
            return Ok(Some(Noun::longs(numbers)));
        }
        let Some(dot) = text.iter().position(|&byte| byte == b'.').filter(|&dot| dot > 0) else { return Ok(None) };
        let (column, part) = text.split_at(dot);
        let (column, part) = (self.q.symbols.find(column), part.get(1..).unwrap_or_default().to_vec());
        let Some(column) = column.filter(|&column| table.position(column).is_some()) else { return Ok(None) };
        let Some(mut column) = self.scope_column(column, scope)? else { return Ok(None) };
        for part in part.split(|&byte| byte == b'.') {
            column = match &column {
                Noun::Enum(list) => {
                    let part = self.intern(part);
                    self.foreign_column(list, part)?
                }
                _ => self.part(column, part)?,
            };
        }
        Ok(Some(column))
    }

    /// The slot of a name in the current lambda.
    fn local_slot(&self, name: Sym) -> Option<usize> {
        self.this.as_ref()?.slots.iter().position(|slot| slot.name == name)
    }

    /// The place that an assignment to a name changes.
    pub(crate) fn scope_place(&mut self, name: Sym, scope: &Scope<'_>) -> Place {
        let slot = self.local_slot(name).filter(|_| scope.locals);
        let is_local =
            |slot: &usize| self.this.as_ref().and_then(|this| this.slots.get(*slot)).is_some_and(|slot| slot.local);
        match slot.filter(is_local) {
            Some(slot) => Place::Local(slot),
            None => Place::Global(self.scope_global(name, scope)),
        }
    }

    /// The full name of a global, in the namespace of the lambda or of the session.
    fn scope_global(&mut self, name: Sym, scope: &Scope<'_>) -> Sym {
        let context = match &self.this {
            Some(this) if scope.locals => this.context,
            _ => self.q.context,
        };
        let text = self.text(name);
        if context == Sym::NULL || text.first() == Some(&b'.') {
            return name;
        }
        let full = [b".", self.text(context), b".", text].concat();
        self.intern(&full)
    }
}
