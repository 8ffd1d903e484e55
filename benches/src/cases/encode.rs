//! Encoding Rust data, against memcpy of the same bytes.

use std::hint::black_box;
use std::time::{Duration, Instant};

use kcodec::{Capability, List, Value};
use kcorpus::workload::{self, INT_ATOMS, STRINGS, SYMBOLS, TRADE, TRADE10};

use crate::workload::{Columns, body};
use crate::{Case, Timed, timed};

/// The yardstick: copies bytes into a reused buffer.
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

/// A trade table of Rust slices, and its body.
struct Trade {
    columns: Columns,
    /// The symbols as an encoded vector: one run of bytes, as in a received table.
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

    /// Times an operation on the table.
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

/// Times the encoding of a value that `lend` constructs, outside the measured time, and passes to a closure.
fn lent(lend: impl Fn(&mut dyn FnMut(Value<'_>)) + 'static) -> Case {
    let mut expected = Vec::new();
    lend(&mut |value| expected = body(value));
    let mut out = Vec::with_capacity(expected.len());
    let ours: Timed = Box::new(move |runs| {
        let mut spent = Duration::ZERO;
        lend(&mut |value| {
            let start = Instant::now();
            for _ in 0..runs {
                out.clear();
                assert!(black_box(value).encode(&mut out).is_ok());
            }
            spent = start.elapsed();
        });
        spent
    });
    Case { ours, yard: memcpy(expected) }
}

/// Symbols as Rust strings, which are copied one by one.
pub(super) fn trade_texts() -> Case {
    let columns = Columns::new(workload::trade(TRADE));
    lent(move |use_it| columns.with(|table| use_it(table.into())))
}

pub(super) fn symbols() -> Case {
    let names = workload::symbols(SYMBOLS);
    lent(move |use_it| {
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        use_it(Value::symbols(&names));
    })
}

pub(super) fn int_atoms() -> Case {
    let items: Vec<Value<'_>> = workload::int_atoms(INT_ATOMS).into_iter().map(Value::from).collect();
    lent(move |use_it| use_it((&items).into()))
}

pub(super) fn strings() -> Case {
    let texts = workload::strings(STRINGS);
    lent(move |use_it| use_it(List::strings(&texts).into()))
}

pub(super) fn string_values() -> Case {
    let texts = workload::strings(STRINGS);
    lent(move |use_it| {
        let items: Vec<Value<'_>> = texts.iter().map(Value::from).collect();
        use_it((&items).into());
    })
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
