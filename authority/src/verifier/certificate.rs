//! A cardholder's X.509 certificate: form, chain, times, usage and policy.
//!
//! The chain is the certificate and a named authority, and nothing between: JPKI has no other. The authority is found by its
//! key identifier among all that are named.

use der::asn1::ObjectIdentifier;
use der::{DateTime, Decode};
use rsa::RsaPublicKey;
use rsa::traits::PublicKeyParts;
use spki::AlgorithmIdentifierOwned;
use vmyna_apdu::{Text, hex, text};
use vmyna_issuance::x509::names::Hierarchy;
use x509_cert::certificate::{TbsCertificate, Version};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::{AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages};

use super::block::{self, Hash};
use super::parts;
use super::report::{Report, fixed};
use super::trust::{Anchor, Trust, key_of};

pub(super) const KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.15");
const ALTERNATIVE_NAME: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.17");
const BASIC_CONSTRAINTS: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.19");
const POLICIES: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.32");
pub(super) const EXTENDED_KEY_USAGE: ObjectIdentifier = ObjectIdentifier::new_unwrap("2.5.29.37");

/// The extensions that are processed here, so that they may be critical.
const PROCESSED: [ObjectIdentifier; 5] = [
    KEY_USAGE,
    ALTERNATIVE_NAME,
    BASIC_CONSTRAINTS,
    POLICIES,
    EXTENDED_KEY_USAGE,
];

/// A certificate as it was received.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// The DER alone.
    pub(super) der: &'a [u8],
    /// The bytes that its signature covers.
    signed: &'a [u8],
    pub(super) parsed: x509_cert::Certificate,
}

impl<'a> Received<'a> {
    /// Reads one that fills the bytes. Filler may follow, as in the card's files.
    ///
    /// # Errors
    /// Why it can't be read.
    pub fn read(bytes: &'a [u8]) -> Result<Self, Text> {
        let unreadable = |error: der::Error| {
            text!(
                "the certificate can't be read: {error}",
                "証明書を読み取れません: {error}"
            )
        };
        let (der, rest) = parts::first(bytes).map_err(unreadable)?;
        if !parts::is_filler(rest) {
            return Err(fixed(
                "bytes that are no filler follow the certificate",
                "証明書の後に詰め物でないバイトがあります",
            ));
        }
        Ok(Self {
            der,
            signed: parts::signed_part(der).map_err(unreadable)?,
            parsed: x509_cert::Certificate::from_der(der).map_err(unreadable)?,
        })
    }

    pub(super) const fn fields(&self) -> &TbsCertificate {
        &self.parsed.tbs_certificate
    }

    /// The cardholder's key.
    ///
    /// # Errors
    /// Why it can't be used.
    pub fn key(&self) -> Result<RsaPublicKey, Text> {
        key_of(&self.parsed)
    }

    /// Whether a key has signed it with this hash function.
    ///
    /// # Errors
    /// Why not.
    pub(super) fn verify(&self, key: &RsaPublicKey, hash: Hash) -> Result<(), Text> {
        block::verify(key, self.parsed.signature.raw_bytes(), self.signed, hash)
    }

    /// The identifier of the key that issued it.
    pub(super) fn issuer_key(&self) -> Option<Vec<u8>> {
        let identifier: Option<(bool, AuthorityKeyIdentifier)> = self.fields().get().ok()?;
        identifier?.1.key_identifier.map(|id| id.as_bytes().to_vec())
    }
}

/// The hash function of a signature algorithm that is accepted in certificates and lists: RSA PKCS#1 v1.5 with SHA-2.
pub(super) fn signature_hash(algorithm: &AlgorithmIdentifierOwned) -> Option<Hash> {
    let null = algorithm
        .parameters
        .as_ref()
        .is_some_and(|parameters| parameters.is_null());
    let hash = match algorithm.oid.to_string().strip_prefix("1.2.840.113549.1.1.")? {
        "11" => Hash::Sha256,
        "12" => Hash::Sha384,
        "13" => Hash::Sha512,
        _ => return None,
    };
    null.then_some(hash)
}

