//! The one-line form, compared with the output of q's `-3!`.

use kcodec::{
    Atom, Attribute, Body, Compression, Date, Datetime, Derived, Dict, Function, Guid, Kind, Lambda, Limits, List,
    Minute, Month, Second, Splayed, Symbol, Symbols, Table, Time, Timespan, Timestamp, Value, Vector, decompress,
    to_little_endian,
};

fn text<'a>(value: impl Into<Value<'a>>) -> String {
    value.into().to_string()
}

fn atom(atom: Atom<'_>) -> String {
    atom.to_string()
}

/// The text of a body given in hexadecimal, as in WIRE.md, without the message header.
fn body(hex: &str) -> String {
    let digits = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    let bytes: Vec<u8> = (0..hex.len()).step_by(2).map(digits).collect();
    Value::decode(&bytes).unwrap().to_string()
}

#[test]
fn bodies_from_kdb() {
    for (hex, expected) in [
        ("fa01000000", "1i"),
        ("06000100000001000000", ",1i"),
        ("0400050000000001020304", "0x0001020304"),
        ("0000010000000400050000000001020304", ",0x0001020304"),
        ("630b0002000000610062000600020000000200000003000000", "`a`b!2 3i"),
        ("7f0b0102000000610062000600020000000200000003000000", "`s#`a`b!2 3i"),
        ("630b0002000000610062000000020000000600010000000200000006000100000003000000", "`a`b!(,2i;,3i)"),
        ("6200630b0002000000610062000000020000000600010000000200000006000100000003000000", "+`a`b!(,2i;,3i)"),
        ("6201630b0002000000610062000000020000000603010000000200000006000100000003000000", "`s#+`a`b!(`p#,2i;,3i)"),
        (
            "636200630b00010000006100000001000000060001000000020000006200630b0001000000620000000100000006000100000003000000",
            "(+(,`a)!,,2i)!+(,`b)!,,3i",
        ),
        (
            "7f6201630b00010000006100000001000000060001000000020000006200630b0001000000620000000100000006000100000003000000",
            "`s#(+(,`a)!,,2i)!+(,`b)!,,3i",
        ),
        ("64000a00050000007b782b797d", "{x+y}"),
        ("6464000a00050000007b782b797d", "{x+y}"),
        ("f568656c6c6f00", "`hello"),
        ("00000200000007000200000001000000000000000200000000000000f90300000000000000", "(1 2;3)"),
        ("fb16ff", "-234h"),
        ("f937bfd02704b03d01", "89421099511627575"),
        ("f7ac1c5a643bdf0940", "3.234"),
        ("f80000b040", "5.5e"),
        ("f630", "\"0\""),
        ("0a0000000000", "\"\""),
        ("f500", "`"),
        ("f400c0cafa20fe0000", "2000.01.04D05:36:57.600000000"),
        ("f30c000000", "2001.01m"),
        ("f26e010000", "2001.01.01"),
        ("f1ac1c5a643bdf0940", "2000.01.04T05:36:57.600"),
        ("f000c0dd4663120000", "0D05:36:57.600000000"),
        ("efd1020000", "12:01"),
        ("eeeca90000", "12:05:00"),
        ("ed73be9702", "12:04:59.123"),
        ("fe8c680a015a495aab5a65d4bfddb6a661", "8c680a01-5a49-5aab-5a65-d4bfddb6a661"),
        ("000000000000", "()"),
        ("010003000000000100", "010b"),
        ("050003000000010000800300", "1 0N 3h"),
        ("0b000400000074686500717569636b0062726f776e00666f7800", "`the`quick`brown`fox"),
        ("0b00020000000000", "``"),
        ("000004000000f90100000000000000f5626364000a0003000000306263f80000b040", "(1;`bcd;\"0bc\";5.5e)"),
        ("000003000000f92a000000000000006500f5666f6f00", "(42;::;`foo)"),
        ("0e00030000006e0100007900000000000080", "2001.01.01 2000.05.01 0N"),
        ("110002000000d102000000000080", "12:01 0N"),
        ("680200000064000a00050000007b782b797df90300000000000000", "{x+y}[3]"),
        ("6802000000661cf90100000000000000", "insert[1]"),
        ("650f", "~:"),
        ("6605", "&"),
        ("68020000006610f9f1ffffffffffffff", "![-15]"),
        ("6902000000651c6802000000660bf662", "max$[\"b\"]"),
        ("6b660c", ",/"),
        ("6c6601", "+\\"),
        ("6d6600", ":':"),
        ("6a6471000a00040000006b297b7d", "k){}'"),
        ("0b000200000061006200", "`a`b"),
        ("6200630b00020000006e616d65006971000000020000000b0000000000060000000000", "+`name`iq!(`symbol$();`int$())"),
        ("807479706500", "'type"),
        ("f5e4bda000", "`你"),
        ("f4b84d1d352d045706", "2014.06.23D11:34:39.412547000"),
        ("6902000000680200000066120a000200000061626ffc40", "@[\"ab\"]0x40\\:"),
        ("0d0003000000a1000000a2000000a3000000", "2013.06 2013.07 2013.08m"),
        ("100002000000929b4d508104000024379ba002090000", "0D01:22:33.444555666 0D02:45:06.889111332"),
        ("0f0001000000d681e858eb2db340", ",2013.06.10T22:03:49.713"),
        ("680400000064000a00070000007b782b792b7a7df9010000000000000065fff90200000000000000", "{x+y+z}[1;;2]"),
        ("7f06010300000000000000050000000a000000060003000000000000003200000064000000", "`s#0 5 10i!0 50 100i"),
        ("000102000000f661f56200", "`s#(\"a\";`b)"),
        ("0900040000009a9999999999f13f333333333333f33f000000000000f8ff666666666666f63f", "1.1 1.2 0n 1.4"),
        ("0680010000000000000001000000", ",1i"),
    ] {
        assert_eq!(body(hex), expected, "{hex}");
    }
}

