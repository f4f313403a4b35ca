//! Faults made on purpose, and latency: a card that fails as a script demands, so that authors of host programs can test
//! the failure.
//!
//! [`FaultyCard`] stands between a reader and any card; the card knows nothing of it. A [`Script`] is a list of [`Fault`]s,
//! each with a [`Trigger`] (which messages, and which of them by number) and an [`Action`]. [`Latency`] is the time that a
//! card takes. Everything is deterministic: messages are counted, random numbers come from a seed, and time comes in
//! through [`Time`].
//!
//! Each card has its own count, from its creation, over resets, power-offs, removals and insertions. Without a fault that
//! fires, no byte of the conversation may change. A report of a fault never contains a part of a command or an answer.

mod card;
mod counter;
mod error;
mod garble;
mod latency;
mod parse;
mod script;
mod time;
mod two_steps;
mod values;

pub use card::FaultyCard;
pub use counter::Notice;
pub use error::FaultError;
pub use garble::Form;
pub use latency::Latency;
pub use parse::KEYS;
pub use script::{Action, Fault, On, Script, Trigger, Unfired};
pub use time::{RealTime, Time};
pub(crate) use two_steps::is_get_response;
pub use values::Value;
