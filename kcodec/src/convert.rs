//! Values as Rust types: [`FromValue`], and `TryFrom` for the types that have it.

use crate::atom::Atom;
use crate::dict::Dict;
use crate::function::Function;
use crate::list::List;
use crate::mismatch::Mismatch;
use crate::slice::Slice;
use crate::symbol::{Symbol, Symbols};
use crate::table::Table;
use crate::temporal::{Date, Datetime, Guid, Minute, Month, Second, Time, Timespan, Timestamp};
use crate::value::Value;
use crate::vector::Vector;

/// A Rust type that a value can be read as: [`Value::get`].
///
/// | Rust | q |
/// |---|---|
/// | `bool`, `i16`, `i32`, `i64`, `f32`, `f64` | an atom of that very kind; no number is converted |
/// | [`Guid`], [`Date`] and the other temporal types | likewise |
/// | `u8` | a byte or a char |
/// | `&str`, `String` | a symbol or a char vector, of UTF-8; `String` a char atom, too |
/// | `&[u8]` | a byte or char vector |
/// | [`Symbol`], [`Symbols`], [`Slice`], [`List`], [`Dict`], [`Table`], [`Function`] | these, borrowed |
/// | `Option<T>` | q's null or `::` as `None`, else a `T` |
/// | `Vec<T>` | a vector or general list whose items are `T`s |
/// | a struct of columns with `#[derive(FromTable)]` | a table or keyed table |
/// | a struct of a row with it, in a `Vec` or alone | a table or keyed table; alone, a dict |
///
/// ```
/// use kcodec::{Date, Value};
///
/// let value = kcodec::parse("(1 0N 3;2024.01.31;`ibm;(\"one\";\"two\"))")?;
/// let list = value.value().as_list()?;
/// let items: Vec<Value<'_>> = list.iter().collect();
/// assert_eq!(items[0].get::<Vec<Option<i64>>>()?, [Some(1), None, Some(3)]);
/// assert_eq!(items[1].get::<Date>()?.to_string(), "2024.01.31");
/// assert_eq!(items[2].get::<&str>()?, "ibm");
/// assert_eq!(Vec::<String>::try_from(items[3])?, ["one", "two"]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// A type of your own:
///
/// ```
/// use kcodec::{FromValue, Mismatch, Value};
///
/// struct Side(bool);
///
/// impl<'a> FromValue<'a> for Side {
///     fn from_value(value: Value<'a>) -> Result<Self, Mismatch> {
///         match value.as_str()? {
///             "buy" => Ok(Self(true)),
///             "sell" => Ok(Self(false)),
///             other => Err(Mismatch::other(format_args!("no side: {other}"))),
///         }
///     }
/// }
///
/// let sides = kcodec::parse("`buy`sell`hold")?;
/// assert_eq!(sides.value().get::<Vec<Side>>().err().map(|wrong| wrong.row()), Some(Some(2)));
/// assert!(Side::from_items(kcodec::parse("`buy`sell")?.value())?[0].0);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[diagnostic::on_unimplemented(message = "a kdb+ value cannot be read as `{Self}`")]
pub trait FromValue<'a>: Sized {
    /// Reads the value.
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] for a value of another type.
    fn from_value(value: Value<'a>) -> Result<Self, Mismatch>;

    /// Reads the items of a vector, a general list or, for rows, a table.
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] for anything else, or for the first item of another type.
    fn from_items(value: Value<'a>) -> Result<Vec<Self>, Mismatch> {
        match value {
            Value::Vector(vector) => each(vector.iter().map(Value::from)),
            Value::List(list) => each(list.iter()),
            _ => Err(Mismatch::new("a vector or list", value)),
        }
    }
}

/// Reads items one by one.
fn each<'a, T: FromValue<'a>>(items: impl Iterator<Item = Value<'a>>) -> Result<Vec<T>, Mismatch> {
    items.enumerate().map(|(row, item)| T::from_value(item).map_err(|wrong| wrong.at_row(row))).collect()
}

impl<'a> Value<'a> {
    /// The value as a Rust type.
    ///
    /// # Errors
    ///
    /// A [`Mismatch`] for a value of another type.
    pub fn get<T: FromValue<'a>>(self) -> Result<T, Mismatch> {
        T::from_value(self)
    }
}

/// Items of fixed width: atoms, vectors borrowed, vectors copied.
macro_rules! items {
    ($($ty:ty, $atom:literal, $vector:literal, $($kind:ident)|+;)*) => {$(
        impl<'a> FromValue<'a> for $ty {
            fn from_value(value: Value<'a>) -> Result<Self, Mismatch> {
                match value {
                    Value::Atom($(Atom::$kind(item))|+) => Ok(item),
                    _ => Err(Mismatch::new($atom, value)),
                }
            }

            fn from_items(value: Value<'a>) -> Result<Vec<Self>, Mismatch> {
                match value {
                    // No items of any type are an empty general list.
                    Value::List(list) => each(list.iter()),
                    _ => value.get().map(Slice::to_vec),
                }
            }
        }

        impl<'a> FromValue<'a> for Slice<'a, $ty> {
            fn from_value(value: Value<'a>) -> Result<Self, Mismatch> {
                match value {
                    Value::Vector($(Vector::$kind(items))|+) => Ok(items),
                    _ => Err(Mismatch::new($vector, value)),
                }
            }
        }

        try_from! { $ty, Option<$ty>, Slice<'a, $ty>, }
    )*};
}

