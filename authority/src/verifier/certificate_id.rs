//! The attribute by which a signer names the certificate: signing-certificate (SHA-1, RFC 2634) and
//! signing-certificate-v2 (RFC 5035).

use der::asn1::{ObjectIdentifier, OctetStringRef, UintRef};
use der::{Decode, Encode};
use spki::AlgorithmIdentifierOwned;
use vmyna_apdu::Text;
use x509_cert::attr::Attributes;
use x509_cert::ext::pkix::name::{GeneralName, GeneralNames};

use super::block::Hash;
use super::certificate::Received;
use super::parts;
use super::report::{Report, fixed};

const V1: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.12");
const V2: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.9.16.2.47");
const SEQUENCE: u8 = 0x30;

/// Checks each such attribute.
pub(super) fn check(report: &mut Report, attributes: &Attributes, certificate: &Received<'_>) {
    let mut any = false;
    for attribute in attributes.iter().filter(|attribute| [V1, V2].contains(&attribute.oid)) {
        any = true;
        let value = match attribute.values.get(0) {
            Some(value) if attribute.values.len() == 1 => value.to_der(),
            _ => Err(der::ErrorKind::Failed.into()),
        };
        let matches = value.and_then(|value| names(&value, attribute.oid == V2, certificate));
        report.check(
            "cms.signing-certificate",
            matches == Ok(true),
            fixed(
                "the signer names this certificate",
                "署名者が指す証明書はこの証明書です",
            ),
            fixed(
                "the signer names another certificate",
                "署名者が指す証明書は別のものです",
            ),
        );
    }
    if !any {
        report.note("cms.signing-certificate", absent());
    }
}

fn absent() -> Text {
    fixed(
        "no attribute names the certificate; PAdES and CAdES demand one",
        "証明書を指す属性がありません。PAdESとCAdESでは必須です",
    )
}

/// Whether the first identifier in the attribute's value is the certificate's.
fn names(value: &[u8], v2: bool, certificate: &Received<'_>) -> der::Result<bool> {
    let wrong = || der::Error::from(der::ErrorKind::Failed);
    let lists = parts::elements(value)?;
    let ids = parts::elements(lists.first().ok_or_else(wrong)?)?;
    let fields = parts::elements(ids.first().ok_or_else(wrong)?)?;
    let (algorithm, rest) = match fields.as_slice() {
        [algorithm, rest @ ..] if v2 && algorithm.first() == Some(&SEQUENCE) => (Some(*algorithm), rest),
        rest => (None, rest),
    };
    let hash = match (v2, algorithm) {
        (false, _) => Hash::Sha1,
        (true, None) => Hash::Sha256,
        (true, Some(algorithm)) => {
            Hash::of_digest(&AlgorithmIdentifierOwned::from_der(algorithm)?).ok_or_else(wrong)?
        }
    };
    let (digest, issuer) = match rest {
        [digest] => (digest, None),
        [digest, issuer] => (digest, Some(issuer)),
        _ => return Err(wrong()),
    };
    let same = OctetStringRef::from_der(digest)?.as_bytes() == hash.digest(certificate.der);
    Ok(same && issuer.map_or(Ok(true), |issuer| is_issuer(issuer, certificate))?)
}

/// Whether an `IssuerSerial` is the certificate's.
fn is_issuer(bytes: &[u8], certificate: &Received<'_>) -> der::Result<bool> {
    let &[names, serial] = parts::elements(bytes)?.as_slice() else {
        return Err(der::ErrorKind::Failed.into());
    };
    let issuer = GeneralName::DirectoryName(certificate.fields().issuer.clone());
    let own = UintRef::new(certificate.fields().serial_number.as_bytes())?;
    Ok(GeneralNames::from_der(names)? == [issuer] && UintRef::from_der(serial)? == own)
}