/// Checks that do not need the issuer: the form.
pub(super) fn check_form(report: &mut Report, certificate: &Received<'_>) {
    let fields = certificate.fields();
    report.check(
        "certificate.version",
        fields.version == Version::V3,
        fixed("the certificate has version 3", "証明書のバージョンは3です"),
        fixed(
            "the certificate does not have version 3",
            "証明書のバージョンが3ではありません",
        ),
    );
    let outer = &certificate.parsed.signature_algorithm;
    let oid = outer.oid;
    if *outer != fields.signature {
        let inner = fields.signature.oid;
        report.invalid(
            "certificate.algorithm",
            text!(
                "the algorithm outside ({oid}) is not that inside ({inner})",
                "外側のアルゴリズム（{oid}）が内側（{inner}）と異なります"
            ),
        );
    } else if let Some(hash) = signature_hash(outer) {
        let hash = hash.name();
        report.ok(
            "certificate.algorithm",
            text!("RSA PKCS#1 v1.5 with {hash}", "{hash}によるRSA PKCS#1 v1.5"),
        );
    } else {
        report.invalid(
            "certificate.algorithm",
            text!(
                "the algorithm {oid} is not RSA PKCS#1 v1.5 with SHA-256, SHA-384 or SHA-512",
                "アルゴリズム{oid}は、SHA-256、SHA-384、SHA-512のRSA PKCS#1 v1.5ではありません"
            ),
        );
    }
    check_extensions(
        report,
        "certificate.extensions",
        fields.extensions.as_deref().unwrap_or_default(),
        &PROCESSED,
    );
    match certificate.key() {
        Ok(key) => {
            let bits = key.n().bits();
            report.ok(
                "certificate.key",
                text!("RSA key of {bits} bits", "{bits}ビットのRSA鍵です"),
            );
        }
        Err(reason) => report.invalid("certificate.key", reason),
    }
}

/// No extension occurs twice, and none that is critical is unknown.
pub(super) fn check_extensions(
    report: &mut Report,
    id: &'static str,
    extensions: &[Extension],
    processed: &[ObjectIdentifier],
) {
    match extension_fault(extensions, processed) {
        Some(reason) => report.invalid(id, reason),
        None => report.ok(
            id,
            fixed(
                "no extension occurs twice, and no unknown one is critical",
                "拡張の重複も、未知のクリティカル拡張もありません",
            ),
        ),
    }
}

/// What is wrong with extensions.
pub(super) fn extension_fault(extensions: &[Extension], processed: &[ObjectIdentifier]) -> Option<Text> {
    for (index, extension) in extensions.iter().enumerate() {
        let oid = extension.extn_id;
        if extensions[..index].iter().any(|earlier| earlier.extn_id == oid) {
            return Some(text!("the extension {oid} occurs twice", "拡張{oid}が重複しています"));
        }
        if extension.critical && !processed.contains(&oid) {
            return Some(text!(
                "the critical extension {oid} is unknown",
                "クリティカル拡張{oid}は未知です"
            ));
        }
    }
    None
}

