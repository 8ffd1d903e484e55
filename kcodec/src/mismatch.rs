//! What was read is not what was asked for: where, what was expected, and what was found.

use std::fmt;

use crate::kind::Kind;
use crate::value::Value;

/// A value of another type than the one asked for, a column or key that does not exist, or an item that cannot be
/// converted.
///
/// ```
/// let trade = kcodec::parse("+`sym`price!(`ibm`msft;101 402)")?;
/// let wrong = trade.value().as_table()?.get("price")?.as_float().unwrap_err();
/// assert_eq!(wrong.to_string(), "column `price`: expected a float vector, found a long vector");
/// assert_eq!((wrong.column(), wrong.key(), wrong.row(), wrong.is_missing()), (Some("price"), None, None, false));
/// assert_eq!((wrong.expected(), wrong.found()), (Some("a float vector"), Some("a long vector")));
///
/// use kcodec::{Mismatch, Value}; // for an implementation of `FromValue`
/// assert_eq!(Mismatch::new("a side", Value::from(1_i64)).to_string(), "expected a side, found a long atom");
/// assert_eq!(Mismatch::other("no such side").to_string(), "no such side");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Mismatch(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    place: Option<(Place, Box<str>)>,
    row: Option<usize>,
    fault: Fault,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Column,
    Key,
}

#[derive(Clone, PartialEq, Eq)]
enum Fault {
    /// The value is of another type.
    Type { expected: &'static str, found: String },
    /// No column or key of that name.
    Missing,
    /// Any other reason, as text.
    Other(String),
}

impl Mismatch {
    /// A value of another type; `expected` with its article: "a float vector".
    #[must_use]
    pub fn new(expected: &'static str, found: Value<'_>) -> Self {
        Self::of(Fault::Type { expected, found: describe(found) })
    }

    /// Any other reason for which a value cannot be read.
    #[must_use]
    pub fn other(reason: impl fmt::Display) -> Self {
        Self::of(Fault::Other(reason.to_string()))
    }

    pub(crate) fn missing(place: Place, name: &str) -> Self {
        Self::of(Fault::Missing).at(place, name)
    }

    fn of(fault: Fault) -> Self {
        Self(Box::new(Inner { place: None, row: None, fault }))
    }

    /// The same with its column or key, unless one further inside is known.
    pub(crate) fn at(mut self, place: Place, name: &str) -> Self {
        self.0.place.get_or_insert_with(|| (place, name.into()));
        self
    }

    /// The same with its row or position: of nested lists the outermost, up to a column or key.
    pub(crate) fn at_row(mut self, row: usize) -> Self {
        if self.0.place.is_none() {
            self.0.row = Some(row);
        }
        self
    }

    /// The name of the table's column, if the value is one or is an item of one.
    #[must_use]
    pub fn column(&self) -> Option<&str> {
        self.named(Place::Column)
    }

    /// The dict's key, if the value was found under one.
    #[must_use]
    pub fn key(&self) -> Option<&str> {
        self.named(Place::Key)
    }

    fn named(&self, wanted: Place) -> Option<&str> {
        self.0.place.as_ref().filter(|(place, _)| *place == wanted).map(|(_, name)| &**name)
    }

    /// The position in the vector, list or column, counted from 0, if one item is at fault.
    #[must_use]
    pub fn row(&self) -> Option<usize> {
        self.0.row
    }

    /// What was asked for, with its article: "a float vector"; `None` unless the type is at fault.
    #[must_use]
    pub fn expected(&self) -> Option<&str> {
        match &self.0.fault {
            Fault::Type { expected, .. } => Some(expected),
            _ => None,
        }
    }

    /// What was there instead, with its article: "a long vector"; `None` unless the type is at fault.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        match &self.0.fault {
            Fault::Type { found, .. } => Some(found),
            _ => None,
        }
    }

    /// Whether there is no column or key of that name.
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.0.fault == Fault::Missing
    }
}

/// What a value is, with its article.
fn describe(value: Value<'_>) -> String {
    let noun = match value {
        Value::Atom(atom) if atom.is_null() => format!("null {} atom", atom.kind().name()),
        Value::Atom(atom) => format!("{} atom", atom.kind().name()),
        Value::Vector(vector) => format!("{} vector", vector.kind().name()),
        Value::List(_) => "general list".into(),
        Value::Dict(dict) if dict.as_keyed_table().is_some() => "keyed table".into(),
        Value::Dict(_) => "dict".into(),
        Value::Table(_) => "table".into(),
        Value::Splayed(_) => "splayed table on disk".into(),
        Value::Function(_) if value == Value::NULL => "generic null".into(),
        Value::Function(function) => match function.kind() {
            Kind::Lambda => "lambda".into(),
            kind => format!("{} function", kind.name()),
        },
        Value::Error(text) => format!("error '{text}"),
    };
    let article = if noun.starts_with(['a', 'e', 'i', 'o', 'u']) { "an" } else { "a" };
    format!("{article} {noun}")
}

impl fmt::Display for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Inner { place, row, fault } = &*self.0;
        match (place, row) {
            (Some((Place::Column, name)), None) => write!(f, "column `{name}`: ")?,
            (Some((Place::Column, name)), Some(row)) => write!(f, "column `{name}`, row {row}: ")?,
            (Some((Place::Key, name)), None) => write!(f, "key `{name}`: ")?,
            (Some((Place::Key, name)), Some(row)) => write!(f, "key `{name}`, item {row}: ")?,
            (None, Some(row)) => write!(f, "item {row}: ")?,
            (None, None) => {}
        }
        match fault {
            Fault::Type { expected, found } => write!(f, "expected {expected}, found {found}"),
            Fault::Missing => f.write_str("not found"),
            Fault::Other(reason) => f.write_str(reason),
        }
    }
}

impl fmt::Debug for Mismatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mismatch({self})")
    }
}

impl std::error::Error for Mismatch {}
