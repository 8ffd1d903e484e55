#![no_main]

mod mutator;

use std::ops::Range;
use std::time::Instant;

use kwire::{Bound, Connection, Error, Event, Inbound, Limits, MessageType};

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| conversation(bytes));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutator::mutate(data, size, max_size, seed, |data, draw| {
        let found = messages(data);
        Some((found.get(draw % found.len().max(1))?.clone(), Vec::new()))
    })
});

/// The ranges of messages after the first byte and the login.
fn messages(data: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut start = data.iter().skip(1).position(|&byte| byte == 0).map_or(data.len(), |nul| nul + 2);
    while let Some(&head) = data.get(start..).and_then(|left| left.first_chunk()) {
        let Ok(header) = kwire::Header::parse(head) else { break };
        let length = usize::try_from(header.length).unwrap_or(usize::MAX);
        let end = start.saturating_add(length).min(data.len());
        found.push(start..end);
        start = end;
    }
    found
}

/// Any bytes must parse as a conversation or fail with an error that latches, and the result must not depend on how
/// they are split. The first byte is the size of the pieces.
fn conversation(bytes: &[u8]) {
    let (cut, bytes) = bytes.split_first().map_or((1, bytes), |(cut, bytes)| (usize::from(*cut).max(1), bytes));
    let whole = receive_all(bytes, bytes.len().max(1));
    assert_eq!(receive_all(bytes, cut), whole);
}

/// The messages that a server receives, and the error that ends the connection.
fn receive_all(bytes: &[u8], cut: usize) -> (Vec<(MessageType, String)>, Option<String>) {
    let mut connection = Connection::server(limits(), Instant::now());
    let mut inbound = Inbound::default();
    let mut received = Vec::new();
    for piece in bytes.chunks(cut) {
        inbound.extend(piece);
        loop {
            match connection.receive(&mut inbound) {
                Ok(Some(Event::Message(message))) => received.push((message.kind(), format!("{message:?}"))),
                Ok(Some(_)) => assert!(connection.accept(&mut Vec::new()).is_ok()),
                Ok(None) => break,
                Err(error) => {
                    assert!(matches!(connection.receive(&mut inbound), Err(Error::Failed)));
                    // The size in this error depends on the split, so compare only its kind.
                    let login = matches!(error, Error::TooLarge { what: Bound::Login, .. });
                    return (received, Some(if login { "login".to_owned() } else { error.to_string() }));
                }
            }
        }
    }
    (received, None)
}

/// Limits that keep a run short.
fn limits() -> Limits {
    Limits::default().with_message(1 << 20).with_inflated(1 << 20)
}
