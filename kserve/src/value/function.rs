//! Functions as values: made, told apart, put together.

use kcodec::{Atom, Body, Derived, Function, Kind, List, Value};

use super::Interpreter;
use super::apply::is_elided;
use super::fault::Fault;
use super::items::nested;
use super::keyword;

/// `f[x;]`: a function and the arguments it has. Those left out at the end are not kept, but for one
/// where nothing else is.
pub(crate) fn project(function: &Body, mut arguments: Vec<Body>) -> Result<Body, Fault> {
    while arguments.len() > 1 && arguments.last().is_some_and(is_elided) {
        arguments.pop();
    }
    projection(function, &arguments)
}

/// `(x;;y)`: a list with holes, which is a projection of `enlist`.
pub(crate) fn holes(items: &[Body]) -> Result<Body, Fault> {
    let enlist = keyword::named(b"enlist").ok_or(Fault::NYI)?;
    projection(&enlist.body()?, items)
}

fn projection(function: &Body, arguments: &[Body]) -> Result<Body, Fault> {
    let mut parts = vec![function.value()];
    parts.extend(arguments.iter().map(Body::value));
    nested(Function::Projection(List::new(&parts)))
}

/// The arguments of a projection with the holes filled, from the left, and the others behind.
pub(crate) fn filled(given: impl Iterator<Item = Body>, arguments: Vec<Body>) -> Vec<Body> {
    let mut arguments = arguments.into_iter();
    let mut all: Vec<Body> =
        given.map(|given| if is_elided(&given) { arguments.next().unwrap_or(given) } else { given }).collect();
    all.extend(arguments);
    all
}

/// `f/`
pub(crate) fn derive(kind: Kind, function: &Body) -> Result<Body, Fault> {
    let function = function.value();
    nested(Function::Derived(Derived::new(kind, &function).ok_or(Fault::TYPE)?))
}

/// Whether a value is code, or the name of some.
pub(crate) const fn is_callable(value: Value<'_>) -> bool {
    matches!(value, Value::Function(_) | Value::Atom(Atom::Symbol(_)))
}

impl Interpreter {
    /// How many arguments a value takes; `None` where it takes what it is given.
    pub(crate) fn rank(&mut self, value: Value<'_>) -> Result<Option<usize>, Fault> {
        self.nest(|q| q.rank_inside(value))
    }

    fn rank_inside(&mut self, value: Value<'_>) -> Result<Option<usize>, Fault> {
        Ok(match value {
            Value::Function(Function::Lambda(lambda)) => Some(self.parsed(lambda)?.params.len()),
            Value::Function(Function::Unary(41)) => None,
            Value::Function(Function::Unary(_)) => Some(1),
            Value::Function(Function::Binary(_)) => Some(2),
            Value::Function(Function::Projection(list)) => {
                let given = list.iter().skip(1).filter(|&item| item != Value::ELIDED).count();
                let function = list.get(0).ok_or(Fault::TYPE)?;
                self.rank(function)?.map(|rank| rank.saturating_sub(given))
            }
            Value::Function(Function::Composition(list)) => match list.iter().last() {
                Some(last) => self.rank(last)?,
                None => None,
            },
            _ => None,
        })
    }
}
