//! The authorities that certify a card's keys and sign its files. They are a set of keys and certificates in a folder
//! ([`crate::ca_folder`]), or built in.
//!
//! | File | Is |
//! |---|---|
//! | `sign-ca/key.pem`, `sign-ca/certificate.der` | the authority for digital signature (署名用認証局) |
//! | `auth-ca/key.pem`, `auth-ca/certificate.der` | the authority for user authentication (利用者証明用認証局) |
//! | `cv-root/key.pem` | the root of the card manager's card-verifiable certificates |
//! | `text-root/key.pem` | the root above the signatures of the input-assist application |
//! | `face-root/key.pem` | the root above the signatures of the face-info application |
//! | `terminal-ca/key.pem` | by which a card checks a terminal (JPKI EF 0016) |
//! | `terminal-intermediate/key.pem`, `certificate.bin` | a terminal's chain under it, for tests of the PIN-less path |
//! | `terminal/key.pem`, `certificate.bin` | the terminal itself |
//! | `municipality-cv/key.pem`, `-text/key.pem`, `-face/key.pem` | a municipality's three keys: for the cards' own keys, for texts, for face data |
//!
//! Real municipalities have keys of their own. Here all municipalities of a set share three, certified under each one's
//! name. Otherwise a town of people from everywhere would need a thousand keys before its first card.
//!
//! This module reads and writes no file: files are given and handed out as bytes by their path in the set.

use std::collections::BTreeMap;

use der::DateTime;
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use vmyna_applets::cv::{CvCertificate, CvError, KeyId};
use vmyna_applets::person::MunicipalityCode;
use vmyna_card_os::declaration::CertificateKey;
use zeroize::Zeroizing;

use super::cv::CvAuthority;
use super::face_data::{self, FaceAuthority};
use super::keys::{self, KeyMade, from_pem, to_pem};
use super::text_data::{self, TextAuthority};
use super::x509::Authority;
use super::x509::names::Hierarchy;
use super::{IssuanceError, numbers};

const SIGN: &str = "sign-ca";
const AUTH: &str = "auth-ca";
const CV_ROOT: &str = "cv-root";
const TEXT_ROOT: &str = "text-root";
const FACE_ROOT: &str = "face-root";
const TERMINAL_CA: &str = "terminal-ca";
const TERMINAL_INTERMEDIATE: &str = "terminal-intermediate";
const TERMINAL: &str = "terminal";
const MUNICIPALITY_CV: &str = "municipality-cv";
const MUNICIPALITY_TEXT: &str = "municipality-text";
const MUNICIPALITY_FACE: &str = "municipality-face";

/// Every member of the set that has a key.
const KEYS: [&str; 11] = [
    SIGN,
    AUTH,
    CV_ROOT,
    TEXT_ROOT,
    FACE_ROOT,
    TERMINAL_CA,
    TERMINAL_INTERMEDIATE,
    TERMINAL,
    MUNICIPALITY_CV,
    MUNICIPALITY_TEXT,
    MUNICIPALITY_FACE,
];

/// Files by their path in the set.
pub type Files = BTreeMap<String, Zeroizing<Vec<u8>>>;

/// Makes a new set of authorities from a seed: all keys, and certificates that begin at `not_before`.
///
/// # Errors
/// When a key or certificate cannot be made, or what `made` gives.
pub fn establish(seed: &[u8; 32], not_before: DateTime, made: KeyMade<'_>) -> Result<Files, IssuanceError> {
    let labels = KEYS.map(str::to_owned);
    let made = keys::derive_all(seed, &labels, made)?;
    let keys: BTreeMap<&str, RsaPrivateKey> = KEYS.into_iter().zip(made).collect();
    let mut files = Files::new();
    for (name, key) in &keys {
        let pem = Zeroizing::new(to_pem(key)?.as_bytes().to_vec());
        files.insert(format!("{name}/key.pem"), pem);
    }
    let mut write = |path: &str, bytes: Vec<u8>| files.insert(path.to_owned(), Zeroizing::new(bytes));
    for (name, hierarchy) in [(SIGN, Hierarchy::Signature), (AUTH, Hierarchy::Authentication)] {
        let digest = keys::seed_for(seed, &format!("{name} serial number"));
        let running = u64::from(u32::from_be_bytes([0, digest[0], digest[1], digest[2]]));
        let serial = numbers::Numbers::of(running)?.certificate_serial;
        let authority = Authority::establish(hierarchy, keys[name].clone(), serial, not_before)?;
        write(&format!("{name}/certificate.der"), authority.certificate().to_vec());
    }
    let authority = CvAuthority::new(terminal_ca_id()?, keys[TERMINAL_CA].clone())?;
    let intermediate_key = keys[TERMINAL_INTERMEDIATE].clone();
    let intermediate = authority.certify(KeyId::terminal(1, 1)?, &intermediate_key.to_public_key())?;
    write(&certificate(TERMINAL_INTERMEDIATE), intermediate.to_file());
    let terminal = CvAuthority::new(intermediate.subject(), intermediate_key)?
        .certify(KeyId::terminal(2, 1)?, &keys[TERMINAL].to_public_key())?;
    write(&certificate(TERMINAL), terminal.to_file());
    Ok(files)
}

