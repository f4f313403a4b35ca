//! libFuzzer's way into [`vmyna_fuzz::vpcd_frames`].

#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| vmyna_fuzz::vpcd_frames::run(input));
