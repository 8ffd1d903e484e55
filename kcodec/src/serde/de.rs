//! Values in: any value is a deserializer.

use std::fmt;

use serde::de::value::{BorrowedStrDeserializer, StrDeserializer};
use serde::de::{DeserializeSeed, Deserializer, Error, IntoDeserializer, MapAccess, SeqAccess, Visitor};
use serde::forward_to_deserialize_any;

use super::items::{Text, visit_number};
use crate::access::Named;
use crate::atom::Atom;
use crate::mismatch::{Mismatch, Place};
use crate::rows::{Row, RowsIter};
use crate::value::Value;
use crate::vector::Vector;

impl Error for Mismatch {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::other(message)
    }
}

impl<'de> IntoDeserializer<'de, Mismatch> for Value<'de> {
    type Deserializer = Self;

    fn into_deserializer(self) -> Self {
        self
    }
}

/// Numbers, whatever they count, go to the visitor as they are: nulls and infinities, too.
macro_rules! numbers {
    ($($method:ident)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
            number(self, visitor)
        }
    )*};
}

impl<'de> Deserializer<'de> for Value<'de> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            Value::Atom(atom) => any_atom(atom, visitor),
            Value::Vector(Vector::Char(text)) => visit_text(text.as_bytes(), visitor),
            Value::Vector(_) | Value::List(_) => visitor.visit_seq(Seq::new(self.items()?)),
            Value::Table(_) => visit_rows(self, visitor),
            Value::Dict(dict) if dict.as_keyed_table().is_some() => visit_rows(self, visitor),
            Value::Dict(dict) => visitor.visit_map(Map::new(Place::Key, dict.pairs()?)),
            Value::NULL => visitor.visit_unit(),
            Value::Function(_) => visitor.visit_string(self.to_string()),
            Value::Splayed(_) | Value::Error(_) => Err(Mismatch::new("a value that can be deserialized", self)),
        }
    }

    numbers! {
        deserialize_i8 deserialize_i16 deserialize_i32 deserialize_i64 deserialize_i128
        deserialize_u8 deserialize_u16 deserialize_u32 deserialize_u64 deserialize_u128
        deserialize_f32 deserialize_f64
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            Value::NULL => visitor.visit_none(),
            Value::Atom(atom) if atom.is_null() => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        visit_number(name, self, visitor).unwrap_or_else(|visitor| visitor.visit_newtype_struct(self))
    }

    fn deserialize_bytes<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            Value::Atom(Atom::Guid(guid)) => visitor.visit_bytes(&guid.0),
            Value::Atom(Atom::Symbol(symbol)) => visitor.visit_borrowed_bytes(symbol.as_bytes()),
            _ => visitor.visit_borrowed_bytes(self.as_bytes()?),
        }
    }

    fn deserialize_byte_buf<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_bytes(visitor)
    }

    /// Chars are their bytes where a sequence is asked for.
    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self {
            Value::Vector(Vector::Char(_)) => visitor.visit_seq(Seq::new(self.items()?)),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_tuple<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    fn deserialize_tuple_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: usize,
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_seq(visitor)
    }

    /// A table is a map of its columns where a map is asked for.
    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        match self.columns() {
            Ok(columns) => {
                let columns = columns.columns().iter().map(|(name, column)| (Value::from(*name), *column));
                visitor.visit_map(Map::new(Place::Column, columns))
            }
            Err(_) => self.deserialize_any(visitor),
        }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        self.deserialize_map(visitor)
    }

    /// A variant without fields, by its name.
    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Mismatch> {
        visitor.visit_enum(BorrowedStrDeserializer::<Mismatch>::new(self.as_str()?))
    }

    forward_to_deserialize_any! { bool char str string unit unit_struct identifier ignored_any }
}

/// An atom for a visitor that takes what is there.
fn any_atom<'de, V: Visitor<'de>>(atom: Atom<'de>, visitor: V) -> Result<V::Value, Mismatch> {
    match atom {
        Atom::Symbol(symbol) => visit_text(symbol.as_bytes(), visitor),
        Atom::Char(byte) => visitor.visit_char(char::from(byte)),
        _ if atom.is_null() => visitor.visit_unit(),
        Atom::Boolean(item) => visitor.visit_bool(item),
        Atom::Guid(item) => visitor.visit_string(item.text()),
        Atom::Timestamp(item) => visitor.visit_string(item.text()),
        Atom::Month(item) => visitor.visit_string(item.text()),
        Atom::Date(item) => visitor.visit_string(item.text()),
        Atom::Datetime(item) => visitor.visit_string(item.text()),
        Atom::Timespan(item) => visitor.visit_string(item.text()),
        Atom::Minute(item) => visitor.visit_string(item.text()),
        Atom::Second(item) => visitor.visit_string(item.text()),
        Atom::Time(item) => visitor.visit_string(item.text()),
        Atom::Byte(_) | Atom::Short(_) | Atom::Int(_) | Atom::Long(_) | Atom::Real(_) | Atom::Float(_) => {
            number(Value::Atom(atom), visitor)
        }
    }
}

