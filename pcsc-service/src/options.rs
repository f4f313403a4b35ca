//! The options of a service, and its limits.

use crate::error::ServiceError;
use crate::feature::PinPad;
use crate::message::{NAME, READERS};
use crate::readers::Observer;
use std::time::Duration;

/// Connections that are served at the same time; pcscd serves 200. A context of PC/SC is a connection.
pub const CONNECTIONS: usize = 256;

/// The time after which pcscd powers an unused card off in a reader that reports insertions
/// (`PCSCLITE_POWER_OFF_GRACE_PERIOD`). In a reader that pcscd polls, as vpcd's, it was measured to be 0.4 to 0.8 seconds.
pub const GRACE: Duration = Duration::from_secs(5);

/// Called for a client with a library that is too old; see [`Options::refused`].
pub type Refused = Box<dyn Fn(i32, i32) + Send + Sync>;

/// The options of a service.
pub struct Options {
    pub(crate) readers: Vec<String>,
    pub(crate) grace: Option<Duration>,
    pub(crate) pin_pad: Option<PinPad>,
    pub(crate) observer: Option<Observer>,
    pub(crate) refused: Option<Refused>,
}

impl Options {
    /// Readers of these names without anything extra: 1 to 16 different names of 1 to 127 bytes without control characters.
    /// Cards are powered off after [`GRACE`].
    pub fn new(readers: Vec<String>) -> Options {
        Options {
            readers,
            grace: Some(GRACE),
            pin_pad: None,
            observer: None,
            refused: None,
        }
    }

    /// Powers a card off that no client has used for `grace`; `None`: never.
    #[must_use]
    pub fn grace(self, grace: Option<Duration>) -> Options {
        Options { grace, ..self }
    }

    /// Gives each reader a PIN pad.
    #[must_use]
    pub fn pin_pad(self, pin_pad: PinPad) -> Options {
        let pin_pad = Some(pin_pad);
        Options { pin_pad, ..self }
    }

    /// Calls `observer` for each thing that happens to a card.
    #[must_use]
    pub fn observer(self, observer: Observer) -> Options {
        let observer = Some(observer);
        Options { observer, ..self }
    }

    /// Calls `refused` for each client with a library that is too old, with the version of the protocol that the library speaks:
    /// major and minor. A newer library tries again with a version of this service.
    #[must_use]
    pub fn refused(self, refused: Refused) -> Options {
        let refused = Some(refused);
        Options { refused, ..self }
    }

    /// Refuses names that readers can't have.
    pub(crate) fn check(&self) -> Result<(), ServiceError> {
        let names = &self.readers;
        if !(1..=READERS).contains(&names.len()) {
            return Err(ServiceError::ReaderCount(names.len()));
        }
        for (index, name) in names.iter().enumerate() {
            if name.is_empty() || name.len() >= NAME || name.chars().any(char::is_control) {
                return Err(ServiceError::ReaderName(name.clone()));
            }
            if names.iter().take(index).any(|other| other == name) {
                return Err(ServiceError::SameName(name.clone()));
            }
        }
        Ok(())
    }
}
