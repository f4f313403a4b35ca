//! libFuzzer's way into [`vmyna_fuzz::fault_file`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::fault_file::run(input));
