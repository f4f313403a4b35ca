//! Decodes an X.509 certificate: subject, issuer, validity, key, and every extension with its meaning.
//!
//! An extension that is unknown or malformed is shown as bytes. It does not hide the others.

mod names;

use rsa::RsaPublicKey;
use rsa::pkcs8::DecodePublicKey;
use rsa::traits::PublicKeyParts;
use sha2::{Digest, Sha256};
use vmyna_apdu::{Language, hex, say};
use vmyna_applets::calendar;
use x509_cert::Certificate;
use x509_cert::der::asn1::{Ia5StringRef, Utf8StringRef};
use x509_cert::der::{DateTime, Decode, Encode, Reader, SliceReader};
use x509_cert::ext::Extension;
use x509_cert::ext::pkix::crl::CrlDistributionPoints;
use x509_cert::ext::pkix::name::{DistributionPointName, GeneralName, GeneralNames};
use x509_cert::ext::pkix::{
    AuthorityInfoAccessSyntax, AuthorityKeyIdentifier, BasicConstraints, CertificatePolicies, ExtendedKeyUsage,
    IssuerAltName, KeyUsage, SubjectAltName, SubjectKeyIdentifier,
};

use super::value;
use names::name_of;

/// The lines of a file that is a certificate, perhaps with filler after it; `None` for another file.
pub(crate) fn lines(file: &[u8], language: Language) -> Option<Vec<String>> {
    if file.first() != Some(&0x30) {
        return None;
    }
    let mut reader = SliceReader::new(file).ok()?;
    let certificate = Certificate::decode(&mut reader).ok()?;
    let length = usize::try_from(reader.position()).ok()?;
    let (der, filler) = file.split_at_checked(length)?;
    let mut lines = described(&certificate, der, language);
    if !filler.is_empty() {
        lines.push(value::filler(filler, language)?);
    }
    Some(lines.iter().map(|line| harmless(line)).collect())
}

fn described(certificate: &Certificate, der: &[u8], language: Language) -> Vec<String> {
    let fields = &certificate.tbs_certificate;
    let [begin, end] =
        [fields.validity.not_before, fields.validity.not_after].map(|time| moment(time.to_date_time(), language));
    let (length, version) = (der.len(), fields.version as u8 + 1);
    let serial = hex::encode(fields.serial_number.as_bytes());
    let algorithm = name_of(&certificate.signature_algorithm.oid, language);
    let (issuer, subject) = (&fields.issuer, &fields.subject);
    let key = public_key(certificate, language);
    let mut lines = vec![
        say!(
            language,
            "X.509 certificate, {length} bytes",
            "X.509証明書、{length}バイト"
        ),
        say!(language, "version: {version}", "バージョン: {version}"),
        say!(language, "serial number: {serial}", "シリアル番号: {serial}"),
        say!(language, "signed with: {algorithm}", "署名アルゴリズム: {algorithm}"),
        say!(language, "issuer: {issuer}", "発行者: {issuer}"),
        say!(language, "valid from: {begin}", "有効期間の開始: {begin}"),
        say!(language, "valid until: {end}", "有効期間の終了: {end}"),
        say!(language, "subject: {subject}", "主体者: {subject}"),
        say!(language, "public key: {key}", "公開鍵: {key}"),
    ];
    for extension in fields.extensions.iter().flatten() {
        let id = name_of(&extension.extn_id, language);
        let head = match extension.critical {
            true => say!(language, "{id} (critical)", "{id}（クリティカル）"),
            false => id,
        };
        let bytes = extension.extn_value.as_bytes();
        match &details(extension, language).unwrap_or_else(|| vec![value::bytes(bytes, language)])[..] {
            [one] => lines.push(format!("{head}: {one}")),
            several => {
                lines.push(format!("{head}:"));
                lines.extend(several.iter().map(|line| format!("  {line}")));
            }
        }
    }
    let digest = hex::encode(&Sha256::digest(der));
    lines.push(say!(
        language,
        "SHA-256 of the certificate: {digest}",
        "証明書のSHA-256: {digest}"
    ));
    lines
}

/// A time in UTC, and in Japan.
fn moment(instant: DateTime, language: Language) -> String {
    match calendar::japanese_clock(instant) {
        Some(clock) => {
            let clock = clock.to_string().trim_end_matches('Z').replace('T', " ");
            say!(language, "{instant} ({clock} in Japan)", "{instant}（日本時間{clock}）")
        }
        None => instant.to_string(),
    }
}

