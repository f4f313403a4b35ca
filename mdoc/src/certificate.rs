//! Certificates as ISO/IEC 18013-5 Annex B wants them: reading, and what a document signer's and a root's must have.

use der::oid::{AssociatedOid, ObjectIdentifier};
use der::{DateTime, Decode, Encode};
use sha1::{Digest, Sha1};
use vmyna_apdu::{Text, text};
use x509_cert::Certificate;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName};
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, CrlDistributionPoints, ExtendedKeyUsage, IssuerAltName, KeyUsage,
    KeyUsages, SubjectKeyIdentifier,
};
use x509_cert::name::Name;
use x509_cert::spki::AlgorithmIdentifierOwned;

use crate::keys::PublicKey;

const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");
const ECDSA_SHA384: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.3");
const COUNTRY: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.6");
const STATE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.8");
const COMMON_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.4.3");

/// Document signer of a driving licence, and of any mdoc. Which one Japan's has is not published; both are taken (`assumed`).
const SIGNERS: [ObjectIdentifier; 2] = [
    ObjectIdentifier::new_unwrap("1.0.18013.5.1.2"),
    ObjectIdentifier::new_unwrap("1.0.23220.4.1.2"),
];

/// What Annex B forbids: name constraints, policy mappings, policy constraints, freshest CRL, inhibit anyPolicy.
const FORBIDDEN: [ObjectIdentifier; 5] = [
    ObjectIdentifier::new_unwrap("2.5.29.30"),
    ObjectIdentifier::new_unwrap("2.5.29.33"),
    ObjectIdentifier::new_unwrap("2.5.29.36"),
    ObjectIdentifier::new_unwrap("2.5.29.46"),
    ObjectIdentifier::new_unwrap("2.5.29.54"),
];

/// The longest validity of a document signer's certificate, in days.
const SIGNER_DAYS: u64 = 457;
/// The longest validity of a root's certificate, in calendar years.
const ROOT_YEARS: u16 = 20;
const DAY: u64 = 24 * 60 * 60;

/// A certificate with a key that verifies here.
pub(crate) struct Read {
    pub(crate) certificate: Certificate,
    pub(crate) key: PublicKey,
}

impl Read {
    /// Reads DER. Nothing but the one encoding of its content is taken, because some of it is not signed.
    pub(crate) fn new(der: &[u8]) -> Option<Self> {
        let certificate = Certificate::from_der(der).ok()?;
        let key = PublicKey::of(&certificate.tbs_certificate.subject_public_key_info)?;
        let same = certificate.to_der().is_ok_and(|again| again == der);
        same.then_some(Self { certificate, key })
    }

    pub(crate) fn subject(&self) -> &Name {
        &self.certificate.tbs_certificate.subject
    }

    pub(crate) fn not_before(&self) -> DateTime {
        self.certificate.tbs_certificate.validity.not_before.to_date_time()
    }

    pub(crate) fn not_after(&self) -> DateTime {
        self.certificate.tbs_certificate.validity.not_after.to_date_time()
    }

    /// The value of an extension and whether it is critical. `None` if it is missing, there twice or malformed.
    fn extension<'a, T: Decode<'a> + AssociatedOid>(&'a self) -> Option<(bool, T)> {
        self.certificate.tbs_certificate.get().ok().flatten()
    }

    fn has(&self, oid: ObjectIdentifier) -> bool {
        let extensions = self.certificate.tbs_certificate.extensions.iter().flatten();
        extensions.into_iter().any(|one| one.extn_id == oid)
    }

    /// The subject key identifier.
    pub(crate) fn key_id(&self) -> Option<Vec<u8>> {
        let (_, id): (bool, SubjectKeyIdentifier) = self.extension()?;
        Some(id.0.into_bytes())
    }

    /// The authority key identifier's key.
    pub(crate) fn authority(&self) -> Option<Vec<u8>> {
        let (_, id): (bool, AuthorityKeyIdentifier) = self.extension()?;
        Some(id.key_identifier?.into_bytes())
    }

    /// Whether `root` is the issuer by name and key identifier.
    pub(crate) fn names(&self, root: &Self) -> bool {
        let issuer = self.certificate.tbs_certificate.issuer.to_der();
        let same_key = match (self.authority(), root.key_id()) {
            (Some(stated), Some(id)) => stated == id,
            _ => true,
        };
        issuer.is_ok() && issuer == root.subject().to_der() && same_key
    }

