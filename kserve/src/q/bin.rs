//! Binary search: `bin` and `binr`.

use std::cmp::Ordering;

use super::fault::{Fault, R};
use super::key::Key;
use super::noun::{Atom, Dict, Item, Items, Lane, Noun, Vector, with_items};
use super::order::order;
use super::search::long;
use super::verb::{Verb, infix};
use super::vm::Vm;

pub(crate) static VERBS: &[Verb] = &[
    infix("bin", Some(26), |vm, x, y| vm.bin(&x, &y, false)),
    infix("binr", Some(34), |vm, x, y| vm.bin(&x, &y, true)),
];

impl Vm<'_> {
    /// `x bin y`: position of the last item that is at most `y`. `x binr y`: position of the first item that is at
    /// least `y`.
    fn bin(&mut self, x: &Noun, y: &Noun, right: bool) -> R {
        match (x, y) {
            (Noun::Vector(list), Noun::Atom(item)) => {
                let items = std::slice::from_ref(item);
                let places = self.bin_items(list, items.iter().copied(), 1, right)?;
                Ok(Noun::long(places.first().copied().unwrap_or(-1)))
            }
            (Noun::Vector(list), Noun::Vector(wanted)) => {
                let kind = wanted.kind;
                let places = with_items!(&wanted.items, items => {
                    let atoms = items.iter().map(|item| Atom { kind, item: item.item() });
                    self.bin_items(list, atoms, items.len(), right)?
                });
                Ok(Noun::longs(places))
            }
            (Noun::Vector(_), Noun::List(_)) => self.recurse(|vm| vm.each(y, |vm, item| vm.bin(x, &item, right))),
            (Noun::List(list), _) if y.is_atom() || list.items().first().is_some_and(Noun::is_list) => {
                let many = matches!(y, Noun::List(_));
                if many {
                    return self.recurse(|vm| vm.each(y, |vm, item| vm.bin(x, &item, right)));
                }
                self.charge(256)?;
                let symbols = &self.q.symbols;
                let at = list.items().partition_point(|item| match order(symbols, item, y) {
                    Ordering::Less => true,
                    Ordering::Equal => !right,
                    Ordering::Greater => false,
                });
                Ok(Noun::long(if right { long(at) } else { long(at) - 1 }))
            }
            (Noun::Vector(_) | Noun::List(_), Noun::Dict(dict)) => {
                let values = self.bin(x, &dict.values, right)?;
                Dict::new(dict.keys.clone(), values)
            }
            (Noun::Table(_) | Noun::Dict(_), _) => Err(Fault::nyi("bin of a table or dictionary")),
            _ => Err(Fault::TYPE),
        }
    }

    fn bin_items(
        &mut self,
        list: &Vector,
        wanted: impl Iterator<Item = Atom>,
        count: usize,
        right: bool,
    ) -> R<Vec<i64>> {
        let levels = usize::try_from(list.len().checked_ilog2().unwrap_or(0)).unwrap_or(0) + 1;
        self.charge(count.saturating_mul(levels).saturating_mul(4))?;
        let mut out = self.vec(count)?;
        for item in wanted {
            if item.kind != list.kind {
                return Err(Fault::TYPE);
            }
            let at = match (&list.items, item.item) {
                (Items::Sym(items), Item::Sym(sym)) => {
                    let text = self.q.symbols.text(sym);
                    items.partition_point(|&item| below(self.q.symbols.text(item).cmp(text), right))
                }
                (items, item) => with_items!(items, items => partition(items, item, right)),
            };
            out.push(if right { long(at) } else { long(at) - 1 });
        }
        Ok(out)
    }
}

const fn below(order: Ordering, right: bool) -> bool {
    match order {
        Ordering::Less => true,
        Ordering::Equal => !right,
        Ordering::Greater => false,
    }
}

fn partition<T: Key>(items: &[T], wanted: Item, right: bool) -> usize {
    let Some(wanted) = T::from_item(wanted) else { return 0 };
    items.partition_point(|item| below(item.compare(wanted), right))
}
