//! Conversion of tables to Arrow: round trips, data types, nulls, shared buffers, refusals.

mod naive;

use arrow_array::cast::AsArray;
use arrow_array::types::{Date32Type, Int32Type, Int64Type, Time32SecondType, TimestampNanosecondType};
use arrow_array::{Array, RecordBatch};
use arrow_schema::{DataType, TimeUnit};
use bytes::Bytes;
use kcodec::arrow::{Error, copy_to_batch, to_batch, to_body};
use kcodec::{Body, Compression, Limits, Symbol, Table, Timestamp, Value, decompress, parse, to_little_endian};
use naive::Tree;
use proptest::prelude::*;

fn batch(q: &str) -> RecordBatch {
    to_batch(&parse(q).unwrap()).unwrap_or_else(|error| panic!("{q}: {error}"))
}

fn refused(q: &str) -> String {
    to_batch(&parse(q).unwrap()).expect_err(q).to_string()
}

fn is_table(value: Value<'_>) -> bool {
    match value {
        Value::Table(_) => true,
        Value::Dict(dict) => dict.as_keyed_table().is_some(),
        _ => false,
    }
}

/// The bytes as the library encodes them: no 8-byte count where 4 bytes suffice.
fn canonical(body: &Body) -> Vec<u8> {
    let mut out = Vec::new();
    body.value().encode(&mut out).unwrap();
    out
}

