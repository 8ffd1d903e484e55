//! Tests of the naive codec: messages from kdb+, round trips, refusals.

mod naive;

use naive::{Form, Tree, compress, compressible, decode, decompress, depth, encode, encode_with, message, tree};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;

const LIMIT: usize = 100;

const WIDE: Form = Form { big_endian: false, wide_counts: true };

const BIG: Form = Form { big_endian: true, wide_counts: false };

/// Messages of the golden corpus with their headers, by their q expressions.
const PLAIN: [(&str, &str); 34] = [
    ("1i", "010000000d000000fa01000000"),
    ("enlist 1i", "010000001200000006000100000001000000"),
    ("`byte$til 5", "01000000130000000400050000000001020304"),
    ("`byte$enlist til 5", "01000000190000000000010000000400050000000001020304"),
    ("`a`b!2 3i", "0100000021000000630b0002000000610062000600020000000200000003000000"),
    ("`s#`a`b!2 3i", "01000000210000007f0b0102000000610062000600020000000200000003000000"),
    (
        "`s#([]a:enlist 2i;b:enlist 3i)",
        "010000002f0000006201630b0002000000610062000000020000000603010000000200000006000100000003000000",
    ),
    (
        "([a:enlist 2i]b:enlist 3i)",
        "010000003f000000636200630b00010000006100000001000000060001000000020000006200630b0001000000620000000100000006000100000003000000",
    ),
    ("{x+y}", "010000001500000064000a00050000007b782b797d"),
    ("{x+y} defined in .d", "01000000160000006464000a00050000007b782b797d"),
    ("`hello", "010000000f000000f568656c6c6f00"),
    ("1b", "010000000a000000ff01"),
    ("-234h", "010000000b000000fb16ff"),
    ("5.5e", "010000000d000000f80000b040"),
    ("0Np", "0100000011000000f40000000000000080"),
    ("\"G\"$\"8c680a01-5a49-5aab-5a65-d4bfddb6a661\"", "0100000019000000fe8c680a015a495aab5a65d4bfddb6a661"),
    ("()", "010000000e000000000000000000"),
    ("(0b;1b;0b)", "0100000011000000010003000000000100"),
    ("`the`quick`brown`fox", "01000000220000000b000400000074686500717569636b0062726f776e00666f7800"),
    ("(1;`bcd;\"0bc\";5.5e)", "010000002a000000000004000000f90100000000000000f5626364000a0003000000306263f80000b040"),
    ("::", "010000000a0000006500"),
    ("{x+y}[3]", "0100000023000000680200000064000a00050000007b782b797df90300000000000000"),
    ("any", "01000000180000006902000000651c6802000000660bf662"),
    ("raze", "010000000b0000006b660c"),
    (
        "([] name:`symbol$(); iq:`int$())",
        "010000002b0000006200630b00020000006e616d65006971000000020000000b0000000000060000000000",
    ),
    ("'type", "010200000e000000807479706500"),
    ("0n", "0100000011000000f7000000000000f8ff"),
    ("(\"ab\"@0x40\\:)", "010000001f0000006902000000680200000066120a000200000061626ffc40"),
    ("0D01:22:33.444555666*1+til 2", "010000001e000000100002000000929b4d508104000024379ba002090000"),
    (
        "{x+y+z}[1;;2]",
        "0100000030000000680400000064000a00070000007b782b792b7a7df9010000000000000065fff90200000000000000",
    ),
    (
        "`s#0 5 10i!0 50 100i",
        "010000002d0000007f06010300000000000000050000000a000000060003000000000000003200000064000000",
    ),
    ("asc (\"a\";`b)", "0100000013000000000102000000f661f56200"),
    ("sync (\"f\";1i;`x)", "010100001d0000000000030000000a000100000066fa01000000f57800"),
    (
        "async (`upd;`trade;([]time:enlist 0D01:02:03;sym:enlist`IBM;price:enlist 101.5))",
        "010000005e000000000003000000f575706400f57472616465006200630b000300000074696d650073796d0070726963650000000300000010000100000000ae17d4620300000b000100000049424d000900010000000000000000605940",
    ),
];

/// Compressed messages of the golden corpus.
const COMPRESSED: [(&str, &str); 4] = [
    ("-18!2000#1b", "0100010026000000de070000000100d00700000101ff00ff00ff00ff00ff00ff00ff00ff00c5"),
    ("1000#`q", "010001002d000000de070000800b00e80300007171ffaa7171ff7171ff7171ff7171ff2a7171ff7171ff7171bf"),
    (
        "([] q:1000#`q)",
        "010001003f000000ef070000006200630b0001000034007100000001020b00e803570000710071ff0071ff0071ff005571ff0071ff0071ff0071ff000171be",
    ),
    (
        "-18!10000#.Q.a",
        "01000100dd0000001e270000000a0010270000616200636465666768696a006b6c6d6e6f70717200737475767778797a00616263646566676840696a6b6c6d6e1fff6c4503ff6a07ff68696a07ff684503ff660fff6465660fff64d103ff62636403ff6207ff1bff187778791bff0fff747576450fff7403ff72737403ff725107ff70717207ff7003ff6e511fff6c6d6e1fff6c03ff6a146b6c03ff6a07ff68696a4507ff6803ff66676803ff66510fff6465660fff6403ff6234636403ff6207ff1bff777846791bff0fff7475760fff745103ff72737403ff72077e",
    ),
];

