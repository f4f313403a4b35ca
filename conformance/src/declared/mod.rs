//! An application in the free area (空き領域) as its author declares it, as data, and the vectors that follow from it: each
//! file × operation × set of verified PINs, counters, lengths, absent files, and what lasts without power.
//!
//! The expected answers come from this module's own evaluation of the conditions. They prove that a card does what the
//! declaration states. They don't prove that the declaration is right.

mod commands;
mod files;
mod keys;
mod maker;
mod pin;
mod whole;
mod writes;

use std::collections::{BTreeMap, BTreeSet};

use vmyna_apdu::{Text, text};
use zeroize::Zeroizing;

use crate::hosts::Host;
use crate::template::Names;
use crate::vector::{Certainty, Vector};

/// An application as it is declared.
#[derive(Clone, Debug)]
pub struct Declared {
    /// Its name: `a-z 0-9 -`.
    pub name: String,
    /// Its AID.
    pub aid: Vec<u8>,
    /// The file control information of SELECT, if it is the application's own.
    pub fci: Option<Vec<u8>>,
    /// Whether SELECT answers 6283 and nothing else is allowed.
    pub locked: bool,
    /// The name of the application that must be selected before it.
    pub parent: Option<String>,
    /// Its files.
    pub files: Vec<File>,
    /// The key that COMPUTE DIGITAL SIGNATURE with P2=00 means.
    pub default_key: Option<u16>,
    /// When a secure session can be opened, or the status word by which it never can.
    pub session: Result<Condition, u16>,
    /// Where it answers another status word: the name of the card's rule, and the answer.
    pub answers: BTreeMap<String, u16>,
    /// How certain its existence is.
    pub certainty: Certainty,
    /// Where it is known from.
    pub source: String,
}

/// A file of an application.
#[derive(Clone, Debug)]
pub struct File {
    /// Its identifier.
    pub id: u16,
    /// Its name.
    pub name: String,
    /// What it is and holds.
    pub kind: Kind,
    /// Whether its contents are never to be shown.
    pub secret: bool,
    /// The operations that are declared, by the words of `access.toml`, each with its condition.
    pub access: Vec<(String, Condition)>,
    /// How certain this is.
    pub certainty: Certainty,
    /// Where it is known from.
    pub source: String,
}

/// What a file is and holds. `Debug` shows no contents.
#[derive(Clone)]
pub enum Kind {
    /// Bytes.
    Transparent(Zeroizing<Vec<u8>>),
    /// Records, the most that there can be, and the longest.
    Records(Vec<Zeroizing<Vec<u8>>>, usize, usize),
    /// A PIN.
    Pin(Pin),
    /// A private key that is there.
    PrivateKey(Algorithm),
    /// A private key that the card makes.
    GeneratedKey(Algorithm),
    /// The public key of a host: one of the suite's own hosts, or another, which no vector can authenticate.
    HostKey(Algorithm, Option<Host>),
    /// The public key of an authority for card-verifiable certificates.
    CertificateKey,
    /// A file that can be selected and nothing else.
    Reserved,
}

/// A PIN as it is declared.
#[derive(Clone)]
pub struct Pin {
    /// Its value; `None` where it is unset.
    pub value: Option<Zeroizing<Vec<u8>>>,
    /// The wrong values in a row that block it; `None` without limit.
    pub tries: Option<u8>,
    /// The tries that it has at issue.
    pub left: u8,
    /// The least and the greatest length.
    pub length: (usize, usize),
}

/// The algorithm of a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Algorithm {
    /// RSA, with the length of the modulus in bytes.
    Rsa(usize),
    /// An elliptic curve, with the length of a coordinate in bytes.
    Curve(usize),
}

/// When an operation is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Without any credential.
    Always,
    /// By no credential.
    Never,
    /// Never, because the key is not for this use.
    Unsuited,
    /// After this PIN was verified, or this host key authenticated.
    Verified(u16),
    /// Where one of these holds.
    AnyOf(Vec<Condition>),
    /// Where all of these hold; of none, never.
    AllOf(Vec<Condition>),
}

impl Condition {
    /// Whether it holds with exactly these PINs verified.
    fn holds(&self, verified: &BTreeSet<u16>) -> bool {
        match self {
            Self::Always => true,
            Self::Never | Self::Unsuited => false,
            Self::Verified(pin) => verified.contains(pin),
            Self::AnyOf(parts) => parts.iter().any(|part| part.holds(verified)),
            Self::AllOf(parts) => !parts.is_empty() && parts.iter().all(|part| part.holds(verified)),
        }
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Transparent(_) => "transparent",
            Self::Records(..) => "records",
            Self::Pin(_) => "PIN",
            Self::PrivateKey(_) => "private key",
            Self::GeneratedKey(_) => "generated key",
            Self::HostKey(..) => "host key",
            Self::CertificateKey => "certificate key",
            Self::Reserved => "reserved",
        })
    }
}

impl Pin {
    /// Whether its right value can be verified.
    fn can_be_verified(&self) -> bool {
        self.value.is_some() && self.left > 0
    }
}

/// What a reader of a report must know of these vectors.
#[must_use]
pub fn note() -> Text {
    text!(
        "Vectors that follow from a declaration prove that the card does what the declaration states. They do not prove \
         that the declaration is right, or that a real card behaves so.",
        "宣言から導いたベクタは、カードが宣言どおりに動作することを示す。宣言が正しいことや、実際のカードが同じ動作をすることを示すものではない。"
    )
}

/// The names of these applications and of their PINs, for vectors.
pub(crate) fn names(applications: &[Declared]) -> Names {
    let mut names = Names::default();
    for application in applications {
        names.application(&application.name, &application.aid);
        for file in &application.files {
            if let Kind::Pin(Pin { value: Some(value), .. }) = &file.kind {
                names.pin(&maker::word(&file.name), &application.name, value);
            }
        }
    }
    names
}

/// The vectors that follow from the declarations of a card's free area.
///
/// # Errors
/// A sentence: a declaration contradicts itself.
pub(crate) fn vectors(applications: &[Declared]) -> Result<Vec<Vector>, String> {
    let mut vectors = Vec::new();
    for application in applications {
        let maker = maker::Maker::new(application, applications)?;
        whole::vectors(&maker, &mut vectors)?;
        for file in application.files.iter().filter(|_| !application.locked) {
            files::vectors(&maker, file, &mut vectors)?;
        }
    }
    Ok(vectors)
}