#[test]
fn golden_messages() {
    for golden in kcorpus::golden() {
        let Some(printed) = golden.printed else { continue };
        assert_eq!(golden_body(&golden.message).to_string(), printed, "{}", golden.name);
    }
}

/// The body of a message with its header: inflated and converted to little-endian.
fn golden_body(message: &[u8]) -> Body {
    let (header, rest) = message.split_at(8);
    let big_endian = header[0] == 0;
    let mut body = match header[2] {
        0 => rest.to_vec(),
        1 => decompress(rest, Compression::Short, big_endian, usize::MAX).unwrap(),
        _ => decompress(rest, Compression::Long, big_endian, usize::MAX).unwrap(),
    };
    if big_endian {
        to_little_endian(&mut body, Limits::default());
    }
    Body::decode(body).unwrap()
}

#[test]
fn integers_nulls_and_infinities() {
    assert_eq!(atom(Atom::Boolean(true)), "1b");
    assert_eq!(text(&[true, false, true]), "101b");
    assert_eq!(text(&[false]), ",0b");
    assert_eq!(atom(Atom::Byte(0x2a)), "0x2a");
    assert_eq!(text(&[0x2a_u8, 0x2b]), "0x2a2b");
    assert_eq!(atom(Atom::Short(42)), "42h");
    assert_eq!(text(&[3, 3_i32]), "3 3i");
    assert_eq!(text(&[1, 2, 3_i64]), "1 2 3");
    assert_eq!(text(&[i16::MIN, i16::MAX, -i16::MAX, 7]), "0N 0W -0W 7h");
    assert_eq!(text(&[i32::MIN, i32::MAX, -i32::MAX, -7]), "0N 0W -0W -7i");
    assert_eq!(text(&[i64::MIN, i64::MAX, -i64::MAX]), "0N 0W -0W");
    let atoms = [
        (Atom::Short(i16::MIN), "0Nh"),
        (Atom::Short(i16::MAX), "0Wh"),
        (Atom::Short(-i16::MAX), "-0Wh"),
        (Atom::Int(i32::MIN), "0Ni"),
        (Atom::Int(i32::MAX), "0Wi"),
        (Atom::Int(-i32::MAX), "-0Wi"),
        (Atom::Long(i64::MIN), "0N"),
        (Atom::Long(i64::MAX), "0W"),
        (Atom::Long(-i64::MAX), "-0W"),
        (Atom::Long(i64::MAX - 1), "9223372036854775806"),
        (Atom::Long(-i64::MAX + 1), "-9223372036854775806"),
    ];
    for (value, expected) in atoms {
        assert_eq!(atom(value), expected);
    }
}

