//! The authority of mdocs: its roots and signers, made from the key of the first root.

use std::time::Duration;

use der::{DateTime, Decode, Encode};
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, LineEnding};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;
use rsa::signature::Signer as _;
use sha2::{Digest as _, Sha256};
use spki::{DynSignatureAlgorithmIdentifier as _, SubjectPublicKeyInfoOwned};
use vmyna_mdoc::{Signer, SignerKey};
use x509_cert::certificate::Certificate;
use zeroize::Zeroizing;

use super::certificates::{self, Parts};
use crate::IssuanceError;
use crate::authorities::Files;
use crate::keys::seed_for;
use crate::validity::{DAY, generation_begin, next_generation};
use crate::x509::ServiceUrl;

/// The folder of the first root in a set.
pub(crate) const FOLDER: &str = "mdoc-root";
const KEY: &str = "key.pem";
const CERTIFICATE: &str = "certificate.der";

/// How long a root lasts, in days: as the real one (2025-01-29 02:23:04Z to 2030-05-28 02:23:03Z).
const ROOT_DAYS: u64 = 1945;
/// A new signer begins so many days after the one before.
const SIGNER_PERIOD: u64 = 365;
/// How long a signer lasts, in days: the most of ISO/IEC 18013-5, Annex B.
const SIGNER_DAYS: u64 = 457;

/// A root: a key and the self-signed certificate for it.
#[derive(Clone)]
pub struct Root {
    key: p384::ecdsa::SigningKey,
    certificate: Certificate,
    der: Vec<u8>,
}

impl Root {
    fn new(
        key: p384::ecdsa::SigningKey,
        serial: [u8; 20],
        begin: DateTime,
        service: &ServiceUrl,
    ) -> Result<Self, IssuanceError> {
        let public = SubjectPublicKeyInfoOwned::from_key(*key.verifying_key())?;
        let parts = Parts {
            serial,
            validity: (begin, end(begin, ROOT_DAYS)),
            public: &public,
            issuer: &public,
            algorithm: key.signature_algorithm_identifier()?,
            service,
        };
        let certificate = certificates::root(parts, &|bytes| sign(&key, bytes))?;
        let der = certificate.to_der()?;
        Ok(Self { key, certificate, der })
    }

    /// Its certificate, DER.
    #[must_use]
    pub fn certificate(&self) -> &[u8] {
        &self.der
    }

    /// Its certificate, read.
    #[must_use]
    pub const fn parsed(&self) -> &Certificate {
        &self.certificate
    }

    /// When its certificate begins, UTC.
    #[must_use]
    pub fn begin(&self) -> DateTime {
        self.certificate.tbs_certificate.validity.not_before.to_date_time()
    }

    /// When its certificate ends, UTC.
    #[must_use]
    pub fn end(&self) -> DateTime {
        self.certificate.tbs_certificate.validity.not_after.to_date_time()
    }

    /// How its signatures are named: ecdsa-with-SHA384.
    #[must_use]
    pub fn algorithm(&self) -> &spki::AlgorithmIdentifierOwned {
        &self.certificate.signature_algorithm
    }

    /// The signature of a message, DER: ECDSA with SHA-384, deterministic (RFC 6979).
    ///
    /// # Errors
    /// [`IssuanceError::Mismatch`] when the key fails, which no message makes it do.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, IssuanceError> {
        sign(&self.key, message)
    }
}

fn sign(key: &p384::ecdsa::SigningKey, message: &[u8]) -> Result<Vec<u8>, IssuanceError> {
    let signature: Result<p384::ecdsa::DerSignature, _> = key.try_sign(message);
    let signature = signature.map_err(|_| IssuanceError::Mismatch("the mdoc root's key and a signature with it"))?;
    Ok(signature.as_bytes().to_vec())
}

/// A key that signs mdocs, with its certificate.
#[derive(Clone)]
pub struct DocumentSigner {
    /// The key (P-256) and its certificate.
    pub signer: Signer,
    /// Since when and until when the certificate is valid, UTC.
    pub validity: (DateTime, DateTime),
    /// Its serial number, 20 bytes.
    pub serial: [u8; 20],
}

