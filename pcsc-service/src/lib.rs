//! PC/SC without a daemon: a service on a Unix socket that speaks the protocol of pcsc-lite's client library, versions 4:4
//! to 4:6. An unmodified program finds it through the variable `PCSCLITE_CSOCK_NAME` (libpcsclite from 1.9.0) and sees the
//! readers and cards of [`PcscLiteService`]; an older library is refused with SCARD_E_SERVICE_STOPPED.
//!
//! [`message`] is the protocol, the table of readers its meaning, both without sockets; a session is one client. Must
//! never listen where another user can connect, nor look into a command or an answer.

#![cfg(unix)]

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
mod protocol;
mod readers;
mod service;
mod session;
mod socket;
mod table;
mod waiting;

pub use vmyna_apdu as apdu;

pub use error::{ControlError, LONGEST_PATH, NotMoved, ServiceError};
pub use feature::{AskPin, PinPad};
pub use options::{CONNECTIONS, GRACE, Options, Refused};
pub use readers::{Observer, ServiceEvent, What};
pub use service::{Hand, PcscLiteService};
pub use session::PATIENCE;
pub use socket::connect;
