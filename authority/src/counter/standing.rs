//! What a register knows of a card and its certificates.

use der::DateTime;
use vmyna_apdu::{Text, text};
use vmyna_applets::calendar::day_in_japan;
use vmyna_applets::issued::IssuedCard;
use vmyna_issuance::IssuanceError;

use super::certificates;
use crate::register::{
    CardId, Certificate, Hierarchy, OperationId, Reason, Register, RegisterError, Revocation, Withdrawal,
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

/// The state of a certificate at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CertificateState {
    /// It is valid.
    Good,
    /// It is revoked or on hold, also if it has ended since.
    Revoked(Revocation),
    /// It has ended.
    Expired,
    /// It has not begun.
    NotYetValid,
    /// No register holds it.
    Unknown,
}

impl CertificateState {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Good => text!("valid", "有効"),
            Self::Revoked(Revocation { at, reason }) if *reason == Reason::CertificateHold => {
                text!("on hold since {at}", "{at}から一時保留")
            }
            Self::Revoked(Revocation { at, reason }) => {
                let title = reason.title();
                text!("revoked since {at} ({reason})", "{at}に失効（{title}）")
            }
            Self::Expired => text!("expired", "有効期限切れ"),
            Self::NotYetValid => text!("not yet valid", "有効期間の開始前"),
            Self::Unknown => text!("not in the register", "登録簿にない"),
        }
    }
}

/// A certificate on a card.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CertificateStatus {
    /// Which one it is.
    pub hierarchy: Hierarchy,
    /// Its serial number.
    pub serial: u32,
    /// Its first and last moment, UTC.
    pub validity: (DateTime, DateTime),
    /// Its state.
    pub state: CertificateState,
}

/// The state of a whole card at a moment. The first that applies, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum CardState {
    /// It is out of use.
    Withdrawn(Withdrawal),
    /// It has ended.
    Expired,
    /// A certificate is on hold.
    Held,
    /// A certificate is revoked.
    Revoked,
    /// A certificate has ended.
    CertificateExpired,
    /// No register holds one of its certificates.
    Unknown,
    /// It is in use, and its certificates are valid.
    Good,
}

impl CardState {
    /// What a person reads.
    #[must_use]
    pub fn text(&self) -> Text {
        match self {
            Self::Withdrawn(Withdrawal { at, cause }) => {
                let title = cause.title();
                text!("withdrawn at {at}: {cause}", "{at}に廃止（{title}）")
            }
            Self::Expired => text!("the card has expired", "カードの有効期限切れ"),
            Self::Held => text!("a certificate is on hold", "電子証明書が一時保留"),
            Self::Revoked => text!("a certificate is revoked", "電子証明書が失効"),
            Self::CertificateExpired => text!("a certificate has expired", "電子証明書の有効期限切れ"),
            Self::Unknown => text!("not in the register", "登録簿にない"),
            Self::Good => text!("valid", "有効"),
        }
    }
}

/// What registers know of a card and each of its certificates, for people to read.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct CardReport {
    /// The certificates that the card has now.
    pub certificates: Vec<CertificateStatus>,
    /// The state of the whole card.
    pub state: CardState,
    /// An operation on the card that is not finished.
    pub pending: Option<OperationId>,
}

impl CardReport {
    /// What registers know of a card as it is now; `id` is that of the card as it was issued. The first register that holds
    /// a certificate counts. The time is UTC.
    ///
    /// # Errors
    /// [`RegisterError`] when a register can't be read. A certificate that can't be read is left out.
    pub fn of(
        registers: &[&dyn Register],
        card: &IssuedCard,
        id: CardId,
        now: DateTime,
    ) -> Result<Self, RegisterError> {
        let (mut withdrawn, mut pending) = (None, None);
        for register in registers {
            let status = register.card_status(id)?;
            withdrawn = withdrawn.or(status.withdrawn);
            pending = pending.or(status.pending.map(|intent| intent.operation));
        }
        let mut all = Vec::new();
        for certificate in entries(card, id).unwrap_or_default() {
            let state = state_of(registers, &certificate, now)?;
            all.push(CertificateStatus {
                hierarchy: certificate.hierarchy,
                serial: certificate.serial,
                validity: certificate.validity,
                state,
            });
        }
        let ended = day_in_japan(now).is_none_or(|day| card.summary.expiry < day);
        Ok(Self {
            state: whole(withdrawn, ended, &all),
            certificates: all,
            pending,
        })
    }
}

fn state_of(
    registers: &[&dyn Register],
    certificate: &Certificate,
    now: DateTime,
) -> Result<CertificateState, RegisterError> {
    let mut known = None;
    for register in registers {
        if known.is_none() {
            known = register.entry(certificate.issuer, certificate.serial)?;
        }
    }
    let (begin, end) = certificate.validity;
    Ok(match known.map(|entry| entry.revocation) {
        Some(Some(revocation)) => CertificateState::Revoked(revocation),
        _ if end < now => CertificateState::Expired,
        _ if now < begin => CertificateState::NotYetValid,
        Some(None) => CertificateState::Good,
        None => CertificateState::Unknown,
    })
}

fn whole(withdrawn: Option<Withdrawal>, ended: bool, certificates: &[CertificateStatus]) -> CardState {
    let any = |wanted: fn(&CertificateState) -> bool| certificates.iter().any(|one| wanted(&one.state));
    let on_hold = |state: &CertificateState| matches!(state, CertificateState::Revoked(revocation) if revocation.reason == Reason::CertificateHold);
    match withdrawn {
        Some(withdrawal) => CardState::Withdrawn(withdrawal),
        None if ended => CardState::Expired,
        None if any(on_hold) => CardState::Held,
        None if any(|state| matches!(state, CertificateState::Revoked(_))) => CardState::Revoked,
        None if any(|state| matches!(state, CertificateState::Expired)) => CardState::CertificateExpired,
        None if any(|state| matches!(state, CertificateState::Unknown)) => CardState::Unknown,
        None => CardState::Good,
    }
}

#[cfg(test)]
mod tests;
