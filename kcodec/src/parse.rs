//! The parser of q literals: from text to a body (WIRE.md, text).
//!
//! A recursive descent parser. q evaluates from right to left, so the right operand of a verb is the whole rest of the
//! expression:
//!
//! ```text
//! expression = noun ["!" expression | "$" expression]
//! noun       = "(" [expression {";" expression}] ")"             list; one expression is itself
//!            | "([" columns "]" columns ")"                      table, keyed table or dict
//!            | ("," | "enlist") expression                       list of one item
//!            | "+" noun "!" expression                           table by its names and columns
//!            | "`" ("s" | "u" | "p" | "g") "#" expression        attribute
//!            | lambda {iterator} | operator {iterator}           function
//!            | numbers | symbols | string | guids
//! columns    = [name ":" expression {";" name ":" expression}]
//! ```
//!
//! Objects are appended to the output in wire form as they are read; there is no syntax tree. Three forms are known
//! only later, and the output is corrected in place:
//!
//! - **Lists.** The head of a list is written first, with a count of 0. At the end the count is stored. If all items
//!   are atoms of one kind, the type codes of the items are removed, which makes the list a vector, as q does. If the
//!   parentheses contain one expression, the head is removed.
//! - **Dicts and functions under iterators.** Their type precedes the operand that was read, so it is inserted before
//!   it.
//! - **Casts and tables.** Their operands are cut off the output, converted, and appended.
//!
//! An insertion or removal moves the bytes after it, once per level of nesting, and the levels are limited. So the time
//! is at most the depth times the length of the text.

mod cast;
mod columns;
mod function;
mod list;
mod literal;
mod moment;
mod number;
mod source;

use std::str::FromStr;

pub use literal::literal;

use crate::body::Body;
use crate::error::{Error, ErrorKind};
use crate::limits::Limits;
use crate::symbol::Symbol;
use crate::value::Value;
use crate::view::view;
use crate::wire::{DICT, ERROR};

/// Parses a q literal or the one-line form of a value.
///
/// Accepts what [`literal`] accepts, and lists, dicts, tables, typed empty vectors, guids, lambdas, operators, `::`,
/// and an error `'text`. Attributes are stored without a check that the items have the property.
///
/// ```
/// let dict = kcodec::parse("`a`b!(1 2 3;\"text\")")?;
/// assert_eq!(dict.to_string(), "`a`b!(1 2 3;\"text\")");
/// # Ok::<(), kcodec::Error>(())
/// ```
///
/// # Errors
///
/// The offset in the text, and [`ErrorKind::Literal`] for text that is not a literal, [`ErrorKind::Range`] for a number
/// or date that its type cannot hold, [`ErrorKind::Unbalanced`] for a bracket or quote without its counterpart,
/// [`ErrorKind::Depth`] for more levels than [`Limits::default`] allows, [`ErrorKind::Limit`] for a table whose atoms,
/// repeated for each row, exceed 16 MiB; for dicts and tables, the errors of decoding them.
pub fn parse(text: &str) -> Result<Body, Error> {
    let text = text.trim_ascii_end().as_bytes();
    let mut parser = Parser { text, at: 0, out: Vec::new() };
    parser.skip_blanks();
    match parser.rest() {
        // Iterators, not errors.
        b"'" | b"':" => _ = parser.expression(Limits::default().depth)?,
        [b'\'', message @ ..] => return error(message, parser.at + 1),
        _ => _ = parser.expression(Limits::default().depth)?,
    }
    match parser.peek() {
        None => Body::decode(parser.out).map_err(|error| Error::new(0, error.kind)),
        Some(_) => Err(parser.unexpected()),
    }
}

impl FromStr for Body {
    type Err = Error;

    /// As [`parse`].
    fn from_str(text: &str) -> Result<Self, Error> {
        parse(text)
    }
}

/// An error object; `at`: the offset of the message in the text.
fn error(message: &[u8], at: usize) -> Result<Body, Error> {
    // The type byte of the object corresponds to the quote in the text, so offsets are counted from the quote.
    let start = at - 1;
    Body::encode(Value::Error(Symbol::from_bytes(message))).map_err(|error| Error::new(start + error.at, error.kind))
}

/// A position in a text, and the objects read so far in wire form.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    out: Vec<u8>,
}

