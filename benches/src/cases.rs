//! All cases, by subject. Each asserts its answers when it is constructed.

#[cfg(feature = "arrow")]
mod arrow;
mod compression;
mod decode;
mod encode;
mod kernel;
mod log;
mod query;
mod wire;

use kcorpus::workload::SYMBOLS;

use crate::{Case, Claim, Named};

const fn row(name: &'static str, yardstick: &'static str, claim: Claim, make: fn() -> Case) -> Named {
    Named { name, yardstick, claim, make }
}

/// All cases in the order of the table.
pub const CASES: &[Named] = &[
    row("decode/longs", "memcpy", Claim::Nanoseconds(60.0), decode::longs),
    row("decode/longs at odd addresses", "memcpy", Claim::Nanoseconds(60.0), decode::longs_misaligned),
    row("decode/floats", "memcpy", Claim::Nanoseconds(60.0), decode::floats),
    row("decode/symbols", "reading the bytes", Claim::Faster(0.7), decode::symbols),
    row("decode/symbols_unique", "reading the bytes", Claim::Faster(0.7), decode::symbols_unique),
    row("decode/trade", "memcpy", Claim::None, decode::trade),
    row("decode/trade", "rkyv, validated", Claim::Faster(1.0), decode::rkyv_validated),
    row("decode/trade", "rkyv, unchecked", Claim::None, decode::rkyv_unchecked),
    row("decode/trade10 and each first item", "memcpy", Claim::Nanoseconds(60.0), decode::trade10),
    row("decode/int_atoms", "memcpy", Claim::None, decode::int_atoms),
    row("decode/strings", "memcpy", Claim::None, decode::strings),
    row("swap/longs", "memcpy", Claim::Faster(0.5), decode::big_endian),
    row("sum/floats at odd addresses", "the aligned slice", Claim::Faster(0.8), kernel::sum),
    row("copy/floats from odd addresses", "memcpy", Claim::Faster(0.8), kernel::copy),
    row("index/symbols", "a plain loop", Claim::NanosecondsEach(1.2, SYMBOLS), kernel::symbols_index),
    row("iter/symbols", "a plain index", Claim::None, kernel::symbols_iter),
    row("codes/symbols", "a plain index", Claim::None, kernel::symbols_codes),
    row("index/int_atoms", "decoding it", Claim::None, kernel::list_index),
    row("encode/longs", "memcpy", Claim::Faster(0.9), encode::longs),
    row("encode/trade", "memcpy", Claim::Faster(0.9), encode::trade),
    row("encode/trade, symbols as &str", "memcpy", Claim::None, encode::trade_texts),
    row("encode/symbols", "memcpy", Claim::None, encode::symbols),
    row("encode/int_atoms", "memcpy", Claim::None, encode::int_atoms),
    row("encode/strings", "memcpy", Claim::None, encode::strings),
    row("encode/strings, a value each", "memcpy", Claim::None, encode::string_values),
    row("encode/trade10", "memcpy", Claim::Nanoseconds(60.0), encode::trade10),
    row("gather/longs", "memcpy", Claim::Nanoseconds(500.0), encode::gather_longs),
    row("gather/trade", "memcpy", Claim::Nanoseconds(1000.0), encode::gather_trade),
    #[cfg(feature = "arrow")]
    row("arrow/trade to a batch", "memcpy and a plain index", Claim::Faster(0.67), arrow::trade_to_batch),
    #[cfg(feature = "arrow")]
    row("arrow/trade from a batch", "memcpy and a plain index", Claim::Faster(0.67), arrow::trade_to_body),
    #[cfg(feature = "arrow")]
    row("arrow/timestamps to a batch", "memcpy", Claim::None, arrow::timestamps_to_batch),
    #[cfg(feature = "arrow")]
    row("arrow/timestamps from a batch", "memcpy", Claim::None, arrow::timestamps_to_body),
    row("log/1 M upd of a row", "memcpy", Claim::Faster(0.33), log::rows),
    row("log/1 M upd of a row", "reading the bytes", Claim::None, log::rows_read),
    row("log/1 M upd of 10 rows", "memcpy", Claim::Faster(0.33), log::batches),
    row("log/1 M upd of a row, summing a column", "memcpy", Claim::None, log::column),
    row("compress/trade_sorted", "plain port", Claim::Faster(1.5), compression::compress_trade_sorted),
    row("compress/longs_small", "plain port", Claim::Faster(1.5), compression::compress_longs_small),
    row("compress/trade, incompressible", "plain port", Claim::Faster(1.5), compression::compress_trade_fails),
    row("compress/trade_sorted", "lz4_flex", Claim::None, compression::lz4_compress_trade_sorted),
    row("decompress/trade_sorted", "plain port", Claim::Faster(2.5), compression::decompress_trade_sorted),
    row("decompress/longs_small", "plain port", Claim::Faster(2.5), compression::decompress_longs_small),
    row("decompress/trade_sorted, appended to a Vec", "into a slice", Claim::None, compression::decompress_append),
    row("decompress/trade_sorted", "lz4_flex", Claim::Faster(1.0), compression::lz4_decompress_trade_sorted),
    row("decompress/longs_small", "lz4_flex", Claim::Faster(1.0), compression::lz4_decompress_longs_small),
    row("receive/longs over loopback", "a bare read loop", Claim::Faster(1.0 / 1.15), wire::receive),
    row("send/longs over loopback", "a bare write loop", Claim::Faster(1.0 / 1.1), wire::send),
    row("tokio/20,000 requests to kserve, 64 in flight", "a bare loop", Claim::Faster(0.8), wire::pipelined),
    row("tokio/20,000 requests to a thread", "a bare loop", Claim::None, wire::pipelined_to_answers),
    row("q/select by sym, 1 M rows", "a plain loop", Claim::Faster(0.5), query::by_symbol),
    row("q/select where, 1 M rows", "a plain loop", Claim::Faster(0.5), query::filter),
    row("q/asc of 1 M longs", "slice::sort", Claim::Faster(0.67), query::ascending),
    row("q/{x+1}/[1000000;0]", "a plain loop", Claim::NanosecondsEach(150.0, query::TURNS), query::turns),
    row("q/upd of 10 rows", "pushing them", Claim::Nanoseconds(3333.0), query::small_updates),
    row("q/upd of 10,000 rows to 10 M", "pushing them", Claim::Nanoseconds(1_000_000.0), query::large_updates),
];
