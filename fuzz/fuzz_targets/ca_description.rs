//! libFuzzer's way into [`vmyna_fuzz::ca_description`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::ca_description::run(input));
