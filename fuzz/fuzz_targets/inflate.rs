#![no_main]

#[path = "../../kcodec/tests/naive/compression.rs"]
mod compression;

use kcodec::{Compression, Decompressor};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    inflate(bytes);
    compression::fuzz(bytes);
});

/// Inflating in pieces, at once, into a dirty vector and into a caller-provided slice must give the same body or the
/// same error.
fn inflate(bytes: &[u8]) {
    let [cut, flags, bytes @ ..] = bytes else { return };
    let kind = if flags & 1 == 0 { Compression::Short } else { Compression::Long };
    let (big_endian, limit) = (flags & 2 != 0, 1 << 20);
    let whole = kcodec::decompress(bytes, kind, big_endian, limit);
    let mut pieces = Decompressor::new(kind, big_endian, bytes.len(), limit);
    let pushed = bytes.chunks(usize::from(*cut).max(1)).try_for_each(|piece| pieces.push(piece));
    assert_eq!(pushed.and_then(|()| pieces.finish()), whole);
    let mut dirty = vec![7; 100];
    let appended = kcodec::decompress_into(bytes, kind, big_endian, limit, &mut dirty);
    assert_eq!(appended.map(|()| dirty.split_off(100)), whole);
    assert_eq!(dirty, [7; 100]);
    let mut room = [7; 4096];
    let whole = kcodec::decompress(bytes, kind, big_endian, room.len());
    let length = kcodec::decompress_to_slice(bytes, kind, big_endian, &mut room);
    assert_eq!(length.map(|length| room.split_at(length).0.to_vec()), whole);
}
