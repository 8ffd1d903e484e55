//! `x~y`: match.

use std::sync::Arc;

use super::fault::R;
use super::noun::{Item, Noun, Vector};
use super::vm::Vm;

/// Relative tolerance for equal floats, as in q.
pub(crate) const TOLERANCE: f64 = 1.0 / (1_u64 << 43) as f64;

/// Whether two floats are equal: both null, or within the tolerance.
pub(crate) fn same_float(x: f64, y: f64) -> bool {
    let apart = (x - y).abs();
    x == y || (apart <= TOLERANCE * x.abs().max(y.abs()) && apart.is_finite()) || (x.is_nan() && y.is_nan())
}

impl Vm<'_> {
    /// `x~y`: the same kind and content at every depth. Floats within the tolerance; attributes are ignored.
    pub(crate) fn matches(&mut self, x: &Noun, y: &Noun) -> R<bool> {
        self.charge(4)?;
        Ok(match (x, y) {
            (Noun::Null, Noun::Null) | (Noun::Elided, Noun::Elided) => true,
            (Noun::Atom(x), Noun::Atom(y)) => x.kind == y.kind && same_item(x.item, y.item),
            (Noun::Vector(x), Noun::Vector(y)) => x.kind == y.kind && self.same_items(x, y)?,
            (Noun::List(x), Noun::List(y)) => {
                if Arc::ptr_eq(x, y) {
                    return Ok(true);
                }
                if x.items().len() != y.items().len() {
                    return Ok(false);
                }
                for (x, y) in x.items().iter().zip(y.items()) {
                    if !self.matches(x, y)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Noun::Dict(x), Noun::Dict(y)) => {
                Arc::ptr_eq(x, y) || (self.matches(&x.keys, &y.keys)? && self.matches(&x.values, &y.values)?)
            }
            (Noun::Table(x), Noun::Table(y)) => {
                if x.names() != y.names() {
                    return Ok(false);
                }
                for (x, y) in x.columns().iter().zip(y.columns()) {
                    if !self.matches(x, y)? {
                        return Ok(false);
                    }
                }
                true
            }
            (Noun::Enum(x), Noun::Enum(y)) => x.domain == y.domain && self.matches(&x.places, &y.places)?,
            (Noun::Func(_), Noun::Func(_)) => {
                // Functions match if their encodings match.
                let x = self.body(x)?;
                x == self.body(y)?
            }
            _ => false,
        })
    }

    fn same_items(&mut self, x: &Vector, y: &Vector) -> R<bool> {
        use super::noun::Items;
        if x.len() != y.len() {
            return Ok(false);
        }
        self.charge(x.len() / 4)?;
        Ok(match (&x.items, &y.items) {
            (Items::F64(x), Items::F64(y)) => {
                Arc::ptr_eq(x, y) || x.iter().zip(y.iter()).all(|(&x, &y)| same_float(x, y))
            }
            (Items::F32(x), Items::F32(y)) => x.iter().zip(y.iter()).all(|(&x, &y)| same_float(x.into(), y.into())),
            (Items::U8(x), Items::U8(y)) => x == y,
            (Items::I16(x), Items::I16(y)) => x == y,
            (Items::I32(x), Items::I32(y)) => x == y,
            (Items::I64(x), Items::I64(y)) => Arc::ptr_eq(x, y) || x == y,
            (Items::Guid(x), Items::Guid(y)) => x == y,
            (Items::Sym(x), Items::Sym(y)) => x == y,
            _ => false,
        })
    }
}

/// Whether two items of one kind match.
pub(crate) fn same_item(x: Item, y: Item) -> bool {
    match (x, y) {
        (Item::F64(x), Item::F64(y)) => same_float(x, y),
        (Item::F32(x), Item::F32(y)) => same_float(x.into(), y.into()),
        _ => x == y,
    }
}
