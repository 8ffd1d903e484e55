//! Items of any kind: nulls, atoms into vectors, vectors into atoms.

use kcodec::{
    Atom, Body, Date, Datetime, Guid, Item, Kind, Minute, Month, Second, Slice, Symbol, Time, Timespan, Timestamp,
    Value, Vector,
};

use super::budget::Budget;
use super::fault::Fault;
use super::kinds::{fixed_kinds, with_items};

/// A body of its own.
pub(crate) fn encode<'a>(value: impl Into<Value<'a>>) -> Result<Body, Fault> {
    Ok(Body::encode(value)?)
}

/// Items that know q's null.
pub(crate) trait Blank: Item {
    /// The null; the kind tells chars from bytes.
    fn blank(kind: Kind) -> Self;
}

macro_rules! blanks {
    ($($ty:ident $kind:pat => $null:expr;)*) => {$(
        impl Blank for $ty {
            fn blank($kind: Kind) -> Self {
                $null
            }
        }
    )*};
}
blanks! {
    bool _ => false;
    Guid _ => Self::default();
    u8 kind => if kind == Kind::Char { b' ' } else { 0 };
    i16 _ => Self::MIN;
    i32 _ => Self::MIN;
    i64 _ => Self::MIN;
    f32 _ => NULL_REAL;
    f64 _ => NULL_FLOAT;
    Timestamp kind => Self(Blank::blank(kind));
    Month kind => Self(Blank::blank(kind));
    Date kind => Self(Blank::blank(kind));
    Datetime kind => Self(Blank::blank(kind));
    Timespan kind => Self(Blank::blank(kind));
    Minute kind => Self(Blank::blank(kind));
    Second kind => Self(Blank::blank(kind));
    Time kind => Self(Blank::blank(kind));
}

/// `0n`, with the bits that kdb+ writes (WIRE.md, items).
pub(crate) const NULL_FLOAT: f64 = f64::from_bits(0xfff8_0000_0000_0000);

/// `0Ne`, with the bits that kdb+ writes.
pub(crate) const NULL_REAL: f32 = f32::from_bits(0xffc0_0000);

macro_rules! define {
    ({} $($kind:ident)*) => {
        /// Runs `work` over a vector of the one item.
        pub(crate) fn single<T>(atom: Atom<'_>, work: impl FnOnce(Vector<'_>) -> T) -> T {
            match atom {
                $(Atom::$kind(item) => work(Vector::$kind(Slice::new(&[item]))),)*
                Atom::Symbol(symbol) => work(Vector::Symbol((&[symbol][..]).into())),
            }
        }

        /// The null of a kind that has items; `::` for the others.
        pub(crate) fn null(kind: Kind) -> Value<'static> {
            match kind {
                $(Kind::$kind => Value::Atom(Atom::$kind(Blank::blank(kind))),)*
                Kind::Symbol => Value::symbol(""),
                _ => Value::NULL,
            }
        }

        /// The empty vector of a kind that has items; `()` for the others.
        pub(crate) fn empty(kind: Kind) -> Value<'static> {
            match kind {
                $(Kind::$kind => Value::Vector(Vector::$kind(Slice::new(&[]))),)*
                Kind::Symbol => Value::symbols(&[] as &[Symbol<'_>]),
                _ => Value::List((&[] as &[Value<'_>]).into()),
            }
        }

        /// The vector of atoms of one kind; those of another kind are left out.
        pub(crate) fn vector_of(kind: Kind, values: &[Value<'_>]) -> Result<Body, Fault> {
            match kind {
                $(Kind::$kind => {
                    let items = values.iter().filter_map(|value| match value {
                        Value::Atom(Atom::$kind(item)) => Some(*item),
                        _ => None,
                    });
                    encode(Vector::$kind(Slice::new(&items.collect::<Vec<_>>())))
                })*
                _ => {
                    let items = values.iter().filter_map(|value| match value {
                        Value::Atom(Atom::Symbol(symbol)) => Some(*symbol),
                        _ => None,
                    });
                    encode(Value::symbols(&items.collect::<Vec<_>>()))
                }
            }
        }
    };
}
fixed_kinds!(define, {});

/// The items of a value, each a value: of an atom or a function itself, of a dict its values.
///
/// # Errors
///
/// `type` for tables, whose items are dicts of their own.
pub(crate) fn items<'a>(budget: &mut Budget, value: Value<'a>) -> Result<Vec<Value<'a>>, Fault> {
    budget.make(value.count(), size_of::<Value<'_>>())?;
    Ok(match value {
        Value::Vector(vector) => {
            with_items!(vector, items => items.iter().map(|item| from_item(vector.kind(), item)).collect(),
                symbols => symbols.iter().map(Value::from).collect())
        }
        Value::List(list) => list.iter().collect(),
        Value::Dict(dict) => return items(budget, dict.values()),
        Value::Table(_) | Value::Splayed(_) => return Err(Fault::TYPE),
        _ => vec![value],
    })
}

/// An item as the atom it is; the kind tells chars from bytes.
fn from_item<'a, T: Item>(kind: Kind, item: T) -> Value<'a>
where
    Value<'a>: From<T>,
{
    match Value::from(item) {
        Value::Atom(Atom::Byte(byte)) if kind == Kind::Char => Value::Atom(Atom::Char(byte)),
        value => value,
    }
}

/// A list as q keeps it: a vector where all are atoms of one kind.
pub(crate) fn uniform(values: &[Value<'_>]) -> Result<Body, Fault> {
    let kind = values.first().filter(|value| value.is_atom()).map(|value| value.kind());
    match kind {
        Some(kind) if values.iter().all(|value| value.is_atom() && value.kind() == kind) => vector_of(kind, values),
        _ => nested(Value::from(values)),
    }
}

/// A body of a value with values inside: no deeper than what any peer would read.
pub(crate) fn nested<'a>(value: impl Into<Value<'a>>) -> Result<Body, Fault> {
    let body = Body::encode(value)?;
    Ok(Body::decode(body.as_bytes().clone())?)
}
