#![no_main]

mod mutator;

use std::ops::Range;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kwire::fuzz::conversation(bytes));

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
