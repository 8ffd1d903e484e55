//! The duels, by subject. Each asserts its answers while it is made.

mod compression;
mod decode;
mod encode;

pub(crate) use decode::first_items;

use crate::{Case, Claim, Timed};

/// Every case, in the order of the table.
pub const CASES: &[fn() -> Case] = &[
    decode::longs,
    decode::longs_misaligned,
    decode::floats,
    decode::symbols,
    decode::symbols_unique,
    decode::trade,
    decode::trade10,
    decode::int_atoms,
    decode::strings,
    decode::rkyv_validated,
    decode::rkyv_unchecked,
    decode::big_endian,
    encode::longs,
    encode::trade,
    encode::trade10,
    encode::trade_texts,
    encode::gather_longs,
    encode::gather_trade,
    compression::compress_trade_sorted,
    compression::compress_longs_small,
    compression::compress_trade_fails,
    compression::decompress_trade_sorted,
    compression::decompress_longs_small,
    compression::lz4_decompress_trade_sorted,
    compression::lz4_decompress_longs_small,
    compression::lz4_compress_trade_sorted,
];

fn case(name: &'static str, yardstick: &'static str, claim: Claim, ours: Timed, yard: Timed) -> Case {
    Case { name, yardstick, claim, ours, yard }
}