fn bytes(hex: &str) -> Vec<u8> {
    let pair = |at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex");
    (0..hex.len()).step_by(2).map(pair).collect()
}

#[test]
fn messages_from_kdb_round_trip() {
    for (q, hex) in PLAIN {
        let whole = bytes(hex);
        let body = &whole[8..];
        let tree = decode(body, LIMIT).unwrap_or_else(|why| panic!("{q}: {why}"));
        assert_eq!(encode(&tree), body, "{q}");
        assert_eq!(message(whole[1], body), whole, "{q}");
    }
}

#[test]
fn wide_and_big_endian_forms() {
    let wide = bytes("0680010000000000000001000000");
    let one = decode(&wide, LIMIT).expect("enlist 1i");
    assert_eq!(encode(&one), bytes("06000100000001000000"));
    assert_eq!(encode_with(&one, WIDE), wide);

    let two = decode(&bytes("0600020000000100000002000000"), LIMIT).expect("1 2i");
    assert_eq!(encode_with(&two, BIG), bytes("0600000000020000000100000002"));
}

#[test]
fn a_guid_is_the_same_in_both_byte_orders() {
    let body = bytes("fe8c680a015a495aab5a65d4bfddb6a661");
    let guid = decode(&body, LIMIT).expect("a guid");
    assert_eq!(encode_with(&guid, BIG), body);
}

#[test]
fn malformed_bodies_are_refused() {
    for (why, hex) in [
        ("truncated", ""),
        ("truncated", "fa010000"),
        ("trailing bytes", "fa0100000000"),
        ("bad boolean", "ff02"),
        ("bad boolean", "0100020000000002"),
        ("bad type", "030000000000"),
        ("bad type", "fd00000000"),
        ("bad type", "140000000000"),
        ("bad type", "70"),
        ("bad type", "ec00000000"),
        ("bad attribute", "060500000000"),
        ("bad attribute", "067f00000000"),
        ("bad attribute", "068500000000"),
        ("bad attribute", "6205630b0000000000000000000000"),
        ("count larger than the data", "0600ffffffff"),
        ("count larger than the data", "0680ffffffffffffffff"),
        ("count larger than the data", "68ffffffff"),
        ("text without end", "f56162"),
        ("text without end", "0b00020000006100"),
        ("nested error", "0000010000008000"),
        ("trailing bytes", "80610000"),
        ("truncated", "646100"),
        ("bad primitive", "652d"),
        ("bad primitive", "65fe"),
        ("bad primitive", "6625"),
        ("bad primitive", "6706"),
        ("dictionary of unequal counts", "6304000100000001040000000000"),
        ("dictionary keys without count", "63fc01fc02"),
        ("dictionary values without count", "63040000000000fc02"),
        ("table without dictionary", "6200650000"),
        ("table names are not symbols", "6200630a0000000000000000000000"),
        ("table columns are not a list", "6200630b0000000000040000000000"),
        ("table names and columns differ", "6200630b00010000006100000000000000"),
        ("column is not a vector, list or table", "6200630b000100000061000000010000006500"),
        ("ragged table", "6200630b000200000061006200000002000000040001000000ff040000000000"),
    ] {
        let body = bytes(hex);
        assert_eq!(decode(&body, LIMIT), Err(why.to_string()), "{hex}");
    }
}

#[test]
fn all_variants_are_generated() {
    let mut runner = TestRunner::deterministic();
    let mut seen = [0; 14];
    for _ in 0..2000 {
        let made = tree().new_tree(&mut runner).expect("a tree").current();
        seen[variant(&made)] += 1;
    }
    assert!(seen.iter().all(|count| *count > 0), "{seen:?}");
}

fn variant(tree: &Tree) -> usize {
    match tree {
        Tree::Atom { .. } => 0,
        Tree::Symbol(_) => 1,
        Tree::Vector { .. } => 2,
        Tree::Symbols { .. } => 3,
        Tree::List { .. } => 4,
        Tree::Dict { .. } => 5,
        Tree::Table { .. } => 6,
        Tree::Splayed { .. } => 7,
        Tree::Lambda { .. } => 8,
        Tree::Primitive { .. } => 9,
        Tree::Projection(_) => 10,
        Tree::Composition(_) => 11,
        Tree::Derived { .. } => 12,
        Tree::Error(_) => 13,
    }
}

#[test]
fn compressed_messages_from_kdb_round_trip() {
    for (q, hex) in COMPRESSED {
        let packed = bytes(hex);
        let plain = decompress(&packed).unwrap_or_else(|| panic!("{q}"));
        assert!(decode(&plain[8..], LIMIT).is_ok(), "{q}");
        assert_eq!(compress(&plain, 2000), Some(packed), "{q}");
        assert_eq!(compress(&plain, plain.len()), None, "{q}");
    }
}

