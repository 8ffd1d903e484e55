//! Reading of complete, torn and corrupt logs, and of records of the same shape.

use kcodec::log::{self, BadTail, Log, NotLog};
use kcodec::{Body, ErrorKind, Limits, Value, encode_file, parse};
use proptest::prelude::*;

const RECORDS: [&str; 7] = [
    "(`upd;`trade;(0D01:02:03;`IBM;101.5))",
    "(`upd;`trade;(0D01:02:03 0D01:02:04;`IBM`MSFT;101.5 402.25;\"ab\"))",
    "(`upd;`quote;+`sym`bid!(`a`b;1 2f))",
    "\"upd[22;33]\"",
    "(`.u.end;2024.01.01)",
    "(`upd;`t;(101b;`s#1 2 3;(1;\"x\";(`a`b!1 2));{x+y}))",
    "7",
];

fn body(text: &str) -> Body {
    parse(text).unwrap()
}

/// A log of the records, and their offsets, followed by the length of the log.
fn log_of(records: &[Body]) -> (Vec<u8>, Vec<usize>) {
    let mut bytes = log::HEAD.to_vec();
    let mut starts = vec![bytes.len()];
    for record in records {
        bytes.extend_from_slice(record.as_bytes());
        starts.push(bytes.len());
    }
    (bytes, starts)
}

fn sample() -> (Vec<Body>, Vec<u8>, Vec<usize>) {
    let records: Vec<_> = RECORDS.iter().map(|text| body(text)).collect();
    let (bytes, starts) = log_of(&records);
    (records, bytes, starts)
}

/// The complete records, and the error after them.
fn read(bytes: &[u8]) -> (Vec<Value<'_>>, Option<BadTail>) {
    let mut values = Vec::new();
    let mut log = Log::new(bytes).unwrap();
    for record in &mut log {
        match record {
            Ok(value) => values.push(value),
            Err(bad) => {
                assert_eq!(log.next(), None, "iteration ends after an error");
                return (values, Some(bad));
            }
        }
    }
    (values, None)
}

#[test]
fn bytes_of_wire_md() {
    let bytes = "ff0100000000000000000300\
        0000f575706400f57472616465000000\
        03000000f000ae17d462030000f549424d00f70000000000605940";
    let bytes = kcorpus::unhex(bytes).unwrap();
    assert_eq!(bytes.len(), 55);
    let (records, bad) = read(&bytes);
    assert_eq!((records, bad), (vec![body(RECORDS[0]).value()], None));
    assert_eq!(encode_file(&body("()")).unwrap(), log::HEAD, "the head is an empty list, as `set` writes it");
}

#[test]
fn records_are_views_of_the_log() {
    let (bodies, bytes, starts) = sample();
    let mut log = Log::new(&bytes).unwrap();
    for (number, body) in bodies.iter().enumerate() {
        assert_eq!((log.at(), log.records()), (starts[number], number as u64));
        assert_eq!(log.next().unwrap().unwrap(), body.value());
    }
    assert_eq!((log.next(), log.at(), log.records()), (None, bytes.len(), bodies.len() as u64));
    assert_eq!(Log::new(&bytes).unwrap().check(), Ok(bodies.len() as u64));
    // -11!(n;file)
    let first: Vec<_> = Log::new(&bytes).unwrap().take(2).map(Result::unwrap).collect();
    assert_eq!(first, [bodies[0].value(), bodies[1].value()]);
    // A string is borrowed from the log.
    let Some(Ok(Value::Vector(text))) = Log::new(&bytes).unwrap().nth(3) else { panic!("a string") };
    let kcodec::Vector::Char(text) = text else { panic!("a string") };
    assert!(bytes.as_ptr_range().contains(&text.as_bytes().as_ptr()));
}

#[test]
fn a_truncated_log_is_torn_at_its_last_record() {
    let (bodies, bytes, starts) = sample();
    for end in log::HEAD.len()..bytes.len() {
        let whole = starts.iter().take_while(|&&start| start <= end).count() - 1;
        let (records, bad) = read(&bytes[..end]);
        assert!(records.iter().copied().eq(bodies[..whole].iter().map(Body::value)), "{end}");
        match bad {
            None => assert_eq!(end, starts[whole], "{end}"),
            Some(bad) => {
                assert!(bad.is_torn(), "{end}: {bad:?}");
                assert_eq!((bad.records, bad.valid), (whole as u64, starts[whole]), "{end}");
                assert!((starts[whole]..=end).contains(&bad.at), "{end}: {bad:?}");
            }
        }
        assert_eq!(Log::new(&bytes[..end]).unwrap().check(), bad.map_or(Ok(whole as u64), Err));
    }
}