/// The impls that `TryFrom<T>` cannot have for every type at once.
macro_rules! try_from {
    ($($ty:ty,)*) => {$(
        impl<'a> TryFrom<Value<'a>> for $ty {
            type Error = Mismatch;

            fn try_from(value: Value<'a>) -> Result<Self, Mismatch> {
                value.get()
            }
        }
    )*};
}

items! {
    bool, "a boolean atom", "a boolean vector", Boolean;
    Guid, "a guid atom", "a guid vector", Guid;
    u8, "a byte or char atom", "a byte or char vector", Byte | Char;
    i16, "a short atom", "a short vector", Short;
    i32, "an int atom", "an int vector", Int;
    i64, "a long atom", "a long vector", Long;
    f32, "a real atom", "a real vector", Real;
    f64, "a float atom", "a float vector", Float;
    Timestamp, "a timestamp atom", "a timestamp vector", Timestamp;
    Month, "a month atom", "a month vector", Month;
    Date, "a date atom", "a date vector", Date;
    Datetime, "a datetime atom", "a datetime vector", Datetime;
    Timespan, "a timespan atom", "a timespan vector", Timespan;
    Minute, "a minute atom", "a minute vector", Minute;
    Second, "a second atom", "a second vector", Second;
    Time, "a time atom", "a time vector", Time;
}

/// Views of one variant.
macro_rules! views {
    ($($ty:ty, $expected:literal, $pattern:pat => $view:expr;)*) => {$(
        impl<'a> FromValue<'a> for $ty {
            fn from_value(value: Value<'a>) -> Result<Self, Mismatch> {
                match value {
                    $pattern => Ok($view),
                    _ => Err(Mismatch::new($expected, value)),
                }
            }
        }

        try_from! { $ty, }
    )*};
}
views! {
    Atom<'a>, "an atom", Value::Atom(atom) => atom;
    Vector<'a>, "a vector", Value::Vector(vector) => vector;
    Symbol<'a>, "a symbol atom", Value::Atom(Atom::Symbol(symbol)) => symbol;
    Symbols<'a>, "a symbol vector", Value::Vector(Vector::Symbol(symbols)) => symbols;
    List<'a>, "a general list", Value::List(list) => list;
    Dict<'a>, "a dict", Value::Dict(dict) => dict;
    Table<'a>, "a table", Value::Table(table) => table;
    Function<'a>, "a function", Value::Function(function) => function;
    &'a [u8], "a byte or char vector", Value::Vector(Vector::Byte(items) | Vector::Char(items)) => items.as_bytes();
}

impl<'a> FromValue<'a> for Value<'a> {
    fn from_value(value: Self) -> Result<Self, Mismatch> {
        Ok(value)
    }
}

impl<'a> FromValue<'a> for &'a str {
    fn from_value(value: Value<'a>) -> Result<Self, Mismatch> {
        let bytes = match value {
            Value::Atom(Atom::Symbol(symbol)) => symbol.as_bytes(),
            Value::Vector(Vector::Char(text)) => text.as_bytes(),
            _ => return Err(Mismatch::new("a symbol or a char vector", value)),
        };
        str::from_utf8(bytes).map_err(Mismatch::other)
    }

    fn from_items(value: Value<'a>) -> Result<Vec<Self>, Mismatch> {
        texts(value)
    }
}

impl<'a> FromValue<'a> for String {
    fn from_value(value: Value<'a>) -> Result<Self, Mismatch> {
        match value {
            Value::Atom(Atom::Char(byte)) if byte.is_ascii() => Ok(char::from(byte).into()),
            _ => <&str>::from_value(value).map(Into::into),
        }
    }

    fn from_items(value: Value<'a>) -> Result<Vec<Self>, Mismatch> {
        texts(value)
    }
}

/// Symbols or strings.
fn texts<'a, T: FromValue<'a>>(value: Value<'a>) -> Result<Vec<T>, Mismatch> {
    match value {
        Value::Vector(Vector::Symbol(symbols)) => each(symbols.iter().map(Value::from)),
        Value::List(list) => each(list.iter()),
        _ => Err(Mismatch::new("a symbol vector or a list of strings", value)),
    }
}

try_from! { &'a str, Option<&'a str>, String, Option<String>, }

impl<'a, T: FromValue<'a>> FromValue<'a> for Option<T> {
    fn from_value(value: Value<'a>) -> Result<Self, Mismatch> {
        match value {
            Value::Atom(atom) if atom.is_null() => Ok(None),
            Value::NULL => Ok(None),
            _ => T::from_value(value).map(Some),
        }
    }
}

impl<'a, T: FromValue<'a>> FromValue<'a> for Vec<T> {
    fn from_value(value: Value<'a>) -> Result<Self, Mismatch> {
        T::from_items(value)
    }
}

impl<'a, T: FromValue<'a>> TryFrom<Value<'a>> for Vec<T> {
    type Error = Mismatch;

    fn try_from(value: Value<'a>) -> Result<Self, Mismatch> {
        value.get()
    }
}
