//! Fuzz targets of the virtual card, each with oracles: what must hold whatever the input is, beyond that nothing panics,
//! overflows or hangs. One module a target; `fuzz_targets/` hands libFuzzer's inputs to `run`.
//!
//! Oracles are written from the specifications and from `test-vectors/access.toml`, never by calling the code under test
//! a second way. A target must be a function of its input alone: no clock, no randomness, no state from one input to the
//! next, so that a finding can be repeated.

pub mod ca_description;
pub mod card_image;
pub mod card_session;
pub mod card_state;
pub mod command_apdu;
pub mod declaration;
pub mod fault_file;
pub mod mdoc;
mod memory;
pub mod ocsp_request;
pub mod pcsc_messages;
pub mod pcsc_table;
pub mod person_file;
pub mod photo;
pub mod recording;
mod rig;
mod rules;
pub mod secure_messaging;
pub mod tlv;
pub mod trace;
pub mod trace_import;
mod tracker;
pub mod verifier;
pub mod vpcd_frames;
