//! The parser, compared with the objects that q creates for the same text.

use kcodec::{
    Atom, Attribute, Body, Date, Datetime, Error, ErrorKind, Guid, Kind, Minute, Month, Second, Slice, Symbol, Symbols,
    Time, Timespan, Timestamp, Value, Vector, literal, parse,
};
use proptest::collection::vec;
use proptest::prelude::*;

fn shown(text: &str) -> String {
    parse(text).unwrap_or_else(|error| panic!("{text}: {error}")).to_string()
}

fn refused(text: &str) -> Error {
    parse(text).map(|body| panic!("{text} was read as {body}")).unwrap_err()
}

/// The one-line form of the literal at the start of the text, and the rest of the text.
fn split(text: &str) -> Option<(String, &str)> {
    literal(text.as_bytes()).unwrap().map(|(body, length)| (body.to_string(), &text[length..]))
}

fn check<'a>(text: &str, expected: impl Into<Value<'a>>) {
    let body = parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert_eq!(body.as_bytes(), Body::encode(expected).unwrap().as_bytes(), "{text}");
}

#[test]
fn numbers() {
    check("1b", true);
    check("0110b", &[false, true, true, false]);
    check("0x2a", 0x2a_u8);
    check("0x000102", &[0_u8, 1, 2]);
    check("0x", &[] as &[u8; 0]);
    check("0x7", 7_u8);
    check("0x123", &[1_u8, 0x23]);
    check("42h", 42_i16);
    check("42 43h", &[42_i16, 43]);
    check("42i", 42_i32);
    check("42 43i", &[42_i32, 43]);
    check("42", 42_i64);
    check("42j", 42_i64);
    check("1 2 3", &[1_i64, 2, 3]);
    check("1\t2", &[1_i64, 2]);
    check("-5", -5_i64);
    check("1 -2", &[1_i64, -2]);
    check("42e", 42_f32);
    check("3.25e", 3.25_f32);
    check("1 2.5e", &[1_f32, 2.5]);
    check("1e5e", 1e5_f32);
    check("42f", 42_f64);
    check("42.", 42_f64);
    check(".5", 0.5_f64);
    check("-.5", -0.5_f64);
    check("1.5", 1.5_f64);
    check("1e10", 1e10_f64);
    check("1e-05", 1e-5_f64);
    check("2 3 4.5", &[2_f64, 3., 4.5]);
    check("2 3f", &[2_f64, 3.]);
    check("1e400", f64::INFINITY);
}

#[test]
fn nulls_and_infinities() {
    const NAN: f64 = f64::from_bits(0xfff8_0000_0000_0000);
    const W: i32 = i32::MAX;
    check("0Ng", Guid::default());
    check("0Nh", i16::MIN);
    check("0Wh", i16::MAX);
    check("-0Wh", -i16::MAX);
    check("0Ni", i32::MIN);
    check("0N", i64::MIN);
    check("0Nj", i64::MIN);
    check("0W", i64::MAX);
    check("-0Wj", -i64::MAX);
    check("0n", NAN);
    check("0Nf", NAN);
    check("0w", f64::INFINITY);
    check("-0w", f64::NEG_INFINITY);
    check("0Ne", f32::from_bits(0xffc0_0000));
    check("0we", f32::INFINITY);
    check("0We", f32::INFINITY);
    check("0Np", Timestamp(i64::MIN));
    check("0Wn", Timespan(i64::MAX));
    check("0Nm", Month(i32::MIN));
    check("-0Wd", Date(-W));
    check("0Nz", Datetime(NAN));
    check("0wz", Datetime(f64::INFINITY));
    check("0Wz", Datetime(f64::INFINITY));
    check("0Wu", Minute(W));
    check("0Nv", Second(i32::MIN));
    check("0Wt", Time(W));
    check("1 0N 3", &[1, i64::MIN, 3]);
    check("1 0N 3h", &[1, i16::MIN, 3]);
    check("1 0Nh", &[1, i16::MIN]);
    check("0N 0W -0Wi", &[i32::MIN, W, -W]);
    check("0n 1", &[NAN, 1.0]);
    check("0N 1.5 0W", &[NAN, 1.5, f64::INFINITY]);
    check("2001.01.01 0Nd", &[Date(366), Date(i32::MIN)]);
    check("0N 2001.01.01", &[Date(i32::MIN), Date(366)]);
    check("12:01 0Nu", &[Minute(721), Minute(i32::MIN)]);
    check("0Ng 0Ng", &[Guid::default(); 2]);
}

