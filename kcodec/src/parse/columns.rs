//! Table literals: `([]a:1 2;b:3 4)`, keyed `([k:1 2]v:3 4)`, and the dict `([a:1;b:2])` of q 4.1.

use std::ops::Range;

use super::list::{ItemsSeen, join_column};
use super::{Parser, Shape, literal};
use crate::error::{Error, ErrorKind};
use crate::wire::{DICT, SYMBOLS, TABLE};

/// The most bytes that the atoms of one table may occupy when repeated for each row. Without the limit, a text of n
/// columns of atoms and one column of n rows would need memory quadratic in its length.
const REPEATED: usize = 1 << 24;

/// A column that was read.
struct Column<'a> {
    name: &'a [u8],
    /// Offset of its expression in the text.
    at: usize,
    /// The range of its object within the objects of the table.
    object: Range<usize>,
    shape: Shape,
}

impl<'a> Parser<'a> {
    /// Reads the rest of a table or dict after `([`, whose parenthesis is at `open` in the text.
    pub(super) fn table(&mut self, open: usize, depth: u8) -> Result<Shape, Error> {
        let start = self.out.len();
        let keys = self.columns(open, b']', start, depth)?;
        let values = self.columns(open, b')', start, depth)?;
        let objects = self.out.split_off(start.min(self.out.len()));
        if values.is_empty() {
            return self.names_and_values(open, &keys, &objects);
        }
        let rows = rows(open, keys.iter().chain(&values))?;
        let mut budget = REPEATED;
        if !keys.is_empty() {
            self.out.push(DICT);
            self.write_table(open, &keys, &objects, rows, &mut budget)?;
        }
        self.write_table(open, &values, &objects, rows, &mut budget)?;
        Ok(Shape::new(if keys.is_empty() { TABLE } else { DICT }, Some(rows)))
    }

    /// Reads `name:expression`, separated by `;`, up to the bracket `close`. Appends the objects to the output, in
    /// which those of the table begin at `base`.
    fn columns(&mut self, open: usize, close: u8, base: usize, depth: u8) -> Result<Vec<Column<'a>>, Error> {
        let mut columns = Vec::new();
        self.skip_blanks();
        if self.eat(close) {
            return Ok(columns);
        }
        loop {
            columns.push(self.column(open, base, depth)?);
            if self.eat(close) {
                return Ok(columns);
            }
            if !self.eat(b';') {
                return Err(self.unexpected());
            }
        }
    }

    fn column(&mut self, open: usize, base: usize, depth: u8) -> Result<Column<'a>, Error> {
        self.skip_blanks();
        let name = literal::name(self.rest()).ok_or_else(|| match self.peek() {
            Some(_) => self.unexpected(),
            None => Error::new(open, ErrorKind::Unbalanced),
        })?;
        self.bump(name.len());
        self.skip_blanks();
        if !self.eat(b':') {
            return Err(self.unexpected());
        }
        let (at, start) = (self.at, self.out.len() - base);
        let shape = self.item(open, depth)?;
        Ok(Column { name, at, object: start..self.out.len() - base, shape })
    }

    /// Appends a table of `rows` rows. Atoms are repeated for each row, at most `budget` bytes in all.
    fn write_table(
        &mut self,
        open: usize,
        columns: &[Column<'_>],
        objects: &[u8],
        rows: u64,
        budget: &mut usize,
    ) -> Result<(), Error> {
        self.out.extend_from_slice(&[TABLE, 0, DICT]);
        self.write_names(open, columns)?;
        self.write_head(open, 0, columns.len() as u64)?;
        for column in columns {
            let object = objects.get(column.object.clone());
            match object.unwrap_or_else(|| unreachable!("a column was written in this range")) {
                [code, item @ ..] if column.shape.is_atom() => {
                    let bytes = usize::try_from(rows).ok().and_then(|rows| rows.checked_mul(item.len()));
                    let left = bytes.and_then(|bytes| budget.checked_sub(bytes));
                    *budget = left.ok_or_else(|| Error::new(column.at, ErrorKind::Limit))?;
                    self.write_head(open, code.wrapping_neg(), rows)?;
                    (0..rows).for_each(|_| self.out.extend_from_slice(item));
                }
                object => self.out.extend_from_slice(object),
            }
        }
        Ok(())
    }

    /// Appends the dict `([a:1;b:2])`: there are no columns after the brackets.
    fn names_and_values(&mut self, open: usize, columns: &[Column<'_>], objects: &[u8]) -> Result<Shape, Error> {
        self.out.push(DICT);
        self.write_names(open, columns)?;
        let list = self.out.len();
        self.write_head(open, 0, columns.len() as u64)?;
        self.out.extend_from_slice(objects);
        let mut items = ItemsSeen::new();
        columns.iter().for_each(|column| items.add(column.shape, column.at));
        self.close(list, &items)?;
        Ok(Shape::new(DICT, Some(columns.len() as u64)))
    }

    fn write_names(&mut self, open: usize, columns: &[Column<'_>]) -> Result<(), Error> {
        self.write_head(open, SYMBOLS, columns.len() as u64)?;
        for column in columns {
            self.out.extend_from_slice(column.name);
            self.out.push(0);
        }
        Ok(())
    }

    fn write_head(&mut self, at: usize, code: u8, count: u64) -> Result<(), Error> {
        let count = u32::try_from(count).map_err(|_| Error::new(at, ErrorKind::Limit))?;
        self.out.extend_from_slice(&[code, 0]);
        self.out.extend_from_slice(&count.to_le_bytes());
        Ok(())
    }
}

/// The number of rows: the common length of the columns that are not atoms, of which there must be one.
fn rows<'a>(open: usize, columns: impl Iterator<Item = &'a Column<'a>>) -> Result<u64, Error> {
    let mut rows = None;
    for column in columns.filter(|column| !column.shape.is_atom()) {
        rows = join_column(rows, column.shape, column.at)?;
    }
    rows.ok_or_else(|| Error::new(open, ErrorKind::TableColumns))
}
