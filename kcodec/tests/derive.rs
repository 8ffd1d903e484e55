//! Derived conversions between tables and structs of columns or of rows.

use std::borrow::Cow;

use kcodec::{
    Batch, Body, ColumnBuf, Date, Error, ErrorKind, FromTable, Kind, Mismatch, Slice, Symbols, Timestamp, ToColumn,
    ToItem, ToRow, ToTable, Value,
};

#[derive(Debug, Clone, PartialEq, FromTable, ToTable)]
struct Columns {
    sym: Vec<String>,
    price: Vec<f64>,
    size: Vec<Option<i64>>,
    #[kdb(name = "type", chars)]
    kind: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, FromTable, ToTable)]
struct Row {
    time: Timestamp,
    sym: String,
    price: f64,
    size: Option<i64>,
    #[kdb(chars)]
    note: String,
    r#type: Option<String>,
    levels: Vec<f64>,
    // Names that must not collide with those in the derived code.
    rows: bool,
    value: Date,
}

#[derive(Debug, PartialEq, FromTable, ToTable)]
struct Borrowed<'a> {
    sym: &'a str,
    #[kdb(name = "price")]
    last: f64,
}

#[derive(Debug, PartialEq, FromTable, ToTable)]
struct Views<'a> {
    sym: Symbols<'a>,
    price: Slice<'a, f64>,
}

#[derive(Debug, PartialEq, FromTable, ToTable)]
struct Generic<T> {
    x: T,
}

#[derive(ToTable)]
struct Texts<'a> {
    a: Cow<'a, str>,
    #[kdb(symbol)]
    b: &'a [u8],
    #[kdb(chars)]
    c: &'a [u8],
    d: Option<&'a str>,
    e: Value<'a>,
}

fn rows() -> Vec<Row> {
    let row = |price: f64, size| Row {
        time: Timestamp(7),
        sym: format!("s{price}"),
        price,
        size,
        note: format!("price {price}"),
        r#type: size.map(|size| size.to_string()),
        levels: vec![price; 2],
        rows: price > 2.0,
        value: Date(1),
    };
    vec![row(1.5, Some(10)), row(2.5, None), row(3.5, Some(30))]
}

#[test]
fn columns() {
    let columns = Columns {
        sym: vec!["ibm".into(), "msft".into()],
        price: vec![1.5, 2.5],
        size: vec![Some(1), None],
        kind: vec!["a".into(), "bc".into()],
    };
    let body = columns.to_body().unwrap();
    assert_eq!(body.to_string(), "+`sym`price`size`type!(`ibm`msft;1.5 2.5;1 0N;(,\"a\";\"bc\"))");
    assert_eq!(body.value().get(), Ok(columns));
}

#[test]
fn columns_of_unequal_length() {
    let columns = Columns { sym: vec![], price: vec![1.5], size: vec![], kind: vec![] };
    let mut out = vec![1];
    assert_eq!(columns.encode_table(&mut out).unwrap_err().kind, ErrorKind::Ragged { expected: 0, found: 1 });
    assert_eq!(out, [1]);
}

#[test]
fn rows_round_trip() {
    let rows = rows();
    let body = rows.to_body().unwrap();
    assert_eq!(body.value().get(), Ok(rows.clone()));
    // The bytes equal those of a table that was parsed.
    assert_eq!(Body::encode(kcodec::parse(&body.to_string()).unwrap().value()).unwrap().as_bytes(), body.as_bytes());

    let mut batch = Batch::new();
    for _ in 0..2 {
        rows.iter().for_each(|row| batch.push(row).unwrap());
        let mut out = Vec::new();
        batch.encode(&mut out).unwrap();
        assert_eq!((&out[..], batch.len(), batch.columns().len()), (&body.as_bytes()[..], 3, 9));
        batch.clear();
    }
    assert_eq!(Vec::<Row>::new().to_body().unwrap().value().get(), Ok(Vec::<Row>::new()));
}

