//! The counter (窓口): what the office of a municipality does with a card and its certificates after the issue.
//!
//! An operation is a function: the card as it is now, what the register knows of it, the time and what the clerk typed go in;
//! the card afterwards, the certificates to revoke and to enter, and a report come out ([`Outcome`]). It writes nothing. So
//! it can be computed as often as wanted before [`crate::register`] and card are changed.
//!
//! The terminal at a real counter changes the card by APDUs. Their form is not public. Here the counter changes what the
//! card is, and not by APDUs. The rules are those of public descriptions; the following are `assumed`:
//!
//! - A certificate that is renewed gets a new key, and so does one that replaces a revoked one, which needs no three months.
//! - The remarks field (追記欄) has the date of the change, in the Japanese era, and the new address or name.
//! - A card that replaces another one has its name, remarks, photo and residence code, and new numbers, keys and security code.
//! - The data objects of the card manager and of the common application name the municipality that issued the card, and
//!   stay when the cardholder moves.
//!
//! This module must never change a register or a card, read a clock or put a PIN or a My Number into a report or an error.

mod certificates;
mod error;
mod operation;
mod people;
mod pins;
pub mod steps;

use std::collections::BTreeMap;
use std::fmt;

use der::DateTime;
use rand_core::CryptoRngCore;
use vmyna_applets::card_os::declaration::ObjectId;
use vmyna_applets::card_os::state::PinReplacement;
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::characters::Substitutes;
use vmyna_issuance::desk::Desk;

pub use error::CounterError;
pub use operation::{NewPins, Operation, Which};

use crate::register::{
    CardId, Cause, Certificate, Hierarchy, IssuerId, Reason, Register, RegisterError, Revocation, Withdrawal,
};

/// The name of a kind of certificate in messages.
#[must_use]
pub const fn kind(hierarchy: Hierarchy) -> &'static str {
    match hierarchy {
        Hierarchy::Signature => "sign",
        Hierarchy::Authentication => "auth",
    }
}

/// What the register knows of a card.
#[derive(Clone, Copy, Debug, Default)]
#[non_exhaustive]
pub struct Standing {
    /// Since when and why its signature certificate is revoked.
    pub sign: Option<Revocation>,
    /// Since when and why its authentication certificate is revoked.
    pub auth: Option<Revocation>,
    /// Why and since when it is out of use.
    pub withdrawn: Option<Withdrawal>,
}

impl Standing {
    /// What a register knows of a card as it is now; `id` is that of the card as it was issued.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    pub fn of(register: &dyn Register, card: &IssuedCard, id: CardId) -> Result<Self, RegisterError> {
        let mut standing = Self {
            withdrawn: register.card_status(id)?.withdrawn,
            ..Self::default()
        };
        // A certificate that can't be read is refused by the operation.
        for certificate in entries(card, id).unwrap_or_default() {
            let entry = register.entry(certificate.issuer, certificate.serial)?;
            let revocation = entry.and_then(|entry| entry.revocation);
            match certificate.hierarchy {
                Hierarchy::Signature => standing.sign = revocation,
                Hierarchy::Authentication => standing.auth = revocation,
            }
        }
        Ok(standing)
    }

    /// The revocation of one kind.
    #[must_use]
    pub const fn revocation(&self, hierarchy: Hierarchy) -> Option<Revocation> {
        match hierarchy {
            Hierarchy::Signature => self.sign,
            Hierarchy::Authentication => self.auth,
        }
    }
}

/// What the register is to hold of the certificates that a card has now.
///
/// # Errors
/// [`IssuanceError`] when one is no certificate as an authority of these hierarchies issues it.
pub fn entries(card: &IssuedCard, id: CardId) -> Result<Vec<Certificate>, IssuanceError> {
    let kinds = [Hierarchy::Signature, Hierarchy::Authentication];
    let entries = kinds.map(|hierarchy| certificates::entry(card, hierarchy, id));
    entries.into_iter().filter_map(Result::transpose).collect()
}

