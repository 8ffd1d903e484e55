//! The one-line text form of values, as q's `-3!` returns it (WIRE.md, text).
//!
//! Items are written as they are visited; the text is never held in memory. An error of the writer ends the walk: the
//! console's writer returns one at the edge of the screen, so that a long value costs no more than its visible part.

mod ascii;
mod float;
mod item;
mod moment;

use std::fmt::{self, Display};
use std::iter;

use crate::atom::Atom;
use crate::dict::Dict;
use crate::function::{Derived, Function, Lambda};
use crate::kind::{Attribute, Kind, fixed_kinds};
use crate::list::List;
use crate::primitive;
use crate::symbol::Symbol;
use crate::table::{Splayed, Table};
use crate::value::Value;
use crate::vector::Vector;

/// The one-line form, as q's `-3!` returns it.
///
/// ```
/// use kcodec::Value;
///
/// assert_eq!(Value::from(&[1, 2, 3_i64]).to_string(), "1 2 3");
/// assert_eq!(Value::symbols(&["a"]).to_string(), ",`a");
/// ```
impl Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Self::Atom(atom) => write_atom(atom, f),
            Self::Vector(vector) => write_vector(vector, f),
            Self::List(list) => write_list(list, f),
            Self::Dict(dict) => write_dict(dict, f),
            Self::Table(table) => write_table(table, f),
            Self::Splayed(splayed) => write_splayed(splayed, f),
            Self::Function(function) => write_function(function, f),
            Self::Error(text) => f.write_str("'").and_then(|()| write_lossy(text, f)),
        }
    }
}

/// The one-line form, as q's `-3!` returns it.
impl Display for Atom<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_atom(*self, f)
    }
}

macro_rules! define {
    ($($kind:ident $ty:ty,)*) => {
        fn write_atom(atom: Atom<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            if let Atom::Char(byte) = atom {
                return item::write_string(&[byte], f);
            }
            match atom {
                $(Atom::$kind(item) => item::write(Kind::$kind, iter::once(item), f),)*
                Atom::Symbol(symbol) => write_symbol(symbol, f),
            }
        }

        fn write_items(vector: Vector<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            if let Vector::Char(text) = vector {
                return item::write_string(text.as_bytes(), f);
            }
            match vector {
                $(Vector::$kind(items) => item::write(Kind::$kind, items.iter(), f),)*
                Vector::Symbol(symbols) => symbols.iter().try_for_each(|symbol| write_symbol(symbol, f)),
            }
        }

        impl Display for Bare<'_> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                if let Atom::Char(byte) = self.0 {
                    return item::write_char(byte, f);
                }
                match self.0 {
                    $(Atom::$kind(item) => item::write_bare(item, f),)*
                    Atom::Symbol(symbol) => write_lossy(symbol, f),
                }
            }
        }
    };
}
fixed_kinds!(define);

/// Displays an item as in a column of a table: without quotes, backtick, prefix or suffix; a null is empty.
pub(crate) struct Bare<'a>(pub(crate) Atom<'a>);

impl Atom<'_> {
    /// The item without quotes, backtick, prefix or suffix; a null is empty. The result of q's `string`, except that
    /// bytes that are not UTF-8 become U+FFFD.
    ///
    /// ```
    /// use kcodec::Atom;
    ///
    /// assert_eq!(Atom::Int(42).bare().to_string(), "42");
    /// assert_eq!(Atom::Long(i64::MIN).bare().to_string(), "");
    /// ```
    #[must_use]
    pub const fn bare(&self) -> impl Display {
        Bare(*self)
    }
}

fn write_vector(vector: Vector<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(vector.attribute().prefix())?;
    match vector.len() {
        0 if vector.kind() != Kind::Char => write!(f, "`{}$()", vector.kind().name()),
        1 => f.write_str(",").and_then(|()| write_items(vector, f)),
        _ => write_items(vector, f),
    }
}

fn write_symbol(symbol: Symbol<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str("`")?;
    write_lossy(symbol, f)
}

