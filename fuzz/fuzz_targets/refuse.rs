#![no_main]

#[path = "../../kcodec/tests/naive/walk.rs"]
mod walk;

mod mutator;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| walk::fuzz(bytes));

// The input is the depth limit in one byte, and a body without header.
libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutator::mutate(data, size, max_size, seed, |data, _| {
        let length = u32::try_from(data.len() + 7).ok()?;
        let head = [&[1, 0, 0, 0], &length.to_le_bytes()[..]].concat();
        (!data.is_empty()).then_some((1..data.len(), head))
    })
});
