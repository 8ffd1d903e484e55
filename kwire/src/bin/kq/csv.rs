//! The CSV form (RFC 4180) of tables, keyed tables, dicts and vectors.
//!
//! Cells are formatted like q's `string`: no quotes, backticks or suffixes; nulls are empty. Floats have the fewest
//! digits that round-trip, unless a precision is given. A nested cell is its one-line text.

use std::io::{self, Write};

use csv::{Terminator, Writer, WriterBuilder};
use kcodec::{Atom, Datetime, ListIter, Symbol, SymbolsIter, Value, Vector};

use crate::fault::Fault;

/// Writes the rows, after a heading if it differs from `last`, the heading written last.
pub(crate) fn write(
    value: Value<'_>,
    digits: Option<usize>,
    last: &mut Vec<u8>,
    out: &mut impl Write,
) -> Result<(), Fault> {
    let mut columns = sheet(value).ok_or_else(|| {
        Fault::Message("no rows in this for --csv: not a table, dict, vector, or list of atoms and strings".to_owned())
    })?;
    let mut heading = Vec::new();
    record(&mut heading, |writer| columns.iter().try_for_each(|column| writer.write_field(column.name.as_bytes())))?;
    if heading != *last {
        out.write_all(&heading)?;
        *last = heading;
    }
    let mut rows = writer(out);
    let mut text = Vec::new();
    let count = columns.first().map_or(0, |column| column.count);
    for _ in 0..count {
        for column in &mut columns {
            text.clear();
            column.cells.write_next(digits, &mut text)?;
            rows.write_field(&text).map_err(io::Error::from)?;
        }
        rows.write_record(None::<&[u8]>).map_err(io::Error::from)?;
    }
    Ok(rows.flush()?)
}

fn writer<W: Write>(out: W) -> Writer<W> {
    WriterBuilder::new().terminator(Terminator::CRLF).from_writer(out)
}

/// Writes one record.
fn record(out: &mut Vec<u8>, fields: impl FnOnce(&mut Writer<&mut Vec<u8>>) -> csv::Result<()>) -> io::Result<()> {
    let mut writer = writer(out);
    fields(&mut writer)?;
    writer.write_record(None::<&[u8]>)?;
    writer.flush()
}

struct Column<'a> {
    name: Symbol<'a>,
    count: usize,
    cells: Cells<'a>,
}

/// The items of a column, in order.
enum Cells<'a> {
    Items(Vector<'a>, usize),
    Symbols(SymbolsIter<'a>),
    Values(ListIter<'a>),
}

/// The columns of a tabular value; `None` for any other. An update `` (`upd;`trade;table) `` counts as its table.
fn sheet(value: Value<'_>) -> Option<Vec<Column<'_>>> {
    match value {
        // A string is a scalar.
        Value::Vector(Vector::Char(_)) => None,
        Value::Dict(dict) => {
            let mut keys = columns(dict.keys(), "key")?;
            keys.extend(columns(dict.values(), "value")?);
            Some(keys)
        }
        Value::List(list) => match list.get(2) {
            Some(table @ Value::Table(_)) if list.len() == 3 => columns(table, ""),
            _ => list.iter().all(|item| item.is_atom() || item.as_text().is_some()).then(|| columns(value, "value"))?,
        },
        _ => columns(value, "value"),
    }
}

fn columns<'a>(value: Value<'a>, name: &'a str) -> Option<Vec<Column<'a>>> {
    match value {
        Value::Table(table) => {
            let column = |(name, value): (Symbol<'a>, Value<'a>)| Column::new(name, value);
            table.columns().map(column).collect()
        }
        _ => Some(vec![Column::new(Symbol::new(name), value)?]),
    }
}

impl<'a> Column<'a> {
    fn new(name: Symbol<'a>, value: Value<'a>) -> Option<Self> {
        let cells = match value {
            Value::Vector(Vector::Symbol(symbols)) => Cells::Symbols(symbols.iter()),
            Value::Vector(vector) => Cells::Items(vector, 0),
            Value::List(list) => Cells::Values(list.iter()),
            _ => return None,
        };
        Some(Self { name, count: value.count(), cells })
    }
}

impl Cells<'_> {
    fn write_next(&mut self, digits: Option<usize>, out: &mut Vec<u8>) -> io::Result<()> {
        match self {
            Self::Items(vector, at) => {
                *at += 1;
                vector.get(*at - 1).map_or(Ok(()), |item| write_atom(item, digits, out))
            }
            Self::Symbols(symbols) => out.write_all(symbols.next().unwrap_or_default().as_bytes()),
            Self::Values(values) => values.next().map_or(Ok(()), |value| write_value(value, digits, out)),
        }
    }
}

fn write_value(value: Value<'_>, digits: Option<usize>, out: &mut Vec<u8>) -> io::Result<()> {
    match value {
        Value::Atom(atom) => write_atom(atom, digits, out),
        Value::Vector(Vector::Char(text)) => out.write_all(text.as_bytes()),
        _ => write!(out, "{value:.*}", digits.unwrap_or(0)),
    }
}

fn write_atom(atom: Atom<'_>, digits: Option<usize>, out: &mut Vec<u8>) -> io::Result<()> {
    match atom {
        Atom::Char(byte) => out.write_all(&[byte]),
        Atom::Symbol(symbol) => out.write_all(symbol.as_bytes()),
        Atom::Float(x) if x.is_finite() && digits.is_none() => shortest(format_args!("{x:?}"), out),
        Atom::Real(x) if x.is_finite() && digits.is_none() => shortest(format_args!("{x:?}"), out),
        // A precision does not apply to datetimes.
        Atom::Datetime(Datetime(_)) => write!(out, "{}", atom.bare()),
        _ => write!(out, "{:.*}", digits.unwrap_or(0), atom.bare()),
    }
}

/// Writes the shortest digits that round-trip, without a trailing `.0`.
fn shortest(digits: std::fmt::Arguments<'_>, out: &mut Vec<u8>) -> io::Result<()> {
    out.write_fmt(digits)?;
    if out.ends_with(b".0") {
        out.truncate(out.len() - 2);
    }
    Ok(())
}
