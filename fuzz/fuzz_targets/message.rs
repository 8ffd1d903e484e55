#![no_main]

mod mutator;

use kcodec::{Capability, Threshold};
use kwire::{Limits, Message, compress, decompress, encode};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| message(bytes));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutator::mutate(data, size, max_size, seed, |data, _| Some((0..data.len(), Vec::new())))
});

/// Any bytes must decode or fail. A decoded message must round-trip through encoding and compression, and print without
/// a panic.
fn message(bytes: &[u8]) {
    let Ok(message) = Message::decode(bytes, &limits()) else { return };
    let mut plain = Vec::new();
    if let Err(error) = encode(message.kind(), message.value(), Capability::MAX, &mut plain) {
        panic!("decoded but not encoded: {error}");
    }
    assert_eq!(again(&plain).as_ref(), Some(&message));
    if let Ok(Some(compressed)) = compress(&plain, Threshold::default()) {
        assert!(compressed.len() < plain.len() / 2 + 1);
        assert_eq!(decompress(&compressed, &limits()).ok(), Some(plain));
    }
    let shown = message.value().to_string();
    if let Ok(parsed) = kcodec::parse(&shown) {
        // The parsed object may differ, but it must be encodable.
        assert!(kcodec::Body::encode(parsed.value()).is_ok());
    }
    let _ = kcodec::console(message.value(), kcodec::Console::default());
}

fn again(bytes: &[u8]) -> Option<Message> {
    Message::decode(bytes, &limits()).ok()
}

/// Limits that keep a run short.
fn limits() -> Limits {
    Limits::default().with_message(1 << 20).with_inflated(1 << 20)
}