#[test]
fn dates_and_times() {
    const HOUR: i64 = 3_600_000_000_000;
    check("2000.01.01D12:00:00.000000000", Timestamp(12 * HOUR));
    check("2000.01.01D", Timestamp(0));
    check("2000.01.01D12", Timestamp(12 * HOUR));
    check("2000.01.01D12:30", Timestamp(12 * HOUR + HOUR / 2));
    check("2000.01.01D00:00:00.5", Timestamp(500_000_000));
    check("1999.12.31D23:59:59.999999999", Timestamp(-1));
    check("1707.09.22D00:12:43.145224194", Timestamp(-i64::MAX + 1));
    check("2292.04.10D23:47:16.854775806", Timestamp(i64::MAX - 1));
    check("2014.06.23D11:34:39.412547000", Timestamp(456_838_479_412_547_000));
    check("2000.01m", Month(0));
    check("2000.01 2000.02m", &[Month(0), Month(1)]);
    check("2013.06 0N 2013.08m", &[Month(161), Month(i32::MIN), Month(163)]);
    check("2000.01 1", &[2000.01, 1.0]);
    check("2000.01.01", Date(0));
    check("0001.01.01 9999.12.31", &[Date(-730_119), Date(2_921_939)]);
    check("2000.02.29", Date(59));
    check("2000.01.01T12:00:00.000", Datetime(0.5));
    check("2000.01.04T05:36:57.600", Datetime(3.234));
    check("2013.06.10T22:03:49.713", Datetime(f64::from_bits(0x40b3_2deb_58e8_81d6)));
    check("2000.01.01T", Datetime(0.0));
    check("0D00:00:01.000000000", Timespan(1_000_000_000));
    check("00:00:00.000000000", Timespan(0));
    check("12:34:56.7891", Timespan(45_296_789_100_000));
    check("-0D00:00:01", Timespan(-1_000_000_000));
    check("1D", Timespan(24 * HOUR));
    check("12:34", Minute(754));
    check("25:00 -00:01", &[Minute(1500), Minute(-1)]);
    check("12:34:56", Second(45_296));
    check("12:34:56.789", Time(45_296_789));
    check("12:34:56.7", Time(45_296_700));
}

