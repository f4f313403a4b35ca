//! What the card tells an observer: power, each command, what it acted on, every decision with its reason, each commit,
//! the answer. Borrowed values; nothing is built while nobody looks.
//!
//! `Debug` and `Display` of everything here show no PIN. The values themselves are within reach: whoever takes a command's
//! bytes to show or keep them must mask them with [`command::secret`](vmyna_apdu::mask).

use super::instruction::Instruction;
use crate::declaration::{Application, File, Verdict};
use crate::rule::{Basis, Rule};
use crate::state::{Change, StoreError};
use vmyna_apdu::{CommandApdu, FileId, StatusWord};

/// Something that happened in the card.
#[derive(Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// Power came: everything volatile starts anew.
    PowerOn,
    /// A warm reset.
    Reset,
    /// Power went.
    PowerOff,
    /// A C-APDU came in; `None` where the bytes are none.
    Command {
        /// The number of bytes that came.
        length: usize,
        /// The command.
        apdu: Option<&'a CommandApdu<'a>>,
    },
    /// The command was understood as this instruction.
    Instruction(&'a Instruction<'a>),
    /// This application is now the selected one.
    Selected {
        /// The application.
        application: &'a Application,
        /// Whether it was selected before: then the security status lives on.
        again: bool,
    },
    /// This file is now the current EF.
    CurrentFile {
        /// Its application.
        application: &'a Application,
        /// The file.
        file: &'a File,
    },
    /// A rule was applied that refuses nothing: it permits something, or it says what else happens. The rule behind a
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
    /// A PIN became verified, or is so no longer.
    SecurityStatus {
        /// The application.
        application: &'a Application,
        /// The PIN's file.
        pin: FileId,
        /// Whether it is verified now.
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
        /// Whether it reached the store; if not, nothing changed, and the store says why.
        outcome: Result<(), &'a StoreError>,
    },
    /// The answer leaves.
    Answer {
        /// The bytes in front of the status word.
        length: usize,
        /// The status word.
        status_word: StatusWord,
        /// The rule behind a refusal.
        rule: Option<&'static Rule>,
    },
}

/// Someone who is told.
pub trait Observer {
    /// Takes an event. It can't influence the card.
    fn event(&mut self, event: &Event<'_>);
}

impl<F: FnMut(&Event<'_>)> Observer for F {
    fn event(&mut self, event: &Event<'_>) {
        self(event);
    }
}
