//! The certificates of root and signers: ISO/IEC 18013-5, Annex B, in the form of the real root.
//!
//! | On the real root | Here |
//! |---|---|
//! | CN `mncmdocRootCA` | [`ROOT`] |
//! | O: the name of the operator, 52 bytes | [`ORGANISATION`] |
//! | URI of the operator, 24 bytes, as both alternative names | [`ISSUER_URI`] |
//! | URI of one revocation list | the revocation list of the root's key, under the address of the set's services |

use der::asn1::{BitString, Ia5String, ObjectIdentifier, OctetString};
use der::oid::AssociatedOid;
use der::{DateTime, Encode};
use spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::certificate::{Certificate, TbsCertificate, Version};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::dp::DistributionPoint;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CrlDistributionPoints, ExtendedKeyUsage, IssuerAltName, KeyUsage,
    KeyUsages, SubjectAltName, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::time::Validity;

use crate::IssuanceError;
use crate::validity::x509_time;
use crate::x509::{ServiceUrl, key_identifier, names};

/// The common name of a root.
pub(super) const ROOT: &str = "vmynaTESTroot";
/// The organisation of roots and signers.
pub(super) const ORGANISATION: &str = "vmyna TEST: issuer of virtual cards for testing only";
/// The address of the issuer. No host can have it (RFC 2606).
pub(super) const ISSUER_URI: &str = "https://vmyna.invalid/ca";

/// The extended key usage of a signer (ISO/IEC 18013-5, Annex B): mdlDS.
const SIGNER_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.0.18013.5.1.2");

/// What a certificate is made from, besides the key that signs it.
pub(super) struct Parts<'a> {
    /// 20 bytes, the first bit 0 and the second 1.
    pub(super) serial: [u8; 20],
    pub(super) validity: (DateTime, DateTime),
    pub(super) public: &'a SubjectPublicKeyInfoOwned,
    /// The root's key.
    pub(super) issuer: &'a SubjectPublicKeyInfoOwned,
    pub(super) algorithm: AlgorithmIdentifierOwned,
    pub(super) service: &'a ServiceUrl,
}

/// Signs the bytes with the root's key; the signature is DER.
pub(super) type Sign<'s> = &'s dyn Fn(&[u8]) -> Result<Vec<u8>, IssuanceError>;

/// The name of a root or a signer.
pub(super) fn name(common_name: &str) -> Result<Name, IssuanceError> {
    names::of_mdoc(common_name, ORGANISATION)
}

/// A root's certificate: basic constraints, authority key identifier, both alternative names, distribution point, subject
/// key identifier, key usage, in the order of the real root.
pub(super) fn root(parts: Parts<'_>, sign: Sign<'_>) -> Result<Certificate, IssuanceError> {
    let constraints = BasicConstraints {
        ca: true,
        path_len_constraint: Some(0),
    };
    let extensions = vec![
        extension(true, &constraints)?,
        extension(false, &authority_key_identifier(parts.issuer)?)?,
        extension(false, &IssuerAltName(issuer_uri()?))?,
        extension(false, &SubjectAltName(issuer_uri()?))?,
        extension(false, &distribution_point(&parts)?)?,
        extension(false, &key_identifier(parts.public)?)?,
        extension(true, &KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign))?,
    ];
    signed(name(ROOT)?, extensions, parts, sign)
}

/// A signer's certificate: as far as it has the extensions of the root, in that order; then the extended key usage.
pub(super) fn signer(common_name: &str, parts: Parts<'_>, sign: Sign<'_>) -> Result<Certificate, IssuanceError> {
    let extensions = vec![
        extension(false, &authority_key_identifier(parts.issuer)?)?,
        extension(false, &IssuerAltName(issuer_uri()?))?,
        extension(false, &distribution_point(&parts)?)?,
        extension(false, &key_identifier(parts.public)?)?,
        extension(true, &KeyUsage(KeyUsages::DigitalSignature.into()))?,
        extension(true, &ExtendedKeyUsage(vec![SIGNER_USAGE]))?,
    ];
    signed(name(common_name)?, extensions, parts, sign)
}

fn signed(
    subject: Name,
    extensions: Vec<Extension>,
    parts: Parts<'_>,
    sign: Sign<'_>,
) -> Result<Certificate, IssuanceError> {
    let (begin, end) = parts.validity;
    let fields = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(&parts.serial)?,
        signature: parts.algorithm.clone(),
        issuer: name(ROOT)?,
        validity: Validity {
            not_before: x509_time(begin)?,
            not_after: x509_time(end)?,
        },
        subject,
        subject_public_key_info: parts.public.clone(),
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions),
    };
    let signature = sign(&fields.to_der()?)?;
    Ok(Certificate {
        tbs_certificate: fields,
        signature_algorithm: parts.algorithm,
        signature: BitString::from_bytes(&signature)?,
    })
}

fn issuer_uri() -> Result<Vec<GeneralName>, IssuanceError> {
    Ok(vec![GeneralName::UniformResourceIdentifier(Ia5String::new(
        ISSUER_URI,
    )?)])
}

/// The key identifier alone, as on the real root.
fn authority_key_identifier(issuer: &SubjectPublicKeyInfoOwned) -> Result<AuthorityKeyIdentifier, IssuanceError> {
    let SubjectKeyIdentifier(id) = key_identifier(issuer)?;
    Ok(AuthorityKeyIdentifier {
        key_identifier: Some(id),
        ..AuthorityKeyIdentifier::default()
    })
}

/// The address of the revocation list of the root's key: each generation has a list of its own.
fn distribution_point(parts: &Parts<'_>) -> Result<CrlDistributionPoints, IssuanceError> {
    let SubjectKeyIdentifier(id) = key_identifier(parts.issuer)?;
    let uri = parts.service.revocation_list(id.as_bytes());
    let name = GeneralName::UniformResourceIdentifier(Ia5String::new(&uri)?);
    Ok(CrlDistributionPoints(vec![DistributionPoint {
        distribution_point: Some(DistributionPointName::FullName(vec![name])),
        reasons: None,
        crl_issuer: None,
    }]))
}

fn extension<T: AssociatedOid + Encode>(critical: bool, value: &T) -> Result<Extension, IssuanceError> {
    Ok(Extension {
        extn_id: T::OID,
        critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}
