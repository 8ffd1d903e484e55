//! libFuzzer's custom mutator: alternates between `kcorpus::mutate` and libFuzzer's own.

use std::ops::Range;
use std::sync::OnceLock;

use kcorpus::{mutate, traffic};

/// Mutates an input that contains messages. `find` must return the range of one of them, and the bytes to prepend to
/// make it a whole message. Returns the new size, at most `max_size`.
pub fn mutate(
    data: &mut [u8],
    size: usize,
    max_size: usize,
    seed: u32,
    find: impl FnOnce(&[u8], usize) -> Option<(Range<usize>, Vec<u8>)>,
) -> usize {
    let seed = u64::from(seed);
    let changed = if seed % 2 == 0 { None } else { changed(&data[..size], seed, find) };
    match changed.filter(|changed| !changed.is_empty() && changed.len() <= max_size) {
        Some(changed) => {
            data[..changed.len()].copy_from_slice(&changed);
            changed.len()
        }
        None => libfuzzer_sys::fuzzer_mutate(data, size, max_size),
    }
}

fn changed(
    data: &[u8],
    seed: u64,
    find: impl FnOnce(&[u8], usize) -> Option<(Range<usize>, Vec<u8>)>,
) -> Option<Vec<u8>> {
    static OTHERS: OnceLock<Vec<Vec<u8>>> = OnceLock::new();
    let others = OTHERS.get_or_init(traffic::golden_messages);
    let draw = seed as usize / 2;
    let (place, head) = find(data, draw)?;
    let message = [&head, &data[place.clone()]].concat();
    let changed = mutate::change(seed, &message, &others[draw % others.len()]);
    let changed = changed.get(head.len()..)?;
    Some([&data[..place.start], changed, &data[place.end..]].concat())
}