#[test]
fn floats_as_c_prints_them() {
    // As printf's %.7g prints them, apart from nulls, infinities and the suffix.
    for (x, expected) in [
        (0.0, "0f"),
        (-0.0, "-0f"),
        (398.0, "398f"),
        (1.0 / 7.0, "0.1428571"),
        (123_456_789.0, "1.234568e+08"),
        (1e7, "1e+07"),
        (9_999_999.0, "9999999f"),
        (9_999_999.5, "1e+07"),
        (9_999_999.4, "9999999f"),
        (1_234_567.5, "1234568f"),
        (1_234_566.5, "1234566f"),
        (2.000_000_01, "2f"),
        (1e-4, "0.0001"),
        (9.999_999_9e-5, "0.0001"),
        (1.5e-5, "1.5e-05"),
        (-1e-5, "-1e-05"),
        (std::f64::consts::PI, "3.141593"),
        (0.1 + 0.2, "0.3"),
        (1e300, "1e+300"),
        (f64::MAX, "1.797693e+308"),
        (5e-324, "4.940656e-324"),
        (100.25, "100.25"),
        (f64::NAN, "0n"),
        (-f64::NAN, "0n"),
        (f64::INFINITY, "0w"),
        (f64::NEG_INFINITY, "-0w"),
    ] {
        assert_eq!(atom(Atom::Float(x)), expected, "{x:e}");
    }
}

#[test]
fn a_float_vector_has_a_suffix_only_if_all_items_look_like_integers() {
    assert_eq!(text(&[1.0, 1.0]), "1 1f");
    assert_eq!(text(&[1.2, -4.5, 1.0]), "1.2 -4.5 1");
    assert_eq!(text(&[1e8, 1.0]), "1e+08 1");
    assert_eq!(text(&[f64::NAN, f64::NAN, 0.0, 5.0, 50_f64.sqrt()]), "0n 0n 0 5 7.071068");
    assert_eq!(text(&[1.0, f64::NAN]), "1 0n");
    assert_eq!(text(&[1.0, f64::INFINITY]), "1 0w");
    assert_eq!(text(&[1.0]), ",1f");
    assert_eq!(text(&[0.5]), ",0.5");
}

#[test]
fn reals_always_have_a_suffix() {
    assert_eq!(atom(Atom::Real(0.1)), "0.1e");
    assert_eq!(atom(Atom::Real(f32::NAN)), "0Ne");
    assert_eq!(atom(Atom::Real(f32::INFINITY)), "0we");
    assert_eq!(atom(Atom::Real(f32::NEG_INFINITY)), "-0we");
    assert_eq!(atom(Atom::Real(1e10)), "1e+10e");
    assert_eq!(text(&[1.0_f32, 2.34, -567.1, 20.0, 171.0]), "1 2.34 -567.1 20 171e");
    assert_eq!(text(&[1.0_f32, 2.0]), "1 2e");
    assert_eq!(text(&[f32::NAN, 2.0]), "0N 2e");
    assert_eq!(text(&[1.0_f32, f32::NAN]), "1 0Ne");
    assert_eq!(text(&[f32::NAN]), ",0Ne");
    assert_eq!(text(&[f32::INFINITY, f32::NEG_INFINITY, 1.0]), "0w -0w 1e");
}