    /// Whether `root` has signed the certificate.
    pub(crate) fn is_signed_by(&self, root: &Self) -> bool {
        let certificate = &self.certificate;
        let data = certificate.tbs_certificate.to_der();
        certificate.tbs_certificate.signature == certificate.signature_algorithm
            && data.is_ok_and(|data| {
                let signature = certificate.signature.as_bytes();
                root.has_signed(&certificate.signature_algorithm, &data, signature)
            })
    }

    /// Whether the key has signed `data` by this algorithm.
    pub(crate) fn has_signed(&self, by: &AlgorithmIdentifierOwned, data: &[u8], signature: Option<&[u8]>) -> bool {
        let own = match self.key {
            PublicKey::P256(_) => ECDSA_SHA256,
            PublicKey::P384(_) => ECDSA_SHA384,
        };
        by.oid == own
            && by.parameters.is_none()
            && signature.is_some_and(|signature| self.key.verifies_der(data, signature))
    }

    /// Where a document signer's certificate deviates from Annex B.
    pub(crate) fn deviations_of_signer(&self, root: Option<&Self>) -> Vec<Text> {
        let mut wrong = self.deviations();
        let seconds = |at: DateTime| at.unix_duration().as_secs();
        if seconds(self.not_after()).saturating_sub(seconds(self.not_before())) > SIGNER_DAYS * DAY {
            wrong.push(text!(
                "it is valid for more than {SIGNER_DAYS} days",
                "有効期間が{SIGNER_DAYS}日を超えています"
            ));
        }
        let usage: Option<(bool, KeyUsage)> = self.extension();
        if usage != Some((true, KeyUsage(KeyUsages::DigitalSignature.into()))) {
            wrong.push(text!(
                "its key usage is not digitalSignature alone, critical",
                "keyUsageが、criticalでdigitalSignatureのみ、ではありません"
            ));
        }
        let purposes: Option<(bool, ExtendedKeyUsage)> = self.extension();
        let is_signer = purposes.is_some_and(|(critical, ExtendedKeyUsage(all))| {
            critical && !all.is_empty() && all.iter().all(|one| SIGNERS.contains(one))
        });
        if !is_signer {
            wrong.push(text!(
                "its extended key usage is not that of a document signer, critical",
                "extKeyUsageが、criticalで文書署名者のもの、ではありません"
            ));
        }
        if self.has(BasicConstraints::OID) {
            wrong.push(text!("it has basicConstraints", "basicConstraintsがあります"));
        }
        if self.authority().is_none() {
            wrong.push(text!(
                "it has no authority key identifier",
                "authorityKeyIdentifierがありません"
            ));
        }
        if root.is_some_and(|root| country(root.subject()) != country(self.subject())) {
            wrong.push(text!("its country is not the root's", "国名がルートのものと異なります"));
        }
        if root.is_some_and(|root| attribute(root.subject(), STATE) != attribute(self.subject(), STATE)) {
            wrong.push(text!(
                "its state or province is not the root's",
                "州または都道府県がルートのものと異なります"
            ));
        }
        wrong
    }

    /// Where a root's certificate deviates from Annex B in what a chain depends on.
    pub(crate) fn deviations_of_root(&self) -> Vec<Text> {
        let mut wrong = self.deviations();
        let (from, until) = (self.not_before(), self.not_after());
        let within = |at: DateTime| (at.month(), at.day(), at.hour(), at.minutes(), at.seconds());
        if (until.year(), within(until)) > (from.year().saturating_add(ROOT_YEARS), within(from)) {
            wrong.push(text!(
                "it is valid for more than {ROOT_YEARS} years",
                "有効期間が{ROOT_YEARS}年を超えています"
            ));
        }
        let constraints: Option<(bool, BasicConstraints)> = self.extension();
        let expected = BasicConstraints {
            ca: true,
            path_len_constraint: Some(0),
        };
        if constraints != Some((true, expected)) {
            wrong.push(text!(
                "its basic constraints are not those of an authority without authorities below it, critical",
                "basicConstraintsが、criticalで下位認証局のない認証局のもの、ではありません"
            ));
        }
        let usage: Option<(bool, KeyUsage)> = self.extension();
        let expected = KeyUsage(KeyUsages::KeyCertSign | KeyUsages::CRLSign);
        if usage != Some((true, expected)) {
            wrong.push(text!(
                "its key usage is not keyCertSign and cRLSign, critical",
                "keyUsageが、criticalでkeyCertSignとcRLSign、ではありません"
            ));
        }
        if self.has(ExtendedKeyUsage::OID) {
            wrong.push(text!("it has an extended key usage", "extKeyUsageがあります"));
        }
        if !self.names(self) || !self.is_signed_by(self) {
            wrong.push(text!("it has not signed itself", "自己署名ではありません"));
        }
        wrong
    }

