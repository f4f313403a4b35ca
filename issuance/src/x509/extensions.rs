//! The extensions of the four kinds of certificate, in the order and with the criticality of the test card.
//!
//! The order of the calls in [`of_authority`] and [`of_holder`] is the order in the certificate. This module must never
//! leave criticality to a library's default: every extension states it.

use der::asn1::{Ia5String, ObjectIdentifier, OctetString};
use der::oid::AssociatedOid;
use der::{Encode, Length, Writer};
use spki::SubjectPublicKeyInfoOwned;
use vmyna_applets::Token;
use vmyna_applets::person::Person;
use x509_cert::builder::CertificateBuilder;
use x509_cert::certificate::{Certificate, TbsCertificate};
use x509_cert::ext::pkix::certpolicy::{PolicyInformation, PolicyQualifierInfo};
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName, OtherName};
use x509_cert::ext::pkix::{
    AccessDescription, AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies,
    CrlDistributionPoints, ExtendedKeyUsage, IssuerAltName, KeyUsage, KeyUsages, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::ext::{AsExtension, Extension};
use x509_cert::name::Name;

use super::names::{self, Hierarchy, attribute};
use super::{Holder, ServiceUrl};
use crate::IssuanceError;
use crate::characters::Carried;
use crate::issuer_key::IssuerKey;
use crate::order::CertificateText;

const CLIENT_AUTHENTICATION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.2");
const OCSP_SIGNING: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.3.9");
const CPS_QUALIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.2.1");
const OCSP_ACCESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1");

type Builder<'k> = CertificateBuilder<'k, IssuerKey>;

/// Key usage, subject alternative name, basic constraints, distribution point, subject key identifier.
pub(super) fn of_authority(
    builder: &mut Builder<'_>,
    hierarchy: Hierarchy,
    public: &SubjectPublicKeyInfoOwned,
) -> Result<(), IssuanceError> {
    critical(builder, KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?;
    plain(
        builder,
        SubjectAltName(vec![GeneralName::DirectoryName(names::authority_japanese(hierarchy)?)]),
    )?;
    critical(
        builder,
        BasicConstraints {
            ca: true,
            path_len_constraint: None,
        },
    )?;
    plain(builder, distribution_point(names::authority(hierarchy)?))?;
    plain(builder, key_identifier(public)?)
}

/// Signature: key usage, subject alternative name, policy, issuer alternative name, distribution point, authority and subject
/// key identifier. Authentication: the same without subject alternative name, but with extended key usage after key usage
/// and the responder's address after the distribution point.
pub(super) fn of_holder(
    builder: &mut Builder<'_>,
    (holder, token): (&Holder<'_>, Token),
    public: &SubjectPublicKeyInfoOwned,
    (issuer, service): (&Certificate, &ServiceUrl),
) -> Result<(), IssuanceError> {
    let hierarchy = holder.hierarchy();
    match holder {
        Holder::Signature { person, text, .. } => {
            critical(
                builder,
                KeyUsage(KeyUsages::DigitalSignature | KeyUsages::NonRepudiation),
            )?;
            plain(builder, SubjectAltName(personal_names(person, text)?))?;
        }
        Holder::Authentication { .. } => {
            critical(builder, KeyUsage(KeyUsages::DigitalSignature.into()))?;
            plain(builder, ExtendedKeyUsage(vec![CLIENT_AUTHENTICATION]))?;
        }
    }
    critical(builder, policy(hierarchy.policy(token), service)?)?;
    plain(
        builder,
        IssuerAltName(vec![GeneralName::DirectoryName(names::authority_japanese(hierarchy)?)]),
    )?;
    plain(
        builder,
        distribution_point(names::distribution_point(hierarchy, holder.municipality())?),
    )?;
    if hierarchy == Hierarchy::Authentication {
        plain(builder, responder(service)?)?;
    }
    plain(builder, authority_key_identifier(issuer)?)?;
    plain(builder, key_identifier(public)?)
}

/// Key usage, extended key usage, the mark that its own revocation is not to be asked for, authority and subject key
/// identifier. Without the mark pyHanko asks on and on.
pub(super) fn of_responder(
    builder: &mut Builder<'_>,
    public: &SubjectPublicKeyInfoOwned,
    issuer: &Certificate,
) -> Result<(), IssuanceError> {
    critical(builder, KeyUsage(KeyUsages::DigitalSignature.into()))?;
    plain(builder, ExtendedKeyUsage(vec![OCSP_SIGNING]))?;
    plain(builder, NoCheck)?;
    plain(builder, authority_key_identifier(issuer)?)?;
    plain(builder, key_identifier(public)?)
}

/// id-pkix-ocsp-nocheck (RFC 6960, 4.2.2.2.1): its value is NULL. `x509-ocsp` has it as a bare NULL without identifier.
struct NoCheck;

impl AssociatedOid for NoCheck {
    const OID: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.6.1.5.5.7.48.1.5");
}

impl Encode for NoCheck {
    fn encoded_len(&self) -> der::Result<Length> {
        der::asn1::Null.encoded_len()
    }

    fn encode(&self, encoder: &mut impl Writer) -> der::Result<()> {
        der::asn1::Null.encode(encoder)
    }
}

/// Name and address in a signature certificate, with the marks of their substitutes; `None` for a certificate without them.
pub(super) fn certified_text(certificate: &TbsCertificate) -> Result<Option<CertificateText>, IssuanceError> {
    let Some((_, SubjectAltName(names))) = certificate.get()? else {
        return Ok(None);
    };
    let text = |id: ObjectIdentifier| {
        names.iter().find_map(|name| match name {
            GeneralName::OtherName(other) if other.type_id == id => other.value.decode_as::<String>().ok(),
            _ => None,
        })
    };
    let carried = |id, marks| {
        let marks: String = text(marks)?;
        Some(Carried {
            text: text(id)?,
            replaced: marks
                .chars()
                .enumerate()
                .filter(|(_, mark)| *mark == '1')
                .map(|(at, _)| at)
                .collect(),
            remarks: Vec::new(),
        })
    };
    let name = carried(attribute::FULL_NAME, attribute::NAME_SUBSTITUTION);
    let address = carried(attribute::ADDRESS, attribute::ADDRESS_SUBSTITUTION);
    Ok(name
        .zip(address)
        .map(|(name, address)| CertificateText { name, address }))
}

/// The four attributes and the two substitution strings, in the card's order, which is not that of their identifiers.
fn personal_names(person: &Person, text: &CertificateText) -> Result<Vec<GeneralName>, IssuanceError> {
    let values = [
        (attribute::FULL_NAME, text.name.text.clone()),
        (attribute::BIRTH_DATE, person.birth_with_era_digit()?),
        (attribute::SEX, person.sex.certificate_digit().to_string()),
        (attribute::ADDRESS, text.address.text.clone()),
        (attribute::NAME_SUBSTITUTION, text.name.flags()),
        (attribute::ADDRESS_SUBSTITUTION, text.address.flags()),
    ];
    values
        .into_iter()
        .map(|(type_id, text)| {
            Ok(GeneralName::OtherName(OtherName {
                type_id,
                value: names::utf8(&text)?,
            }))
        })
        .collect()
}

fn policy(policy_identifier: ObjectIdentifier, service: &ServiceUrl) -> Result<CertificatePolicies, IssuanceError> {
    let statement = PolicyQualifierInfo {
        policy_qualifier_id: CPS_QUALIFIER,
        qualifier: Some(names::ia5(&service.practice_statement())?),
    };
    Ok(CertificatePolicies(vec![PolicyInformation {
        policy_identifier,
        policy_qualifiers: Some(vec![statement]),
    }]))
}

fn distribution_point(name: Name) -> CrlDistributionPoints {
    CrlDistributionPoints(vec![DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![GeneralName::DirectoryName(name)])),
        reasons: None,
        crl_issuer: None,
    }])
}

