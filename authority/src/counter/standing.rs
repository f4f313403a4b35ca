//! What a register knows of a card and its certificates.

use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::IssuanceError;

use super::certificates;
use crate::register::{CardId, Certificate, Hierarchy, Register, RegisterError, Revocation, Withdrawal};

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
