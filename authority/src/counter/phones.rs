//! What an operation on a card does with the certificates on the phone of its person.

use super::operation::Work;
use super::rules::BOTH;
use super::{CounterError, Done, PhoneCertificate, Which};
use crate::register::{Hierarchy, Reason};

/// What becomes of the certificates on a phone when the certificates of the person's card are revoked. No public text states
/// it, so both are `assumed`.
///
/// Two things hold whatever the policy is: the death of the person revokes both certificates on the phone, and a change of
/// one of the four attributes (affiliationChanged) revokes the one for signatures, because it states them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum PhonePolicy {
    /// The phone's certificate of a kind is revoked with the card's, for the same reason at the same time. So it is if the
    /// operation finds the card's revoked already.
    #[default]
    WithCard,
    /// They stay.
    Stay,
}

impl PhonePolicy {
    /// Both.
    pub const ALL: [Self; 2] = [Self::WithCard, Self::Stay];

    /// Its name for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::WithCard => "with-card",
            Self::Stay => "stay",
        }
    }

    /// The policy of this name.
    #[must_use]
    pub fn find(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|policy| policy.name() == name)
    }
}

impl Work<'_> {
    /// The card's certificate is revoked: what becomes of the phone's of the same kind.
    pub(super) fn phone_follows(&mut self, hierarchy: Hierarchy, reason: Reason) {
        if concerns_person(hierarchy, reason) {
            self.phone_of_person(hierarchy, reason);
        } else if self.visit.phones == PhonePolicy::WithCard {
            self.revoke_on_phone(hierarchy, reason, Done::PhoneFollowed);
        } else if let Some(PhoneCertificate {
            serial,
            revocation: None,
            ..
        }) = self.on_phone(hierarchy)
        {
            self.outcome.done.push(Done::PhoneStays(hierarchy, serial));
        }
    }

    /// Something happened to the person, and the card has no certificate of this kind.
    pub(super) fn phone_of_person(&mut self, hierarchy: Hierarchy, reason: Reason) {
        if concerns_person(hierarchy, reason) {
            self.revoke_on_phone(hierarchy, reason, Done::PhoneRevoked);
        }
    }

    /// The person died: the certificates on the phone are revoked.
    pub(super) fn phone_of_dead(&mut self, reason: Reason) {
        for hierarchy in BOTH {
            self.revoke_on_phone(hierarchy, reason, Done::PhoneRevoked);
        }
    }

    /// The phone is lost. The phone itself can be at the counter, or the card that it is linked to.
    pub(super) fn phone_lost(&mut self) -> Result<(), CounterError> {
        if self.visit.card.phone().is_some() {
            return self.revoke(Which::All, Reason::CertificateHold);
        }
        for hierarchy in BOTH {
            self.revoke_on_phone(hierarchy, Reason::CertificateHold, Done::PhoneRevoked);
        }
        Ok(())
    }

    fn on_phone(&self, hierarchy: Hierarchy) -> Option<PhoneCertificate> {
        let phone = self.visit.standing.phone.as_ref()?;
        phone.certificate(hierarchy).copied()
    }

    /// Revokes the phone's certificate, if there is one. One that is revoked stays as it is.
    fn revoke_on_phone(&mut self, hierarchy: Hierarchy, reason: Reason, done: fn(Hierarchy, u32, Reason) -> Done) {
        let Some(certificate) = self.on_phone(hierarchy) else {
            return;
        };
        let PhoneCertificate { issuer, serial, .. } = certificate;
        match certificate.revocation {
            Some(before) => self.outcome.done.push(Done::PhoneWasRevoked(hierarchy, before)),
            None => {
                self.outcome.revoke.push((issuer, serial, reason));
                self.outcome.done.push(done(hierarchy, serial, reason));
            }
        }
    }
}

/// Whether the phone's certificate has to go whatever the policy is: it states attributes that have changed.
const fn concerns_person(hierarchy: Hierarchy, reason: Reason) -> bool {
    matches!((hierarchy, reason), (Hierarchy::Signature, Reason::AffiliationChanged))
}

#[cfg(test)]
mod tests;