/// Writes the text without a backtick; each invalid UTF-8 sequence becomes one U+FFFD.
fn write_lossy(text: Symbol<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    text.as_bytes().utf8_chunks().try_for_each(|chunk| {
        f.write_str(chunk.valid())?;
        f.write_str(if chunk.invalid().is_empty() { "" } else { "\u{fffd}" })
    })
}

fn write_list(list: List<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    f.write_str(list.attribute().prefix())?;
    if list.len() == 1 {
        f.write_str(",")?;
        return write_joined(list.iter(), "", f);
    }
    f.write_str("(")?;
    write_joined(list.iter(), ";", f)?;
    f.write_str(")")
}

fn write_joined<'a>(
    mut items: impl Iterator<Item = Value<'a>>,
    separator: &str,
    f: &mut fmt::Formatter<'_>,
) -> fmt::Result {
    if let Some(first) = items.next() {
        first.fmt(f)?;
    }
    items.try_for_each(|item| {
        f.write_str(separator)?;
        item.fmt(f)
    })
}

/// A sorted dict has the prefix `` `s# ``. q marks its keys as sorted, too; their prefix is omitted.
fn write_dict(dict: Dict<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    let mut keys = dict.keys();
    if dict.is_sorted() {
        f.write_str(Attribute::Sorted.prefix())?;
        keys = match keys {
            Value::Vector(vector) if vector.attribute() == Attribute::Sorted => {
                vector.with_attribute(Attribute::None).into()
            }
            Value::Table(table) if table.attribute() == Attribute::Sorted => {
                table.with_attribute(Attribute::None).into()
            }
            _ => keys,
        };
    }
    write_pair(keys, dict.values(), f)
}

fn write_table(table: Table<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}+", table.attribute().prefix())?;
    write_pair(Value::symbols(table.names()), table.list().into(), f)
}

fn write_splayed(splayed: Splayed<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    write!(f, "{}+", splayed.attribute().prefix())?;
    write_pair(Value::symbols(splayed.names()), splayed.path().into(), f)
}

/// `keys!values`.
fn write_pair(keys: Value<'_>, values: Value<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    if needs_parentheses(keys) {
        f.write_str("(")?;
        keys.fmt(f)?;
        f.write_str(")!")?;
    } else {
        keys.fmt(f)?;
        f.write_str("!")?;
    }
    values.fmt(f)
}

/// Whether the text of a dict's keys needs parentheses: it begins with a verb or a cast, whose right operand would
/// extend over the `!` and the values.
fn needs_parentheses(value: Value<'_>) -> bool {
    match value {
        Value::Vector(vector) => {
            vector.attribute() != Attribute::None
                || vector.len() == 1
                || (vector.is_empty() && vector.kind() != Kind::Char)
        }
        Value::List(list) => list.attribute() != Attribute::None || list.len() == 1,
        Value::Dict(_) | Value::Table(_) | Value::Splayed(_) => true,
        Value::Atom(_) | Value::Function(_) | Value::Error(_) => false,
    }
}

fn write_function(function: Function<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match function {
        Function::Lambda(lambda) => write_lambda(lambda, f),
        // The elided argument, id 255, has no text.
        Function::Unary(id) => f.write_str(primitive::unary(id).unwrap_or_default()),
        Function::Binary(id) => f.write_str(primitive::binary(id).unwrap_or_default()),
        Function::Iterator(id) => f.write_str(primitive::iterator(id).unwrap_or_default()),
        Function::Projection(items) => {
            let mut items = items.iter();
            write_joined(items.by_ref().take(1), "", f)?;
            f.write_str("[")?;
            write_joined(items, ";", f)?;
            f.write_str("]")
        }
        Function::Composition(items) => write_joined(items.iter(), "", f),
        Function::Derived(derived) => write_derived(derived, f),
    }
}

/// Writes the source text, or the one-line form of the object that was sent in its place.
fn write_lambda(lambda: Lambda<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match lambda.source() {
        Some(source) => write_lossy(Symbol::from_bytes(source), f),
        None => lambda.object().value().fmt(f),
    }
}

fn write_derived(derived: Derived<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    derived.function().fmt(f)?;
    let iterator = derived.kind().code() - Kind::Each.code();
    f.write_str(primitive::iterator(iterator).unwrap_or_else(|| unreachable!("checked: the kind of an iterator")))
}
