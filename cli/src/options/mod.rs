//! Options that several commands have.

pub(crate) mod applications;
#[cfg(feature = "authority")]
pub(crate) mod at_counter;
pub(crate) mod authority;
pub(crate) mod card_now;
pub(crate) mod faults;
pub(crate) mod given_pin;
#[cfg(feature = "authority")]
pub(crate) mod kind;
pub(crate) mod language;
#[cfg(feature = "authority")]
pub(crate) mod municipality;
#[cfg(feature = "authority")]
pub(crate) mod new_pins;
pub(crate) mod readers;
pub(crate) mod reports;
pub(crate) mod trace;
