//! The JSON form: one JSON object per q object, lossless except for NaN payloads.

use std::io::{self, Write};

use kcodec::{Atom, Attribute, Function, Lambda, Value, Vector};

/// Writes `{"t":type,"a":attribute,"v":value}`. The attribute is left out when there is none.
pub(crate) fn write(value: Value<'_>, out: &mut impl Write) -> io::Result<()> {
    write!(out, r#"{{"t":{}"#, value.type_code())?;
    match value {
        Value::Atom(atom) => write_atom(atom, out)?,
        Value::Vector(vector) => write_vector(vector, out)?,
        Value::List(list) => {
            write_attribute(list.attribute(), out)?;
            write!(out, r#","v":"#)?;
            write_array(list.iter(), out, write)?;
        }
        Value::Dict(dict) => write_pair(dict.keys(), dict.values(), out)?,
        Value::Table(table) => {
            write_attribute(table.attribute(), out)?;
            write_pair(Value::symbols(table.names()), table.list().into(), out)?;
        }
        Value::Splayed(splayed) => {
            write_attribute(splayed.attribute(), out)?;
            write_pair(Value::symbols(splayed.names()), splayed.path().into(), out)?;
        }
        Value::Function(function) => write_function(function, out)?,
        Value::Error(text) => write_text(text.as_bytes(), out)?,
    }
    write!(out, "}}")
}

fn write_attribute(attribute: Attribute, out: &mut impl Write) -> io::Result<()> {
    match attribute {
        Attribute::None => Ok(()),
        some => write!(out, r#","a":{}"#, some.code()),
    }
}

fn write_pair(keys: Value<'_>, values: Value<'_>, out: &mut impl Write) -> io::Result<()> {
    write!(out, r#","v":{{"k":"#)?;
    write(keys, out)?;
    write!(out, r#","v":"#)?;
    write(values, out)?;
    write!(out, "}}")
}

fn write_array<T, W: Write>(
    items: impl Iterator<Item = T>,
    out: &mut W,
    each: impl Fn(T, &mut W) -> io::Result<()>,
) -> io::Result<()> {
    let mut separator = "[";
    for item in items {
        write!(out, "{separator}")?;
        each(item, out)?;
        separator = ",";
    }
    write!(out, "{}]", if separator == "[" { "[" } else { "" })
}

fn write_function(function: Function<'_>, out: &mut impl Write) -> io::Result<()> {
    match function {
        Function::Lambda(lambda) => write_lambda(lambda, out),
        Function::Unary(id) | Function::Binary(id) | Function::Iterator(id) => write!(out, r#","v":{id}"#),
        Function::Projection(items) | Function::Composition(items) => {
            write!(out, r#","v":"#)?;
            write_array(items.iter(), out, write)
        }
        Function::Derived(derived) => {
            write!(out, r#","v":"#)?;
            write(derived.function(), out)
        }
    }
}

fn write_lambda(lambda: Lambda<'_>, out: &mut impl Write) -> io::Result<()> {
    let context = lambda.context().as_bytes();
    let texts = [context, lambda.source().unwrap_or_default()];
    let utf8 = texts.iter().all(|text| str::from_utf8(text).is_ok());
    write!(out, r#","ctx":"#)?;
    write_string(context, utf8, out)?;
    write!(out, r#","v":"#)?;
    match lambda.source() {
        Some(source) => write_string(source, utf8, out)?,
        // No q process sends a lambda without source, but kdb+'s validator accepts it.
        None => write(lambda.body(), out)?,
    }
    write_latin1(utf8, out)
}

fn write_vector(vector: Vector<'_>, out: &mut impl Write) -> io::Result<()> {
    write_attribute(vector.attribute(), out)?;
    match vector {
        Vector::Char(text) => write_text(text.as_bytes(), out),
        Vector::Symbol(symbols) => {
            let utf8 = symbols.iter().all(|symbol| symbol.as_str().is_some());
            write!(out, r#","v":"#)?;
            write_array(symbols.iter(), out, |symbol, out| write_string(symbol.as_bytes(), utf8, out))?;
            write_latin1(utf8, out)
        }
        _ => {
            write!(out, r#","v":"#)?;
            let items = (0..vector.len()).filter_map(|index| vector.get(index));
            write_array(items, out, write_item)
        }
    }
}

fn write_atom(atom: Atom<'_>, out: &mut impl Write) -> io::Result<()> {
    match atom {
        Atom::Char(byte) => write_text(&[byte], out),
        Atom::Symbol(symbol) => write_text(symbol.as_bytes(), out),
        _ => {
            write!(out, r#","v":"#)?;
            write_item(atom, out)
        }
    }
}

/// One item that is not text.
fn write_item<W: Write>(item: Atom<'_>, out: &mut W) -> io::Result<()> {
    match item {
        Atom::Boolean(item) => write!(out, "{}", u8::from(item)),
        Atom::Guid(item) => {
            write!(out, "\"")?;
            item.0.iter().try_for_each(|byte| write!(out, "{byte:02x}"))?;
            write!(out, "\"")
        }
        Atom::Byte(item) | Atom::Char(item) => write!(out, "{item}"),
        Atom::Short(item) => write!(out, "{item}"),
        Atom::Int(item) => write!(out, "{item}"),
        Atom::Long(item) => write!(out, "{item}"),
        // The shortest digits that round-trip as a 32-bit float.
        Atom::Real(item) => write_float(f64::from(item), format_args!("{item:?}"), out),
        Atom::Float(item) | Atom::Datetime(kcodec::Datetime(item)) => write_float(item, format_args!("{item:?}"), out),
        Atom::Timestamp(item) => write!(out, "{}", item.0),
        Atom::Month(item) => write!(out, "{}", item.0),
        Atom::Date(item) => write!(out, "{}", item.0),
        Atom::Timespan(item) => write!(out, "{}", item.0),
        Atom::Minute(item) => write!(out, "{}", item.0),
        Atom::Second(item) => write!(out, "{}", item.0),
        Atom::Time(item) => write!(out, "{}", item.0),
        Atom::Symbol(item) => write_string(item.as_bytes(), item.as_str().is_some(), out),
    }
}

fn write_float(item: f64, digits: std::fmt::Arguments<'_>, out: &mut impl Write) -> io::Result<()> {
    match item {
        _ if item.is_nan() => write!(out, r#""0n""#),
        f64::INFINITY => write!(out, r#""0w""#),
        f64::NEG_INFINITY => write!(out, r#""-0w""#),
        _ => write!(out, "{digits}"),
    }
}

fn write_text(text: &[u8], out: &mut impl Write) -> io::Result<()> {
    let utf8 = str::from_utf8(text).is_ok();
    write!(out, r#","v":"#)?;
    write_string(text, utf8, out)?;
    write_latin1(utf8, out)
}

/// Marks an object whose strings encode bytes as Latin-1, because they are not UTF-8.
fn write_latin1(utf8: bool, out: &mut impl Write) -> io::Result<()> {
    if utf8 { Ok(()) } else { write!(out, r#","latin1":true"#) }
}

fn write_string(text: &[u8], utf8: bool, out: &mut impl Write) -> io::Result<()> {
    write!(out, "\"")?;
    for &byte in text {
        match byte {
            b'"' => write!(out, "\\\"")?,
            b'\\' => write!(out, "\\\\")?,
            0..=0x1f | 0x7f => write!(out, "\\u{byte:04x}")?,
            0x80.. if !utf8 => write!(out, "\\u{byte:04x}")?,
            _ => out.write_all(&[byte])?,
        }
    }
    write!(out, "\"")
}