fn responder(service: &ServiceUrl) -> Result<AuthorityInfoAccessSyntax, IssuanceError> {
    let access_location = GeneralName::UniformResourceIdentifier(Ia5String::new(&service.ocsp())?);
    Ok(AuthorityInfoAccessSyntax(vec![AccessDescription {
        access_method: OCSP_ACCESS,
        access_location,
    }]))
}

/// SHA-1 over the public key's bits, as on the test card (RFC 5280, 4.2.1.2, method 1).
pub(crate) fn key_identifier(public: &SubjectPublicKeyInfoOwned) -> Result<SubjectKeyIdentifier, IssuanceError> {
    use der::referenced::OwnedToRef;
    Ok(SubjectKeyIdentifier::try_from(public.owned_to_ref())?)
}

/// All three parts: key identifier, issuer's name and issuer's serial number.
fn authority_key_identifier(issuer: &Certificate) -> Result<AuthorityKeyIdentifier, IssuanceError> {
    let issuer = &issuer.tbs_certificate;
    let key = key_identifier(&issuer.subject_public_key_info)?;
    Ok(AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(key.0.as_bytes())?),
        authority_cert_issuer: Some(vec![GeneralName::DirectoryName(issuer.issuer.clone())]),
        authority_cert_serial_number: Some(issuer.serial_number.clone()),
    })
}

fn critical<T: AssociatedOid + Encode>(builder: &mut Builder<'_>, value: T) -> Result<(), IssuanceError> {
    Ok(builder.add_extension(&Marked { value, critical: true })?)
}

fn plain<T: AssociatedOid + Encode>(builder: &mut Builder<'_>, value: T) -> Result<(), IssuanceError> {
    Ok(builder.add_extension(&Marked { value, critical: false })?)
}

/// An extension with a stated criticality, not the library's choice.
struct Marked<T> {
    value: T,
    critical: bool,
}

impl<T: AssociatedOid> AssociatedOid for Marked<T> {
    const OID: ObjectIdentifier = T::OID;
}

impl<T: Encode> Encode for Marked<T> {
    fn encoded_len(&self) -> der::Result<Length> {
        self.value.encoded_len()
    }

    fn encode(&self, encoder: &mut impl Writer) -> der::Result<()> {
        self.value.encode(encoder)
    }
}

impl<T: AssociatedOid + Encode> AsExtension for Marked<T> {
    fn critical(&self, _subject: &Name, _extensions: &[Extension]) -> bool {
        self.critical
    }
}
