//! Events that the card reports to an observer: power, each command, the file it acts on, each decision with its rule, each
//! commit, the answer. Values are borrowed, so that a card without observer builds nothing.
//!
//! `Debug` and `Display` of all types here show no PIN. A command's bytes contain it: an observer that shows or stores them
//! must mask them with [`mask`](vmyna_apdu::mask).

use super::instruction::Instruction;
use crate::declaration::{Application, File, Verdict};
use crate::rule::{Basis, Rule};
use crate::state::{Change, StoreError};
use vmyna_apdu::{CommandApdu, FileId, StatusWord};

/// Something that happened in the card.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// The card got power: the session begins.
    PowerOn,
    /// A warm reset.
    Reset,
    /// The card lost its power.
    PowerOff,
    /// A command arrived.
    Command {
        /// The number of bytes.
        length: usize,
        /// The command; `None` if the bytes are no C-APDU.
        apdu: Option<&'a CommandApdu<'a>>,
    },
    /// The command was understood as this instruction.
    Instruction(&'a Instruction<'a>),
    /// This application is now the selected one.
    Selected {
        /// The application.
        application: &'a Application,
        /// Whether it was selected before, so that the security status stays.
        again: bool,
    },
    /// This file is now the current EF.
    CurrentFile {
        /// Its application.
        application: &'a Application,
        /// The file.
        file: &'a File,
    },
    /// A rule was applied that refuses nothing: it permits something, or defines what else happens. The rule behind a
    /// refusal comes with [`Self::Answer`].
    Rule(&'static Rule),
    /// Access was decided.
    Access {
        /// The application.
        application: &'a Application,
        /// The file's identifier or the data object's tag, `None` for what is neither, and its name.
        object: (Option<u16>, &'a str),
        /// The decision and why.
        verdict: Verdict<'a>,
        /// How certain the object's declaration is.
        basis: &'a Basis,
    },
    /// A PIN became verified or a host authenticated, or is no longer.
    SecurityStatus {
        /// The application.
        application: &'a Application,
        /// The file of the PIN, or of the host's key.
        pin: FileId,
        /// Whether it is verified or authenticated now.
        verified: bool,
    },
    /// A secure session was opened, or has ended by a fault or with its application. It also ends with power.
    SecureSession {
        /// Whether it is open now.
        open: bool,
    },
    /// The state was to be changed.
    Commit {
        /// The change.
        change: &'a Change,
        /// Whether the store has it. On an error nothing has changed.
        outcome: Result<(), &'a StoreError>,
    },
    /// The card answers.
    Answer {
        /// The bytes in front of the status word.
        length: usize,
        /// The status word.
        status_word: StatusWord,
        /// The rule behind a refusal.
        rule: Option<&'static Rule>,
    },
}

/// Receives the events of a card.
pub trait Observer {
    /// Receives an event. It can't influence the card.
    fn event(&mut self, event: &Event<'_>);
}

impl<F: FnMut(&Event<'_>)> Observer for F {
    fn event(&mut self, event: &Event<'_>) {
        self(event);
    }
}