/// The authority of mdocs of a set of authorities.
#[derive(Clone)]
pub struct MdocAuthority {
    first: Root,
    /// From which the keys of all other roots and of the signers are made.
    secret: Zeroizing<[u8; 32]>,
    service: ServiceUrl,
}

impl MdocAuthority {
    /// Makes the authority from a seed. The generations of its roots begin every four years, one of them at `begin` (UTC; on
    /// 28 February if that is the 29th). Its certificates name the services at `service`.
    ///
    /// # Errors
    /// When a certificate can't be encoded; [`IssuanceError::Asn1`] for a time outside the years 1970 to 9999.
    pub fn establish(seed: &[u8; 32], begin: DateTime, service: &ServiceUrl) -> Result<Self, IssuanceError> {
        let begin = generation_begin(begin, begin)?;
        let key = p384_key(seed, FOLDER);
        let first = Root::new(key, serial(seed, FOLDER), begin, service)?;
        Ok(Self::of(first, service))
    }

    /// Takes the authority up again from the files that [`Self::files`] gives.
    ///
    /// # Errors
    /// [`IssuanceError::Input`] when the key is no PKCS#8 PEM of a P-384 key; [`IssuanceError::Asn1`] when the certificate
    /// can't be read, [`IssuanceError::Mismatch`] when it is not the key's or has another name.
    pub fn resume(pem: &[u8], certificate: &[u8], service: &ServiceUrl) -> Result<Self, IssuanceError> {
        const NO_KEY: IssuanceError = IssuanceError::Input("the key of an mdoc root is PKCS#8 PEM of P-384");
        let pem = str::from_utf8(pem).map_err(|_| NO_KEY)?;
        let key = p384::ecdsa::SigningKey::from_pkcs8_pem(pem).map_err(|_| NO_KEY)?;
        let certificate = Certificate::from_der(certificate)?;
        let public = SubjectPublicKeyInfoOwned::from_key(*key.verifying_key())?;
        let fields = &certificate.tbs_certificate;
        if fields.subject_public_key_info != public {
            return Err(IssuanceError::Mismatch("the mdoc root's certificate and its key"));
        }
        if fields.subject != certificates::name(certificates::ROOT)? {
            return Err(IssuanceError::Mismatch("the mdoc root's certificate and its name"));
        }
        let der = certificate.to_der()?;
        Ok(Self::of(Root { key, certificate, der }, service))
    }

    fn of(first: Root, service: &ServiceUrl) -> Self {
        let mut digest = Sha256::new();
        digest.update(b"vmyna mdoc keys");
        digest.update(Zeroizing::new(first.key.to_bytes()).as_slice());
        Self {
            first,
            secret: Zeroizing::new(digest.finalize().into()),
            service: service.clone(),
        }
    }

    /// The files of the first root by their path in the set: its key (PKCS#8 PEM) and its certificate (DER).
    ///
    /// # Errors
    /// [`IssuanceError::PrivateKey`] when the key can't be encoded.
    pub fn files(&self) -> Result<Files, IssuanceError> {
        let pem = self.first.key.to_pkcs8_pem(LineEnding::LF)?;
        let [key, certificate] = paths();
        Ok(Files::from([
            (key, Zeroizing::new(pem.as_bytes().to_vec())),
            (certificate, Zeroizing::new(self.first.der.clone())),
        ]))
    }

    /// The root that is the latest at a time.
    ///
    /// # Errors
    /// [`IssuanceError::Asn1`] outside the years 1970 to 9999.
    pub fn root(&self, instant: DateTime) -> Result<Root, IssuanceError> {
        let begin = generation_begin(self.first.begin(), instant)?;
        if begin == self.first.begin() {
            return Ok(self.first.clone());
        }
        let label = format!("{FOLDER}/{begin}");
        let key = p384_key(&self.secret, &label);
        Root::new(key, serial(&self.secret, &label), begin, &self.service)
    }

