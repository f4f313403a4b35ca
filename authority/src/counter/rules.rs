//! The rules that forbid an operation, whatever its values are. Operations apply them, and [`check`] asks them without doing
//! anything.

use der::DateTime;
use vmyna_applets::calendar::{Date, day_in_japan};
use vmyna_issuance::desk::Desk;
use vmyna_issuance::order::SIGNATURE_AGE;
use vmyna_issuance::validity;

use super::kind::{OperationKind, Which};
use super::pins::is_without_pins;
use super::{CounterError, Visit, certificates};
use crate::register::Hierarchy;

pub(super) const BOTH: [Hierarchy; 2] = [Hierarchy::Signature, Hierarchy::Authentication];

/// Whether an operation of this kind is permitted now, for at least one of the certificates that it can concern. It takes no
/// time and changes nothing. Values that the operation needs can still be refused.
///
/// # Errors
/// [`CounterError`]: the rule that forbids it for all of them.
pub fn check(desk: &mut Desk, visit: &Visit<'_>, kind: OperationKind) -> Result<(), CounterError> {
    admit(desk, visit)?;
    serves(visit, kind)?;
    match kind {
        OperationKind::Renew => renewable(visit, Which::All).map(drop).or_else(|error| {
            let one = |kind: &Hierarchy| renewable(visit, Which::Only(*kind)).is_ok();
            if BOTH.iter().any(one) { Ok(()) } else { Err(error) }
        }),
        OperationKind::Hold | OperationKind::Revoke | OperationKind::Lost => kinds(visit, Which::All).map(drop),
        OperationKind::SignCertificate => may_sign(visit),
        OperationKind::MoveIn | OperationKind::Rename | OperationKind::Furigana => lasts(visit),
        OperationKind::WithoutPins => may_lose_pins(visit),
        OperationKind::WithPins => may_get_pins(visit),
        // A card without PINs still has PINs of which the tries can be restored.
        OperationKind::ResetPins => Ok(()),
        OperationKind::MoveOut | OperationKind::Death | OperationKind::Reissue | OperationKind::PhoneLost => Ok(()),
    }
}

/// Whether an operation of this kind is done with what was brought: a card, or a phone with certificates of its own.
pub(super) const fn serves(visit: &Visit<'_>, kind: OperationKind) -> Result<(), CounterError> {
    match (visit.card.phone().is_some(), kind, visit.standing.phone) {
        (true, OperationKind::PhoneLost, _) => Ok(()),
        (true, ..) => Err(CounterError::Phone),
        (false, OperationKind::PhoneLost, None) => Err(CounterError::NoPhoneOfPerson),
        (false, ..) => Ok(()),
    }
}

/// The card can sign the application of a phone: its signature certificate is valid, and the cardholder old enough for another.
pub(crate) fn may_apply(visit: &Visit<'_>) -> Result<(), CounterError> {
    if visit.card.phone().is_some() {
        return Err(CounterError::Phone);
    }
    lasts(visit)?;
    let sign = Hierarchy::Signature;
    let entry = certificates::entry(visit.card, sign, visit.id)?;
    let end = entry.ok_or(CounterError::NoCertificate(sign))?.validity.1;
    if let Some(revocation) = visit.standing.sign {
        return Err(CounterError::Revoked(sign, revocation));
    }
    if end < visit.now {
        return Err(CounterError::CertificateEnded(sign, end));
    }
    match age(visit) {
        age if age < SIGNATURE_AGE => Err(CounterError::TooYoung(age, SIGNATURE_AGE)),
        _ => Ok(()),
    }
}

/// What holds for all operations: the card is in use, issued by these authorities, and not later than now.
pub(crate) fn admit(desk: &mut Desk, visit: &Visit<'_>) -> Result<(), CounterError> {
    if let Some(withdrawal) = visit.standing.withdrawn {
        return Err(CounterError::Withdrawn(withdrawal));
    }
    if visit.now < visit.card.summary.issued {
        return Err(CounterError::BeforeIssue(visit.card.summary.issued));
    }
    // A card without certificates has those of its authorities.
    let own = BOTH.map(|hierarchy| certificates::on_card(visit.card, hierarchy));
    let own: Vec<&[u8]> = own.into_iter().flatten().map(|key| &key.certificate[..]).collect();
    let all = match own.is_empty() {
        true => vec![&visit.card.jpki.auth_ca_certificate[..]],
        false => own,
    };
    for certificate in all {
        if !desk.issued(certificate)? {
            return Err(CounterError::OtherAuthority);
        }
    }
    for hierarchy in BOTH {
        let entry = certificates::entry(visit.card, hierarchy, visit.id)?;
        if let Some(begin) = entry.map(|entry| entry.validity.0).filter(|begin| visit.now < *begin) {
            return Err(CounterError::BeforeIssue(begin));
        }
    }
    Ok(())
}

