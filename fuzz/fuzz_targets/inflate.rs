#![no_main]

#[path = "../../kcodec/tests/naive/compression.rs"]
mod compression;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    kwire::fuzz::inflate(bytes);
    compression::fuzz(bytes);
});
