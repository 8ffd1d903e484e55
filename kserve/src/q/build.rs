//! Builds lists from items.

use kcodec::Kind;

use super::enumeration::Enumeration;
use super::fault::{Fault, R};
use super::noun::{self, Atom, Dict, Item, Lane, List, Noun, Table, Vector, with_items};
use super::symbols::Sym;

/// Builds the list that q builds: atoms of one kind give a vector, dicts with the same symbol keys a table.
pub(crate) fn tidy(items: Vec<Noun>) -> R {
    match items.first() {
        Some(Noun::Atom(first)) => {
            let kind = first.kind;
            if items.iter().all(|item| matches!(item, Noun::Atom(atom) if atom.kind == kind)) {
                return match first.item {
                    Item::U8(_) => vector_of::<u8>(kind, &items),
                    Item::I16(_) => vector_of::<i16>(kind, &items),
                    Item::I32(_) => vector_of::<i32>(kind, &items),
                    Item::I64(_) => vector_of::<i64>(kind, &items),
                    Item::F32(_) => vector_of::<f32>(kind, &items),
                    Item::F64(_) => vector_of::<f64>(kind, &items),
                    Item::Guid(_) => vector_of::<[u8; 16]>(kind, &items),
                    Item::Sym(_) => vector_of::<Sym>(kind, &items),
                };
            }
        }
        Some(Noun::Enum(_)) => {
            if let Some(list) = Enumeration::list_of(&items) {
                return Ok(list);
            }
        }
        Some(Noun::Dict(_)) => {
            if let Some(table) = rows(&items)? {
                return Ok(table);
            }
        }
        _ => {}
    }
    List::raw(items)
}

/// A vector of atoms of one kind.
fn vector_of<T: Lane>(kind: Kind, items: &[Noun]) -> R {
    let item = |noun: &Noun| match noun {
        Noun::Atom(Atom { item, .. }) => T::from_item(*item),
        _ => None,
    };
    items.iter().map(item).collect::<Option<Vec<T>>>().map(|items| noun::vector(kind, items)).ok_or(Fault::TYPE)
}

/// A table of dicts with the same symbol keys in the same order; `None` if they differ.
fn rows(items: &[Noun]) -> R<Option<Noun>> {
    let mut names: Option<&std::sync::Arc<Vec<Sym>>> = None;
    for item in items {
        let Noun::Dict(dict) = item else { return Ok(None) };
        let Noun::Vector(Vector { items: noun::Items::Sym(keys), .. }) = &dict.keys else { return Ok(None) };
        if names.is_some_and(|names| names != keys) || keys.is_empty() {
            return Ok(None);
        }
        names = Some(keys);
    }
    let Some(names) = names else { return Ok(None) };
    let mut columns = Vec::with_capacity(names.len());
    for index in 0..names.len() {
        let column = items.iter().map(|item| match item {
            Noun::Dict(dict) => dict.values.at(index),
            _ => Noun::Null,
        });
        columns.push(tidy(column.collect())?);
    }
    Table::new(names.clone(), columns).map(Some)
}

/// The items of a list as nouns; of a dict its values; of an atom the atom itself.
pub(crate) fn items(noun: &Noun) -> Vec<Noun> {
    match noun {
        Noun::List(list) => list.items().to_vec(),
        Noun::Vector(vector) => {
            let kind = vector.kind;
            with_items!(&vector.items, items => items.iter().map(|item| Noun::Atom(Atom { kind, item: item.item() })).collect())
        }
        Noun::Table(table) => (0..table.len()).map(|index| table.row(index)).collect(),
        Noun::Dict(dict) => items(&dict.values),
        Noun::Enum(list) if noun.is_list() => (0..noun.len()).map(|index| list.at(index)).collect(),
        other => vec![other.clone()],
    }
}

/// `enlist x`
pub(crate) fn enlist(item: Noun) -> R {
    match item {
        Noun::Atom(_) | Noun::Dict(_) => tidy(vec![item]),
        Noun::Enum(_) if item.is_atom() => tidy(vec![item]),
        _ => List::raw(vec![item]),
    }
}

/// Builds a dict from keys and values.
pub(crate) fn dict(keys: Vec<Sym>, values: Vec<Noun>) -> R {
    Dict::new(Noun::syms(keys), tidy(values)?)
}
