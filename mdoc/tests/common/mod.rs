//! A small issuer: a root, document signers and revocation lists by ISO/IEC 18013-5 Annex B, each of which a test can spoil
//! before it is signed.

#![allow(dead_code, unreachable_pub, reason = "each test program uses a part")]
#![allow(clippy::unwrap_used, clippy::panic, reason = "a panic is how a test fails")]

pub mod forge;

use std::str::FromStr;

use der::asn1::{BitString, Ia5String, OctetString, UtcTime};
use der::oid::ObjectIdentifier;
use der::{DateTime, Decode, Encode};
use p256::ecdsa::signature::Signer as _;
use p256::pkcs8::EncodePublicKey;
use rand_core::SeedableRng as _;
use sha1::{Digest, Sha1};
use vmyna_mdoc::{
    Attributes, BirthDate, DOC_TYPE, DeviceRequest, IssuerSigned, NAMESPACE, NAMESPACE_JP, Options, Report, Sex,
    Signer, SignerKey, Transcript, Validity, issue, present, verify,
};
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CrlDistributionPoints, CrlNumber, ExtendedKeyUsage, IssuerAltName,
    KeyUsage, KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::ext::{AsExtension, Extension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity as CertificateValidity};
use x509_cert::{Certificate, TbsCertificate, Version};

pub const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
pub const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
pub const EKU_SIGNER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.0.18013.5.1.2");
pub const EKU_READER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.0.18013.5.1.6");

pub fn rng() -> rand_chacha::ChaCha8Rng {
    rand_chacha::ChaCha8Rng::seed_from_u64(23)
}

/// A moment, `YYYY-MM-DDTHH:MM:SSZ`.
pub fn at(text: &str) -> DateTime {
    text.parse().unwrap()
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Curve {
    P256,
    P384,
}

impl Curve {
    /// A key from a number.
    pub fn key(self, number: u64) -> SignerKey {
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(number);
        match self {
            Self::P256 => SignerKey::P256(p256::SecretKey::random(&mut rng)),
            Self::P384 => SignerKey::P384(p384::SecretKey::random(&mut rng)),
        }
    }
}

fn public(key: &SignerKey) -> SubjectPublicKeyInfoOwned {
    let der = match key {
        SignerKey::P256(key) => key.public_key().to_public_key_der(),
        SignerKey::P384(key) => key.public_key().to_public_key_der(),
        _ => unreachable!(),
    };
    SubjectPublicKeyInfoOwned::from_der(der.unwrap().as_bytes()).unwrap()
}

pub fn key_id(public: &SubjectPublicKeyInfoOwned) -> OctetString {
    OctetString::new(Sha1::digest(public.subject_public_key.raw_bytes()).to_vec()).unwrap()
}

fn algorithm(key: &SignerKey) -> AlgorithmIdentifierOwned {
    let oid = match key {
        SignerKey::P256(_) => ECDSA_SHA256,
        _ => ECDSA_SHA384,
    };
    AlgorithmIdentifierOwned { oid, parameters: None }
}

fn sign(key: &SignerKey, data: &[u8]) -> BitString {
    let der = match key {
        SignerKey::P256(key) => {
            let signature: p256::ecdsa::DerSignature = p256::ecdsa::SigningKey::from(key).sign(data);
            signature.as_bytes().to_vec()
        }
        SignerKey::P384(key) => {
            let signature: p384::ecdsa::DerSignature = p384::ecdsa::SigningKey::from(key).sign(data);
            signature.as_bytes().to_vec()
        }
        _ => unreachable!(),
    };
    BitString::from_bytes(&der).unwrap()
}

pub fn time(text: &str) -> Time {
    Time::UtcTime(UtcTime::from_date_time(at(text)).unwrap())
}

fn uri(text: &str) -> GeneralName {
    GeneralName::UniformResourceIdentifier(Ia5String::new(text).unwrap())
}

/// An extension that is critical as its type says.
pub fn extension(value: &impl AsExtension) -> Extension {
    value.to_extension(&Name::default(), &[]).unwrap()
}

/// Replaces the extension of the same identifier, or adds it.
pub fn set(tbs: &mut TbsCertificate, new: Extension) {
    remove(tbs, new.extn_id);
    tbs.extensions.get_or_insert_default().push(new);
}

/// Removes the extension of an identifier.
pub fn remove(tbs: &mut TbsCertificate, oid: ObjectIdentifier) {
    tbs.extensions.get_or_insert_default().retain(|one| one.extn_id != oid);
}

fn tbs(serial: u64, issuer: &str, subject: &str, from: &str, until: &str, key: &SignerKey) -> TbsCertificate {
    TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&[&[0x5A], &serial.to_be_bytes()[..]].concat()).unwrap(),
        signature: AlgorithmIdentifierOwned {
            oid: ECDSA_SHA256,
            parameters: None,
        },
        issuer: Name::from_str(issuer).unwrap(),
        validity: CertificateValidity {
            not_before: time(from),
            not_after: time(until),
        },
        subject: Name::from_str(subject).unwrap(),
        subject_public_key_info: public(key),
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: None,
    }
}

