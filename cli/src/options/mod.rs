//! Options that several commands have.

pub(crate) mod authority;
pub(crate) mod card_now;
pub(crate) mod faults;
pub(crate) mod given_pin;
pub(crate) mod language;
pub(crate) mod readers;
pub(crate) mod trace;
