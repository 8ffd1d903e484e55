//! Serialization of values, and deserialization of values and tables into structs.

use std::collections::BTreeMap;
use std::fmt::Debug;

use kcodec::serde::from_value;
use kcodec::{Date, Datetime, Guid, Minute, Month, Second, Time, Timespan, Timestamp, Value};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::json;

fn json(text: &str) -> serde_json::Value {
    serde_json::to_value(kcodec::parse(text).unwrap().value()).unwrap()
}

fn read<T: DeserializeOwned>(text: &str) -> T {
    from_value(kcodec::parse(text).unwrap().value()).unwrap()
}

fn refused<T: DeserializeOwned + Debug>(text: &str) -> String {
    from_value::<T>(kcodec::parse(text).unwrap().value()).unwrap_err().to_string()
}

#[test]
fn values_as_json() {
    for (text, expected) in [
        ("1b", json!(true)),
        ("0x01ff", json!([1, 255])),
        ("1 0N 3", json!([1, null, 3])),
        ("1.5 0n", json!([1.5, null])),
        ("\"text\"", json!("text")),
        ("\"t\"", json!("t")),
        ("`a``b", json!(["a", "", "b"])),
        ("::", json!(null)),
        ("(1;`a;\"bc\")", json!([1, "a", "bc"])),
        ("{x+y}", json!("{x+y}")),
        ("2024.01.31 0Nd 0Wd", json!(["2024-01-31", null, "0Wd"])),
        ("2024.01m", json!("2024-01")),
        ("2024.01.31D12:34:56.000000789", json!("2024-01-31T12:34:56.000000789")),
        ("2024.01.31T12:34:56.789", json!("2024-01-31T12:34:56.789")),
        ("1D02:03:04.000000005", json!("1D02:03:04.000000005")),
        ("12:34", json!("12:34")),
        ("12:34:56", json!("12:34:56")),
        ("12:34:56.789", json!("12:34:56.789")),
        ("0Ng", json!(null)),
        ("`a`b!(1;2 3)", json!({"a": 1, "b": [2, 3]})),
        ("1 2!`a`b", json!({"1": "a", "2": "b"})),
        ("2024.01.31 2024.02.01!1 2", json!({"2024-01-31": 1, "2024-02-01": 2})),
        ("+`a`b!(1 2;`x`y)", json!([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])),
        ("(+(,`a)!,1 2)!+(,`b)!,`x`y", json!([{"a": 1, "b": "x"}, {"a": 2, "b": "y"}])),
        ("(+(,`a)!,1 2)!3 4", json!({"keys": [{"a": 1}, {"a": 2}], "values": [3, 4]})),
    ] {
        assert_eq!(json(text), expected, "{text}");
    }
    assert_eq!(serde_json::to_value(Value::error("type")).unwrap(), json!({"error": "type"}));
    assert_eq!(serde_json::to_value(Guid([0xab; 16])).unwrap(), json!("abababab-abab-abab-abab-abababababab"));
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Items {
    guid: Guid,
    timestamp: Timestamp,
    month: Month,
    date: Date,
    datetime: Datetime,
    timespan: Timespan,
    minute: Minute,
    second: Second,
    time: Time,
}

#[test]
fn temporal_items_round_trip() {
    let items = Items {
        guid: Guid([7; 16]),
        timestamp: Timestamp(-1),
        month: Month(-1),
        date: Date(8825),
        datetime: Datetime(8825.5),
        timespan: Timespan(-93_784_000_000_005),
        minute: Minute(-62),
        second: Second(90_061),
        time: Time(3_723_004),
    };
    let text = serde_json::to_string(&items).unwrap();
    assert_eq!(serde_json::from_str::<Items>(&text).unwrap(), items);
    for infinity in [Date::INFINITY, Date::NEG_INFINITY, Date::NULL] {
        let text = serde_json::to_string(&infinity).unwrap();
        assert_eq!(serde_json::from_str::<Date>(&text).unwrap(), infinity);
    }
    assert_eq!(serde_json::from_str::<Timestamp>("\"2000-01-01T00:00:01Z\"").unwrap(), Timestamp(1_000_000_000));
    assert_eq!(serde_json::from_str::<Date>("31").unwrap(), Date(31));
    assert!(serde_json::from_str::<Date>("\"12:00\"").is_err() && serde_json::from_str::<Date>("3000000000").is_err());

    // Items of a q value deserialize without loss, nulls and infinities included.
    assert_eq!(read::<Vec<Date>>("2000.01.02 0Nd 0Wd"), [Date(1), Date::NULL, Date::INFINITY]);
    assert_eq!(read::<(Timestamp, Guid, Datetime)>("(0Wp;0Ng;2000.01.01T12:00:00.000)").0, Timestamp::INFINITY);
    assert_eq!(read::<Option<Time>>("0Nt"), None);
    assert_eq!(refused::<Date>("5"), "expected a date atom, found a long atom");
}

#[derive(Debug, PartialEq, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Side {
    Buy,
    Sell,
}

