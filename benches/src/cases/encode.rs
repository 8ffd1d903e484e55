//! Rust data into bodies, held against memcpy of the same bytes.

use std::hint::black_box;
use std::time::Instant;

use kcodec::{Capability, Value};
use kcorpus::workload::{self, TRADE, TRADE10};

use crate::workload::{Columns, body};
use crate::{Case, Timed, timed};

/// Copies bytes into a buffer that is used again.
fn memcpy(bytes: Vec<u8>) -> Timed {
    let mut target = Vec::with_capacity(bytes.len());
    timed(move || {
        target.clear();
        target.extend_from_slice(&bytes);
        target.len()
    })
}

pub(super) fn longs() -> Case {
    let items = workload::longs(workload::LONGS);
    let expected = body(&items);
    let mut out = Vec::with_capacity(expected.len());
    assert!(Value::from(&items).encode(&mut out).is_ok() && out == expected);
    let ours = timed(move || {
        out.clear();
        Value::from(&items).encode(&mut out)
    });
    Case { ours, yard: memcpy(expected) }
}

/// A trade table that borrows Rust slices, with its body.
struct Trade {
    columns: Columns,
    /// The symbols as a body: lent as one run of bytes, as those of a received table are.
    symbols: Vec<u8>,
    expected: Vec<u8>,
}

impl Trade {
    fn new(rows: usize) -> Self {
        let columns = Columns::new(workload::trade(rows));
        let expected = columns.with(|table| body(table));
        let symbols = columns.with(|table| table.column("sym").map(body).unwrap_or_default());
        Self { columns, symbols, expected }
    }

    /// Times something done to the table again and again.
    fn timed<T>(self, mut run: impl FnMut(Value<'_>) -> T + 'static) -> (Timed, Timed) {
        let Self { columns, symbols, expected } = self;
        let ours: Timed = Box::new(move |runs| {
            columns.with_symbols(&symbols, |table| {
                let start = Instant::now();
                for _ in 0..runs {
                    black_box(run(black_box(table.into())));
                }
                start.elapsed()
            })
        });
        (ours, memcpy(expected))
    }
}

fn encode_trade(rows: usize) -> Case {
    let trade = Trade::new(rows);
    let mut out = Vec::with_capacity(trade.expected.len());
    assert!(trade.columns.with_symbols(&trade.symbols, |table| Value::from(table).encode(&mut out)).is_ok());
    assert_eq!(out, trade.expected);
    let (ours, yard) = trade.timed(move |table| {
        out.clear();
        table.encode(&mut out).is_ok()
    });
    Case { ours, yard }
}

pub(super) fn trade() -> Case {
    encode_trade(TRADE)
}

pub(super) fn trade10() -> Case {
    encode_trade(TRADE10)
}

/// The symbols as Rust texts, which must be gathered from where each stands.
pub(super) fn trade_texts() -> Case {
    let columns = Columns::new(workload::trade(TRADE));
    let expected = columns.with(|table| body(table));
    let mut out = Vec::with_capacity(expected.len());
    let ours: Timed = Box::new(move |runs| {
        columns.with(|table| {
            let start = Instant::now();
            for _ in 0..runs {
                out.clear();
                assert!(Value::from(black_box(table)).encode(&mut out).is_ok());
            }
            start.elapsed()
        })
    });
    Case { ours, yard: memcpy(expected) }
}

pub(super) fn gather_longs() -> Case {
    let items = workload::longs(workload::LONGS);
    let expected = body(&items);
    assert_eq!(gathered(Value::from(&items)), expected);
    let ours = timed(move || Value::from(&items).gather(Capability::MAX).map(|gather| gather.io_slices().len()));
    Case { ours, yard: memcpy(expected) }
}

pub(super) fn gather_trade() -> Case {
    let trade = Trade::new(TRADE);
    assert_eq!(trade.columns.with_symbols(&trade.symbols, |table| gathered(table.into())), trade.expected);
    let (ours, yard) = trade.timed(|table| table.gather(Capability::MAX).map(|gather| gather.io_slices().len()));
    Case { ours, yard }
}

fn gathered(value: Value<'_>) -> Vec<u8> {
    let gather = value.gather(Capability::MAX).unwrap_or_default();
    gather.iter().collect::<Vec<_>>().concat()
}
