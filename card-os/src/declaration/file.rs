//! Elementary files as they are declared: transparent, with records, or internal (PIN, key).
//!
//! A file's declaration is what the card was issued with. What changes in use lies in the [store](crate::state::Store).

use core::fmt;
use std::borrow::Cow;

use zeroize::Zeroizing;

use vmyna_apdu::{Aid, FileId};

use super::access::Access;
use super::key::{CertificateKey, KeyAlgorithm, PrivateKey, PublicKey};
use super::pin::Pin;
use crate::rule::Basis;

/// An elementary file of an application, as issued.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct File {
    /// Its identifier within the application.
    pub id: FileId,
    /// Short English name, e.g. `sign certificate`.
    pub name: Cow<'static, str>,
    /// Japanese name: the published one where there is one; may be empty.
    pub title: Cow<'static, str>,
    /// What it is and holds.
    pub body: Body,
    /// What may be done to it.
    pub access: Access,
    /// How certain its existence, form and access are.
    pub basis: Basis,
    /// Whether its content is about the cardholder and needs a credential: traces mask what is read from it.
    pub secret: bool,
    /// What is known of the size of a transparent EF; `None` where nothing is stated.
    pub extent: Option<Extent>,
    /// The room of a file of records that UPDATE RECORD and APPEND RECORD fill. `None`: as many records as are declared,
    /// each at most as long as the longest of them.
    pub room: Option<RecordRoom>,
}

/// The room of a file of records.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecordRoom {
    /// The most records, at most 254.
    pub records: u8,
    /// The longest record, in bytes.
    pub length: u16,
}

/// What is known of the size of a transparent EF.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extent {
    /// The length of the data object at the beginning of the file, behind which is filler. `None` for a file that is no
    /// data object.
    pub object: Option<usize>,
    /// How certain the size of the file is.
    pub basis: Basis,
}

impl File {
    /// The file with this identifier, names, body, access and basis; what it holds is no secret.
    pub fn new(
        id: FileId,
        name: impl Into<Cow<'static, str>>,
        title: impl Into<Cow<'static, str>>,
        body: Body,
        access: Access,
        basis: Basis,
    ) -> Self {
        Self {
            id,
            name: name.into(),
            title: title.into(),
            body,
            access,
            basis,
            secret: false,
            extent: None,
            room: None,
        }
    }

    /// The file with what is known of its size.
    #[must_use]
    pub fn with_extent(self, extent: Extent) -> Self {
        Self {
            extent: Some(extent),
            ..self
        }
    }

    /// The data object that the file begins with. `None` for a file that is no data object, or of which that is not stated.
    pub fn object(&self) -> Option<&[u8]> {
        match (&self.body, self.extent.as_ref()?.object?) {
            (Body::Transparent(content), length) => content.as_bytes().get(..length),
            _ => None,
        }
    }

    /// The file of records with this room.
    #[must_use]
    pub fn with_room(self, room: RecordRoom) -> Self {
        Self {
            room: Some(room),
            ..self
        }
    }

    /// The room of a file of records: the declared one, or what its records take.
    pub fn record_room(&self) -> RecordRoom {
        let records = match &self.body {
            Body::Records(records) => records.as_slice(),
            _ => &[],
        };
        let longest = records.iter().map(|record| record.as_bytes().len()).max();
        self.room.unwrap_or(RecordRoom {
            records: u8::try_from(records.len()).unwrap_or(u8::MAX),
            length: u16::try_from(longest.unwrap_or_default()).unwrap_or(u16::MAX),
        })
    }

    /// The file, declared secret.
    #[must_use]
    pub fn secret(self) -> Self {
        Self { secret: true, ..self }
    }
}

/// A file of the card: the name under which a store knows it.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ObjectId {
    /// Its application.
    pub aid: Aid,
    /// Its identifier.
    pub file: FileId,
}

/// What a file is and holds.
#[derive(Clone, Debug)]
pub enum Body {
    /// A transparent EF: bytes, at most 32,768 of them (the offset of READ BINARY has 15 bits).
    Transparent(Content),
    /// An EF with linear records, each a whole simple-TLV object.
    Records(Vec<Content>),
    /// An internal EF with reference data (a PIN).
    Pin(Pin),
    /// An internal EF whose value and tries are those of a PIN of another application. Each application has its own
    /// security status.
    SharedPin(ObjectId),
    /// An internal EF with a private key.
    PrivateKey(PrivateKey),
    /// An internal EF with a private key that GENERATE ASYMMETRIC KEY PAIR makes on the card. There is none before.
    GeneratedKey(KeyAlgorithm),
    /// An internal EF with the public key of a host, for EXTERNAL AUTHENTICATE.
    HostKey(PublicKey),
    /// An internal EF with the public key of a certification authority, for card-verifiable certificates.
    CertificateKey(CertificateKey),
    /// An internal EF of unknown purpose: it can be selected and nothing else.
    Reserved,
}

impl Body {
    /// The kind of the private key, declared or made on the card; `None` if it is no private key, or an unreadable one.
    pub fn key_algorithm(&self) -> Option<KeyAlgorithm> {
        match self {
            Self::PrivateKey(key) => key.algorithm(),
            Self::GeneratedKey(algorithm) => Some(*algorithm),
            _ => None,
        }
    }
}

/// Bytes of a file or record. They may be personal, so `Debug` shows only how many there are.
#[derive(Clone, PartialEq, Eq)]
pub struct Content(Zeroizing<Vec<u8>>);

impl Content {
    /// The bytes.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<Vec<u8>> for Content {
    fn from(bytes: Vec<u8>) -> Self {
        Self(Zeroizing::new(bytes))
    }
}

impl fmt::Debug for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} bytes", self.0.len())
    }
}
