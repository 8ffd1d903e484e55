//! The sort order of values.

use std::cmp::Ordering;

use super::key::Key;
use super::noun::{Item, Items, Lane, Noun, with_items};
use super::symbols::Symbols;

/// Compares two values: by type, then by content.
pub(crate) fn order(symbols: &Symbols, x: &Noun, y: &Noun) -> Ordering {
    match (x, y) {
        (Noun::Atom(x), Noun::Atom(y)) if x.kind == y.kind => order_items(symbols, x.item, y.item),
        (Noun::Vector(x), Noun::Vector(y)) if x.kind == y.kind => match (&x.items, &y.items) {
            (Items::Sym(x), Items::Sym(y)) => {
                x.iter().map(|&item| symbols.text(item)).cmp(y.iter().map(|&item| symbols.text(item)))
            }
            (items, other) => with_items!(items, items => match Lane::of(other) {
                Some(other) => compare_all(items, other),
                None => Ordering::Equal,
            }),
        },
        (Noun::List(_) | Noun::Vector(_), Noun::List(_) | Noun::Vector(_)) => {
            let first =
                (0..x.len().min(y.len())).map(|at| order(symbols, &x.at(at), &y.at(at))).find(|order| order.is_ne());
            first.unwrap_or_else(|| x.len().cmp(&y.len()))
        }
        (Noun::Enum(x), Noun::Enum(y)) if x.domain == y.domain => order(symbols, &x.places, &y.places),
        (Noun::Dict(x), Noun::Dict(y)) => order(symbols, &x.values, &y.values),
        _ => {
            let kind = |noun: &Noun| (noun.type_code().unsigned_abs(), !noun.is_atom());
            kind(x).cmp(&kind(y))
        }
    }
}

fn compare_all<T: Key>(x: &[T], y: &[T]) -> Ordering {
    x.iter().map(|item| item.bits()).cmp(y.iter().map(|item| item.bits()))
}

fn order_items(symbols: &Symbols, x: Item, y: Item) -> Ordering {
    match (x, y) {
        (Item::U8(x), Item::U8(y)) => x.cmp(&y),
        (Item::I16(x), Item::I16(y)) => x.cmp(&y),
        (Item::I32(x), Item::I32(y)) => x.cmp(&y),
        (Item::I64(x), Item::I64(y)) => x.cmp(&y),
        (Item::F32(x), Item::F32(y)) => x.compare(y),
        (Item::F64(x), Item::F64(y)) => x.compare(y),
        (Item::Guid(x), Item::Guid(y)) => x.cmp(&y),
        (Item::Sym(x), Item::Sym(y)) => symbols.text(x).cmp(symbols.text(y)),
        _ => Ordering::Equal,
    }
}
