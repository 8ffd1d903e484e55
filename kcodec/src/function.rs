//! Functions: source text, primitives by number, and what q makes of them.

use crate::kind::Kind;
use crate::list::List;
use crate::symbol::Symbol;
use crate::value::{Object, Value};
use crate::vector::Vector;

/// A function as it travels: nothing here can be called, only read and sent on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Function<'a> {
    /// Source text in its context.
    Lambda(Lambda<'a>),
    /// Unary primitive by id; 0 is `::`, 255 an elided argument.
    Unary(u8),
    /// Binary primitive by id; 1 is `+`.
    Binary(u8),
    /// Iterator on its own by id; 0 is `'`.
    Iterator(u8),
    /// A function, then its arguments; elided ones are `Unary(255)`, trailing ones absent.
    Projection(List<'a>),
    /// Functions, outermost first.
    Composition(List<'a>),
    /// A function under an iterator.
    Derived(Derived<'a>),
}

impl Function<'_> {
    /// The kind of the function.
    #[must_use]
    pub const fn kind(self) -> Kind {
        match self {
            Self::Lambda(_) => Kind::Lambda,
            Self::Unary(_) => Kind::Unary,
            Self::Binary(_) => Kind::Binary,
            Self::Iterator(_) => Kind::Iterator,
            Self::Projection(_) => Kind::Projection,
            Self::Composition(_) => Kind::Composition,
            Self::Derived(derived) => derived.kind(),
        }
    }
}

/// A function given as its source.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lambda<'a> {
    context: Symbol<'a>,
    body: Object<'a>,
}

impl<'a> Lambda<'a> {
    /// Borrows a source text, braces included, as a char vector value.
    #[must_use]
    pub const fn new(context: Symbol<'a>, source: &'a Value<'a>) -> Self {
        Self { context, body: Object::Value(source) }
    }

    pub(crate) const fn from_wire(context: Symbol<'a>, body: Object<'a>) -> Self {
        Self { context, body }
    }

    /// The namespace it was defined in, without the leading dot; empty for the root.
    #[must_use]
    pub const fn context(self) -> Symbol<'a> {
        self.context
    }

    /// The source text; `None` where the sender put something else in its place, which kdb+'s
    /// own validator lets pass.
    #[must_use]
    pub fn source(self) -> Option<&'a [u8]> {
        match self.body.value() {
            Value::Vector(Vector::Char(text)) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// What stands in the place of the source text, whatever it is.
    #[must_use]
    pub fn body(self) -> Value<'a> {
        self.body.value()
    }

    pub(crate) const fn object(self) -> Object<'a> {
        self.body
    }
}

/// A function under one of the six iterators, kinds [`Kind::Each`] to [`Kind::EachLeft`].
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Derived<'a> {
    kind: Kind,
    function: Object<'a>,
}

impl<'a> Derived<'a> {
    /// Borrows the function; `None` unless `kind` is that of an iterator.
    #[must_use]
    pub fn new(kind: Kind, function: &'a Value<'a>) -> Option<Self> {
        (Kind::Each..=Kind::EachLeft).contains(&kind).then_some(Self { kind, function: Object::Value(function) })
    }

    pub(crate) const fn from_wire(kind: Kind, function: Object<'a>) -> Self {
        Self { kind, function }
    }

    /// Which iterator.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.kind
    }

    /// What it iterates: a function, or a noun that is applied by indexing.
    #[must_use]
    pub fn function(self) -> Value<'a> {
        self.function.value()
    }

    pub(crate) const fn object(self) -> Object<'a> {
        self.function
    }
}
