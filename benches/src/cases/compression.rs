//! kdb+'s compression against plain loops and lz4_flex.

use kcodec::{Compression, Threshold, compress, decompress_into, decompress_to_slice};

use crate::{Case, Timed, plain, timed, workload};

fn compressed(body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    assert_eq!(compress(body, Threshold::Body, &mut out), Some(Compression::Short));
    out
}

/// Ours and the plain port on one body. `permille` is the expected compressed size in thousandths; `None` if the body
/// does not halve.
fn compression(body: Vec<u8>, permille: Option<usize>) -> Case {
    let mut out = Vec::with_capacity(body.len());
    let kind = compress(&body, Threshold::Body, &mut out);
    assert_eq!(plain::compress(&body), kind.map(|_| out.clone()));
    assert_eq!(kind.map(|_| (out.len() * 1000 + body.len() / 2) / body.len()), permille);
    let yard_body = body.clone();
    let ours = timed(move || {
        out.clear();
        compress(&body, Threshold::Body, &mut out)
    });
    Case { ours, yard: timed(move || plain::compress(&yard_body)) }
}

pub(super) fn compress_trade_sorted() -> Case {
    compression(workload::trade_sorted(), Some(394))
}

pub(super) fn compress_longs_small() -> Case {
    compression(workload::longs_small(), Some(263))
}

pub(super) fn compress_trade_fails() -> Case {
    compression(workload::trade(kcorpus::workload::TRADE), None)
}

/// Inflates into a reused buffer, as the yardsticks do.
fn inflate(body: &[u8]) -> Timed {
    let stream = compressed(body);
    let mut out = vec![0; body.len()];
    assert_eq!(decompress_to_slice(&stream, Compression::Short, false, &mut out), Ok(body.len()));
    assert_eq!(out, body);
    timed(move || decompress_to_slice(&stream, Compression::Short, false, &mut out))
}

fn against_plain(body: Vec<u8>) -> Case {
    let stream = compressed(&body);
    let ours = inflate(&body);
    let mut out = vec![0; body.len()];
    plain::decompress(&stream, &mut out);
    assert_eq!(out, body);
    let yard = timed(move || plain::decompress(&stream, &mut out));
    Case { ours, yard }
}

/// Appends to an empty vector with sufficient capacity.
pub(super) fn decompress_append() -> Case {
    let body = workload::trade_sorted();
    let stream = compressed(&body);
    let mut out = Vec::with_capacity(body.len());
    assert!(decompress_into(&stream, Compression::Short, false, usize::MAX, &mut out).is_ok() && out == body);
    let ours = timed(move || {
        out.clear();
        decompress_into(&stream, Compression::Short, false, usize::MAX, &mut out)
    });
    Case { ours, yard: inflate(&body) }
}

pub(super) fn decompress_trade_sorted() -> Case {
    against_plain(workload::trade_sorted())
}

pub(super) fn decompress_longs_small() -> Case {
    against_plain(workload::longs_small())
}

fn against_lz4(body: Vec<u8>) -> Case {
    let block = lz4_flex::block::compress(&body);
    let mut out = vec![0; body.len()];
    assert!(lz4_flex::block::decompress_into(&block, &mut out).is_ok() && out == body);
    let ours = inflate(&body);
    let yard = timed(move || lz4_flex::block::decompress_into(&block, &mut out));
    Case { ours, yard }
}

pub(super) fn lz4_decompress_trade_sorted() -> Case {
    against_lz4(workload::trade_sorted())
}

pub(super) fn lz4_decompress_longs_small() -> Case {
    against_lz4(workload::longs_small())
}

pub(super) fn lz4_compress_trade_sorted() -> Case {
    let body = workload::trade_sorted();
    let mut out = Vec::with_capacity(body.len());
    assert!(compress(&body, Threshold::Body, &mut out).is_some());
    let mut block = vec![0; lz4_flex::block::get_maximum_output_size(body.len())];
    let yard_body = body.clone();
    let yard = timed(move || lz4_flex::block::compress_into(&yard_body, &mut block));
    let ours = timed(move || {
        out.clear();
        compress(&body, Threshold::Body, &mut out)
    });
    Case { ours, yard }
}
