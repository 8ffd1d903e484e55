//! Verbs on enumerations.

use super::{Enumeration, is_enumeration, over};
use crate::q::fault::{Fault, R};
use crate::q::noun::{Dict, Noun};
use crate::q::symbols::Sym;
use crate::q::verb::Verb;
use crate::q::vm::Vm;
use kcodec::{Attribute, Kind};

/// Verbs that handle enumerations themselves.
const KNOWN: &[&str] = &[
    "$", "!", "?", ",", "@", ".", ":", "::", "~", "type", "count", "value", "get", "key", "enlist", ",:", "attr",
    "set", "each", "peach", "group", "null", "asc", "desc", "show", ".Q.s", ".Q.s1", "insert", "upsert",
];

/// Verbs that only move the items of their last argument: they run on the positions.
const MOVES: &[&str] =
    &["first", "last", "reverse", "next", "prev", "distinct", "#", "_", "rotate", "sublist", "xprev", "cut"];

/// Verbs that compare or look up items: they run on the items, whatever the domain.
const COMPARES: &[&str] = &[
    "=", "<>", "<", ">", "<=", ">=", "in", "within", "bin", "binr", "iasc", "idesc", "rank", "except", "inter",
    "union", "differ", "raze", "string", "like", ".j.j",
];

impl Vm<'_> {
    /// Applies a verb to arguments of which at least one is an enumeration.
    pub(crate) fn apply_enumerated(&mut self, verb: &'static Verb, mut args: Vec<Noun>) -> R {
        if KNOWN.contains(&verb.name) {
            return self.apply_known(verb, args);
        }
        if MOVES.contains(&verb.name)
            && let Some(Noun::Enum(last)) = args.last()
            && args.iter().filter(|arg| is_enumeration(arg)).count() == 1
            // For `#` and `_` the other argument must be a count or positions; a symbol would set an attribute.
            && !args.iter().rev().skip(1).any(|arg| arg.as_syms().is_some())
        {
            let (domain, places) = (last.domain, last.places.clone());
            args.pop();
            args.push(places);
            let moved = verb.run(self, args)?;
            return over(domain, moved);
        }
        if let ("#", Some(letter), Some(Noun::Enum(last))) =
            (verb.name, args.first().and_then(Noun::as_sym), args.last().cloned())
        {
            return self.attributed(letter, &last);
        }
        let plain = self.plain_all(&args)?;
        let is_number = |(arg, plain): (&Noun, &Noun)| is_enumeration(arg) && plain.kind() != Some(Kind::Symbol);
        if args.iter().zip(&plain).any(is_number) && !COMPARES.contains(&verb.name) {
            return Err(Fault::nyi("a verb on a foreign key to numbers"));
        }
        verb.run(self, plain)
    }

    fn apply_known(&mut self, verb: &'static Verb, mut args: Vec<Noun>) -> R {
        let Some(Noun::Enum(enumeration)) = args.last() else { return verb.run(self, args) };
        let (domain, places) = (enumeration.domain, enumeration.places.clone());
        match verb.name {
            "null" => verb.run(self, vec![places]),
            "group" => match verb.run(self, vec![places])? {
                Noun::Dict(groups) => Dict::new(over(domain, groups.keys.clone())?, groups.values.clone()),
                other => Ok(other),
            },
            "asc" | "desc" if places.is_list() => {
                let members = self.members(enumeration.clone().as_ref())?;
                let order = self.grade(&members, verb.name == "desc")?;
                let mut sorted = self.gather(&places, &order)?;
                if let (Noun::Vector(sorted), "asc") = (&mut sorted, verb.name) {
                    sorted.attr = Attribute::Sorted;
                }
                over(domain, sorted)
            }
            "value" | "get" => self.members(enumeration.clone().as_ref()),
            "key" => Ok(Noun::sym(domain)),
            "attr" => verb.run(self, vec![places]),
            _ => {
                args.shrink_to_fit();
                verb.run(self, args)
            }
        }
    }

    /// `` `p#e ``
    fn attributed(&mut self, letter: Sym, enumeration: &Enumeration) -> R {
        let members = self.members(enumeration)?;
        let letter = self.text(letter).to_vec();
        let claimed = self.set_attribute(&letter, members)?;
        match (claimed, enumeration.places.clone()) {
            (Noun::Vector(claimed), Noun::Vector(mut places)) => {
                places.attr = claimed.attr;
                over(enumeration.domain, Noun::Vector(places))
            }
            _ => Err(Fault::TYPE),
        }
    }
}
