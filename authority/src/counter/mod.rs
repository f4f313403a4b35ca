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
//! - The certificates on the person's phone go with the card's, or stay, as the visit's [`PhonePolicy`] has it; see there.
//! - The data objects of the card manager and of the common application name the municipality that issued the card, and
//!   stay when the cardholder moves.
//!
//! This module must never change a register or a card, read a clock or put a PIN or a My Number into a report or an error.

pub(crate) mod certificates;
mod error;
mod kind;
mod operation;
mod people;
mod phones;
pub(crate) mod pins;
pub(crate) mod rules;
mod standing;
pub mod steps;

use std::collections::BTreeMap;
use std::fmt;

use der::DateTime;
use rand_core::CryptoRngCore;
use vmyna_apdu::{Text, text};
use vmyna_applets::card_os::declaration::ObjectId;
use vmyna_applets::card_os::state::PinReplacement;
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::characters::Substitutes;
use vmyna_issuance::desk::Desk;

pub use error::CounterError;
pub use kind::{OperationKind, Which, kind, kind_title};
pub use operation::{NewPins, Operation};
pub use phones::PhonePolicy;
pub use rules::check;
pub use standing::{PhoneCertificate, PhoneStanding, Standing, entries};

use crate::register::{CardId, Cause, Certificate, Hierarchy, IssuerId, Reason, Revocation};

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
    /// What becomes of the certificates on the person's phone.
    pub phones: PhonePolicy,
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
    /// A certificate on the person's phone was revoked, because the operation is about the phone or the person.
    PhoneRevoked(Hierarchy, u32, Reason),
    /// A certificate on the person's phone was revoked with the card's ([`PhonePolicy::WithCard`]).
    PhoneFollowed(Hierarchy, u32, Reason),
    /// A certificate on the person's phone had been revoked before: that time and reason stay.
    PhoneWasRevoked(Hierarchy, Revocation),
    /// A certificate on the person's phone stays although the card's is revoked ([`PhonePolicy::Stay`]).
    PhoneStays(Hierarchy, u32),
    /// A certificate was issued for a phone: its serial number and its end.
    PhoneIssued(Hierarchy, u32, DateTime),
    /// A certificate and its key were taken off a phone.
    PhoneRemoved(Hierarchy),
    /// An mdoc was issued to a phone: its end.
    Document(DateTime),
    /// The mdoc and its key were taken off a phone.
    DocumentRemoved,
}

impl Done {
    /// What was done in both languages: a sentence without a full stop.
    #[must_use]
    pub fn text(&self) -> Text {
        let of = |hierarchy: &Hierarchy| (kind(*hierarchy), kind_title(*hierarchy));
        match self {
            Self::Revoked(hierarchy, serial, reason) => {
                let ((en, ja), title) = (of(hierarchy), reason.title());
                text!(
                    "revoked the {en} certificate {serial:06X} ({reason})",
                    "{ja}{serial:06X}を失効させました（{title}）"
                )
            }
            Self::WasRevoked(hierarchy, Revocation { at, reason }) => {
                let ((en, ja), title) = (of(hierarchy), reason.title());
                text!(
                    "the {en} certificate was revoked at {at} ({reason}): that stays",
                    "{ja}は{at}に失効済みです（{title}）。そのままです"
                )
            }
            Self::Issued(hierarchy, serial, end) => {
                let (en, ja) = of(hierarchy);
                text!(
                    "issued the {en} certificate {serial:06X}, valid until {end}",
                    "{ja}{serial:06X}を発行しました（{end}まで有効）"
                )
            }
            Self::Removed(hierarchy) => {
                let (en, ja) = of(hierarchy);
                text!(
                    "took the {en} certificate and its key off the card",
                    "{ja}とその鍵をカードから消しました"
                )
            }
            Self::Pin(name) => {
                let ja = pins::title(name);
                text!(
                    "the {name} has a new value and all its tries",
                    "{ja}を再設定しました。残り回数も元に戻りました"
                )
            }
            Self::Tries(name) => {
                let ja = pins::title(name);
                text!("the {name} has all its tries again", "{ja}の残り回数を元に戻しました")
            }
            Self::Unset(name) => {
                let ja = pins::title(name);
                text!("the {name} is unset", "{ja}を未設定にしました")
            }
            Self::Files => text!(
                "signed the files with name and address again (input-assist, face-info)",
                "氏名と住所のファイルに署名し直しました（券面事項入力補助AP・券面事項確認AP）"
            ),
            Self::Printed(line) => text!(
                "printed in the remarks field (追記欄): {line}",
                "追記欄に印字しました: {line}"
            ),
            Self::Erased(line) => text!(
                "took off the remarks field (追記欄): {line}",
                "追記欄から消しました: {line}"
            ),
            Self::Withdrawn(cause) => {
                let ja = cause.title();
                match cause.is_of_phones() {
                    true => text!("the phone is withdrawn: {cause}", "スマートフォンを廃止しました: {ja}"),
                    false => text!("the card is withdrawn: {cause}", "カードを廃止しました: {ja}"),
                }
            }
            Self::NewCard(expiry) => text!(
                "issued a new card, which ends on {expiry}",
                "新しいカードを発行しました（有効期限{expiry}）"
            ),
            Self::PhoneRevoked(hierarchy, serial, reason) => {
                let ((en, ja), title) = (of(hierarchy), reason.title());
                text!(
                    "revoked the phone's {en} certificate {serial:06X} ({reason})",
                    "スマートフォンの{ja}{serial:06X}を失効させました（{title}）"
                )
            }
            Self::PhoneFollowed(hierarchy, serial, reason) => {
                let ((en, ja), title) = (of(hierarchy), reason.title());
                text!(
                    "revoked the phone's {en} certificate {serial:06X} with the card's ({reason}; assumed)",
                    "スマートフォンの{ja}{serial:06X}をカードのものと一緒に失効させました（{title}、推定）"
                )
            }
            Self::PhoneWasRevoked(hierarchy, Revocation { at, reason }) => {
                let ((en, ja), title) = (of(hierarchy), reason.title());
                text!(
                    "the phone's {en} certificate was revoked at {at} ({reason}): that stays",
                    "スマートフォンの{ja}は{at}に失効済みです（{title}）。そのままです"
                )
            }
            Self::PhoneStays(hierarchy, serial) => {
                let (en, ja) = of(hierarchy);
                text!(
                    "the phone's {en} certificate {serial:06X} stays as it is (assumed)",
                    "スマートフォンの{ja}{serial:06X}はそのままです（推定）"
                )
            }
            Self::PhoneIssued(hierarchy, serial, end) => {
                let (en, ja) = of(hierarchy);
                text!(
                    "issued the phone's {en} certificate {serial:06X}, valid until {end}",
                    "スマートフォンの{ja}{serial:06X}を発行しました（{end}まで有効）"
                )
            }
            Self::PhoneRemoved(hierarchy) => {
                let (en, ja) = of(hierarchy);
                text!(
                    "took the {en} certificate and its key off the phone",
                    "{ja}とその鍵をスマートフォンから消しました"
                )
            }
            Self::Document(end) => text!(
                "issued the mdoc (カード代替電磁的記録), valid until {end}",
                "カード代替電磁的記録（mdoc）を発行しました（{end}まで有効）"
            ),
            Self::DocumentRemoved => text!(
                "took the mdoc and its key off the phone",
                "カード代替電磁的記録（mdoc）とその鍵をスマートフォンから消しました"
            ),
        }
    }
}

impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text().en)
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