#[test]
fn a_refused_row_does_not_change_the_batch() {
    let rows = rows();
    let mut batch = Batch::new();
    batch.push(&rows[0]).unwrap();
    let before = batch.to_body().unwrap();
    let refused = Row { r#type: Some("a\0b".into()), ..rows[1].clone() };
    assert_eq!(batch.push(&refused).unwrap_err().kind, ErrorKind::Nul);
    assert_eq!(batch.to_body().unwrap().as_bytes(), before.as_bytes());
    batch.push(&rows[1]).unwrap();
    assert_eq!(batch.to_body().unwrap(), rows[..2].to_body().unwrap());
}

#[test]
fn borrowed_rows_and_views_of_columns() {
    let body = kcodec::parse("+`sym`x`price!(`ibm`msft;0 0;1.5 2.5)").unwrap();
    let rows: Vec<Borrowed<'_>> = body.value().get().unwrap();
    assert_eq!(rows, [Borrowed { sym: "ibm", last: 1.5 }, Borrowed { sym: "msft", last: 2.5 }]);
    let views: Views<'_> = body.value().get().unwrap();
    assert_eq!((views.price.sum(), views.sym.len()), (4.0, 2));
    assert_eq!(views.to_body().unwrap(), rows.to_body().unwrap());
}

#[test]
fn keyed_tables_and_dicts() {
    let body = kcodec::parse("(+(,`sym)!,`a`b)!+(,`price)!,1.5 2.5").unwrap();
    let rows: Vec<Borrowed<'_>> = body.value().get().unwrap();
    assert_eq!(rows[1], Borrowed { sym: "b", last: 2.5 });
    let body = kcodec::parse("`price`sym!(1.5;`a)").unwrap();
    assert_eq!(body.value().get(), Ok(Borrowed { sym: "a", last: 1.5 }));
}

#[test]
fn errors_name_the_column() {
    let read = |text: &str| -> Mismatch {
        kcodec::parse(text).unwrap().value().get::<Vec<Borrowed<'_>>>().map(|rows| rows.len()).unwrap_err()
    };
    assert_eq!(
        read("+`sym`price!(`a`b;1 2)").to_string(),
        "column `price`: expected a float vector, found a long vector"
    );
    assert_eq!(read("+(,`sym)!,`a`b").to_string(), "column `price`: not found");
    assert_eq!(read("1 2 3").to_string(), "expected a table, found a long vector");
    let body = kcodec::parse("`price`sym!(1;`a)").unwrap();
    let wrong = body.value().get::<Borrowed<'_>>().unwrap_err();
    assert_eq!(wrong.to_string(), "key `price`: expected a float atom, found a long atom");
}

#[test]
fn generics_and_texts() {
    let rows = [Generic { x: 1_i64 }, Generic { x: 2 }];
    assert_eq!(rows.to_body().unwrap().value().get(), Ok(Vec::from(rows)));
    let row = Texts { a: "a".into(), b: b"b", c: b"c\0", d: None, e: 5_i64.into() };
    assert_eq!([row].to_body().unwrap().to_string(), "+`a`b`c`d`e!(,`a;,`b;,\"c\\000\";,`;,5)");
}

/// A row with an incorrect implementation by hand.
struct Wrong;

impl ToRow for Wrong {
    const NAMES: &'static [&'static str] = &["a", "b", "c"];
    const KINDS: &'static [Kind] = &[Kind::Symbol, Kind::Dict, Kind::Long];

    fn append(&self, columns: &mut [ColumnBuf]) -> Result<(), Error> {
        assert_eq!(columns[1].kind(), Kind::List);
        columns[1].push_chars(b"text")?;
        assert_eq!(1_i32.append(&mut columns[2]).unwrap_err().kind, ErrorKind::Unsupported);
        assert_eq!(columns[0].push_chars(b"text").unwrap_err().kind, ErrorKind::Unsupported);
        assert_eq!(columns[1].push_value(Value::error("type")).unwrap_err().kind, ErrorKind::NestedError);
        1_i64.append(&mut columns[0])
    }
}

#[test]
fn incorrect_implementations_cannot_create_invalid_columns() {
    let mut batch = Batch::new();
    assert_eq!(batch.push(&Wrong).unwrap_err().kind, ErrorKind::Unsupported);
    assert_eq!(batch.to_body().unwrap().to_string(), "+`a`b`c!(`symbol$();();`long$())");
}

#[test]
fn items_without_a_derive() {
    assert_eq!([Some(1.5_f32), None].to_column().unwrap().value().to_string(), "1.5 0Ne");
    assert_eq!(Option::<Date>::column(&[None]).unwrap().value().to_string(), ",0Nd");
    assert_eq!([vec![1_i64], vec![]].to_column().unwrap().value().to_string(), "(,1;`long$())");
}
