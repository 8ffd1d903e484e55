//! Messages recorded from other implementations. Reads the folder in `KDB_CORPUS`; without it the tests pass empty.

use std::fs;

use kcodec::{Capability, ErrorKind, Threshold};
use kcorpus::{field, shared, unhex};
use kwire::{Error, Limits, Malformed, Message, Reason};

fn lines(name: &str) -> Vec<String> {
    let Some(folder) = shared() else {
        eprintln!("skipped {name}: KDB_CORPUS names no folder");
        return Vec::new();
    };
    let path = folder.join(name);
    let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    text.lines().map(str::to_owned).collect()
}

fn bytes(line: &str, name: &str) -> Option<Vec<u8>> {
    field(line, name).map(|digits| unhex(digits).unwrap_or_else(|| panic!("not hex: {line}")))
}

fn decode(message: &[u8]) -> Result<Message, Error> {
    Message::decode(message, &Limits::default())
}

fn recode(message: &Message) -> Vec<u8> {
    let mut out = Vec::new();
    kwire::encode(message.kind(), message.value(), Capability::MAX, &mut out).unwrap();
    out
}

/// Decodes `hex` and expects exactly `plain` when re-encoded.
fn expect_plain(line: &str) {
    let hex = bytes(line, "hex").unwrap();
    let message = decode(&hex).unwrap_or_else(|error| panic!("{error}: {line}"));
    if let Some(plain) = bytes(line, "plain") {
        assert_eq!(recode(&message), plain, "{line}");
    }
}

#[test]
fn recorded_messages_decode_and_encode_to_their_plain_form() {
    for name in ["real.jsonl", "real_big_endian.jsonl"] {
        lines(name).iter().for_each(|line| expect_plain(line));
    }
}

#[test]
fn compression_reproduces_recorded_messages_byte_for_byte() {
    let mut seen = 0;
    let lines = lines("real.jsonl");
    for line in lines.iter().filter(|line| field(line, "compress") == Some("same")) {
        let hex = bytes(line, "hex").unwrap();
        // If the line has no plain form in the same byte order, decompress it.
        let plain = match bytes(line, "plain") {
            Some(plain) if plain.first() == hex.first() => plain,
            _ => kwire::decompress(&hex, &Limits::default()).unwrap(),
        };
        assert_eq!(kwire::compress(&plain, Threshold::Message).unwrap(), Some(hex), "{line}");
        seen += 1;
    }
    assert!(lines.is_empty() || seen > 10, "only {seen} compressed messages");
}

#[test]
fn verdicts_agree_with_kx_library() {
    for line in lines("libe.jsonl") {
        if field(&line, "okx") == Some("1") {
            expect_plain(&line);
        } else {
            let hex = bytes(&line, "hex").unwrap();
            assert!(decode(&hex).is_err(), "{line}");
        }
    }
}

#[test]
fn malformed_messages_are_rejected_and_valid_ones_only_for_known_reasons() {
    let mut tally = [0; 2];
    let lines = lines("malformed.jsonl");
    for line in &lines {
        let hex = bytes(line, "hex").unwrap();
        let legal = field(line, "okx") == Some("1");
        match decode(&hex) {
            Ok(message) => {
                assert!(legal, "accepted: {line}");
                recode(&message);
                tally[0] += 1;
            }
            Err(error) if legal => {
                assert!(may_refuse(&error, &hex), "{error}: {line}");
                tally[1] += 1;
            }
            Err(_) => {}
        }
    }
    assert!(lines.is_empty() || (tally[0] > 1000 && tally[1] < 500), "accepted and refused: {tally:?}");
}

/// Known differences: kdb+'s validator accepts shapes that it does not check, and does not look into compressed
/// messages.
fn may_refuse(error: &Error, message: &[u8]) -> bool {
    let Error::Malformed(Malformed { reason: Reason::Body(kind), .. }) = error else { return false };
    let shape = matches!(
        kind,
        ErrorKind::DictCount { .. }
            | ErrorKind::DictItem
            | ErrorKind::TableDict
            | ErrorKind::TableNames
            | ErrorKind::TableColumns
            | ErrorKind::TableWidth { .. }
            | ErrorKind::Ragged { .. }
            | ErrorKind::Depth
    );
    shape || message.get(2) != Some(&0)
}
