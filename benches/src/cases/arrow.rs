//! Tables as Arrow record batches and back, held against memcpy into new memory and one plain pass over the symbols.

use kcodec::{Body, Table, Timestamp, Value, arrow};
use kcorpus::workload::{LONGS, SYMBOLS, TRADE, longs, symbols};

use crate::{Case, Timed, timed, workload};

/// Copies the bytes into new memory, as a batch or body is, and finds the end of each symbol, one byte after the other.
fn copy_and_pass(bytes: Vec<u8>, symbols: Vec<u8>) -> Timed {
    timed(move || {
        let mut ends: Vec<u32> = Vec::with_capacity(SYMBOLS);
        ends.extend(symbols.iter().enumerate().filter(|(_, byte)| **byte == 0).map(|(at, _)| at as u32));
        (bytes.clone(), ends)
    })
}

fn trade() -> (Body, Timed) {
    let bytes = workload::trade(TRADE);
    let yard = copy_and_pass(bytes.clone(), workload::symbols(&symbols(SYMBOLS)));
    (Body::decode(bytes).expect("a table"), yard)
}

pub(super) fn trade_to_batch() -> Case {
    let (body, yard) = trade();
    let batch = arrow::to_batch(&body).expect("a batch");
    assert_eq!((batch.num_rows(), batch.num_columns()), (TRADE, 5));
    assert!(arrow::to_body(&batch).is_ok_and(|back| back.as_bytes() == body.as_bytes()));
    Case { ours: timed(move || arrow::to_batch(&body)), yard }
}

pub(super) fn trade_to_body() -> Case {
    let (body, yard) = trade();
    let batch = arrow::to_batch(&body).expect("a batch");
    assert!(arrow::to_body(&batch).is_ok_and(|back| back.as_bytes() == body.as_bytes()));
    Case { ours: timed(move || arrow::to_body(&batch)), yard }
}

/// A column that moves to another epoch and has nulls, a sixteenth of all.
fn timestamps() -> (Body, Timed) {
    let moment = |number: i64| Timestamp(if number & 15 == 0 { i64::MIN } else { number >> 2 });
    let items: Vec<Timestamp> = longs(LONGS).into_iter().map(moment).collect();
    let columns = [Value::from(&items)];
    let body = Body::encode(Table::new(&["time"], &columns).expect("a table")).expect("a body");
    let bytes = body.as_bytes().to_vec();
    (body, timed(move || bytes.clone()))
}

pub(super) fn timestamps_to_batch() -> Case {
    let (body, yard) = timestamps();
    Case { ours: timed(move || arrow::to_batch(&body).expect("a batch")), yard }
}

pub(super) fn timestamps_to_body() -> Case {
    let (body, yard) = timestamps();
    let batch = arrow::to_batch(&body).expect("a batch");
    assert!(arrow::to_body(&batch).is_ok_and(|back| back.as_bytes() == body.as_bytes()));
    Case { ours: timed(move || arrow::to_body(&batch)), yard }
}
