//! `x~y` and `x?y`: whether values are alike, and where one stands in another.

use std::sync::Arc;

use super::fault::R;
use super::noun::{Atom, Item, Lane, Noun, Table, Vector, with_items};
use super::vm::Vm;
use kcodec::Kind;

/// How far apart, relative to the larger, two floats may be and still be equal.
pub(crate) const TOLERANCE: f64 = 1.0 / (1_u64 << 43) as f64;

/// Whether floats are equal: nulls to nulls, others within the tolerance.
pub(crate) fn same_float(x: f64, y: f64) -> bool {
    let apart = (x - y).abs();
    x == y || (apart <= TOLERANCE * x.abs().max(y.abs()) && apart.is_finite()) || (x.is_nan() && y.is_nan())
}

impl Vm<'_> {
    /// `x~y`: the same kind and content at every depth; floats within the tolerance, attributes aside.
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
            (Noun::Func(_), Noun::Func(_)) => {
                // Functions are alike where they travel alike.
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

    /// `x?y`: the first position of each item of `y`, the count of `x` where it is not there.
    pub(crate) fn find(&mut self, x: &Noun, y: &Noun) -> R {
        match (x, y) {
            (Noun::Vector(list), Noun::Atom(item)) => Ok(Noun::long(long(self.find_item(list, item)?))),
            (Noun::Vector(_), Noun::Vector(_)) | (Noun::Vector(_) | Noun::List(_), Noun::List(_)) if !x_holds(x, y) => {
                self.each(y, |vm, item| vm.find(x, &item))
            }
            (Noun::Table(table), Noun::Table(_)) => {
                let _ = table;
                self.each(y, |vm, row| vm.find(x, &row))
            }
            (Noun::Table(table), Noun::Dict(row)) => self.find_row(table, &row.values),
            (Noun::Dict(dict), _) => {
                let at = self.find(&dict.values, y)?;
                self.index(&dict.keys, &at)
            }
            (Noun::List(list), _) => {
                let mut at = list.items().len();
                for (index, item) in list.items().iter().enumerate() {
                    if self.matches(item, y)? {
                        at = index;
                        break;
                    }
                }
                Ok(Noun::long(long(at)))
            }
            _ => Err(super::fault::Fault::TYPE),
        }
    }

    fn find_item(&mut self, list: &Vector, item: &Atom) -> R<usize> {
        let count = list.len();
        self.charge(count / 4)?;
        if list.kind != item.kind {
            return Err(super::fault::Fault::TYPE);
        }
        let at = with_items!(&list.items, items => position(items, item.item));
        Ok(at.unwrap_or(count))
    }

    fn find_row(&mut self, table: &Table, row: &Noun) -> R {
        let count = table.len();
        for index in 0..count {
            let mut same = true;
            for (at, column) in table.columns().iter().enumerate() {
                if !self.matches(&column.at(index), &row.at(at))? {
                    same = false;
                    break;
                }
            }
            if same {
                return Ok(Noun::long(long(index)));
            }
        }
        Ok(Noun::long(long(count)))
    }
}

/// Whether a general list holds lists like `y` as items, so that `y` is one item and not many.
fn x_holds(x: &Noun, y: &Noun) -> bool {
    matches!((x, y), (Noun::List(list), Noun::Vector(_)) if list.items().iter().any(Noun::is_list))
}

fn position<T: Lane>(items: &[T], item: Item) -> Option<usize> {
    let item = T::from_item(item)?;
    items.iter().position(|&found| found == item || same_item(found.item(), item.item()))
}

/// Whether two items of one lane are alike.
pub(crate) fn same_item(x: Item, y: Item) -> bool {
    match (x, y) {
        (Item::F64(x), Item::F64(y)) => same_float(x, y),
        (Item::F32(x), Item::F32(y)) => same_float(x.into(), y.into()),
        _ => x == y,
    }
}

fn long(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Kinds that `x?y` and `in` compare as equal though they are not the same: none.
pub(crate) const fn comparable(x: Kind, y: Kind) -> bool {
    x as u8 == y as u8
}