fn public_key(certificate: &Certificate, language: Language) -> String {
    let key = &certificate.tbs_certificate.subject_public_key_info;
    let parsed = key
        .to_der()
        .ok()
        .and_then(|der| RsaPublicKey::from_public_key_der(&der).ok());
    match parsed {
        Some(key) => {
            let (bits, exponent) = (key.n().bits(), key.e());
            say!(
                language,
                "RSA, {bits} bits, exponent {exponent}",
                "RSA、{bits}ビット、公開指数{exponent}"
            )
        }
        None => name_of(&key.algorithm.oid, language),
    }
}

/// The contents of an extension; `None` for one that is unknown or malformed.
fn details(extension: &Extension, language: Language) -> Option<Vec<String>> {
    fn read<'a, T: Decode<'a>>(extension: &'a Extension) -> Option<T> {
        T::from_der(extension.extn_value.as_bytes()).ok()
    }
    Some(match extension.extn_id.to_string().as_str() {
        "2.5.29.14" => vec![hex::encode(read::<SubjectKeyIdentifier>(extension)?.0.as_bytes())],
        "2.5.29.15" => vec![key_usage(&read(extension)?)],
        "2.5.29.17" => names(&read::<SubjectAltName>(extension)?.0, language),
        "2.5.29.18" => names(&read::<IssuerAltName>(extension)?.0, language),
        "2.5.29.19" => {
            let constraints: BasicConstraints = read(extension)?;
            let path = constraints.path_len_constraint;
            let path = path.map_or_else(String::new, |length| {
                say!(language, ", path length {length}", "、パス長{length}")
            });
            let ca = match constraints.ca {
                true => "CA".to_owned(),
                false => say!(language, "not a CA", "CAではない"),
            };
            vec![format!("{ca}{path}")]
        }
        "2.5.29.31" => distribution_points(&read(extension)?, language),
        "2.5.29.32" => policies(&read(extension)?, language),
        "2.5.29.35" => authority_key(&read(extension)?, language),
        "2.5.29.37" => vec![
            read::<ExtendedKeyUsage>(extension)?
                .0
                .iter()
                .map(|id| name_of(id, language))
                .collect::<Vec<_>>()
                .join(", "),
        ],
        "1.3.6.1.5.5.7.1.1" => {
            let access: AuthorityInfoAccessSyntax = read(extension)?;
            let line = |access: &x509_cert::ext::pkix::AccessDescription| {
                format!(
                    "{} {}",
                    name_of(&access.access_method, language),
                    general_name(&access.access_location, language)
                )
            };
            access.0.iter().map(line).collect()
        }
        _ => return None,
    })
}

/// The uses of a key, in the words of RFC 5280, 4.2.1.3.
fn key_usage(usage: &KeyUsage) -> String {
    let uses = [
        (usage.digital_signature(), "digitalSignature"),
        (usage.non_repudiation(), "nonRepudiation"),
        (usage.key_encipherment(), "keyEncipherment"),
        (usage.data_encipherment(), "dataEncipherment"),
        (usage.key_agreement(), "keyAgreement"),
        (usage.key_cert_sign(), "keyCertSign"),
        (usage.crl_sign(), "cRLSign"),
        (usage.encipher_only(), "encipherOnly"),
        (usage.decipher_only(), "decipherOnly"),
    ];
    uses.iter()
        .filter(|(set, _)| *set)
        .map(|(_, name)| *name)
        .collect::<Vec<_>>()
        .join(", ")
}

fn names(names: &GeneralNames, language: Language) -> Vec<String> {
    names.iter().map(|name| general_name(name, language)).collect()
}

fn general_name(name: &GeneralName, language: Language) -> String {
    match name {
        GeneralName::DirectoryName(name) => name.to_string(),
        GeneralName::UniformResourceIdentifier(address) => address.to_string(),
        GeneralName::DnsName(name) | GeneralName::Rfc822Name(name) => name.to_string(),
        GeneralName::OtherName(other) => {
            let text = other.value.decode_as::<Utf8StringRef<'_>>().ok();
            let shown = text.map_or_else(
                || value::bytes(other.value.value(), language),
                |text| text.as_str().to_owned(),
            );
            format!("{}: {shown}", name_of(&other.type_id, language))
        }
        GeneralName::RegisteredId(id) => name_of(id, language),
        GeneralName::IpAddress(address) => hex::encode(address.as_bytes()),
        GeneralName::EdiPartyName(_) => say!(language, "an EDI party", "EDI当事者名"),
    }
}

