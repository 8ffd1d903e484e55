//! Values out.

use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::atom::Atom;
use crate::body::Body;
use crate::dict::Dict;
use crate::kind::fixed_kinds;
use crate::list::List;
use crate::rows::{Row, Rows};
use crate::slice::{Item, Slice};
use crate::symbol::{Symbol, Symbols};
use crate::table::Table;
use crate::value::Value;
use crate::vector::Vector;

impl Serialize for Body {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.value().serialize(serializer)
    }
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Atom(atom) => atom.serialize(serializer),
            Self::Vector(vector) => vector.serialize(serializer),
            Self::List(list) => list.serialize(serializer),
            Self::Dict(dict) => dict.serialize(serializer),
            Self::Table(table) => table.serialize(serializer),
            Self::NULL => serializer.serialize_none(),
            Self::Splayed(_) | Self::Function(_) => serializer.collect_str(self),
            Self::Error(text) => {
                let mut map = serializer.serialize_map(Some(1))?;
                map.serialize_entry("error", &text)?;
                map.end()
            }
        }
    }
}

macro_rules! define {
    ($($kind:ident $ty:ty,)*) => {
        impl Serialize for Atom<'_> {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                if let Self::Char(byte) = *self {
                    return serializer.serialize_char(char::from(byte));
                }
                match *self {
                    Self::Symbol(symbol) => symbol.serialize(serializer),
                    _ if self.is_null() => serializer.serialize_none(),
                    $(Self::$kind(item) => item.serialize(serializer),)*
                }
            }
        }
    };
}
fixed_kinds!(define);

impl Serialize for Vector<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Char(text) => Symbol::from_bytes(text.as_bytes()).serialize(serializer),
            Self::Byte(items) => serializer.serialize_bytes(items.as_bytes()),
            _ => serializer.collect_seq(self.iter()),
        }
    }
}

/// Nulls are `none`.
impl<T: Item + Serialize> Serialize for Slice<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter().map(|item| (!item.is_null()).then_some(item)))
    }
}

/// Bytes that are not UTF-8 become U+FFFD.
impl Serialize for Symbol<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.as_str() {
            Some(text) => serializer.serialize_str(text),
            None => serializer.collect_str(self),
        }
    }
}

impl Serialize for Symbols<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

impl Serialize for List<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.iter())
    }
}

/// A map; of a keyed table its rows; where keys or values are neither vector nor list, a map of the two halves.
impl Serialize for Dict<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        if let Ok(rows) = Value::Dict(*self).rows() {
            return rows.serialize(serializer);
        }
        match self.pairs() {
            Ok(pairs) if serializer.is_human_readable() => {
                serializer.collect_map(pairs.map(|(key, value)| (Key(key), value)))
            }
            Ok(pairs) => serializer.collect_map(pairs),
            Err(_) => serializer.collect_map([("keys", self.keys()), ("values", self.values())]),
        }
    }
}

/// A key as text, which is all that formats for people have.
struct Key<'a>(Value<'a>);

impl Serialize for Key<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Vector(vector @ Vector::Char(_)) => vector.serialize(serializer),
            Value::Atom(atom) => match atom {
                _ if atom.is_null() => serializer.serialize_str(""),
                Atom::Symbol(_) | Atom::Char(_) => atom.serialize(serializer),
                atom if super::items::is_temporal(atom) => atom.serialize(serializer),
                _ => serializer.collect_str(&atom.bare()),
            },
            value => serializer.collect_str(&value),
        }
    }
}

/// Its rows; of a table that has a table for a column, a map of its columns.
impl Serialize for Table<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.rows() {
            Ok(rows) => rows.serialize(serializer),
            Err(_) => serializer.collect_map(self.columns()),
        }
    }
}

impl Serialize for Rows<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self)
    }
}

impl Serialize for Row<'_, '_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.iter().map(|item| (item.name(), item.value)))
    }
}