/// The issuer among the named authorities, its signature, and its right to issue.
pub(super) fn check_issuer<'t>(
    report: &mut Report,
    certificate: &Received<'_>,
    trust: &'t Trust,
    at: DateTime,
) -> Option<&'t Anchor> {
    let Some(identifier) = certificate.issuer_key() else {
        report.invalid(
            "certificate.issuer",
            fixed(
                "the certificate names no key of its issuer",
                "証明書に発行者の鍵識別子がありません",
            ),
        );
        return None;
    };
    let shown = hex::encode(&identifier);
    let Some(anchor) = trust.authority(&identifier) else {
        report.not_verified(
            "certificate.issuer",
            text!(
                "no named authority has the key {shown}",
                "鍵識別子{shown}の認証局は、信頼するものとして指定されていません"
            ),
        );
        return None;
    };
    report.public_keys |= anchor.public_keys;
    report.check(
        "certificate.issuer",
        anchor.certificate.tbs_certificate.subject == certificate.fields().issuer,
        text!(
            "issued by the named authority with the key {shown}",
            "指定された認証局（鍵識別子{shown}）の発行です"
        ),
        text!(
            "the issuer's name is not that of the authority with the key {shown}",
            "発行者名が鍵識別子{shown}の認証局の名前と異なります"
        ),
    );
    let verified = match signature_hash(&certificate.parsed.signature_algorithm) {
        Some(hash) => certificate.verify(&anchor.key, hash),
        None => Err(fixed(
            "the signature's algorithm is not accepted",
            "署名アルゴリズムを受け入れられません",
        )),
    };
    match verified {
        Ok(()) => report.ok(
            "certificate.signature",
            fixed("the authority's signature is right", "認証局の署名は正しいです"),
        ),
        Err(reason) => report.invalid("certificate.signature", reason),
    }
    check_authority(report, anchor, at);
    Some(anchor)
}

/// The right of an authority to issue.
fn check_authority(report: &mut Report, anchor: &Anchor, at: DateTime) {
    let fields = &anchor.certificate.tbs_certificate;
    let constraints: der::Result<Option<(bool, BasicConstraints)>> = fields.get();
    report.check(
        "issuer.authority",
        matches!(constraints, Ok(Some((_, BasicConstraints { ca: true, .. })))),
        fixed("the issuer is an authority (CA:TRUE)", "発行者は認証局です（CA:TRUE）"),
        fixed(
            "the issuer is no authority (CA:TRUE is missing)",
            "発行者は認証局ではありません（CA:TRUEがありません）",
        ),
    );
    report.check(
        "issuer.key-usage",
        usages(fields).is_some_and(|usage| usage.0.contains(KeyUsages::KeyCertSign)),
        fixed("the issuer may sign certificates", "発行者は証明書に署名できます"),
        fixed(
            "the issuer may not sign certificates (keyCertSign is missing)",
            "発行者は証明書に署名できません（keyCertSignがありません）",
        ),
    );
    let names = ("issuer.validity", "the issuer's certificate", "発行者の証明書");
    check_validity(report, names, fields, at);
}

/// Whether a certificate is valid at a time; both ends belong to it.
pub(super) fn check_validity(
    report: &mut Report,
    (id, en, ja): (&'static str, &str, &str),
    fields: &TbsCertificate,
    at: DateTime,
) {
    let begin = fields.validity.not_before.to_date_time();
    let end = fields.validity.not_after.to_date_time();
    let words = match () {
        () if at < begin => text!(
            "{en} is not valid before {begin}, and the time of the check is {at}",
            "{ja}は{begin}から有効ですが、検証時刻は{at}です"
        ),
        () if end < at => text!(
            "{en} ended at {end}, and the time of the check is {at}",
            "{ja}は{end}に満了しましたが、検証時刻は{at}です"
        ),
        () => text!(
            "{en} is valid from {begin} until {end}",
            "{ja}は{begin}から{end}まで有効です"
        ),
    };
    report.check(id, (begin..=end).contains(&at), words.clone(), words);
}

pub(super) fn usages(fields: &TbsCertificate) -> Option<KeyUsage> {
    let usage: Option<(bool, KeyUsage)> = fields.get().ok()?;
    usage.map(|(_, usage)| usage)
}

pub(super) const fn purpose_title(purpose: Hierarchy) -> (&'static str, &'static str) {
    match purpose {
        Hierarchy::Signature => ("digital signature", "署名用"),
        Hierarchy::Authentication => ("user authentication", "利用者証明用"),
    }
}
