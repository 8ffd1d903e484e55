#![no_main]

#[path = "../../corpus/tests/readable/mod.rs"]
mod readable;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| readable::check(bytes));
