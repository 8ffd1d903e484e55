//! Decoding bodies to views.

use kcodec::{Limits, Value, Vector};
use kcorpus::workload::{
    FLOATS, INT_ATOMS, LONGS, STRINGS, SYMBOLS, SYMBOLS_UNIQUE, TRADE, TRADE10, Trade, symbols as names,
    symbols_unique as unique_names,
};

use crate::small::first_items;
use crate::{Case, Timed, timed, workload};

/// The yardstick: copies the same bytes into warm memory.
pub(super) fn memcpy(bytes: Vec<u8>) -> Timed {
    let mut target = vec![0; bytes.len()];
    timed(move || target.copy_from_slice(&bytes))
}

/// The yardstick: only reads the same bytes, which is the lower bound of a decoder that inspects every byte.
pub(super) fn read(bytes: Vec<u8>) -> Timed {
    timed(move || {
        let (words, rest) = bytes.as_chunks::<8>();
        let sum = words.iter().fold(0, |sum, word| sum ^ u64::from_le_bytes(*word));
        sum ^ rest.iter().fold(0, |sum, byte| sum ^ u64::from(*byte))
    })
}

fn decode(body: Vec<u8>, count: usize) -> Timed {
    assert_eq!(Value::decode(&body).map(Value::count), Ok(count));
    timed(move || Value::decode(&body).is_ok())
}

pub(super) fn longs() -> Case {
    let body = workload::longs();
    let yard = memcpy(body.clone());
    Case { ours: decode(body, LONGS), yard }
}

pub(super) fn longs_misaligned() -> Case {
    let (buffer, start) = workload::misaligned(&workload::longs());
    let yard = memcpy(buffer.clone());
    let Ok(Value::Vector(Vector::Long(items))) = Value::decode(&buffer[start..]) else { panic!("a long vector") };
    assert_eq!((items.len(), items.as_slice()), (LONGS, None));
    let ours = timed(move || Value::decode(&buffer[start..]).is_ok());
    Case { ours, yard }
}

pub(super) fn floats() -> Case {
    let body = workload::body(&workload::floats());
    let yard = memcpy(body.clone());
    Case { ours: decode(body, FLOATS), yard }
}

pub(super) fn symbols() -> Case {
    let body = workload::symbols(&names(SYMBOLS));
    let yard = read(body.clone());
    Case { ours: decode(body, SYMBOLS), yard }
}

pub(super) fn symbols_unique() -> Case {
    let body = workload::symbols(&unique_names(SYMBOLS_UNIQUE));
    let yard = read(body.clone());
    Case { ours: decode(body, SYMBOLS_UNIQUE), yard }
}

pub(super) fn trade() -> Case {
    let body = workload::trade(TRADE);
    let yard = memcpy(body.clone());
    Case { ours: decode(body, TRADE), yard }
}

pub(super) fn trade10() -> Case {
    let body = workload::trade(TRADE10);
    let data = kcorpus::workload::trade(TRADE10);
    let expected = data.time[0] as usize + 4 + data.price[0] as usize + data.size[0] as usize + usize::from(data.ex[0]);
    assert_eq!((body.len() + 8, first_items(&body)), (376, expected));
    let yard = memcpy(body.clone());
    let ours = timed(move || first_items(&body));
    Case { ours, yard }
}

pub(super) fn int_atoms() -> Case {
    let body = workload::int_atoms();
    let yard = memcpy(body.clone());
    Case { ours: decode(body, INT_ATOMS), yard }
}

pub(super) fn strings() -> Case {
    let body = workload::strings();
    let yard = memcpy(body.clone());
    Case { ours: decode(body, STRINGS), yard }
}

pub(super) fn big_endian() -> Case {
    let mut body = workload::longs();
    let yard = memcpy(body.clone());
    // Swapping twice restores the body. The count is swapped back here, so that it is big-endian each time.
    let expected = body[6..22].to_vec();
    let mut swap = move || {
        body[2..6].reverse();
        kcodec::to_little_endian(&mut body, Limits::default());
        body[6]
    };
    assert_eq!((swap(), swap()), (expected[7], expected[0]));
    Case { ours: timed(swap), yard }
}

/// A trade table for rkyv.
#[derive(rkyv::Archive, rkyv::Serialize)]
struct Archive {
    time: Vec<i64>,
    sym: Vec<String>,
    price: Vec<f64>,
    size: Vec<i64>,
    ex: Vec<u8>,
}

fn archive() -> rkyv::util::AlignedVec {
    let Trade { time, sym, price, size, ex } = kcorpus::workload::trade(TRADE);
    let archived = rkyv::to_bytes::<rkyv::rancor::Error>(&Archive { time, sym, price, size, ex });
    archived.unwrap_or_else(|error| panic!("{error}"))
}

/// Validates the whole archive, like decoding a body.
pub(super) fn rkyv_validated() -> Case {
    let bytes = archive();
    let accessed = |bytes: &[u8]| rkyv::access::<ArchivedArchive, rkyv::rancor::Error>(bytes).map(|it| it.price.len());
    assert_eq!(accessed(&bytes).ok(), Some(TRADE));
    let yard = timed(move || accessed(&bytes).is_ok());
    Case { ours: decode(workload::trade(TRADE), TRADE), yard }
}

/// Accesses the archive without validation: the lower bound of reading in place.
#[expect(unsafe_code, reason = "the yardstick is an unchecked access; only the bench calls it")]
pub(super) fn rkyv_unchecked() -> Case {
    let bytes = archive();
    // SAFETY: the bytes are those that `to_bytes` has written for this type, unchanged and aligned.
    let accessed = |bytes: &[u8]| unsafe { rkyv::access_unchecked::<ArchivedArchive>(bytes) }.price.len();
    assert_eq!(accessed(&bytes), TRADE);
    let yard = timed(move || accessed(&bytes));
    Case { ours: decode(workload::trade(TRADE), TRADE), yard }
}
