//! The table of named changes.

use super::draft::Draft;
use super::random::Random;
use super::{compressed, header, object};

/// Changes a message; `None` if the change does not apply to it.
pub(super) type Change = fn(&Draft, &mut Random) -> Option<Vec<u8>>;

/// The unchanged message, split into several writes.
pub(super) const PACKET_CUTS: &str = "packet-cuts";

const UNKNOWN_BYTES: [u8; 5] = [3, 4, 7, 0x80, 0xff];

/// All changes. A name begins with what is changed.
pub(super) const CHANGES: &[(&str, Change)] = &[
    ("type-known", object::retype),
    ("type-same-width", object::retype_alike),
    ("type-sign", object::retype_sign),
    ("type-unknown", object::retype_unknown),
    ("count-more", |draft, random| object::count(draft, random, |old, _| old.wrapping_add(1))),
    ("count-less", |draft, random| object::count(draft, random, |old, _| old.wrapping_sub(1))),
    ("count-zero", |draft, random| object::count(draft, random, |_, _| 0)),
    ("count-huge", |draft, random| object::count(draft, random, object::huge)),
    ("count-8-bytes", |draft, random| object::count_wide(draft, random, |old, _| old)),
    ("count-8-bytes-huge", |draft, random| object::count_wide(draft, random, object::huge)),
    ("attribute-known", |draft, random| {
        object::attribute(draft, random, |old, random| (old & 0x80) | (random.u8() % 5))
    }),
    ("attribute-unknown", |draft, random| object::attribute(draft, random, |_, random| random.u8() % 0x7b + 5)),
    ("attribute-flag-alone", |draft, random| object::attribute(draft, random, |old, _| old ^ 0x80)),
    ("value-edge", object::extreme),
    ("value-boolean", object::boolean),
    ("value-primitive", object::primitive),
    ("value-lambda", object::lambda),
    ("symbol-nul", |draft, random| {
        object::text(draft, random, |old, random| {
            let (front, back) = old.split_at(random.below(old.len()));
            [front, &[0], back].concat()
        })
    }),
    ("symbol-not-utf8", |draft, random| {
        object::text(draft, random, |old, random| {
            let bad: [&[u8]; 4] = [b"\xff\xfe", b"\xc0\x80", b"\xed\xa0\x80", b"\xe4\xbd"];
            [old, *random.of(&bad)].concat()
        })
    }),
    ("symbol-strange", |draft, random| {
        let strange: [&[u8]; 8] = [b"", b" ", b"`", b"\"'\\", b"\n\r\t\x1b[2J", b"0", b".", b"__proto__"];
        object::text(draft, random, |_, random| random.of(&strange).to_vec())
    }),
    ("symbol-long", |draft, random| {
        object::text(draft, random, |_, random| vec![b'x'; *random.of(&[255, 256, 4096, 70_000])])
    }),
    ("symbol-endless", object::text_endless),
    ("nest-list", |draft, random| {
        let levels = object::levels(random);
        object::nest(draft, random, levels, &object::list_head(draft), &[])
    }),
    ("nest-dict", |draft, random| {
        let keys = [&[99, 11, 0], &draft.encoded(1, 4)[..], b"k\0", &object::list_head(draft)].concat();
        let levels = object::levels(random);
        object::nest(draft, random, levels, &keys, &[])
    }),
    ("nest-projection", |draft, random| {
        let levels = object::levels(random);
        object::nest(draft, random, levels, &object::counted_head(draft, 104), &[])
    }),
    ("nest-composition", |draft, random| {
        let levels = object::levels(random);
        object::nest(draft, random, levels, &object::counted_head(draft, 105), &[])
    }),
    ("nest-derived", |draft, random| {
        let (levels, code) = (object::levels(random), random.between(106, 111));
        object::nest(draft, random, levels, &[u8::try_from(code).unwrap_or(106)], &[])
    }),
    ("nest-112", |draft, random| {
        let levels = object::levels(random);
        object::nest(draft, random, levels, &object::counted_head(draft, 112), &[])
    }),
    ("object-transplant", object::transplant),
    ("object-drop", object::drop_part),
    ("object-repeat", object::repeat_part),
    ("object-swap", object::swap_parts),
    ("error-nested", object::error),
    ("error-followed", object::error_and),
    ("table-without-dict", |draft, random| object::table_part(draft, random, 0, &[0xfc, 0x2a])),
    ("table-of-dict-atoms", |draft, random| object::table_part(draft, random, 0, &[99, 0xfc, 1, 0xfc, 2])),
    ("table-names-not-symbols", |draft, random| {
        let names = [&[4, 0], &draft.encoded(1, 4)[..], b"a"].concat();
        object::table_part(draft, random, 1, &names)
    }),
    ("table-splayed", |draft, random| object::table_part(draft, random, 2, b"\xf5:t/\0")),
    ("table-columns-not-lists", |draft, random| object::table_part(draft, random, 2, &[0xfc, 0x2a])),
    ("table-column-atom", |draft, random| object::table_column(draft, random, 1, &[0xfc, 0x2a])),
    ("table-ragged", |draft, random| {
        let column = [&[4, 0], &draft.encoded(5, 4)[..], b"abcde"].concat();
        object::table_column(draft, random, 2, &column)
    }),
    ("table-one-name-more", object::table_name),
    ("dict-half-atom", |draft, random| object::dict_half(draft, random, &[0xfc, 0x2a])),
    ("dict-uneven", |draft, random| {
        let half = [&[4, 0], &draft.encoded(5, 4)[..], b"abcde"].concat();
        object::dict_half(draft, random, &half)
    }),
    ("compressed", compressed::compress),
    ("compressed-raw-length-more", |draft, random| {
        compressed::lies(draft, random, |raw, random| raw + random.u64() % 300 + 1)
    }),
    ("compressed-raw-length-less", |draft, random| {
        compressed::lies(draft, random, |raw, random| raw.saturating_sub(random.u64() % 9 + 1))
    }),
    ("compressed-raw-length-small", |draft, random| compressed::lies(draft, random, |_, random| random.u64() % 10)),
    ("compressed-raw-length-huge", |draft, random| compressed::lies(draft, random, object::huge)),
    ("compressed-without-raw-length", compressed::headless),
    ("compressed-match-unlearned", compressed::unlearned),
    ("compressed-match-overrun", compressed::overrun),
    ("compressed-cut", compressed::cut),
    ("compressed-trailing", compressed::trailing),
    ("compressed-bit", compressed::byte),
    ("header-order-turned", header::swap_order),
    ("header-order-wrong", |draft, _| header::set(draft, 0, u8::from(draft.big))),
    ("header-order-unknown", |draft, random| header::set(draft, 0, *random.of(&UNKNOWN_BYTES))),
    ("header-type", |draft, random| header::set(draft, 1, random.u8() % 3)),
    ("header-type-unknown", |draft, random| header::set(draft, 1, *random.of(&UNKNOWN_BYTES))),
    ("header-compression-wrong", |draft, random| header::set(draft, 2, random.u8() % 2 + 1)),
    ("header-compression-unknown", |draft, random| header::set(draft, 2, *random.of(&UNKNOWN_BYTES))),
    ("header-length-more", |draft, random| header::length(draft, header::plain_length(draft) + random.u64() % 300 + 1)),
    ("header-length-less", |draft, random| {
        header::length(draft, header::plain_length(draft).saturating_sub(random.u64() % 9 + 1))
    }),
    ("header-length-small", |draft, random| header::length(draft, random.u64() % 10)),
    ("header-length-huge", |draft, random| header::length(draft, object::huge(0, random))),
    ("header-length-byte-3", |draft, random| header::set(draft, 3, random.u8() | 1)),
    ("cut-body", header::cut_body),
    ("cut-message", header::cut_message),
    ("trailing", header::trailing),
    ("splice", header::splice),
    ("two-messages", header::join),
    ("bits", header::bits),
    ("bytes-removed", header::remove),
    ("bytes-inserted", header::insert),
    ("empty", |_, _| Some(Vec::new())),
    (PACKET_CUTS, |draft, _| Some(draft.original.clone())),
];
