//! Unmodified programs of other projects against the virtual card: what all the tests here share.
//!
//! The clients are taken as published and see nothing of the card but APDUs. This package must never change a client,
//! help one over a difference between the virtual card and a real one, or become part of the product. The card is the
//! specimen `hanako`, and where it is compared with a published test card, `reference`: fictional people, public test keys.

#![allow(clippy::unwrap_used, clippy::panic)] // the whole package is for tests; a panic is how they fail

mod fixtures;
mod software;

pub use fixtures::reference_card_files;
pub use software::SoftwareCard;

use std::sync::LazyLock;

use rand_core::OsRng;
use vmyna_applets::issued::IssuedCard;
use vmyna_applets::jpki::CertifiedKey;
use vmyna_applets::{PhoneKind, Profile};
use vmyna_card_os::Card;
use vmyna_card_os::state::MemoryStore;

/// What the card is made of: the specimen of a fictional person.
#[must_use]
pub fn specimen() -> &'static IssuedCard {
    static HANAKO: LazyLock<IssuedCard> = LazyLock::new(|| find("hanako"));
    &HANAKO
}

/// The specimen that is like the reference card ([`reference_card_files`]), file by file.
#[must_use]
pub fn reference_specimen() -> &'static IssuedCard {
    static REFERENCE: LazyLock<IssuedCard> = LazyLock::new(|| find("reference"));
    &REFERENCE
}

/// The token of a phone with the certificates and PINs of [`specimen`].
#[must_use]
pub fn phone(kind: PhoneKind) -> IssuedCard {
    let card = specimen().clone();
    IssuedCard::of_phone(card.name, Profile::phone(kind), card.summary, card.jpki, None)
}

fn find(name: &str) -> IssuedCard {
    vmyna_applets::specimen::find(name).unwrap().unwrap()
}

/// 署名用電子証明書 of [`specimen`], DER.
#[must_use]
pub fn sign_certificate() -> &'static [u8] {
    certificate(&specimen().jpki.sign)
}

/// 利用者証明用電子証明書 of [`specimen`], DER.
#[must_use]
pub fn auth_certificate() -> &'static [u8] {
    certificate(&specimen().jpki.auth)
}

fn certificate(certified: &Option<CertifiedKey>) -> &[u8] {
    &certified.as_ref().unwrap().certificate
}

/// 署名用パスワード of both specimens.
pub const SIGN_PIN: &str = "ABC123";

/// The other PINs that their holders choose.
pub const PIN: &str = "1234";

/// The card of [`specimen`], as issued and without power.
#[must_use]
pub fn card() -> Card {
    card_of(specimen())
}

/// A card as it was issued, without power.
#[must_use]
pub fn card_of(issued: &IssuedCard) -> Card {
    issued.card(Box::<MemoryStore>::default(), Box::new(OsRng)).unwrap()
}

/// The private key by which the specimens' card-verifiable certificates begin: a PUBLIC TEST KEY, PKCS#8 PEM.
pub const CV_ROOT_KEY: &str = vmyna_test_vectors::specimens::keys::CV_ROOT;

/// The same of the 券面事項入力補助AP's.
pub const TEXT_ROOT_KEY: &str = vmyna_test_vectors::specimens::keys::TEXT_ROOT;

/// The same of the 券面事項確認AP's.
pub const FACE_ROOT_KEY: &str = vmyna_test_vectors::specimens::keys::FACE_ROOT;

/// A day on which the specimens' certificates are valid (they are from 1 November 2026 on), as `YYYYMMDD`. Nothing here
/// reads a clock, so the tests do not expire with the certificates.
pub const A_DAY: &[u8; 8] = b"20270401";
