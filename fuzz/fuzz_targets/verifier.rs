//! libFuzzer's way into [`vmyna_fuzz::verifier`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::verifier::run(input));
