#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kcodec::fuzz_simd(bytes));