/// A card at the counter.
#[derive(Clone, Copy)]
pub struct Visit<'a> {
    /// The card as it is now.
    pub card: &'a IssuedCard,
    /// Under which the register has it: that of the card as it was issued.
    pub id: CardId,
    /// What the register knows of it.
    pub standing: Standing,
    /// The time, UTC, in whole seconds.
    pub now: DateTime,
    /// The substitutes that the cardholder chooses for characters that certificates lack (代替文字).
    pub substitutes: &'a Substitutes,
}

/// What an operation changes.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub struct Outcome {
    /// The card afterwards; `None` when only its PINs change, or nothing on it.
    pub card: Option<IssuedCard>,
    /// The PINs that get another value, all with all their tries.
    pub pins: BTreeMap<ObjectId, PinReplacement>,
    /// Another card, which replaces this one.
    pub new_card: Option<IssuedCard>,
    /// The certificates to revoke, before anything else.
    pub revoke: Vec<(IssuerId, u32, Reason)>,
    /// The certificates to enter.
    pub enter: Vec<Certificate>,
    /// Why the card goes out of use.
    pub withdraw: Option<Cause>,
    /// What was done, in its order.
    pub done: Vec<Done>,
}

/// One thing that an operation did. [`fmt::Display`] writes a sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Done {
    /// A certificate was revoked.
    Revoked(Hierarchy, u32, Reason),
    /// A certificate had been revoked before: that time and reason stay.
    WasRevoked(Hierarchy, Revocation),
    /// A certificate was issued: its serial number and its end.
    Issued(Hierarchy, u32, DateTime),
    /// A certificate and its key were taken off the card.
    Removed(Hierarchy),
    /// A PIN has a new value and all its tries: its name in messages.
    Pin(&'static str),
    /// A PIN has all its tries again and its old value: its name in messages.
    Tries(&'static str),
    /// A PIN is unset: its name in messages.
    Unset(&'static str),
    /// The signed files with name and address (input-assist and face-info application) were made again.
    Files,
    /// A line was printed in the remarks field.
    Printed(String),
    /// A line was taken off the remarks field.
    Erased(String),
    /// The card is out of use.
    Withdrawn(Cause),
    /// A new card replaces it: its last day.
    NewCard(vmyna_applets::calendar::Date),
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Revoked(hierarchy, serial, reason) => {
                write!(
                    f,
                    "revoked the {} certificate {serial:06X} ({reason})",
                    kind(*hierarchy)
                )
            }
            Self::WasRevoked(hierarchy, Revocation { at, reason }) => write!(
                f,
                "the {} certificate was revoked at {at} ({reason}): that stays",
                kind(*hierarchy)
            ),
            Self::Issued(hierarchy, serial, end) => {
                write!(
                    f,
                    "issued the {} certificate {serial:06X}, valid until {end}",
                    kind(*hierarchy)
                )
            }
            Self::Removed(hierarchy) => write!(f, "took the {} certificate and its key off the card", kind(*hierarchy)),
            Self::Pin(name) => write!(f, "the {name} has a new value and all its tries"),
            Self::Tries(name) => write!(f, "the {name} has all its tries again"),
            Self::Unset(name) => write!(f, "the {name} is unset"),
            Self::Files => write!(
                f,
                "signed the files with name and address again (input-assist, face-info)"
            ),
            Self::Printed(line) => write!(f, "printed in the remarks field (追記欄): {line}"),
            Self::Erased(line) => write!(f, "took off the remarks field (追記欄): {line}"),
            Self::Withdrawn(cause) => write!(f, "the card is withdrawn: {cause}"),
            Self::NewCard(expiry) => write!(f, "issued a new card, which ends on {expiry}"),
        }
    }
}

/// Does an operation: computes what it changes. `rng` gives keys, serial numbers and codes.
///
/// # Errors
/// [`CounterError`]: the rule that forbids it.
pub fn operate(
    desk: &mut Desk,
    visit: &Visit<'_>,
    operation: &Operation,
    rng: &mut dyn CryptoRngCore,
) -> Result<Outcome, CounterError> {
    operation::Work::begin(desk, visit, rng)?.run(operation)
}

#[cfg(test)]
mod tests;