/// All columns, those of the keys first.
fn columns(value: Value<'_>) -> Vec<Value<'_>> {
    match value {
        Value::Table(table) => table.list().iter().collect(),
        Value::Dict(dict) => [columns(dict.keys()), columns(dict.values())].concat(),
        _ => unreachable!("a table"),
    }
}

fn item(column: Value<'_>, row: usize) -> Option<Value<'_>> {
    match column {
        Value::Vector(vector) => vector.get(row).map(Value::Atom),
        Value::List(list) => list.get(row),
        _ => None,
    }
}

/// Converts the table to Arrow and back, by copy and by reference at every alignment, and compares the bytes.
fn round_trip(body: &Body) -> Result<(), Error> {
    let expected = canonical(body);
    assert_eq!(to_body(&copy_to_batch(body.value())?)?.as_bytes(), &expected);
    for offset in 0..8 {
        let mut moved = vec![0; offset];
        moved.extend_from_slice(body.as_bytes());
        let moved = Body::decode(Bytes::from(moved).slice(offset..)).unwrap();
        let batch = to_batch(&moved)?;
        assert_eq!(to_body(&batch)?.as_bytes(), &expected, "{body}");
        // A slice of a batch, whose rows begin at an offset of its buffers.
        if let Some(rows) = batch.num_rows().checked_sub(1) {
            let cut = to_body(&batch.slice(1, rows))?;
            for (cut, whole) in columns(cut.value()).into_iter().zip(columns(body.value())) {
                assert_eq!(cut.count(), rows);
                assert!(
                    [0, rows / 2, rows.saturating_sub(1)]
                        .iter()
                        .all(|&row| rows == 0 || item(cut, row) == item(whole, row + 1))
                );
            }
        }
    }
    Ok(())
}

#[test]
fn golden_tables_round_trip() {
    let (mut tables, mut refused) = (0, Vec::new());
    for golden in kcorpus::golden() {
        let Some(body) = body_of(&golden.message).filter(|body| is_table(body.value())) else { continue };
        match round_trip(&body) {
            Ok(()) => tables += 1,
            Err(error) => refused.push((golden.name, error.to_string())),
        }
    }
    assert!(tables >= 25, "{tables}");
    // It has a list of mixed kinds.
    let refusal = "column l: no Arrow type for list with long atom in it";
    assert_eq!(refused, [("table/every-type", refusal.to_owned())]);
}

/// The body of a message with its header: inflated and converted to little-endian.
fn body_of(message: &[u8]) -> Option<Body> {
    let mut body = message.get(8..)?.to_vec();
    if message[2] != 0 {
        let kind = if message[2] == 1 { Compression::Short } else { Compression::Long };
        body = decompress(&body, kind, message[0] == 0, usize::MAX).ok()?;
    }
    if message[0] == 0 {
        to_little_endian(&mut body, Limits::default());
    }
    Body::decode(body).ok()
}

/// Tables and keyed tables with columns of any kind.
fn tables() -> impl Strategy<Value = Tree> {
    naive::tree().prop_filter("a table", |tree| match tree {
        Tree::Table { .. } => true,
        Tree::Dict { keys, values, .. } => matches!((&**keys, &**values), (Tree::Table { .. }, Tree::Table { .. })),
        _ => false,
    })
}

/// Changes the table so that Arrow can represent it.
fn make_representable(tree: &mut Tree) {
    match tree {
        Tree::Dict { keys, values, .. } => [keys, values].into_iter().for_each(|half| make_representable(half)),
        Tree::Table { names, columns, .. } => {
            for (at, (name, column)) in names.iter_mut().zip(columns).enumerate() {
                *name = format!("c{at}").into_bytes();
                make_column_representable(column);
            }
        }
        _ => {}
    }
}

fn make_column_representable(column: &mut Tree) {
    match column {
        // Arrow counts from 1970: values are reduced to avoid overflow; nulls and infinities stay.
        Tree::Vector { code: 12 | 14 | 17, items, .. } => {
            for item in items {
                let top = item.len() - 1;
                let special = item[1..top].iter().all(|&byte| byte == item[1]) && matches!(item[top], 0x7f | 0x80);
                if !special {
                    item[top] = item[top].cast_signed().div_euclid(64).cast_unsigned();
                }
            }
        }
        Tree::List { items, .. } => {
            let model = items.iter().find(|item| matches!(item, Tree::Vector { .. } | Tree::Symbols { .. }));
            let mut model = model.cloned().unwrap_or_else(|| Tree::Vector {
                code: 10,
                attr: 0,
                items: vec![vec![0xc3], vec![0xa4]],
            });
            make_column_representable(&mut model);
            for (at, item) in items.iter_mut().enumerate() {
                *item = model.clone();
                let (Tree::Vector { items, .. } | Tree::Symbols { items, .. }) = item else { unreachable!("a vector") };
                items.truncate(at % 4);
            }
        }
        _ => {}
    }
}

proptest! {
    #![proptest_config(ProptestConfig { max_global_rejects: 1 << 20, ..ProptestConfig::default() })]

    #[test]
    fn representable_tables_round_trip(mut tree in tables()) {
        make_representable(&mut tree);
        let body = Body::decode(naive::encode(&tree)).unwrap();
        round_trip(&body).unwrap_or_else(|error| panic!("{body}: {error}"));
    }

    #[test]
    fn other_tables_round_trip_or_are_refused(tree in tables()) {
        let body = Body::decode(naive::encode(&tree)).unwrap();
        match round_trip(&body) {
            Ok(()) | Err(Error::Name(_) | Error::Kind { .. } | Error::Range { .. }) => {}
            Err(error) => panic!("{body}: {error}"),
        }
    }
}

#[test]
fn data_types_of_kinds() {
    for (items, expected) in [
        ("010b", DataType::Boolean),
        ("0x0102", DataType::UInt8),
        ("1 0Nh", DataType::Int16),
        ("1 0Ni", DataType::Int32),
        ("1 0N", DataType::Int64),
        ("1 0Ne", DataType::Float32),
        ("1 0n", DataType::Float64),
        ("\"ab\"", DataType::Utf8),
        ("`a`", DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8))),
        ("2000.01.01D 0Np", DataType::Timestamp(TimeUnit::Nanosecond, None)),
        ("2000.01 0Nm", DataType::Int32),
        ("2000.01.01 0Nd", DataType::Date32),
        ("2000.01.01T 0Nz", DataType::Float64),
        ("0D 0Nn", DataType::Duration(TimeUnit::Nanosecond)),
        ("00:00 0Nu", DataType::Time32(TimeUnit::Second)),
        ("00:00:00 0Nv", DataType::Time32(TimeUnit::Second)),
        ("00:00:00.000 0Nt", DataType::Time32(TimeUnit::Millisecond)),
        ("(\"ab\";\"\")", DataType::Utf8),
    ] {
        let batch = batch(&format!("([]x:{items})"));
        assert_eq!(*batch.column(0).data_type(), expected, "{items}");
        let has_null = !matches!(expected, DataType::Boolean | DataType::UInt8 | DataType::Utf8);
        assert_eq!(batch.column(0).null_count(), usize::from(has_null), "{items}");
        assert_eq!(batch.schema().field(0).is_nullable(), has_null, "{items}");
    }
    let guid = batch("([]x:0Ng 0Ng)");
    assert_eq!((guid.column(0).data_type(), guid.column(0).null_count()), (&DataType::FixedSizeBinary(16), 2));
    assert_eq!(guid.schema().field(0).metadata()["ARROW:extension:name"], "arrow.uuid");
    assert_eq!(*batch("([]x:())").column(0).data_type(), DataType::Null);
}