    /// The roots of every generation from the first one to that of a time, the newest last. Of a time before the first, the
    /// one of that time alone.
    ///
    /// # Errors
    /// [`IssuanceError::Asn1`] outside the years 1970 to 9999.
    pub fn roots(&self, instant: DateTime) -> Result<Vec<Root>, IssuanceError> {
        let last = self.root(instant)?;
        let mut roots = Vec::new();
        let mut root = self.first.clone();
        while root.begin() < last.begin() {
            let next = self.root(next_generation(root.begin())?)?;
            roots.push(root);
            root = next;
        }
        roots.push(last);
        Ok(roots)
    }

    /// The roots that are valid at a time, also from before the first: the one of that time last. A signer that the one before
    /// has certified can be valid too.
    ///
    /// # Errors
    /// [`IssuanceError::Asn1`] outside the years 1970 to 9999.
    pub fn valid_roots(&self, instant: DateTime) -> Result<Vec<Root>, IssuanceError> {
        let last = self.root(instant)?;
        let just_before = last.begin().unix_duration().checked_sub(Duration::from_secs(1));
        let mut roots = Vec::new();
        if let Some(just_before) = just_before {
            roots.push(self.root(DateTime::from_unix_duration(just_before)?)?);
        }
        roots.push(last);
        roots.retain(|root| instant <= root.end());
        Ok(roots)
    }

    /// The signer of a time, after so many signers of its period have been revoked.
    ///
    /// # Errors
    /// [`IssuanceError::Asn1`] outside the years 1970 to 9999.
    pub fn signer(&self, instant: DateTime, revoked: u32) -> Result<DocumentSigner, IssuanceError> {
        let root = self.root(instant)?;
        let since = instant.unix_duration().saturating_sub(root.begin().unix_duration());
        let period = since.as_secs() / (SIGNER_PERIOD * DAY);
        let begin = later(root.begin(), Duration::from_secs(period * SIGNER_PERIOD * DAY));
        let label = match revoked {
            0 => format!("mdoc-signer/{begin}"),
            revoked => format!("mdoc-signer/{begin}/{}", revoked + 1),
        };
        let key = p256_key(&self.secret, &label);
        let public = SubjectPublicKeyInfoOwned::from_key(*key.verifying_key())?;
        let serial = serial(&self.secret, &label);
        let parts = Parts {
            serial,
            validity: (begin, end(begin, SIGNER_DAYS).min(root.end())),
            public: &public,
            issuer: &root.certificate.tbs_certificate.subject_public_key_info,
            algorithm: root.certificate.signature_algorithm.clone(),
            service: &self.service,
        };
        let validity = parts.validity;
        let common_name = format!("vmyna TEST mdoc signer {}", begin.year());
        let certificate = certificates::signer(&common_name, parts, &|bytes| root.sign(bytes))?.to_der()?;
        let key = SignerKey::P256(key.into());
        Ok(DocumentSigner {
            signer: Signer { key, certificate },
            validity,
            serial,
        })
    }
}

/// The paths of the files of the first root in a set: the key's, the certificate's.
pub(crate) fn paths() -> [String; 2] {
    [KEY, CERTIFICATE].map(|file| format!("{FOLDER}/{file}"))
}

/// The last second of so many days from `begin` on, in the year 9999 at the latest.
fn end(begin: DateTime, days: u64) -> DateTime {
    later(begin, Duration::from_secs(days * DAY - 1))
}

fn later(time: DateTime, by: Duration) -> DateTime {
    DateTime::from_unix_duration(time.unix_duration() + by).unwrap_or(DateTime::INFINITY)
}

/// A serial number of 20 bytes, positive and with 158 bits of the seed.
fn serial(seed: &[u8; 32], label: &str) -> [u8; 20] {
    let digest = seed_for(seed, &format!("{label} serial number"));
    let mut serial = [0; 20];
    serial.copy_from_slice(&digest[..20]);
    serial[0] = serial[0] & 0x3F | 0x40;
    serial
}

fn p384_key(seed: &[u8; 32], label: &str) -> p384::ecdsa::SigningKey {
    p384::ecdsa::SigningKey::random(&mut ChaCha20Rng::from_seed(*seed_for(seed, label)))
}

fn p256_key(seed: &[u8; 32], label: &str) -> p256::ecdsa::SigningKey {
    p256::ecdsa::SigningKey::random(&mut ChaCha20Rng::from_seed(*seed_for(seed, label)))
}