pub(super) const fn has(visit: &Visit<'_>, hierarchy: Hierarchy) -> bool {
    certificates::on_card(visit.card, hierarchy).is_some()
}

/// The kinds that an operation concerns; all of them are on the card.
pub(super) fn kinds(visit: &Visit<'_>, which: Which) -> Result<Vec<Hierarchy>, CounterError> {
    let wanted = match which {
        Which::All => BOTH.to_vec(),
        Which::Only(hierarchy) => vec![hierarchy],
    };
    let there: Vec<_> = wanted.iter().copied().filter(|kind| has(visit, *kind)).collect();
    match (wanted.first(), there.is_empty()) {
        (Some(first), true) => Err(CounterError::NoCertificate(*first)),
        _ => Ok(there),
    }
}

/// The card has not ended.
pub(super) fn lasts(visit: &Visit<'_>) -> Result<(), CounterError> {
    lasts_at(visit.card.summary.expiry, visit.now)
}

/// A card with this last day has not ended.
pub(crate) fn lasts_at(expiry: Date, now: DateTime) -> Result<(), CounterError> {
    match day_in_japan(now) {
        Some(day) if day <= expiry => Ok(()),
        _ => Err(CounterError::Ended(expiry)),
    }
}

/// The age of the cardholder in full years.
pub(super) fn age(visit: &Visit<'_>) -> u16 {
    let day = day_in_japan(visit.now);
    day.map_or(0, |day| visit.card.summary.person.birth.age_on(day))
}

/// The certificates to renew, each with its end; `None` for one that is revoked or has ended, which is replaced.
pub(super) fn renewable(visit: &Visit<'_>, which: Which) -> Result<Vec<(Hierarchy, Option<DateTime>)>, CounterError> {
    lasts(visit)?;
    let day = day_in_japan(visit.now).unwrap_or(visit.card.summary.expiry);
    let mut renewable = Vec::new();
    for hierarchy in kinds(visit, which)? {
        let entry = certificates::entry(visit.card, hierarchy, visit.id)?;
        let end = entry.map(|entry| entry.validity.1);
        let end = end.filter(|end| visit.standing.revocation(hierarchy).is_none() && visit.now <= *end);
        if let Some(end) = end {
            let from = validity::renewable_from(end)?;
            if day < from {
                return Err(CounterError::TooEarly(hierarchy, from));
            }
        }
        renewable.push((hierarchy, end));
    }
    Ok(renewable)
}

/// A signature certificate can be issued: the card has none, has PINs, and the cardholder is old enough.
pub(super) fn may_sign(visit: &Visit<'_>) -> Result<(), CounterError> {
    lasts(visit)?;
    if has(visit, Hierarchy::Signature) {
        return Err(CounterError::HasCertificate);
    }
    if is_without_pins(visit.card) {
        return Err(CounterError::WithoutPins);
    }
    match age(visit) {
        age if age < SIGNATURE_AGE => Err(CounterError::TooYoung(age, SIGNATURE_AGE)),
        _ => Ok(()),
    }
}

/// The card can become one without PINs.
pub(super) fn may_lose_pins(visit: &Visit<'_>) -> Result<(), CounterError> {
    lasts(visit)?;
    match is_without_pins(visit.card) {
        true => Err(CounterError::WithoutPins),
        false => Ok(()),
    }
}

/// The card can become one with PINs.
pub(super) fn may_get_pins(visit: &Visit<'_>) -> Result<(), CounterError> {
    lasts(visit)?;
    match is_without_pins(visit.card) {
        true => Ok(()),
        false => Err(CounterError::HasPins),
    }
}

#[cfg(test)]
mod tests;