#[test]
fn invalid_objects_are_corrupt() {
    let (_, mut bytes, starts) = sample();
    for (start, byte, offset, reason) in [
        (starts[2], 3, 0, ErrorKind::Type(3)),
        (starts[2], 0x80, 0, ErrorKind::NestedError),
        (starts[2] + 1, 9, 0, ErrorKind::Attribute(9)),
        (starts[2] + 6, 200, 0, ErrorKind::Type(-56)),
    ] {
        let before = std::mem::replace(&mut bytes[start], byte);
        let bad = Log::new(&bytes).unwrap().check().unwrap_err();
        let expected = BadTail { records: 2, valid: starts[2], at: start + offset, reason };
        assert_eq!((bad, bad.is_torn()), (expected, false));
        assert_eq!(bad.to_string(), format!("corrupt at {start}: {reason}"));
        bytes[start] = before;
    }
    // A corrupt count that exceeds the log cannot be distinguished from a torn record.
    bytes[starts[2] + 5] = 0x7f;
    let bad = Log::new(&bytes).unwrap().check().unwrap_err();
    assert!(bad.is_torn() && bad.to_string().starts_with("torn at "), "{bad}");
}

#[test]
fn other_files_are_not_logs() {
    for bytes in [
        &b""[..],
        b"\xff",
        b"\xff\x01\0\0\0\0\0",
        b"\xff\x01\x0b\0\0\0\0\0",
        b"text of eight or more",
        b"\xff\x01\0\x80\0\0\0\0",
    ] {
        assert_eq!(Log::new(bytes).err(), Some(NotLog), "{bytes:?}");
    }
    assert!(Log::new(&log::HEAD).unwrap().next().is_none());
    // The count of the head is ignored: appending does not update it.
    let mut bytes = log::HEAD;
    bytes[4] = 2;
    assert_eq!(Log::new(&bytes).unwrap().check(), Ok(0));
}

#[test]
fn depth_limits() {
    let deep = |levels: usize| {
        let mut bytes = log::HEAD.to_vec();
        (1..levels).for_each(|_| bytes.extend([0, 0, 1, 0, 0, 0]));
        bytes.extend([0, 0, 0, 0, 0, 0]);
        bytes
    };
    assert_eq!(Log::new(&deep(255)).unwrap().check(), Ok(1));
    assert_eq!(Log::new(&deep(256)).unwrap().check().unwrap_err().reason, ErrorKind::Depth);
    let limited = |levels| Log::new(&deep(levels)).unwrap().with_limits(Limits::default().with_depth(3)).check();
    assert_eq!(limited(3), Ok(1));
    assert!(!limited(4).unwrap_err().is_torn());
    assert!(Log::new(&deep(100_000)).unwrap().check().is_err());
}

/// Rows of atoms of many kinds, of several tables in turn. Most are checked by their shapes.
fn rows() -> Vec<u8> {
    let mut bytes = log::HEAD.to_vec();
    for number in 0..12 {
        for text in [
            format!(
                "(`upd;`trade;(0D00:00:0{};`{};{}.5;1{number};\"x\";1b))",
                number % 9,
                "abcdefghijkl".split_at(number).0,
                number
            ),
            format!("(`upd;`quote;({number}h;{number}i;2024.01.01;0x0{};`;10:0{};1.5e))", number % 9, number % 9),
            format!("(`upd;`t;(`{};`sym))", number % 3),
            "(`upd;`other;(1 2;`a`b))".to_owned(),
        ] {
            bytes.extend_from_slice(body(&text).as_bytes());
        }
    }
    bytes
}