fn certificate(mut tbs: TbsCertificate, key: &SignerKey) -> Vec<u8> {
    tbs.signature = algorithm(key);
    let signature = sign(key, &tbs.to_der().unwrap());
    let certificate = Certificate {
        signature_algorithm: tbs.signature.clone(),
        tbs_certificate: tbs,
        signature,
    };
    certificate.to_der().unwrap()
}

/// A root of a test issuer.
pub struct Root {
    pub key: SignerKey,
    pub certificate: Vec<u8>,
}

const ROOT: &str = "C=JP,O=vmyna TEST,CN=vmyna TEST mdoc root";

impl Root {
    /// A root by Annex B, changed by `spoil` before it is signed.
    pub fn new(curve: Curve, number: u64, spoil: impl FnOnce(&mut TbsCertificate)) -> Self {
        let key = curve.key(number);
        let mut tbs = tbs(number, ROOT, ROOT, "2026-01-01T00:00:00Z", "2031-01-01T00:00:00Z", &key);
        let id = key_id(&tbs.subject_public_key_info);
        for one in [
            extension(&BasicConstraints {
                ca: true,
                path_len_constraint: Some(0),
            }),
            extension(&AuthorityKeyIdentifier {
                key_identifier: Some(id.clone()),
                ..Default::default()
            }),
            extension(&IssuerAltName(vec![uri("https://mdoc.test.invalid/")])),
            extension(&points()),
            extension(&SubjectKeyIdentifier(id)),
            extension(&KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign)),
        ] {
            set(&mut tbs, one);
        }
        spoil(&mut tbs);
        Self {
            certificate: certificate(tbs, &key),
            key,
        }
    }

    /// A document signer by Annex B, changed by `spoil` before it is signed.
    pub fn signer(&self, curve: Curve, number: u64, spoil: impl FnOnce(&mut TbsCertificate)) -> Signer {
        let key = curve.key(number);
        let subject = "C=JP,O=vmyna TEST,CN=vmyna TEST mdoc signer";
        let mut tbs = tbs(
            number,
            ROOT,
            subject,
            "2026-06-01T00:00:00Z",
            "2027-06-01T00:00:00Z",
            &key,
        );
        let root = Certificate::from_der(&self.certificate).unwrap();
        tbs.issuer = root.tbs_certificate.subject.clone();
        let of_root = key_id(&root.tbs_certificate.subject_public_key_info);
        let id = key_id(&tbs.subject_public_key_info);
        for one in [
            extension(&AuthorityKeyIdentifier {
                key_identifier: Some(of_root),
                ..Default::default()
            }),
            extension(&IssuerAltName(vec![uri("https://mdoc.test.invalid/")])),
            extension(&points()),
            extension(&SubjectKeyIdentifier(id)),
            extension(&KeyUsage(KeyUsages::DigitalSignature.into())),
            extension(&ExtendedKeyUsage(vec![EKU_SIGNER])),
        ] {
            set(&mut tbs, one);
        }
        spoil(&mut tbs);
        Signer {
            certificate: certificate(tbs, &self.key),
            key,
        }
    }

    /// A revocation list by Annex B with the serial numbers of these certificates, changed by `spoil` before it is signed.
    pub fn list(&self, revoked: &[&[u8]], spoil: impl FnOnce(&mut TbsCertList)) -> Vec<u8> {
        let root = Certificate::from_der(&self.certificate).unwrap().tbs_certificate;
        let revoked: Vec<_> = revoked
            .iter()
            .map(|der| RevokedCert {
                serial_number: Certificate::from_der(der).unwrap().tbs_certificate.serial_number,
                revocation_date: time("2026-11-15T00:00:00Z"),
                crl_entry_extensions: None,
            })
            .collect();
        let id = key_id(&root.subject_public_key_info);
        let mut tbs = TbsCertList {
            version: Version::V2,
            signature: algorithm(&self.key),
            issuer: root.subject,
            this_update: time("2026-11-20T00:00:00Z"),
            next_update: Some(time("2026-12-20T00:00:00Z")),
            revoked_certificates: Some(revoked).filter(|revoked| !revoked.is_empty()),
            crl_extensions: Some(vec![
                extension(&AuthorityKeyIdentifier {
                    key_identifier: Some(id),
                    ..Default::default()
                }),
                extension(&CrlNumber(der::asn1::Uint::new(&[1]).unwrap())),
            ]),
        };
        spoil(&mut tbs);
        let signature = sign(&self.key, &tbs.to_der().unwrap());
        let list = CertificateList {
            signature_algorithm: tbs.signature.clone(),
            tbs_cert_list: tbs,
            signature,
        };
        list.to_der().unwrap()
    }
}

