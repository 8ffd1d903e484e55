//! The console form of values, as q's `.Q.s` returns it: lines and columns, cut to the size of a screen (WIRE.md,
//! text).
//!
//! Tables, dicts and lists of lists of one length are laid out as blocks of columns:
//!
//! | value | blocks |
//! |---|---|
//! | table | one, with headings |
//! | keyed table | keys and values, separated by a bar, with headings |
//! | other dict | keys and values, separated by a bar; headings only if one of them is a table |
//! | list of lists of one length | one, without headings |
//!
//! Only rows and columns that fit on the screen are read, so the time depends on the screen and not on the number of
//! rows.

mod block;
mod page;

use block::Block;
use page::Page;

use crate::dict::Dict;
use crate::function::{Function, Lambda};
use crate::list::List;
use crate::symbol::Symbol;
use crate::value::Value;

/// The size of the screen that output is cut to, as `\c` sets it, and the digits of floats.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Console {
    /// Lines of the screen.
    pub rows: usize,
    /// Characters per line.
    pub columns: usize,
    /// Significant digits of floats, as `\P` sets them; 0 means 17.
    pub digits: usize,
}

impl Console {
    /// A screen of `rows` lines of `columns` characters, both clamped to 10..=2000, as `\c` does.
    #[must_use]
    pub fn new(rows: usize, columns: usize) -> Self {
        Self { rows: rows.clamp(10, 2000), columns: columns.clamp(10, 2000), digits: 7 }
    }

    /// The same screen with `digits` significant digits of floats; 0 means 17.
    #[must_use]
    pub const fn with_digits(self, digits: usize) -> Self {
        Self { digits, ..self }
    }
}

impl Default for Console {
    /// 25 lines of 80 characters.
    fn default() -> Self {
        Self { rows: 25, columns: 80, digits: 7 }
    }
}

/// The value as q's console displays it. Each line ends with a newline; `::` displays as an empty text.
///
/// The dimensions of `console` are clamped as by [`Console::new`].
///
/// ```
/// use kcodec::Console;
///
/// let table = kcodec::parse("([h:1 2 3] m:4 5 6)")?;
/// assert_eq!(kcodec::console(table.value(), Console::default()), "h| m\n-| -\n1| 4\n2| 5\n3| 6\n");
/// let narrow = Console::new(25, 10).with_digits(3);
/// assert_eq!(kcodec::console((&[1.2345, 2.5]).into(), narrow), "1.23 2.5\n");
/// # Ok::<(), kcodec::Error>(())
/// ```
#[must_use]
pub fn console(value: Value<'_>, console: Console) -> String {
    let mut page = Page::new(Console::new(console.rows, console.columns).with_digits(console.digits));
    match value {
        Value::Function(Function::Unary(0 | 255)) => {}
        Value::Function(Function::Lambda(lambda)) => show_lambda(lambda, &mut page),
        Value::List(list) if !list.is_empty() => show_list(list, &mut page),
        Value::Dict(dict) => show_dict(dict, &mut page),
        Value::Table(table) if table.width() > 0 => {
            let rows = page.room(table.len(), HEADING);
            show_blocks(None, &Block::of_table(table, rows, page.screen()), rows, true, &mut page);
        }
        _ => page.value(value),
    }
    page.finish()
}

/// Lines of a heading: the names and a rule of hyphens.
const HEADING: usize = 2;

fn show_lambda(lambda: Lambda<'_>, page: &mut Page) {
    let Some(source) = lambda.source() else { return page.line(Value::from(Function::Lambda(lambda))) };
    let lines = source.split(|&byte| byte == b'\n');
    let shown = page.room(lines.clone().count(), 0);
    lines.take(shown).for_each(|line| page.line(Symbol::from_bytes(line)));
}

fn show_list(list: List<'_>, page: &mut Page) {
    let shown = page.room(list.len(), 0);
    match Block::grid(list, shown, page.screen()) {
        Some(grid) => show_blocks(None, &grid, shown, false, page),
        None => list.iter().take(shown).for_each(|item| page.value(item)),
    }
}

fn show_dict(dict: Dict<'_>, page: &mut Page) {
    let (keys, values) = (dict.keys(), dict.values());
    let heading = matches!(keys, Value::Table(_)) || matches!(values, Value::Table(_));
    let shown = page.room(dict.len(), if heading { HEADING } else { 0 });
    let left = Block::of_keys(keys, shown, page.screen());
    let right = Block::of_values(values, shown, page.screen());
    show_blocks(Some(&left), &right, shown, heading, page);
}

fn show_blocks(left: Option<&Block>, right: &Block, rows: usize, heading: bool, page: &mut Page) {
    let join = |write: &dyn Fn(&Block, &mut String)| {
        let mut line = String::new();
        if let Some(left) = left {
            write(left, &mut line);
            line.push_str("| ");
        }
        write(right, &mut line);
        line
    };
    if heading {
        page.line(join(&Block::write_heading));
        let rule = |block: &Block, line: &mut String| line.extend(std::iter::repeat_n('-', block.width()));
        page.line(join(&rule));
    }
    for row in 0..rows {
        page.line(join(&|block: &Block, line: &mut String| block.write_row(row, line)));
    }
}
