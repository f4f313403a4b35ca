//! Certificate revocation lists (失効リスト, RFC 5280, 5): the complete one, one a municipality, and the one of authorities.
//!
//! That the real service divides its lists by municipality is read off its certificates: their distribution points are the
//! municipalities' directory names. Whether its lists mark that they hold users' certificates only is not public: these
//! don't (`assumed`). Clients need each form: NSS and gpgsm take the complete list only, and only without
//! issuingDistributionPoint; nginx wants the list of authorities beside a municipality's.

mod mdoc;

use std::time::Duration;

use der::asn1::{Any, BitString, ObjectIdentifier, OctetString, Uint};
use der::{DateTime, Decode, Encode};
use spki::{AlgorithmIdentifierOwned, DynSignatureAlgorithmIdentifier};
use vmyna_issuance::IssuanceError;
use vmyna_issuance::validity::x509_time;
use vmyna_issuance::x509::Authority;
use x509_cert::crl::{CertificateList, RevokedCert, TbsCertList};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::AuthorityKeyIdentifier;
use x509_cert::ext::pkix::crl::{CrlNumber, IssuingDistributionPoint};
use x509_cert::ext::pkix::name::DistributionPointName;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::{Certificate, Version};

pub use self::mdoc::{of_mdoc_root, root_id};
use crate::register::{
    Change, DistributionPoint, IssuerId, Reason, Register, RegisterError, RevokedCertificate, distribution_point,
};

/// How long a list is valid. The real lists are "renewed in units of one day"; the length is `assumed`.
pub const VALIDITY: Duration = Duration::from_secs(24 * 60 * 60);

/// id-ce-issuingDistributionPoint. x509-cert 0.2.5 gives that type another identifier (1.3.6.1.5.5.7.1.11), under which
/// openssl and Java refuse the list and GnuTLS doesn't see it.
pub(crate) const ISSUING_DISTRIBUTION_POINT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.28");
pub(crate) const CRL_NUMBER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.20");
pub(crate) const REASON_CODE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.21");
pub(crate) const AUTHORITY_KEY_IDENTIFIER: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.35");

/// What a list covers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All certificates of the authority's key.
    Complete,
    /// One municipality's.
    Municipality(DistributionPoint),
    /// Authorities (ARL). It is empty: no authority below another exists.
    Authorities,
}

/// Why a list can't be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ListError {
    /// The register can't be read.
    #[error(transparent)]
    Register(#[from] RegisterError),
    /// It can't be encoded or signed.
    #[error(transparent)]
    Issuance(#[from] IssuanceError),
}

impl From<der::Error> for ListError {
    fn from(error: der::Error) -> Self {
        Self::Issuance(error.into())
    }
}

/// The key identifier of an authority.
///
/// # Errors
/// [`IssuanceError::Asn1`] when its certificate has none, which no certificate of these hierarchies lacks.
pub fn issuer_id(authority: &Authority) -> Result<IssuerId, IssuanceError> {
    id_of(authority.parsed())
}

fn id_of(certificate: &Certificate) -> Result<IssuerId, IssuanceError> {
    let key = &certificate.tbs_certificate.subject_public_key_info;
    let bits = key.subject_public_key.as_bytes();
    Ok(IssuerId::of_key(
        bits.ok_or(IssuanceError::Input("a public key is whole octets"))?,
    ))
}

/// Makes and signs a list, DER: what was revoked by that write, as of `this_update`.
///
/// # Errors
/// [`ListError`].
pub fn make(
    authority: &Authority,
    register: &dyn Register,
    scope: &Scope,
    by: Change,
    this_update: DateTime,
) -> Result<Vec<u8>, ListError> {
    let issuer = issuer_id(authority)?;
    let mut revoked = Vec::new();
    let mut take = |certificate: RevokedCertificate| revoked.push(certificate);
    match scope {
        Scope::Complete => register.revoked(issuer, None, by, &mut take)?,
        Scope::Municipality(point) => register.revoked(issuer, Some(point), by, &mut take)?,
        Scope::Authorities => {}
    }
    of_certificates(authority, &revoked, scope, this_update)
}

/// Makes and signs a list of these certificates, DER, without a register.
///
/// # Errors
/// [`ListError::Issuance`].
pub fn of_certificates(
    authority: &Authority,
    revoked: &[RevokedCertificate],
    scope: &Scope,
    this_update: DateTime,
) -> Result<Vec<u8>, ListError> {
    let revoked = revoked.iter().map(entry).collect::<der::Result<Vec<RevokedCert>>>()?;
    let issuer = Issuer {
        name: authority.parsed().tbs_certificate.subject.clone(),
        algorithm: authority
            .key()
            .signature_algorithm_identifier()
            .map_err(IssuanceError::PublicKey)?,
        sign: &|list| authority.key().sign_message(list),
    };
    issuer.list(revoked, extensions(authority, scope, this_update)?, this_update)
}

type Sign<'a> = dyn Fn(&[u8]) -> Result<Vec<u8>, IssuanceError> + 'a;

/// What signs a list.
struct Issuer<'a> {
    name: Name,
    algorithm: AlgorithmIdentifierOwned,
    sign: &'a Sign<'a>,
}

