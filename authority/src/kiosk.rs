//! The kiosk (コンビニのキオスク端末): the cardholder resets the sign password without going to the counter.
//!
//! The public description: the cardholder applies on a phone first, and then gives the auth PIN at the terminal of a store. Neither
//! protocol is public. `assumed` are: the application gives a one-time code of eight digits, good for 24 hours and for one
//! card; a new code replaces the one before; the application asks for the auth PIN as well; the terminal refuses a card with a
//! revoked or ended auth certificate, because only that certificate proves that the card is the cardholder's.
//!
//! The auth PIN is verified by APDU, so that a wrong one costs a try as with any other terminal. The password is changed as
//! at the [counter](crate::counter). This module must never keep a code, a PIN or a password.

use std::time::Duration;

use der::DateTime;
use rand_core::CryptoRngCore;
use sha2::{Digest, Sha256};
use vmyna_apdu::{Icc, IccError, Text};
use vmyna_applets::card_os::declaration::ReferenceData;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::{jpki, pins};
use vmyna_issuance::IssuanceError;
use zeroize::Zeroizing;

use crate::counter::{CounterError, Operation, Standing, entries};
use crate::register::{CardId, Hierarchy};
use crate::terminal::{Terminal, TerminalError};

/// How long a code is good.
pub const GOOD_FOR: Duration = Duration::from_secs(24 * 60 * 60);

