//! Unmodified programs of other projects against the virtual card: what all the tests here share.
//!
//! The clients are taken as published and see nothing of the card but APDUs. This package must never change a client,
//! help one over a difference between the virtual card and a real one, or become part of the product. The card is the
//! specimen `hanako`: a fictional person, public test keys.

#![allow(clippy::unwrap_used, clippy::panic)] // the whole package is for tests; a panic is how they fail

mod fixtures;
mod software;

pub use fixtures::reference_card_files;
pub use software::SoftwareCard;

use rand_core::OsRng;
use vmyna_applets::issuance::specimen::{Specimen, hanako};
use vmyna_applets::{Profile, specimen};
use vmyna_card_os::key::OpensslEngine;
use vmyna_card_os::store::MemoryStore;
use vmyna_card_os::{Card, Parts};

/// What the card is made of: the specimen of a fictional person.
#[must_use]
pub fn specimen() -> Specimen {
    hanako()
}

/// The specimen's card, as issued and without power.
#[must_use]
pub fn card() -> Card {
    let profile = Profile::contact();
    Card::new(Parts {
        applications: specimen::applications(&specimen(), &profile).unwrap(),
        atr: profile.atr,
        store: Box::new(MemoryStore::default()),
        engine: Box::new(OpensslEngine),
        rng: Box::new(OsRng),
    })
    .unwrap()
}

/// The private key by which the specimens' card-verifiable certificates begin: a PUBLIC TEST KEY, PKCS#8 PEM.
pub const CV_ROOT_KEY: &str = include_str!("../../test-vectors/specimens/cv-root/key.pem");

/// The same of the 券面事項入力補助AP's.
pub const TEXT_ROOT_KEY: &str = include_str!("../../test-vectors/specimens/text-root/key.pem");

/// The same of the 券面事項確認AP's.
pub const FACE_ROOT_KEY: &str = include_str!("../../test-vectors/specimens/face-root/key.pem");

/// A day on which the specimen's certificates are valid (they are from 1 November 2026 on), as `YYYYMMDD`. Nothing here
/// reads a clock, so the tests do not expire with the certificates.
pub const A_DAY: &[u8; 8] = b"20270401";
