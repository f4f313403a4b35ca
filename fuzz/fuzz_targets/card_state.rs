//! libFuzzer's way into [`vmyna_fuzz::card_state`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::card_state::run(input));
