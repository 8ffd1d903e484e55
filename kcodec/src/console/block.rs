//! Columns that stand side by side, each as wide as its widest cell.

use super::Console;
use super::page::clip;
use crate::atom::Atom;
use crate::dict::Dict;
use crate::display::Bare;
use crate::list::List;
use crate::table::Table;
use crate::value::Value;
use crate::vector::Vector;

/// Columns with one blank between.
pub(super) struct Block {
    columns: Vec<Column>,
    /// Whether the last column is filled up with blanks too.
    padded: bool,
}

struct Column {
    heading: String,
    cells: Vec<String>,
    width: usize,
}

impl Block {
    /// The first `rows` rows, and as many columns as the screen can show a part of.
    pub(super) fn of_table(table: Table<'_>, rows: usize, screen: Console) -> Self {
        let columns = table.columns();
        Self::fit(
            screen,
            columns.map(|(name, column)| Column::new(clip(screen.columns, name), cells(column, rows, screen))),
        )
    }

    /// Takes columns until they are wider than the screen.
    fn fit(screen: Console, columns: impl Iterator<Item = Column>) -> Self {
        let mut block = Self { columns: Vec::new(), padded: true };
        let mut width = 0_usize;
        for column in columns {
            width = width.saturating_add(column.width).saturating_add(1);
            block.columns.push(column);
            if width > screen.columns {
                break;
            }
        }
        block
    }

    /// The keys of a dict.
    pub(super) fn of_keys(keys: Value<'_>, rows: usize, screen: Console) -> Self {
        match keys {
            Value::Table(table) => Self::of_table(table, rows, screen),
            _ => Self { columns: vec![Column::new(String::new(), cells(keys, rows, screen))], padded: true },
        }
    }

    /// The values of a dict: a table, a grid, or one column that may end where it likes.
    pub(super) fn of_values(values: Value<'_>, rows: usize, screen: Console) -> Self {
        let grid = match values {
            Value::List(list) => Self::grid(list, rows, screen),
            Value::Table(table) => Some(Self::of_table(table, rows, screen)),
            _ => None,
        };
        grid.unwrap_or_else(|| Self { padded: false, ..Self::of_keys(values, rows, screen) })
    }

    /// The first `rows` items of a list as rows, if they are lists of one length and no texts, nor all of them booleans
    /// or bytes, which stand together.
    pub(super) fn grid(list: List<'_>, rows: usize, screen: Console) -> Option<Self> {
        let mut lines = list.iter().take(rows).map(|item| match item {
            Value::Vector(Vector::Char(_)) => None,
            Value::Vector(_) | Value::List(_) => Some((item, item.count())),
            _ => None,
        });
        let (_, length) = lines.clone().next().flatten()?;
        if length == 0 || !lines.all(|line| line.is_some_and(|(_, found)| found == length)) {
            return None;
        }
        let joined = |item| matches!(item, Value::Vector(Vector::Boolean(_) | Vector::Byte(_)));
        if list.iter().take(rows).all(joined) {
            return None;
        }
        // A column takes two characters at least.
        let mut columns: Vec<Vec<String>> = vec![Vec::new(); length.min(screen.columns)];
        for item in list.iter().take(rows) {
            for (column, cell) in columns.iter_mut().zip(cells(item, screen.columns, screen)) {
                column.push(cell);
            }
        }
        Some(Self::fit(screen, columns.into_iter().map(|cells| Column::new(String::new(), cells))))
    }

    /// Characters of a row.
    pub(super) fn width(&self) -> usize {
        let cells = self.columns.iter().fold(0_usize, |width, column| width.saturating_add(column.width));
        cells.saturating_add(self.columns.len().saturating_sub(1))
    }

    pub(super) fn write_heading(&self, line: &mut String) {
        self.write(|column| &column.heading, line);
    }

    pub(super) fn write_row(&self, row: usize, line: &mut String) {
        self.write(|column| column.cells.get(row).map_or("", String::as_str), line);
    }

    fn write<'a>(&'a self, cell: impl Fn(&'a Column) -> &'a str, line: &mut String) {
        let mut columns = self.columns.iter().peekable();
        while let Some(column) = columns.next() {
            let text = cell(column);
            line.push_str(text);
            let blanks = column.width.saturating_sub(text.chars().count());
            match columns.peek() {
                Some(_) => line.extend(std::iter::repeat_n(' ', blanks.saturating_add(1))),
                None if self.padded => line.extend(std::iter::repeat_n(' ', blanks)),
                None => {}
            }
        }
    }
}

impl Column {
    fn new(heading: String, cells: Vec<String>) -> Self {
        let width = cells.iter().chain([&heading]).map(|cell| cell.chars().count()).max().unwrap_or_default();
        Self { heading, cells, width }
    }
}

/// The first `rows` items of a column: bare where it is a vector, in their one-line form where not.
fn cells(column: Value<'_>, rows: usize, screen: Console) -> Vec<String> {
    let bare = |atom| screen.clip(Bare(atom));
    match column {
        Value::Vector(Vector::Symbol(symbols)) => {
            symbols.iter().take(rows).map(|symbol| bare(Atom::Symbol(symbol))).collect()
        }
        Value::Vector(vector) => (0..rows).map_while(|row| vector.get(row)).map(bare).collect(),
        Value::List(list) => list.iter().take(rows).map(|item| screen.clip(item)).collect(),
        Value::Table(table) => (0..rows.min(table.len())).map(|row| record(table, row, screen)).collect(),
        Value::Dict(dict) => cells(dict.values(), rows, screen),
        _ => vec![screen.clip(column)],
    }
}

/// A row of a table inside a table: a dict.
fn record(table: Table<'_>, row: usize, screen: Console) -> String {
    let items: Vec<Value<'_>> = table
        .columns()
        .filter_map(|(_, column)| match column {
            Value::Vector(vector) => vector.get(row).map(Value::Atom),
            Value::List(list) => list.get(row),
            _ => Some(Value::NULL),
        })
        .collect();
    let (names, items) = (Value::symbols(table.names()), Value::from(&items));
    Dict::new(&names, &items).map_or_else(|_| String::new(), |record| screen.clip(Value::from(record)))
}
