//! Values built from Rust data: their encoding, their checks, and equality with decoded values.

use kcodec::{
    Atom, Attribute, Body, Capability, CodedSymbols, Date, Derived, Dict, ErrorKind, Function, Guid, Kind, Lambda,
    Limits, List, Slice, Splayed, Symbol, Symbols, Table, Timespan, Timestamp, Value, Vector,
};

fn bytes(value: Value<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out).unwrap();
    let decoded = Value::decode(&out).unwrap();
    assert_eq!(decoded, value);
    assert_eq!(decoded.type_code(), value.type_code());
    out
}

#[test]
fn atoms_and_vectors_of_rust_types() {
    assert_eq!(bytes(1_i32.into()), [0xfa, 1, 0, 0, 0]);
    assert_eq!(bytes(true.into()), [0xff, 1]);
    assert_eq!(bytes("ab".into()), [10, 0, 2, 0, 0, 0, b'a', b'b']);
    assert_eq!(bytes("a".into()), [10, 0, 1, 0, 0, 0, b'a']);
    assert_eq!(bytes(Atom::Char(b'a').into()), [0xf6, b'a']);
    assert_eq!(bytes(Value::symbol("ab")), [0xf5, b'a', b'b', 0]);
    assert_eq!(bytes(Value::symbols(&["a", "", "bc"])), [11, 0, 3, 0, 0, 0, b'a', 0, 0, b'b', b'c', 0]);
    assert_eq!(bytes((&[true, false]).into()), [1, 0, 2, 0, 0, 0, 1, 0]);
    assert_eq!(bytes((&[1_i16, -1]).into()), [5, 0, 2, 0, 0, 0, 1, 0, 255, 255]);
    assert_eq!(bytes((&[Date(1)]).into()), [14, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
    assert_eq!(bytes(Value::NULL), [101, 0]);
    bytes((&[f64::NAN, f64::INFINITY, -0.0]).into());
    bytes((&[Guid([7; 16])]).into());
}

#[test]
fn symbols_of_strings_and_codes() {
    let texts = vec!["a".to_owned(), String::new(), "bc".to_owned()];
    assert_eq!(bytes(Value::symbols(&texts)), [11, 0, 3, 0, 0, 0, b'a', 0, 0, b'b', b'c', 0]);
    let symbols = Symbols::from(texts.as_slice()).with_attribute(Attribute::Unique);
    assert_eq!((symbols.get(2), symbols.get(3)), (Some(Symbol::new("bc")), None));
    assert_eq!(bytes(Value::symbols(symbols)).get(1), Some(&2));

    let body = bytes(Value::symbols(&["x", "yz"]));
    let Ok(Value::Vector(Vector::Symbol(received))) = Value::decode(&body) else { panic!("not symbols") };
    for distinct in [Symbols::new(&["x", "yz"]), received] {
        let coded = CodedSymbols::new(distinct, &[1, 0, 1]).unwrap();
        assert_eq!(bytes(Value::symbols(&coded)), bytes(Value::symbols(&["yz", "x", "yz"])));
        let symbols = Symbols::from(&coded);
        assert_eq!((symbols.len(), symbols.get(1), symbols.get(3)), (3, Some(Symbol::new("x")), None));
        assert_eq!(symbols.to_codes().1, [0, 1, 0]);
    }
    let refused = CodedSymbols::new(&["x"], &[0, 1]).unwrap_err();
    assert_eq!((refused.at, refused.kind), (1, ErrorKind::Range));
    let nul = vec!["a\0".to_owned()];
    assert_eq!(Value::symbols(&nul).encode(&mut Vec::new()).unwrap_err().kind, ErrorKind::Nul);
}

#[test]
fn containers_of_borrowed_values() {
    let keys = Value::symbols(&["a", "b"]);
    let values = (&[1_i64, 2]).into();
    let dict = Dict::new(&keys, &values).unwrap();
    bytes(dict.into());
    assert_eq!(bytes(dict.with_sorted(true).into()).first(), Some(&127));

    let columns = [Value::symbols(&["x", "y"]), (&[1.5, 2.5]).into()];
    let table = Table::new(&["sym", "price"], &columns).unwrap();
    assert_eq!((table.len(), table.width()), (2, 2));
    bytes(table.into());
    let (keys, values) = (table.into(), table.into());
    bytes(Dict::new(&keys, &values).unwrap().into());

    let items = [1_i64.into(), "two".into(), Value::symbol("three"), table.into(), dict.into()];
    bytes((&items).into());
    bytes(List::new(&items).with_attribute(Attribute::Unique).into());
    bytes(Splayed::new(&["a"], Symbol::new(":/db/t/")).into());
}

#[test]
fn functions_and_errors() {
    let source = "{x+y}".into();
    let lambda = Value::Function(Function::Lambda(Lambda::new(Symbol::new("d"), &source)));
    assert_eq!(bytes(lambda), [100, b'd', 0, 10, 0, 5, 0, 0, 0, b'{', b'x', b'+', b'y', b'}']);
    let parts = [lambda, Value::ELIDED, 3_i64.into()];
    bytes(Function::Projection(List::new(&parts)).into());
    bytes(Function::Composition(List::new(&parts[..1])).into());
    let plus = Function::Binary(1).into();
    assert_eq!(bytes(Function::Derived(Derived::new(Kind::Over, &plus).unwrap()).into()), [107, 102, 1]);
    assert_eq!(Derived::new(Kind::Long, &plus), None);
    assert_eq!(bytes(Value::error("type")), b"\x80type\0");
    assert_eq!(Value::error("type").type_code(), -128);
}

#[test]
fn unencodable_values_are_refused_before_output() {
    let refused = |value: Value<'_>, capability| {
        let mut out = vec![1, 2, 3];
        let error = value.encode_for(Capability::new(capability), &mut out).unwrap_err();
        assert_eq!(out, [1, 2, 3]);
        error.kind
    };
    assert_eq!(refused(Value::symbol("a\0b"), 6), ErrorKind::Nul);
    assert_eq!(refused(Value::symbols(&["a", "b\0"]), 6), ErrorKind::Nul);
    assert_eq!(refused((&[Value::error("type")]).into(), 6), ErrorKind::NestedError);
    let guids = [Guid([1; 16])];
    let nested = [Value::from(&guids)];
    assert_eq!(refused((&nested).into(), 2), ErrorKind::Unsupported);
    assert_eq!(refused(Timestamp(1).into(), 0), ErrorKind::Unsupported);
    assert_eq!(refused((&[Timespan(1)]).into(), 0), ErrorKind::Unsupported);
    // The rules also apply to decoded values.
    let body = Body::encode(&nested).unwrap();
    assert_eq!(refused(body.value(), 2), ErrorKind::Unsupported);
    assert!(body.value().encoded_len(Capability::GUID).is_ok());
}

#[test]
fn constructors_of_tables_and_dicts_check_their_parts() {
    let one = [(&[1_i64]).into()];
    assert!(matches!(Table::new(&["a", "b"], &one).unwrap_err().kind, ErrorKind::TableWidth { names: 2, columns: 1 }));
    let ragged = [(&[1_i64]).into(), (&[1_i64, 2]).into()];
    assert!(matches!(Table::new(&["a", "b"], &ragged).unwrap_err().kind, ErrorKind::Ragged { expected: 1, found: 2 }));
    let atom = [1_i64.into()];
    assert_eq!(Table::new(&["a"], &atom).unwrap_err().kind, ErrorKind::TableColumns);
    let (two, three) = (Value::from(&[1_i64, 2]), Value::from(&[1_i64, 2, 3]));
    assert!(matches!(Dict::new(&two, &three).unwrap_err().kind, ErrorKind::DictCount { keys: 2, values: 3 }));
    assert_eq!(Dict::new(&two, &atom[0]).unwrap_err().kind, ErrorKind::DictItem);
}

#[test]
fn slices_read_the_same_at_every_alignment() {
    let prices: Vec<f64> = (0..100).map(f64::from).collect();
    let mut body = Vec::new();
    Value::from(&prices).encode(&mut body).unwrap();
    for offset in 0..16 {
        let mut shifted = vec![0; offset];
        shifted.extend_from_slice(&body);
        let Value::Vector(Vector::Float(slice)) = Value::decode(&shifted[offset..]).unwrap() else { panic!() };
        assert_eq!(slice, Slice::new(&prices));
        assert_eq!(slice.to_vec(), prices);
        assert_eq!(slice.iter().sum::<f64>(), 4950.0);
        assert_eq!((slice.get(99), slice.get(100)), (Some(99.0), None));
        let mut copy = [0.0; 10];
        assert_eq!(slice.copy_to_slice(&mut copy), 10);
        assert_eq!(copy[9], 9.0);
        if let Some(borrowed) = slice.as_slice() {
            assert_eq!(borrowed, prices);
        }
    }
}

#[test]
fn gather_borrows_long_runs_and_copies_short_ones() {
    let (long, short) = (vec![1_i64; 1000], [2_i64; 1000]);
    let items = [Value::from(&long), 7_i64.into(), (&short[..10]).into(), (&short).into()];
    let value = Value::from(&items);
    let gather = value.gather(Capability::MAX).unwrap();
    let parts: Vec<_> = gather.iter().collect();
    assert_eq!(parts.concat(), bytes(value));
    let borrowed: Vec<_> = parts.iter().map(|part| part.as_ptr()).collect();
    assert_eq!(parts.len(), 4, "head, long run, short items and next head, long run");
    assert_eq!((borrowed[1], borrowed[3]), (long.as_ptr().cast(), short.as_ptr().cast()));
    assert!(Value::error("a\0").gather(Capability::MAX).is_err());
}

#[test]
fn equality_is_that_of_q_match() {
    let null: Value<'_> = f64::NAN.into();
    assert_eq!(null, (-f64::NAN).into());
    assert_ne!(Value::from(1_i64), Value::from(1_i32));
    assert_ne!(Value::from(1_i64), Value::from(&[1_i64]));
    assert_eq!(Value::from(&[1_i64]), Value::Vector(Vector::Long(Slice::new(&[1]).with_attribute(Attribute::Sorted))));
}

#[test]
fn decode_with_applies_the_depth_limit() {
    let nested = |levels: usize| {
        let mut body = [0, 0, 1, 0, 0, 0].repeat(levels);
        body.extend_from_slice(&[0xff, 1]);
        body
    };
    let limits = |depth| Limits::default().with_depth(depth);
    assert!(Value::decode_with(&nested(5), limits(5)).is_ok());
    let error = Value::decode_with(&nested(6), limits(5)).unwrap_err();
    assert_eq!((error.kind, error.at), (ErrorKind::Depth, 30));
    assert!(Value::decode_with(&nested(255), limits(255)).is_ok());
    assert!(Value::decode(&nested(200_000)).is_err());
    assert!(Value::decode_with(&[0xff, 1], limits(0)).is_ok());
}

#[test]
fn length_limits_of_each_capability() {
    // Zeroed pages are not resident until accessed, and `encoded_len` does not read the items.
    let bytes = vec![0_u8; 4_294_967_312];
    let measured = |count: usize, capability| {
        let length = Value::from(&bytes[..count]).encoded_len(Capability::new(capability));
        length.map_err(|error| error.kind)
    };
    for capability in 0..=4 {
        assert_eq!(measured(2_147_483_633, capability), Ok(0x7fff_fff7));
        assert_eq!(measured(2_147_483_634, capability), Err(ErrorKind::Limit));
    }
    assert_eq!(measured(2_147_483_646, 5), Ok(2_147_483_652));
    assert_eq!(measured(2_147_483_647, 5), Err(ErrorKind::Limit));
    assert_eq!(measured(4_294_967_295, 6), Ok(4_294_967_301));
    assert_eq!(measured(4_294_967_312, 6), Ok(4_294_967_322), "a count of 8 bytes");
}
