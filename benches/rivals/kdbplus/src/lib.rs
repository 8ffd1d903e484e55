//! Exports kdbplus's codec, which is private to its connections.

#![allow(warnings, reason = "the source is not ours")]

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

pub use kdbplus::{qattribute, qinf_base, qninf_base, qnull_base, qtype};

include!(concat!(env!("OUT_DIR"), "/opened.rs"));

pub use ipc::K;

const LITTLE_ENDIAN: u8 = 1;

pub fn decode(body: &Vec<u8>) -> K {
    ready(K::q_ipc_decode(body, LITTLE_ENDIAN))
}

pub fn encode(value: &K) -> Vec<u8> {
    value.q_ipc_encode()
}

pub fn compress(message: Vec<u8>) -> (bool, Vec<u8>) {
    ready(ipc::open::compress(message))
}

pub fn decompress(stream: Vec<u8>) -> Vec<u8> {
    ready(ipc::open::decompress(stream, LITTLE_ENDIAN))
}

/// Polls a future that completes immediately.
fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("it only reads from memory"),
    }
}
