//! The X.509 certificates of the JPKI application: two certificate authorities, and the certificates of a cardholder.
//!
//! The profile is that of the published test card (`measured`): every extension, its order, its criticality, every ASN.1
//! string type, the lengths. Only what names the real service is replaced, by texts of the same length ([`names`]), so that
//! nothing issued here can be mistaken for a real certificate. This module must never issue under a real name, and never
//! choose a date or a serial number.

mod extensions;
pub mod names;
mod service;

use der::{DateTime, Decode, Encode};
use rsa::signature::Keypair;
use rsa::{RsaPrivateKey, RsaPublicKey};
use spki::SubjectPublicKeyInfoOwned;
use vmyna_applets::Token;
use vmyna_applets::cv::check_public_key;
use vmyna_applets::person::{Municipality, MunicipalityCode, Person};
use x509_cert::builder::{Builder, CertificateBuilder, Profile};
use x509_cert::certificate::Certificate;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::{Time, Validity};

pub(crate) use self::extensions::key_identifier;
use self::names::Hierarchy;
pub use self::service::{ServiceUrl, ServiceUrlError};
use super::IssuanceError;
use super::issuer_key::{CertificateSignature, IssuerKey};
use super::order::CertificateText;
use super::validity::authority_end;

/// The last four characters of a cardholder's common name. The same on the test card and on a production card; what they
/// mean is not published.
const COMMON_NAME_SUFFIX: &str = "003A";

/// A certificate authority: a key and the self-signed certificate for it.
pub struct Authority {
    hierarchy: Hierarchy,
    key: IssuerKey,
    certificate: Certificate,
    /// The same, DER: it goes onto every card.
    der: Vec<u8>,
    service: ServiceUrl,
}

impl Authority {
    /// Makes a self-signed authority that lasts ten years from `not_before` (UTC).
    ///
    /// # Errors
    /// [`IssuanceError::Input`] for a key that is not RSA-2048; else when encoding or signing fails.
    pub fn establish(
        hierarchy: Hierarchy,
        key: RsaPrivateKey,
        serial: u32,
        not_before: DateTime,
    ) -> Result<Self, IssuanceError> {
        let key = IssuerKey::new(&key)?;
        let public = SubjectPublicKeyInfoOwned::from_key(key.verifying_key())?;
        let subject = names::authority(hierarchy)?;
        let validity = Validity {
            not_before: Time::GeneralTime(not_before.into()),
            not_after: Time::GeneralTime(authority_end(not_before)?.into()),
        };
        let mut builder = CertificateBuilder::new(
            Profile::Manual { issuer: None },
            SerialNumber::from(serial),
            validity,
            subject,
            public.clone(),
            &key,
        )?;
        extensions::of_authority(&mut builder, hierarchy, &public)?;
        let certificate = builder.build::<CertificateSignature>()?;
        Ok(Self {
            hierarchy,
            key,
            der: certificate.to_der()?,
            certificate,
            service: ServiceUrl::default(),
        })
    }

    /// Takes an authority up again from its certificate (DER) and its key.
    ///
    /// # Errors
    /// [`IssuanceError::Asn1`] when the certificate cannot be read; [`IssuanceError::Mismatch`] when it is not the key's
    /// or not of this hierarchy.
    pub fn resume(hierarchy: Hierarchy, key: RsaPrivateKey, certificate: &[u8]) -> Result<Self, IssuanceError> {
        let certificate = Certificate::from_der(certificate)?;
        let key = IssuerKey::new(&key)?;
        let public = SubjectPublicKeyInfoOwned::from_key(key.verifying_key())?;
        if certificate.tbs_certificate.subject_public_key_info != public {
            return Err(IssuanceError::Mismatch("the authority's certificate and its key"));
        }
        if certificate.tbs_certificate.subject != names::authority(hierarchy)? {
            return Err(IssuanceError::Mismatch("the authority's certificate and the hierarchy"));
        }
        Ok(Self {
            hierarchy,
            key,
            der: certificate.to_der()?,
            certificate,
            service: ServiceUrl::default(),
        })
    }

