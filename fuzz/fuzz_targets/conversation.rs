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

/// Where messages stand behind a byte and a login.
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

/// Any bytes after a login are a conversation, or an error that stays; how they are cut changes
/// nothing.
fn conversation(bytes: &[u8]) {
    let (cut, bytes) = bytes.split_first().map_or((1, bytes), |(cut, bytes)| (usize::from(*cut).max(1), bytes));
    let whole = hear(bytes, bytes.len().max(1));
    assert_eq!(hear(bytes, cut), whole);
}

/// What a server hears, and the error that ends it.
fn hear(bytes: &[u8], cut: usize) -> (Vec<(MessageType, String)>, Option<String>) {
    let mut connection = Connection::server(limits(), Instant::now());
    let mut inbound = Inbound::default();
    let mut heard = Vec::new();
    for piece in bytes.chunks(cut) {
        inbound.extend(piece);
        loop {
            match connection.receive(&mut inbound) {
                Ok(Some(Event::Message(message))) => heard.push((message.kind(), format!("{message:?}"))),
                Ok(Some(_)) => assert!(connection.accept(&mut Vec::new()).is_ok()),
                Ok(None) => break,
                Err(error) => {
                    assert!(matches!(connection.receive(&mut inbound), Err(Error::Failed)));
                    // How much of a login came before its end was missed depends on the cut.
                    let login = matches!(error, Error::TooLarge { what: Bound::Login, .. });
                    return (heard, Some(if login { "login".to_owned() } else { error.to_string() }));
                }
            }
        }
    }
    (heard, None)
}

/// Bounds that keep one run of a fuzzer quick.
fn limits() -> Limits {
    Limits { message: 1 << 20, inflated: 1 << 20, ..Limits::default() }
}
