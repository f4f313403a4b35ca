//! libFuzzer's way into [`vmyna_fuzz::trace`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::trace::run(input));
