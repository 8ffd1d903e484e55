#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| kserve::q::fuzz_q(data));