/// As [`read`], but without shapes: each record is the first one of a log.
fn read_without_shapes(bytes: &[u8]) -> (Vec<String>, Option<BadTail>) {
    let (mut values, mut at) = (Vec::new(), log::HEAD.len());
    while at < bytes.len() {
        let alone = [&log::HEAD, &bytes[at..]].concat();
        let mut log = Log::new(&alone).unwrap();
        match log.next().unwrap() {
            Ok(value) => values.push(value.to_string()),
            Err(bad) => {
                let records = values.len() as u64;
                let bad = BadTail { records, valid: at, at: bad.at - log::HEAD.len() + at, reason: bad.reason };
                return (values, Some(bad));
            }
        }
        at += log.at() - log::HEAD.len();
    }
    (values, None)
}

fn assert_same_without_shapes(bytes: &[u8]) {
    let (values, bad) = read(bytes);
    let texts = values.iter().map(ToString::to_string).collect();
    assert_eq!((texts, bad), read_without_shapes(bytes));
    // Records that are marked as canonical are encoded by copying them.
    for value in values {
        let mut again = Vec::new();
        value.encode(&mut again).unwrap();
        assert_eq!(Value::decode(&again), Ok(value));
    }
}

#[test]
fn shapes_do_not_change_the_result() {
    let bytes = rows();
    assert_eq!(Log::new(&bytes).unwrap().check(), Ok(48));
    for end in log::HEAD.len()..bytes.len() {
        if end % 7 == 0 || end > bytes.len() - 200 {
            assert_same_without_shapes(&bytes[..end]);
        }
    }
}

#[test]
fn shapes_of_any_width() {
    for columns in 1..40 {
        let mut bytes = log::HEAD.to_vec();
        for number in 0..4 {
            let row: Vec<String> = (0..columns)
                .map(|column| match column % 5 {
                    3 => format!("`{}", "x".repeat(number * column)),
                    4 => "0b".to_owned(),
                    _ => format!("{}.5", number + column),
                })
                .collect();
            let text =
                if columns == 1 { format!("(`upd;`t;,{})", row[0]) } else { format!("(`upd;`t;({}))", row.join(";")) };
            bytes.extend_from_slice(body(&text).as_bytes());
        }
        assert_eq!(Log::new(&bytes).unwrap().check(), Ok(4), "{columns}");
        assert_same_without_shapes(&bytes);
        for cut in 1..60 {
            assert_same_without_shapes(&bytes[..bytes.len() - cut]);
        }
    }
}

#[test]
fn a_change_of_any_byte_is_checked() {
    let row = body("(`upd;`trade;(0D00:00:01;`ab;1.5;1b;\"x\";2024.01.01))");
    let other = body("(`upd;`quote;1 2)");
    for at in 0..row.as_bytes().len() {
        for byte in [0, 1, 2, 3, 7, 0x7f, 0x80, 0xf5, 0xf7, 0xff] {
            let mut changed = row.as_bytes().to_vec();
            changed[at] = byte;
            for last in [row.as_bytes(), other.as_bytes()] {
                let bytes = [&log::HEAD[..], row.as_bytes(), &changed, last].concat();
                assert_same_without_shapes(&bytes);
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn shapes_do_not_change_the_result_for_changed_records(
        changes in prop::collection::vec((8..4000_usize, any::<u8>()), 1..4),
    ) {
        let mut bytes = rows();
        for (at, byte) in changes {
            let place = at % bytes.len();
            bytes[place.max(8)] = byte;
        }
        assert_same_without_shapes(&bytes);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn changed_logs_have_a_valid_prefix(changes in prop::collection::vec((8..300_usize, any::<u8>()), 1..4)) {
        let (_, mut bytes, _) = sample();
        for (at, byte) in changes {
            let place = at % bytes.len();
            bytes[place.max(8)] = byte;
        }
        let (records, bad) = read(&bytes);
        // All items of the views can be read.
        let lengths: usize = records.iter().map(|record| record.to_string().len()).sum();
        prop_assert!(lengths > 0 || records.is_empty());
        let valid = bad.map_or(bytes.len(), |bad| bad.valid);
        let (again, none) = read(&bytes[..valid]);
        prop_assert_eq!((again, none), (records, None));
    }

    #[test]
    fn check_agrees_with_reading_for_random_bytes(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let bytes = [&log::HEAD, noise.as_slice()].concat();
        let (records, bad) = read(&bytes);
        prop_assert_eq!(Log::new(&bytes).unwrap().check(), bad.map_or(Ok(records.len() as u64), Err));
    }
}
