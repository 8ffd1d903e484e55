//! The column of kcodec.

use std::hint::black_box;

use kcodec::{Compression, Threshold, Value};

use crate::race::{Timed, timed};

/// Bytes of a message's header.
pub(crate) const HEADER: usize = 8;

/// The bytes that all rivals must encode the value to.
pub(crate) fn body(value: Value<'_>) -> Vec<u8> {
    let mut body = Vec::new();
    value.encode(&mut body).unwrap_or_else(|error| panic!("{error}"));
    assert!(Value::decode(&body) == Ok(value), "round trip");
    body
}

/// The bytes after the header of the compressed message; `None` if it does not halve.
pub(crate) fn stream(body: &[u8]) -> Option<Vec<u8>> {
    let mut stream = Vec::new();
    let kind = kcodec::compress(body, Threshold::Body, &mut stream)?;
    assert_eq!(kind, Compression::Short);
    Some(stream)
}

/// The body as an uncompressed asynchronous message.
pub(crate) fn message(body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(HEADER + body.len()).unwrap_or_else(|error| panic!("{error}"));
    [&[1, 0, 0, 0], length.to_le_bytes().as_slice(), body].concat()
}

/// Checks the whole body, after which every accessor is infallible.
pub(crate) fn decode(body: Vec<u8>) -> Timed<'static> {
    timed(|| (), move |()| black_box(Value::decode(black_box(&body))).is_ok())
}

/// Encodes borrowed data into a warm buffer.
pub(crate) fn encode<'a>(value: Value<'a>, body: &[u8]) -> Timed<'a> {
    let mut out = Vec::with_capacity(body.len());
    assert!(value.encode(&mut out).is_ok() && out == body);
    let run = move |()| {
        out.clear();
        black_box(value).encode(&mut out)
    };
    timed(|| (), run)
}

/// Compresses into a warm buffer.
pub(crate) fn compress(body: Vec<u8>) -> Timed<'static> {
    let mut out = Vec::with_capacity(body.len() / 2);
    let run = move |()| {
        out.clear();
        kcodec::compress(black_box(&body), Threshold::Body, &mut out)
    };
    timed(|| (), run)
}

pub(crate) fn decompress(stream: &[u8], body: &[u8]) -> Timed<'static> {
    let limit = body.len();
    let run = move |stream: &[u8]| kcodec::decompress(stream, Compression::Short, false, limit);
    assert!(run(stream).is_ok_and(|inflated| inflated == body));
    let stream = stream.to_vec();
    timed(|| (), move |()| run(black_box(&stream)))
}
