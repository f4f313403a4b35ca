//! libFuzzer's way into [`vmyna_fuzz::person_file`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::person_file::run(input));
