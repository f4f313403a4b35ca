//! What changes while a card is used: the session, which dies with power, and the state that a [`Store`] keeps.
//!
//! Nothing here knows a command.

mod channel;
mod contents;
#[cfg(feature = "durable")]
pub mod durable;
mod error;
mod memory;
mod persistent;
mod session;
mod store;

pub(crate) use channel::{BLOCK, Channel};
pub use error::{FailedIo, LockOwner, StoreError, StoreErrorKind};
pub use memory::MemoryStore;
pub(crate) use persistent::Persistent;
pub(crate) use session::{Applied, CERTIFICATE_BODY, Session};
pub use store::{Change, PinReplacement, Replacement, State, Store};