#[test]
fn texts_and_symbols() {
    check("\"a\"", Atom::Char(b'a'));
    check("\"abc\"", "abc");
    check("\"\"", "");
    check(r#""\"\\\n\r\t\346\000""#, Value::chars(b"\"\\\n\r\t\xe6\0"));
    check("\"ä\"", "ä");
    check("`", Value::symbol(""));
    check("`a", Value::symbol("a"));
    check("`a`b", Value::symbols(&["a", "b"]));
    check("``", Value::symbols(&["", ""]));
    check("`a_1.b", Value::symbol("a_1.b"));
    check("`你`b", Value::symbols(&["你", "b"]));
    check("`:path/to/x.csv", Value::symbol(":path/to/x.csv"));
    check("`:localhost:5001", Value::symbol(":localhost:5001"));
    check("`$\"hello world\"", Value::symbol("hello world"));
    check("`$(\"a b\";\"c\";\"\")", Value::symbols(&["a b", "c", ""]));
}

#[test]
fn guids() {
    let text = "8c680a01-5a49-5aab-5a65-d4bfddb6a661";
    let guid = Guid(0x8c68_0a01_5a49_5aab_5a65_d4bf_ddb6_a661_u128.to_be_bytes());
    check(text, guid);
    check(&format!("\"G\"$\"{text}\""), guid);
    check(&format!("\"G\"$(\"{text}\";\"{text}\")"), &[guid; 2]);
    check(&format!("{text} {text}"), &[guid; 2]);
    check(&format!(",{text}"), &[guid]);
    for text in [text, &text.to_uppercase(), &text.replace('-', "")] {
        assert_eq!(text.parse(), Ok(guid), "{text}");
    }
    for wrong in [&text[1..], &format!("{text}0"), &text.replace('8', "+"), &text.replace('c', "g"), ""] {
        assert!(wrong.parse::<Guid>().is_err(), "{wrong}");
    }
    assert_eq!(refused("\"G\"$\"8c680a01\"").kind, ErrorKind::Literal);
}

#[test]
fn lists() {
    let items = [Value::from(1_i64), Value::from(Atom::Char(b'a')), Value::symbol("b")];
    check("(1;\"a\";`b)", &items);
    check(" ( 1 ; \"a\" ; `b ) ", &items);
    check("()", &[] as &[Value<'_>; 0]);
    check("(1;2;3)", &[1_i64, 2, 3]);
    check("(1.5;2f)", &[1.5, 2.0]);
    check("(\"a\";\"b\")", "ab");
    check("(`a;`;`b)", Value::symbols(&["a", "", "b"]));
    check("(0b;1b)", &[false, true]);
    check("(1)", 1_i64);
    check("((1))", 1_i64);
    check("enlist 1", &[1_i64]);
    check("enlist(1;2)", &[Value::from(&[1_i64, 2])]);
    check(",42", &[42_i64]);
    check(",\"a\"", "a");
    check(",`tt", Value::symbols(&["tt"]));
    assert_eq!(shown(",,3.141593"), ",,3.141593");
    assert_eq!(shown("((1;2h);(`a;(\"xy\";())))"), "((1;2h);(`a;(\"xy\";())))");
    assert_eq!(shown("(1;2h)"), "(1;2h)");
    assert_eq!(shown("(::;+;-;*;%)"), "(::;+;-;*;%)");
}

#[test]
fn dicts() {
    assert_eq!(shown("`a`b!1 2"), "`a`b!1 2");
    assert_eq!(shown("`a`b!(1;2)"), "`a`b!1 2");
    assert_eq!(shown("(,`a)!,1"), "(,`a)!,1");
    assert_eq!(shown("1 2!3 4!5 6"), "1 2!3 4!5 6");
    assert_eq!(shown("(1 2!3 4)!5 6"), "(1 2!3 4)!5 6");
    assert_eq!(shown("(`symbol$())!()"), "(`symbol$())!()");
    assert_eq!(shown("`s#`a`b!1 2"), "`s#`a`b!1 2");
    assert_eq!(shown("(`s#`a`b)!1 2"), "(`s#`a`b)!1 2");
    assert_eq!(shown("([a:1;b:2])"), "`a`b!1 2");
    assert_eq!(shown("([a:1;b:`x])"), "`a`b!(1;`x)");
    let body = parse("`s#`a`b!1 2").unwrap();
    let Value::Dict(sorted) = body.value() else { panic!("a dict") };
    assert!(sorted.is_sorted());
    assert!(matches!(sorted.keys(), Value::Vector(keys) if keys.attribute() == Attribute::Sorted));
}

#[test]
fn tables() {
    let plain = "+`a`b!(1 2;3 4)";
    assert_eq!(shown(plain), plain);
    assert_eq!(shown("([]a:1 2;b:3 4)"), plain);
    assert_eq!(shown("([ ] a : 1 2 ; b : 3 4 )"), plain);
    assert_eq!(shown("([]a:1 2;b:3;c:\"x\";d:`s)"), "+`a`b`c`d!(1 2;3 3;\"xx\";`s`s)");
    assert_eq!(shown("([]a:();b:1)"), "+`a`b!(();`long$())");
    assert_eq!(shown("([k:1 2]v:3 4)"), "(+(,`k)!,1 2)!+(,`v)!,3 4");
    assert_eq!(shown("([k:`x]v:3 4)"), "(+(,`k)!,`x`x)!+(,`v)!,3 4");
    assert_eq!(shown("([]a:,1)"), "+(,`a)!,,1");
    assert_eq!(shown("+(,`x)!,\"first record\""), "+(,`x)!,\"first record\"");
    assert_eq!(shown("([]a:1 2;t:([]b:3 4))"), "+`a`t!(1 2;+(,`b)!,3 4)");
    assert_eq!(shown("`x`y!([]b:3 4)"), "`x`y!+(,`b)!,3 4");
    let keyed = "(`s#+(,`color)!,`s#`blue`green)!+(,`qty)!,900 1000";
    assert_eq!(shown(keyed), keyed);
    assert_eq!(shown("`s#(+(,`a)!,1 2)!+(,`b)!,3 4"), "`s#(+(,`a)!,1 2)!+(,`b)!,3 4");
    assert_eq!(shown("+`a`b!`:path"), "+`a`b!`:path");
    assert_eq!(shown("([]name:`symbol$();iq:`int$())"), "+`name`iq!(`symbol$();`int$())");
}

#[test]
fn empties_and_attributes() {
    for kind in (1..=19).filter_map(Kind::from_code) {
        let body = parse(&format!("`{}$()", kind.name())).unwrap();
        assert_eq!((body.value().kind(), body.value().count()), (kind, 0));
    }
    let numbers = [1_i64, 2, 3];
    for (text, attribute) in [
        ("`s#1 2 3", Attribute::Sorted),
        ("`u#1 2 3", Attribute::Unique),
        ("`p#1 2 3", Attribute::Parted),
        ("`g#1 2 3", Attribute::Grouped),
    ] {
        check(text, Vector::Long(Slice::new(&numbers).with_attribute(attribute)));
    }
    check("`s#,`a", Value::Vector(Vector::Symbol(Symbols::new(&["a"]).with_attribute(Attribute::Sorted))));
    assert_eq!(refused("`s#1"), Error { at: 0, kind: ErrorKind::Literal });
    assert_eq!(refused("`u#`a`b!1 2").kind, ErrorKind::Literal);
    assert_eq!(refused("`nosuch$()").kind, ErrorKind::Literal);
    assert_eq!(refused("`table$()").kind, ErrorKind::Literal);
    assert_eq!(refused("`int$5").kind, ErrorKind::Literal);
}

#[test]
fn functions_and_errors() {
    check("::", Value::NULL);
    check("'type", Value::error("type"));
    check("'hop. OS reports: refused", Value::error("hop. OS reports: refused"));
    assert_eq!(parse("+").unwrap().as_bytes()[..], [102, 1]);
    assert_eq!(parse("#:").unwrap().as_bytes()[..], [101, 13]);
    assert_eq!(parse("0:").unwrap().as_bytes()[..], [102, 20]);
    assert_eq!(parse("0::").unwrap().as_bytes()[..], [101, 20]);
    assert_eq!(parse("':").unwrap().as_bytes()[..], [103, 3]);
    assert_eq!(parse("/:").unwrap().as_bytes()[..], [103, 4]);
    assert_eq!(parse("(+;2;2)").unwrap().value().count(), 3);
    assert_eq!(shown("({x+y};1)"), "({x+y};1)");
    assert_eq!(parse("{x+y}").unwrap().as_bytes()[..], *b"\x64\0\x0a\0\x05\0\0\0{x+y}");
    for source in ["{}", "{{x}[x]}", "{\"}\"}", "{x / }\n}", "k){x}", "{[a;b] a+b}"] {
        assert_eq!(shown(source), source);
    }
    for derived in ["+/", ",/:", "-':", "::'", "#:'", ",/'", "{x+y}\\:", "0:'"] {
        assert_eq!(shown(derived), derived);
    }
    assert_eq!(parse("+/'").unwrap().as_bytes()[..], [106, 107, 102, 1]);
    assert_eq!(refused("//").kind, ErrorKind::Literal);
    assert_eq!(refused("+/1 2").kind, ErrorKind::Literal);
    assert_eq!(refused(&format!("+{}", "/".repeat(1_000_000))).kind, ErrorKind::Depth);
    assert_eq!(refused("count").kind, ErrorKind::Literal);
    assert_eq!(refused("('type)").kind, ErrorKind::Literal);
}

#[test]
fn where_a_noun_ends() {
    let first = |text| split(text).map(|(shown, rest)| format!("{shown}|{rest}")).unwrap_or_default();
    assert_eq!(first("1 2 3+4"), "1 2 3|+4");
    assert_eq!(first("1 2 3 + 4"), "1 2 3| + 4");
    assert_eq!(first("1-2"), "1|-2");
    assert_eq!(first("1 -2"), "1 -2|");
    assert_eq!(first("1 - 2"), "1| - 2");
    assert_eq!(first("-5+1"), "-5|+1");
    assert_eq!(first("1 2 "), "1 2| ");
    assert_eq!(first("2 til"), "2| til");
    assert_eq!(first("3#x"), "3|#x");
    assert_eq!(first("1;2"), "1|;2");
    assert_eq!(first("0N!x"), "0N|!x");
    assert_eq!(first("2_x"), "2|_x");
    assert_eq!(first("1 2 0x33"), "1 2| 0x33");
    assert_eq!(first("1 2 01b"), "1 2| 01b");
    assert_eq!(first("0x2a 3"), "0x2a| 3");
    assert_eq!(first("0x1e-5"), "0x1e|-5");
    assert_eq!(first("2.5e-1-1"), "0.25|-1");
    assert_eq!(first("1e-x"), "1e|-x");
    assert_eq!(first("12:30-1"), "12:30|-1");
    assert_eq!(first("10 20 0:x"), "10 20| 0:x");
    assert_eq!(first("`a`b!1"), "`a`b|!1");
    assert_eq!(first("`a `b"), "`a| `b");
    assert_eq!(first("`a/b"), "`a|/b");
    assert_eq!(first("`s#1 2"), "`s|#1 2");
    assert_eq!(first("\"ab\"\"c\""), "\"ab\"|\"c\"");
    for text in ["", " 1", "til 5", "-x", "- 5", "+1", "(1;2)", ".z.p", "::", "{x}", "0:x", "1::", "2:(`f;1)", "-", "."]
    {
        assert_eq!(split(text), None, "{text}");
    }
}

#[test]
fn reasons_and_offsets_of_errors() {
    for (text, at, kind) in [
        ("", 0, ErrorKind::Literal),
        ("  ", 0, ErrorKind::Literal),
        ("foo", 0, ErrorKind::Literal),
        ("1 2 3xyz", 4, ErrorKind::Literal),
        ("1 2h 3i", 5, ErrorKind::Literal),
        ("1 12:30 2000.01.01", 8, ErrorKind::Literal),
        ("1i 2.5", 3, ErrorKind::Literal),
        ("2b", 0, ErrorKind::Literal),
        ("0Nx", 0, ErrorKind::Literal),
        ("-2000.01.01", 0, ErrorKind::Literal),
        ("2000.1.1", 0, ErrorKind::Literal),
        ("12:3", 0, ErrorKind::Literal),
        ("12:34:56.", 0, ErrorKind::Literal),
        ("12:34:56.0123456789", 0, ErrorKind::Literal),
        ("(1;;2)", 3, ErrorKind::Literal),
        ("(1;2", 0, ErrorKind::Unbalanced),
        ("(1;(2;3)", 0, ErrorKind::Unbalanced),
        ("(1;", 0, ErrorKind::Unbalanced),
        ("(", 0, ErrorKind::Unbalanced),
        ("1)", 1, ErrorKind::Unbalanced),
        ("(1]", 2, ErrorKind::Unbalanced),
        (")", 0, ErrorKind::Unbalanced),
        ("([]a:1 2", 0, ErrorKind::Unbalanced),
        ("([", 0, ErrorKind::Unbalanced),
        ("(1;\"abc", 3, ErrorKind::Unbalanced),
        ("\"abc\\", 0, ErrorKind::Unbalanced),
        ("\"ab\\q\"", 3, ErrorKind::Literal),
        ("\"ab\\400\"", 3, ErrorKind::Range),
        ("(1;{x)", 3, ErrorKind::Unbalanced),
        ("1 300000h", 2, ErrorKind::Range),
        ("-32768h", 0, ErrorKind::Range),
        ("9223372036854775808", 0, ErrorKind::Range),
        ("99999999999999999999999999", 0, ErrorKind::Range),
        ("2000.13.01", 0, ErrorKind::Range),
        ("2001.02.29", 0, ErrorKind::Range),
        ("0000.01.01", 0, ErrorKind::Range),
        ("2000.13m", 0, ErrorKind::Range),
        ("12:60", 0, ErrorKind::Range),
        ("99999999:00", 0, ErrorKind::Range),
        ("-35791394:08", 0, ErrorKind::Range),
        ("1707.09.21D", 0, ErrorKind::Range),
        ("2300.01.01D", 0, ErrorKind::Range),
        ("200000D", 0, ErrorKind::Range),
        ("`a`b!1", 0, ErrorKind::DictItem),
        ("`a`b!1 2 3", 0, ErrorKind::DictCount { keys: 2, values: 3 }),
        ("(0;`a`b!1 2 3)", 3, ErrorKind::DictCount { keys: 2, values: 3 }),
        ("([]a:1 2;b:1 2 3)", 11, ErrorKind::Ragged { expected: 2, found: 3 }),
        ("([]a:1;b:2)", 0, ErrorKind::TableColumns),
        ("([]a:1 2;b:`x`y!3 4)", 11, ErrorKind::TableColumns),
        ("([]a:1 2;b)", 10, ErrorKind::Unbalanced),
        ("([]1 2)", 3, ErrorKind::Literal),
        ("+`a`b!(1 2;3 4 5)", 11, ErrorKind::Ragged { expected: 2, found: 3 }),
        ("+`a`b!(1 2;3)", 11, ErrorKind::TableColumns),
        ("+`a`b`c!(1 2;3 4)", 1, ErrorKind::TableWidth { names: 3, columns: 2 }),
        ("+1 2!(1 2;3 4)", 1, ErrorKind::TableNames),
        ("+`a`b!1 2", 1, ErrorKind::TableColumns),
        ("'a\0b", 2, ErrorKind::Nul),
        ("`$\"a\\000b\"", 0, ErrorKind::Nul),
    ] {
        assert_eq!(refused(text), Error { at, kind }, "{text}");
    }
}

#[test]
fn nesting_is_limited() {
    assert_eq!(shown(&format!("{}1{}", "(".repeat(99), ")".repeat(99))), "1");
    assert_eq!(shown(&format!("{}1", ",".repeat(99))).len(), 100);
    for open in ["(", ",", "+", "`s#", "`a!", "`long$", "([a:", "enlist ", "([]a:(", "\"G\"$"] {
        let error = refused(&open.repeat(100_000));
        assert_eq!(error.kind, ErrorKind::Depth, "{open}");
    }
    assert_eq!(refused(&"{".repeat(100_000)).kind, ErrorKind::Unbalanced);
}

#[test]
fn time_and_memory_are_limited() {
    let items = "1;".repeat(200_000);
    assert_eq!(parse(&format!("{}({items}`a){}", "(0;".repeat(90), ")".repeat(90))).unwrap().value().count(), 2);
    // Repeated atoms would need memory for rows times columns.
    let table = format!("([]a:{}{})", "1 ".repeat(100_000), ";a:1".repeat(100_000));
    assert_eq!(refused(&table).kind, ErrorKind::Limit);
}

#[test]
fn bodies_implement_from_str() {
    let body: Body = "1 2 3".parse().unwrap();
    assert_eq!(body.value(), Value::from(&[1_i64, 2, 3]));
    assert_eq!("1 2".parse::<Body>().unwrap().value().type_code(), 7);
}

#[test]
fn golden_expressions() {
    let mut read = 0;
    for golden in kcorpus::golden() {
        // Only little-endian, uncompressed messages. Messages made by hand are excluded: they have lists where q has
        // vectors.
        let ([1, _, 0, ..], Ok(body)) = (&golden.message[..], parse(golden.q)) else { continue };
        if golden.name.starts_with("hand/") || golden.name == "vector/symbol/not-utf-8" {
            continue;
        }
        let expected = Body::decode(golden.message[8..].to_vec()).unwrap();
        assert_eq!(body.value().type_code(), expected.value().type_code(), "{}: {}", golden.name, golden.q);
        assert_eq!(body, expected, "{}: {}", golden.name, golden.q);
        assert_eq!(body.to_string(), expected.to_string(), "{}: {}", golden.name, golden.q);
        read += 1;
    }
    assert!(read > 250, "{read}");
}

/// An object without nested objects whose text determines it completely, in wire form.
fn leaf() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![vectors(0..5), atoms(), Just(vec![101, 0]), Just(b"\x64\0\x0a\0\x05\0\0\0{x+y}".to_vec())]
}

fn encoded<'a>(value: impl Into<Value<'a>>) -> Vec<u8> {
    let mut bytes = Vec::new();
    value.into().encode(&mut bytes).unwrap();
    bytes
}

/// Codes 5 to 7 are invalid and become no attribute, so half of the vectors have none.
fn attribute() -> impl Strategy<Value = Attribute> {
    (0..8_u8).prop_map(|code| Attribute::from_code(code).unwrap_or_default())
}

/// Vectors of all kinds with a length in `size`.
fn vectors(size: std::ops::Range<usize>) -> BoxedStrategy<Vec<u8>> {
    macro_rules! vectors {
        ($($kind:ident $items:expr,)*) => {
            prop_oneof![
                $((vec($items, size.clone()), attribute()).prop_map(|(items, attribute)| {
                    encoded(Vector::$kind(Slice::new(&items).with_attribute(attribute)))
                }),)*
                (vec(symbol(), size.clone()), attribute()).prop_map(|(items, attribute)| {
                    let items: Vec<Symbol<'_>> = items.iter().map(|item| Symbol::new(item)).collect();
                    encoded(Vector::Symbol(Symbols::from(&items).with_attribute(attribute)))
                }),
            ].boxed()
        };
    }
    vectors! {
        Boolean any::<bool>(),
        Guid guid(),
        Byte any::<u8>(),
        Short prop_oneof![-i16::MAX..=i16::MAX, special16()],
        Int prop_oneof![-i32::MAX..=i32::MAX, special32()],
        Long prop_oneof![-i64::MAX..=i64::MAX, -100..100_i64, special64()],
        Real prop_oneof![
            real(),
            prop::sample::select(vec![f32::from_bits(0xffc0_0000), f32::INFINITY, -f32::INFINITY]),
        ],
        Float prop_oneof![float(), special_float()],
        Char any::<u8>(),
        Timestamp prop_oneof![any::<i64>(), special64()].prop_map(Timestamp),
        Month prop_oneof![-23_988..=95_999_i32, special32()].prop_map(Month),
        Date prop_oneof![-730_119..=2_921_939_i32, special32()].prop_map(Date),
        Datetime prop_oneof![datetime(), special_float()].prop_map(Datetime),
        Timespan prop_oneof![any::<i64>(), special64()].prop_map(Timespan),
        Minute prop_oneof![any::<i32>(), special32()].prop_map(Minute),
        Second prop_oneof![any::<i32>(), special32()].prop_map(Second),
        Time prop_oneof![any::<i32>(), special32()].prop_map(Time),
    }
}

fn atoms() -> impl Strategy<Value = Vec<u8>> {
    vectors(1..2).prop_map(|vector| match Value::decode(&vector).unwrap() {
        Value::Vector(vector) => encoded(vector.get(0).unwrap()),
        _ => panic!("not a vector"),
    })
}

fn guid() -> impl Strategy<Value = Guid> {
    any::<[u8; 16]>().prop_map(Guid)
}

fn symbol() -> impl Strategy<Value = String> {
    prop_oneof!["[a-zA-Z][a-zA-Z0-9_.]{0,8}", ":[a-z/.:]{0,8}", "[äß你]{0,3}"]
}

fn special16() -> impl Strategy<Value = i16> {
    prop::sample::select(vec![i16::MIN, i16::MAX, -i16::MAX])
}

fn special32() -> impl Strategy<Value = i32> {
    prop::sample::select(vec![i32::MIN, i32::MAX, -i32::MAX])
}

fn special64() -> impl Strategy<Value = i64> {
    prop::sample::select(vec![i64::MIN, i64::MAX, -i64::MAX])
}

fn special_float() -> impl Strategy<Value = f64> {
    prop::sample::select(vec![f64::from_bits(0xfff8_0000_0000_0000), f64::INFINITY, f64::NEG_INFINITY])
}

/// Floats of at most seven significant digits, which the text preserves.
fn float() -> impl Strategy<Value = f64> {
    (-9_999_999..=9_999_999_i32, -20..20_i32).prop_map(|(digits, scale)| format!("{digits}e{scale}").parse().unwrap())
}

fn real() -> impl Strategy<Value = f32> {
    (-9_999..=9_999_i32, -5..4_i32).prop_map(|(digits, scale)| format!("{digits}e{scale}").parse().unwrap())
}

fn datetime() -> impl Strategy<Value = f64> {
    (-63_082_281_600_000..252_455_616_000_000_i64).prop_map(|milliseconds| milliseconds as f64 / 86_400_000.0)
}

fn list(items: &[Vec<u8>]) -> Vec<u8> {
    let mut bytes = vec![0, 0];
    bytes.extend(u32::try_from(items.len()).unwrap().to_le_bytes());
    bytes.extend(items.concat());
    bytes
}

/// Whether the items are atoms of one kind, of which q makes a vector.
fn collapses(items: &[Vec<u8>]) -> bool {
    items.first().is_some_and(|first| first[0] >= 0xed && items.iter().all(|item| item[0] == first[0]))
}

fn names(count: usize) -> Vec<u8> {
    let names: Vec<String> = (0..count).map(|index| format!("n{index}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    encoded(Value::symbols(&names))
}

/// Objects of all kinds except errors and functions that contain functions.
fn object() -> impl Strategy<Value = Vec<u8>> {
    leaf().prop_recursive(4, 32, 4, |inner| {
        let items = vec(inner, 0..4).prop_filter("atoms of one kind", |items| !collapses(items));
        let columns = (0..4_usize).prop_flat_map(|rows| vec(vectors(rows..rows + 1), 1..4));
        prop_oneof![
            items.clone().prop_map(|items| list(&items)),
            items.prop_map(|items| [vec![99], names(items.len()), list(&items)].concat()),
            columns.clone().prop_map(|columns| table(&columns)),
            (columns, 1..3_usize).prop_map(|(columns, keys)| {
                let (keys, values) = columns.split_at(keys.min(columns.len()));
                if values.is_empty() { table(keys) } else { [vec![99], table(keys), table(values)].concat() }
            }),
        ]
    })
}

fn table(columns: &[Vec<u8>]) -> Vec<u8> {
    [vec![98, 0, 99], names(columns.len()), list(columns)].concat()
}

proptest! {
    #[test]
    fn displayed_objects_round_trip(bytes in prop_oneof![vectors(0..5), atoms(), object()]) {
        let text = Value::decode(&bytes).unwrap().to_string();
        let read = parse(&text).map(|body| body.as_bytes().to_vec());
        prop_assert_eq!(read, Ok(bytes), "{}", text);
    }

    #[test]
    fn random_text_does_not_panic(text in "\\PC*") {
        _ = parse(&text);
        _ = literal(text.as_bytes());
    }

    #[test]
    fn random_bytes_do_not_panic(text in any::<Vec<u8>>()) {
        _ = literal(&text);
        _ = parse(&String::from_utf8_lossy(&text));
    }

    #[test]
    fn random_q_tokens_are_consistent(
        text in "([0-9]{1,3}|[ .:;`\"!$#+(){}-]|\\[|\\]|[abefhijmnptDTNWxs]|enlist |2000\\.01\\.|long){0,20}",
    ) {
        if let Ok(body) = parse(&text) {
            let shown = body.to_string();
            prop_assert!(parse(&shown).is_ok() || shown.contains(['$', '`']) , "{} shown as {}", text, shown);
        }
        if let Ok(Some((body, length))) = literal(text.as_bytes()) {
            // The noun alone must read the same.
            let again = literal(&text.as_bytes()[..length]).unwrap();
            prop_assert_eq!(again, Some((body, length)));
        }
    }
}
