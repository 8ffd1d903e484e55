//! A block of adjacent columns, each as wide as its widest cell.

use super::Console;
use super::page::clip;
use crate::atom::Atom;
use crate::dict::Dict;
use crate::display::Bare;
use crate::list::List;
use crate::table::Table;
use crate::value::Value;
use crate::vector::Vector;

/// Columns separated by one blank.
pub(super) struct Block {
    columns: Vec<Column>,
    /// Whether the cells of the last column are padded to its width.
    padded: bool,
}

struct Column {
    heading: String,
    cells: Vec<String>,
    width: usize,
}

impl Block {
    /// The first `rows` rows of a table, and the columns of which at least one character fits on the screen.
    pub(super) fn of_table(table: Table<'_>, rows: usize, screen: Console) -> Self {
        let columns = table.columns();
        Self::fit(
            screen,
            columns.map(|(name, column)| Column::new(clip(screen.columns, name), cells(column, rows, screen))),
        )
    }

    /// Collects columns until they exceed the width of the screen.
    fn fit(screen: Console, columns: impl Iterator<Item = Column>) -> Self {
        let mut block = Self { columns: Vec::new(), padded: true };
        let mut width = 0_usize;
        for column in columns {
            width += column.width + 1;
            block.columns.push(column);
            if width > screen.columns {
                break;
            }
        }
        block
    }

    /// The keys of a dict: a table or one column.
    pub(super) fn of_keys(keys: Value<'_>, rows: usize, screen: Console) -> Self {
        match keys {
            Value::Table(table) => Self::of_table(table, rows, screen),
            _ => Self { columns: vec![Column::new(String::new(), cells(keys, rows, screen))], padded: true },
        }
    }

    /// The values of a dict: a table, a grid, or one column that is not padded.
    pub(super) fn of_values(values: Value<'_>, rows: usize, screen: Console) -> Self {
        let grid = match values {
            Value::List(list) => Self::grid(list, rows, screen),
            Value::Table(table) => Some(Self::of_table(table, rows, screen)),
            _ => None,
        };
        grid.unwrap_or_else(|| Self { padded: false, ..Self::of_keys(values, rows, screen) })
    }

    /// The first `rows` items of a list as the rows of a grid. `None` unless they are vectors or lists of one length
    /// other than 0, none of them chars, and not all of them booleans or bytes: q displays those as one text per row.
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
        let is_unseparated = |item| matches!(item, Value::Vector(Vector::Boolean(_) | Vector::Byte(_)));
        if list.iter().take(rows).all(is_unseparated) {
            return None;
        }
        // A column is at least one character wide, so no more than this many can be visible.
        let mut columns: Vec<Vec<String>> = vec![Vec::new(); length.min(screen.columns)];
        for item in list.iter().take(rows) {
            for (column, cell) in columns.iter_mut().zip(cells(item, screen.columns, screen)) {
                column.push(cell);
            }
        }
        Some(Self::fit(screen, columns.into_iter().map(|cells| Column::new(String::new(), cells))))
    }

    /// Characters per row.
    pub(super) fn width(&self) -> usize {
        let cells: usize = self.columns.iter().map(|column| column.width).sum();
        cells + self.columns.len().saturating_sub(1)
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
            let blanks = column.width - text.chars().count();
            match columns.peek() {
                Some(_) => line.extend(std::iter::repeat_n(' ', blanks + 1)),
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

/// The texts of the first `rows` items of a column: bare if it is a vector, otherwise in their one-line form.
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

/// The text of a row of a table that is itself a column: a dict from column names to items.
fn record(table: Table<'_>, row: usize, screen: Console) -> String {
    let items: Vec<Value<'_>> = table
        .columns()
        .map(|(_, column)| {
            let item = match column {
                Value::Vector(vector) => vector.get(row).map(Value::Atom),
                Value::List(list) => list.get(row),
                _ => Some(Value::NULL),
            };
            item.unwrap_or_else(|| unreachable!("checked: columns of one length"))
        })
        .collect();
    let (names, items) = (Value::symbols(table.names()), Value::from(&items));
    let Ok(record) = Dict::new(&names, &items) else { unreachable!("checked: as many names as columns") };
    screen.clip(Value::from(record))
}
