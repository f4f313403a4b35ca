//! PC/SC without a daemon: a service in this process, on a Unix socket, that speaks the protocol of pcsc-lite's client
//! library, versions 4:3 to 4:6. An unmodified program finds the socket through the variable `PCSCLITE_CSOCK_NAME`
//! (libpcsclite from 1.6.5). An older library is refused with SCARD_E_SERVICE_STOPPED.
//!
//! ```
//! use vmyna_pcsc_service::{Options, PcscLiteService};
//! # use vmyna_testkit::test_card::TestCard;
//! # let folder = std::env::temp_dir().join(format!("doctest-{}", std::process::id()));
//! # std::fs::create_dir(&folder)?;
//! # let (socket, card) = (folder.join("pcsc"), TestCard::default());
//!
//! let options = Options::new(vec!["Desk 00 00".to_owned()]);
//! let service = PcscLiteService::start(&socket, options)?;
//! // `card` is any `Icc`.
//! service.hand().insert("Desk 00 00", Some(Box::new(card)))?;
//!
//! let mut program = std::process::Command::new("true");
//! program.env("PCSCLITE_CSOCK_NAME", service.path()).status()?;
//!
//! // Dropping the service ends all connections and removes the socket.
//! drop(service);
//! # std::fs::remove_dir(folder)?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! [`message`] is the protocol; the table of readers holds its meaning. Both work without sockets. A session serves one
//! client. [`control`] lets other processes insert and remove cards. The crate must never listen where another user can
//! connect, nor interpret a command or an answer.

#![cfg(unix)]
#![cfg_attr(not(test), warn(clippy::disallowed_methods))]

mod accepting;
mod attribute;
mod calls;
pub mod code;
pub mod control;
mod error;
mod feature;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
pub mod message;
mod options;
mod owner;
mod protocol;
mod readers;
mod service;
mod session;
mod socket;
mod table;
mod waiting;

pub use vmyna_apdu as apdu;
pub use zeroize;

pub use error::{ControlError, LONGEST_PATH, NotMoved, NotSent, ServiceError};
pub use feature::{AskPin, Entry, PinPad};
pub use options::{CONNECTIONS, GRACE, Options, Refused};
pub use owner::{OWNER_GRACE, ReaderView};
pub use readers::{Observer, ServiceEvent, What};
pub use service::{Hand, PcscLiteService};
pub use session::PATIENCE;
pub use socket::{connect, lock_beside};
