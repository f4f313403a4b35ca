//! libFuzzer's way into [`vmyna_fuzz::declaration`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::declaration::run(input));
