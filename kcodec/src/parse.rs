//! q literals: text into bodies (WIRE.md, text).
//!
//! q reads from right to left: whatever stands before a noun takes all that follows it. So one
//! function reads an expression and calls itself for what is right of a `!`, a `$`, a `,` or a `+`.
//! Objects are written in wire form as they are read. Where the form cannot be known yet, a list's
//! head is written and mended at the end: items that turn out to be atoms of one kind become a
//! vector, and what stands alone in its parentheses loses the head.

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

/// The object that a text denotes: any literal of q, and what q's one-line form makes of a value.
///
/// Beyond what [`literal`] reads these are lists, dicts, tables, typed empties, guids, lambdas,
/// operators, `::`, and an error `'text`. Attributes are taken as claimed, nothing is verified.
///
/// ```
/// let dict = kcodec::parse("`a`b!(1 2 3;\"text\")")?;
/// assert_eq!(dict.to_string(), "`a`b!(1 2 3;\"text\")");
/// # Ok::<(), kcodec::Error>(())
/// ```
///
/// # Errors
///
/// The offset in the text, and [`ErrorKind::Literal`] for what is no literal, [`ErrorKind::Range`]
/// for a number or date that its type cannot hold, [`ErrorKind::Unbalanced`] for a bracket or quote
/// without its partner, [`ErrorKind::Depth`] past the depth of [`Limits::default`],
/// [`ErrorKind::Limit`] for a table whose atoms, repeated, would fill more than 16 MiB; for dicts and
/// tables, what decoding them would say.
pub fn parse(text: &str) -> Result<Body, Error> {
    let text = text.trim_ascii_end().as_bytes();
    let mut parser = Parser { text, at: 0, out: Vec::new() };
    parser.skip();
    match parser.rest() {
        b"'" | b"':" => _ = parser.expression(Limits::default().depth)?,
        [b'\'', message @ ..] => return error(message, parser.at.saturating_add(1)),
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

fn error(message: &[u8], at: usize) -> Result<Body, Error> {
    // The type byte of the error stands where the quote does.
    let start = at.saturating_sub(1);
    Body::encode(Value::Error(Symbol::from_bytes(message)))
        .map_err(|error| Error::new(start.saturating_add(error.at), error.kind))
}

/// A position in a text, and what was read so far in wire form.
struct Parser<'a> {
    text: &'a [u8],
    at: usize,
    out: Vec<u8>,
}

/// What was read last, as far as whatever holds it must know.
#[derive(Clone, Copy)]
struct Shape {
    code: u8,
    /// As `count` gives it; `None` for atoms and functions.
    count: Option<u64>,
    /// Of a general list: the length that all items have, if they could be the columns of a table.
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
        self.at = self.at.saturating_add(count);
    }

    /// Steps over `byte` if it comes next.
    fn eat(&mut self, byte: u8) -> bool {
        let found = self.peek() == Some(byte);
        self.bump(usize::from(found));
        found
    }

    /// Steps over blanks.
    fn skip(&mut self) {
        let rest = self.rest();
        self.bump(rest.len().saturating_sub(rest.trim_ascii_start().len()));
    }

    const fn error(&self, kind: ErrorKind) -> Error {
        Error::new(self.at, kind)
    }

    /// What stands here does not belong here.
    fn unexpected(&self) -> Error {
        self.error(match self.peek() {
            Some(b')' | b']' | b'}') => ErrorKind::Unbalanced,
            _ => ErrorKind::Literal,
        })
    }

    /// Reads a noun with all that belongs to it on its right, and the blanks after it.
    fn expression(&mut self, depth: u8) -> Result<Shape, Error> {
        let depth = depth.checked_sub(1).ok_or_else(|| self.error(ErrorKind::Depth))?;
        self.skip();
        let (at, start) = (self.at, self.out.len());
        let noun = self.noun(depth)?;
        self.skip();
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

    /// Reads what holds no other noun: a literal in the narrow sense, or bare guids.
    fn leaf(&mut self) -> Result<Shape, Error> {
        let start = self.out.len();
        let rest = self.rest();
        let read = match literal::guids(rest, &mut self.out) {
            Ok(0) => literal::noun(rest, &mut self.out),
            guids => guids.map(Some),
        };
        match read.map_err(|error| Error::new(self.at.saturating_add(error.at), error.kind))? {
            Some(length) => self.bump(length),
            None => return Err(self.unexpected()),
        }
        let written = self.out.get(start..).unwrap_or_default();
        let value = view(written, true);
        let count = if value.is_atom() { None } else { Some(value.count() as u64) };
        Ok(Shape::new(written.first().copied().unwrap_or_default(), count))
    }

    /// Reads the values of a dict whose keys stand at `start` in the output.
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