/// Why the kiosk refuses.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum KioskError {
    /// The auth PIN is wrong: the tries left.
    #[error("the auth PIN is wrong: {0} tries left")]
    WrongPin(u8),
    /// The auth PIN is blocked, or the card has none.
    #[error("the auth PIN is blocked or not set: only a counter can reset it")]
    Blocked,
    /// The card has no authentication certificate that is valid now.
    #[error("the auth certificate is revoked or has ended, or the card has none")]
    NoCertificate,
    /// A phone was brought.
    #[error("this is a phone: the kiosk serves cards only")]
    Phone,
    /// The card has no signature certificate, and its password is of no use.
    #[error("the card has no sign certificate")]
    NothingToReset,
    /// The card answered with this status word.
    #[error("the card answered {0:04X}")]
    Refused(u16),
    /// The card did not answer.
    #[error("the card did not answer: {0}")]
    Card(#[from] IccError),
    /// The card can't be served.
    #[error(transparent)]
    Counter(#[from] CounterError),
    /// A certificate on the card can't be read.
    #[error(transparent)]
    Issuance(#[from] IssuanceError),
}

impl KioskError {
    /// The error in both languages.
    #[must_use]
    pub fn text(&self) -> Text {
        let ja = match self {
            Self::WrongPin(left) => format!("利用者証明用暗証番号が違います。あと{left}回です"),
            Self::Blocked => {
                "利用者証明用暗証番号がロックされているか、未設定です。窓口でだけ初期化できます".to_owned()
            }
            Self::NoCertificate => "利用者証明用電子証明書が失効または有効期限切れか、カードにありません".to_owned(),
            Self::Phone => "スマートフォンです。キオスクで扱えるのはカードだけです".to_owned(),
            Self::NothingToReset => "カードに署名用電子証明書がありません".to_owned(),
            Self::Refused(word) => format!("カードが{word:04X}を返しました"),
            Self::Card(error) => format!("カードが応答しません（{error}）"),
            Self::Counter(error) => error.text().ja,
            Self::Issuance(error) => format!("カードの電子証明書を読み取れません（{error}）"),
        };
        let en = self.to_string();
        Text { en, ja }
    }
}

/// A new one-time code, eight digits.
pub fn new_code(rng: &mut dyn CryptoRngCore) -> Zeroizing<String> {
    Zeroizing::new(format!("{:08}", rng.next_u32() % 100_000_000))
}

/// The digest of a code, as the register keeps it: the same code on another card has another one.
#[must_use]
pub fn code_digest(card: CardId, code: &str) -> [u8; 32] {
    let digest = Sha256::new_with_prefix(b"vmyna kiosk code")
        .chain_update(card.0)
        .chain_update(code.as_bytes());
    digest.finalize().into()
}

/// Until when a code is good that is given now; `None` after the year 9999.
#[must_use]
pub fn good_until(now: DateTime) -> Option<DateTime> {
    DateTime::from_unix_duration(now.unix_duration() + GOOD_FOR).ok()
}

/// Whether the kiosk serves a card: it is in use, its auth certificate is valid now, and it has a sign certificate.
///
/// # Errors
/// [`KioskError`]: why it doesn't.
pub fn check(card: &IssuedCard, id: CardId, standing: &Standing, now: DateTime) -> Result<(), KioskError> {
    if let Some(withdrawal) = standing.withdrawn {
        return Err(CounterError::Withdrawn(withdrawal).into());
    }
    if card.phone().is_some() {
        return Err(KioskError::Phone);
    }
    let entries = entries(card, id)?;
    let find = |hierarchy| entries.iter().find(|entry| entry.hierarchy == hierarchy);
    let auth = find(Hierarchy::Authentication).ok_or(KioskError::NoCertificate)?;
    if standing.auth.is_some() || now < auth.validity.0 || auth.validity.1 < now {
        return Err(KioskError::NoCertificate);
    }
    find(Hierarchy::Signature).map(|_| ()).ok_or(KioskError::NothingToReset)
}

/// Verifies the auth PIN on the card, as a terminal does. A wrong one costs a try.
///
/// # Errors
/// [`KioskError::WrongPin`], [`KioskError::Blocked`], or the card does not answer as expected.
pub fn verify_auth_pin(card: &mut dyn Icc, pin: &[u8]) -> Result<(), KioskError> {
    let mut card = Terminal::power_on(card)?;
    let verified = card.select(jpki::AID).and_then(|()| card.verify(pins::AUTH, pin));
    card.power_off()?;
    verified.map_err(|error| match error {
        TerminalError::WrongPin(left) => KioskError::WrongPin(left),
        TerminalError::Blocked => KioskError::Blocked,
        TerminalError::Refused(word) => KioskError::Refused(word),
        TerminalError::Card(error) => KioskError::Card(error),
    })
}

/// What the kiosk does once code and PIN are right: the password gets a new value and all its tries.
#[must_use]
pub fn reset(password: ReferenceData) -> Operation {
    Operation::ResetPins(vec![(pins::SIGN, Some(password))])
}

#[cfg(test)]
mod tests {
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng;
    use vmyna_applets::card_os::state::MemoryStore;
    use vmyna_applets::specimen;

    use super::*;
    use crate::register::{Reason, Revocation};

    fn card(name: &str) -> IssuedCard {
        specimen::find(name).unwrap().unwrap()
    }

    #[test]
    fn a_wrong_auth_pin_costs_a_try_on_the_card() {
        let rng = Box::new(ChaCha20Rng::from_seed([1; 32]));
        let mut icc = card("hanako").card(Box::<MemoryStore>::default(), rng).unwrap();
        for left in [2, 1] {
            let wrong = verify_auth_pin(&mut icc, b"9999");
            assert!(matches!(wrong, Err(KioskError::WrongPin(tries)) if tries == left));
        }
        verify_auth_pin(&mut icc, b"1234").unwrap();
        for _ in 0..3 {
            verify_auth_pin(&mut icc, b"9999").unwrap_err();
        }
        assert!(matches!(verify_auth_pin(&mut icc, b"1234"), Err(KioskError::Blocked)));
    }

    #[test]
    fn a_card_without_a_valid_auth_certificate_or_a_sign_certificate_is_refused() {
        let now: DateTime = "2027-01-01T00:00:00Z".parse().unwrap();
        let hanako = card("hanako");
        let id = CardId::of(&hanako);
        let mut standing = Standing::default();
        check(&hanako, id, &standing, now).unwrap();
        let late = "2040-01-01T00:00:00Z".parse().unwrap();
        assert!(matches!(
            check(&hanako, id, &standing, late),
            Err(KioskError::NoCertificate)
        ));
        let child = check(&card("child"), id, &standing, now);
        assert!(matches!(child, Err(KioskError::NothingToReset)));
        standing.auth = Some(Revocation {
            at: now,
            reason: Reason::CertificateHold,
        });
        assert!(matches!(
            check(&hanako, id, &standing, now),
            Err(KioskError::NoCertificate)
        ));
    }

    #[test]
    fn a_code_has_eight_digits_and_is_one_cards() {
        let code = new_code(&mut ChaCha20Rng::from_seed([1; 32]));
        assert!(code.len() == 8 && code.bytes().all(|byte| byte.is_ascii_digit()));
        let digests = [[1; 32], [2; 32]].map(|card| code_digest(CardId(card), &code));
        assert_ne!(digests[0], digests[1]);
    }
}
