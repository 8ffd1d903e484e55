#![no_main]

#[path = "../../kserve/tests/soup/mod.rs"]
mod soup;

libfuzzer_sys::fuzz_target!(|data: &[u8]| soup::evaluate(data));
