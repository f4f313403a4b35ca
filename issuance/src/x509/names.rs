//! The names and addresses in the certificates, and the texts that stand for those of the real service.
//!
//! Country is a PrintableString, everything else a UTF8String, one attribute a relative name, as on the test card. This
//! module must never contain a name under which real certificates are issued.
//!
//! | On the test card | Here | Bytes |
//! |---|---|---|
//! | Japan Agency for Local Authority Information Systems | [`OPERATOR`] | 52 |
//! | 公的個人認証サービス ("public personal authentication service") | 試験用仮認証サービス ("stand-in authentication service for testing") | 30 |
//! | 地方公共団体情報システム機構 (the agency's Japanese name) | 試験用であり機構発行ではない ("for testing, not issued by the agency") | 42 |
//! | the OCSP responder of the test service | [`ServiceUrl::ocsp`](super::ServiceUrl::ocsp) | 35 |
//! | the certification practice statement | [`ServiceUrl::practice_statement`](super::ServiceUrl::practice_statement) | 30 |

use der::Any;
use der::asn1::{Ia5StringRef, ObjectIdentifier, PrintableStringRef, SetOfVec, Utf8StringRef};
use vmyna_applets::Token;
use vmyna_applets::person::Municipality;
use x509_cert::attr::AttributeTypeAndValue;
use x509_cert::name::{Name, RdnSequence, RelativeDistinguishedName};

use crate::IssuanceError;

/// Organisation of every certificate: the test service's, not the production service's.
pub const ORGANISATION: &str = "JPKI-TEST";
/// The organisational unit in the place where real certificates name their issuer.
pub const OPERATOR: &str = "vmyna virtual card for testing - not issued by J-LIS";

/// The Japanese names, in the authorities' alternative name.
const ORGANISATION_JAPANESE: &str = "試験用仮認証サービス";
const OPERATOR_JAPANESE: &str = "試験用であり機構発行ではない";

const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const LOCALITY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.7");
const ORGANISATION_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.10");
const UNIT: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.11");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// The four attributes (基本4情報) in a certificate for digital signature: the identifiers of its other names. Each value is a
/// UTF8String.
pub mod attribute {
    use super::ObjectIdentifier;

    /// 氏名.
    pub const FULL_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.5.1");
    /// The marks of substituted characters (代替文字) in the name.
    pub const NAME_SUBSTITUTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.5.2");
    /// 性別.
    pub const SEX: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.5.3");
    /// 生年月日.
    pub const BIRTH_DATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.5.4");
    /// 住所.
    pub const ADDRESS: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.5.5");
    /// The marks of substituted characters in the address.
    pub const ADDRESS_SUBSTITUTION: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.5.6");
}

/// The two certificate hierarchies of JPKI.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hierarchy {
    /// 署名用, digital signature.
    Signature,
    /// 利用者証明用, user authentication.
    Authentication,
}

impl Hierarchy {
    /// The organisational unit, which differs between the two.
    #[must_use]
    pub const fn unit(self) -> &'static str {
        match self {
            Self::Signature => "JPKI for digital signature",
            Self::Authentication => "JPKI for user authentication",
        }
    }

    const fn unit_japanese(self) -> &'static str {
        match self {
            Self::Signature => "試験用仮認証サービス署名用",
            Self::Authentication => "試験用仮認証サービス利用者証明用",
        }
    }

    /// The policy that the *test* hierarchy writes into cardholders' certificates.
    ///
    /// Those on a phone are `assumed`: the one for signatures by analogy with …8.5.1.1.40, which one weak source gives for
    /// production; the one for authentication is a card's, because the one phone that was looked at shows no difference.
    #[must_use]
    pub const fn policy(self, token: Token) -> ObjectIdentifier {
        match (self, token) {
            (Self::Signature, Token::Phone(_)) => ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.1.0.40"),
            (Self::Signature, _) => ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.1.0.20"),
            (Self::Authentication, _) => ObjectIdentifier::new_unwrap("1.2.392.200149.8.5.1.0.30"),
        }
    }
}

