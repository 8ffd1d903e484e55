//! Does every table survive the way through Arrow, and does Arrow read it as q does?

mod naive;

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::types::{
    Date32Type, DurationNanosecondType, Int32Type, Int64Type, Time32SecondType, TimestampNanosecondType,
};
use arrow_array::{
    Array, ArrayRef, BooleanArray, DictionaryArray, FixedSizeBinaryArray, Float64Array, Int8Array, Int64Array,
    LargeStringArray, ListArray, NullArray, RecordBatch, StringArray, StringViewArray, Time64MicrosecondArray,
    TimestampSecondArray, UInt64Array, new_null_array,
};
use arrow_schema::{DataType, Field, Schema};
use bytes::Bytes;
use kcodec::arrow::{Error, copy_to_batch, to_batch, to_body};
use kcodec::{Body, Value, parse};
use proptest::prelude::*;

fn batch(q: &str) -> RecordBatch {
    to_batch(&parse(q).unwrap()).unwrap_or_else(|error| panic!("{q}: {error}"))
}

fn refused(q: &str) -> String {
    to_batch(&parse(q).unwrap()).expect_err(q).to_string()
}

/// A batch from elsewhere, of one column `x`.
fn foreign(array: impl Array + 'static) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("x", Arc::new(array) as ArrayRef, true)]).unwrap()
}

fn q(batch: &RecordBatch) -> String {
    to_body(batch).unwrap_or_else(|error| panic!("{batch:?}: {error}")).to_string()
}

fn is_table(value: Value<'_>) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Dict(dict) => dict.as_keyed_table().is_some(),
        _ => false,
    }
}

/// The body in the spelling that is written: with no count in 8 bytes that fits 4.
fn canonical(body: &Body) -> Vec<u8> {
    let mut out = Vec::new();
    body.value().encode(&mut out).unwrap();
    out
}

/// Both ways of reading a body, at every alignment.
fn there_and_back(body: &Body) -> Result<(), Error> {
    let expected = canonical(body);
    assert_eq!(to_body(&copy_to_batch(body.value())?)?.as_bytes(), &expected);
    for offset in 0..8 {
        let mut moved = vec![0; offset];
        moved.extend_from_slice(body.as_bytes());
        let moved = Body::decode(Bytes::from(moved).slice(offset..)).unwrap();
        let batch = to_batch(&moved)?;
        assert_eq!(to_body(&batch)?.as_bytes(), &expected, "{body}");
        // Rows of a batch that begin inside its buffers.
        let rows = batch.num_rows();
        if rows > 1 {
            let cut = to_body(&batch.slice(1, rows - 1)).unwrap().value().count();
            assert_eq!(cut, rows - 1);
        }
    }
    Ok(())
}

#[test]
fn golden_tables_come_back_byte_for_byte() {
    let mut tables = 0;
    for golden in kcorpus::golden() {
        let Some(body) = body_of(&golden.message).filter(|body| is_table(body.value())) else { continue };
        there_and_back(&body).unwrap_or_else(|error| panic!("{}: {error}", golden.name));
        tables += 1;
    }
    assert!(tables >= 25, "{tables}");
}

/// The body of a whole message, inflated and turned if need be.
fn body_of(message: &[u8]) -> Option<Body> {
    let mut body = message.get(8..)?.to_vec();
    if message[2] != 0 {
        let kind = if message[2] == 1 { kcodec::Compression::Narrow } else { kcodec::Compression::Wide };
        body = kcodec::decompress(kind, message[0] == 0, &body, usize::MAX).ok()?;
    }
    if message[0] == 0 {
        kcodec::to_little_endian(&mut body, kcodec::Limits::default());
    }
    Body::decode(body).ok()
}

/// A table or keyed table of any columns; names are UTF-8 often enough.
fn tables() -> impl Strategy<Value = naive::Tree> {
    naive::tree().prop_filter("a table", |tree| match tree {
        naive::Tree::Table { .. } => true,
        naive::Tree::Dict { keys, values, .. } => {
            matches!((&**keys, &**values), (naive::Tree::Table { .. }, naive::Tree::Table { .. }))
        }
        _ => false,
    })
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 1 << 20, ..ProptestConfig::default() })]

    #[test]
    fn tables_come_back_byte_for_byte_or_are_refused(tree in tables()) {
        let body = Body::decode(naive::encode(&tree)).unwrap();
        match there_and_back(&body) {
            Ok(()) | Err(Error::Name(_) | Error::Kind { .. } | Error::Range { .. }) => {}
            Err(error) => panic!("{body}: {error}"),
        }
    }
}
