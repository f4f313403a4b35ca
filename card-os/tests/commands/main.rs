//! Every instruction of the card, in every form, against what is known of the real one (JICSAP 1.1, ISO/IEC 7816-4 and
//! what owners of real cards measured), on the synthetic card of `common`.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "helpers of tests")]

mod classes;
#[path = "../common/mod.rs"]
mod common;
mod external;
mod generate;
mod get_data;
mod own_answers;
mod read_binary;
mod read_record;
mod rules;
mod select;
mod sign;
mod update;
mod verify;
