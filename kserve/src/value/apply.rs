//! Values applied to arguments.

use kcodec::{Atom, Body, Function, Kind, List, Symbol, Value};

use super::Interpreter;
use super::fault::Fault;
use super::function::{filled, is_callable, project};
use super::index;
use super::items::encode;
use super::keyword::{self, Role, Word};

/// Whether an argument was left out.
pub(crate) fn is_elided(argument: &Body) -> bool {
    matches!(argument.value(), Value::Function(Function::Unary(255)))
}

/// What it takes to find a part of a value, or to copy it: nothing for atoms and vectors of fixed width,
/// a walk over the bytes for all else.
fn walk(value: &Body) -> usize {
    match value.value() {
        Value::Atom(_) => 0,
        Value::Vector(vector) if vector.kind() != Kind::Symbol => 0,
        _ => value.as_bytes().len() / 32,
    }
}

impl Interpreter {
    /// `f[x;y]` for whatever f is: code is called, data indexed. With too few arguments code becomes
    /// a projection.
    pub(crate) fn apply(&mut self, function: &Body, arguments: Vec<Body>) -> Result<Body, Fault> {
        self.budget.step()?;
        self.budget.touch(walk(function) + arguments.iter().map(walk).sum::<usize>())?;
        self.nest(|q| q.applied(function, arguments))
    }

    /// Runs `work` one level down.
    pub(crate) fn nest<T, E: From<Fault>>(&mut self, work: impl FnOnce(&mut Self) -> Result<T, E>) -> Result<T, E> {
        self.budget.enter()?;
        let done = work(self);
        self.budget.leave();
        done
    }

    fn applied(&mut self, function: &Body, arguments: Vec<Body>) -> Result<Body, Fault> {
        match function.value() {
            Value::Function(code) => self.code(function, code, arguments),
            Value::Atom(Atom::Symbol(name)) => self.by_name(name, arguments),
            _ => index::index(&mut self.budget, function, &arguments),
        }
    }

    fn code(&mut self, body: &Body, code: Function<'_>, arguments: Vec<Body>) -> Result<Body, Fault> {
        match code {
            Function::Lambda(lambda) => {
                let rank = self.parsed(lambda)?.params.len();
                match arguments.len() {
                    count if count > rank.max(1) => Err(Fault::RANK),
                    count if count < rank || arguments.iter().any(is_elided) => project(body, arguments),
                    _ => self.call(body, lambda, arguments),
                }
            }
            Function::Unary(id) => self.word(keyword::by_id(Kind::Unary, id).ok_or(Fault::NYI)?, arguments),
            Function::Binary(id) => self.word(keyword::by_id(Kind::Binary, id).ok_or(Fault::NYI)?, arguments),
            Function::Projection(list) => self.projection(list, arguments),
            Function::Composition(list) => self.composition(list, arguments),
            Function::Derived(derived) => self.iterate(derived, &arguments),
            Function::Iterator(_) => Err(Fault::NYI),
        }
    }

    /// An operator or keyword on its arguments.
    pub(crate) fn word(&mut self, word: &'static Word, arguments: Vec<Body>) -> Result<Body, Fault> {
        let few = arguments.len() < word.rank() || (word.rank() > 1 && arguments.iter().any(is_elided));
        if few {
            return project(&word.body()?, arguments);
        }
        self.budget.touch(arguments.iter().map(walk).sum())?;
        match (&word.role, arguments.as_slice()) {
            (Role::Unary(function), [x]) => function(self, x),
            (Role::Binary(function), [x, y]) => function(self, x, y),
            (Role::Many(function), all) => function(self, all),
            _ => Err(Fault::RANK),
        }
    }

    fn projection(&mut self, list: List<'_>, arguments: Vec<Body>) -> Result<Body, Fault> {
        let mut parts = list.iter();
        let function = encode(parts.next().ok_or(Fault::TYPE)?)?;
        let given = parts.map(encode).collect::<Result<Vec<_>, _>>()?;
        let all = filled(given.into_iter(), arguments);
        self.apply(&function, all)
    }

    /// The last function on the arguments, each of the others on what came out.
    fn composition(&mut self, list: List<'_>, mut arguments: Vec<Body>) -> Result<Body, Fault> {
        let functions: Vec<Value<'_>> = list.iter().collect();
        for function in functions.into_iter().rev() {
            let value = self.apply(&encode(function)?, arguments)?;
            arguments = vec![value];
        }
        arguments.pop().ok_or(Fault::RANK)
    }

    /// A global, a registered function or, as `.q.neg`, a keyword.
    fn by_name(&mut self, name: Symbol<'_>, arguments: Vec<Body>) -> Result<Body, Fault> {
        let name = name.as_bytes();
        if let Some(body) = self.globals.get(name).cloned() {
            return self.apply(&body, arguments);
        }
        if let Some(native) = self.natives.get_mut(name) {
            if arguments.iter().any(is_elided) {
                return Err(Fault::NYI);
            }
            return native(&arguments);
        }
        if let Some(word) = name.strip_prefix(b".q.").and_then(keyword::named) {
            return self.word(word, arguments);
        }
        let namespace = self.lookup(name)?;
        index::index(&mut self.budget, &namespace, &arguments)
    }

    /// `f@x`, and `@[f;x;e]`: e, or what it makes of the error's text, where `f@x` fails.
    pub(crate) fn apply_at(&mut self, arguments: &[Body]) -> Result<Body, Fault> {
        match arguments {
            [function, argument] => self.apply(function, vec![argument.clone()]),
            [function, argument, otherwise] if is_callable(function.value()) => {
                let tried = self.apply(function, vec![argument.clone()]);
                self.trap(tried, otherwise)
            }
            _ => Err(Fault::NYI),
        }
    }

    /// `f . x`, where x is the list of arguments, and `.[f;x;e]`.
    pub(crate) fn apply_dot(&mut self, arguments: &[Body]) -> Result<Body, Fault> {
        let [function, list, ..] = arguments else { return Err(Fault::RANK) };
        if arguments.len() > 2 && !is_callable(function.value()) {
            return Err(Fault::NYI);
        }
        let list = index::arguments(&mut self.budget, list.value())?;
        if list.is_empty() {
            return Ok(function.clone());
        }
        match arguments {
            [_, _] => self.apply(function, list),
            [_, _, otherwise] => {
                let tried = self.apply(function, list);
                self.trap(tried, otherwise)
            }
            _ => Err(Fault::NYI),
        }
    }

    fn trap(&mut self, tried: Result<Body, Fault>, otherwise: &Body) -> Result<Body, Fault> {
        match tried {
            Err(fault) if is_callable(otherwise.value()) && !matches!(otherwise.value(), Value::Atom(_)) => {
                let text = encode(fault.text())?;
                self.apply(otherwise, vec![text])
            }
            Err(_) => Ok(otherwise.clone()),
            done => done,
        }
    }
}