#[test]
fn temporal_atoms() {
    assert_eq!(Date(0).to_string(), "2000.01.01");
    assert_eq!(Date(-730_119).to_string(), "0001.01.01");
    assert_eq!(Date(2_921_939).to_string(), "9999.12.31");
    assert_eq!(Date(2_921_940).to_string(), "0000.00.00");
    assert_eq!(Date(-730_120).to_string(), "0000.00.00");
    assert_eq!(Datetime(0.5).to_string(), "2000.01.01T12:00:00.000");
    assert_eq!(Datetime(-0.5).to_string(), "1999.12.31T12:00:00.000");
    assert_eq!(Datetime(1e300).to_string(), "0000.00.00T00:00:00.000");
    assert_eq!(Datetime(3_000_000.25).to_string(), "0000.00.00T00:00:00.000");
    assert_eq!(Datetime(0.999_999_999).to_string(), "2000.01.02T00:00:00.000");
    assert_eq!(Timestamp(-1).to_string(), "1999.12.31D23:59:59.999999999");
    assert_eq!(Timestamp(i64::MAX - 1).to_string(), "2292.04.10D23:47:16.854775806");
    assert_eq!(Timestamp(-i64::MAX + 1).to_string(), "1707.09.22D00:12:43.145224194");
    assert_eq!(Timespan(-1_000_000_000).to_string(), "-0D00:00:01.000000000");
    assert_eq!(Timespan(90_000_000_000_000).to_string(), "1D01:00:00.000000000");
    assert_eq!(Month(161).to_string(), "2013.06m");
    assert_eq!(Month(-1).to_string(), "1999.12m");
    assert_eq!(Month(1_000_000).to_string(), "0000.00m");
    assert_eq!(Minute(1500).to_string(), "25:00");
    assert_eq!(Minute(-1).to_string(), "-00:01");
    assert_eq!(Second(-3_661).to_string(), "-01:01:01");
    assert_eq!(Second(360_000).to_string(), "100:00:00");
    assert_eq!(Time(45_296_789).to_string(), "12:34:56.789");
    assert_eq!(Time(-1).to_string(), "-00:00:00.001");
    assert_eq!(Guid::default().to_string(), "00000000-0000-0000-0000-000000000000");
}

#[test]
fn temporal_nulls_and_infinities() {
    const N: i32 = i32::MIN;
    const W: i32 = i32::MAX;
    assert_eq!(
        text(&[Timestamp(i64::MIN), Timestamp(i64::MAX), Timestamp(-i64::MAX), Timestamp(0)]),
        "0N 0W -0W 2000.01.01D00:00:00.000000000"
    );
    assert_eq!(text(&[Timespan(i64::MIN), Timespan(i64::MAX), Timespan(-i64::MAX)]), "0N 0W -0Wn");
    assert_eq!(text(&[Date(N), Date(W), Date(-W)]), "0N 0W -0Wd");
    assert_eq!(text(&[f64::NAN, f64::INFINITY, f64::NEG_INFINITY].map(Datetime)), "0N 0w -0wz");
    assert_eq!(text(&[Minute(N), Minute(W), Minute(-W)]), "0N 0W -0Wu");
    assert_eq!(text(&[Second(N), Second(W), Second(-W)]), "0N 0W -0Wv");
    assert_eq!(text(&[Time(N), Time(W), Time(-W)]), "0N 0W -0Wt");
    assert_eq!(text(&[Month(161), Month(N), Month(163)]), "2013.06 0N 2013.08m");
    assert_eq!(text(&[Month(W), Month(-W)]), "0W -0Wm");
    assert_eq!(Month(N).to_string(), "0Nm");
    assert_eq!(Date(N).to_string(), "0Nd");
    assert_eq!(text(&[Date(N)]), ",0Nd");
}

