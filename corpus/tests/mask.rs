//! Masking must keep the shape of messages and leave no original value.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::Command;

use kcodec::{Capability, Function, Timestamp, Value, Vector};
use kcorpus::mask::{Mask, Names, copy};
use kcorpus::recording::{Direction, Recorder, Recording, What};
use kcorpus::{golden, shared_lines};
use kwire::{Header, Limits, Message, MessageType};
use proptest::prelude::*;

fn mask() -> Mask {
    Mask::with_key(*b"sixteen letters.", Names::Replace)
}

fn message(kind: MessageType, text: &str) -> Vec<u8> {
    let mut out = Vec::new();
    let value = kcodec::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    kwire::encode(kind, value.value(), Capability::MAX, &mut out).unwrap();
    out
}

fn decode(message: &[u8]) -> Message {
    Message::decode(message, &Limits::default()).unwrap()
}

/// The shape that a mask must keep: types, counts, lengths of texts.
fn shape(value: Value<'_>) -> String {
    match value {
        Value::List(list) => format!("({})", list.iter().map(shape).collect::<Vec<_>>().join(";")),
        Value::Table(table) => {
            let columns = table.columns().map(|(name, column)| format!("{}:{}", name.as_bytes().len(), shape(column)));
            format!("+{}", columns.collect::<Vec<_>>().join(";"))
        }
        Value::Dict(dict) => format!("{}!{}", shape(dict.keys()), shape(dict.values())),
        Value::Vector(Vector::Symbol(symbols)) => {
            symbols.iter().map(|symbol| format!("`{}", symbol.as_bytes().len())).collect::<String>()
        }
        other => {
            let mut bytes = Vec::new();
            other.encode(&mut bytes).unwrap();
            format!("{:?}x{}", other.kind(), bytes.len())
        }
    }
}

/// Masks a valid message, checks the result and returns it.
fn check(mask: &Mask, original: &[u8]) -> Vec<u8> {
    let masked = mask.message(original).unwrap();
    let (before, after) = (decode(original), decode(&masked));
    assert_eq!(before.kind(), after.kind());
    assert_eq!(shape(before.value()), shape(after.value()));
    let head = |message: &[u8]| Header::parse(*message.first_chunk().unwrap()).unwrap();
    assert_eq!(head(&masked).length, masked.len() as u64);
    assert_eq!(head(&masked).order, head(original).order);
    if head(original).compression.is_none() {
        assert_eq!(head(&masked), head(original));
    }
    assert_eq!(mask.message(original).unwrap(), masked, "masking is deterministic");
    masked
}

#[test]
fn golden_messages_keep_their_shape() {
    for golden in golden() {
        for names in [Names::Replace, Names::Keep] {
            if Message::decode(&golden.message[..], &Limits::default()).is_ok() {
                check(&Mask::with_key([1; 16], names), &golden.message);
            }
        }
    }
}

#[test]
fn shared_messages_keep_their_shape() {
    for file in ["real.jsonl", "real_big_endian.jsonl"] {
        for line in shared_lines(file).unwrap_or_default() {
            let message = kcorpus::field(&line, "hex").and_then(kcorpus::unhex).unwrap();
            if Message::decode(&message[..], &Limits::default()).is_ok() {
                check(&mask(), &message);
            }
        }
    }
}

#[test]
fn malformed_messages_are_not_masked() {
    let whole = message(MessageType::Sync, "(`upd;`trade;([]sym:`IBM`MSFT;price:1.5 2.5))");
    for end in 0..whole.len() {
        assert_eq!(mask().message(&whole[..end]), None, "{end}");
    }
    let mut wrong = whole;
    wrong[8] = 50;
    assert_eq!(mask().message(&wrong), None);
}

/// The masked text of a value.
fn masked(mask: &Mask, text: &str) -> String {
    decode(&check(mask, &message(MessageType::Response, text))).value().to_string()
}