/// Subject and issuer name of an authority.
///
/// # Errors
/// [`IssuanceError::Asn1`] never in practice: the texts are constants.
pub fn authority(hierarchy: Hierarchy) -> Result<Name, IssuanceError> {
    name(&[
        (ORGANISATION_NAME, ORGANISATION),
        (UNIT, hierarchy.unit()),
        (UNIT, OPERATOR),
    ])
}

/// The Japanese name: the authority's subject alternative name, and the issuer alternative name of what it issues.
pub(super) fn authority_japanese(hierarchy: Hierarchy) -> Result<Name, IssuanceError> {
    name(&[
        (ORGANISATION_NAME, ORGANISATION_JAPANESE),
        (UNIT, hierarchy.unit_japanese()),
        (UNIT, OPERATOR_JAPANESE),
    ])
}

/// The directory name under which a municipality's revocation list would be.
///
/// # Errors
/// [`IssuanceError::Asn1`] for a name that can't be encoded.
pub fn distribution_point(hierarchy: Hierarchy, municipality: &Municipality) -> Result<Name, IssuanceError> {
    name(&[
        (ORGANISATION_NAME, ORGANISATION),
        (UNIT, hierarchy.unit()),
        (UNIT, "CRL Distribution Points"),
        (UNIT, &municipality.prefecture),
        (COMMON_NAME, &format!("{} CRLDP", municipality.name)),
    ])
}

/// The subject of an authority's OCSP responder.
pub(super) fn responder(hierarchy: Hierarchy) -> Result<Name, IssuanceError> {
    name(&[
        (ORGANISATION_NAME, ORGANISATION),
        (UNIT, hierarchy.unit()),
        (UNIT, OPERATOR),
        (COMMON_NAME, "OCSP responder"),
    ])
}

pub(super) fn authentication_subject(common_name: &str) -> Result<Name, IssuanceError> {
    name(&[(COMMON_NAME, common_name)])
}

pub(super) fn signature_subject(common_name: &str, municipality: &Municipality) -> Result<Name, IssuanceError> {
    name(&[
        (LOCALITY, &municipality.prefecture),
        (LOCALITY, &municipality.name),
        (COMMON_NAME, common_name),
    ])
}

/// A UTF8String.
pub(super) fn utf8(text: &str) -> Result<Any, IssuanceError> {
    Ok(Any::from(Utf8StringRef::new(text)?))
}

/// An IA5String.
pub(super) fn ia5(text: &str) -> Result<Any, IssuanceError> {
    Ok(Any::from(Ia5StringRef::new(text)?))
}

/// A name in Japan: country JP, then the given attributes.
fn name(attributes: &[(ObjectIdentifier, &str)]) -> Result<Name, IssuanceError> {
    let mut all = vec![country()?];
    for (oid, text) in attributes {
        all.push((*oid, utf8(text)?));
    }
    name_of(all)
}

fn country() -> Result<(ObjectIdentifier, Any), IssuanceError> {
    Ok((COUNTRY, Any::from(PrintableStringRef::new("JP")?)))
}

/// The name of an mdoc's root or signer: common name, organisation, country JP, in the order of the real root.
pub(crate) fn of_mdoc(common_name: &str, organisation: &str) -> Result<Name, IssuanceError> {
    name_of([
        (COMMON_NAME, utf8(common_name)?),
        (ORGANISATION_NAME, utf8(organisation)?),
        country()?,
    ])
}

/// A name of these attributes, each in a relative name of its own.
fn name_of(attributes: impl IntoIterator<Item = (ObjectIdentifier, Any)>) -> Result<Name, IssuanceError> {
    let single = |(oid, value)| {
        let attribute = AttributeTypeAndValue { oid, value };
        Ok(RelativeDistinguishedName(SetOfVec::try_from([attribute])?))
    };
    let relative: Result<_, IssuanceError> = attributes.into_iter().map(single).collect();
    Ok(RdnSequence(relative?))
}
