//! Functions as q values.

use std::fmt;
use std::sync::{Arc, Mutex};

use kcodec::Kind;

use super::code::Code;
use super::fault::{Fault, R};
use super::noun::{self, Noun};
use super::symbols::Sym;
use super::verb::Verb;
use super::vm::Vm;

/// A function.
#[derive(Debug, Clone)]
pub(crate) enum Func {
    /// An operator, a keyword, or the unary form of an operator.
    Verb(&'static Verb),
    /// A bare iterator: `'`.
    Iterator(Iterator),
    Lambda(Arc<Lambda>),
    Projection(Arc<Projection>),
    /// Composed functions, the outermost first. The last one may have any rank.
    Composition(Arc<Composition>),
    /// A function or noun modified by an iterator.
    Derived(Arc<Derived>),
    Native(Arc<Native>),
}

/// The six iterators.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Iterator {
    Each,
    Over,
    Scan,
    Prior,
    Right,
    Left,
}

impl Iterator {
    pub(crate) const ALL: [Self; 6] = [Self::Each, Self::Over, Self::Scan, Self::Prior, Self::Right, Self::Left];

    /// The kind of a derived function.
    pub(crate) const fn kind(self) -> Kind {
        match self {
            Self::Each => Kind::Each,
            Self::Over => Kind::Over,
            Self::Scan => Kind::Scan,
            Self::Prior => Kind::EachPrior,
            Self::Right => Kind::EachRight,
            Self::Left => Kind::EachLeft,
        }
    }

    /// The id that the iterator is encoded with, and printed by.
    pub(crate) const fn id(self) -> u8 {
        self.kind().code() - Kind::Each.code()
    }
}

/// A function given by its text.
#[derive(Debug)]
pub(crate) struct Lambda {
    /// Its text, with braces.
    pub(crate) source: Arc<[u8]>,
    /// The namespace it was parsed in, without the leading dot; null for the root.
    pub(crate) context: Sym,
    pub(crate) params: Vec<Sym>,
    /// All names in its text, parameters first. A frame has one slot per name; the slot of a global stays empty.
    pub(crate) slots: Vec<Slot>,
    pub(crate) body: Code,
}

/// A name in a lambda. Whether it is local is known only after the whole text is parsed.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    pub(crate) name: Sym,
    /// Its full name as a global.
    pub(crate) global: Sym,
    pub(crate) local: bool,
}

/// A function with some of its arguments. Missing ones are [`Noun::Elided`].
#[derive(Debug)]
pub(crate) struct Projection {
    pub(crate) function: Noun,
    pub(crate) args: Vec<Noun>,
    depth: u8,
}

#[derive(Debug)]
pub(crate) struct Composition {
    pub(crate) parts: Vec<Noun>,
    depth: u8,
}

#[derive(Debug)]
pub(crate) struct Derived {
    pub(crate) iterator: Iterator,
    pub(crate) function: Noun,
    depth: u8,
}

/// A function registered by the host program.
pub(crate) struct Native {
    pub(crate) name: Sym,
    /// Locked during a call, so it cannot call itself.
    pub(crate) call: Mutex<NativeCall>,
}

/// The host's function. Receives the arguments as bodies.
pub(crate) type NativeCall = Box<dyn FnMut(&[kcodec::Body]) -> Result<kcodec::Body, Fault> + Send>;

impl fmt::Debug for Native {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Native").field("name", &self.name).finish_non_exhaustive()
    }
}

impl Func {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Verb(verb) => verb.kind(),
            Self::Iterator(_) => Kind::Iterator,
            Self::Lambda(_) => Kind::Lambda,
            Self::Projection(_) => Kind::Projection,
            Self::Composition(_) => Kind::Composition,
            Self::Derived(derived) => derived.iterator.kind(),
            Self::Native(_) => Kind::Lambda,
        }
    }

    pub(crate) fn depth(&self) -> u8 {
        match self {
            Self::Projection(projection) => projection.depth,
            Self::Composition(composition) => composition.depth,
            Self::Derived(derived) => derived.depth,
            _ => 1,
        }
    }

    /// The number of arguments; `None` if any number is accepted.
    pub(crate) fn rank(&self) -> Option<usize> {
        match self {
            Self::Verb(verb) => verb.rank(),
            Self::Iterator(_) => Some(1),
            Self::Lambda(lambda) => Some(lambda.params.len()),
            Self::Projection(projection) => {
                let open = projection.args.iter().filter(|arg| matches!(arg, Noun::Elided)).count();
                match &projection.function {
                    Noun::Func(function) => Some(
                        function.rank().map_or(open, |rank| open + rank.saturating_sub(projection.args.len())).max(1),
                    ),
                    _ => Some(open.max(1)),
                }
            }
            Self::Composition(composition) => match composition.parts.last() {
                Some(Noun::Func(last)) => last.rank(),
                _ => Some(1),
            },
            Self::Derived(_) | Self::Native(_) => None,
        }
    }
}

/// `f[x;;z]`
pub(crate) fn project(function: Noun, args: Vec<Noun>) -> R {
    let depth = noun::nest(args.iter().chain([&function]))?;
    Ok(Noun::Func(Func::Projection(Arc::new(Projection { function, args, depth }))))
}

/// Composes functions, the outermost first.
pub(crate) fn compose(parts: Vec<Noun>) -> R {
    let depth = noun::nest(&parts)?;
    Ok(Noun::Func(Func::Composition(Arc::new(Composition { parts, depth }))))
}

/// Modifies a function with an iterator.
pub(crate) fn derive(iterator: Iterator, function: Noun) -> R {
    let depth = noun::nest([&function])?;
    Ok(Noun::Func(Func::Derived(Arc::new(Derived { iterator, function, depth }))))
}

/// Implementation of a verb with one argument.
pub(crate) type Unary = fn(&mut Vm<'_>, Noun) -> R;
/// Implementation of a verb with two arguments.
pub(crate) type Binary = fn(&mut Vm<'_>, Noun, Noun) -> R;
/// Implementation of a verb with any number of arguments.
pub(crate) type Many = fn(&mut Vm<'_>, Vec<Noun>) -> R;
