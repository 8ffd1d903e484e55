//! Application: `f x`, `f[x;y]`, `f@x`, `f . x`, and traps.

use std::sync::Arc;

use super::amend;
use super::build;
use super::enumeration::is_enumeration;
use super::fault::{Fault, R};
use super::func::{self, Func, Iterator, Lambda};
use super::noun::{Atom, Item, Noun};
use super::symbols::Sym;
use super::verb::Verb;
use super::vm::Vm;
use kcodec::Kind;

/// Whether an argument is elided.
const fn is_elided(noun: &Noun) -> bool {
    matches!(noun, Noun::Elided)
}

impl Vm<'_> {
    /// Applies a function, list, dict, name or handle to arguments. Elided arguments give a projection.
    pub(crate) fn apply(&mut self, function: &Noun, args: Vec<Noun>) -> R {
        match function {
            Noun::Func(func) => self.recurse(|vm| vm.apply_func(func, function, args)),
            Noun::Null => match <[Noun; 1]>::try_from(args) {
                Ok([only]) => Ok(only),
                Err(_) => Err(Fault::RANK),
            },
            Noun::Elided => Err(Fault::TYPE),
            Noun::Atom(Atom { item: Item::Sym(name), .. }) if self.text(*name).starts_with(b":") => {
                self.one_shot(function, args)
            }
            Noun::Atom(Atom { item: Item::Sym(name), kind: Kind::Symbol }) => {
                let function = self.callable(*name)?;
                self.recurse(|vm| vm.apply(&function, args))
            }
            Noun::Atom(Atom { kind: Kind::Int | Kind::Long | Kind::Short, .. }) => self.apply_handle(function, args),
            Noun::Atom(_) => Err(Fault::TYPE),
            _ if args.iter().any(is_elided) && args.len() == 1 => Ok(function.clone()),
            _ => self.index_deep(function, &args),
        }
    }

    /// Applies to one argument.
    pub(crate) fn apply1(&mut self, function: &Noun, x: Noun) -> R {
        match function {
            Noun::Func(Func::Verb(Verb { role: super::verb::Role::Unary(function), .. })) if !is_enumeration(&x) => {
                function(self, x)
            }
            // Fast path: no vector of arguments.
            Noun::Func(Func::Lambda(lambda)) if lambda.params.len() == 1 && !is_elided(&x) => {
                self.call_with(lambda, |stack| stack.push(x))
            }
            _ => self.apply(function, vec![x]),
        }
    }

    /// Applies to two arguments.
    pub(crate) fn apply2(&mut self, function: &Noun, x: Noun, y: Noun) -> R {
        match function {
            Noun::Func(Func::Verb(Verb { role: super::verb::Role::Binary(function), .. }))
                if !is_enumeration(&x) && !is_enumeration(&y) =>
            {
                function(self, x, y)
            }
            Noun::Func(Func::Lambda(lambda)) if lambda.params.len() == 2 && !is_elided(&x) && !is_elided(&y) => {
                self.call_with(lambda, |stack| stack.extend([x, y]))
            }
            _ => self.apply(function, vec![x, y]),
        }
    }

    fn apply_func(&mut self, func: &Func, function: &Noun, mut args: Vec<Noun>) -> R {
        let whole = !args.iter().any(is_elided);
        match func {
            Func::Verb(verb) if whole && verb.rank().is_none_or(|rank| args.len() >= rank) => verb.apply(self, args),
            Func::Lambda(lambda) if whole && args.len() == lambda.params.len() => self.call(lambda, &mut args),
            Func::Lambda(lambda) if lambda.params.is_empty() && args.len() == 1 => {
                args.clear();
                self.call(lambda, &mut args)
            }
            Func::Lambda(lambda) if args.len() > lambda.params.len().max(1) => Err(Fault::RANK),
            Func::Derived(derived) if whole => self.iterate(derived, args),
            Func::Native(native) if whole => {
                let bodies = args.iter().map(|arg| self.body(arg)).collect::<R<Vec<_>>>()?;
                let mut call = native.call.try_lock().map_err(|_| Fault::nyi("a recursive call of a host function"))?;
                let body = call(&bodies)?;
                self.noun(body.value())
            }
            Func::Composition(composition) if whole => {
                let mut parts = composition.parts.iter().rev();
                let mut value = self.apply(parts.next().unwrap_or(&Noun::Null), args)?;
                for part in parts {
                    value = self.apply(part, vec![value])?;
                }
                Ok(value)
            }
            Func::Projection(projection) => {
                let mut args = args.into_iter();
                let given = projection.args.iter();
                let mut all: Vec<Noun> = given
                    .map(|given| if is_elided(given) { args.next().unwrap_or(Noun::Elided) } else { given.clone() })
                    .collect();
                all.extend(args);
                // A single `::` fills the projection: `f[1][]`.
                self.apply(&projection.function, all)
            }
            Func::Iterator(iterator) if whole => match (iterator, args.len()) {
                (_, 1) => func::derive(*iterator, args.pop().unwrap_or(Noun::Null)),
                (Iterator::Each, 2..) => func::compose(args),
                _ => Err(Fault::RANK),
            },
            _ => {
                while args.len() > 1 && args.last().is_some_and(is_elided) && whole_before(&args) {
                    args.pop();
                }
                func::project(function.clone(), args)
            }
        }
    }

    /// Looks up a function by name: a global or a keyword.
    pub(crate) fn callable(&mut self, name: Sym) -> R {
        if let Some(value) = self.q.globals.get(&name) {
            return Ok(value.clone());
        }
        let text = self.text(name);
        match super::verb::named(text).filter(|verb| verb.is_word()) {
            Some(verb) => Ok(Noun::Func(Func::Verb(verb))),
            None => self.global(name),
        }
    }

    /// `@` with two arguments applies; with three it is a trap or an amend, with four an amend.
    pub(crate) fn apply_at(&mut self, mut args: Vec<Noun>) -> R {
        if args.len() == 2 {
            let x = args.pop().unwrap_or(Noun::Null);
            let function = args.pop().unwrap_or(Noun::Null);
            return self.apply(&function, vec![x]);
        }
        let mut args = args.into_iter();
        let (Some(function), Some(x), Some(third), fourth) = (args.next(), args.next(), args.next(), args.next())
        else {
            return Err(Fault::RANK);
        };
        if fourth.is_none() && self.is_callable(&function) {
            return self.trap(|vm| vm.apply(&function, vec![x]), &third);
        }
        self.amend(function, amend::Where::At(x), third, fourth)
    }

    /// `.`, with `x` as the list of arguments; otherwise like [`apply_at`](Self::apply_at).
    pub(crate) fn apply_dot(&mut self, args: Vec<Noun>) -> R {
        let mut args = args.into_iter();
        let (Some(function), Some(x), third, fourth) = (args.next(), args.next(), args.next(), args.next()) else {
            return Err(Fault::RANK);
        };
        match (third, fourth) {
            (None, _) => self.apply_list(&function, &x),
            (Some(third), None) if self.is_callable(&function) => self.trap(|vm| vm.apply_list(&function, &x), &third),
            (Some(third), fourth) => self.amend(function, amend::Where::Deep(x), third, fourth),
        }
    }

    /// Whether `noun` is a function or names one. If so, three arguments of `@` and `.` are a trap, otherwise an
    /// amend.
    fn is_callable(&self, noun: &Noun) -> bool {
        match noun {
            Noun::Func(_) | Noun::Null => true,
            Noun::Atom(Atom { kind: Kind::Int | Kind::Long, .. }) => true,
            Noun::Atom(Atom { item: Item::Sym(name), .. }) => self.q.globals.get(name).is_some_and(Noun::is_func),
            _ => false,
        }
    }

    fn apply_list(&mut self, function: &Noun, list: &Noun) -> R {
        match list {
            Noun::Vector(_) | Noun::List(_) => {
                let args = build::items(list);
                if args.is_empty() {
                    return match function {
                        Noun::Func(Func::Lambda(lambda)) if lambda.params.is_empty() => {
                            self.apply(function, vec![Noun::Null])
                        }
                        _ => Ok(function.clone()),
                    };
                }
                self.apply(function, args)
            }
            // q 4.1 takes a dict of arguments by name, which is not supported; everything else is an error in q
            // too.
            _ => Err(Fault::TYPE),
        }
    }

    /// Runs `work`. If it fails, returns `otherwise`, or applies it to the error's text if it is a function. Never
    /// catches `stop`, which ends the request.
    fn trap(&mut self, work: impl FnOnce(&mut Self) -> R, otherwise: &Noun) -> R {
        let (depth, base, this) = (self.q.stack.len(), self.base, self.this.clone());
        match work(self) {
            Err(fault) if fault != Fault::STOP => {
                self.q.stack.truncate(depth);
                (self.base, self.this) = (base, this);
                if otherwise.is_func() {
                    self.apply(otherwise, vec![Noun::text(fault.text())])
                } else {
                    Ok(otherwise.clone())
                }
            }
            done => done,
        }
    }

    /// The value of a message, and `value x`: evaluates text, looks up a name, applies the first item of a list to
    /// the others.
    pub(crate) fn value(&mut self, x: Noun) -> R {
        if let Some(text) = x.as_text() {
            let text = text.to_vec();
            return self.command(&text);
        }
        match &x {
            Noun::Atom(Atom { item: Item::Sym(name), .. }) => self.global(*name),
            Noun::List(_) | Noun::Vector(_) => self.value_list(x),
            Noun::Dict(dict) => Ok(dict.values.clone()),
            Noun::Table(table) => table.flip(),
            Noun::Func(func) => self.parts(func),
            Noun::Null => Ok(Noun::long(0)),
            _ => Err(Fault::TYPE),
        }
    }

    /// Applies the first item of a list to the others. These are data and are not evaluated.
    fn value_list(&mut self, list: Noun) -> R {
        if !matches!(list, Noun::List(_)) && list.as_syms().is_none() {
            return Err(Fault::TYPE);
        }
        if list.len() == 0 {
            return Ok(list);
        }
        let head = list.at(0);
        let function = match (&head, head.as_text()) {
            (_, Some(text)) => {
                let text = text.to_vec();
                self.command(&text)?
            }
            (Noun::Atom(Atom { item: Item::Sym(name), .. }), _) => self.callable(*name)?,
            _ => head,
        };
        // If the list is unshared, its items are moved out, so that they can be changed in place.
        let mut args = match list {
            Noun::List(list) => match Arc::try_unwrap(list) {
                Ok(list) => list.into_items(),
                Err(list) => {
                    self.room(list.items().len().saturating_mul(size_of::<Noun>()))?;
                    list.items().to_vec()
                }
            },
            other => build::items(&other),
        };
        args.remove(0);
        if args.is_empty() {
            return if function.is_func() { self.apply(&function, vec![Noun::Null]) } else { Ok(function) };
        }
        self.apply(&function, args)
    }

    /// `value f`: the components of a function.
    fn parts(&self, func: &Func) -> R {
        match func {
            Func::Verb(Verb { id: Some(id), .. }) => Ok(Noun::long(i64::from(*id))),
            Func::Iterator(iterator) => Ok(Noun::long(i64::from(iterator.id()))),
            Func::Projection(projection) => {
                super::noun::List::raw([std::slice::from_ref(&projection.function), &projection.args].concat())
            }
            Func::Composition(composition) => super::noun::List::raw(composition.parts.clone()),
            Func::Derived(derived) => Ok(derived.function.clone()),
            Func::Lambda(lambda) => self.lambda_parts(lambda),
            _ => Err(Fault::nyi("value of a keyword")),
        }
    }

    /// In q's order: bytecode (empty here), parameters, locals, context and globals, constants, file and position
    /// of the definition, and the text.
    fn lambda_parts(&self, lambda: &Arc<Lambda>) -> R {
        let locals = lambda.slots.iter().skip(lambda.params.len()).filter(|slot| slot.local);
        let locals = Noun::syms(locals.map(|slot| slot.name).collect());
        let globals = lambda.slots.iter().filter(|slot| !slot.local && slot.name != Sym::NULL).map(|slot| slot.global);
        let globals = Noun::syms(std::iter::once(lambda.context).chain(globals).collect());
        let none = super::noun::empty(Kind::Byte);
        super::noun::List::raw(vec![
            none,
            Noun::syms(lambda.params.clone()),
            locals,
            globals,
            Noun::text(""),
            Noun::long(-1),
            Noun::long(-1),
            Noun::text(lambda.source.to_vec()),
        ])
    }
}

/// Whether any argument before the last one is not elided.
fn whole_before(args: &[Noun]) -> bool {
    args.iter().rev().skip(1).any(|arg| !is_elided(arg))
}

/// A list of two items.
pub(crate) fn pair(x: Noun, y: Noun) -> R {
    super::noun::List::raw(vec![x, y])
}
