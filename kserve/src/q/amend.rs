//! Amend: `x[i]:y`, `@[x;i;f;y]`, `.[x;i;f;y]`.

mod append;
mod item;

use super::build;
use super::fault::{Fault, R};
use super::func::Func;
use super::noun::Noun;
use super::symbols::Sym;
use super::verb::Verb;
use super::vm::Vm;

/// The places to change: `@` items of one level, `.` a path.
pub(crate) enum Where {
    At(Noun),
    Deep(Noun),
}

impl Vm<'_> {
    /// `@[x;i;f]`, `@[x;i;f;y]` and the same with `.`. If `x` is a name, changes the global in place and returns
    /// the name.
    pub(crate) fn amend(&mut self, x: Noun, at: Where, function: Noun, y: Option<Noun>) -> R {
        let path = match at {
            Where::At(index) => vec![index],
            Where::Deep(Noun::Null) => Vec::new(),
            Where::Deep(list) => match &list {
                Noun::Vector(_) | Noun::List(_) => build::items(&list),
                _ => return Err(Fault::TYPE),
            },
        };
        match x.as_sym() {
            Some(name) if x.is_atom() => {
                self.amend_named(name, &path, &function, y)?;
                Ok(x)
            }
            _ => {
                let mut value = x;
                self.amend_noun(&mut value, &path, &function, y)?;
                Ok(value)
            }
        }
    }

    fn amend_noun(&mut self, value: &mut Noun, path: &[Noun], function: &Noun, y: Option<Noun>) -> R<()> {
        match y {
            None => self.amend_path(value, path, &mut |vm, old| vm.apply1(function, old), None),
            Some(y) => self.amend_at(value, path, Some(function), y),
        }
    }

    /// Changes a global. For the name of a namespace, `path` holds the names of its globals.
    fn amend_named(&mut self, name: Sym, path: &[Noun], function: &Noun, y: Option<Noun>) -> R<()> {
        if self.q.globals.contains_key(&name) || self.q.views.contains(name) {
            let alone = verb_of(function).is_some();
            return self.change_global(name, alone, |vm, value| vm.amend_noun(value, path, function, y));
        }
        match (path.split_first(), y) {
            (_, y) if self.text(name).starts_with(b":") => self.amend_file(name, path, function, y),
            (None, Some(y)) if is_assign(function) => self.define(name, y),
            (Some((keys, others)), y) if self.text(name).starts_with(b".") => {
                let prefix = match self.text(name) {
                    b"." => Vec::new(),
                    space => [space, b"."].concat(),
                };
                let many = keys.is_list() && y.as_ref().is_some_and(Noun::is_list);
                if many && y.as_ref().is_some_and(|y| y.len() != keys.len()) {
                    return Err(Fault::LENGTH);
                }
                for (index, key) in keys.as_syms().ok_or(Fault::TYPE)?.iter().enumerate() {
                    let full = [prefix.as_slice(), self.text(*key)].concat();
                    let full = self.intern(&full);
                    let y = y.as_ref().map(|y| if many { y.at(index) } else { y.clone() });
                    self.recurse(|vm| vm.amend_named(full, others, function, y))?;
                }
                Ok(())
            }
            _ => Err(Fault::named(self.text(name))),
        }
    }

    /// ``.[`:file;();:;y]`` writes an object to a file; ``.[`:file;();,;y]`` appends to the object in it.
    fn amend_file(&mut self, file: Sym, path: &[Noun], function: &Noun, y: Option<Noun>) -> R<()> {
        let (true, Some(y)) = (path.is_empty(), y) else { return Err(Fault::nyi("a change of a file in place")) };
        let file = self.path(&Noun::sym(file))?;
        let value = if is_assign(function) {
            y
        } else {
            let mut value = self.stored(&file)?;
            self.amend_whole(&mut value, function, y)?;
            value
        };
        self.store_file(&file, &value)
    }

    /// `a+:y`: applies a verb to the whole value.
    pub(crate) fn amend_whole(&mut self, value: &mut Noun, verb: &Noun, y: Noun) -> R<()> {
        if is_join(verb) {
            return self.join_in_place(value, y);
        }
        if let Some(verb) = verb_of(verb)
            && super::arith::change_in_place(self, verb.name, value, &y)?
        {
            return Ok(());
        }
        let old = std::mem::take(value);
        // Restored if the verb fails.
        let kept = old.clone();
        match self.apply2(verb, old, y) {
            Ok(new) => {
                *value = new;
                Ok(())
            }
            Err(fault) => {
                *value = kept;
                Err(fault)
            }
        }
    }

    /// `a,:y`. Unlike `a,y`, a vector stays a vector, and a list of vectors appends a vector as one item.
    fn join_in_place(&mut self, value: &mut Noun, y: Noun) -> R<()> {
        let y = if self.q.enumerates { self.conform_to_domain(value, y)? } else { y };
        match (&mut *value, &y) {
            (Noun::Vector(_), Noun::List(list)) if list.items().is_empty() => Ok(()),
            (Noun::Vector(vector), Noun::Atom(_) | Noun::Vector(_) | Noun::List(_))
                if y.kind() != Some(vector.kind) =>
            {
                Err(Fault::TYPE)
            }
            // Columns missing in `y` are filled with nulls.
            (Noun::Table(_), Noun::Table(_)) => self.add(value, y, false),
            (Noun::Dict(dict), Noun::Dict(more)) if matches!((&dict.values, &more.values), (Noun::Vector(x), Noun::Vector(y)) if x.kind != y.kind) => {
                Err(Fault::TYPE)
            }
            (Noun::List(list), Noun::Vector(more)) if matches!(list.items().first(), Some(Noun::Vector(first)) if first.kind == more.kind) =>
            {
                self.charge(4)?;
                self.own_list(list)?.push(y)
            }
            _ => self.append(value, y),
        }
    }

    /// `a[i;j]:y` and `a[i;j]+:y`. The verb `:`, or `None`, assigns.
    pub(crate) fn amend_at(&mut self, value: &mut Noun, path: &[Noun], verb: Option<&Noun>, y: Noun) -> R<()> {
        match verb.filter(|verb| !is_assign(verb)) {
            None => self.amend_path(value, path, &mut |_, _| Err(Fault::TYPE), Some(&y)),
            Some(verb) => self.amend_path_with(value, path, verb, &y),
        }
    }

    /// Like [`amend_path`](Self::amend_path), but combines the old items with those of `y` through a verb.
    fn amend_path_with(&mut self, value: &mut Noun, path: &[Noun], verb: &Noun, y: &Noun) -> R<()> {
        let Some((first, others)) = path.split_first() else { return self.amend_whole(value, verb, y.clone()) };
        match first {
            Noun::Elided | Noun::Null => {
                let all = self.all_places(value)?;
                self.amend_each(value, &all, others, verb, y)
            }
            Noun::Vector(_) | Noun::List(_) => self.amend_each(value, first, others, verb, y),
            _ => self.amend_one(value, first, &mut |vm, item| vm.amend_path_with(item, others, verb, y)),
        }
    }

    /// `@[x;i;f;y]` for a list `i`. A list `y` must have the same length; an atom is used for every item.
    fn amend_each(&mut self, value: &mut Noun, places: &Noun, others: &[Noun], verb: &Noun, y: &Noun) -> R<()> {
        let many = y.is_list();
        if many && y.len() != places.len() {
            return Err(Fault::LENGTH);
        }
        for index in 0..places.len() {
            self.charge(16)?;
            let y = if many { y.at(index) } else { y.clone() };
            let place = places.at(index);
            match &place {
                Noun::Vector(_) | Noun::List(_) => self.amend_each(value, &place, others, verb, &y)?,
                Noun::Null => self.amend_path_with(value, &[&[place], others].concat(), verb, &y)?,
                _ => self.amend_one(value, &place, &mut |vm, item| vm.amend_path_with(item, others, verb, &y))?,
            }
        }
        Ok(())
    }

    /// Replaces the items at a path by `y`, spread over the places, or by the result of `work` on the old items.
    fn amend_path(
        &mut self,
        value: &mut Noun,
        path: &[Noun],
        work: &mut dyn FnMut(&mut Self, Noun) -> R,
        y: Option<&Noun>,
    ) -> R<()> {
        self.check_stack()?;
        let Some((first, others)) = path.split_first() else {
            *value = match y {
                Some(y) => y.clone(),
                None => work(self, std::mem::take(value))?,
            };
            return Ok(());
        };
        let all;
        let places = match first {
            Noun::Elided | Noun::Null => {
                all = self.all_places(value)?;
                &all
            }
            other => other,
        };
        match places {
            Noun::Vector(_) | Noun::List(_) => {
                let many = y.is_some_and(Noun::is_list);
                if many && y.is_some_and(|y| y.len() != places.len()) {
                    return Err(Fault::LENGTH);
                }
                for index in 0..places.len() {
                    self.charge(16)?;
                    let part = y.map(|y| if many { y.at(index) } else { y.clone() });
                    let place = places.at(index);
                    if matches!(place, Noun::Vector(_) | Noun::List(_) | Noun::Null) {
                        let nested = [std::slice::from_ref(&place), others].concat();
                        self.amend_path(value, &nested, work, part.as_ref())?;
                    } else {
                        self.amend_one(value, &place, &mut |vm, item| {
                            vm.amend_path(item, others, work, part.as_ref())
                        })?;
                    }
                }
                Ok(())
            }
            place => self.amend_one(value, place, &mut |vm, item| vm.amend_path(item, others, work, y)),
        }
    }

    fn all_places(&mut self, value: &Noun) -> R {
        match value {
            Noun::Dict(dict) => Ok(dict.keys.clone()),
            _ => {
                let count = value.len();
                let mut places = self.vec(count)?;
                places.extend((0..count).map(|index| i64::try_from(index).unwrap_or(i64::MAX)));
                Ok(Noun::longs(places))
            }
        }
    }
}

fn verb_of(noun: &Noun) -> Option<&'static Verb> {
    if let Noun::Func(Func::Verb(verb)) = noun { Some(verb) } else { None }
}

fn is_assign(noun: &Noun) -> bool {
    verb_of(noun).is_some_and(|verb| verb.name == ":")
}

fn is_join(noun: &Noun) -> bool {
    verb_of(noun).is_some_and(|verb| verb.name == ",")
}
