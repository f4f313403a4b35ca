//! libFuzzer's way into [`vmyna_fuzz::ocsp_request`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::ocsp_request::run(input));
