//! Iterators: `f' f/ f\ f': f/: f\:`.

use super::build;
use super::fault::{Fault, R};
use super::func::{Derived, Func, Iterator};
use super::noun::{Atom, Dict, Item, Items, Noun};
use super::vm::Vm;
use kcodec::Kind;

/// Units charged per call of a function.
const STEP: usize = 16;

impl Vm<'_> {
    /// Applies a derived function to its arguments.
    pub(crate) fn iterate(&mut self, derived: &Derived, mut args: Vec<Noun>) -> R {
        let function = &derived.function;
        match (derived.iterator, args.len()) {
            (Iterator::Each, 1) if !function.is_func() => {
                // A list or integer vector under `'` is case: `v'[…]`.
                self.case(function, &args)
            }
            (Iterator::Each, _) if !function.is_func() && function.is_list() => self.case(function, &args),
            (Iterator::Each, 1) => {
                let x = args.pop().unwrap_or(Noun::Null);
                self.each(&x, |vm, item| vm.apply1(function, item))
            }
            (Iterator::Each, _) => self.each_together(function, &args),
            (Iterator::Right, 2) => {
                let y = args.pop().unwrap_or(Noun::Null);
                let x = args.pop().unwrap_or(Noun::Null);
                self.each(&y, |vm, item| vm.apply2(function, x.clone(), item))
            }
            (Iterator::Left, 2) => {
                let y = args.pop().unwrap_or(Noun::Null);
                let x = args.pop().unwrap_or(Noun::Null);
                self.each(&x, |vm, item| vm.apply2(function, item, y.clone()))
            }
            (Iterator::Prior, 1) => {
                if let Some(done) = self.shortcut(Iterator::Prior, function, &mut args)? {
                    return Ok(done);
                }
                let first = prior_start(function);
                self.prior(function, first, &args.pop().unwrap_or(Noun::Null))
            }
            (Iterator::Prior, 2) => {
                let y = args.pop().unwrap_or(Noun::Null);
                self.prior(function, args.pop(), &y)
            }
            (Iterator::Over | Iterator::Scan, count) => {
                let scan = derived.iterator == Iterator::Scan;
                match (self.rank(function), count) {
                    (_, 2) if scan && function.kind() == Some(Kind::Float) && function.is_list() => {
                        let c = args.pop().unwrap_or(Noun::Null);
                        self.recurrence(&args.pop().unwrap_or(Noun::Null), function, &c)
                    }
                    (Some(1), 1 | 2) => self.repeat_until(function, args, scan),
                    (_, 1) => {
                        if let Some(done) = self.shortcut(derived.iterator, function, &mut args)? {
                            return Ok(done);
                        }
                        let list = args.pop().unwrap_or(Noun::Null);
                        self.reduce(function, None, &[list], scan)
                    }
                    (_, 2..) => {
                        let lists = args.split_off(1);
                        self.reduce(function, args.pop(), &lists, scan)
                    }
                    _ => Err(Fault::RANK),
                }
            }
            _ => Err(Fault::RANK),
        }
    }

    /// The rank of a function as iterators see it: data have rank one, a matrix rank two.
    fn rank(&self, function: &Noun) -> Option<usize> {
        match function {
            Noun::Func(Func::Derived(derived)) => match derived.iterator {
                Iterator::Right | Iterator::Left | Iterator::Prior => Some(2),
                Iterator::Each => self.rank(&derived.function),
                Iterator::Over | Iterator::Scan => Some(1),
            },
            Noun::Func(Func::Verb(verb)) if verb.name == "enlist" => Some(1),
            Noun::Func(func) => func.rank(),
            Noun::List(list) if list.items().first().is_some_and(Noun::is_list) => Some(2),
            _ => Some(1),
        }
    }

    /// Fast path for verbs over vectors that have a loop of their own: `+/x` is `sum x`, `+\x` is `sums x`, `-':x`
    /// is `deltas x`.
    fn shortcut(&mut self, iterator: Iterator, function: &Noun, args: &mut Vec<Noun>) -> R<Option<Noun>> {
        let Noun::Func(Func::Verb(verb)) = function else { return Ok(None) };
        let whole = match (verb.name, iterator) {
            ("+", Iterator::Over) => "sum",
            ("*", Iterator::Over) => "prd",
            ("&", Iterator::Over) => "min",
            ("|", Iterator::Over) => "max",
            (",", Iterator::Over) => "raze",
            ("+", Iterator::Scan) => "sums",
            ("*", Iterator::Scan) => "prds",
            ("-", Iterator::Prior) => "deltas",
            ("%", Iterator::Prior) => "ratios",
            _ => return Ok(None),
        };
        let fits = match args.first() {
            Some(Noun::Vector(vector)) => {
                let typed = vector.kind != Kind::Symbol && vector.kind != Kind::Guid && vector.kind != Kind::Char;
                typed && vector.len() != 1 && whole != "raze" && (vector.len() > 1 || iterator == Iterator::Over)
            }
            // An empty list gives the identity of the verb, if it has one.
            Some(Noun::List(list)) if list.items().is_empty() => iterator == Iterator::Over,
            Some(Noun::List(_)) => whole == "raze",
            _ => false,
        };
        let Some(verb) = super::verb::named(whole.as_bytes()).filter(|_| fits) else { return Ok(None) };
        verb.apply(self, std::mem::take(args)).map(Some)
    }

    /// `deltas[x;y]`: keywords derived from a verb and an iterator also accept an initial value.
    pub(crate) fn with_initial(&mut self, name: &str, args: Vec<Noun>) -> R {
        let (verb, iterator) = match name {
            "deltas" => ("-", Iterator::Prior),
            "ratios" => ("%", Iterator::Prior),
            "sums" => ("+", Iterator::Scan),
            "prds" => ("*", Iterator::Scan),
            "mins" => ("&", Iterator::Scan),
            "maxs" => ("|", Iterator::Scan),
            "raze" => (",", Iterator::Over),
            _ => return Err(Fault::RANK),
        };
        let verb = Noun::Func(Func::Verb(super::verb::require(verb)?));
        let Noun::Func(Func::Derived(derived)) = super::func::derive(iterator, verb)? else { return Err(Fault::RANK) };
        self.iterate(&derived, args)
    }

    /// Applies `work` to each item. The result for a dict keeps its keys.
    pub(crate) fn each(&mut self, x: &Noun, mut work: impl FnMut(&mut Self, Noun) -> R) -> R {
        let count = match x {
            Noun::Vector(_) | Noun::List(_) | Noun::Table(_) | Noun::Dict(_) => x.len(),
            Noun::Enum(_) if x.is_list() => x.len(),
            _ => return work(self, x.clone()),
        };
        if let Noun::Dict(dict) = x {
            let values = self.each(&dict.values, work)?;
            return Dict::new(dict.keys.clone(), values);
        }
        if count == 0 {
            return Ok(super::noun::empty(Kind::List));
        }
        let mut all = self.vec(count)?;
        for index in 0..count {
            self.charge(STEP)?;
            all.push(work(self, x.at(index))?);
        }
        build::tidy(all)
    }

    /// `f'[x;y]`: iterates over lists in parallel; atoms are passed to every call. Dicts iterate over their values.
    fn each_together(&mut self, function: &Noun, args: &[Noun]) -> R {
        let is_many = |arg: &&Noun| arg.is_list() || matches!(arg, Noun::Dict(_));
        let Some(count) = args.iter().find(is_many).map(Noun::len) else { return self.apply(function, args.to_vec()) };
        if args.iter().filter(is_many).any(|arg| arg.len() != count) {
            return Err(Fault::LENGTH);
        }
        let keys = args.iter().find_map(|arg| if let Noun::Dict(dict) = arg { Some(dict.keys.clone()) } else { None });
        if count == 0 {
            return Ok(super::noun::empty(Kind::List));
        }
        let mut all = self.vec(count)?;
        for index in 0..count {
            self.charge(STEP)?;
            let row = args.iter().map(|arg| if is_many(&arg) { arg.at(index) } else { arg.clone() }).collect();
            all.push(self.apply(function, row)?);
        }
        let values = build::tidy(all)?;
        match keys {
            Some(keys) => Dict::new(keys, values),
            None => Ok(values),
        }
    }

    /// Case, `v'[x;y;…]`: item `i` of the result is item `i` of the argument with number `v[i]`.
    fn case(&mut self, choice: &Noun, args: &[Noun]) -> R {
        let count = choice.len();
        let mut all = self.vec(count)?;
        for index in 0..count {
            self.charge(STEP)?;
            let which = choice.at(index).as_long().and_then(|which| usize::try_from(which).ok());
            let arg = which.and_then(|which| args.get(which)).ok_or(Fault::TYPE)?;
            all.push(if arg.is_list() { arg.at(index) } else { arg.clone() });
        }
        build::tidy(all)
    }

    /// `f':[x;y]`: applies `function` to each item and its predecessor; the first one's predecessor is `start`.
    fn prior(&mut self, function: &Noun, start: Option<Noun>, list: &Noun) -> R {
        if !list.is_list() && !matches!(list, Noun::Dict(_)) {
            return Ok(list.clone());
        }
        let mut before = start.unwrap_or_else(|| list.null_of());
        self.each(list, |vm, item| {
            let before = std::mem::replace(&mut before, item.clone());
            vm.apply2(function, item, before)
        })
    }

    /// `f/[x;y;z]`: folds from `start`, or from the first item.
    fn reduce(&mut self, function: &Noun, start: Option<Noun>, lists: &[Noun], scan: bool) -> R {
        let is_many = |arg: &&Noun| arg.is_list() || matches!(arg, Noun::Dict(_));
        let Some(count) = lists.iter().find(is_many).map(Noun::len) else {
            return match start {
                Some(start) => self.apply(function, [vec![start], lists.to_vec()].concat()),
                None => Ok(lists.first().cloned().unwrap_or(Noun::Null)),
            };
        };
        if lists.iter().filter(is_many).any(|list| list.len() != count) {
            return Err(Fault::LENGTH);
        }
        let first = lists.first().cloned().unwrap_or(Noun::Null);
        let mut all = if scan { self.vec(count)? } else { Vec::new() };
        let (mut value, from) = match start {
            Some(start) => (start, 0),
            // The kind of a lambda's result is unknown if it is never called.
            None if count == 0 => {
                let known = is_join(function) || scan && matches!(function, Noun::Func(Func::Verb(_)));
                return Ok(if known { first } else { super::noun::empty(Kind::List) });
            }
            None if scan && is_join(function) && first.at(0).is_atom() => (build::enlist(first.at(0))?, 1),
            None => (first.at(0), 1),
        };
        if scan && from == 1 {
            all.push(value.clone());
        }
        for index in from..count {
            self.charge(STEP)?;
            value = match lists {
                [list] => self.apply2(function, value, list.at(index))?,
                _ => {
                    let mut args = self.vec(1 + lists.len())?;
                    args.push(value);
                    args.extend(lists.iter().map(|list| if is_many(&list) { list.at(index) } else { list.clone() }));
                    self.apply(function, args)?
                }
            };
            if scan {
                self.grow(&mut all, 1)?;
                all.push(value.clone());
            }
        }
        match (scan, &first) {
            (false, _) => Ok(value),
            (true, Noun::Dict(dict)) => Dict::new(dict.keys.clone(), build::tidy(all)?),
            (true, _) if all.is_empty() => Ok(super::noun::empty(Kind::List)),
            (true, _) => build::tidy(all),
        }
    }

    /// `a b\c` for floats, the linear recurrence `v[i] = v[i-1] * b[i] + c[i]`.
    fn recurrence(&mut self, start: &Noun, b: &Noun, c: &Noun) -> R {
        let (Noun::Atom(Atom { item: Item::F64(start), .. }), Noun::Vector(b), Noun::Vector(c)) = (start, b, c) else {
            return Err(Fault::TYPE);
        };
        let (Items::F64(b), Items::F64(c)) = (&b.items, &c.items) else { return Err(Fault::TYPE) };
        if b.len() != c.len() {
            return Err(Fault::LENGTH);
        }
        let mut all = self.vec(b.len())?;
        let terms = b.iter().zip(c.iter());
        all.extend(terms.scan(*start, |value, (b, c)| {
            *value = *value * b + c;
            Some(*value)
        }));
        Ok(super::noun::vector(Kind::Float, all))
    }

    /// `f/[x]` for a function of one argument: repeats until the value stops changing. `f/[n;x]`: repeats `n`
    /// times. `f/[g;x]`: repeats while `g` is true.
    fn repeat_until(&mut self, function: &Noun, mut args: Vec<Noun>, scan: bool) -> R {
        let mut value = args.pop().unwrap_or(Noun::Null);
        let control = args.pop();
        let mut all = if scan { vec![value.clone()] } else { Vec::new() };
        let (mut left, test) = match &control {
            None => (u64::MAX, None),
            Some(times) if times.is_atom() => (u64::try_from(times.as_long().ok_or(Fault::TYPE)?).unwrap_or(0), None),
            Some(test) => (u64::MAX, Some(test)),
        };
        let first = if control.is_none() { Some(value.clone()) } else { None };
        while left > 0 {
            self.charge(STEP)?;
            if let Some(test) = test
                && !super::eval::truth(&self.apply1(test, value.clone())?)?
            {
                break;
            }
            let next = match &first {
                Some(first) => {
                    let next = self.apply1(function, value.clone())?;
                    if self.matches(&next, &value)? || self.matches(&next, first)? {
                        break;
                    }
                    next
                }
                None => self.apply1(function, std::mem::take(&mut value))?,
            };
            if scan {
                self.grow(&mut all, 1)?;
                all.push(next.clone());
            }
            value = next;
            left -= 1;
        }
        if scan { build::tidy(all) } else { Ok(value) }
    }
}

/// Whether the function is `,`.
fn is_join(function: &Noun) -> bool {
    matches!(function, Noun::Func(Func::Verb(verb)) if verb.name == ",")
}

/// The predecessor of the first item for each-prior of a verb; `None` means the item's null.
fn prior_start(function: &Noun) -> Option<Noun> {
    match function {
        Noun::Func(Func::Verb(verb)) => match verb.name {
            "+" | "-" | "|" => Some(Noun::long(0)),
            "*" | "%" => Some(Noun::long(1)),
            "&" => Some(Noun::long(i64::MAX)),
            "," => Some(super::noun::empty(Kind::List)),
            _ => None,
        },
        _ => None,
    }
}
