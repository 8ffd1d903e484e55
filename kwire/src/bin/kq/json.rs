//! The JSON form: one JSON object per q object, lossless except for NaN payloads.

use std::io::{self, Write};

use kcodec::{Atom, Attribute, Datetime, Function, Lambda, Value, Vector};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// Writes `{"t":type,"a":attribute,"v":value}`. The attribute is left out when there is none.
pub(crate) fn write(value: Value<'_>, out: &mut impl Write) -> io::Result<()> {
    Ok(serde_json::to_writer(out, &Object(value))?)
}

struct Object<'a>(Value<'a>);

impl Serialize for Object<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut object = serializer.serialize_map(None)?;
        object.serialize_entry("t", &self.0.type_code())?;
        match self.0 {
            Value::Atom(Atom::Char(byte)) => add_text(&[byte], &mut object)?,
            Value::Atom(Atom::Symbol(symbol)) => add_text(symbol.as_bytes(), &mut object)?,
            Value::Atom(atom) => object.serialize_entry("v", &Item(atom))?,
            Value::Vector(vector) => add_vector(vector, &mut object)?,
            Value::List(list) => {
                add_attribute(list.attribute(), &mut object)?;
                object.serialize_entry("v", &Array(|| list.iter().map(Object)))?;
            }
            Value::Dict(dict) => object.serialize_entry("v", &Pair(dict.keys(), dict.values()))?,
            Value::Table(table) => {
                add_attribute(table.attribute(), &mut object)?;
                object.serialize_entry("v", &Pair(Value::symbols(table.names()), table.list().into()))?;
            }
            Value::Splayed(splayed) => {
                add_attribute(splayed.attribute(), &mut object)?;
                object.serialize_entry("v", &Pair(Value::symbols(splayed.names()), splayed.path().into()))?;
            }
            Value::Function(function) => add_function(function, &mut object)?,
            Value::Error(text) => add_text(text.as_bytes(), &mut object)?,
        }
        object.end()
    }
}

fn add_attribute<M: SerializeMap>(attribute: Attribute, object: &mut M) -> Result<(), M::Error> {
    match attribute {
        Attribute::None => Ok(()),
        some => object.serialize_entry("a", &some.code()),
    }
}

fn add_vector<M: SerializeMap>(vector: Vector<'_>, object: &mut M) -> Result<(), M::Error> {
    add_attribute(vector.attribute(), object)?;
    match vector {
        Vector::Char(text) => add_text(text.as_bytes(), object),
        Vector::Symbol(symbols) => {
            let utf8 = symbols.iter().all(|symbol| symbol.as_str().is_some());
            object.serialize_entry("v", &Array(|| symbols.iter().map(|symbol| Text(symbol.as_bytes(), utf8))))?;
            add_latin1(utf8, object)
        }
        _ => object.serialize_entry("v", &Array(|| vector.iter().map(Item))),
    }
}

fn add_function<M: SerializeMap>(function: Function<'_>, object: &mut M) -> Result<(), M::Error> {
    match function {
        Function::Lambda(lambda) => add_lambda(lambda, object),
        Function::Unary(id) | Function::Binary(id) | Function::Iterator(id) => object.serialize_entry("v", &id),
        Function::Projection(items) | Function::Composition(items) => {
            object.serialize_entry("v", &Array(|| items.iter().map(Object)))
        }
        Function::Derived(derived) => object.serialize_entry("v", &Object(derived.function())),
    }
}

fn add_lambda<M: SerializeMap>(lambda: Lambda<'_>, object: &mut M) -> Result<(), M::Error> {
    let context = lambda.context().as_bytes();
    let texts = [context, lambda.source().unwrap_or_default()];
    let utf8 = texts.iter().all(|text| str::from_utf8(text).is_ok());
    object.serialize_entry("ctx", &Text(context, utf8))?;
    match lambda.source() {
        Some(source) => object.serialize_entry("v", &Text(source, utf8))?,
        // No q process sends a lambda without source, but kdb+'s validator accepts it.
        None => object.serialize_entry("v", &Object(lambda.body()))?,
    }
    add_latin1(utf8, object)
}

fn add_text<M: SerializeMap>(text: &[u8], object: &mut M) -> Result<(), M::Error> {
    let utf8 = str::from_utf8(text).is_ok();
    object.serialize_entry("v", &Text(text, utf8))?;
    add_latin1(utf8, object)
}

/// Marks an object whose strings encode bytes as Latin-1, because they are not UTF-8.
fn add_latin1<M: SerializeMap>(utf8: bool, object: &mut M) -> Result<(), M::Error> {
    if utf8 { Ok(()) } else { object.serialize_entry("latin1", &true) }
}

struct Array<F>(F);

impl<F: Fn() -> I, I: Iterator<Item: Serialize>> Serialize for Array<F> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq((self.0)())
    }
}

/// The keys and values of a dict.
struct Pair<'a>(Value<'a>, Value<'a>);

impl Serialize for Pair<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map([("k", Object(self.0)), ("v", Object(self.1))])
    }
}

/// A text, and whether to show it as UTF-8.
struct Text<'a>(&'a [u8], bool);

impl Serialize for Text<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match str::from_utf8(self.0) {
            Ok(text) if self.1 => serializer.serialize_str(text),
            _ => serializer.serialize_str(&self.0.iter().copied().map(char::from).collect::<String>()),
        }
    }
}

/// One item that is not text.
struct Item<'a>(Atom<'a>);

impl Serialize for Item<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Atom::Boolean(item) => serializer.serialize_u8(item.into()),
            Atom::Guid(item) => serializer.collect_str(&format_args!("{:032x}", u128::from_be_bytes(item.0))),
            Atom::Byte(item) | Atom::Char(item) => serializer.serialize_u8(item),
            Atom::Short(item) => serializer.serialize_i16(item),
            Atom::Real(item) if item.is_finite() => serializer.serialize_f32(item),
            Atom::Real(item) => serializer.serialize_str(special(item.into())),
            Atom::Float(item) | Atom::Datetime(Datetime(item)) if item.is_finite() => serializer.serialize_f64(item),
            Atom::Float(item) | Atom::Datetime(Datetime(item)) => serializer.serialize_str(special(item)),
            Atom::Int(item) => serializer.serialize_i32(item),
            Atom::Month(item) => serializer.serialize_i32(item.0),
            Atom::Date(item) => serializer.serialize_i32(item.0),
            Atom::Minute(item) => serializer.serialize_i32(item.0),
            Atom::Second(item) => serializer.serialize_i32(item.0),
            Atom::Time(item) => serializer.serialize_i32(item.0),
            Atom::Long(item) => serializer.serialize_i64(item),
            Atom::Timestamp(item) => serializer.serialize_i64(item.0),
            Atom::Timespan(item) => serializer.serialize_i64(item.0),
            Atom::Symbol(item) => Text(item.as_bytes(), item.as_str().is_some()).serialize(serializer),
        }
    }
}

/// A float that JSON has no number for.
fn special(item: f64) -> &'static str {
    match item {
        f64::INFINITY => "0w",
        f64::NEG_INFINITY => "-0w",
        _ => "0n",
    }
}
