//! The counter (窓口) of a municipality and the kiosk of a store, for a card with its kept state and the register of its
//! authorities.
//!
//! [`Counter`] opens the register, locks the card and does [`Operation`]s over both, so that a process that is killed leaves
//! either nothing or an operation that the next one finishes. [`Terminal`] is the kiosk. [`Offers`] lists what both can do for
//! a card. [`register`] finds and opens registers. Every function that opens a
//! register or locks a card first does what is left of interrupted operations.
//!
//! ```no_run
//! use vmyna::counter::{Counter, Opening, Operation, register::now};
//! use vmyna::issuance::characters::Substitutes;
//! use vmyna::issuance::rand_core::OsRng;
//!
//! let card = "card.vmyna".parse()?;
//! let now = now().ok_or("the clock is wrong")?;
//! let mut counter = Counter::open(&Opening::new(&card, now), &mut |pending| eprintln!("{pending}"))?;
//! let done = counter.operate(&Operation::MoveOut, &Substitutes::default(), &mut OsRng)?;
//! for step in &done.steps {
//!     println!("{step}");
//! }
//! # Ok::<_, Box<dyn std::error::Error>>(())
//! ```
//!
//! This module must never read a clock on its own, put a PIN, a code, a key or a My Number into an error, or change a card
//! whose certificates it did not revoke before.

mod error;
mod interrupted;
mod office;
pub mod register;
mod side;
mod terminal;
pub(crate) mod visit;
mod words;

pub use error::{InterruptedError, LockError, OpenError, OperateError, SideError, SignerError, TerminalError};
pub use interrupted::{StillPending, finish_of_card, lock};
pub use office::Office;
pub use side::Changed;
pub use terminal::{AcceptedCode, GivenCode, Terminal, VerifiedHolder};
pub use visit::{Counter, Done, Offers, Opening};

pub use vmyna_authority::counter::{Done as Step, NewPins, Operation, OperationKind, PhonePolicy, Which};
