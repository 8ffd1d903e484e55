//! Golden messages: decoding, re-encoding byte for byte, and q text.

use kcodec::Capability;
use kwire::{Limits, Message};

#[test]
fn golden_messages_round_trip_byte_for_byte() {
    let mut exact = 0;
    for golden in kcorpus::golden() {
        let message = Message::decode(&golden.message[..], &Limits::default());
        let message = message.unwrap_or_else(|error| panic!("{}: {error}", golden.name));
        if let Some(printed) = golden.printed {
            assert_eq!(message.value().to_string(), printed, "{}", golden.name);
        }
        let mut out = Vec::new();
        kwire::encode(message.kind(), message.value(), Capability::MAX, &mut out).unwrap();
        let wide = golden.name.contains("wide");
        if golden.message[0] == 0 || golden.message[2] != 0 || wide {
            // Big-endian, compressed or with 8-byte counts: the value is equal, the canonical bytes differ.
            assert_ne!(out, golden.message, "{}", golden.name);
            assert_eq!(Message::decode(&out[..], &Limits::default()).unwrap(), message, "{}", golden.name);
        } else {
            assert_eq!(out, golden.message, "{}", golden.name);
            exact += 1;
        }
    }
    assert!(exact > 300, "only {exact} messages were compared byte for byte");
}
