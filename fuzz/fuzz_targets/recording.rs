//! libFuzzer's way into [`vmyna_fuzz::recording`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::recording::run(input));