/// The paths of all files of a set.
pub fn paths() -> impl Iterator<Item = String> {
    let keys = KEYS.into_iter().map(|name| format!("{name}/key.pem"));
    let x509 = [SIGN, AUTH].map(|name| format!("{name}/certificate.der"));
    let others = [certificate(TERMINAL_INTERMEDIATE), certificate(TERMINAL)];
    keys.chain(x509).chain(others)
}

fn certificate(name: &str) -> String {
    format!("{name}/certificate.bin")
}

/// The name of the key by which cards check terminals.
fn terminal_ca_id() -> Result<KeyId, CvError> {
    KeyId::terminal(0, 1)
}

/// The authorities, ready to issue.
pub struct Authorities {
    pub(super) sign: Authority,
    pub(super) auth: Authority,
    pub(super) terminal_ca: CertificateKey,
    cv_root: CvAuthority,
    text_root: CvAuthority,
    face_root: CvAuthority,
    municipality: MunicipalityKeys,
}

/// A file of the set that is missing or does not hold what it should.
#[derive(Debug, thiserror::Error)]
#[error("{path}: {reason}", reason = reason(.error))]
#[non_exhaustive]
pub struct AuthoritiesError {
    /// The file's path in the set.
    pub path: String,
    /// What is wrong; `None` if the file is missing.
    #[source]
    pub error: Option<IssuanceError>,
}

/// The error of a file; `None` if it is missing.
pub(super) fn reason(error: &Option<IssuanceError>) -> String {
    error
        .as_ref()
        .map_or_else(|| "the file is missing".to_owned(), ToString::to_string)
}

impl Authorities {
    /// Takes a set up.
    ///
    /// # Errors
    /// [`AuthoritiesError`]: which file is missing (no error in it), unreadable or belongs to another set.
    pub fn take_up(files: &Files) -> Result<Self, AuthoritiesError> {
        let fault = |path: &str, error| AuthoritiesError {
            path: path.to_owned(),
            error,
        };
        let file = |path: &str| files.get(path).ok_or_else(|| fault(path, None));
        let key = |name: &str| {
            let path = format!("{name}/key.pem");
            let text = str::from_utf8(file(&path)?).map_err(|_| fault(&path, Some(NO_TEXT)))?;
            from_pem(text).map_err(|error| fault(&path, Some(error)))
        };
        let authority = |name: &str, hierarchy| {
            let path = format!("{name}/certificate.der");
            Authority::resume(hierarchy, key(name)?, file(&path)?).map_err(|error| fault(&path, Some(error)))
        };
        let root = |name: &str, id: Result<KeyId, CvError>| {
            let key = key(name)?;
            let made = id.map_err(IssuanceError::from).and_then(|id| CvAuthority::new(id, key));
            made.map_err(|error| fault(&format!("{name}/key.pem"), Some(error)))
        };
        let terminal_ca = key(TERMINAL_CA)?.to_public_key();
        Ok(Self {
            sign: authority(SIGN, Hierarchy::Signature)?,
            auth: authority(AUTH, Hierarchy::Authentication)?,
            cv_root: root(CV_ROOT, KeyId::root(1))?,
            text_root: root(TEXT_ROOT, text_data::root_id(1))?,
            face_root: root(FACE_ROOT, face_data::root_id(1))?,
            terminal_ca: certificate_key(&terminal_ca).map_err(|error| fault(TERMINAL_CA, Some(error)))?,
            municipality: MunicipalityKeys {
                cv: key(MUNICIPALITY_CV)?,
                text: key(MUNICIPALITY_TEXT)?,
                face: key(MUNICIPALITY_FACE)?,
            },
        })
    }

    /// Since when the authorities' certificates are valid, UTC: what is issued for a time before is not.
    #[must_use]
    pub fn begin(&self) -> DateTime {
        self.sign.begin().max(self.auth.begin())
    }

    /// Opens the desk of a municipality: has its keys certified under its name.
    pub(super) fn municipality(&self, code: MunicipalityCode) -> Result<MunicipalDesk, IssuanceError> {
        let keys = &self.municipality;
        let id = KeyId::intermediate(code, 2)?;
        Ok(MunicipalDesk {
            certificate: self.cv_root.certify(id, &keys.cv.to_public_key())?,
            cards: CvAuthority::new(id, keys.cv.clone())?,
            text: TextAuthority::establish(&self.text_root, code, keys.text.clone())?,
            face: FaceAuthority::establish(&self.face_root, code, keys.face.clone())?,
        })
    }
}

const NO_TEXT: IssuanceError = IssuanceError::Input("a key file is PKCS#8 PEM");

struct MunicipalityKeys {
    cv: RsaPrivateKey,
    text: RsaPrivateKey,
    face: RsaPrivateKey,
}

/// What one municipality's cards are signed with.
pub(super) struct MunicipalDesk {
    /// GET DATA 00F8: the root certifies the municipality's key.
    pub(super) certificate: CvCertificate,
    /// That key, which certifies the cards' own keys.
    pub(super) cards: CvAuthority,
    pub(super) text: TextAuthority,
    pub(super) face: FaceAuthority,
}

fn certificate_key(key: &RsaPublicKey) -> Result<CertificateKey, IssuanceError> {
    Ok(CertificateKey {
        key_id: *terminal_ca_id()?.as_bytes(),
        modulus: key.n().to_bytes_be(),
        exponent: key.e().to_bytes_be(),
    })
}

#[cfg(test)]
mod tests;