#[test]
fn both_kinds_of_compression_are_read() {
    for (q, hex) in COMPRESSED {
        let packed = bytes(hex);
        assert_eq!(decompress(&second_kind(&packed)), decompress(&packed), "{q}");
    }
}

/// The same message with an 8-byte raw length.
fn second_kind(packed: &[u8]) -> Vec<u8> {
    let mut out = packed[..12].to_vec();
    out[2] = 2;
    out.extend([0; 4]);
    out.extend(&packed[12..]);
    with_length(out)
}

/// The message with its length field corrected.
fn with_length(mut message: Vec<u8>) -> Vec<u8> {
    let length = u32::try_from(message.len()).expect("a short message");
    message[4..8].copy_from_slice(&length.to_le_bytes());
    message
}

#[test]
fn damaged_compressed_messages_are_refused() {
    for (q, hex) in COMPRESSED {
        let packed = bytes(hex);
        for length in 0..packed.len() {
            assert_eq!(decompress(&packed[..length]), None, "{q} {length}");
        }
        for length in 8..packed.len() {
            let cut = with_length(packed[..length].to_vec());
            assert_eq!(decompress(&cut), None, "{q} {length}");
        }
        let mut longer = packed.clone();
        longer.push(0);
        assert_eq!(decompress(&with_length(longer)), None, "{q}");
    }
}

#[test]
fn malformed_streams_are_refused() {
    for (why, hex) in [
        ("raw length below 10", "010001000f0000000900000000fc00"),
        ("unset key", "010001000f0000000a000000010000"),
        ("match past the end", "010001001300000010000000080000000000ff"),
        ("compression 3", "01000300100000000a00000000fc0000"),
        ("huge raw length", "0100020018000000ffffffffffffffff00fc000000000000"),
    ] {
        assert_eq!(decompress(&bytes(hex)), None, "{why}");
    }
}

#[test]
fn the_smallest_compressed_message_is_read() {
    let plain = message(0, &[0xfc, 0x2a]);
    let packed = bytes("010001000f0000000a00000000fc2a");
    assert_eq!(decompress(&packed), Some(plain));
}

proptest! {
    #[test]
    fn trees_round_trip(tree in tree()) {
        prop_assert_eq!(decode(&encode(&tree), LIMIT), Ok(tree.clone()));
        prop_assert_eq!(decode(&encode_with(&tree, WIDE), LIMIT), Ok(tree));
    }

    #[test]
    fn both_byte_orders_have_the_same_length(tree in tree()) {
        prop_assert_eq!(encode_with(&tree, BIG).len(), encode(&tree).len());
    }

    #[test]
    fn depth_is_the_smallest_sufficient_limit(tree in tree()) {
        let body = encode(&tree);
        let depth = depth(&tree);
        prop_assert!(decode(&body, depth).is_ok());
        if !matches!(tree, Tree::Error(_)) {
            prop_assert_eq!(decode(&body, depth - 1), Err("too deep".to_string()));
        }
    }

    #[test]
    fn truncated_and_extended_bodies_are_refused(tree in tree(), cut: prop::sample::Index) {
        let mut body = encode(&tree);
        prop_assert!(decode(&body[..cut.index(body.len())], LIMIT).is_err());
        body.push(0);
        prop_assert!(decode(&body, LIMIT).is_err());
    }

    #[test]
    fn changed_bodies_are_refused_or_round_trip(
        tree in tree(),
        at: prop::sample::Index,
        byte: u8,
    ) {
        let mut body = encode(&tree);
        let at = at.index(body.len());
        body[at] = byte;
        if let Ok(other) = decode(&body, LIMIT) {
            prop_assert_eq!(decode(&encode(&other), LIMIT), Ok(other));
        }
    }

    #[test]
    fn compressed_bodies_round_trip(body in compressible(), kind in 0..=2_u8) {
        let plain = message(kind, &body);
        prop_assert!(decode(&body, LIMIT).is_ok());
        if let Some(packed) = compress(&plain, 0) {
            prop_assert!(packed.len() <= plain.len() / 2);
            prop_assert_eq!(decompress(&packed), Some(plain.clone()));
            prop_assert_eq!(decompress(&second_kind(&packed)), Some(plain));
        }
    }

    #[test]
    fn damaged_streams_do_not_panic(
        body in compressible(),
        at: prop::sample::Index,
        byte: u8,
    ) {
        if let Some(mut packed) = compress(&message(0, &body), 0) {
            let length = packed.len();
            let cut = 8 + at.index(length - 8);
            prop_assert_eq!(decompress(&packed[..cut]), None);
            prop_assert_eq!(decompress(&with_length(packed[..cut].to_vec())), None);
            packed[at.index(length)] = byte;
            if let Some(plain) = decompress(&packed) {
                prop_assert_eq!(message(plain[1], &plain[8..]), plain);
            }
        }
    }
}
