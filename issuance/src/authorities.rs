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
//! | `mdoc-root/key.pem`, `certificate.der` | the first root of the authority of mdocs ([`crate::mdoc`]): only in a folder |
//! | `generations/NAME/sign-ca`, `…/auth-ca` | the first two of another generation: in a folder its number from 2 on, built in the year of its beginning |
//!
//! A generation of the two X.509 authorities has the same names and keys of its own. A program finds the right one by the
//! key identifier. A certificate is issued by a generation that is valid as long as the certificate: the newest of them. A
//! set that knows its seed makes the generations that it lacks; its own one comes first there, so that a card doesn't depend
//! on the cards before it.
//!
//! Real municipalities have keys of their own. Here all municipalities of a set share three, certified under each one's
//! name. Otherwise a town of people from everywhere would need a thousand keys before its first card.
//!
//! This module reads and writes no file: files are given and handed out as bytes by their path in the set.

use std::collections::{BTreeMap, BTreeSet};

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
use super::x509::names::Hierarchy;
use super::x509::{Authority, ServiceUrl};
use super::{IssuanceError, numbers, validity};

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

const X509: [(&str, Hierarchy); 2] = [(SIGN, Hierarchy::Signature), (AUTH, Hierarchy::Authentication)];

/// The folder of further generations of the X.509 authorities.
pub(super) const GENERATIONS: &str = "generations";

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
    for (name, hierarchy) in X509 {
        let authority = establish_x509(seed, (hierarchy, name), keys[name].clone(), not_before)?;
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

/// Makes an authority. `label` identifies it in the set: its serial number comes from the seed and the label.
fn establish_x509(
    seed: &[u8; 32],
    (hierarchy, label): (Hierarchy, &str),
    key: RsaPrivateKey,
    not_before: DateTime,
) -> Result<Authority, IssuanceError> {
    let digest = keys::seed_for(seed, &format!("{label} serial number"));
    let running = u64::from(u32::from_be_bytes([0, digest[0], digest[1], digest[2]]));
    let serial = numbers::Numbers::of(running)?.certificate_serial;
    Authority::establish(hierarchy, key, serial, not_before)
}

/// Makes the generation of the X.509 authorities that is the latest at `instant`, where one of them begins at `anchor`: its
/// four files.
///
/// # Errors
/// As [`establish`].
pub fn establish_generation(
    seed: &[u8; 32],
    (anchor, instant): (DateTime, DateTime),
    made: KeyMade<'_>,
) -> Result<Files, IssuanceError> {
    let begin = validity::generation_begin(anchor, instant)?;
    new_generation(seed, &begin.year().to_string(), begin, made)
}

/// Makes a generation of the X.509 authorities that begins at `begin`: its four files, under this name.
///
/// # Errors
/// As [`establish`].
pub fn new_generation(seed: &[u8; 32], name: &str, begin: DateTime, made: KeyMade<'_>) -> Result<Files, IssuanceError> {
    let folder = format!("{GENERATIONS}/{name}");
    let labels = X509.map(|(name, _)| format!("{folder}/{name}"));
    let keys = keys::derive_all(seed, &labels, made)?;
    let mut files = Files::new();
    for (((_, hierarchy), label), key) in X509.into_iter().zip(&labels).zip(keys) {
        let pem = Zeroizing::new(to_pem(&key)?.as_bytes().to_vec());
        let authority = establish_x509(seed, (hierarchy, label), key, begin)?;
        files.insert(format!("{label}/key.pem"), pem);
        let certificate = Zeroizing::new(authority.certificate().to_vec());
        files.insert(format!("{label}/certificate.der"), certificate);
    }
    Ok(files)
}

/// The paths of the files of the generation of this name.
pub fn generation_paths(generation: &str) -> impl Iterator<Item = String> + use<> {
    let folders = X509.map(|(name, _)| format!("{GENERATIONS}/{generation}/{name}"));
    folders
        .into_iter()
        .flat_map(|folder| ["key.pem", "certificate.der"].map(|file| format!("{folder}/{file}")))
}

/// The paths of all files of a set, without those of further generations.
pub fn paths() -> impl Iterator<Item = String> {
    let keys = KEYS.into_iter().map(|name| format!("{name}/key.pem"));
    let x509 = X509.map(|(name, _)| format!("{name}/certificate.der"));
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

/// The two X.509 authorities of one generation.
pub(super) struct Generation {
    pub(super) sign: Authority,
    pub(super) auth: Authority,
}

impl Generation {
    /// Takes it up from the files in the folder with this prefix.
    fn take_up(files: &Files, prefix: &str) -> Result<Self, AuthoritiesError> {
        let authority = |name: &str, hierarchy| {
            let path = format!("{prefix}{name}/certificate.der");
            let certificate = file(files, &path)?;
            let key = key(files, &format!("{prefix}{name}"))?;
            Authority::resume(hierarchy, key, certificate).map_err(|error| fault(&path, Some(error)))
        };
        Ok(Self {
            sign: authority(SIGN, Hierarchy::Signature)?,
            auth: authority(AUTH, Hierarchy::Authentication)?,
        })
    }

    /// Since when and until when both certificates are valid, UTC.
    fn validity(&self) -> (DateTime, DateTime) {
        (
            self.sign.begin().max(self.auth.begin()),
            self.sign.end().min(self.auth.end()),
        )
    }

    fn with_service(self, service: &ServiceUrl) -> Self {
        Self {
            sign: self.sign.with_service(service.clone()),
            auth: self.auth.with_service(service.clone()),
        }
    }

    pub(super) fn covers(&self, (begin, end): (DateTime, DateTime)) -> bool {
        let (from, to) = self.validity();
        from <= begin && end <= to
    }
}

/// The authorities, ready to issue.
pub struct Authorities {
    own: Generation,
    /// Further generations at hand.
    others: Vec<Generation>,
    /// From which further generations can be made.
    seed: Option<Zeroizing<[u8; 32]>>,
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

impl AuthoritiesError {
    /// Its cause, for a set that was just made and lacks no file.
    pub(super) fn into_issuance(self) -> IssuanceError {
        self.error.unwrap_or(IssuanceError::Input(
            "a generation of the authorities has all its files",
        ))
    }
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
        let key = |name: &str| key(files, name);
        let root = |name: &str, id: Result<KeyId, CvError>| {
            let key = key(name)?;
            let made = id.map_err(IssuanceError::from).and_then(|id| CvAuthority::new(id, key));
            made.map_err(|error| fault(&format!("{name}/key.pem"), Some(error)))
        };
        let terminal_ca = key(TERMINAL_CA)?.to_public_key();
        let mut others = Vec::new();
        for prefix in generations(files) {
            others.push(Generation::take_up(files, &prefix)?);
        }
        Ok(Self {
            own: Generation::take_up(files, "")?,
            others,
            seed: None,
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

    /// The set with the seed that it was made from, so that it can make the generations that it lacks.
    #[must_use]
    pub fn with_seed(self, seed: Zeroizing<[u8; 32]>) -> Self {
        let seed = Some(seed);
        Self { seed, ..self }
    }

    /// The set with another address of its services in the certificates that it issues.
    #[must_use]
    pub fn with_service(self, service: &ServiceUrl) -> Self {
        let others = self.others.into_iter();
        Self {
            own: self.own.with_service(service),
            others: others.map(|generation| generation.with_service(service)).collect(),
            ..self
        }
    }

    /// Since when and until when certificates of the set are valid, UTC: from the beginning of its own generation to the end
    /// of its newest. A set that can make generations counts its own one alone.
    #[must_use]
    pub fn validity(&self) -> (DateTime, DateTime) {
        let (begin, end) = self.own.validity();
        match self.seed {
            Some(_) => (begin, end),
            None => (
                begin,
                self.others.iter().fold(end, |last, other| last.max(other.validity().1)),
            ),
        }
    }

    /// Whether a generation is valid all the time from `begin` to `end`, one that the set has or can make.
    #[must_use]
    pub fn covers(&self, begin: DateTime, end: DateTime) -> bool {
        let last = |generation: DateTime| validity::authority_end(generation).is_ok_and(|last| end <= last);
        let can_make = || validity::generation_begin(self.validity().0, begin).is_ok_and(last);
        self.at_hand((begin, end)).is_some() || self.seed.is_some() && can_make()
    }

    /// The keys above the municipalities' data-signing keys, with their names: that of texts, that of face data.
    #[must_use]
    pub const fn data_roots(&self) -> [(KeyId, &RsaPublicKey); 2] {
        let (text, face) = (&self.text_root, &self.face_root);
        [(text.id(), text.public_key()), (face.id(), face.public_key())]
    }

    fn at_hand(&self, validity: (DateTime, DateTime)) -> Option<&Generation> {
        let mut covering = self.generations().filter(|generation| generation.covers(validity));
        match self.seed {
            Some(_) => covering.next(),
            None => covering.max_by_key(|generation| generation.validity().0),
        }
    }

    /// The generations at hand.
    pub(super) fn generations(&self) -> impl Iterator<Item = &Generation> {
        std::iter::once(&self.own).chain(&self.others)
    }

    /// Makes the generation that is valid from `begin` to `end`, if the set lacks and can make it. `false` if there is none.
    pub(super) fn prepare(&mut self, begin: DateTime, end: DateTime) -> Result<bool, IssuanceError> {
        if self.at_hand((begin, end)).is_some() {
            return Ok(true);
        }
        let Some(seed) = self.seed.as_ref().filter(|_| self.covers(begin, end)) else {
            return Ok(false);
        };
        let files = establish_generation(seed, (self.validity().0, begin), &|| Ok(()))?;
        let folder = files
            .keys()
            .next()
            .and_then(|path| path.split(AUTH).next())
            .unwrap_or_default();
        let generation = Generation::take_up(&files, folder).map_err(AuthoritiesError::into_issuance)?;
        self.others.push(generation);
        Ok(true)
    }

    /// The generation that certifies from `begin` to `end`: one that is valid all the time, otherwise one that is at the
    /// beginning, otherwise the set's own. It must have been prepared.
    pub(super) fn generation(&self, begin: DateTime, end: DateTime) -> &Generation {
        let latest = || self.at_hand((begin, begin));
        self.at_hand((begin, end)).or_else(latest).unwrap_or(&self.own)
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

/// Takes up the authorities that certify cardholders' keys, of every generation, the newest last, and no other key of the
/// set: what a server needs that answers for them.
///
/// # Errors
/// [`AuthoritiesError`], as for [`Authorities::take_up`].
pub fn certifying(files: &Files) -> Result<Vec<Authority>, AuthoritiesError> {
    let Generation { sign, auth } = Generation::take_up(files, "")?;
    let mut all = certifying_generations(files)?;
    all.extend([sign, auth]);
    all.sort_by_key(Authority::begin);
    Ok(all)
}

/// Takes up those of the further generations in `files` alone.
pub(super) fn certifying_generations(files: &Files) -> Result<Vec<Authority>, AuthoritiesError> {
    let mut all = Vec::new();
    for prefix in generations(files) {
        let Generation { sign, auth } = Generation::take_up(files, &prefix)?;
        all.extend([sign, auth]);
    }
    Ok(all)
}

/// The paths of the files that [`certifying`] needs of a set without further generations.
pub fn certifying_paths() -> impl Iterator<Item = String> {
    [SIGN, AUTH]
        .into_iter()
        .flat_map(|name| [format!("{name}/key.pem"), format!("{name}/certificate.der")])
}

/// The prefixes of the further generations in a set.
fn generations(files: &Files) -> BTreeSet<String> {
    let year = |path: &String| {
        path.strip_prefix(GENERATIONS)?
            .strip_prefix('/')?
            .split('/')
            .next()
            .map(str::to_owned)
    };
    let years = files.keys().filter_map(year);
    years.map(|year| format!("{GENERATIONS}/{year}/")).collect()
}

fn fault(path: &str, error: Option<IssuanceError>) -> AuthoritiesError {
    AuthoritiesError {
        path: path.to_owned(),
        error,
    }
}

fn file<'f>(files: &'f Files, path: &str) -> Result<&'f [u8], AuthoritiesError> {
    files.get(path).map(|bytes| &bytes[..]).ok_or_else(|| fault(path, None))
}

/// The key of a member of the set, by its folder.
fn key(files: &Files, name: &str) -> Result<RsaPrivateKey, AuthoritiesError> {
    let path = format!("{name}/key.pem");
    let text = str::from_utf8(file(files, &path)?).map_err(|_| fault(&path, Some(NO_TEXT)))?;
    from_pem(text).map_err(|error| fault(&path, Some(error)))
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
