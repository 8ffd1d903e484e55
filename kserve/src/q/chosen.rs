//! Selection: `where except inter union`, `?[b;x;y]`.

use super::fault::{Fault, R};
use super::noun::{Atom, Items, Noun, Vector, empty};
use super::take::as_list;
use super::verb::{Verb, infix, unary};
use super::vm::Vm;
use kcodec::Kind;

pub(crate) static VERBS: &[Verb] = &[
    infix("except", None, |vm, x, y| {
        let found = vm.member(&x, &y)?;
        vm.keep(&x, &found, false)
    }),
    infix("inter", None, |vm, x, y| {
        if let (Noun::Dict(x), Noun::Dict(y)) = (&x, &y) {
            let found = vm.member(&x.values, &y.values)?;
            return vm.keep(&x.values, &found, true);
        }
        let found = vm.member(&x, &y)?;
        vm.keep(&x, &found, true)
    }),
    infix("union", None, |vm, x, y| {
        let both = vm.join(x, y)?;
        vm.distinct(&both)
    }),
    unary("where", Some(5), |vm, x| vm.places_of(&x)),
];

impl Vm<'_> {
    /// The items of `x` whose flag equals `which`.
    pub(crate) fn keep(&mut self, x: &Noun, flags: &[bool], which: bool) -> R {
        let mut places = self.vec(flags.len())?;
        places.extend(flags.iter().enumerate().filter(|(_, flag)| **flag == which).map(|(place, _)| place));
        if places.len() == x.len() { Ok(x.clone()) } else { self.gather(x, &places) }
    }

    /// `where x`: each position as often as its item says; of a dict, its keys.
    fn places_of(&mut self, x: &Noun) -> R {
        match x {
            Noun::Dict(dict) => {
                let places = self.places_of(&dict.values)?;
                self.index(&dict.keys, &places)
            }
            Noun::Vector(Vector { kind: Kind::Boolean, items: Items::U8(flags), .. }) => {
                let count = flags.iter().map(|&flag| usize::from(flag)).sum();
                self.charge(flags.len() / 2)?;
                let mut out: Vec<i64> = self.vec(count)?;
                out.extend((0_i64..).zip(flags.iter()).filter(|(_, flag)| **flag != 0).map(|(place, _)| place));
                Ok(Noun::longs(out))
            }
            Noun::Vector(Vector { kind: Kind::Byte | Kind::Short | Kind::Int | Kind::Long, items, .. }) => {
                match items {
                    Items::U8(items) => self.copies(items.iter().map(|&item| i64::from(item))),
                    Items::I16(items) => self.copies(items.iter().map(|&item| i64::from(item))),
                    Items::I32(items) => self.copies(items.iter().map(|&item| i64::from(item))),
                    Items::I64(items) => self.copies(items.iter().copied()),
                    _ => Err(Fault::TYPE),
                }
            }
            Noun::List(list) if list.items().is_empty() => Ok(empty(Kind::Long)),
            _ => Err(Fault::TYPE),
        }
    }

    fn copies(&mut self, counts: impl ExactSizeIterator<Item = i64> + Clone) -> R {
        let size = |count: i64| usize::try_from(count).unwrap_or(0);
        self.charge(counts.len())?;
        let total = counts.clone().map(size).fold(0, usize::saturating_add);
        let mut out: Vec<i64> = self.vec(total)?;
        out.extend((0_i64..).zip(counts).flat_map(|(place, count)| std::iter::repeat_n(place, size(count))));
        Ok(Noun::longs(out))
    }

    /// `?[b;x;y]`: the item of `x` where `b` is true, otherwise the item of `y`.
    pub(crate) fn choose(&mut self, test: &Noun, x: &Noun, y: &Noun) -> R {
        match test {
            Noun::Atom(Atom { kind: Kind::Boolean, .. }) => {
                let holds = super::eval::truth(test)?;
                let count = [x, y].iter().filter(|part| part.is_list()).map(|part| part.len()).next();
                let Some(count) = count else { return Ok(if holds { x.clone() } else { y.clone() }) };
                let tests = self.repeat(test, count)?;
                self.choose(&tests, x, y)
            }
            Noun::Vector(Vector { kind: Kind::Boolean, items: Items::U8(flags), .. }) => {
                let count = flags.len();
                if [x, y].iter().any(|part| part.is_list() && part.len() != count) {
                    return Err(Fault::LENGTH);
                }
                // Joins both, then gathers one position per flag.
                let many = |part: &Noun| part.is_list();
                let first = if many(x) { count } else { 1 };
                if matches!((x, y), (Noun::Vector(_) | Noun::Atom(_), Noun::Vector(_) | Noun::Atom(_)))
                    && x.kind() != y.kind()
                {
                    return Err(Fault::TYPE);
                }
                let both = match (x, y) {
                    (Noun::Dict(_), _) | (_, Noun::Dict(_)) => return Err(Fault::TYPE),
                    _ => {
                        let x = as_list(x)?;
                        let y = as_list(y)?;
                        self.join(x, y)?
                    }
                };
                let (of_x, of_y) = (many(x), many(y));
                let mut places = self.vec(count)?;
                places.extend(flags.iter().enumerate().map(|(place, &flag)| match flag {
                    0 => first + if of_y { place } else { 0 },
                    _ if of_x => place,
                    _ => 0,
                }));
                self.gather(&both, &places)
            }
            _ => Err(Fault::TYPE),
        }
    }
}