    /// The authority with another address of its services in the certificates that it issues.
    #[must_use]
    pub fn with_service(self, service: ServiceUrl) -> Self {
        Self { service, ..self }
    }

    /// The address of its services in the certificates that it issues.
    #[must_use]
    pub const fn service(&self) -> &ServiceUrl {
        &self.service
    }

    /// When the authority's certificate begins, UTC.
    #[must_use]
    pub fn begin(&self) -> DateTime {
        self.certificate.tbs_certificate.validity.not_before.to_date_time()
    }

    /// When the authority's certificate ends, UTC.
    #[must_use]
    pub fn end(&self) -> DateTime {
        self.certificate.tbs_certificate.validity.not_after.to_date_time()
    }

    /// The authority's own certificate, DER.
    pub fn certificate(&self) -> &[u8] {
        &self.der
    }

    /// Which of the two hierarchies.
    #[must_use]
    pub const fn hierarchy(&self) -> Hierarchy {
        self.hierarchy
    }

    /// Its certificate, read.
    #[must_use]
    pub const fn parsed(&self) -> &Certificate {
        &self.certificate
    }

    /// Its key: it signs certificates and revocation lists.
    #[must_use]
    pub const fn key(&self) -> &IssuerKey {
        &self.key
    }

    /// Issues the certificate of an OCSP responder of this authority, DER. No public text shows one of the real service:
    /// its name and extensions are `assumed`, from RFC 6960, 4.2.2.2.
    ///
    /// # Errors
    /// [`IssuanceError`] when it can't be encoded or signed.
    pub fn issue_responder(
        &self,
        serial: u32,
        validity: (DateTime, DateTime),
        public_key: &RsaPublicKey,
    ) -> Result<Certificate, IssuanceError> {
        let public = SubjectPublicKeyInfoOwned::from_key(public_key.clone())?;
        let validity = Validity {
            not_before: Time::GeneralTime(validity.0.into()),
            not_after: Time::GeneralTime(validity.1.into()),
        };
        let mut builder = CertificateBuilder::new(
            Profile::Manual {
                issuer: Some(self.certificate.tbs_certificate.subject.clone()),
            },
            SerialNumber::from(serial),
            validity,
            names::responder(self.hierarchy)?,
            public.clone(),
            &self.key,
        )?;
        extensions::of_responder(&mut builder, &public, &self.certificate)?;
        Ok(builder.build::<CertificateSignature>()?)
    }

    /// Issues a cardholder's certificate, DER.
    ///
    /// # Errors
    /// [`IssuanceError::Mismatch`] when the holder's part is of the other hierarchy; [`IssuanceError::Input`] for a holder,
    /// a name or a key that the profile cannot carry; else when encoding or signing fails.
    pub fn issue(&self, request: &Request<'_>) -> Result<Vec<u8>, IssuanceError> {
        if request.holder.hierarchy() != self.hierarchy {
            return Err(IssuanceError::Mismatch("the authority and the kind of certificate"));
        }
        check_public_key(request.public_key)?;
        if request.not_after <= request.not_before {
            return Err(IssuanceError::Input("a certificate ends after it begins"));
        }
        let public = SubjectPublicKeyInfoOwned::from_key(request.public_key.clone())?;
        let validity = Validity {
            not_before: Time::GeneralTime(request.not_before.into()),
            not_after: Time::GeneralTime(request.not_after.into()),
        };
        let mut builder = CertificateBuilder::new(
            Profile::Manual {
                issuer: Some(self.certificate.tbs_certificate.subject.clone()),
            },
            SerialNumber::from(request.serial),
            validity,
            request.holder.subject()?,
            public.clone(),
            &self.key,
        )?;
        extensions::of_holder(
            &mut builder,
            (&request.holder, request.token),
            &public,
            (&self.certificate, &self.service),
        )?;
        Ok(builder.build::<CertificateSignature>()?.to_der()?)
    }
}

