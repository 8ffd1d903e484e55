//! Conversion of Arrow batches that kcodec did not create.

use std::sync::Arc;

use arrow_array::types::{DurationNanosecondType, Int32Type, Int64Type};
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, DictionaryArray, FixedSizeBinaryArray, Float64Array, Int8Array,
    Int32Array, Int64Array, LargeStringArray, ListArray, NullArray, PrimitiveArray, RecordBatch, StringArray,
    StringViewArray, Time64MicrosecondArray, TimestampNanosecondArray, TimestampSecondArray, UInt64Array,
    new_null_array,
};
use arrow_schema::{DataType, Field, Schema};
use kcodec::arrow::{Error, to_body};

/// A batch without metadata, of one column `x`.
fn foreign(array: impl Array + 'static) -> RecordBatch {
    RecordBatch::try_from_iter_with_nullable([("x", Arc::new(array) as ArrayRef, true)]).unwrap()
}

fn q(batch: &RecordBatch) -> String {
    to_body(batch).unwrap_or_else(|error| panic!("{batch:?}: {error}")).to_string()
}

#[test]
fn foreign_batches_become_tables_or_are_refused() {
    let dictionary = DictionaryArray::<Int32Type>::from_iter([Some("a"), None, Some("b")]);
    let nested = ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None]), None, Some(vec![])]);
    let uuid = FixedSizeBinaryArray::try_from_sparse_iter_with_size([Some([1; 16]), None].into_iter(), 16).unwrap();
    for (batch, expected) in [
        (foreign(Int64Array::from(vec![Some(1), None])), "+(,`x)!,1 0N"),
        (foreign(Int8Array::from(vec![Some(-1), None])), "+(,`x)!,-1 0Nh"),
        (foreign(UInt64Array::from(vec![Some(1), None])), "+(,`x)!,1 0N"),
        (foreign(Float64Array::from(vec![Some(1.5), None])), "+(,`x)!,1.5 0n"),
        (foreign(BooleanArray::from(vec![true, false])), "+(,`x)!,10b"),
        (foreign(StringArray::from(vec![Some("a"), None])), "+(,`x)!,`a`"),
        (foreign(LargeStringArray::from(vec!["a", "b"])), "+(,`x)!,`a`b"),
        (foreign(StringViewArray::from(vec!["a", "a text of some length"])), "+(,`x)!,`a`a text of some length"),
        (foreign(dictionary.clone()), "+(,`x)!,`a``b"),
        (foreign(dictionary.slice(1, 2)), "+(,`x)!,``b"),
        (foreign(nested.clone()), "+(,`x)!,(1 0N;`long$();`long$())"),
        (foreign(nested.slice(1, 2)), "+(,`x)!,(`long$();`long$())"),
        (foreign(uuid), "+(,`x)!,01010101-0101-0101-0101-010101010101 00000000-0000-0000-0000-000000000000"),
        (foreign(NullArray::new(0)), "+(,`x)!,()"),
        (foreign(BinaryArray::from(vec![&b"ab"[..], b""])), "+(,`x)!,(0x6162;`byte$())"),
        (foreign(TimestampSecondArray::from(vec![Some(86_400), None])), "+(,`x)!,1970.01.02D00:00:00.000000000 0N"),
        (foreign(Time64MicrosecondArray::from(vec![1])), "+(,`x)!,,0D00:00:00.000001000"),
    ] {
        assert_eq!(q(&batch), expected);
    }
    for (batch, expected) in [
        (foreign(NullArray::new(1)), "column x: no q type for Null"),
        (foreign(NullArray::new(usize::MAX)), "column x: no q type for Null"),
        (foreign(BooleanArray::from(vec![Some(true), None])), "column x: null boolean"),
        (foreign(UInt64Array::from(vec![u64::MAX])), "column x: long out of range"),
        (foreign(TimestampSecondArray::from(vec![i64::MAX])), "column x: timestamp out of range"),
        (foreign(StringArray::from(vec!["a\0b"])), "24: NUL byte in a symbol"),
        (foreign(new_null_array(&DataType::Decimal128(9, 2), 2)), "column x: no q type for Decimal128(9, 2)"),
    ] {
        assert_eq!(to_body(&batch).expect_err(expected).to_string(), expected);
    }
}

#[test]
fn inconsistent_metadata_is_ignored_or_refused() {
    let of_field = |key: &str, value: &str, array: ArrayRef| {
        let field = Field::new("x", array.data_type().clone(), true).with_metadata([(key, value)]);
        RecordBatch::try_new(Arc::new(Schema::new(vec![field])), vec![array]).unwrap()
    };
    let longs = || Arc::new(Int64Array::from(vec![1, 2])) as ArrayRef;
    let texts = || Arc::new(StringArray::from(vec!["ab", "c"])) as ArrayRef;
    for (key, value, array, expected) in [
        ("kdb:type", "minute", longs(), "+(,`x)!,1 2"),
        ("kdb:type", "no kind", longs(), "+(,`x)!,1 2"),
        ("kdb:type", "table", longs(), "+(,`x)!,1 2"),
        ("kdb:type", "long", texts(), "+(,`x)!,`ab`c"),
        ("kdb:type", "list", texts(), "+(,`x)!,(\"ab\";,\"c\")"),
        ("kdb:attribute", "s", longs(), "+(,`x)!,`s#1 2"),
        ("kdb:attribute", "z", longs(), "+(,`x)!,1 2"),
    ] {
        assert_eq!(q(&of_field(key, value, array)), expected, "{key} {value}");
    }
    let error = to_body(&of_field("kdb:type", "char", texts())).unwrap_err().to_string();
    assert_eq!(error, "column x: char out of range");
    for (key, value) in [("kdb:keys", "2"), ("kdb:keys", "-1"), ("kdb:table", "5000"), ("kdb:table", "0002")] {
        let plain = foreign(Int64Array::from(vec![1]));
        let schema = Schema::new_with_metadata(plain.schema().fields().clone(), [(key, value)]);
        let batch = RecordBatch::try_new(Arc::new(schema), plain.columns().to_vec()).unwrap();
        let error = to_body(&batch).expect_err(value).to_string();
        assert_eq!(error, format!("metadata {key}: {value:?}"));
    }
}

#[test]
fn timestamps_out_of_range_are_refused() {
    let batch = |array: ArrayRef| RecordBatch::try_from_iter_with_nullable([("x", array, true)]).unwrap();
    let earliest = i64::MIN + 2 + 946_684_800_000_000_000;
    for (nanoseconds, fits) in [(earliest - 1, false), (earliest, true), (i64::MAX, true), (i64::MIN + 1, true)] {
        let array = Arc::new(TimestampNanosecondArray::from(vec![nanoseconds]));
        assert_eq!(to_body(&batch(array)).is_ok(), fits, "{nanoseconds}");
    }
    let durations = PrimitiveArray::<DurationNanosecondType>::from(vec![Some(5), None]);
    assert_eq!(q(&batch(Arc::new(durations))), "+(,`x)!,0D00:00:00.000000005 0N");
}

#[test]
fn a_dictionary_that_expands_too_far_is_refused() {
    let text = Arc::new(StringArray::from(vec!["x".repeat(1 << 26)]));
    let keys = Int32Array::from(vec![0; 1 << 22]);
    let batch = foreign(DictionaryArray::new(keys, text));
    assert!(matches!(to_body(&batch), Err(Error::Memory(_))));
}
