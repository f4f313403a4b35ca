//! Why a counter refuses an operation.

use der::DateTime;
use vmyna_applets::calendar::Date;
use vmyna_issuance::IssuanceError;
use vmyna_issuance::characters::Lacking;

use super::kind;
use crate::register::{Hierarchy, Withdrawal};

/// Why an operation at the counter was refused or failed. Nothing was done. No error holds a PIN or a My Number.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CounterError {
    /// Other authorities issued the card.
    #[error("other authorities issued this card, by the key identifiers of its certificates")]
    OtherAuthority,
    /// The card was issued later than it is now: when, UTC.
    #[error("the card is issued at {0}, and it is earlier now")]
    BeforeIssue(DateTime),
    /// The card has ended: its last day.
    #[error("the card ended on {0}: a new card replaces it")]
    Ended(Date),
    /// The card was taken out of use.
    #[error("the card was withdrawn at {at} ({cause})", at = .0.at, cause = .0.cause)]
    Withdrawn(Withdrawal),
    /// The certificate can't be renewed yet: from which day on.
    #[error("the {kind} certificate can be renewed from {from} on, three months before its end", kind = kind(*.0), from = .1)]
    TooEarly(Hierarchy, Date),
    /// The card has no certificate of this kind.
    #[error("the card has no {} certificate", kind(*.0))]
    NoCertificate(Hierarchy),
    /// The card has a signature certificate.
    #[error("the card has a sign certificate: it can be renewed")]
    HasCertificate,
    /// The holder is younger than a signature certificate demands: the age, and the age that it demands.
    #[error("the cardholder is {0} years old, and a sign certificate is issued from {1} on")]
    TooYoung(u16, u16),
    /// The card has no PINs.
    #[error("the card has no PINs (顔認証マイナンバーカード)")]
    WithoutPins,
    /// The card has PINs.
    #[error("the card has PINs")]
    HasPins,
    /// A PIN needs a value: its name.
    #[error("the {0} needs a new value")]
    NoValue(&'static str),
    /// No value can be given to this PIN, because it is printed on the card or is the holder's number: its name.
    #[error("the {0} has the value that it was issued with: only its tries can be restored")]
    FixedValue(&'static str),
    /// The value is refused: the PIN's name, and the rule that is broken.
    #[error("{0}: {1}")]
    BadValue(&'static str, String),
    /// A text can't be on a card: which, and the rule.
    #[error("{0}: {1}")]
    BadText(&'static str, String),
    /// Nothing would change.
    #[error("the card has this {0} already")]
    Unchanged(&'static str),
    /// A certificate lacks characters of the name or the address, and no substitute was chosen.
    #[error("{0}")]
    Lacking(#[from] Lacking),
    /// Something could not be made or read.
    #[error(transparent)]
    Issuance(#[from] IssuanceError),
}
