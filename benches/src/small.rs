//! The path of a small message, in steps that allocate nothing.

use kcodec::{Capability, Value};
use kcorpus::workload::{TRADE10, trade};

use crate::cases::first_items;
use crate::workload::{Columns, body};

/// One step, made ready to run; what it returns depends on its work.
pub type Step = Box<dyn FnMut() -> usize>;

/// A step by its name.
#[derive(Debug)]
pub struct Small {
    /// What it is called in `instructions.txt`.
    pub name: &'static str,
    /// Makes it ready.
    pub make: fn() -> Step,
}

/// The steps.
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