    /// What holds for both.
    fn deviations(&self) -> Vec<Text> {
        let tbs = &self.certificate.tbs_certificate;
        let mut wrong = Vec::new();
        let mut check = |holds: bool, text: Text| {
            if !holds {
                wrong.push(text);
            }
        };
        check(
            tbs.version == x509_cert::Version::V3,
            text!("its version is not 3", "バージョンが3ではありません"),
        );
        let serial = tbs.serial_number.as_bytes();
        check(
            (8..=20).contains(&serial.len()) && serial.first().is_some_and(|byte| *byte < 0x80),
            text!(
                "its serial number is not a positive number of 8 to 20 bytes",
                "シリアル番号が8～20バイトの正の数ではありません"
            ),
        );
        check(
            country(&tbs.subject).is_some(),
            text!(
                "its subject has no country of two capital letters",
                "subjectに大文字2文字の国名がありません"
            ),
        );
        check(
            attribute(&tbs.subject, COMMON_NAME).is_some(),
            text!("its subject has no common name", "subjectに一般名がありません"),
        );
        let hash = tbs
            .subject_public_key_info
            .subject_public_key
            .as_bytes()
            .map(Sha1::digest);
        check(
            hash.is_some_and(|hash| self.key_id().as_deref() == Some(&hash[..])),
            text!(
                "its subject key identifier is not the SHA-1 of the key",
                "subjectKeyIdentifierが鍵のSHA-1ではありません"
            ),
        );
        let names: Option<(bool, IssuerAltName)> = self.extension();
        check(
            names.is_some_and(|(critical, names)| {
                let contact = |name: &GeneralName| {
                    matches!(
                        name,
                        GeneralName::UniformResourceIdentifier(_) | GeneralName::Rfc822Name(_)
                    )
                };
                !critical && names.0.iter().any(contact)
            }),
            text!(
                "it has no alternative name of its issuer with a URI or mail address",
                "issuerAltNameにURIもメールアドレスもありません"
            ),
        );
        let points: Option<(bool, CrlDistributionPoints)> = self.extension();
        check(
            points.is_some_and(|(_, points)| {
                let is_plain = |point: &x509_cert::ext::pkix::crl::dp::DistributionPoint| {
                    let uri = match &point.distribution_point {
                        Some(DistributionPointName::FullName(names)) => names.iter().any(is_uri),
                        _ => false,
                    };
                    uri && point.reasons.is_none() && point.crl_issuer.is_none()
                };
                !points.0.is_empty() && points.0.iter().all(is_plain)
            }),
            text!(
                "it has no CRL distribution point with a URI, without reasons and CRL issuer",
                "reasonsとcRLIssuerのない、URIのcRLDistributionPointsがありません"
            ),
        );
        let known = [
            BasicConstraints::OID,
            KeyUsage::OID,
            ExtendedKeyUsage::OID,
            SubjectKeyIdentifier::OID,
            AuthorityKeyIdentifier::OID,
            IssuerAltName::OID,
            CrlDistributionPoints::OID,
        ];
        let mut seen = Vec::new();
        for one in tbs.extensions.iter().flatten() {
            let oid = one.extn_id;
            check(
                !FORBIDDEN.contains(&oid) && (known.contains(&oid) || !one.critical) && !seen.contains(&oid),
                text!(
                    "the extension {oid} is forbidden, unknown and critical, or there twice",
                    "拡張{oid}は、禁止されているか、未知でcriticalか、重複しています"
                ),
            );
            seen.push(oid);
        }
        wrong
    }
}

fn is_uri(name: &GeneralName) -> bool {
    matches!(name, GeneralName::UniformResourceIdentifier(_))
}

/// The one value of an attribute of a name, DER.
fn attribute(name: &Name, oid: ObjectIdentifier) -> Option<Vec<u8>> {
    let mut all = name.0.iter().flat_map(|part| part.0.iter());
    let found = all.find(|attribute| attribute.oid == oid)?;
    found.value.to_der().ok()
}

/// The country: two capital letters of a PrintableString.
fn country(name: &Name) -> Option<Vec<u8>> {
    let der = attribute(name, COUNTRY)?;
    match der[..] {
        [0x13, 2, b'A'..=b'Z', b'A'..=b'Z'] => Some(der),
        _ => None,
    }
}
