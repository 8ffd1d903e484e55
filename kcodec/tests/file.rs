//! Files of one object: bytes that q writes, round trips, unsupported formats, damaged files.

use kcodec::{Attribute, Body, Slice, Value, Vector, decode_file, encode_file, parse};

fn body(text: &str) -> Body {
    parse(text).unwrap()
}

#[test]
fn known_bytes() {
    let table = encode_file(&body("+`x`y!(1 2i;`a`b)")).unwrap();
    assert_eq!(table[..12], [0xff, 1, 98, 0, 99, 11, 0, 2, 0, 0, 0, b'x']);
    assert_eq!(encode_file(&body("()")).unwrap(), [0xff, 1, 0, 0, 0, 0, 0, 0]);
    assert_eq!(encode_file(&body("`a`b")).unwrap(), *b"\xff\x01\x0b\0\x02\0\0\0a\0b\0");
    assert_eq!(encode_file(&body("5i")).unwrap(), [0xff, 1, 0xfa, 5, 0, 0, 0]);
    assert_eq!(
        encode_file(&body("1 2i")).unwrap(),
        [0xfe, 0x20, 6, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0]
    );
}

#[test]
fn files_round_trip() {
    for text in ["1 2 3", "`a`b!1 2", "\"text\"", "`symbol$()", "()", "0x0102", "101b", "2024.01.01", "0n 1.5", "`a"] {
        let body = body(text);
        assert_eq!(decode_file(&encode_file(&body).unwrap()).unwrap(), Some(body), "{text}");
    }
}

#[test]
fn unsupported_formats_are_none() {
    assert_eq!(encode_file(&body("(1 2;3)")), None);
    let unique = Vector::Int(Slice::new(&[1, 2])).with_attribute(Attribute::Unique);
    assert_eq!(encode_file(&Body::encode(Value::Vector(unique)).unwrap()), None);
    for bytes in [&b"kxzipped"[..], b"text", b"\xfd\x20\0\0"] {
        assert_eq!(decode_file(bytes).unwrap(), None);
    }
}

#[test]
fn logs_and_appended_symbols_are_read_to_the_end_of_the_file() {
    let mut log = encode_file(&body("()")).unwrap();
    let record = body("(`upd;1 2)");
    log.extend_from_slice(record.as_bytes());
    log.extend_from_slice(body("7").as_bytes());
    assert_eq!(decode_file(&log).unwrap(), Some(body("((`upd;1 2);7)")));
    log.pop();
    assert!(decode_file(&log).is_err());
    let appended = decode_file(b"\xff\x01\x0b\0\x01\0\0\0a\0b\0").unwrap();
    assert_eq!(appended, Some(body("`a`b")));
}

#[test]
fn damaged_files_do_not_panic() {
    let files = ["()", "1 2i", "`a`b", "+`x`y!(1 2i;`a`b)", "5"].map(|text| encode_file(&body(text)).unwrap());
    for file in files {
        for end in 0..file.len() {
            let _ = decode_file(&file[..end]);
            for byte in [0, 1, 11, 19, 98, 0x7f, 0x80, 0xff] {
                let mut changed = file.clone();
                changed[end] = byte;
                let _ = decode_file(&changed);
            }
        }
    }
}
