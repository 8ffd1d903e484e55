//! The workloads as encoded bodies.

use kcodec::{Slice, Table, Timespan, Value, Vector};
use kcorpus::workload::{self, Trade};

/// Encodes a value to a body.
pub(crate) fn body<'a>(value: impl Into<Value<'a>>) -> Vec<u8> {
    let mut out = Vec::new();
    let encoded = value.into().encode(&mut out);
    assert!(encoded.is_ok());
    out
}

pub(crate) fn longs() -> Vec<u8> {
    body(&workload::longs(workload::LONGS))
}

pub(crate) fn longs_small() -> Vec<u8> {
    body(&workload::longs_small(workload::LONGS_SMALL))
}

pub(crate) fn floats() -> Vec<f64> {
    workload::floats(workload::FLOATS)
}

pub(crate) fn symbols(names: &[String]) -> Vec<u8> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    body(Value::symbols(&names))
}

pub(crate) fn int_atoms() -> Vec<u8> {
    let items: Vec<Value<'_>> = workload::int_atoms(workload::INT_ATOMS).into_iter().map(Value::from).collect();
    body(&items)
}

pub(crate) fn strings() -> Vec<u8> {
    let texts = workload::strings(workload::STRINGS);
    let items: Vec<Value<'_>> = texts.iter().map(Value::from).collect();
    body(&items)
}

/// A trade table's columns as Rust data.
pub(crate) struct Columns {
    time: Vec<Timespan>,
    pub(crate) trade: Trade,
}

impl Columns {
    pub(crate) fn new(trade: Trade) -> Self {
        Self { time: trade.time.iter().copied().map(Timespan).collect(), trade }
    }

    /// Passes the table of these columns to `use_it`, with symbols as strings.
    pub(crate) fn with<T>(&self, use_it: impl FnOnce(Table<'_>) -> T) -> T {
        let sym: Vec<&str> = self.trade.sym.iter().map(String::as_str).collect();
        self.with_column(Value::symbols(&sym), use_it)
    }

    /// Like [`with`](Self::with), with symbols borrowed from an encoded vector.
    pub(crate) fn with_symbols<T>(&self, symbols: &[u8], use_it: impl FnOnce(Table<'_>) -> T) -> T {
        self.with_column(Value::decode(symbols).unwrap_or_else(|error| panic!("{error}")), use_it)
    }

    fn with_column<T>(&self, sym: Value<'_>, use_it: impl FnOnce(Table<'_>) -> T) -> T {
        let columns = [
            (&self.time).into(),
            sym,
            (&self.trade.price).into(),
            (&self.trade.size).into(),
            Value::Vector(Vector::Char(Slice::new(&self.trade.ex))),
        ];
        let table = Table::new(&["time", "sym", "price", "size", "ex"], &columns);
        use_it(table.unwrap_or_else(|error| panic!("{error}")))
    }
}

pub(crate) fn trade(rows: usize) -> Vec<u8> {
    Columns::new(workload::trade(rows)).with(|table| body(table))
}

pub(crate) fn trade_sorted() -> Vec<u8> {
    Columns::new(workload::trade_sorted(workload::TRADE_SORTED)).with(|table| body(table))
}

/// Copies the body into a buffer so that the items of its vector are misaligned. Returns the buffer and the body's
/// offset.
pub(crate) fn misaligned(body: &[u8]) -> (Vec<u8>, usize) {
    /// Length of type, attribute and count in bytes.
    const HEAD: usize = 6;
    let mut buffer: Vec<u8> = Vec::with_capacity(body.len() + 8);
    let start = (0..8).find(|start| (buffer.as_ptr().addr() + start + HEAD) % 8 == 1).unwrap_or_default();
    buffer.resize(start, 0);
    buffer.extend_from_slice(body);
    (buffer, start)
}
