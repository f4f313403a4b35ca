//! libFuzzer's way into [`vmyna_fuzz::photo`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::photo::run(input));