/// An atom for a visitor that asked for a number.
fn number<'de, V: Visitor<'de>>(value: Value<'de>, visitor: V) -> Result<V::Value, Mismatch> {
    let Value::Atom(atom) = value else { return value.deserialize_any(visitor) };
    match atom {
        Atom::Byte(item) | Atom::Char(item) => visitor.visit_u8(item),
        Atom::Short(item) => visitor.visit_i16(item),
        Atom::Int(item) => visitor.visit_i32(item),
        Atom::Long(item) => visitor.visit_i64(item),
        Atom::Real(item) => visitor.visit_f32(item),
        Atom::Float(item) => visitor.visit_f64(item),
        Atom::Boolean(_) | Atom::Guid(_) | Atom::Symbol(_) => any_atom(atom, visitor),
        Atom::Timestamp(item) => visitor.visit_i64(item.0),
        Atom::Timespan(item) => visitor.visit_i64(item.0),
        Atom::Datetime(item) => visitor.visit_f64(item.0),
        Atom::Month(item) => visitor.visit_i32(item.0),
        Atom::Date(item) => visitor.visit_i32(item.0),
        Atom::Minute(item) => visitor.visit_i32(item.0),
        Atom::Second(item) => visitor.visit_i32(item.0),
        Atom::Time(item) => visitor.visit_i32(item.0),
    }
}

fn visit_text<'de, V: Visitor<'de>>(text: &'de [u8], visitor: V) -> Result<V::Value, Mismatch> {
    visitor.visit_borrowed_str(str::from_utf8(text).map_err(Mismatch::other)?)
}

fn visit_rows<'de, V: Visitor<'de>>(table: Value<'de>, visitor: V) -> Result<V::Value, Mismatch> {
    visitor.visit_seq(RowSeq(table.rows()?.iter()))
}

/// The items of a vector or list.
struct Seq<I>(std::iter::Enumerate<I>);

impl<I: Iterator> Seq<I> {
    fn new(items: I) -> Self {
        Self(items.enumerate())
    }
}

impl<'de, I: ExactSizeIterator<Item = Value<'de>>> SeqAccess<'de> for Seq<I> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let Some((row, item)) = self.0.next() else { return Ok(None) };
        seed.deserialize(item).map(Some).map_err(|wrong| wrong.at_row(row))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

/// The pairs of a dict or the columns of a table.
struct Map<'de, I> {
    pairs: I,
    place: Place,
    name: String,
    value: Option<Value<'de>>,
}

impl<I> Map<'_, I> {
    fn new(place: Place, pairs: I) -> Self {
        Self { pairs, place, name: String::new(), value: None }
    }
}

impl<'de, I: Iterator<Item = (Value<'de>, Value<'de>)>> MapAccess<'de> for Map<'de, I> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        let Some((key, value)) = self.pairs.next() else { return Ok(None) };
        self.name = key.as_symbol().map_or_else(|_| key.to_string(), |name| name.to_string());
        self.value = Some(value);
        seed.deserialize(key).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Mismatch> {
        let value = self.value.take().unwrap_or(Value::NULL);
        seed.deserialize(value).map_err(|wrong| wrong.at(self.place, &self.name))
    }
}

struct RowSeq<'r, 'de>(RowsIter<'r, 'de>);

impl<'de> SeqAccess<'de> for RowSeq<'_, 'de> {
    type Error = Mismatch;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Mismatch> {
        let Some(row) = self.0.next() else { return Ok(None) };
        seed.deserialize(row).map(Some).map_err(|wrong| wrong.at_row(row.index()))
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.0.len())
    }
}

impl<'de> Deserializer<'de> for Row<'_, 'de> {
    type Error = Mismatch;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_map(Fields { items: self.iter(), item: None })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, _: &'static str, visitor: V) -> Result<V::Value, Mismatch> {
        visitor.visit_newtype_struct(self)
    }

    forward_to_deserialize_any! {
        bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct enum identifier ignored_any
    }
}

/// The items of a row and their names.
struct Fields<'de, I> {
    items: I,
    item: Option<Named<'de>>,
}

impl<'de, I: Iterator<Item = Named<'de>>> MapAccess<'de> for Fields<'de, I> {
    type Error = Mismatch;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Mismatch> {
        self.item = self.items.next();
        let Some(item) = self.item else { return Ok(None) };
        match item.name().as_str() {
            Some(name) => seed.deserialize(BorrowedStrDeserializer::new(name)),
            None => seed.deserialize(StrDeserializer::new(&item.name().to_string())),
        }
        .map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<T::Value, Mismatch> {
        let Some(item) = self.item.take() else { return seed.deserialize(Value::NULL) };
        seed.deserialize(item.value).map_err(|wrong| item.blame(wrong))
    }
}
