//! libFuzzer's way into [`vmyna_fuzz::card_session`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::card_session::run(input));
