//! The columns of the other crates, behind one trait.

use std::hint::black_box;

use crate::ours::{HEADER, message};
use crate::race::{Timed, timed};

/// A crate that decodes to values of its own.
pub(crate) trait Rival: 'static {
    type Value;

    #[expect(clippy::ptr_arg, reason = "kdbplus asks for a vector")]
    fn decode(body: &Vec<u8>) -> Self::Value;
    fn encode(value: &Self::Value) -> Vec<u8>;

    /// Compresses a message. Returns `false` and the message itself if it does not halve.
    fn compress(message: Vec<u8>) -> (bool, Vec<u8>);

    /// Decompresses the bytes after the header.
    fn decompress(stream: Vec<u8>) -> Vec<u8>;
}

/// kdb_codec, by its public functions.
pub(crate) struct KdbCodec;

impl KdbCodec {
    pub(crate) const NAME: &str = "kdb_codec 1.1.0";
    const LITTLE_ENDIAN: u8 = 1;
}

impl Rival for KdbCodec {
    type Value = kdb_codec::K;

    fn decode(body: &Vec<u8>) -> Self::Value {
        kdb_codec::K::q_ipc_decode(body, Self::LITTLE_ENDIAN).unwrap_or_else(|error| panic!("{error}"))
    }

    fn encode(value: &Self::Value) -> Vec<u8> {
        value.q_ipc_encode()
    }

    fn compress(message: Vec<u8>) -> (bool, Vec<u8>) {
        kdb_codec::compress_sync(message)
    }

    fn decompress(stream: Vec<u8>) -> Vec<u8> {
        kdb_codec::decompress_sync(stream, Self::LITTLE_ENDIAN, None).unwrap_or_else(|error| panic!("{error}"))
    }
}

/// kdbplus, by its private functions.
pub(crate) struct Kdbplus;

impl Kdbplus {
    pub(crate) const NAME: &str = "kdbplus 0.3.9";
}

impl Rival for Kdbplus {
    type Value = kdbplus_open::K;

    fn decode(body: &Vec<u8>) -> Self::Value {
        kdbplus_open::decode(body)
    }

    fn encode(value: &Self::Value) -> Vec<u8> {
        kdbplus_open::encode(value)
    }

    fn compress(message: Vec<u8>) -> (bool, Vec<u8>) {
        kdbplus_open::compress(message)
    }

    fn decompress(stream: Vec<u8>) -> Vec<u8> {
        kdbplus_open::decompress(stream)
    }
}

pub(crate) fn decode<R: Rival>(body: Vec<u8>) -> Timed<'static> {
    assert!(R::encode(&R::decode(&body)) == body, "round trip");
    timed(|| (), move |()| R::decode(black_box(&body)))
}

/// Encodes a value of the crate.
pub(crate) fn encode<R: Rival>(body: &Vec<u8>) -> Timed<'static> {
    let value = R::decode(body);
    assert!(R::encode(&value) == *body, "same bytes as kcodec");
    timed(|| (), move |()| R::encode(black_box(&value)))
}

/// Copies the message, which the crate consumes, outside the measured time.
pub(crate) fn compress<R: Rival>(body: &[u8], stream: Option<&[u8]>) -> Timed<'static> {
    let message = message(body);
    match (R::compress(message.clone()), stream) {
        ((true, compressed), Some(stream)) => assert!(compressed[HEADER..] == *stream, "same bytes as kcodec"),
        ((false, plain), None) => assert!(plain[HEADER..] == *body, "the message is returned unchanged"),
        ((compressed, _), _) => panic!("compressed by it: {compressed}, by us: {}", !compressed),
    }
    timed(move || message.clone(), R::compress)
}

/// Copies the stream, which the crate consumes, outside the measured time.
pub(crate) fn decompress<R: Rival>(stream: &[u8], body: &[u8]) -> Timed<'static> {
    let stream = stream.to_vec();
    assert!(R::decompress(stream.clone()) == body, "same bytes as kcodec");
    timed(move || stream.clone(), R::decompress)
}
