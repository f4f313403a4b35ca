//! libFuzzer's way into [`vmyna_fuzz::pcsc_table`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::pcsc_table::run(input));
