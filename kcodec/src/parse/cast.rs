//! The cast `$` of literals: `` `long$() ``, `` `$"a b" ``, `"G"$"8c68…"`.

use super::{Parser, Shape, literal};
use crate::atom::Atom;
use crate::error::{Error, ErrorKind};
use crate::kind::Kind;
use crate::slice::Item;
use crate::symbol::Symbol;
use crate::value::Value;
use crate::view::view;

impl Parser<'_> {
    /// Reads `$` and its right operand, and replaces both operands in the output with the result. The left operand is
    /// at `at` in the text and at `start` in the output.
    pub(super) fn cast(&mut self, at: usize, start: usize, depth: u8) -> Result<Shape, Error> {
        self.bump(1);
        let left = self.out.split_off(start.min(self.out.len()));
        self.expression(depth)?;
        let right = self.out.split_off(start.min(self.out.len()));
        self.convert(view(&left, true), view(&right, true)).map_err(|kind| Error::new(at, kind))
    }

    /// Appends `from` cast to the type `to`: the empty symbol casts strings to symbols, `"G"` strings to guids, and the
    /// name of a type the empty list to an empty vector.
    fn convert(&mut self, to: Value<'_>, from: Value<'_>) -> Result<Shape, ErrorKind> {
        match to {
            Value::Atom(Atom::Symbol(name)) if name.is_empty() => {
                self.convert_texts(Kind::Symbol, from, |text, out| {
                    let symbol = Value::from(Symbol::from_bytes(text));
                    symbol.encode(out).map_err(|error| error.kind)
                })
            }
            Value::Atom(Atom::Char(b'G')) => self.convert_texts(Kind::Guid, from, |text, out| {
                let guid = literal::guid(text).ok_or(ErrorKind::Literal)?;
                out.push(Kind::Guid.code().wrapping_neg());
                out.extend_from_slice(&guid.to_bytes());
                Ok(())
            }),
            Value::Atom(Atom::Symbol(name)) if matches!(from, Value::List(list) if list.is_empty()) => {
                let kind = name.as_str().and_then(Kind::from_name).filter(|kind| (1..=19).contains(&kind.code()));
                Ok(self.empty(kind.ok_or(ErrorKind::Literal)?))
            }
            _ => Err(ErrorKind::Literal),
        }
    }

    /// Appends an atom of `kind` for a string, a vector for a list of strings. `convert` appends the atom of one
    /// string.
    fn convert_texts(
        &mut self,
        kind: Kind,
        from: Value<'_>,
        convert: impl Fn(&[u8], &mut Vec<u8>) -> Result<(), ErrorKind>,
    ) -> Result<Shape, ErrorKind> {
        let Value::List(texts) = from else {
            convert(from.as_text().ok_or(ErrorKind::Literal)?, &mut self.out)?;
            return Ok(Shape::new(kind.code().wrapping_neg(), None));
        };
        let atom = Shape::new(kind.code().wrapping_neg(), None);
        let start = self.out.len();
        self.empty(kind);
        let mut items = super::list::ItemsSeen::new();
        for text in texts {
            convert(text.as_text().ok_or(ErrorKind::Literal)?, &mut self.out)?;
            items.add(atom, 0);
        }
        if items.count == 0 {
            return Ok(Shape::new(kind.code(), Some(0)));
        }
        self.close(start, &items).map_err(|error| error.kind)
    }

    /// Appends an empty vector.
    fn empty(&mut self, kind: Kind) -> Shape {
        self.out.extend_from_slice(&[kind.code(), 0, 0, 0, 0, 0]);
        Shape::new(kind.code(), Some(0))
    }
}
