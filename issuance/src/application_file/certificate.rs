//! Certificates for keys of an application, from an authority in the folder of the declaration.
//!
//! Nothing issued here can be mistaken for a real certificate: subject and issuer have TEST in them.

use der::asn1::{BitString, Ia5StringRef, OctetString, PrintableStringRef, Utf8StringRef};
use der::{DateTime, DecodePem as _, Encode as _, Tag, Tagged as _};
use sha1::{Digest as _, Sha1};
use spki::SubjectPublicKeyInfoOwned;
use x509_cert::certificate::{Certificate, TbsCertificate, Version};
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, KeyUsage, KeyUsages, SubjectKeyIdentifier};
use x509_cert::ext::{AsExtension, Extension};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Validity;

use super::keys::SoftwareKey;
use crate::IssuanceError;
use crate::validity::x509_time;

/// The word that a subject and an issuer must have.
const TEST: &str = "TEST";

/// An authority: its certificate and its key.
#[derive(Clone, Debug)]
pub(super) struct Authority {
    subject: Name,
    public: SubjectPublicKeyInfoOwned,
    key: SoftwareKey,
}

impl Authority {
    /// From the certificate (PEM) and its key.
    pub(super) fn new(certificate: &[u8], key: SoftwareKey) -> Result<Self, &'static str> {
        let certificate = Certificate::from_pem(certificate).map_err(|_| "is no certificate (X.509, PEM)")?;
        let certificate = certificate.tbs_certificate;
        let public = key.public().map_err(|_| "has a key that can't be encoded")?;
        if certificate.subject_public_key_info != public {
            return Err("is not the certificate of the authority's key");
        }
        if !certificate.subject.to_string().contains(TEST) {
            return Err("is the certificate of an authority whose subject lacks TEST: no real authority issues here");
        }
        Ok(Self {
            subject: certificate.subject,
            public,
            key,
        })
    }

    /// Issues a certificate for a key, DER.
    pub(super) fn issue(
        &self,
        subject: &Name,
        public: &SubjectPublicKeyInfoOwned,
        serial: &[u8],
        (from, until): (DateTime, DateTime),
    ) -> Result<Vec<u8>, IssuanceError> {
        if until <= from {
            return Err(IssuanceError::Input("a certificate ends after it begins"));
        }
        let algorithm = self.key.signature_algorithm()?;
        let mut tbs = TbsCertificate {
            version: Version::V3,
            serial_number: SerialNumber::new(serial)?,
            signature: algorithm.clone(),
            issuer: self.subject.clone(),
            validity: Validity {
                not_before: x509_time(from)?,
                not_after: x509_time(until)?,
            },
            subject: subject.clone(),
            subject_public_key_info: public.clone(),
            issuer_unique_id: None,
            subject_unique_id: None,
            extensions: None,
        };
        let authority = AuthorityKeyIdentifier {
            key_identifier: Some(key_identifier(&self.public)?),
            ..AuthorityKeyIdentifier::default()
        };
        let usage = KeyUsage(KeyUsages::DigitalSignature.into());
        let mut extensions: Vec<Extension> = vec![usage.to_extension(subject, &[])?];
        extensions.push(authority.to_extension(subject, &extensions)?);
        extensions.push(SubjectKeyIdentifier(key_identifier(public)?).to_extension(subject, &extensions)?);
        tbs.extensions = Some(extensions);
        let signature = self.key.sign(&tbs.to_der()?)?;
        let certificate = Certificate {
            tbs_certificate: tbs,
            signature_algorithm: algorithm,
            signature: BitString::from_bytes(&signature)?,
        };
        Ok(certificate.to_der()?)
    }
}

/// The key identifier of RFC 5280, 4.2.1.2 (1).
fn key_identifier(public: &SubjectPublicKeyInfoOwned) -> Result<OctetString, IssuanceError> {
    let digest = Sha1::digest(public.subject_public_key.raw_bytes());
    Ok(OctetString::new(digest.as_slice())?)
}

/// Reads a subject (RFC 4514).
pub(super) fn subject(text: &str) -> Result<Name, &'static str> {
    const FORM: &str = "is no distinguished name (RFC 4514), like CN=TEST employee 1,O=TEST,C=JP";
    let name: Name = text.parse().map_err(|_| FORM)?;
    // The reader takes attributes that a certificate can't have, e.g. a country in Japanese.
    let texts_are_right = name.0.iter().flat_map(|relative| relative.0.iter()).all(|attribute| {
        let value = &attribute.value;
        match value.tag() {
            Tag::PrintableString => PrintableStringRef::try_from(value).is_ok(),
            Tag::Ia5String => Ia5StringRef::try_from(value).is_ok(),
            Tag::Utf8String => Utf8StringRef::try_from(value).is_ok(),
            _ => false,
        }
    });
    match texts_are_right && name.to_string().contains(TEST) {
        true => Ok(name),
        false => Err(FORM),
    }
}