/// The properties of an object that its container needs.
#[derive(Clone, Copy)]
struct Shape {
    /// The type.
    code: u8,
    /// The count as of a dict's keys or values; `None` for atoms, functions and splayed tables.
    count: Option<u64>,
    /// For a general list: the length of its items as columns of a table, or the reason why they cannot be columns.
    columns: Result<Option<u64>, Error>,
}

impl Shape {
    const fn new(code: u8, count: Option<u64>) -> Self {
        Self { code, count, columns: Ok(None) }
    }

    const fn is_atom(self) -> bool {
        self.code > ERROR
    }
}

impl<'a> Parser<'a> {
    fn rest(&self) -> &'a [u8] {
        self.text.get(self.at..).unwrap_or_default()
    }

    fn peek(&self) -> Option<u8> {
        self.rest().first().copied()
    }

    const fn bump(&mut self, count: usize) {
        self.at += count;
    }

    /// Skips `byte` if it is the next one. Returns whether it was.
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.bump(usize::from(found));
        found
    }

    /// Skips blanks.
    fn skip_blanks(&mut self) {
        let rest = self.rest();
        self.bump(rest.len() - rest.trim_ascii_start().len());
    }

    const fn error(&self, kind: ErrorKind) -> Error {
        Error::new(self.at, kind)
    }

    /// The error for the next byte, which is not allowed here.
    fn unexpected(&self) -> Error {
        self.error(match self.peek() {
            Some(b')' | b']' | b'}') => ErrorKind::Unbalanced,
            _ => ErrorKind::Literal,
        })
    }

    /// Reads a noun, a `!` or `$` after it with its right operand, and the blanks after that. `depth`: the levels of
    /// nesting that are left.
    fn expression(&mut self, depth: u8) -> Result<Shape, Error> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.error(ErrorKind::Depth))?;
        self.skip_blanks();
        let (at, start) = (self.at, self.out.len());
        let noun = self.noun(depth)?;
        self.skip_blanks();
        match self.peek() {
            Some(b'!') => self.dict(at, start, noun, depth),
            Some(b'$') => self.cast(at, start, depth),
            _ => Ok(noun),
        }
    }

    fn noun(&mut self, depth: u8) -> Result<Shape, Error> {
        if let Some((operator, length)) = self.operator() {
            return self.function(operator, length, depth);
        }
        match *self.rest() {
            [b'(', ..] => self.parenthesis(depth),
            [b'{', ..] | [b'k', b')', b'{', ..] => self.lambda(depth),
            [b',', ..] => self.enlist(1, depth),
            [b'+', ..] => self.flip(depth),
            [b'`', letter @ (b's' | b'u' | b'p' | b'g'), b'#', ..] => self.attribute(letter, depth),
            _ if self.is_word(b"enlist") => self.enlist(6, depth),
            _ => self.leaf(),
        }
    }

    fn is_word(&self, word: &[u8]) -> bool {
        let after = self.rest().strip_prefix(word).and_then(|rest| rest.first());
        after.is_some_and(|&byte| !literal::is_name(byte))
    }

    /// Reads a noun without nested expressions: guids without quotes, or a [`literal`].
    fn leaf(&mut self) -> Result<Shape, Error> {
        let start = self.out.len();
        let rest = self.rest();
        let read = match literal::guids(rest, &mut self.out) {
            Ok(0) => literal::noun(rest, &mut self.out),
            guids => guids.map(Some),
        };
        match read.map_err(|error| Error::new(self.at + error.at, error.kind))? {
            Some(length) => self.bump(length),
            None => return Err(self.unexpected()),
        }
        let Some(written @ &[code, ..]) = self.out.get(start..) else { unreachable!("a noun was written at `start`") };
        let value = view(written, true);
        let count = if value.is_atom() { None } else { Some(value.count() as u64) };
        Ok(Shape::new(code, count))
    }

    /// Reads `!` and the values of a dict; the keys are at `at` in the text and at `start` in the output.
    fn dict(&mut self, at: usize, start: usize, keys: Shape, depth: u8) -> Result<Shape, Error> {
        self.bump(1);
        self.out.insert(start, DICT);
        let values = self.expression(depth)?;
        match (keys.count, values.count) {
            (Some(keys), Some(values)) if keys == values => Ok(Shape::new(DICT, Some(keys))),
            (Some(keys), Some(values)) => Err(Error::new(at, ErrorKind::DictCount { keys, values })),
            _ => Err(Error::new(at, ErrorKind::DictItem)),
        }
    }
}
