#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| kcorpus::recording::fuzz_recording(bytes));
