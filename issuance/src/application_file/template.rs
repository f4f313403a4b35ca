//! What a declaration file was read into: applications, of which some values are made with the card.

use vmyna_apdu::{Aid, FileId, StatusWord};
use vmyna_card_os::declaration::{Access, Condition, Content, KeyAlgorithm, Pin, PublicKey, RecordRoom, SelectAnswer};
use vmyna_card_os::rule::{Basis, Rule};
use x509_cert::name::Name;

use super::certificate::Authority;
use super::encoding::Encoding;
use super::keys::SoftwareKey;
use super::source::Place;

/// An application.
#[derive(Clone, Debug)]
pub(super) struct Declared {
    pub(super) place: Place,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) aid: Aid,
    pub(super) basis: Basis,
    pub(super) select: SelectAnswer,
    pub(super) parent: Option<Aid>,
    pub(super) default_key: Option<FileId>,
    pub(super) status_words: Vec<(&'static Rule, StatusWord)>,
    pub(super) session: Option<Session>,
    pub(super) files: Vec<DeclaredFile>,
}

/// The secure session of an application.
#[derive(Clone, Debug)]
pub(super) struct Session {
    pub(super) place: Place,
    /// `None` for a key that is made at issue.
    pub(super) key: Option<SoftwareKey>,
    pub(super) condition: Condition,
    pub(super) basis: Basis,
}

/// A file of any kind.
#[derive(Clone, Debug)]
pub(super) struct DeclaredFile {
    pub(super) place: Place,
    pub(super) id: FileId,
    pub(super) name: String,
    pub(super) title: String,
    pub(super) basis: Basis,
    pub(super) access: Access,
    pub(super) secret: bool,
    pub(super) body: Template,
}

/// What a file is.
#[derive(Clone, Debug)]
pub(super) enum Template {
    Pin(Pin),
    /// The application's and the PIN's name.
    SharedPin {
        application: String,
        pin: String,
    },
    /// Made at issue.
    IssuedKey(KeyAlgorithm),
    /// Given in a file.
    GivenKey(SoftwareKey),
    /// Made on the card.
    GeneratedKey(KeyAlgorithm),
    HostKey(PublicKey),
    /// With its size, if that is stated.
    Transparent(Part, Option<usize>),
    Records(Vec<Part>, Option<RecordRoom>),
    Internal,
}

/// Bytes that a card holds, or how they are made.
#[derive(Clone, Debug)]
pub(super) struct Part {
    pub(super) place: Place,
    pub(super) kind: Kind,
}

/// How bytes are made.
#[derive(Clone, Debug)]
pub(super) enum Kind {
    Bytes(Content),
    Object {
        tag: u16,
        value: Box<Part>,
    },
    Concat(Vec<Part>),
    /// So many digits.
    Serial(usize),
    /// So many bytes.
    Random(usize),
    Person(PersonValue, Encoding),
    Date(CardDate, DateForm),
    /// Over these files.
    Signature(SoftwareKey, Vec<FileId>),
    PublicKey(KeyName),
    Certificate {
        key: KeyName,
        authority: Box<Authority>,
        subject: Name,
    },
}

/// A key whose public half is known at issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum KeyName {
    /// That of the secure session.
    Session,
    /// That in this file.
    File(FileId),
}

/// A value of the cardholder.
#[derive(Clone, Copy, Debug)]
pub(super) enum PersonValue {
    Name,
    Kana,
    Address,
    Birth,
    Sex,
    Municipality,
    MunicipalityCode,
}

/// A date of the card.
#[derive(Clone, Copy, Debug)]
pub(super) enum CardDate {
    Issued,
    Expiry,
}

/// How a date becomes bytes.
#[derive(Clone, Copy, Debug)]
pub(super) enum DateForm {
    Digits,
    Bcd,
    EraDigits,
}

impl Part {
    /// The parts inside it.
    pub(super) fn inner(&self) -> &[Self] {
        match &self.kind {
            Kind::Object { value, .. } => std::slice::from_ref(value),
            Kind::Concat(parts) => parts,
            _ => &[],
        }
    }

    /// The files that it signs, with the place of the signature.
    pub(super) fn signed(&self) -> Vec<(FileId, &Place)> {
        let own: &[FileId] = match &self.kind {
            Kind::Signature(_, files) => files,
            _ => &[],
        };
        let own = own.iter().map(|file| (*file, &self.place));
        own.chain(self.inner().iter().flat_map(Self::signed)).collect()
    }
}
