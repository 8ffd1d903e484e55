//! Lists in parentheses, and the prefixes of nouns: `,`, `enlist`, `+` and attributes.

use super::{Parser, Shape};
use crate::decode::extent;
use crate::error::{Error, ErrorKind};
use crate::kind::{Attribute, Kind};
use crate::wire::{DICT, SORTED_DICT, SYMBOL, SYMBOLS, TABLE, width};

/// Type, attribute and count of a general list; [`Parser::close`] stores the count.
const HEAD: [u8; 6] = [0; 6];

/// The properties of the items of a list read so far.
pub(super) struct ItemsSeen {
    pub(super) count: u64,
    /// The type of the items if all are atoms of one kind.
    atoms: Option<u8>,
    /// As [`Shape::columns`].
    columns: Result<Option<u64>, Error>,
}

impl ItemsSeen {
    pub(super) const fn new() -> Self {
        Self { count: 0, atoms: None, columns: Ok(None) }
    }

    /// Adds an item, which is at `at` in the text.
    pub(super) fn add(&mut self, item: Shape, at: usize) {
        let code = item.is_atom().then_some(item.code);
        self.atoms = if self.count == 0 { code } else { code.filter(|_| self.atoms == code) };
        self.count += 1;
        self.columns = self.columns.and_then(|length| join_column(length, item, at));
    }
}

/// The length of the columns of a table, given that of the columns before and one more column. An error if `column`
/// cannot be a column or has another length.
pub(super) fn join_column(length: Option<u64>, column: Shape, at: usize) -> Result<Option<u64>, Error> {
    let kind = Kind::from_code(column.code);
    match (length, column.count) {
        (_, None) => Err(Error::new(at, ErrorKind::TableColumns)),
        _ if !kind.is_some_and(Kind::is_column) => Err(Error::new(at, ErrorKind::TableColumns)),
        (Some(expected), Some(found)) if expected != found => {
            Err(Error::new(at, ErrorKind::Ragged { expected, found }))
        }
        (_, found) => Ok(found),
    }
}