#[test]
fn nulls_and_infinities_are_unchanged() {
    for text in [
        "0N 0W -0W",
        "0N 0W -0Wh",
        "0N 0W -0Wi",
        "0n 0w -0w",
        "0N 0W -0Wp",
        "0N 0W -0Wd",
        "0N 0W -0Wt",
        "0N 0W -0Wn",
        "0N 0W -0Wm",
        "0N 0W -0Wu",
        "0N 0W -0Wv",
        "0Ng",
        "`",
        "\"\"",
        "\"   \"",
        "()",
    ] {
        let value = kcodec::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        assert_eq!(masked(&mask(), text), value.value().to_string(), "{text}");
    }
}

#[test]
fn equal_values_have_equal_replacements() {
    for text in [
        "1 2 1 3 2",
        "1 2 1 3 2h",
        "1 2 1 3 2i",
        "1.5 2.5 1.5 3 2.5",
        "1.5 2.5 1.5 3 2.5e",
        "`IBM`MSFT`IBM`AAPL`MSFT",
        "2024.01.01 2024.01.02 2024.01.01 1999.12.31 2024.01.02",
        "09:30 09:31 09:30 00:00 09:31",
        "2024.01.01D00 2024.01.02D00 2024.01.01D00 1999.12.31D00 2024.01.02D00",
        "09:30:00.000 09:31:00.000 09:30:00.000 00:00:00.000 09:31:00.000",
        "2024.01 2024.02 2024.01 1999.12 2024.02m",
        "0D01 0D02 0D01 0D03 0D02",
        "09:30:00 09:31:00 09:30:00 00:00:00 09:31:00",
        "(\"some text\";\"other word\";\"some text\";\"third text\";\"other word\")",
    ] {
        let value = kcodec::parse(text).unwrap_or_else(|error| panic!("{text}: {error}"));
        let before = items(value.value());
        let after = items(decode(&check(&mask(), &message(MessageType::Response, text))).value());
        let numbered = |items: &[String]| {
            let mut known = BTreeMap::new();
            items
                .iter()
                .map(|item| {
                    let next = known.len();
                    *known.entry(item.clone()).or_insert(next)
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(numbered(&before), [0, 1, 0, 2, 1], "{text}");
        assert_eq!(numbered(&after), [0, 1, 0, 2, 1], "{text}: {after:?}");
        assert!(before.iter().zip(&after).all(|(before, after)| before != after), "{text}: {after:?}");
    }
}

/// The items of a list or vector, as text.
fn items(value: Value<'_>) -> Vec<String> {
    match value {
        Value::List(list) => list.iter().map(|item| item.to_string()).collect(),
        Value::Vector(Vector::Symbol(symbols)) => symbols.iter().map(|symbol| format!("{symbol:?}")).collect(),
        other => other.to_string().trim_end_matches(['h', 'i', 'e', 'f', 'm']).split(' ').map(str::to_owned).collect(),
    }
}

#[test]
fn times_of_day_and_dates_stay_in_range() {
    let text = masked(&mask(), "09:30:00.000 23:59:59.999 00:00:00.000");
    for time in text.split(' ') {
        assert!(time.len() == 12 && &time[..2] < "24", "{text}");
    }
    let text = masked(&mask(), "2024.01.31 1970.01.01 2099.12.31");
    for date in text.split(' ') {
        assert!(("1970".."2100").contains(&&date[..4]), "{text}");
    }
}

#[test]
fn masking_is_independent_of_byte_order_and_compression() {
    for golden in golden() {
        let limits = Limits::default();
        let Ok(plain) = kwire::decompress(&golden.message, &limits) else { continue };
        let Some(one) = mask().message(&golden.message) else { continue };
        let other = mask().message(&plain).unwrap();
        assert_eq!(decode(&one), decode(&other));
    }
    let encoded = |is_big: bool, number: u32| if is_big { number.to_be_bytes() } else { number.to_le_bytes() };
    let [big, little] = [true, false].map(|is_big| {
        let ints =
            [[6, 0].as_slice(), &encoded(is_big, 3), &[5, 70_000, 1 << 31].map(|int| encoded(is_big, int)).concat()];
        let guid = [&[0xfe][..], &[7; 15], &[9]].concat();
        let body = [&[0, 0][..], &encoded(is_big, 3), &[0xf5, b'I', b'B', b'M', 0], &ints.concat(), &guid].concat();
        [&[u8::from(!is_big), 1, 0, 0][..], &encoded(is_big, body.len() as u32 + 8), &body].concat()
    });
    assert_eq!(decode(&big), decode(&little));
    assert_eq!(decode(&check(&mask(), &big)), decode(&check(&mask(), &little)));
}

#[test]
fn a_compressed_message_is_compressed_again() {
    let symbols = "`IBM`MSFT`AAPL`IBM".repeat(500);
    let plain = message(MessageType::Response, &symbols);
    let compressed = kwire::compress(&plain, kcodec::Threshold::default()).unwrap().unwrap();
    let masked = check(&mask(), &compressed);
    assert_eq!(masked[2], 1);
    assert!(masked.len() * 2 < plain.len());
    assert_eq!(decode(&masked), decode(&mask().message(&plain).unwrap()));
}

#[test]
fn attributes_are_true_or_removed() {
    for (attribute, after) in [(1, 0), (2, 2), (3, 3), (4, 4)] {
        let mut symbols = message(MessageType::Response, "`a`b`c");
        symbols[9] = attribute;
        assert_eq!(mask().message(&symbols).unwrap()[9], after);
        let mut chars = message(MessageType::Response, "\"abc\"");
        chars[9] = attribute;
        assert_eq!(mask().message(&chars).unwrap()[9], 0);
    }
    let mut sorted = message(MessageType::Response, "1 2 3!4 5 6");
    (sorted[8], sorted[10]) = (127, 1);
    let masked = mask().message(&sorted).unwrap();
    assert_eq!((masked[8], masked[10]), (99, 0));
    assert!(matches!(decode(&masked).value(), Value::Dict(_)));
}

#[test]
fn names_are_kept_on_request() {
    let keep = Mask::with_key([5; 16], Names::Keep);
    let text = |kind, text: &str| decode(&check(&keep, &message(kind, text))).value().to_string();
    let update = text(MessageType::Async, "(`upd;`trade;([]symbol:`IBM`MSFT;price:1.5 2.5))");
    for name in ["`upd", "`trade", "symbol", "price"] {
        assert!(update.contains(name), "{update}");
    }
    assert!(!update.contains("IBM") && !update.contains("MSFT") && !update.contains("1.5"), "{update}");
    let call = text(MessageType::Sync, "(`getBars;`IBM;5)");
    assert!(call.contains("getBars") && !call.contains("IBM"), "{call}");
    let query = text(MessageType::Sync, "\"select from trade where sym=`IBM, size>1234\"");
    assert!(
        query.contains("select from trade where sym=`") && !query.contains("IBM") && !query.contains("1234"),
        "{query}"
    );
    let data = text(MessageType::Response, "\"select from trade\"");
    assert!(!data.contains("select"), "a text that is not a query: {data}");
    let lambda = text(MessageType::Sync, "({[x]count select from trade where id=x+8421};12345)");
    assert!(lambda.contains("select from trade") && !lambda.contains("8421") && !lambda.contains("12345"), "{lambda}");
    let replaced = decode(&mask().message(&message(MessageType::Sync, "({[x]count select from trade};1)")).unwrap());
    let Value::List(list) = replaced.value() else { panic!("{replaced:?}") };
    assert!(matches!(list.iter().next(), Some(Value::Function(Function::Lambda(_)))));
    assert!(!replaced.value().to_string().contains("select"));
}

/// Collects runs of at least four letters and digits in a value.
fn texts(value: Value<'_>, found: &mut BTreeSet<Vec<u8>>) {
    let bytes = {
        let mut bytes = Vec::new();
        value.encode(&mut bytes).unwrap();
        bytes
    };
    for run in bytes.split(|&byte| !byte.is_ascii_alphanumeric()).filter(|run| run.len() >= 4) {
        found.insert(run.to_vec());
    }
}

#[test]
fn no_original_text_is_in_the_masked_file() {
    let folder = tempfile::tempdir().unwrap();
    let [before, after] = ["before", "after"].map(|name| folder.path().join(name));
    let mut recorder = Recorder::create(&before).unwrap();
    let connection = recorder.open(Timestamp(0), b"robert:the", Capability::MAX).unwrap();
    let other = recorder.connection();
    let texts_in = [
        "(`upd;`tradeTable;([]symbol:`IBMX`MSFT`Größe;price:101.5 402.25 1e9;note:(\"client Baggins\";\"none\";\"\")))",
        "\"select from secretTable where account=`ACME, desk=\\\"fixed income\\\"\"",
        "({[account;limit]exposure[account]>limit};`ACME;123456)",
        "`config`value!(`alpha`beta;(\"gamma delta\";1 2 3))",
    ];
    let mut originals = BTreeSet::from([b"robert".to_vec()]);
    for (index, text) in texts_in.into_iter().enumerate() {
        let message = message(MessageType::Sync, text);
        texts(decode(&message).value(), &mut originals);
        let connection = if index % 2 == 0 { connection } else { other };
        recorder.message(Timestamp(index as i64), connection, Direction::ToServer, &message).unwrap();
    }
    let error = [&[1, 2, 0, 0, 19, 0, 0, 0, 0x80][..], b"notacolum\0"].concat();
    recorder.message(Timestamp(9), connection, Direction::ToClient, &error).unwrap();
    originals.insert(b"notacolum".to_vec());
    recorder
        .message(Timestamp(9), connection, Direction::ToClient, &[1, 2, 0, 0, 12, 0, 0, 0, 50, b's', b'e', b'c'])
        .unwrap();
    recorder.close(Timestamp(10), connection).unwrap();
    recorder.finish().unwrap();
    assert!(originals.len() > 15, "{originals:?}");

    let mut recorder = Recorder::create(&after).unwrap();
    let done = copy(&Recording::open(&before).unwrap(), &mask(), &mut recorder, |error| panic!("{error}")).unwrap();
    recorder.finish().unwrap();
    assert_eq!((done.messages, done.refused), (5, 1));
    let recording = Recording::open(&after).unwrap();
    let mut all = fs::read(&after).unwrap();
    let original = Recording::open(&before).unwrap();
    assert_eq!(recording.len(), original.len());
    for (one, other) in original.entries().zip(recording.entries()) {
        let (one, other) = (one.unwrap().1, other.unwrap().1);
        assert_eq!((one.time, one.connection, one.direction), (other.time, other.connection, other.direction));
        match (&one.what, &other.what) {
            (What::Open { capability: one, .. }, What::Open { user, capability }) => {
                assert_eq!((one, user.len()), (capability, 10));
                all.extend(user);
            }
            (What::Message, What::Message | What::Missing(1)) | (What::Close, What::Close) => {}
            other => panic!("{other:?}"),
        }
        all.extend(&other.bytes);
    }
    for text in originals {
        assert!(memchr::memmem::find(&all, &text).is_none(), "{}", String::from_utf8_lossy(&text));
    }
}

#[test]
fn the_key_determines_the_replacements() {
    let one = message(MessageType::Response, "`IBM`MSFT");
    let [first, again, other] =
        [[1; 16], [1; 16], [2; 16]].map(|key| Mask::with_key(key, Names::Replace).message(&one));
    assert_eq!(first, again);
    assert_ne!(first, other);
    let random = [(); 2].map(|()| Mask::random(Names::Replace).unwrap().message(&one));
    assert_ne!(random[0], random[1]);
}

#[test]
fn commands_import_and_mask() {
    let folder = tempfile::tempdir().unwrap();
    let run = |arguments: &[&str]| {
        let done =
            Command::new(env!("CARGO_BIN_EXE_kcorpus")).args(arguments).current_dir(folder.path()).output().unwrap();
        (done.status.code(), String::from_utf8(done.stderr).unwrap())
    };
    let line = kcorpus::hex(&message(MessageType::Sync, "(`getBars;`ACMECORP;\"some text\")"));
    fs::write(folder.path().join("lines"), line).unwrap();
    let key = "000102030405060708090a0b0c0d0e0f";
    assert_eq!(run(&["import", "lines", "-o", "plain"]).0, Some(0));
    assert_eq!(run(&["import", "lines", "-o", "masked", "--mask", "--mask-key", key]).0, Some(0));
    let (code, said) = run(&["mask", "plain", "again", "--mask-key", key]);
    assert_eq!((code, said.as_str()), (Some(0), "kcorpus: 1 messages masked\n"));
    let bytes = |name| Recording::open(folder.path().join(name)).unwrap().get(0).unwrap().bytes;
    assert_eq!(bytes("masked"), bytes("again"));
    assert_eq!(run(&["mask", "plain", "kept", "--keep-names"]).0, Some(0));
    assert!(memchr::memmem::find(&bytes("plain"), b"ACMECORP").is_some());
    for name in ["masked", "kept"] {
        assert!(memchr::memmem::find(&bytes(name), b"ACMECORP").is_none());
        assert_eq!(memchr::memmem::find(&bytes(name), b"getBars").is_some(), name == "kept");
    }
    assert_eq!(run(&["mask", "plain", "again"]).0, Some(1), "the output exists");
    assert_eq!(run(&["mask", "lines", "foreign"]).0, Some(1));
    let (code, said) = run(&["mask", "plain", "short", "--mask-key", "5ec2e7"]);
    assert_eq!(code, Some(2), "{said}");
    let (code, said) = run(&["import", "lines", "-o", "unmasked", "--mask-key", key]);
    assert_eq!(code, Some(2), "--mask-key without --mask: {said}");
    assert!(!folder.path().join("unmasked").exists());
}

/// Arbitrary objects as bytes, not all valid.
fn object() -> impl Strategy<Value = Vec<u8>> {
    let symbol = "[a-zA-Z0-9._é€]{0,30}".prop_map(|text| [text.as_bytes(), &[0]].concat());
    let fixed = prop::sample::select(vec![
        (2_u8, 16_usize),
        (4, 1),
        (5, 2),
        (6, 4),
        (7, 8),
        (8, 4),
        (9, 8),
        (10, 1),
        (12, 8),
        (13, 4),
        (14, 4),
        (15, 8),
        (16, 8),
        (17, 4),
        (18, 4),
        (19, 4),
    ]);
    let vector = (fixed.clone(), 0..5_u8, 0..40_usize).prop_flat_map(|((code, width), attribute, count)| {
        prop::collection::vec(any::<u8>(), width * count)
            .prop_map(move |items| [&[code, attribute][..], &(count as u32).to_le_bytes(), &items].concat())
    });
    let atom = fixed.prop_flat_map(|(code, width)| {
        prop::collection::vec(any::<u8>(), width).prop_map(move |item| [&[code.wrapping_neg()][..], &item].concat())
    });
    let symbols = prop::collection::vec(symbol.clone(), 0..6)
        .prop_map(|items| [&[11, 0][..], &(items.len() as u32).to_le_bytes(), &items.concat()].concat());
    let leaf = prop_oneof![vector, atom, symbols, symbol.prop_map(|symbol| [&[0xf5][..], &symbol].concat())];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop::collection::vec(inner, 0..5)
            .prop_map(|items| [&[0, 0][..], &(items.len() as u32).to_le_bytes(), &items.concat()].concat())
    })
}

proptest! {
    #[test]
    fn any_object_keeps_its_shape(body in object(), key: [u8; 16], is_kept: bool) {
        let length = (body.len() as u32 + 8).to_le_bytes();
        let message = [&[1, 1, 0, 0][..], &length, &body].concat();
        prop_assume!(Message::decode(&message[..], &Limits::default()).is_ok());
        let names = if is_kept { Names::Keep } else { Names::Replace };
        check(&Mask::with_key(key, names), &message);
    }

    #[test]
    fn distinct_symbols_stay_distinct(texts in prop::collection::btree_set("[a-c]{1,3}|[a-zA-Z0-9é]{0,40}", 1..20), key: [u8; 16]) {
        let mask = Mask::with_key(key, Names::Replace);
        let masked: BTreeSet<_> = texts.iter().map(|text| mask.user(text.as_bytes())).collect();
        prop_assert_eq!(masked.len(), texts.len());
        for text in &texts {
            let image = mask.user(text.as_bytes());
            prop_assert_eq!(image.len(), text.len());
            prop_assert!(text.is_empty() || image != text.as_bytes() || text.chars().all(|letter| !letter.is_ascii()));
            prop_assert!(std::str::from_utf8(&image).is_ok());
        }
    }
}
