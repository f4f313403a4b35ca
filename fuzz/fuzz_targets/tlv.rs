//! libFuzzer's way into [`vmyna_fuzz::tlv`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::tlv::run(input));
