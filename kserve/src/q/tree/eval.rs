//! Evaluates parse trees.

use crate::q::build;
use crate::q::code::Control;
use crate::q::enumeration::is_enumeration;
use crate::q::fault::{Fault, R};
use crate::q::func::{self, Func, Iterator};
use crate::q::noun::{Atom, Item, Noun, Vector};
use crate::q::scope::Scope;
use crate::q::verb::{self, Verb};
use crate::q::vm::Vm;
use kcodec::Kind;

impl Vm<'_> {
    /// Evaluates a parse tree.
    pub(crate) fn eval_tree(&mut self, tree: &Noun, scope: &mut Scope<'_>) -> R {
        self.charge(8)?;
        match tree {
            Noun::Atom(Atom { item: Item::Sym(name), .. }) => self.scope_value(*name, scope),
            Noun::Vector(Vector { kind: Kind::Symbol, .. }) => match tree.len() {
                0 => Ok(tree.clone()),
                1 => Ok(tree.at(0)),
                _ => self.eval_items(&build::items(tree), scope),
            },
            Noun::List(list) => match list.items() {
                [] => Ok(tree.clone()),
                [only] => Ok(only.clone()),
                items => self.eval_items(items, scope),
            },
            _ => Ok(tree.clone()),
        }
    }

    fn eval_items(&mut self, items: &[Noun], scope: &mut Scope<'_>) -> R {
        self.check_stack()?;
        let Some((head, args)) = items.split_first() else { return Ok(Noun::Null) };
        match head {
            Noun::Func(Func::Verb(verb)) => {
                if let Some(value) = self.eval_special(verb, args, scope)? {
                    return Ok(value);
                }
                match (&verb.role, args) {
                    (verb::Role::Unary(function), [x]) if !matches!(x, Noun::Elided) => {
                        let x = self.eval_tree(x, scope)?;
                        return if is_enumeration(&x) { verb.apply(self, vec![x]) } else { function(self, x) };
                    }
                    (verb::Role::Binary(function), [x, y])
                        if !matches!(x, Noun::Elided) && !matches!(y, Noun::Elided) =>
                    {
                        let y = self.eval_tree(y, scope)?;
                        let x = self.eval_tree(x, scope)?;
                        if is_enumeration(&x) || is_enumeration(&y) {
                            return verb.apply(self, vec![x, y]);
                        }
                        return function(self, x, y);
                    }
                    _ => {}
                }
            }
            Noun::Func(Func::Iterator(iterator)) => {
                if let [only] = args {
                    let value = self.eval_tree(only, scope)?;
                    return match value {
                        _ if *iterator != Iterator::Each || value.is_func() => func::derive(*iterator, value),
                        value => Err(self.signal(&value)),
                    };
                }
            }
            Noun::Atom(Atom { kind: Kind::Char, item: Item::U8(b';') }) => {
                let mut value = Noun::Null;
                for statement in args {
                    value = self.eval_tree(statement, scope)?;
                }
                return Ok(value);
            }
            Noun::Atom(Atom { kind: Kind::Symbol, item: Item::Sym(word) }) => {
                let control = match self.text(*word) {
                    b"if" => Some(Control::If),
                    b"do" => Some(Control::Do),
                    b"while" => Some(Control::While),
                    _ => None,
                };
                if let Some(control) = control {
                    return self.eval_control(control, args, scope);
                }
            }
            _ => {}
        }
        let values = self.eval_args(args, scope)?;
        let function = match head {
            Noun::Func(_) | Noun::Null => head.clone(),
            _ => self.eval_tree(head, scope)?,
        };
        self.apply(&function, values)
    }

    /// Evaluates arguments from right to left.
    fn eval_args(&mut self, args: &[Noun], scope: &mut Scope<'_>) -> R<Vec<Noun>> {
        let mut values = self.vec(args.len())?;
        for arg in args.iter().rev() {
            values.push(self.eval_tree(arg, scope)?);
        }
        values.reverse();
        Ok(values)
    }

    /// Evaluates forms that are not plain applications: assignments, conditionals, queries. `None` for all others.
    fn eval_special(&mut self, verb: &'static Verb, args: &[Noun], scope: &mut Scope<'_>) -> R<Option<Noun>> {
        match (verb.name, args) {
            (":", [only]) => self.eval_tree(only, scope).map(Some),
            (":" | "::", [target, value]) if is_target(target) => {
                let value = self.eval_tree(value, scope)?;
                self.eval_assign(target, None, value, scope).map(Some)
            }
            ("$", [_, _, _, ..]) if scope.table.is_some() => Err(Fault::RANK),
            ("$", [_, _, _, ..]) => {
                for pair in args.chunks(2) {
                    match pair {
                        [condition, branch] => {
                            let condition = self.eval_tree(condition, scope)?;
                            if crate::q::eval::truth(&condition)? {
                                return self.eval_tree(branch, scope).map(Some);
                            }
                        }
                        [otherwise] => return self.eval_tree(otherwise, scope).map(Some),
                        _ => {}
                    }
                }
                Ok(Some(Noun::Null))
            }
            ("?" | "!", [_, _, _, _, ..]) => {
                let values = self.eval_args(args, scope)?;
                let locals = scope.locals;
                let done = self.recurse(|vm| match verb.name {
                    "?" => vm.select_from(values, locals),
                    _ => vm.update_from(values, locals),
                });
                done.map(Some)
            }
            (_, [target, value]) if verb.rank() == Some(1) && is_target(target) => {
                let through = verb.id.and_then(|id| verb::by_id(Kind::Binary, id)).ok_or(Fault::RANK)?;
                let value = self.eval_tree(value, scope)?;
                let through = Noun::Func(Func::Verb(through));
                self.eval_assign(target, Some(&through), value, scope).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Evaluates `a:x`, `a[i]:x`, `a+:x` in a parse tree.
    fn eval_assign(&mut self, target: &Noun, verb: Option<&Noun>, value: Noun, scope: &mut Scope<'_>) -> R {
        let (name, path) = match target.as_sym() {
            Some(name) => (name, None),
            None => {
                let items = build::items(target);
                let (head, index) = items.split_first().ok_or(Fault::ASSIGN)?;
                (head.as_sym().ok_or(Fault::ASSIGN)?, Some(self.eval_args(index, scope)?))
            }
        };
        let place = self.scope_place(name, scope);
        let given = value.clone();
        match (path, verb) {
            (None, None) => self.store(place, given)?,
            (None, Some(verb)) => self.change(place, |vm, old| vm.amend_whole(old, verb, given))?,
            (Some(path), verb) => self.change(place, |vm, old| vm.amend_at(old, &path, verb, given))?,
        }
        Ok(value)
    }

    fn eval_control(&mut self, control: Control, args: &[Noun], scope: &mut Scope<'_>) -> R {
        let Some((condition, body)) = args.split_first() else { return Ok(Noun::Null) };
        let mut left = match control {
            Control::If => 1,
            Control::While => i64::MAX,
            Control::Do => self.eval_tree(condition, scope)?.as_long().ok_or(Fault::TYPE)?,
        };
        while left > 0 {
            self.charge(16)?;
            if control != Control::Do {
                let holds = self.eval_tree(condition, scope)?;
                if !crate::q::eval::truth(&holds)? {
                    break;
                }
            }
            for statement in body {
                self.eval_tree(statement, scope)?;
            }
            left -= 1;
        }
        Ok(Noun::Null)
    }
}

/// Whether it can be assigned: a name, or a name with an index.
fn is_target(target: &Noun) -> bool {
    target.as_sym().is_some()
        || (target.len() > 1 && matches!(target, Noun::List(_) | Noun::Vector(_)) && target.at(0).as_sym().is_some())
}