fn points() -> CrlDistributionPoints {
    CrlDistributionPoints(vec![DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![uri(
            "http://mdoc.test.invalid/mdoc.crl",
        )])),
        reasons: None,
        crl_issuer: None,
    }])
}

/// A fictional person.
pub fn attributes() -> Attributes {
    Attributes {
        full_name: Some("見本\u{3000}花子".to_owned()),
        address: Some("東京都千代田区霞が関二丁目１番地".to_owned()),
        local_gov_code: Some("13101".to_owned()),
        individual_number: Some("123456789018".to_owned().into()),
        portrait: Some(vec![0xFF, 0xD8, 0xFF, 0xE0, 0x00]),
        sex: Some(Sex::Female),
        birth_date: BirthDate::new(1971, 9, 1),
        age_in_years: Some(55),
        age_over: vec![(20, true)],
        ..Attributes::default()
    }
}

/// The validity of the test's mdocs.
pub fn validity() -> Validity {
    Validity {
        signed: at("2026-11-25T00:00:00Z"),
        valid_from: at("2026-11-25T00:00:00Z"),
        valid_until: at("2026-12-25T00:00:00Z"),
    }
}

/// A moment at which they are valid.
pub fn now() -> DateTime {
    at("2026-12-01T00:00:00Z")
}

/// The device's key.
pub fn device() -> p256::SecretKey {
    match Curve::P256.key(77) {
        SignerKey::P256(key) => key,
        _ => unreachable!(),
    }
}

/// An mdoc of [`attributes`].
pub fn issued(signer: &Signer) -> IssuerSigned {
    issue(
        &attributes(),
        &validity(),
        &device().public_key(),
        signer,
        3,
        &mut rng(),
    )
    .unwrap()
}

/// Every element of [`attributes`].
pub const ALL: [(&str, &str); 11] = [
    (NAMESPACE_JP, "full_name_unicode"),
    (NAMESPACE_JP, "resident_address_unicode"),
    (NAMESPACE_JP, "local_gov_code_unicode"),
    (NAMESPACE_JP, "individual_number_unicode"),
    (NAMESPACE_JP, "portrait"),
    (NAMESPACE_JP, "sex_unicode"),
    (NAMESPACE_JP, "birth_date_unicode"),
    (NAMESPACE, "sex"),
    (NAMESPACE, "birth_date"),
    (NAMESPACE, "age_in_years"),
    (NAMESPACE, "age_over_20"),
];

/// A request for these elements.
pub fn request(elements: &[(&str, &str)]) -> DeviceRequest {
    DeviceRequest::create(DOC_TYPE, elements, false).unwrap()
}

/// The session of the tests.
pub fn transcript() -> Transcript {
    Transcript::browser("ZW5jcnlwdGlvbg", "https://reader.test.invalid")
}

/// An issuer with everything that a verification needs.
pub struct Rig {
    pub root: Root,
    pub signer: Signer,
    pub lists: Vec<Vec<u8>>,
    pub request: DeviceRequest,
}

impl Rig {
    pub fn new(root: Curve, signer: Curve) -> Self {
        let root = Root::new(root, 1, |_| ());
        Self {
            signer: root.signer(signer, 2, |_| ()),
            lists: vec![root.list(&[], |_| ())],
            root,
            request: request(&ALL),
        }
    }

    /// The answer to the request with all that was asked for.
    pub fn response(&self) -> Vec<u8> {
        self.response_of(&issued(&self.signer))
    }

    pub fn response_of(&self, issued: &IssuerSigned) -> Vec<u8> {
        present(issued, &device(), &self.request, &transcript(), |_| true)
            .unwrap()
            .response
    }

    pub fn verify(&self, response: &[u8]) -> Report {
        self.verify_at(response, now())
    }

    pub fn verify_at(&self, response: &[u8], at: DateTime) -> Report {
        let options = Options {
            request: Some(&self.request),
            lists: &self.lists,
            reader_key: None,
        };
        verify(response, &transcript(), &[&self.root.certificate], at, &options)
    }
}
