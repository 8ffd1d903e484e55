//! Reading tickerplant logs, against reading or copying the same bytes.

use kcodec::{Atom, Log, Update, Value, Vector, log};
use kcorpus::workload::{self, Trade};

use super::decode::{memcpy, read};
use crate::{Case, Timed, timed};

/// Number of records in a log.
pub(super) const RECORDS: usize = 1_000_000;

/// A log of ``(`upd;`trade;x)``, where x has `rows` rows: atoms for one row, otherwise vectors.
fn trades(records: usize, rows: usize) -> Vec<u8> {
    let trade = workload::trade(records * rows);
    let mut bytes = log::HEAD.to_vec();
    for start in (0..records * rows).step_by(rows) {
        append(&trade, start, rows, &mut bytes);
    }
    bytes
}

fn append(trade: &Trade, start: usize, rows: usize, bytes: &mut Vec<u8>) {
    let end = start + rows;
    let time: Vec<_> = trade.time[start..end].iter().copied().map(kcodec::Timespan).collect();
    let sym: Vec<&str> = trade.sym[start..end].iter().map(String::as_str).collect();
    let columns = [
        (&time).into(),
        Value::symbols(&sym),
        trade.price[start..end].into(),
        trade.size[start..end].into(),
        Value::chars(&trade.ex[start..end]),
    ];
    let row = if rows == 1 {
        [
            Value::Atom(Atom::Timespan(time[0])),
            Value::symbol(sym[0]),
            trade.price[start].into(),
            trade.size[start].into(),
            Value::Atom(Atom::Char(trade.ex[start])),
        ]
    } else {
        columns
    };
    let items = [Value::symbol("upd"), Value::symbol("trade"), (&row).into()];
    let encoded = Value::from(&items).encode(bytes);
    assert!(encoded.is_ok());
}

fn count(bytes: &[u8]) -> usize {
    let Ok(log) = Log::new(bytes) else { return 0 };
    log.map_while(Result::ok).count()
}

fn iterated(rows: usize, yard: fn(Vec<u8>) -> Timed) -> Case {
    let bytes = trades(RECORDS, rows);
    assert_eq!(count(&bytes), RECORDS);
    let mut log = Log::new(&bytes).unwrap_or_else(|error| panic!("{error}"));
    assert!(
        log.all(|record| record.is_ok_and(|record| Update::new(record).is_some_and(|update| update.rows() == rows)))
    );
    let yard = yard(bytes.clone());
    Case { ours: timed(move || count(&bytes)), yard }
}

pub(super) fn rows() -> Case {
    iterated(1, memcpy)
}

pub(super) fn rows_read() -> Case {
    iterated(1, read)
}

pub(super) fn batches() -> Case {
    iterated(10, memcpy)
}

/// The sum of the sizes in all updates of `trade`.
fn volume(bytes: &[u8]) -> i64 {
    let Ok(log) = Log::new(bytes) else { return 0 };
    let size = |update: Update<'_>| match update.column(3) {
        Some(Value::Atom(Atom::Long(size))) => size,
        Some(Value::Vector(Vector::Long(sizes))) => sizes.iter().sum(),
        _ => 0,
    };
    let updates = log.map_while(Result::ok).filter_map(Update::new);
    updates.filter(|update| update.table() == "trade").map(size).sum()
}

pub(super) fn column() -> Case {
    let bytes = trades(RECORDS, 1);
    assert_eq!(volume(&bytes), workload::trade(RECORDS).size.iter().sum::<i64>());
    let yard = memcpy(bytes.clone());
    Case { ours: timed(move || volume(&bytes)), yard }
}
