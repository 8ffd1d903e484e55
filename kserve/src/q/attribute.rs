//! Attributes: `` `s#x `` and others, verified before they are set.

use std::sync::Arc;

use super::fault::{Fault, R};
use super::key::Key;
use super::noun::{Dict, Items, Noun, Table, with_items};
use super::order::order;
use super::take::attribute_of;
use super::verb::{Verb, unary};
use super::vm::Vm;
use kcodec::Attribute;

pub(crate) static VERBS: &[Verb] = &[unary("attr", None, |vm, x| {
    let prefix = attribute_of(&x).prefix().as_bytes();
    let name = vm.intern(prefix.get(1..2).unwrap_or_default());
    Ok(Noun::sym(name))
})];

impl Vm<'_> {
    /// `` `s#x `` and others: sets an attribute on a value, after verification.
    ///
    /// # Errors
    ///
    /// `s-fail` or `u-fail` if the value does not satisfy the attribute.
    pub(crate) fn set_attribute(&mut self, letter: &[u8], y: Noun) -> R {
        let attr = match letter {
            b"" => Attribute::None,
            b"s" => Attribute::Sorted,
            b"u" => Attribute::Unique,
            b"p" => Attribute::Parted,
            b"g" => Attribute::Grouped,
            _ => return Err(Fault::TYPE),
        };
        match y {
            Noun::Vector(mut vector) => {
                if vector.attr != attr {
                    let list = Noun::Vector(vector);
                    self.verify_attribute(attr, &list)?;
                    let Noun::Vector(list) = list else { return Err(Fault::TYPE) };
                    vector = list;
                }
                vector.attr = attr;
                Ok(Noun::Vector(vector))
            }
            // General lists do not store attributes here, but the claim is verified.
            Noun::List(_) => {
                self.verify_attribute(attr, &y)?;
                Ok(y)
            }
            Noun::Dict(dict) => {
                let keys = match &dict.keys {
                    Noun::Table(keys) => self.table_attribute(attr, keys, None)?,
                    keys => self.set_attribute(letter, keys.clone())?,
                };
                match attr {
                    Attribute::Sorted => Dict::stepped(keys, dict.values.clone()),
                    _ => Dict::new(keys, dict.values.clone()),
                }
            }
            // Sorted rows imply that equal items of the first column are adjacent: `p`.
            Noun::Table(table) => {
                let first = if attr == Attribute::Sorted { Attribute::Parted } else { attr };
                self.table_attribute(attr, &table, Some(first))
            }
            _ => Err(Fault::TYPE),
        }
    }

    /// Sets an attribute on a table and `first_attr` on its first column. Key tables leave the column unchanged.
    fn table_attribute(&mut self, attr: Attribute, table: &Table, first_attr: Option<Attribute>) -> R {
        match attr {
            Attribute::Sorted => {
                self.verify_attribute(attr, &Table::new(table.names().clone(), table.columns().to_vec())?)?
            }
            Attribute::None => {}
            Attribute::Unique | Attribute::Parted | Attribute::Grouped => {
                return Err(Fault::nyi("an attribute other than s of a table"));
            }
        }
        let mut columns = table.columns().to_vec();
        if let (Some(Noun::Vector(first)), Some(attr)) = (columns.first_mut(), first_attr) {
            first.attr = attr;
        }
        let made = Table::new(table.names().clone(), columns)?;
        match made {
            Noun::Table(mut made) => {
                if let Some(own) = Arc::get_mut(&mut made) {
                    own.attr = attr;
                }
                Ok(Noun::Table(made))
            }
            other => Ok(other),
        }
    }

    /// Verifies that a list satisfies an attribute.
    fn verify_attribute(&mut self, attr: Attribute, list: &Noun) -> R<()> {
        self.charge(list.len())?;
        match attr {
            Attribute::None => Ok(()),
            Attribute::Sorted => {
                if self.is_ascending(list)? {
                    Ok(())
                } else {
                    Err(Fault::new("s-fail"))
                }
            }
            Attribute::Grouped => Ok(()),
            Attribute::Unique => {
                let distinct =
                    attribute_of(list) == Attribute::Unique || self.numbered(list)?.firsts.len() == list.len();
                if distinct { Ok(()) } else { Err(Fault::new("u-fail")) }
            }
            Attribute::Parted => {
                // Parted: equal items are adjacent, so the numbers of distinct items never decrease.
                let numbered = self.numbered(list)?;
                if numbered.numbers.is_sorted() { Ok(()) } else { Err(Fault::new("u-fail")) }
            }
        }
    }

    /// Whether the items never decrease.
    fn is_ascending(&mut self, list: &Noun) -> R<bool> {
        let symbols = &self.q.symbols;
        Ok(match list {
            Noun::Vector(vector) => match &vector.items {
                Items::Sym(items) => items.is_sorted_by(|&x, &y| x == y || symbols.text(x) <= symbols.text(y)),
                items => with_items!(items, items => items.is_sorted_by(|x, y| x.bits() <= y.bits())),
            },
            Noun::List(list) => list.items().is_sorted_by(|x, y| order(symbols, x, y).is_le()),
            Noun::Table(_) => {
                let places = self.grade(list, false)?;
                places.is_sorted()
            }
            _ => return Err(Fault::TYPE),
        })
    }
}