#[test]
fn texts_and_symbols() {
    assert_eq!(atom(Atom::Char(b'a')), "\"a\"");
    assert_eq!(text("abc"), "\"abc\"");
    assert_eq!(text("a"), ",\"a\"");
    assert_eq!(text(""), "\"\"");
    assert_eq!(text("say \"hi\"\\\n\r\t"), r#""say \"hi\"\\\n\r\t""#);
    assert_eq!(text(Value::chars(&[0, 7, 0x1f, 0x7f, 0x80, 0xe6, 0xff])), r#""\000\007\037\177\200\346\377""#);
    assert_eq!(text(Value::symbol("hello world")), "`hello world");
    assert_eq!(text(Value::symbols(&["a", "", "b"])), "`a``b");
    assert_eq!(text(Value::symbols(&["tt"])), ",`tt");
    assert_eq!(text(Symbol::from_bytes(b"a\xffb")), "`a\u{fffd}b");
}

#[test]
fn empty_vectors_display_as_a_cast() {
    for kind in (1..=19).filter_map(Kind::from_code).filter(|&kind| kind != Kind::Char) {
        assert_eq!(body(&format!("{:02x}0000000000", kind.code())), format!("`{}$()", kind.name()));
    }
    assert_eq!(text(Value::chars(&[])), "\"\"");
    assert_eq!(text(List::new(&[])), "()");
}

#[test]
fn attributes_are_a_prefix() {
    let sorted = |value: Value<'static>| match value {
        Value::Vector(vector) => Value::from(vector.with_attribute(Attribute::Sorted)).to_string(),
        _ => String::new(),
    };
    assert_eq!(sorted(Value::from(&[1, 2_i64])), "`s#1 2");
    assert_eq!(sorted(Value::from(&[42_i64])), "`s#,42");
    assert_eq!(sorted(Value::symbols(&["a", "b"])), "`s#`a`b");
    assert_eq!(text(Vector::Symbol(Symbols::new(&["a", "b"]).with_attribute(Attribute::Unique))), "`u#`a`b");
    assert_eq!(body("070300000000"), "`p#`long$()");
    assert_eq!(body("000400000000"), "`g#()");
}

#[test]
fn lists_nest() {
    let strings = [Value::from("1")];
    assert_eq!(text(&strings), ",,\"1\"");
    let pi = [Value::from(&[std::f64::consts::PI])];
    assert_eq!(text(&pi), ",,3.141593");
    let inner = [Value::from(1_i64), Value::from("ab")];
    let outer = [Value::from(&inner), Value::NULL, List::new(&[]).into()];
    assert_eq!(text(&outer), "((1;\"ab\");::;())");
}

#[test]
fn keys_with_a_verb_or_cast_are_in_parentheses() {
    let dict = |keys: &Value<'_>, values: &Value<'_>| Value::from(Dict::new(keys, values).unwrap()).to_string();
    let long = [1_i64];
    let longs = [1_i64, 2];
    assert_eq!(dict(&Value::symbols(&["a"]), &(&long).into()), "(,`a)!,1");
    assert_eq!(dict(&Value::symbols(&["a", "b"]), &(&longs).into()), "`a`b!1 2");
    assert_eq!(dict(&Value::symbols(&[]), &List::new(&[]).into()), "(`symbol$())!()");
    assert_eq!(dict(&List::new(&[]).into(), &List::new(&[]).into()), "()!()");
    assert_eq!(dict(&Value::from("ab"), &(&longs).into()), "\"ab\"!1 2");
    assert_eq!(dict(&Value::from(""), &List::new(&[]).into()), "\"\"!()");
    let keys = [Value::from(1_i64), Value::symbol("a")];
    assert_eq!(dict(&(&keys).into(), &(&longs).into()), "(1;`a)!1 2");
    let keys = Value::Vector(Vector::Symbol(Symbols::new(&["a", "b"]).with_attribute(Attribute::Unique)));
    assert_eq!(dict(&keys, &(&longs).into()), "(`u#`a`b)!1 2");
}

#[test]
fn tables() {
    let columns = [Value::from(&[1, 2, 3_i64]), Value::from(&[11, 22, 33_i64])];
    let table = Table::new(&["a", "b"], &columns).unwrap();
    assert_eq!(text(table), "+`a`b!(1 2 3;11 22 33)");
    assert_eq!(text(table.with_attribute(Attribute::Sorted)), "`s#+`a`b!(1 2 3;11 22 33)");
    let one = [Value::from("first record")];
    assert_eq!(text(Table::new(&["x"], &one).unwrap()), "+(,`x)!,\"first record\"");
    let (colors, quantities) = ([Value::symbols(&["blue", "green"])], [Value::from(&[900, 1000_i64])]);
    let keys = Value::from(Table::new(&["color"], &colors).unwrap());
    let values = Value::from(Table::new(&["qty"], &quantities).unwrap());
    assert_eq!(text(Dict::new(&keys, &values).unwrap()), "(+(,`color)!,`blue`green)!+(,`qty)!,900 1000");
    assert_eq!(text(Splayed::new(&["a", "b"], Symbol::new(":path"))), "+`a`b!`:path");
    assert_eq!(text(Splayed::new(&["a"], Symbol::new(":path"))), "+(,`a)!`:path");
}

#[test]
fn functions() {
    let plus = Value::from(Function::Binary(1));
    assert_eq!(text(plus), "+");
    assert_eq!(text(Value::NULL), "::");
    assert_eq!(text(Value::ELIDED), "");
    assert_eq!(text(Function::Unary(22)), "2::");
    assert_eq!(text(Function::Unary(28)), "max");
    assert_eq!(text(Function::Binary(36)), "cor");
    assert_eq!(text(Function::Iterator(4)), "/:");
    for (kind, expected) in [
        (Kind::Each, "+'"),
        (Kind::Over, "+/"),
        (Kind::Scan, "+\\"),
        (Kind::EachPrior, "+':"),
        (Kind::EachRight, "+/:"),
        (Kind::EachLeft, "+\\:"),
    ] {
        assert_eq!(text(Function::Derived(Derived::new(kind, &plus).unwrap())), expected);
    }
    let parts = [plus, Value::ELIDED, Value::from(2_i64)];
    assert_eq!(text(Function::Projection(List::new(&parts))), "+[;2]");
    assert_eq!(text(Function::Projection(List::new(&parts[..1]))), "+[]");
    let parts = [Value::from(Function::Unary(15)), Value::from(Function::Unary(15))];
    assert_eq!(text(Function::Composition(List::new(&parts))), "~:~:");
    let source = Value::from("{x+\"é\"}");
    assert_eq!(text(Function::Lambda(Lambda::new(Symbol::new("d"), &source))), "{x+\"é\"}");
    let other = Value::from(42_i64);
    assert_eq!(text(Function::Lambda(Lambda::new(Symbol::new(""), &other))), "42");
}

#[test]
fn bodies_and_formats() {
    let body = Body::encode(&[1, 2_i64]).unwrap();
    assert_eq!(body.to_string(), "1 2");
    // Width and fill of the formatter do not apply to items.
    assert_eq!(format!("{:5}|{:05}", Value::from(&[1, 2_i64]), Value::symbols(&["a", "b"])), "1 2|`a`b");
}

#[test]
fn an_error_of_the_writer_ends_the_walk() {
    struct Full(usize);
    impl std::fmt::Write for Full {
        fn write_str(&mut self, text: &str) -> std::fmt::Result {
            self.0 += text.len();
            if self.0 > 100 { Err(std::fmt::Error) } else { Ok(()) }
        }
    }
    let items = vec![7_i64; 1_000_000];
    let mut full = Full(0);
    assert!(std::fmt::write(&mut full, format_args!("{}", Value::from(&items))).is_err());
    assert!(full.0 < 1000);
}
