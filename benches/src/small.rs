//! The steps of a small message's path. None of them allocates.

use kcodec::{Atom, Capability, Value};
use kcorpus::workload::{TRADE10, trade};

use crate::workload::{Columns, body};

/// A prepared step. Its result depends on its work, so that it is not optimized away.
pub type Step = Box<dyn FnMut() -> usize>;

/// A named step.
#[derive(Debug)]
pub struct Small {
    /// The name in `instructions.txt`.
    pub name: &'static str,
    /// Prepares the step.
    pub make: fn() -> Step,
}

/// All steps.
pub const SMALL: [Small; 5] = [
    Small { name: "decode-query", make: decode_query },
    Small { name: "decode-trade10", make: decode_trade10 },
    Small { name: "encode-long", make: encode_long },
    Small { name: "encode-trade10", make: encode_trade10 },
    Small { name: "parse-header", make: parse_header },
];

fn decode_query() -> Step {
    let body = body("2+2");
    Box::new(move || Value::decode(&body).map_or(0, Value::count))
}

fn decode_trade10() -> Step {
    let body = Columns::new(trade(TRADE10)).with(|table| body(table));
    Box::new(move || first_items(&body))
}

fn encode_long() -> Step {
    let mut out = Vec::with_capacity(64);
    Box::new(move || {
        out.clear();
        let encoded = Value::from(4_i64).encode_for(Capability::MAX, &mut out);
        usize::from(encoded.is_ok()) + out.len()
    })
}

fn encode_trade10() -> Step {
    let body = Columns::new(trade(TRADE10)).with(|table| body(table));
    let columns = Columns::new(trade(TRADE10));
    let symbols = columns.with(|table| table.column("sym").map(crate::workload::body).unwrap_or_default());
    let mut out = Vec::with_capacity(body.len());
    Box::new(move || {
        out.clear();
        let encoded = columns.with_symbols(&symbols, |table| Value::from(table).encode(&mut out));
        usize::from(encoded.is_ok()) + out.len()
    })
}

fn parse_header() -> Step {
    let header = [1, 1, 0, 0, 17, 0, 0, 0];
    Box::new(move || kwire::Header::parse(std::hint::black_box(header)).map_or(0, |header| header.length as usize))
}

/// Decodes a table and reads the first item of each column.
pub(crate) fn first_items(body: &[u8]) -> usize {
    let Ok(Value::Table(table)) = Value::decode(body) else { return 0 };
    let first = |column: Value<'_>| match column {
        Value::Vector(vector) => match vector.get(0) {
            Some(Atom::Symbol(symbol)) => symbol.as_bytes().len(),
            Some(Atom::Timespan(time)) => time.0 as usize,
            Some(Atom::Float(price)) => price as usize,
            Some(Atom::Long(size)) => size as usize,
            Some(Atom::Char(letter)) => usize::from(letter),
            _ => 0,
        },
        _ => 0,
    };
    table.list().iter().map(first).fold(0, usize::wrapping_add)
}