impl Issuer<'_> {
    /// Makes and signs a list, DER.
    fn list(
        self,
        revoked: Vec<RevokedCert>,
        extensions: Vec<Extension>,
        this_update: DateTime,
    ) -> Result<Vec<u8>, ListError> {
        let next_update = DateTime::from_unix_duration(this_update.unix_duration() + VALIDITY)?;
        let list = TbsCertList {
            version: Version::V2,
            signature: self.algorithm.clone(),
            issuer: self.name,
            this_update: x509_time(this_update)?,
            next_update: Some(x509_time(next_update)?),
            // An empty list has no field at all (RFC 5280, 5.1.2.6).
            revoked_certificates: (!revoked.is_empty()).then_some(revoked),
            crl_extensions: Some(extensions),
        };
        let signature = (self.sign)(&list.to_der()?)?;
        let list = CertificateList {
            tbs_cert_list: list,
            signature_algorithm: self.algorithm,
            signature: BitString::from_bytes(&signature)?,
        };
        Ok(list.to_der()?)
    }
}

/// The key identifier, without which the lists of two generations of one name look alike, and the number.
fn key_and_number(issuer: IssuerId, this_update: DateTime) -> der::Result<Vec<Extension>> {
    let identifier = AuthorityKeyIdentifier {
        key_identifier: Some(OctetString::new(issuer.0)?),
        ..Default::default()
    };
    let number = CrlNumber(Uint::new(&this_update.unix_duration().as_secs().to_be_bytes())?);
    Ok(vec![
        extension(AUTHORITY_KEY_IDENTIFIER, false, &identifier)?,
        extension(CRL_NUMBER, false, &number)?,
    ])
}

/// The key identifier, the number and the scope.
fn extensions(authority: &Authority, scope: &Scope, this_update: DateTime) -> Result<Vec<Extension>, ListError> {
    let certificate = &authority.parsed().tbs_certificate;
    let mut extensions = key_and_number(issuer_id(authority)?, this_update)?;
    let point = match scope {
        Scope::Complete => None,
        Scope::Municipality(point) => Some(DistributionPointName::from_der(&point.name)?),
        Scope::Authorities => {
            // The first of its own certificate, as a reader of that looks for the list.
            distribution_point(certificate)?
        }
    };
    if !matches!(scope, Scope::Complete) {
        let point = IssuingDistributionPoint {
            distribution_point: point,
            only_contains_user_certs: false,
            only_contains_ca_certs: matches!(scope, Scope::Authorities),
            only_some_reasons: None,
            indirect_crl: false,
            only_contains_attribute_certs: false,
        };
        extensions.push(extension(ISSUING_DISTRIBUTION_POINT, true, &point)?);
    }
    Ok(extensions)
}

fn entry(certificate: &RevokedCertificate) -> der::Result<RevokedCert> {
    // Unspecified is left out (RFC 5280, 5.3.1).
    let reason = match certificate.revocation.reason {
        Reason::Unspecified => None,
        reason => Some(vec![extension(
            REASON_CODE,
            false,
            &Any::new(der::Tag::Enumerated, [reason.code()])?,
        )?]),
    };
    Ok(RevokedCert {
        serial_number: SerialNumber::from(certificate.serial),
        revocation_date: x509_time(certificate.revocation.at)?,
        crl_entry_extensions: reason,
    })
}

fn extension(id: ObjectIdentifier, critical: bool, value: &impl Encode) -> der::Result<Extension> {
    Ok(Extension {
        extn_id: id,
        critical,
        extn_value: OctetString::new(value.to_der()?)?,
    })
}