#[derive(Debug, PartialEq, Deserialize)]
struct Trade<'a> {
    sym: &'a str,
    price: f64,
    size: Option<u32>,
    side: Side,
    #[serde(default)]
    note: String,
}

#[test]
fn rows_of_a_table() {
    let body = kcodec::parse("+`sym`size`price`side`x!(`a`b;1 0N;1.5 2.5;`buy`sell;(1;`y))").unwrap();
    let trades: Vec<Trade<'_>> = from_value(body.value()).unwrap();
    let trade = |sym, price, size, side| Trade { sym, price, size, side, note: String::new() };
    assert_eq!(trades, [trade("a", 1.5, Some(1), Side::Buy), trade("b", 2.5, None, Side::Sell)]);
    let body = kcodec::parse("`sym`price`size`side`note!(`a;1.5;7i;\"sell\";\"text\")").unwrap();
    assert_eq!(from_value::<Trade<'_>>(body.value()).unwrap().note, "text");
}

#[derive(Debug, PartialEq, Deserialize)]
struct Pair {
    a: i64,
    b: String,
}

#[test]
fn shapes() {
    #[derive(Debug, PartialEq, Deserialize)]
    struct Columns {
        a: Vec<i64>,
        b: Vec<String>,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct Wrapped(Vec<Pair>);

    let pair = |a, b: &str| Pair { a, b: b.into() };
    assert_eq!(read::<Columns>("+`a`b!(1 2;`x`y)"), Columns { a: vec![1, 2], b: vec!["x".into(), "y".into()] });
    assert_eq!(read::<Wrapped>("(+(,`a)!,1 2)!+(,`b)!,`x`y"), Wrapped(vec![pair(1, "x"), pair(2, "y")]));
    assert_eq!(read::<BTreeMap<String, i64>>("`x`y!1 2"), BTreeMap::from([("x".into(), 1), ("y".into(), 2)]));
    assert_eq!(read::<BTreeMap<i64, String>>("1 2!`x`y").len(), 2);
    assert_eq!(read::<(bool, f64, char)>("(1b;2;\"c\")"), (true, 2.0, 'c'));
    assert_eq!(read::<Vec<u8>>("0x0102"), [1, 2]);
    assert_eq!(read::<Vec<u8>>("\"ab\""), [97, 98]);
    assert_eq!(read::<serde_json::Value>("(1;0N;`a`b!1 2)").get(1), Some(&json!(null)));
}

#[test]
fn errors_name_column_and_row() {
    assert_eq!(
        refused::<Vec<Pair>>("+`a`b!(1 2;(\"x\";5))"),
        "column `b`, row 1: invalid type: integer `5`, expected a string"
    );
    assert_eq!(refused::<Pair>("`a`b!(`x;`y)"), "key `a`: invalid type: string \"x\", expected i64");
    assert_eq!(refused::<Vec<Pair>>("+(,`a)!,1 2"), "item 0: missing field `b`");
}