impl Parser<'_> {
    /// Reads `()`, `(noun)`, a list, or a table.
    pub(super) fn parenthesis(&mut self, depth: u8) -> Result<Shape, Error> {
        let open = self.at;
        self.bump(1);
        self.skip_blanks();
        if self.eat(b'[') {
            return self.table(open, depth);
        }
        let start = self.out.len();
        self.out.extend_from_slice(&HEAD);
        if self.eat(b')') {
            return Ok(Shape::new(0, Some(0)));
        }
        let mut items = ItemsSeen::new();
        let last = loop {
            let at = self.at;
            let item = self.item(open, depth)?;
            items.add(item, at);
            if self.eat(b')') {
                break item;
            }
            if !self.eat(b';') {
                return Err(self.unexpected());
            }
        };
        if items.count == 1 {
            self.out.drain(start..start + HEAD.len());
            return Ok(last);
        }
        self.close(start, &items)
    }

    /// Reads an expression, which must end before `;` or a closing bracket. `open`: the offset of the opening bracket.
    pub(super) fn item(&mut self, open: usize, depth: u8) -> Result<Shape, Error> {
        let unclosed = Error::new(open, ErrorKind::Unbalanced);
        self.skip_blanks();
        self.peek().ok_or(unclosed)?;
        let item = self.expression(depth)?;
        match self.peek() {
            Some(b';' | b')' | b']') => Ok(item),
            Some(_) => Err(self.unexpected()),
            None => Err(unclosed),
        }
    }

    /// Reads a list of one item: a verb of `length` bytes and the item.
    pub(super) fn enlist(&mut self, length: usize, depth: u8) -> Result<Shape, Error> {
        self.bump(length);
        let (at, start) = (self.at, self.out.len());
        self.out.extend_from_slice(&HEAD);
        let mut items = ItemsSeen::new();
        items.add(self.expression(depth)?, at);
        self.close(start, &items)
    }

    /// Completes the list whose head is at `start` in the output. Atoms of one kind become a vector.
    pub(super) fn close(&mut self, start: usize, items: &ItemsSeen) -> Result<Shape, Error> {
        let count = u32::try_from(items.count).map_err(|_| self.error(ErrorKind::Limit))?;
        let head = self.out.get_mut(start..).and_then(|list| list.first_chunk_mut::<6>());
        let Some([code, _, place @ ..]) = head else { unreachable!("a head was written at `start`") };
        *place = count.to_le_bytes();
        *code = items.atoms.map_or(0, u8::wrapping_neg);
        if let Some(code) = items.atoms {
            self.remove_codes(start + HEAD.len(), code);
        }
        Ok(Shape { code: items.atoms.map_or(0, u8::wrapping_neg), count: Some(items.count), columns: items.columns })
    }

    /// Removes the type of each atom in the output from `start`.
    fn remove_codes(&mut self, start: usize, code: u8) {
        let atoms = self.out.split_off(start.min(self.out.len()));
        match width(code.wrapping_neg()) {
            Some(width) => {
                for atom in atoms.chunks_exact(width + 1) {
                    self.out.extend_from_slice(atom.get(1..).unwrap_or_default());
                }
            }
            None => {
                for symbol in atoms.split_inclusive(|&byte| byte == 0) {
                    self.out.extend_from_slice(symbol.get(1..).unwrap_or_default());
                }
            }
        }
    }

    /// Reads a table `+names!columns`, or a splayed table, with a path in place of the columns.
    pub(super) fn flip(&mut self, depth: u8) -> Result<Shape, Error> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.error(ErrorKind::Depth))?;
        self.bump(1);
        self.out.extend_from_slice(&[TABLE, 0, DICT]);
        self.skip_blanks();
        let at = self.at;
        let names = self.noun(depth)?;
        let Shape { code: SYMBOLS, count: Some(names), .. } = names else {
            return Err(Error::new(at, ErrorKind::TableNames));
        };
        self.skip_blanks();
        if !self.eat(b'!') {
            return Err(self.unexpected());
        }
        let columns = self.expression(depth)?;
        match columns {
            Shape { code: SYMBOL, .. } => Ok(Shape::new(TABLE, None)),
            Shape { code: 0, count: Some(columns), .. } if names != columns => {
                Err(Error::new(at, ErrorKind::TableWidth { names, columns }))
            }
            Shape { code: 0, columns, .. } => Ok(Shape::new(TABLE, Some(columns?.unwrap_or_default()))),
            _ => Err(Error::new(at, ErrorKind::TableColumns)),
        }
    }

    /// Reads `` `s#noun `` and stores the attribute in the noun.
    pub(super) fn attribute(&mut self, letter: u8, depth: u8) -> Result<Shape, Error> {
        let attribute = match letter {
            b's' => Attribute::Sorted,
            b'u' => Attribute::Unique,
            b'p' => Attribute::Parted,
            _ => Attribute::Grouped,
        };
        let (at, start) = (self.at, self.out.len());
        self.bump(3);
        let shape = self.expression(depth)?;
        let sorted = attribute == Attribute::Sorted;
        match self.out.get_mut(start..).unwrap_or_default() {
            [TABLE, place, DICT, table @ ..] => {
                *place = attribute.code();
                if sorted {
                    part_first_column(table);
                }
            }
            [0..=19, place, ..] => *place = attribute.code(),
            [code @ (DICT | SORTED_DICT), keys @ ..] if sorted => {
                *code = SORTED_DICT;
                if let [0..=19 | TABLE, place, ..] = keys {
                    *place = attribute.code();
                }
            }
            _ => return Err(Error::new(at, ErrorKind::Literal)),
        }
        Ok(shape)
    }
}

/// Marks the first column of a sorted table as parted, unless it has an attribute, as q does. `table`: the names and
/// columns in wire form.
fn part_first_column(table: &mut [u8]) {
    let names = extent(table);
    let columns = table.get_mut(names..).and_then(|columns| columns.get_mut(HEAD.len()..));
    if let Some([0..=19, place @ 0, ..]) = columns {
        *place = Attribute::Parted.code();
    }
}
