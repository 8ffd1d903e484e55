#![no_main]

mod mutator;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kwire::fuzz::message(bytes));

libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    mutator::mutate(data, size, max_size, seed, |data, _| Some((0..data.len(), Vec::new())))
});
