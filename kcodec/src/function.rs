//! Function objects: lambdas, primitives, projections, compositions and functions under iterators.

use crate::kind::Kind;
use crate::list::List;
use crate::symbol::Symbol;
use crate::value::{Object, Value};
use crate::vector::Vector;

/// A function as sent on the wire. It can be read and sent, not called.
///
/// ```
/// use kcodec::{Derived, Function, Kind, Lambda, Symbol, Value, primitive};
///
/// let source = Value::chars(b"{x+y}");
/// let lambda = Lambda::new(Symbol::new("util"), &source); // defined in .util
/// assert_eq!((lambda.context().as_str(), lambda.source()), (Some("util"), Some(&b"{x+y}"[..])));
/// assert_eq!(lambda.body(), source);
///
/// let sum = Value::from(primitive::named("+").expect("a primitive"));
/// let over = Derived::new(Kind::Over, &sum).expect("an iterator");
/// assert_eq!((over.kind(), over.function()), (Kind::Over, sum));
/// let function = Function::Derived(over);
/// assert_eq!((function.kind(), Value::from(function).to_string()), (Kind::Over, "+/".into()));
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Function<'a> {
    /// A lambda: its source text and context.
    Lambda(Lambda<'a>),
    /// A unary primitive by its id: 0 is `::`, 255 an elided argument.
    Unary(u8),
    /// A binary primitive by its id: 1 is `+`.
    Binary(u8),
    /// An iterator without a function, by its id: 0 is `'`.
    Iterator(u8),
    /// The function, then its arguments: `Unary(255)` for elided ones, nothing for trailing ones.
    Projection(List<'a>),
    /// The composed functions, outermost first.
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

/// A function as its source text.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Lambda<'a> {
    context: Symbol<'a>,
    body: Object<'a>,
}

impl<'a> Lambda<'a> {
    /// Borrows a source text, a char vector with braces.
    #[must_use]
    pub const fn new(context: Symbol<'a>, source: &'a Value<'a>) -> Self {
        Self { context, body: Object::Value(source) }
    }

    pub(crate) const fn from_wire(context: Symbol<'a>, body: Object<'a>) -> Self {
        Self { context, body }
    }

    /// The namespace of its definition, without the leading dot; empty for the root.
    #[must_use]
    pub const fn context(self) -> Symbol<'a> {
        self.context
    }

    /// The source text; `None` if the sender put another object in its place, which kdb+'s own validator accepts.
    #[must_use]
    pub fn source(self) -> Option<&'a [u8]> {
        match self.body.value() {
            Value::Vector(Vector::Char(text)) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// The object in the place of the source text, of any kind.
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
    /// Borrows the function; `None` unless `kind` is one of [`Kind::Each`] to [`Kind::EachLeft`].
    #[must_use]
    pub fn new(kind: Kind, function: &'a Value<'a>) -> Option<Self> {
        (Kind::Each..=Kind::EachLeft).contains(&kind).then_some(Self { kind, function: Object::Value(function) })
    }

    pub(crate) const fn from_wire(kind: Kind, function: Object<'a>) -> Self {
        Self { kind, function }
    }

    /// The kind, which names the iterator.
    #[must_use]
    pub const fn kind(self) -> Kind {
        self.kind
    }

    /// The operand of the iterator: a function, or a noun, which is applied by indexing.
    #[must_use]
    pub fn function(self) -> Value<'a> {
        self.function.value()
    }

    pub(crate) const fn object(self) -> Object<'a> {
        self.function
    }
}
