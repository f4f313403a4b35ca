//! libFuzzer's way into [`vmyna_fuzz::trace_import`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::trace_import::run(input));