/// What a cardholder's certificate is issued from.
pub struct Request<'a> {
    /// Unique within the authority. The test card's serial numbers take three bytes (0x010000 to 0x7FFFFF).
    pub serial: u32,
    /// The time of issue, UTC.
    pub not_before: DateTime,
    /// The end, UTC: see [`super::validity::certificate_end`].
    pub not_after: DateTime,
    /// The cardholder's key, RSA-2048 with e = 65537.
    pub public_key: &'a RsaPublicKey,
    /// The cardholder, and the kind of certificate.
    pub holder: Holder<'a>,
    /// What the certificate is on. A phone's (移動端末設備用電子証明書) differs from a card's in the policy of the certificate for
    /// signatures only, which is `assumed`: see [`Hierarchy::policy`].
    pub token: Token,
}

/// The cardholder's part of a certificate; which kind it is decides which authority can issue it.
pub enum Holder<'a> {
    /// 利用者証明用: names nothing of the person but the municipality.
    Authentication {
        /// See [`authentication_common_name`].
        common_name: &'a str,
        /// The issuing municipality.
        municipality: &'a Municipality,
    },
    /// 署名用: carries name, birth date, sex and address.
    Signature {
        /// See [`signature_common_name`].
        common_name: &'a str,
        /// The cardholder. Name and address are those of `text`.
        person: &'a Person,
        /// Name and address, with substitutes for the characters that certificates lack.
        text: &'a CertificateText,
    },
}

impl Holder<'_> {
    pub(super) const fn hierarchy(&self) -> Hierarchy {
        match self {
            Self::Authentication { .. } => Hierarchy::Authentication,
            Self::Signature { .. } => Hierarchy::Signature,
        }
    }

    const fn municipality(&self) -> &Municipality {
        match self {
            Self::Authentication { municipality, .. } => municipality,
            Self::Signature { person, .. } => &person.municipality,
        }
    }

    fn subject(&self) -> Result<Name, IssuanceError> {
        match self {
            Self::Authentication { common_name, .. } => names::authentication_subject(common_name),
            Self::Signature {
                common_name, person, ..
            } => {
                person.check()?;
                names::signature_subject(common_name, &person.municipality)
            }
        }
    }
}

/// The common name of an authentication certificate: 14 characters (digits and upper-case letters), the municipality, `003A`;
/// 23 characters.
///
/// # Errors
/// [`IssuanceError::Input`] for an id of another form.
pub fn authentication_common_name(id: &str, municipality: MunicipalityCode) -> Result<String, IssuanceError> {
    if id.len() != 14
        || !id
            .bytes()
            .all(|byte| byte.is_ascii_digit() || byte.is_ascii_uppercase())
    {
        return Err(IssuanceError::Input(
            "an authentication id has 14 digits and upper-case letters",
        ));
    }
    Ok(format!("{id}{municipality}{COMMON_NAME_SUFFIX}"))
}

/// The common name of a signature certificate: 14 digits of a time in Japan (`local`,
/// [`vmyna_applets::calendar::japanese_clock`]), a running number of five digits, the municipality, `003A`; 28 characters.
///
/// The form is that of a published test card and of one production certificate (jpki-image-signer). That the first 14 digits
/// are the time of application is inferred from the test card.
///
/// # Errors
/// [`IssuanceError::Input`] for a running number above 99,999.
pub fn signature_common_name(
    local: DateTime,
    running: u32,
    municipality: MunicipalityCode,
) -> Result<String, IssuanceError> {
    if running > 99_999 {
        return Err(IssuanceError::Input(
            "the running number of a signature certificate has five digits",
        ));
    }
    let day = format!("{:04}{:02}{:02}", local.year(), local.month(), local.day());
    let time = format!("{:02}{:02}{:02}", local.hour(), local.minutes(), local.seconds());
    Ok(format!("{day}{time}{running:05}{municipality}{COMMON_NAME_SUFFIX}"))
}

/// Name and address in a signature certificate (DER), with the marks of their substitutes; `None` for a certificate without
/// them.
///
/// # Errors
/// [`IssuanceError::Asn1`] when it is no certificate.
pub fn certified_text(certificate: &[u8]) -> Result<Option<CertificateText>, IssuanceError> {
    extensions::certified_text(&Certificate::from_der(certificate)?.tbs_certificate)
}

#[cfg(test)]
mod tests;
