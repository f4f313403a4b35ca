//! libFuzzer's way into [`vmyna_fuzz::mdoc`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::mdoc::run(input));
