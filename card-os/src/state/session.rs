//! All that dies with power, or with leaving an application: the selected application, the current EF, the security
//! status, a terminal's certified key, a secure session.
//!
//! The session holds the security status of one application. No application or file holds any.

use super::channel::Channel;
use crate::declaration::CertificateKey;
use vmyna_apdu::FileId;

/// The volatile state of a powered card.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Index of the selected application; the first one at power-up.
    pub(crate) selected: usize,
    /// The current EF of the selected application.
    pub(crate) current_ef: Option<FileId>,
    /// The PINs verified in the selected application.
    pub(crate) status: SecurityStatus,
    /// What `80 A2` has learnt of a terminal.
    pub(crate) terminal: Terminal,
    /// The secure session, if one is open.
    pub(crate) channel: Option<Channel>,
}

impl Session {
    /// Selects an application. Whatever was gained in another one ends; what was gained in this one stays.
    /// Returns whether it was selected before.
    pub(crate) fn select(&mut self, application: usize) -> bool {
        let again = self.selected == application;
        if !again {
            *self = Self {
                selected: application,
                ..Self::default()
            };
        }
        self.current_ef = None;
        again
    }

    /// A warm reset: the application and its security status stay, the current EF does not.
    pub(crate) fn warm_reset(&mut self) {
        self.current_ef = None;
    }
}

/// The PINs of the selected application that are verified.
#[derive(Debug, Default)]
pub(crate) struct SecurityStatus(Vec<FileId>);

impl SecurityStatus {
    /// The verified PINs in order of their identifiers.
    pub(crate) fn verified(&self) -> &[FileId] {
        &self.0
    }

    /// Makes a PIN verified or not; returns whether that changed anything.
    pub(crate) fn set(&mut self, pin: FileId, verified: bool) -> bool {
        match (self.0.binary_search(&pin), verified) {
            (Err(at), true) => self.0.insert(at, pin),
            (Ok(at), false) => drop(self.0.remove(at)),
            _ => return false,
        }
        true
    }
}

/// Length of the body of a terminal's certificate, in bytes: two key identifiers, exponent and modulus.
pub(crate) const CERTIFICATE_BODY: usize = 297;

/// What the session knows of a terminal.
#[derive(Debug, Default)]
pub(crate) struct Terminal {
    /// The body that waits for its signature.
    pub(crate) pending: Option<Box<[u8; CERTIFICATE_BODY]>>,
    /// The key of the last certificate accepted. Nothing public says what the card lets its owner do.
    pub(crate) certified: Option<CertificateKey>,
}