#[test]
fn dates_and_timestamps_count_from_1970() {
    let batch = batch("([]p:1970.01.01D00:00:00.000000001 0Wp -0Wp;d:1970.01.02 0Wd -0Wd;u:00:02 0Wu -0Wu)");
    let p = batch.column(0).as_primitive::<TimestampNanosecondType>();
    assert_eq!(p.values()[..], [1, i64::MAX, i64::MIN + 1]);
    let d = batch.column(1).as_primitive::<Date32Type>();
    assert_eq!(d.values()[..], [1, i32::MAX, i32::MIN + 1]);
    let u = batch.column(2).as_primitive::<Time32SecondType>();
    assert_eq!(u.values()[..], [120, i32::MAX, i32::MIN + 1]);
    assert_eq!(refused("([]p:enlist 2262.04.12D)"), "column p: timestamp out of range");
    // The maximum in Arrow would become q's infinity.
    for (nanoseconds, fits) in [(i64::MAX - 946_684_800_000_000_000, false), (i64::MAX - 946_684_800_000_000_001, true)]
    {
        let items = [Timestamp(nanoseconds)];
        let columns = [Value::from(&items)];
        let table = Table::new(&["p"], &columns).unwrap();
        assert_eq!(copy_to_batch(table).is_ok(), fits);
    }
}

#[test]
fn nulls_at_any_row_are_in_the_bitmap() {
    for length in [1, 63, 64, 65, 1023, 1024, 1025, 3000] {
        for at in [0, length / 2, length - 1] {
            let mut items: Vec<i64> = (0..length as i64).collect();
            items[at] = i64::MIN;
            let columns = [Value::from(&items)];
            let table = Table::new(&["x"], &columns).unwrap();
            let batch = copy_to_batch(table).unwrap();
            let column = batch.column(0).as_primitive::<Int64Type>();
            assert_eq!((column.null_count(), column.is_null(at), column.len()), (1, true, length));
            assert_eq!(to_body(&batch).unwrap().value(), table.into());
        }
    }
    let batch = batch("([]s:`a``b`;t:(`x`;`symbol$();`a`b;enlist`))");
    let s = batch.column(0).as_dictionary::<Int32Type>();
    let expected: Vec<bool> = (0..4).map(|at| s.is_valid(at)).collect();
    assert_eq!(expected, [true, false, true, false]);
}

#[test]
fn aligned_columns_share_the_body() {
    let body = parse("([]j:1 2 3;c:\"abc\";g:0x010203)").unwrap();
    // The longs are aligned at one of eight offsets.
    let mut shared = 0;
    for offset in 0..8 {
        let mut bytes = vec![0; offset];
        bytes.extend_from_slice(body.as_bytes());
        let body = Body::decode(Bytes::from(bytes).slice(offset..)).unwrap();
        let batch = to_batch(&body).unwrap();
        let inside = |start: *const u8| body.as_bytes().as_ptr_range().contains(&start);
        shared += usize::from(inside(batch.column(0).to_data().buffers()[0].as_ptr()));
        assert!(inside(batch.column(1).as_string::<i32>().values().as_ptr()));
        // The batch outlives the body.
        drop(body);
        assert_eq!(batch.column(0).as_primitive::<Int64Type>().values()[..], [1, 2, 3]);
    }
    assert_eq!(shared, 1);
}

#[test]
fn errors_name_the_column_without_an_arrow_type() {
    for (q, expected) in [
        ("1 2", "not a table: long"),
        ("`a`b!1 2", "not a table: dict"),
        ("([]x:(1;`a))", "column x: no Arrow type for list with long atom in it"),
        ("([]x:(\"ab\";\"c\"))", "column x: no Arrow type for list with char atom in it"),
        ("([]x:(1 2;`a`b))", "column x: no Arrow type for list of long and symbol vectors"),
        ("([]x:(1 2;`s#1 2))", "column x: no Arrow type for list of long vectors of different attributes"),
        ("([]x:(1 2;()))", "column x: no Arrow type for list with list in it"),
    ] {
        assert_eq!(refused(q), expected, "{q}");
    }
    let inner = parse("([]y:1 2)").unwrap();
    let columns = [inner.value()];
    let table = Table::new(&["x"], &columns).unwrap();
    let error = copy_to_batch(table).unwrap_err().to_string();
    assert_eq!(error, "column x: no Arrow type for table");
    let names = [Symbol::from_bytes(b"\xff")];
    let columns = [Value::from(&[1_i64])];
    let table = Table::new(names.as_slice(), &columns).unwrap();
    assert_eq!(copy_to_batch(table).unwrap_err().to_string(), "column 0: name is not UTF-8");
}
