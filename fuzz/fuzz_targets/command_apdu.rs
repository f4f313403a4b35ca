//! libFuzzer's way into [`vmyna_fuzz::command_apdu`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::command_apdu::run(input));
