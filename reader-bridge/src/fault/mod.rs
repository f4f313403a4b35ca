//! Faults on purpose: a card that fails when and how a script says, so that authors of host programs see their program meet
//! one; and a card that takes its time.
//!
//! [`FaultyCard`] stands between a reader and any card; the card knows nothing of it. A [`Script`] is a list of [`Fault`]s,
//! each a [`Trigger`] (which messages, and which of them by number) and an [`Action`]. [`Latency`] says how long a card
//! takes. Everything is deterministic: messages are counted, not timed; what is drawn comes from a seed; time comes in
//! through [`Time`].
//!
//! Each card counts for itself, from the moment it is made, over resets, power-offs and being taken out and put back.
//! Without a fault that fires, no byte of the conversation may change. Nothing of a command or an answer is ever told.

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
