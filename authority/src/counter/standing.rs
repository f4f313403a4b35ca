//! What a register knows of a card and its certificates.

use der::DateTime;
use vmyna_applets::PhoneKind;
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::IssuanceError;

use super::certificates;
use crate::register::{
    CardId, Certificate, Entry, Hierarchy, IssuerId, Register, RegisterError, Revocation, Withdrawal,
};

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
    /// The phone of the person, if one is in use and linked to this card.
    pub phone: Option<PhoneStanding>,
}

/// What the register knows of the phone of a card's person.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhoneStanding {
    /// Under which the register has it.
    pub id: CardId,
    /// The kind of phone.
    pub kind: PhoneKind,
    /// Its certificate for signatures.
    pub sign: Option<PhoneCertificate>,
    /// Its certificate for authentication.
    pub auth: Option<PhoneCertificate>,
}

/// A certificate on a phone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PhoneCertificate {
    /// The key that issued it.
    pub issuer: IssuerId,
    /// Its serial number.
    pub serial: u32,
    /// Its beginning and end, UTC.
    pub validity: (DateTime, DateTime),
    /// Since when and why it is revoked.
    pub revocation: Option<Revocation>,
}

impl PhoneStanding {
    /// The phone that is in use and linked to a card; `None` if there is none.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    pub fn of(register: &dyn Register, card: CardId) -> Result<Option<Self>, RegisterError> {
        let mut in_use = register
            .phones(card)?
            .into_iter()
            .filter(|phone| phone.withdrawn.is_none());
        let Some(phone) = in_use.next_back() else {
            return Ok(None);
        };
        let id = phone.link.phone.0;
        let mut standing = Self {
            id,
            kind: phone.link.kind,
            sign: None,
            auth: None,
        };
        let mut take = |entry: Entry| {
            let certificate = PhoneCertificate {
                issuer: entry.issuer,
                serial: entry.serial,
                validity: entry.validity,
                revocation: entry.revocation,
            };
            match entry.hierarchy {
                Hierarchy::Signature => standing.sign = Some(certificate),
                Hierarchy::Authentication => standing.auth = Some(certificate),
            }
            true
        };
        register.entries(Some(id), &mut take)?;
        Ok(Some(standing))
    }

    /// Its certificate of one kind.
    #[must_use]
    pub const fn certificate(&self, hierarchy: Hierarchy) -> Option<&PhoneCertificate> {
        match hierarchy {
            Hierarchy::Signature => self.sign.as_ref(),
            Hierarchy::Authentication => self.auth.as_ref(),
        }
    }
}

impl Standing {
    /// What a register knows of a card as it is now; `id` is that of the card as it was issued. A certificate that can't be
    /// read is left out: the operation refuses it.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    pub fn of(register: &dyn Register, card: &IssuedCard, id: CardId) -> Result<Self, RegisterError> {
        Self::of_certificates(register, id, &entries(card, id).unwrap_or_default())
    }

    /// What a register knows of a card with these certificates.
    ///
    /// # Errors
    /// [`RegisterError`] when the register can't be read.
    pub fn of_certificates(
        register: &dyn Register,
        id: CardId,
        certificates: &[Certificate],
    ) -> Result<Self, RegisterError> {
        let mut standing = Self {
            withdrawn: register.card_status(id)?.withdrawn,
            phone: PhoneStanding::of(register, id)?,
            ..Self::default()
        };
        for certificate in certificates {
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
