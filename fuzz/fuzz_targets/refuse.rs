#![no_main]

#[path = "../../kcodec/tests/naive/walk.rs"]
mod walk;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| walk::fuzz(bytes));