fn distribution_points(points: &CrlDistributionPoints, language: Language) -> Vec<String> {
    let line = |point: &x509_cert::ext::pkix::crl::dp::DistributionPoint| match &point.distribution_point {
        Some(DistributionPointName::FullName(full)) => names(full, language).join("; "),
        Some(DistributionPointName::NameRelativeToCRLIssuer(name)) => say!(
            language,
            "{name}, relative to the issuer of the list",
            "{name}（失効リスト発行者からの相対名）"
        ),
        None => say!(language, "the issuer of the list", "失効リスト発行者"),
    };
    points.0.iter().map(line).collect()
}

fn policies(policies: &CertificatePolicies, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    for policy in &policies.0 {
        let mut line = name_of(&policy.policy_identifier, language);
        for qualifier in policy.policy_qualifiers.iter().flatten() {
            let address = qualifier
                .qualifier
                .as_ref()
                .and_then(|any| any.decode_as::<Ia5StringRef<'_>>().ok());
            let address = address.map_or_else(String::new, |address| format!(" {address}"));
            line += &format!(", {}{address}", name_of(&qualifier.policy_qualifier_id, language));
        }
        lines.push(line);
    }
    lines
}

fn authority_key(key: &AuthorityKeyIdentifier, language: Language) -> Vec<String> {
    let mut lines = Vec::new();
    if let Some(id) = &key.key_identifier {
        let id = hex::encode(id.as_bytes());
        lines.push(say!(language, "key id {id}", "鍵ID {id}"));
    }
    if let Some(issuer) = &key.authority_cert_issuer {
        let issuer = names(issuer, language).join("; ");
        lines.push(say!(language, "issuer {issuer}", "発行者 {issuer}"));
    }
    if let Some(serial) = &key.authority_cert_serial_number {
        let serial = hex::encode(serial.as_bytes());
        lines.push(say!(language, "serial number {serial}", "シリアル番号 {serial}"));
    }
    lines
}

/// The line with control characters escaped. A certificate may contain some.
fn harmless(line: &str) -> String {
    let escape = |letter: char| match letter.is_control() {
        true => letter.escape_default().to_string(),
        false => letter.to_string(),
    };
    line.chars().map(escape).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::specimen::hanako;
    use proptest::prelude::*;
    use std::sync::LazyLock;

    #[test]
    fn a_certificate_may_have_filler_after_it_and_nothing_else() {
        let der = &hanako().jpki.auth.unwrap().certificate[..];
        let alone = lines(der, Language::En).unwrap();
        let filled = lines(&[der, &[0xFF; 7]].concat(), Language::En).unwrap();
        assert_eq!(filled[..alone.len()], alone[..]);
        assert_eq!(filled.last().unwrap(), "filler: 7 x FF");
        let zeros = lines(&[der, &[0; 7]].concat(), Language::En).unwrap();
        assert_eq!(zeros.last().unwrap(), "filler: 7 x 00");
        assert_eq!(lines(&[der, &[0, 0xFF]].concat(), Language::En), None);
        assert_eq!(lines(&[der, &[1]].concat(), Language::En), None);
        assert_eq!(lines(&der[..der.len() - 1], Language::En), None);
    }

    #[test]
    fn every_extension_of_the_certificates_is_decoded() {
        let jpki = hanako().jpki;
        for der in [
            jpki.auth.unwrap().certificate,
            jpki.sign.unwrap().certificate,
            jpki.auth_ca_certificate,
            jpki.sign_ca_certificate,
        ] {
            let certificate = Certificate::from_der(&der).unwrap();
            for extension in certificate.tbs_certificate.extensions.iter().flatten() {
                assert!(details(extension, Language::Ja).is_some(), "{}", extension.extn_id);
                assert_ne!(name_of(&extension.extn_id, Language::Ja), extension.extn_id.to_string());
            }
        }
    }

    proptest! {
        #[test]
        fn a_certificate_with_a_changed_byte_is_harmless(at in 0usize..1500, byte in any::<u8>()) {
            static DER: LazyLock<Vec<u8>> = LazyLock::new(|| hanako().jpki.sign.unwrap().certificate);
            let mut der = DER.clone();
            der[at] = byte;
            for line in lines(&der, Language::Ja).unwrap_or_default() {
                prop_assert!(!line.chars().any(char::is_control));
            }
        }
    }
}
