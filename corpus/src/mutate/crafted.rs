//! Handcrafted messages that are known to break decoders.

use super::compressed::bomb;
use super::draft::{frame, headed};
use super::random::Random;

/// Makes a message.
type Make = fn(&mut Random) -> Vec<u8>;

/// The count 1 in four bytes.
const ONE: [u8; 4] = [1, 0, 0, 0];
/// The head of a list of one item.
const LIST: [u8; 6] = [0, 0, 1, 0, 0, 0];
/// A byte atom.
const BYTE: [u8; 2] = [0xfc, 0x2a];

/// All crafted messages. A run of 16 times as many cases contains each of them.
pub(super) const CRAFTED: &[(&str, Make)] = &[
    ("crafted-20000-lists", |_| nested(&LIST, 20_000, &BYTE)),
    ("crafted-200000-lists", |_| nested(&LIST, 200_000, &BYTE)),
    ("crafted-20000-derived", |_| nested(&[106], 20_000, &[101, 0])),
    // A decoder that tries two shapes for a composition takes exponential time in the depth.
    ("crafted-105-nested", |_| nested(&counted(105), 24, &BYTE)),
    ("crafted-105-nested-bad-end", |_| nested(&counted(105), 24, &[3, 0])),
    ("crafted-105-bare", |_| nested(&[105], 110, &[3, 0])),
    ("crafted-112-nested", |_| nested(&counted(112), 24, &BYTE)),
    ("crafted-112-bare", |_| nested(&[112], 110, &[3, 0])),
    // 32 bytes that claim to inflate to 2 GiB.
    ("crafted-claims-2-gb", |_| frame(false, 0, 1, &[&[0xff, 0xff, 0xff, 0x7f], &[0; 20][..]].concat())),
    ("crafted-claims-8-eb", |_| frame(false, 0, 2, &[&i64::MAX.to_le_bytes()[..], &[0; 16]].concat())),
    // 3 MB that inflate to 400 MB.
    ("crafted-bomb-400-mb", |_| bomb(1_556_421)),
    ("crafted-bomb-1-mb", |_| bomb(4_000)),
    ("crafted-header-4-gb", |_| headed(false, 0, 0, (1 << 32) - 1, &BYTE)),
    ("crafted-header-1-tb", |_| headed(false, 0, 0, (1 << 40) - 1, &BYTE)),
    ("crafted-count-2-billion", |_| body(&[7, 0, 0xff, 0xff, 0xff, 0x7f, 0, 0])),
    ("crafted-count-4-billion-lists", |_| body(&[0, 0, 0xff, 0xff, 0xff, 0xff, 0, 0])),
    ("crafted-count-4-billion-symbols", |_| body(&[11, 0, 0xff, 0xff, 0xff, 0xff, 0, 0])),
    ("crafted-count-8-bytes-minus-1", |_| body(&[&[7, 0x80], &[0xff; 8][..], &[0; 8]].concat())),
    ("crafted-projection-4-billion", |_| body(&[104, 0xff, 0xff, 0xff, 0xff, 101, 0])),
    ("crafted-table-without-dict", |_| body(&[&[98, 0], &BYTE[..]].concat())),
    ("crafted-table-of-list", |_| body(&[&[98, 0], &LIST[..], &BYTE].concat())),
    ("crafted-table-of-table", |_| body(&[98, 0, 98, 0, 98, 0, 0, 0, 0, 0, 0, 0])),
    ("crafted-table-cut", |_| body(&[98, 0])),
    ("crafted-symbol-not-utf8", |_| body(b"\xf5\xff\xfe\0")),
    ("crafted-text-not-utf8", |_| body(b"\x0a\0\x02\0\0\0\xff\xfe")),
    ("crafted-name-not-utf8", |_| body(b"\x62\0\x63\x0b\0\x01\0\0\0\xff\0\0\0\x01\0\0\0\x04\0\x01\0\0\0\x2a")),
    ("crafted-error", |_| body(b"\x80type\0")),
    ("crafted-error-not-utf8", |_| body(b"\x80\xff\xfe\0")),
    ("crafted-error-endless", |_| body(b"\x80type")),
    ("crafted-error-in-list", |_| body(&[&LIST[..], b"\x80type\0"].concat())),
    ("crafted-guids-cut", |_| body(&[2, 0, 0, 0, 0, 0x10, 0, 0])),
    ("crafted-5000-dicts", |_| nested(&[99], 5_000, &BYTE)),
];

/// A plain message with this body.
fn body(body: &[u8]) -> Vec<u8> {
    frame(false, 0, 0, body)
}

fn counted(code: u8) -> Vec<u8> {
    [&[code], &ONE[..]].concat()
}

fn nested(head: &[u8], levels: usize, inner: &[u8]) -> Vec<u8> {
    body(&[&head.repeat(levels), inner].concat())
}
