//! libFuzzer's way into [`vmyna_fuzz::secure_messaging`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::secure_messaging::run(input));
