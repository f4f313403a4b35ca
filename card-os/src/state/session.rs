//! All that ends with power, or when another application is selected: the selected application, the current EF, the
//! security status, a terminal's certified key, the last challenge, a secure session.
//!
//! The session holds the security status of one application. No application or file holds any. Each method that ends or
//! keeps something returns the rules that it applied.

use super::channel::Channel;
use crate::declaration::CertificateKey;
use crate::rule::{self, Rule};
use vmyna_apdu::FileId;

/// The rules that a change of the session applied.
pub(crate) type Applied = [Option<&'static Rule>; 4];

/// The volatile state of a powered card.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Index of the selected application; the first one at power-up.
    pub(crate) selected: usize,
    /// The current EF of the selected application.
    pub(crate) current_ef: Option<FileId>,
    /// The secure session, if one is open.
    pub(crate) channel: Option<Channel>,
    /// What `80 A2` has learnt of a terminal.
    pub(crate) terminal: Terminal,
    /// The last challenge, which a host may sign once.
    pub(crate) challenge: Option<Vec<u8>>,
    /// The verified PINs and authenticated hosts of the selected application, in order of their identifiers.
    verified: Vec<FileId>,
}

impl Session {
    /// Power comes: nothing is verified, and the first application is selected.
    pub(crate) fn begin() -> (Self, &'static Rule) {
        (Self::default(), &rule::POWER_FIRST_APPLICATION)
    }

    /// Selects an application: the current EF ends, and with another application all that was gained in this one.
    pub(crate) fn select(&mut self, application: usize) -> Applied {
        let kept = self.selected == application;
        let applied = self.applied(kept, self.current_ef.map(|_| &rule::SELECT_DROPS_EF));
        if !kept {
            *self = Self {
                selected: application,
                ..Self::default()
            };
        }
        self.current_ef = None;
        applied
    }

    /// A warm reset: only the current EF ends.
    pub(crate) fn warm_reset(&mut self) -> Applied {
        self.current_ef = None;
        self.applied(true, Some(&rule::RESET_KEEPS_DF))
    }

    /// Power goes: everything ends.
    pub(crate) fn end(self) -> Applied {
        self.applied(false, None)
    }

    /// The verified PINs of the selected application, in order of their identifiers.
    pub(crate) fn verified(&self) -> &[FileId] {
        &self.verified
    }

    /// A right value was presented: the PIN is verified. Returns whether it was not before.
    pub(crate) fn verify(&mut self, pin: FileId) -> bool {
        let place = self.verified.binary_search(&pin);
        if let Err(at) = place {
            self.verified.insert(at, pin);
        }
        place.is_err()
    }

    /// A wrong value was presented: the PIN is not verified. Returns the rule if it was before.
    pub(crate) fn unverify(&mut self, pin: FileId) -> Option<&'static Rule> {
        let at = self.verified.binary_search(&pin).ok()?;
        self.verified.remove(at);
        Some(&rule::VERIFY_WRONG_ENDS)
    }

    /// The rule by which SELECT of a file and a signature keep the security status, if there is any to keep.
    pub(crate) fn kept(&self) -> Option<&'static Rule> {
        (!self.verified.is_empty()).then_some(&rule::STATUS_KEPT)
    }

    /// The rules for what was gained in the selected application, and one more.
    fn applied(&self, kept: bool, other: Option<&'static Rule>) -> Applied {
        let status = if kept {
            &rule::STATUS_KEPT
        } else {
            &rule::STATUS_DROPPED
        };
        [
            other,
            (!self.verified.is_empty()).then_some(status),
            self.channel.is_some().then_some(&rule::SM_LIFETIME),
            self.terminal.is_known().then_some(&rule::TERMINAL_LIFETIME),
        ]
    }
}

/// Length of the body of a terminal's certificate, in bytes: two key identifiers, exponent and modulus.
pub(crate) const CERTIFICATE_BODY: usize = 297;

/// What the session knows of a terminal.
#[derive(Debug, Default)]
pub(crate) struct Terminal {
    /// The body that waits for its signature.
    pub(crate) pending: Option<Box<[u8; CERTIFICATE_BODY]>>,
    /// The key of the last certificate accepted. What its owner may do is not public.
    pub(crate) certified: Option<CertificateKey>,
}

impl Terminal {
    fn is_known(&self) -> bool {
        self.pending.is_some() || self.certified.is_some()
    }
}
