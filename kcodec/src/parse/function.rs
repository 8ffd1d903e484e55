//! Function literals: lambdas, operators without arguments, and both under iterators.

use super::{Parser, Shape, source};
use crate::error::{Error, ErrorKind};
use crate::function::Function;
use crate::kind::Kind;
use crate::primitive;
use crate::value::Value;

const LAMBDA: u8 = Kind::Lambda.code();
const ITERATOR: u8 = Kind::Iterator.code();

impl Parser<'_> {
    /// The operator or iterator at the position, and the length of its name; `None` if an argument follows.
    pub(super) fn operator(&self) -> Option<(Function<'static>, usize)> {
        (1..=3).rev().find_map(|length| {
            let (name, mut rest) = self.rest().split_at_checked(length)?;
            // Punctuation or a file verb such as `1:`. Named primitives such as `max` are not literals.
            let is_sign = name.first()?.is_ascii_punctuation() || name.get(1) == Some(&b':');
            let operator = if is_sign { primitive::named(str::from_utf8(name).ok()?)? } else { return None };
            while let Some((_, after)) = iterator(rest).filter(|_| operator.kind().code() != ITERATOR) {
                rest = after;
            }
            matches!(rest.trim_ascii_start(), [] | [b';' | b')' | b']', ..]).then_some((operator, length))
        })
    }

    /// Reads the operator that [`operator`](Self::operator) returned, and iterators after it.
    pub(super) fn function(&mut self, operator: Function<'_>, length: usize, depth: u8) -> Result<Shape, Error> {
        let start = self.out.len();
        self.bump(length);
        Value::from(operator).encode(&mut self.out).map_err(|error| self.error(error.kind))?;
        self.derive(start, operator.kind().code(), depth)
    }

    /// Reads a lambda, and iterators after it.
    pub(super) fn lambda(&mut self, depth: u8) -> Result<Shape, Error> {
        let start = self.out.len();
        let length = source::length(self.rest()).ok_or_else(|| self.error(ErrorKind::Unbalanced))?;
        let Some(source) = self.rest().get(..length) else { unreachable!("a lambda ends within the text") };
        let source = Value::chars(source);
        self.out.extend_from_slice(&[LAMBDA, 0]);
        source.encode(&mut self.out).map_err(|error| self.error(error.kind))?;
        self.bump(length);
        self.derive(start, LAMBDA, depth)
    }

    /// Reads the iterators that follow without a blank. Each inserts its type before the function, which is at `start`
    /// in the output.
    fn derive(&mut self, start: usize, function: u8, mut depth: u8) -> Result<Shape, Error> {
        let mut code = function;
        while let Some((iterator, rest)) = iterator(self.rest()) {
            depth = depth.checked_sub(1).ok_or_else(|| self.error(ErrorKind::Depth))?;
            code = iterator;
            self.out.insert(start, code);
            self.bump(self.rest().len() - rest.len());
        }
        Ok(Shape::new(code, None))
    }
}

/// The type of a function under the iterator at the start of `text`, and the text after the iterator.
fn iterator(text: &[u8]) -> Option<(u8, &[u8])> {
    let signs = [
        (&b"':"[..], Kind::EachPrior),
        (b"/:", Kind::EachRight),
        (b"\\:", Kind::EachLeft),
        (b"'", Kind::Each),
        (b"/", Kind::Over),
        (b"\\", Kind::Scan),
    ];
    signs.into_iter().find_map(|(sign, kind)| Some((kind.code(), text.strip_prefix(sign)?)))
}
