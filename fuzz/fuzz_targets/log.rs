#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kwire::fuzz::log(bytes));
